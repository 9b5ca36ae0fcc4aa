"""Make text from others safe for a terminal and for the line that quotes it."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """Remove everything that controls a terminal or reorders letters; line breaks remain."""
    return "".join(filter(_is_shown, text.replace("\t", "    ")))


def one_line(text: str) -> str:
    """Return a text as part of one line."""
    return " ".join(line.strip() for line in printable(text).split("\n")) if "\n" in text else printable(text)


def hanging(text: str) -> str:
    """Indent all lines but the first, so that none looks like a message from the toolkit."""
    lines = printable(text).split("\n")
    first = next((number for number, line in enumerate(lines) if line), 0)
    rest = (line if not line or line.startswith(" ") else f"    {line}" for line in lines[first + 1 :])
    return "\n".join([*lines[: first + 1], *rest])


def _is_shown(letter: str) -> bool:
    return letter.isprintable() or letter == "\n" or unicodedata.category(letter) == "Zs"
