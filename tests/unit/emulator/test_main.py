from __future__ import annotations

import pytest

from toolkit.emulator.__main__ import main


@pytest.mark.parametrize(
    "argument", ["--port=x", "--port=-1", "--port=65536", "--prot=1", "--account=1", "--account=12345678901x", "more"]
)
def test_invalid_arguments(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Invalid arguments print the usage before anything starts."""
    with pytest.raises(SystemExit) as caught:
        main([argument])
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("usage: python -m toolkit.emulator [-h] [--port PORT] [--account ACCOUNT]")
