"""QR codes for a terminal: half blocks put two modules into the height of a line. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_LIGHT = {"7", "15"}  # colours of a light background, in the COLORFGBG that some terminals set
_QUIET = 4  # light modules around it, which scanners need to find it
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}  # by upper and lower half
_BLACK_ON_WHITE, _PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"  # colours that no theme changes


def drawn(text: str, environ: Mapping[str, str]) -> tuple[list[str], int]:
    """Return the lines of a QR code for a terminal, coloured unless that is disabled, and their width in columns."""
    light = environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT
    lines = plain(text, light_background=light)
    dull = environ.get("NO_COLOR") or environ.get("TERM") == "dumb"
    return lines if dull else coloured(text), len(lines[0])


def coloured(text: str) -> list[str]:
    """Return lines that are black on white on every terminal with colours."""
    return [f"{_BLACK_ON_WHITE}{line}{_PLAIN}" for line in plain(text, light_background=True)]


def plain(text: str, *, light_background: bool) -> list[str]:
    """Return lines without colours, which are dark on light on a terminal with the given background."""
    import segno

    modules = segno.make(text, error="l", boost_error=False, micro=False).matrix_iter(border=_QUIET)
    rows = [[bool(dark) is light_background for dark in row] for row in modules]
    if len(rows) % 2:
        rows.append([not light_background] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(_BLOCKS[half] for half in zip(upper, lower, strict=True)) for upper, lower in pairs]
