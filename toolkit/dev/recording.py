"""Records a command at a terminal as an animated SVG for browsers and README pages."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from toolkit.errors import CheckFailed
from toolkit.settings import ROOT

_COLUMNS, _ROWS = 100, 42  # the width of the terminal, and the rows of it that the picture shows
_MOST = 1000  # the most rows that a recorded command may write
_WIDTH, _HEIGHT, _MARGIN, _BAR = 8.4, 18, 16, 30  # of a cell, of the margin, of the bar on top; in pixels
_QUICK, _SLOW, _READ = 0.03, 1.0, 1.6  # seconds between rows: least, most, and extra before a heading
_LAST = 0.5  # seconds after the last row
_HALVES = {"▀": (True, False), "▄": (False, True), "█": (True, True)}  # upper and lower half of a cell
_FRONT, _BRIGHT, _BACK = "#c9d1d9", "#ffffff", "#0d1117"


@dataclass(frozen=True)
class Cell:
    """A character on the screen; colours are `#rrggbb`, `""` for the terminal's default."""

    letter: str
    front: str = ""
    back: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Row:
    """A row of the screen, and the time of its first output: seconds since the start."""

    cells: tuple[Cell, ...]
    at: float

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(cell.letter for cell in self.cells).rstrip()


def pages() -> dict[Path, str]:
    """Return the recording of `invoke demo`, by its path. Raises CheckFailed as `record` does."""
    rows = record((sys.executable, "-m", "invoke", "demo"), "invoke demo")
    return {ROOT / "docs" / "demo.svg": picture(rows, "invoke demo")}


