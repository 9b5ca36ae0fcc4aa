from __future__ import annotations

import io

import pytest

from toolkit import prompt
from toolkit.errors import CodeMalformed


def test_the_first_line_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody sits at a terminal, the code is what comes first on standard input, and no more is read."""
    stream = io.StringIO("123456\nmore\n")
    monkeypatch.setattr("sys.stdin", stream)
    assert prompt.code() == "123456\n"
    assert stream.read() == "more\n"


@pytest.mark.parametrize("text", ["", "\n", "  \n123456\n"])
def test_nothing_in_a_pipe(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An end, or an empty line, is no code."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(CodeMalformed, match="there is no MFA code"):
        prompt.code()
