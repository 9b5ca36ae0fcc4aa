from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.samples import write_tree
from toolkit.dev import wordlist

PYTHON = '''"""Text that is built anew."""

MESSAGE = "mend it"  # for ever


def good() -> str:
    """Return a text.

    It names a folder, and `a folder`.
    """
    return f"{MESSAGE} can not fail"
'''
GO = "package x\n\n// Open tells of a file.\nfunc Open() string { return `whoever` }\n\nvar x = 1 // anew\n"
MARKDOWN = "# Read\n\nThe licence is `licence`.\n\n```\nmend\n```\n\n[licences](docs/licenses.md)\n"
MESSAGES = "name\n\tfix it or mend it\n\tmend は英語ではありません\n"


def test_each_kind_of_file_has_its_texts(tmp_path: Path) -> None:
    """The search covers comments, docstrings and strings of Python, Go comments, English messages and Markdown."""
    files = {
        "toolkit/a.py": PYTHON,
        "tests/unit/b.py": PYTHON,
        "go-aws-mfa/c.go": GO,
        "README.md": MARKDOWN,
        "docs/d.md": "anew\n",
        "go-aws-mfa/internal/messages/messages.txt": MESSAGES,
        "elsewhere/e.py": PYTHON,
    }
    write_tree(tmp_path, files)
    docstrings = [":1: anew -> again", ":3: for ever -> forever", ":9: folder -> directory"]
    everything = [*docstrings[:1], *docstrings[1:2], ":3: mend -> fix", *docstrings[2:], ":11: can not -> cannot"]
    expected = [f"toolkit/a.py{each}" for each in everything]
    expected += [f"tests/unit/b.py{each}" for each in docstrings]
    expected += ["go-aws-mfa/c.go:3: tells of -> report, show, distinguish", "go-aws-mfa/c.go:6: anew -> again"]
    expected += ["README.md:3: licence -> license", "README.md:9: licences -> license", "docs/d.md:1: anew -> again"]
    expected += ["go-aws-mfa/internal/messages/messages.txt:2: mend -> fix"]
    assert sorted(wordlist.findings(tmp_path, ())) == sorted(expected)


def test_files_for_later_are_skipped(tmp_path: Path) -> None:
    """An entry is the beginning of a path."""
    write_tree(tmp_path, {"README.md": "anew\n", "docs/a.md": "anew\n"})
    assert list(wordlist.findings(tmp_path, ("docs/",))) == ["README.md:1: anew -> again"]


@pytest.mark.parametrize(
    "text",
    [
        "It is at all times a mushroom for everybody, and there is no reason for amendments.",
        "It is no longer used.",
        "Tell me the recommended license of docs/licenses.md; a teller told a story.",
        "The room number is 5.",
        "A foldered, licensed, menders' unlicensed text.",
    ],
)
def test_other_words_are_fine(text: str, tmp_path: Path) -> None:
    """Only whole words and phrases count."""
    write_tree(tmp_path, {"README.md": text})
    assert not list(wordlist.findings(tmp_path, ()))
