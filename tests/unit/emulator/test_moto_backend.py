from __future__ import annotations

import re
import subprocess
import sys

from toolkit.settings import ROOT


def test_moto_is_behind_one_file() -> None:
    """No other module of the toolkit imports moto."""
    statement = re.compile(r"^\s*(?:from|import) moto\b", re.MULTILINE)
    files = [path for path in (ROOT / "toolkit").rglob("*.py") if statement.search(path.read_text("utf-8"))]
    assert [path.name for path in files] == ["moto_backend.py"]


def test_moto_is_imported_late() -> None:
    """Importing the package does not import moto, flask and boto3."""
    heavy = "{'moto', 'flask', 'werkzeug', 'boto3', 'botocore'}"
    code = f"import sys, toolkit.emulator, toolkit.emulator.__main__; sys.exit(str({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
