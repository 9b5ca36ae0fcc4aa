from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.dev import check
from toolkit.errors import CheckFailed
from toolkit.model import Check
from toolkit.settings import ROOT

GOOD = Check("one", ok=True, detail="fine")
BAD = Check("two", ok=False, detail="broken", fix="type this")
WORSE = Check("three", ok=False, detail="broken too", fix="type that")
HARMLESS = Check("four", ok=False, detail="missing", fix="if you like", required=False)


def test_what_is_needed_has_to_be_good() -> None:
    """The error counts and names the failed checks; its hint fixes the first."""
    with pytest.raises(CheckFailed) as caught:
        check.require([GOOD, HARMLESS, BAD, WORSE])
    assert str(caught.value) == "2 checks failed: `two`, `three`"
    assert caught.value.hint == "type this"


def test_what_is_not_needed_fails_nothing() -> None:
    """An empty list does not fail either."""
    check.require(iter([GOOD, HARMLESS]))
    check.require([])


def test_a_page_is_compared_byte_by_byte() -> None:
    """A page that is out of date or missing fails, with the command that writes it."""
    text = (ROOT / "README.md").read_text("utf-8")
    readme, missing = ROOT / "README.md", ROOT / "docs" / "no-such-page.md"
    same, other, gone = (next(check.pages(page)) for page in ({readme: text}, {readme: f"{text} "}, {missing: ""}))
    assert (same.name, same.ok) == ("README.md", True)
    assert (other.ok, other.detail, other.fix) == (False, "is out of date", "invoke docs")
    assert (gone.name, gone.ok) == (str(Path("docs", "no-such-page.md")), False)


def test_pages_are_written_as_they_should_be(tmp_path: Path) -> None:
    """They are UTF-8, regardless of this machine's encoding."""
    check.write({tmp_path / "page.md": "…\n", tmp_path / "other.md": ""})
    assert (tmp_path / "page.md").read_bytes() == "…\n".encode()
    assert (tmp_path / "other.md").read_bytes() == b""


def test_english_is_checked() -> None:
    """No restyled text contains a word to avoid."""
    found = check.english(ROOT)
    assert (found.name, found.ok, found.detail) == ("English", True, "ok"), found.detail
