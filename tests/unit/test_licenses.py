from __future__ import annotations

import re
import tomllib

from toolkit.settings import ROOT


def test_each_dependency_has_its_licence_told() -> None:
    """docs/licenses.md has exactly one row for each package in pyproject.toml, with the extra that installs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"the toolkit": project["dependencies"]}
    groups |= {f"`[{extra}]`": named for extra, named in project["optional-dependencies"].items()}
    wanted = {(re.split(r"[^\w-]", each)[0], group) for group, named in groups.items() for each in named}
    page = (ROOT / "docs" / "licenses.md").read_text("utf-8")
    rows = re.findall(r"^\| (\S+) \| \S[^|]+ \| ([^|]+) \| \S[^|]* \|$", page, re.MULTILINE)
    assert set(rows) == {("package", "installed by"), ("---", "---"), *wanted}
