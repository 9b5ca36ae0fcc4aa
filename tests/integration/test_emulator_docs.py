"""docs/emulator.md: every code block runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import Invoke
from toolkit.settings import ROOT

BLOCKS = re.findall(
    r"^```(\w*)\n(.*?)^```$", (ROOT / "docs" / "emulator.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
)


def written_in(language: str) -> str:
    """Return all blocks of a language, joined."""
    return "\n".join(text for name, text in BLOCKS if name == language)


@pytest.fixture
def surroundings(tmp_path: Path) -> Mapping[str, str]:
    """Return an environment with the `python3` and `aws` of the tests, and a directory for more programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, command in (("python3", ""), ("aws", " -m awscli")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{command} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def test_every_block_is_run() -> None:
    """A test here runs every block of the page."""
    assert {name for name, _ in BLOCKS} == {"bash", "python"}
    assert (ROOT / "docs" / "emulator.md").read_text("utf-8").count("```") == 2 * len(BLOCKS)


def test_python(surroundings: Mapping[str, str], tmp_path: Path) -> None:
    """The Python blocks run in order, and their assertions hold."""
    done = subprocess.run(
        [sys.executable, "-"], input=written_in("python"), env=surroundings, cwd=tmp_path, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bash(surroundings: Mapping[str, str], tmp_path: Path, invoke_in: Invoke) -> None:
    """The shell blocks run in order: enrollment, a login with aws-mfa, and S3."""
    built = invoke_in(tmp_path / "dist", "build", "--engine", "local")
    assert built.returncode == 0, built.stderr
    (tmp_path / "bin" / "aws-mfa").symlink_to(built.stdout.strip())
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", written_in("bash")], env=surroundings, cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as shell:  # fmt: skip
        try:
            out, err = shell.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):  # if a block failed, the emulator is still running
                os.killpg(shell.pid, signal.SIGKILL)
    assert shell.returncode == 0, err
    assert "arn:aws:iam::123456789012:user/eng/example" in out
    assert "with an explicit deny in an identity-based policy" in err
    assert "example-data" in out
