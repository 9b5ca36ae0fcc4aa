"""Each case runs `invoke` in a shell, as a person does: only a new process has streams to close."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.cli import streams
from toolkit.errors import StdoutUnwritable
from toolkit.settings import ROOT

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="Windows has neither SIGPIPE nor /dev/full"),
    pytest.mark.needs("bash"),
]

LISTING, HELP, COMPLETION = "invoke --list", "invoke --help build", "invoke --complete -- build --"
TARGETS, WRONG = "invoke targets --json --engine local", "invoke targets --engine nowhere"
FULL, CLOSED = "no space left on device", "it is closed"


def shell(line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a shell that fails if any of its commands fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    bash = shutil.which("bash") or ""
    return subprocess.run(
        [bash, "-c", f"set -o pipefail; {line}"], cwd=ROOT, env={**os.environ, "PATH": path, **env},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _known() -> None:
    """Query Go once before the first test: a run that queries Go prints the engine that it uses."""
    assert shell(TARGETS).returncode == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        *((f"{command} >/dev/full", FULL) for command in (LISTING, HELP, COMPLETION, TARGETS)),
        *((f"{command} >&-", CLOSED) for command in (LISTING, TARGETS)),
        ("invoke docs --check >/dev/full", FULL),
    ],
)
def test_a_standard_output_that_cannot_be_written_is_one_error(line: str, reason: str, unbuffered: str) -> None:
    """A task and Invoke itself fail with one message and its exit code, also if only the last flush fails."""
    done = shell(line, PYTHONUNBUFFERED=unbuffered)
    kind = StdoutUnwritable.kind
    assert done.stderr.startswith(f"error[{kind}]: cannot write to standard output: {reason}\n\nhint: ")
    assert done.stderr.count("error") == 1
    assert done.returncode == StdoutUnwritable.exit_code == 40


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [LISTING, HELP, COMPLETION, TARGETS])
def test_a_reader_who_has_enough_hears_nothing(command: str, unbuffered: str) -> None:
    """`| head -1` prints no error; it ends a task with 1, and a listing like any other program."""
    done = shell(f"{command} | true", PYTHONUNBUFFERED=unbuffered)
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode == (1 if command is TARGETS else 128 + signal.SIGPIPE)


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2> >(true)"])
def test_a_standard_error_that_cannot_be_written_changes_nothing(stderr: str) -> None:
    """Messages are lost; data and exit codes stay the same, and no message gets into the data."""
    good, wrong = shell(f"{TARGETS} {stderr}"), shell(f"{WRONG} {stderr}")
    assert good.stdout == shell(TARGETS).stdout
    assert good.returncode == 0
    assert (wrong.stdout, wrong.returncode) == ("", 2)


def test_all_streams_closed() -> None:
    """The exit code is still right."""
    assert shell(f"{TARGETS} <&- >&- 2>&-").returncode == 40
    assert shell(f"{WRONG} <&- >&- 2>&-").returncode == 2


def test_letters_that_an_encoding_lacks_are_escaped() -> None:
    """A message is never lost because of the terminal's encoding."""
    done = shell("invoke targets --engine \N{LATIN SMALL LETTER E WITH ACUTE}", PYTHONIOENCODING="ascii")
    assert done.stderr.startswith(r"error[usage]: `\xe9` is not an engine")
    assert done.returncode == 2


def test_children_can_be_ended_by_a_closed_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Child processes have the default disposition of SIGPIPE, while the task gets errors instead."""
    set_: list[tuple[int, object]] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: set_.append((number, handler)))
    streams.raise_broken_pipes()
    assert set_ == [(signal.SIGPIPE, signal.SIG_IGN)]
    assert subprocess.run(["sh", "-c", "kill -PIPE $$"], check=False).returncode == -signal.SIGPIPE


def test_another_process_keeps_its_streams() -> None:
    """Tests and generators that import the tasks keep their streams."""
    before = sys.stdout, sys.stderr, signal.getsignal(signal.SIGPIPE)
    streams.prepare()
    assert (sys.stdout, sys.stderr, signal.getsignal(signal.SIGPIPE)) == before
