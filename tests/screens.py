"""Terminals as a person sees them: renders the output as a picture, and scans QR codes from that."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.scanner import qr_codes_in
from toolkit.settings import ROOT

_HALVES = {"▀": (True, False), "▄": (False, True), "█": (True, True)}  # which of them have the foreground
_GREY = {"16": 0, "231": 255}  # levels of the colours that are used
_SCALE = 4  # pixels a module

# Gives a program a new terminal, regardless of its standard streams.
AT_TERMINAL = (
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0); "
    "signal.signal(signal.SIGINT, signal.SIG_DFL); "  # a shell's background jobs ignore it
    "os.execv(sys.argv[2], sys.argv[2:])"
)


@dataclass
class Screen:
    """A terminal that runs a program, from the person's side."""

    ours: int
    process: subprocess.Popen[bytes]
    written: str = ""
    _raw: bytes = field(default=b"", repr=False)

    def until(self, words: str, seconds: float = 60) -> str:
        """Wait until a text is on the screen, and return the whole screen."""
        end = time.monotonic() + seconds
        while words not in self.written:
            assert time.monotonic() < end, f"no `{words}` on the screen:\n{self.written}"
            if not self._read() and self.process.poll() is not None:
                raise AssertionError(f"it ended without `{words}`:\n{self.written}")
        return self.written

    def until_times(self, words: str, times: int) -> None:
        """Wait until a text is on the screen a number of times."""
        end = time.monotonic() + 60
        while self.written.count(words) < times:
            assert time.monotonic() < end, self.written
            self._read()

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self.ours, text.encode())

    def end(self) -> int:
        """Wait for the program to end, and return its exit code."""
        while self.process.poll() is None:
            self._read()
        while self._read():
            pass
        return self.process.returncode

    def _read(self) -> bool:
        if not select.select([self.ours], [], [], 0.1)[0]:
            return False
        try:
            self._raw += os.read(self.ours, 65536)
        except OSError:  # the other side is closed
            return False
        self.written = self._raw.decode("utf-8", errors="ignore").replace("\r", "")
        return True


@contextlib.contextmanager
def at_terminal(
    argv: Sequence[str], env: Mapping[str, str], *, files: Path | None = None, own: bool = True
) -> Iterator[Screen]:
    """Start a program at a new terminal, with its standard streams there or in `files`."""
    ours, theirs = pty.openpty()
    wrap = [sys.executable, "-c", AT_TERMINAL, str(theirs)] if own else []
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, ours)
        out, err, given = theirs, theirs, theirs
        if files:
            out, err = (stack.enter_context((files / name).open("wb")).fileno() for name in ("out", "err"))
            given = subprocess.DEVNULL
        process = stack.enter_context(
            subprocess.Popen(
                [*wrap, *argv], cwd=ROOT, env={**os.environ, "TERM": "xterm", **env}, stdin=given, stdout=out,
                stderr=err, pass_fds=(theirs,), start_new_session=True,
            )
        )  # fmt: skip
        os.close(theirs)
        try:
            yield Screen(ours, process)
        finally:
            if process.poll() is None:
                process.kill()


def qr_codes(written: str, *, light: bool) -> list[str]:
    """Return the texts of the QR codes on a terminal, which uses its default colours for uncoloured text.

    `light` describes its background. A code that is light on dark is not scanned, because many apps cannot.
    """
    rows = [row for line in written.splitlines() for row in _rows(line, light=light)]
    width = max(map(len, rows))
    around = 255 if light else 0
    levels = bytes(level for row in rows for level in (*row, *[around] * (width - len(row))))
    picture = Image.frombytes("L", (width, len(rows)), levels)
    picture = picture.resize((width * _SCALE, len(rows) * _SCALE), Image.Resampling.NEAREST)
    return qr_codes_in(picture, inverted=False)


def _rows(line: str, *, light: bool) -> tuple[list[int], list[int]]:
    """Return the upper and the lower half of a line, in levels of grey."""
    upper: list[int] = []
    lower: list[int] = []
    for letter, front, back in _cells(line, light=light):
        high, low = _HALVES.get(letter, (False, False))
        upper.append(front if high else back)
        lower.append(front if low else back)
    return upper, lower


def _cells(line: str, *, light: bool) -> Iterator[tuple[str, int, int]]:
    """Yield letters with their foreground and background colours."""
    own = (0, 255) if light else (255, 0)
    front, back = own
    for colours, letter in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b\r])", line):
        if letter:
            yield letter, front, back
        elif found := re.fullmatch(r"38;5;(\d+);48;5;(\d+)", colours):
            front, back = _GREY[found[1]], _GREY[found[2]]
        else:
            front, back = own
