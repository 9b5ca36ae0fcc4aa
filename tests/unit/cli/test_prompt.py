from __future__ import annotations

import io
import shlex
import sys
import time
from pathlib import Path

import pytest

from tests.fakes import FakeProgress
from toolkit import totp
from toolkit.cli import prompt
from toolkit.errors import CodeMalformed, CommandFailed
from toolkit.settings import VerifySettings


def test_the_first_line_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the code is the first line of standard input; there is no second one."""
    stream = io.StringIO("123456\nmore\n")
    monkeypatch.setattr("sys.stdin", stream)
    codes = prompt.codes(VerifySettings(), FakeProgress())
    assert codes(()) == "123456\n"
    assert codes(("123456",)) == ""
    assert stream.read() == "more\n"


@pytest.mark.parametrize("text", ["", "\n", "  \n123456\n"])
def test_nothing_in_a_pipe(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of input, or an empty line, is not a code."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(CodeMalformed, match="there is no MFA code"):
        prompt.typed(())


def test_a_code_that_is_given() -> None:
    """It is used once and checked before anything else; the representation of settings does not show it."""
    settings = VerifySettings(code=" 123456 ")
    codes = prompt.codes(settings, FakeProgress())
    assert (codes(()), codes(("123456",))) == ("123456", "")
    assert "123456" not in repr(settings)
    with pytest.raises(CodeMalformed, match="six digits"):
        prompt.codes(VerifySettings(code="12345"), FakeProgress())


def test_a_command(tmp_path: Path) -> None:
    """It runs without a prompt, and again in the next period if AWS rejected its code."""
    script = f"""
import pathlib, sys
runs = pathlib.Path({str(tmp_path / "runs")!r})
with runs.open("a") as file:
    file.write(repr(sys.stdin.read()) + "\\n")
print("000000" if len(runs.read_text().split()) < 3 else "000001")
"""
    watch = FakeProgress()
    codes = prompt.codes(VerifySettings(totp_command=(sys.executable, "-c", script)), watch)
    assert codes(()) == "000000"
    assert (watch.said, watch.paused) == ([], [])
    assert codes(("000000",)) == "000001"
    assert watch.said == ["AWS rejected the MFA code"]
    ((seconds, why),) = watch.paused
    assert seconds == pytest.approx(totp.seconds_left(time.time()), abs=10) or seconds > totp.PERIOD - 10
    assert why == "waiting for the command's next code"
    assert (tmp_path / "runs").read_text("utf-8") == "''\n" * 3


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/nowhere/op", "cannot run `/nowhere/op`: no such file"),
        ("sh -c 'echo locked >&2; exit 3'", "`sh` failed with exit code 3: locked"),
        ("sh -c 'echo 123456 is old >&2; exit 3'", r"exit code 3: \*\*\* is old"),
        ("echo hunter2", "`echo` did not print a six-digit code"),
    ],
)
def test_a_command_that_fails(line: str, says: str) -> None:
    """The error does not contain its output, and has a hint."""
    codes = prompt.codes(VerifySettings(totp_command=tuple(shlex.split(line))), FakeProgress())
    with pytest.raises(CommandFailed, match=says) as caught:
        codes(())
    assert "hunter2" not in str(caught.value) + caught.value.hint
    assert "seed" not in caught.value.hint
    assert caught.value.hint


def test_a_command_that_stands_still() -> None:
    """There is no wait after the last attempt."""
    watch = FakeProgress()
    codes = prompt.codes(VerifySettings(totp_command=("echo", "123456")), watch)
    with pytest.raises(CommandFailed, match="`echo` keeps printing the same code"):
        codes(("123456",))
    assert len(watch.paused) == 2


def test_a_code_and_a_command() -> None:
    """The code takes precedence: the command may come from a variable that is always set."""
    codes = prompt.codes(VerifySettings(code="123456", totp_command=("false",)), FakeProgress())
    assert (codes(()), codes(("123456",))) == ("123456", "")


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it was closed there is no code, and no traceback."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(CodeMalformed, match="there is no MFA code"):
        prompt.typed(())
