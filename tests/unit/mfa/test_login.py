from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import CodeMalformed, ProfileUnusable, UsageError
from toolkit.mfa import login
from toolkit.settings import VerifySettings

KEYS = "aws_access_key_id = AKIA1\naws_secret_access_key = x\n"


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write profiles: two with long-term keys, one with a session, one without keys."""
    text = f"[a]\n{KEYS}[b]\n{KEYS}[b_mfa]\n{KEYS}[s]\n{KEYS}aws_session_token = x\n[n]\nregion = x\n"
    (tmp_path / "credentials").write_text(text, "utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@pytest.mark.parametrize(
    ("profile", "destination", "expected"), [("a", "", "a_mfa"), ("a", "s", "s"), ("a", "n", "n"), ("b", "x", "x")]
)
def test_destination(profile: str, destination: str, expected: str) -> None:
    """It is the source's name with `_mfa`, or any profile without long-term keys."""
    prepared = login.prepare(VerifySettings(profile=profile, destination=destination))
    assert (prepared.source.name, prepared.destination) == (profile, expected)


@pytest.mark.parametrize(
    ("profile", "destination", "error"),
    [("a", "a", UsageError), ("a", "b", ProfileUnusable), ("b", "", ProfileUnusable)],
)
def test_a_destination_that_has_keys(profile: str, destination: str, error: type[Exception]) -> None:
    """It may contain the only copy of a key, so it is never overwritten."""
    with pytest.raises(error, match="overwrite"):
        login.prepare(VerifySettings(profile=profile, destination=destination))


WIDE = "123456".translate({digit: digit + 0xFEE0 for digit in b"123456"})  # as Japanese keyboards type them


@pytest.mark.parametrize("text", ["123456", " 123456\n", "\t012345\r\n"])
def test_a_code(text: str) -> None:
    """Surrounding space does not matter."""
    assert login.checked(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "123 456", "123\u00a0456", "123\u2009456", "\u200e123456\u200e", "\ufeff123456\r\n", "123\t456", "123\u200b456",
        WIDE, f"{WIDE[:3]}\u3000{WIDE[3:]}",
    ],
)  # fmt: skip
def test_a_code_as_pasted(text: str) -> None:
    """Blanks and invisible characters from copying, and full-width digits, are accepted."""
    assert login.checked(text) == "123456"


@pytest.mark.parametrize(
    "text", ["12345", "1234567", "12345a", "123-456", "-12345", "12 345", "١٢٣٤٥٦", "123\n456", WIDE[1:], "hunter2"]
)
def test_no_code(text: str) -> None:
    """Anything but six digits is refused, and the error does not repeat it."""
    with pytest.raises(CodeMalformed) as caught:
        login.checked(text)
    assert text not in str(caught.value) + caught.value.hint
