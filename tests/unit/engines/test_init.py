from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import FakeEngine, FakeProgress
from toolkit import engines
from toolkit.engines import Engine, Limits, Share, choose
from toolkit.engines.docker.engine import DockerEngine
from toolkit.engines.local import LocalEngine
from toolkit.errors import EngineForbidden, EngineUnavailable, UsageError, WrongContainers
from toolkit.go import toolchain
from toolkit.settings import EngineSettings

GIB = 1 << 30


# --- a share of an engine --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cpus", "memory", "jobs", "share"),
    [
        (8, 64 * GIB, None, Share(8, 1, 64 * GIB * 9 // 10 // 8)),
        (8, 4 * GIB, None, Share(4, 2, 4 * GIB * 9 // 10 // 4)),
        (8, 64 * GIB, 2, Share(2, 4, 64 * GIB * 9 // 10 // 2)),
        (2, 64 * GIB, 16, Share(16, 1, 64 * GIB * 9 // 10 // 16)),
        (7, 64 * GIB, 2, Share(2, 3, 64 * GIB * 9 // 10 // 2)),
        (1, GIB // 2, None, Share(1, 1, GIB // 2 * 9 // 10)),
    ],
)
def test_an_engine_is_divided_evenly(cpus: int, memory: int, jobs: int | None, share: Share) -> None:
    """There are as many jobs as cores, at most one a gigabyte, or as many as requested; a tenth of memory is spare."""
    assert Share.of(cpus, memory, jobs) == share
    assert share.jobs * share.memory <= memory


@pytest.mark.parametrize(
    ("share", "limit"),
    [
        (Share(4, 1, 2 * GIB), GIB),
        (Share(2, 2, 4 * GIB), GIB),
        (Share(1, 8, GIB), GIB // 4),
    ],
)
def test_a_go_command_keeps_to_its_share(share: Share, limit: int) -> None:
    """It collects garbage above half of its memory (at least 256 MiB) and uses no more threads than cores."""
    variables = {"GOGC": "off", "GOMEMLIMIT": str(limit), "GOMAXPROCS": str(share.cpus)}
    assert share.environment() == variables


# --- which engine ----------------------------------------------------------------------------------------------------


def test_every_engine_keeps_the_contract() -> None:
    """The tests' engine fulfils it as well as those that mypy checks."""
    kinds: tuple[type[Engine], ...] = (DockerEngine, LocalEngine, FakeEngine)
    assert [kind.name for kind in kinds] == ["docker", "local", "fake"]
    assert all(hasattr(engines, name) for name in engines.__all__)


def test_the_local_engine_can_be_asked_for(nobody: str, tmp_path: Path) -> None:
    """No other one is tried; a line names the engine and the reason; it is closed at the end."""
    del nobody
    progress = FakeProgress()
    with choose(EngineSettings(engine="local", dist=tmp_path), progress, Limits(jobs=3)) as engine:
        assert isinstance(engine, LocalEngine)
        assert engine.jobs == 3
        assert progress.said == ["engine: local (requested)"]
    with pytest.raises(engines.Closed):
        engine._run(["true"], Path(), {}, 1.0)  # noqa: SLF001 - what it does last


def test_what_is_not_encrypted_is_noted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each run that starts an engine prints a note, without a password."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://user:secret@engine.example:2375")
    progress = FakeProgress()
    with choose(EngineSettings(engine="local", dist=tmp_path), progress, Limits()):
        (_, note) = progress.said
    assert "is not encrypted" in note
    assert "secret" not in note


@pytest.mark.usefixtures("nobody")
def test_an_image_and_the_local_engine_contradict_each_other() -> None:
    """Ignoring an option silently would be wrong."""
    settings = EngineSettings(engine="local", image="golang")
    with pytest.raises(UsageError, match="`--image`") as caught, choose(settings, FakeProgress(), Limits()):
        pytest.fail("chosen")
    assert "`--engine local`" in caught.value.hint


@pytest.mark.parametrize("settings", [EngineSettings(engine="docker"), EngineSettings(image="golang")], ids=str)
def test_docker_asked_for_is_docker_or_an_error(settings: EngineSettings, nobody: str) -> None:
    """No other engine is used; the message names the address."""
    with pytest.raises(EngineUnavailable) as caught, choose(settings, FakeProgress(), Limits()):
        pytest.fail("chosen")
    assert str(caught.value) == f"no Docker engine answers at `{nobody}` (DOCKER_HOST)"


def test_where_no_docker_engine_answers_the_local_one_is_taken(nobody: str, tmp_path: Path) -> None:
    """A line names it and the reason."""
    progress = FakeProgress()
    with choose(EngineSettings(dist=tmp_path), progress, Limits()) as engine:
        assert isinstance(engine, LocalEngine)
    assert progress.said == [f"engine: local (no Docker engine answers at `{nobody}` (DOCKER_HOST))"]


def test_an_engine_that_answers_and_fails_is_not_a_reason_to_take_another(
    daemon: Callable[[dict[str, object]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user with Docker would wonder why it is not used."""
    monkeypatch.setenv("DOCKER_HOST", daemon({}))
    with pytest.raises(EngineUnavailable), choose(EngineSettings(), FakeProgress(), Limits()):
        pytest.fail("the local engine was taken")


# --- an engine that exists but cannot be used ------------------------------------------------------------------------

WINDOWS_CONTAINERS = {
    "version": {"ApiVersion": "1.45"},
    "_ping": "OK",
    "info": {"NCPU": 4, "MemTotal": 8 << 30, "OSType": "windows", "Architecture": "x86_64"},
}
REFUSAL = {"version": {"ApiVersion": "1.45"}, "_ping": 403}
UNUSABLE = [
    pytest.param(WINDOWS_CONTAINERS, WrongContainers, "switch it to Linux containers", id="Windows containers"),
    pytest.param(REFUSAL, EngineForbidden, "ask the administrator", id="refusal"),
]


@pytest.mark.parametrize(("answers", "kind", "fix"), UNUSABLE)
def test_an_engine_that_cannot_be_used_leaves_the_local_one(  # noqa: PLR0913, PLR0917 - a row and three fixtures
    answers: dict[str, object],
    kind: type[EngineUnavailable],
    fix: str,
    daemon: Callable[[dict[str, object]], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """One line has the reason, the address, and how to use Docker instead."""
    address, progress = daemon(answers), FakeProgress()
    monkeypatch.setenv("DOCKER_HOST", address)
    assert issubclass(kind, EngineUnavailable)
    with choose(EngineSettings(dist=tmp_path), progress, Limits()) as engine:
        assert isinstance(engine, LocalEngine)
    (line,) = progress.said
    assert line.startswith("engine: local (")
    assert f"`{address}`" in line
    assert f"; to use Docker: {fix}" in line
    assert "--engine local" not in line


@pytest.mark.parametrize(("answers", "kind", "fix"), UNUSABLE)
@pytest.mark.parametrize("settings", [EngineSettings(engine="docker"), EngineSettings(image="golang")], ids=str)
def test_an_engine_that_was_asked_for_and_cannot_be_used_is_an_error(  # noqa: PLR0913, PLR0917 - a row and two fixtures
    settings: EngineSettings,
    answers: dict[str, object],
    kind: type[EngineUnavailable],
    fix: str,
    daemon: Callable[[dict[str, object]], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The hint is the same fix."""
    monkeypatch.setenv("DOCKER_HOST", daemon(answers))
    with pytest.raises(kind) as caught, choose(settings, FakeProgress(), Limits()):
        pytest.fail("chosen")
    assert caught.value.hint.startswith(fix)


def test_without_a_go_command_the_reason_stays_the_engines(
    daemon: Callable[[dict[str, object]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If neither can be used, the message names both, and the kind is that of Docker's refusal."""
    monkeypatch.setenv("DOCKER_HOST", daemon(REFUSAL))
    monkeypatch.setitem(sys.modules, "go", None)
    monkeypatch.setenv("PATH", "")
    toolchain.go.cache_clear()
    try:
        with pytest.raises(EngineForbidden, match="and there is no go command") as caught:
            choose(EngineSettings(), FakeProgress(), Limits()).__enter__()
    finally:
        toolchain.go.cache_clear()
    assert "; or: " in caught.value.hint
