from __future__ import annotations

import os
import pty
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.screens import qr_codes
from toolkit.cli.terminal import Person, Terminal, authenticator
from toolkit.errors import CodeMalformed
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.totp_command import Command
from toolkit.settings import EnrollSettings

DEVICE = NewDevice("arn:aws:iam::123456789012:mfa/alice", "123456789012", "ABCDEFG2" * 8)
ENLARGE = "enlarge the terminal or reduce its font size, and press Enter"
SPELT = " ".join(["ABCD", "EFG2"] * 8)


@dataclass
class Desk:
    """A terminal, and the person's side of it."""

    person: Person
    ours: int
    theirs: int

    def type(self, *lines: str) -> None:
        """Type some lines ahead."""
        os.write(self.ours, "".join(f"{line}\n" for line in lines).encode())

    def seen(self) -> str:
        """Return the screen output since the last call."""
        os.set_blocking(self.ours, False)
        shown = b""
        try:
            while piece := os.read(self.ours, 65536):
                shown += piece
        except BlockingIOError:
            pass
        os.set_blocking(self.ours, True)
        return shown.decode().replace("\r", "")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a person at a terminal with 80 columns, without a device."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORFGBG", raising=False)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 80))
    settings = termios.tcgetattr(theirs)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    yield Desk(Person(Terminal(os.ttyname(theirs))), ours, theirs)
    os.close(ours)
    os.close(theirs)


def turn(why: str) -> None:
    """Fail: a person needs no clock."""
    raise AssertionError(why)


def test_codes(desk: Desk) -> None:
    """It prompts for two codes, and later for a third; surrounding space does not matter."""
    desk.type(" 123456 ", "234567", "345678")
    assert desk.person.pair(turn) == ("123456", "234567")
    assert desk.person.another(("123456", "234567"), turn) == "345678"
    assert desk.seen() == (
        "First code (s: show the seed as text, Enter: show the QR code again): Next code: Third code, to log in: "
    )


def test_what_is_no_new_code(desk: Desk) -> None:
    """After an invalid or a used code it prompts again, three times in total."""
    desk.type("1", "hunter2", "123456", "123456", "234567", "123456", "234567", "x")
    assert desk.person.pair(turn) == ("123456", "234567")
    shown = desk.seen()
    assert shown.count("an MFA code is six digits: enter the six digits that the device shows now\n") == 2
    assert shown.count("this code was already used: wait until the app shows the next one\n") == 1
    assert "hunter2" not in shown
    with pytest.raises(CodeMalformed, match="an MFA code is six digits"):
        desk.person.another(("123456", "234567"), turn)


def test_the_end_of_what_is_typed(desk: Desk) -> None:
    """Ctrl-D is not a code."""
    os.write(desk.ours, b"\x04")
    with pytest.raises(CodeMalformed, match="there is no MFA code"):
        desk.person.pair(turn)


def test_a_seed(desk: Desk) -> None:
    """The QR code is shown, again on request, and the seed as text only on request."""
    desk.person.receive(DEVICE)
    shown = desk.seen()
    assert qr_codes(shown, light=True) == [DEVICE.uri]
    assert "Seed" not in shown
    desk.type("s", "", "123456", "234567")
    drawn: list[str] = []
    reading = threading.Thread(target=lambda: drawn.append(desk.person.pair(turn)[0]))
    reading.start()
    reading.join(10)
    shown = desk.seen()
    assert f"Seed: {SPELT}\n" in shown
    assert qr_codes(shown.split("Seed: ")[1], light=False) == [DEVICE.uri]
    assert drawn == ["123456"]
    assert DEVICE.seed not in repr((desk.person, DEVICE))


def test_show_seed(desk: Desk) -> None:
    """With `--show-seed` the seed is shown at once."""
    person = Person(desk.person.terminal, show_seed=True)
    person.receive(DEVICE)
    assert desk.seen().endswith(f"Seed: {SPELT}\n")


def test_a_narrow_terminal(desk: Desk) -> None:
    """A QR code that does not fit is not shown; the message says how to show it."""
    termios.tcsetwinsize(desk.theirs, (24, 56))
    desk.person.receive(DEVICE)
    assert desk.seen() == f"The QR code needs 57 columns: {ENLARGE}.\n"


@pytest.mark.parametrize(("lines", "told"), [(29, True), (30, False)])
def test_a_low_terminal(desk: Desk, *, lines: int, told: bool) -> None:
    """If the QR code and the prompt below it do not fit, the message says how to see the whole code."""
    termios.tcsetwinsize(desk.theirs, (lines, 80))
    desk.person.receive(DEVICE)
    shown = desk.seen()
    assert qr_codes(shown, light=True) == [DEVICE.uri]
    assert shown.endswith(f"The whole QR code needs 30 lines: {ENLARGE}.\n") is told


def test_a_terminal_that_does_not_tell_its_size(desk: Desk) -> None:
    """An unknown size counts as large enough."""
    termios.tcsetwinsize(desk.theirs, (0, 0))
    desk.person.receive(DEVICE)
    assert "needs" not in desk.seen()


@pytest.mark.parametrize(("env", "light"), [({}, False), ({"COLORFGBG": "0;default;15"}, True)], ids=str)
@pytest.mark.parametrize("dull", [{"TERM": "dumb"}, {"NO_COLOR": "1"}], ids=str)
def test_no_colours(
    *, env: dict[str, str], light: bool, dull: dict[str, str], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without colours it is drawn for the terminal's background, which is dark by default."""
    for name, value in {**env, **dull}.items():
        monkeypatch.setenv(name, value)
    desk.person.receive(DEVICE)
    shown = desk.seen()
    assert "\x1b" not in shown
    assert qr_codes(shown, light=light) == [DEVICE.uri]


def test_a_command() -> None:
    """A command needs no terminal."""
    assert authenticator(EnrollSettings(totp_command=("a", "b"), aws_timeout=5)) == Command(("a", "b"), 5)
