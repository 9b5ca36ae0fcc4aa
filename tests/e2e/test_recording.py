"""The picture in the README matches the output of `invoke demo`, and works in a real browser."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from itertools import groupby
from pathlib import Path

import pytest

from tests import browser
from tests.scanner import qr_codes_in
from toolkit.dev.recording import Row, picture, record
from toolkit.settings import PREFIX, ROOT

_SVG = "{http://www.w3.org/2000/svg}"
_CHANGING = (  # differs between runs and between releases
    r"127\.0\.0\.1:\d+", r"aws-mfa-demo-\w+", r"ASIA…\w{4}", r"\d{4}-\d\d-\d\dT[\d:]+Z", r"by \d+ s", r"[0-9a-f]{12}…",
    r"\d+ h \d\d min", r"`\S+/config`",
)  # fmt: skip


@pytest.fixture(scope="module")
def recorded(built: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Row, ...]:
    """Return a recording of the current demo."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{PREFIX}DIST", str(built))
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        return record((sys.executable, "-m", "invoke", "demo"), "invoke demo")


def words(text: str) -> str:
    """Return a text without the parts that change, and without line breaks."""
    return re.sub(r"\s+", "", re.sub("|".join(_CHANGING), "*", text))


def test_the_picture_is_up_to_date(recorded: tuple[Row, ...]) -> None:
    """The README shows the current output; after a change run `invoke record`."""
    texts = [element.text or "" for element in ET.parse(ROOT / "docs" / "demo.svg").iter(f"{_SVG}text")]
    now = [row.text for row in recorded if not set(row.text) & set("▀▄█")]
    assert words(" ".join(texts)) == words(" ".join(now))


@pytest.mark.needs(browser.PROGRAM)
def test_the_qr_code_in_a_browser(recorded: tuple[Row, ...], tmp_path: Path) -> None:
    """When the QR code is complete, it can be scanned from the animation."""
    svg = picture(recorded, "invoke demo")
    (tmp_path / "demo.svg").write_text(svg, "utf-8")
    runs = {block: list(rows) for block, rows in groupby(recorded, key=lambda row: bool(set(row.text) & set("▀▄█")))}
    whole = recorded.index(runs[True][-1])
    delays = [float(at) for at in re.findall(r"animation-delay:([\d.]+)s", svg)]
    drawn = sum(1 for row in recorded[: whole + 1] if row.text)
    image = browser.seen(tmp_path / "demo.svg", (880, 820), delays[drawn] + 0.1, tmp_path)
    (found,) = qr_codes_in(image, inverted=False)
    assert re.fullmatch(r"otpauth://totp/Amazon%20Web%20Services:alice@\d{12}\?secret=[A-Z2-7]{64}&issuer=.*", found)
