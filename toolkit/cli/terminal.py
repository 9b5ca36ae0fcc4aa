"""The dialog with a person at a terminal who enrolls an MFA device.

It is written to the terminal itself, even if standard output and standard error are redirected.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from toolkit.errors import CodeMalformed, CodeMissing, NoTerminal
from toolkit.mfa import qr
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.enroll import Authenticator
from toolkit.mfa.login import checked
from toolkit.mfa.totp_command import Command
from toolkit.settings import EnrollSettings

_TERMINAL = "/dev/tty"
_TRIES = 3  # for a code
_PAIR = 2  # codes that enabling a device uses up
_SCAN = (
    "Scan this with an authenticator app. Anyone who sees it can generate your codes: clear the terminal afterwards."
)
_ENLARGE = ": enlarge the terminal or reduce its font size, and press Enter"
_SCAN_TO_TRY = "Scan this with an authenticator app, and delete the entry afterwards: it has no use outside this demo."
_SEE = "An authenticator app would scan this QR code."


def authenticator(settings: EnrollSettings) -> Authenticator:
    """Return the keeper of the seed: the given command, or the person at the terminal. Raises NoTerminal."""
    if settings.totp_command:
        return Command(settings.totp_command, settings.aws_timeout)
    return Person(Terminal.find(), show_seed=settings.show_seed)


def viewer(*, interactive: bool) -> Person | None:
    """Return the viewer of `invoke demo`, None without a terminal. Raises NoTerminal if it is interactive."""
    try:
        there = Terminal.find()
        return Person(there, scan=_SCAN_TO_TRY) if interactive else Person(there, scan=_SEE, enlarge="")
    except NoTerminal as error:
        if interactive:
            raise NoTerminal(str(error), hint="run it without `--interactive`") from None
        return None


@dataclass(frozen=True)
class Terminal:
    """A terminal with a person."""

    path: str  # "" for standard input and standard error

    @classmethod
    def find(cls) -> Terminal:
        """Return the terminal of this process. Raises NoTerminal."""
        with contextlib.suppress(OSError), Terminal(_TERMINAL).streams():
            return cls(_TERMINAL)
        if sys.stderr.isatty():
            return cls("")
        message = "there is no terminal to show the seed of an MFA device on"
        raise NoTerminal(
            message, hint="run it at a terminal, or give a command that stores the seed with `--totp-command`"
        )

    @contextlib.contextmanager
    def streams(self) -> Iterator[tuple[TextIO, TextIO]]:
        """Yield the input and the output of the terminal. Raises OSError if it cannot be opened."""
        if not self.path:
            yield sys.stdin, sys.stderr
            return
        with (
            open(self.path, encoding="utf-8", errors="replace", opener=_open) as typed,
            open(self.path, "w", encoding="utf-8", opener=_open) as shown,
        ):
            yield typed, shown

    def show(self, *lines: str) -> None:
        """Show some lines."""
        with self.streams() as (_, shown):
            shown.write("".join(f"{line}\n" for line in lines))
            shown.flush()

    def ask(self, question: str) -> str:
        """Return a typed line, which is visible. Raises CodeMissing at the end of input."""
        with self.streams() as (typed, shown):
            shown.write(f"{question}: ")
            shown.flush()
            try:
                line = typed.readline()
            except KeyboardInterrupt:
                shown.write("\n")  # the next message starts on a new line
                raise
        if not line:
            raise CodeMissing("there is no MFA code", hint="enter the six digits that the app shows")
        return line.strip()

    @property
    def size(self) -> tuple[int, int]:
        """Its columns and lines."""
        columns, lines = shutil.get_terminal_size()
        with contextlib.suppress(OSError), self.streams() as (_, shown):
            columns, lines = os.get_terminal_size(shown.fileno())
        return columns or sys.maxsize, lines or sys.maxsize  # some report 0


@dataclass
class Person:
    """A person with an authenticator app."""

    terminal: Terminal
    show_seed: bool = False
    scan: str = _SCAN  # the text above the QR code
    enlarge: str = _ENLARGE  # the text if the terminal is too small for it
    _device: NewDevice | None = field(default=None, repr=False)

    def receive(self, device: NewDevice) -> None:
        """Show the QR code, and the seed if requested."""
        self._device = device
        self._draw()
        if self.show_seed:
            self._spell()

    def pair(self, turn: Callable[[str], None]) -> tuple[str, str]:
        """Ask for two consecutive codes. Raises CodeMalformed."""
        del turn  # the person sees when the app shows a new code
        first = self._code("First code (s: show the seed as text, Enter: show the QR code again)", ())
        return first, self._code("Next code", (first,))

    def another(self, used: tuple[str, ...], turn: Callable[[str], None]) -> str:
        """Ask for a third code. Raises CodeMalformed."""
        del turn
        question = "Third code, to log in" if len(used) == _PAIR else "Next code"
        return self._code(question, used)

    def _code(self, question: str, used: tuple[str, ...]) -> str:
        tries = 0
        while True:
            text = self.terminal.ask(question)
            if not used and text in {"s", "S"}:
                self._spell()
            elif not used and not text:
                self._draw()
            else:
                tries += 1
                try:
                    return _new(checked(text), used)
                except CodeMalformed as error:
                    if tries == _TRIES:
                        raise
                    self.terminal.show(f"{error}: {error.hint}")

    def _draw(self) -> None:
        if not self._device:
            return
        lines, width = qr.drawn(self._device.uri, os.environ)
        columns, rows = self.terminal.size
        if width > columns:
            self.terminal.show(f"The QR code needs {width} columns{self.enlarge}.")
            return
        self.terminal.show(self.scan, *lines)
        needed = len(lines) + 1  # the question is below it
        if needed > rows and self.enlarge:
            self.terminal.show(f"The whole QR code needs {needed} lines{self.enlarge}.")

    def _spell(self) -> None:
        seed = self._device.seed if self._device else ""
        self.terminal.show("Seed: " + " ".join(seed[start : start + 4] for start in range(0, len(seed), 4)))


def _new(code: str, used: tuple[str, ...]) -> str:
    if code in used:
        raise CodeMalformed("this code was already used", hint="wait until the app shows the next one")
    return code


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOCTTY", 0))
