from __future__ import annotations

import pytest

from tests.screens import qr_codes
from toolkit.mfa import qr

URI = (
    f"otpauth://totp/Amazon%20Web%20Services:alice@123456789012?secret={'ABCDEFG2' * 8}&issuer=Amazon%20Web%20Services"
)


@pytest.mark.parametrize("light", [False, True])
def test_colours(*, light: bool) -> None:
    """With colours a QR code can be scanned from any terminal, regardless of its background."""
    assert qr_codes("\n".join(qr.coloured(URI)), light=light) == [URI]


@pytest.mark.parametrize("light", [False, True])
def test_no_colours(*, light: bool) -> None:
    """Without colours it can only be scanned from a terminal with the background that it was drawn for."""
    lines = qr.plain(URI, light_background=light)
    assert "\x1b" not in "".join(lines)
    assert qr_codes("\n".join(lines), light=light) == [URI]
    assert qr_codes("\n".join(lines), light=not light) == []


def test_size() -> None:
    """A QR code with AWS's seed fits into 60 columns and 30 lines, including four light modules around it."""
    lines = qr.plain(URI, light_background=True)
    assert {len(line) for line in lines} == {57}
    assert len(lines) == 29
    assert lines[0].strip() == lines[1].strip() == ""
    assert all(line[:4].strip() == line[-4:].strip() == "" for line in lines)
