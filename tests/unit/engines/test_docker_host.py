from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from toolkit.engines.docker_host import Host
from toolkit.errors import EngineUnavailable


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://[::1", "tcp://127.0.0.1:99999"])
def test_an_address_that_is_none_is_an_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST is typed by people; what it holds is shown to them."""
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(EngineUnavailable, match="DOCKER_HOST") as caught:
        Host.connect()
    assert f"`{address}`" in str(caught.value)


def test_an_engine_that_does_not_answer_is_an_error(nobody: str) -> None:
    """It is found out at once."""
    with pytest.raises(EngineUnavailable) as caught:
        Host.connect()
    assert f"`{nobody}`" in str(caught.value)


@pytest.mark.parametrize("config", [{"currentContext": "gone"}, {"currentContext": 5}], ids=str)
def test_a_context_that_is_not_there_is_an_error(
    config: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that was taken away may still be named in the docker command's settings."""
    if "DOCKER_HOST" in os.environ:
        monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(EngineUnavailable):
        Host.connect()
