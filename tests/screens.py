"""Terminals, as a person sees them: what is written to one becomes a picture, and QR codes are read from that."""

from __future__ import annotations

import re
from collections.abc import Iterator

import zxingcpp
from PIL import Image

_HALVES = {"▀": (True, False), "▄": (False, True), "█": (True, True)}  # which of them have the foreground
_GREY = {"16": 0, "231": 255}  # levels of the colours that are used
_SCALE = 4  # pixels a module


def qr_codes(written: str, *, light: bool) -> list[str]:
    """Return what the QR codes on a terminal say, which shows its own colours where none are asked for.

    `light` is about its background. A code that is light on dark is not read, as many apps cannot.
    """
    rows = [row for line in written.splitlines() for row in _rows(line, light=light)]
    width = max(map(len, rows))
    around = 255 if light else 0
    levels = bytes(level for row in rows for level in (*row, *[around] * (width - len(row))))
    picture = Image.frombytes("L", (width, len(rows)), levels)
    picture = picture.resize((width * _SCALE, len(rows) * _SCALE), Image.Resampling.NEAREST)
    return [code.text for code in zxingcpp.read_barcodes(picture, try_invert=False)]


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
    """Yield letters with the colours that they and their background have."""
    own = (0, 255) if light else (255, 0)
    front, back = own
    for colours, letter in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b\r])", line):
        if letter:
            yield letter, front, back
        elif found := re.fullmatch(r"38;5;(\d+);48;5;(\d+)", colours):
            front, back = _GREY[found[1]], _GREY[found[2]]
        else:
            front, back = own
