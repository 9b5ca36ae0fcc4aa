from __future__ import annotations

import os
import re
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from toolkit.dev.recording import Cell, Row, picture, record
from toolkit.errors import CheckFailed

SVG = "{http://www.w3.org/2000/svg}"


def row(text: str, at: float = 0, **look: str | bool) -> Row:
    """Return a row of a screen."""
    return Row(tuple(Cell(letter, **look) for letter in text.ljust(100)), at)  # type: ignore[arg-type]


def texts(svg: str) -> list[str]:
    """Return the texts of a picture, in order."""
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def delays(svg: str) -> list[float]:
    """Return the times at which its rows appear."""
    return [float(seconds) for seconds in re.findall(r"animation-delay:([\d.]+)s", svg)]


def test_what_is_on_the_screen() -> None:
    """The recording contains what a terminal shows: colours, bold, long lines, overwritten text."""
    script = (
        r"print('\x1b[1mone\x1b[0m'); print('gone\rtwo '); print('x' * 101); print('\x1b[38;5;16;48;5;231m▀\x1b[0m')"
    )
    rows = record((sys.executable, "-c", script), "shown")
    assert [each.text for each in rows] == ["$ shown", "one", "two", "x" * 100, "x", "▀"]
    assert rows[1].cells[0] == Cell("o", bold=True)
    assert rows[5].cells[0] == Cell("▀", "#000000", "#ffffff")
    assert rows[0].cells[0].front
    assert [each.at for each in rows] == sorted(each.at for each in rows)


def test_a_command_that_fails() -> None:
    """A failed command gives no picture."""
    with pytest.raises(CheckFailed, match="`shown` failed with exit code 3"):
        record((sys.executable, "-c", "raise SystemExit(3)"), "shown")


def test_ctrl_c(tmp_path: Path) -> None:
    """Ctrl-C ends the command too."""
    script = f"import os, signal, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))"
    argv = (sys.executable, "-c", f"{script}; os.kill(os.getppid(), signal.SIGINT); time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        record(argv, "shown")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text("utf-8")), 0)


def test_texts() -> None:
    """Each row is a text as wide as its cells; XML's special characters are escaped."""
    svg = picture([row("a <b> & c"), row("  d", bold=True)], "<title>")
    assert texts(svg) == ["a <b> & c", "d"]
    elements = list(ET.fromstring(svg).iter(f"{SVG}text"))
    assert [float(each.attrib["textLength"]) for each in elements] == pytest.approx([9 * 8.4, 8.4])
    assert [each.get("class") for each in elements] == [None, "b"]
    assert ET.fromstring(svg).findtext(f"{SVG}title") == "<title>"


def test_blocks_are_drawn() -> None:
    """Halves of cells are rectangles: a font would leave gaps, and the QR code could not be read."""
    svg = picture([row("█▀ ▄", front="#000000", back="#ffffff")], "t")
    assert texts(svg) == []
    (path,) = (each.attrib["d"] for each in ET.fromstring(svg).iter(f"{SVG}path"))
    assert path.split("z")[:-1] == ["M0 0h16.8v9h-16.8", "M0 9h8.4v9h-8.4", "M25.2 9h8.4v9h-8.4"]


def test_the_pace() -> None:
    """Pauses stay within bounds, and before a heading there is time to read."""
    svg = picture([row("a"), row("b", 0.5), row("c", 99), row("d", 99), row("e", 99.2, bold=True)], "t")
    assert [round(after - before, 2) for before, after in pairwise(delays(svg))] == [0.5, 1.0, 0.03, 1.8]


@pytest.mark.parametrize(("count", "hidden"), [(3, 0), (42, 0), (43, 1), (60, 18)])
def test_scrolling(count: int, hidden: int) -> None:
    """It ends with the last rows, and is as high as a terminal; rows that do not fit scroll up one by one."""
    svg = picture([row(f"row {number}", number) for number in range(count)], "t")
    assert f".scroll{{transform:translateY(-{hidden * 18}px)" in svg
    (frames,) = re.findall(r"@keyframes scroll\{(.*)\}", svg)
    steps = re.findall(r"([\d.]+)%\{transform:translateY\(-(\d+)px\)\}", frames)
    assert [int(moved) for _, moved in steps] == [number * 18 for number in range(1, hidden + 1)]
    total = float(re.findall(r"animation:scroll ([\d.]+)s", svg)[0])
    assert [float(percent) / 100 * total for percent, _ in steps] == pytest.approx(
        delays(svg)[count - hidden :], abs=0.01
    )
    (_, _, _, height) = ET.fromstring(svg).attrib["viewBox"].split()
    assert float(height) <= 42 * 18 + 60


def test_no_motion() -> None:
    """With reduced motion the last rows are visible at once."""
    assert "@media (prefers-reduced-motion:reduce){g{animation:none!important}}" in picture([row("a")], "t")
