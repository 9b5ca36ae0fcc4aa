"""What tests of several modules stand on."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the Docker engine be at an address where nobody listens, and return that address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        monkeypatch.setenv("DOCKER_HOST", address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield address
