from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import docker.errors
import pytest
import requests.exceptions

from toolkit.engines.docker.errors import translated, unreachable
from toolkit.errors import DiskFull, EngineBroken, EngineForbidden, EngineLost, EngineUnavailable, ToolkitError

FULL = "write /x: no space left on device"


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            docker.errors.APIError("500", explanation="boom\n"),
            EngineLost,
            "the Docker engine failed while sending files: boom",
        ),
        (docker.errors.DockerException("boom"), EngineLost, "the Docker engine failed while sending files: boom"),
        (
            docker.errors.APIError("500", explanation="write /x: no space left on device"),
            DiskFull,
            "no space left on device for the Docker engine while sending files",
        ),
        (
            requests.exceptions.ReadTimeout("slow"),
            EngineLost,
            "the Docker engine stopped answering while sending files (ReadTimeout)",
        ),
        (
            ConnectionResetError(104, "reset"),
            EngineLost,
            "the Docker engine stopped answering while sending files (ConnectionResetError)",
        ),
    ],
)
def test_what_the_sdk_raises_is_an_error_of_ours(error: Exception, kind: type[ToolkitError], message: str) -> None:
    """It names the operation, and the hint is the next step."""
    with pytest.raises(kind) as caught, translated("sending files"):
        raise error
    assert type(caught.value) is kind
    assert str(caught.value) == message
    assert caught.value.hint


@pytest.mark.parametrize("error", [DiskFull("ours"), KeyError("a defect"), KeyboardInterrupt()], ids=repr)
def test_what_is_not_the_sdks_passes_through(error: BaseException) -> None:
    """The toolkit's errors, defects and a Ctrl-C pass through unchanged."""
    with pytest.raises(type(error)) as caught, translated("sending files"):
        raise error
    assert caught.value is error


def chained(*errors: Exception) -> Exception:
    """Return the first of some errors, each of them raised from the next."""
    for outer, inner in pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


REFUSED = PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    "error",
    [
        REFUSED,
        chained(docker.errors.DockerException("no"), requests.exceptions.ConnectionError("no"), REFUSED),
        docker.errors.DockerException("no", requests.exceptions.ConnectionError(ConnectionError("aborted", REFUSED))),
    ],
    ids=["plain", "chained", "wrapped"],
)
def test_an_engine_that_refuses_this_user_is_told_as_such(error: Exception) -> None:
    """The SDK may wrap the system's error several times; the engine is not reported as missing."""
    if error.args and isinstance(error.args[-1], Exception):
        error.args = error.args[-1:]
    found = unreachable("unix:///var/run/docker.sock", error)
    assert type(found) is EngineForbidden
    assert str(found) == "you may not use the Docker engine at `unix:///var/run/docker.sock`: permission denied"
    assert "usermod" in found.hint


class PipeError(Exception):
    """Windows's error for a named pipe: not an OSError, but with its number."""

    winerror = 5


class Answer:
    """An HTTP response of an engine that refuses a user."""

    status_code = 403


def test_a_refusal_need_not_be_a_permission_error() -> None:
    """A Windows pipe has another kind of error, and an authorization plugin answers by HTTP."""
    pipe = unreachable("npipe:////./pipe/x", chained(docker.errors.DockerException("no"), PipeError(5, "CreateFile")))
    assert type(pipe) is EngineForbidden
    assert "docker-users" in pipe.hint
    refusal = docker.errors.APIError("403", response=cast("Any", Answer()), explanation="plugin: not you")
    plugin = unreachable("tcp://engine.example", chained(docker.errors.DockerException("no"), refusal))
    assert type(plugin) is EngineForbidden
    assert str(plugin).endswith("plugin: not you")
    assert "administrator" in plugin.hint


@pytest.mark.parametrize(
    ("variable", "where", "hint"),
    [
        ("", "`unix:///x.sock`", "start Docker Desktop"),
        ("unix:///x.sock", "`unix:///x.sock` (DOCKER_HOST)", "fix or unset DOCKER_HOST"),
    ],
)
def test_an_engine_that_does_not_answer_is_told_with_its_address(
    variable: str, where: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message also names the source of the address, which the user has to fix."""
    monkeypatch.setenv("DOCKER_HOST", variable)
    found = unreachable("unix:///x.sock", chained(docker.errors.DockerException("no"), FileNotFoundError(2, "no")))
    assert type(found) is EngineUnavailable
    assert str(found) == f"no Docker engine answers at {where}"
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    "error",
    [
        docker.errors.APIError("500 Server Error", explanation="it is ill"),
        chained(
            docker.errors.DockerException("no"), docker.errors.APIError("500"), requests.exceptions.HTTPError("ill")
        ),
    ],
    ids=["plain", "chained"],
)
def test_an_engine_that_answers_with_a_failure_is_broken(error: Exception) -> None:
    """The message quotes the engine, and the hint names its log."""
    found = unreachable("tcp://engine.example", error)
    assert type(found) is EngineBroken
    assert str(found).startswith("the Docker engine at `tcp://engine.example` fails: ")
    assert str(found).endswith("ill") or "it is ill" in str(found)
    assert "log" in found.hint


def test_errors_that_go_in_circles_end() -> None:
    """A chain of causes may be a cycle."""
    first, second = ValueError("1"), ValueError("2")
    first.__cause__, second.__cause__ = second, first
    assert type(unreachable("x", first)) is EngineUnavailable