def record(argv: Sequence[str], shown: str) -> tuple[Row, ...]:
    """Run a command at a new terminal, and return the screen, which begins with the command line.

    Raises CheckFailed if the command fails. Needs a system with pseudo-terminals.
    """
    try:
        import pty
        import termios

        import pyte
    except ImportError as error:
        message = f"recording needs `{error.name}`, which is not installed"
        raise CheckFailed(
            message, hint="python3 -m pip install -e '.[test]', and a system with pseudo-terminals"
        ) from None

    screen = pyte.Screen(_COLUMNS, _MOST)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[32m$\x1b[0m {shown}\r\n".encode())
    first = {0: 0.0}
    begun = time.monotonic()

    def feed(data: bytes) -> None:
        screen.dirty.clear()
        stream.feed(data)
        for row in screen.dirty:
            first.setdefault(row, time.monotonic() - begun)

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (_ROWS, _COLUMNS))
    if code := _run(argv, ours, theirs, feed):
        raise CheckFailed(f"`{shown}` failed with exit code {code}", hint=shown)
    return tuple(
        Row(_cells(screen.buffer[number], _COLUMNS), first.get(number, 0.0)) for number in range(screen.cursor.y)
    )


def _run(argv: Sequence[str], ours: int, theirs: int, feed: Callable[[bytes], None]) -> int:
    """Run a command at one end of a terminal, pass on the output at the other end, and return the exit code."""
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
    with subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        try:
            while data := _read(ours):
                feed(data)
        except BaseException:
            process.kill()  # in its own session it gets no Ctrl-C
            raise
        finally:
            os.close(ours)
    return process.returncode


def _read(terminal: int) -> bytes:
    select.select([terminal], [], [])
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""


def _cells(line: Mapping[int, object], columns: int) -> tuple[Cell, ...]:
    def colour(name: str) -> str:
        return {"default": "", "green": "#3fb950"}.get(name, f"#{name}")

    found = (line[column] for column in range(columns))
    return tuple(Cell(c.data, colour(c.fg), colour(c.bg), c.bold) for c in found)  # type: ignore[attr-defined]


def picture(rows: Sequence[Row], title: str) -> str:
    """Return an SVG that plays once, row by row, and then shows the last rows; with reduced motion only the last rows.

    Keeps the pauses of the recording within bounds, and adds time to read before each heading. Pure.
    """
    times = _times(rows)
    shown = min(len(rows), _ROWS)
    width, height = _COLUMNS * _WIDTH + 2 * _MARGIN, shown * _HEIGHT + _MARGIN + _BAR
    body = "\n".join(
        f'<g style="animation-delay:{at:.2f}s">{drawn}</g>'
        for number, (row, at) in enumerate(zip(rows, times, strict=True))
        if (drawn := "".join(_drawn(row, number * _HEIGHT)))
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">
<title>{escape(title)}</title>
<style>
text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:{_FRONT};white-space:pre}}
.b{{font-weight:700;fill:{_BRIGHT}}}
g g g{{animation:appear .01s step-end backwards}}
@keyframes appear{{from{{visibility:hidden}}}}
{_scrolling(times, shown)}
@media (prefers-reduced-motion:reduce){{g{{animation:none!important}}}}
</style>
<rect width="100%" height="100%" rx="8" fill="{_BACK}"/>
<circle cx="20" cy="16" r="5" fill="#ff5f57"/><circle cx="38" cy="16" r="5" fill="#febc2e"/>
<circle cx="56" cy="16" r="5" fill="#28c840"/>
<clipPath id="screen"><rect y="{_BAR}" width="{width:g}" height="{shown * _HEIGHT}"/></clipPath>
<g clip-path="url(#screen)"><g class="scroll"><g transform="translate({_MARGIN} {_BAR})" style="animation:none">
{body}
</g></g></g>
</svg>
"""


def _times(rows: Iterable[Row]) -> list[float]:
    at, times = 0.0, []
    for before, row in itertools.pairwise((Row((), 0.0), *rows)):
        at += min(max(row.at - before.at, _QUICK), _SLOW) + (_READ if row.cells[0].bold else 0)
        times.append(at)
    return times


def _scrolling(times: Sequence[float], shown: int) -> str:
    """Return the style that scrolls to keep the latest row visible."""
    total = times[-1] + _LAST
    hidden = len(times) - shown
    steps = [f"{100 * times[shown + number] / total:.2f}%{{transform:translateY(-{(number + 1) * _HEIGHT}px)}}"
             for number in range(hidden)]  # fmt: skip
    frames = "".join(["0%{transform:none}", *steps])
    place = f"transform:translateY(-{hidden * _HEIGHT}px)"
    return f".scroll{{{place};animation:scroll {total:.2f}s step-end}}\n@keyframes scroll{{{frames}}}"


def _drawn(row: Row, top: float) -> Iterable[str]:
    """Yield a row's elements: backgrounds without gaps between rows, half blocks, texts as wide as their cells."""
    x = 0.0
    for style, run in itertools.groupby(row.cells, key=lambda cell: (cell.front, cell.back, cell.bold)):
        front, back, bold = style
        text = "".join(cell.letter for cell in run)
        width = len(text) * _WIDTH
        if back:
            yield f'<rect x="{x:g}" y="{top:g}" width="{width:g}" height="{_HEIGHT + 0.5}" fill="{back}"/>'
        if halves := _halves(text, x, top):
            yield f'<path d="{halves}" fill="{front or _FRONT}" shape-rendering="crispEdges"/>'
        elif text.strip():
            begin, words = len(text) - len(text.lstrip()), text.strip()
            look = ' class="b"' if bold else f' style="fill:{front}"' if front else ""
            place = f'x="{x + begin * _WIDTH:g}" y="{top + 0.75 * _HEIGHT:g}" textLength="{len(words) * _WIDTH:g}"'
            yield f"<text {place}{look}>{escape(words)}</text>"
        x += width


def _halves(text: str, x: float, top: float) -> str:
    """Return the path of the blocks in a text, which fonts would draw with gaps; `""` if there are none."""
    path = []
    for half in (0, 1):
        column = 0
        for full, run in itertools.groupby(text, key=lambda letter: _HALVES.get(letter, (False, False))[half]):
            length = len(list(run))
            if full:
                place = f"M{x + column * _WIDTH:g} {top + half * _HEIGHT / 2:g}"
                path.append(f"{place}h{length * _WIDTH:g}v{_HEIGHT / 2:g}h{-length * _WIDTH:g}z")
            column += length
    return "".join(path)
