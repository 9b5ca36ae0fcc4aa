"""The output on a terminal, in a file and in a pipe."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Invoke, invoke_path
from toolkit.settings import PREFIX, ROOT

TINY = str(ROOT / "tests" / "programs" / "tiny")
SOME = ("--source", TINY, "--engine", "local", "--only", "linux/amd64,linux/arm64,android/386")


def on_terminal(tmp_path: Path, *args: str, **env: str) -> str:
    """Return the output of a command on a terminal."""
    ours, theirs = pty.openpty()
    surroundings = {**os.environ, f"{PREFIX}DIST": str(tmp_path / "dist"), "TERM": "xterm-256color", **env}
    argv = [invoke_path(), *args]
    with subprocess.Popen(argv, cwd=ROOT, env=surroundings, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        pieces = []
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 1)[0]:
                try:
                    pieces.append(os.read(ours, 65536))
                except OSError:  # the other side is closed
                    break
    os.close(ours)
    assert process.returncode == 0
    return b"".join(pieces).decode("utf-8", "replace")


def test_live_display(tmp_path: Path) -> None:
    """On a terminal a live display shows finished pairs, running pairs and the time left; it disappears at the end."""
    text = on_terminal(tmp_path, "matrix", *SOME, "--build-cache", str(tmp_path / "cache"), "--jobs", "1")
    assert "0/2 done" in text
    assert re.search(r"running: .*linux/amd64 \d+ s", text)
    assert re.search(r"1/2 done.*about \d+ s left", text)
    assert "\x1b[1m" in text  # a bold head
    assert text.rstrip().splitlines()[-1].startswith("release: ")


def test_no_color(tmp_path: Path) -> None:
    """With NO_COLOR the terminal output has neither colours nor bold."""
    text = on_terminal(tmp_path, "matrix", *SOME, NO_COLOR="1")
    assert "android/386" in text
    assert not re.search(r"\x1b\[[0-9;]*m", re.sub(r"\x1b\[0?m", "", text))


def test_plain_lines(invoke: Invoke) -> None:
    """Without a terminal, stderr has a line for each pair, stdout a table, and neither an escape sequence."""
    done = invoke("matrix", *SOME)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert re.search(r"^\[2/2\] linux/\w+: 1\.\d MB \(\d+ s\)$", done.stderr, re.MULTILINE)
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["TARGET", "OUTCOME", "SIZE", "ARCHIVE"]
    assert [row.split()[0] for row in rows] == ["android/386", "linux/amd64", "linux/arm64"]


def test_all_failures_are_listed(invoke: Invoke, tmp_path: Path) -> None:
    """A failed pair does not stop the run; the end lists each with the compiler's message and the path of the log."""
    (tmp_path / "go.mod").write_text("module made.example/made\n\ngo 1.27\n", "utf-8")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { other() }\n", "utf-8")
    (tmp_path / "other_amd64.go").write_text("package main\n\nfunc other() {}\n", "utf-8")
    args = ("--source", str(tmp_path), "--engine", "local", "--only", "linux/amd64,linux/386,linux/arm64", "--json")
    done = invoke("matrix", *args)
    assert done.returncode == 30
    outcomes = {row["target"]: row["outcome"] for row in json.loads(done.stdout)["targets"]}
    assert {pair: outcomes[pair] for pair in ("linux/386", "linux/amd64", "linux/arm64")} == {
        "linux/386": "unbuilt", "linux/amd64": "built", "linux/arm64": "unbuilt",
    }  # fmt: skip
    for pair in ("linux/386", "linux/arm64"):
        found = re.search(
            rf"^{pair}: compile_failed\n(?:    .*\n)*?    .*main.go:3.*undefined: other", done.stderr, re.MULTILINE
        )
        assert found, done.stderr
        (log,) = re.findall(rf"full log: (\S+{pair.replace('/', '_')}\.txt)", done.stderr)
        assert "undefined: other" in Path(log).read_text("utf-8")
    assert "error[build-failed]: 2 of 3 pairs were not built" in done.stderr


@pytest.mark.parametrize(
    "task", ["targets", "build", "matrix", "verify", "enroll", "demo", "clean", "doctor", "check", "docs", "record"]
)
def test_help(invoke: Invoke, task: str) -> None:
    """The help explains each task and each of its flags."""
    text = invoke("--help", task).stdout
    assert "Docstring:" in text
    assert "none\n" not in text.split("Docstring:")[1].split("Options:")[0]
    for line in text.split("Options:")[1].splitlines():
        if line.strip().startswith("--"):
            assert re.match(r"  --[a-z0-9-]+(=\S+)? +\S", line), line


def test_doctor(invoke: Invoke) -> None:
    """`invoke doctor` reports engine, toolchain and disk space, also as JSON."""
    rows = {row["name"]: row for row in json.loads(invoke("doctor", "--json").stdout)}
    assert {"toolchain", "docker engine", "engine", "disk space (dist)", "disk space (cache)"} <= set(rows)
    assert rows["toolchain"]["ok"]
    assert "toolchain" in invoke("doctor").stdout
