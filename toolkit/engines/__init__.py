"""The places where the go command runs: the contract of every engine, and the choice of one.

An engine returns bytes, not paths, because it may be on another machine. The check is then a pure function on bytes,
and one place writes files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toolkit.errors import EngineBroken, EngineUnavailable, ToolchainError, UsageError
from toolkit.redact import plain_text_notes

if TYPE_CHECKING:
    from toolkit.go.tree import Node
    from toolkit.go.workspace import Workspace
    from toolkit.model import Progress, Recipe, Source, Target
    from toolkit.settings import EngineSettings

__all__ = [
    "COMPILE", "DEPTH", "MODULES", "Closed", "CompileError", "Engine", "Limits", "Share", "TimeLimit", "choose",
]  # fmt: skip

# Names of the directories for compiling and for modules. In a binary they show that a directory of this machine got
# into it: sources and modules lie so deep below them that no `//line ../x.go` leads out.
COMPILE, MODULES = "aws-mfa-toolkit-compile", "aws-mfa-toolkit-modules"
DEPTH = "/_" * 24


class Engine(Protocol):
    """A place where the go command runs. Every method may raise EngineLost, or Closed if it is closed meanwhile."""

    name: str
    jobs: int  # number of compiles that run at the same time
    digest: str  # of the image that the user named; "" without one
    record: Mapping[str, str]  # facts about how a binary was made, stored with it

    def open(self, nodes: Iterable[Node], online: bool) -> AbstractContextManager[Workspace]:  # noqa: FBT001
        """Open a directory with a tree, and a go command that can reach the network only if `online`."""

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return the binary, without any network. Raises CompileError, TimeLimit or DiskFull."""

    def close(self) -> None:
        """Stop and remove everything that this run started or made there. May be called at any time, and twice."""


@dataclass(frozen=True)
class Limits:
    """How much an engine may do at the same time, and for how long."""

    jobs: int | None = None  # parallel compiles; None for as many as the engine's cores and memory allow
    seconds: float = 900.0  # for one pair


@dataclass(frozen=True)
class Share:
    """The part of an engine's cores and memory (in bytes) that each of several parallel compiles may use."""

    jobs: int
    cpus: int
    memory: int

    @classmethod
    def of(cls, cpus: int, memory: int, jobs: int | None) -> Share:
        """Divide an engine: by default a job for each core, but at most one a gigabyte: the AWS SDK needs that."""
        jobs = jobs or max(1, min(cpus, memory // (1 << 30)))
        return cls(jobs, max(1, cpus // jobs), memory * 9 // 10 // jobs)

    def environment(self) -> dict[str, str]:
        """Return variables that limit a go command to this share and make it compile fast.

        The compiler is a short-lived program: fresh memory costs it less than garbage collection. These variables
        therefore turn collection off until half of the share is in use. One thread a core is less work than many for
        all cores.
        """
        limit = max(self.memory // 2 // self.cpus, 256 << 20)
        return {"GOGC": "off", "GOMEMLIMIT": str(limit), "GOMAXPROCS": str(self.cpus)}


class CompileError(Exception):
    """The go command failed; the message is all of its output."""


class Closed(Exception):
    """The engine was closed while it was working, because the run was stopped."""


class TimeLimit(Exception):
    """A compile exceeded its time limit; the message is all of its output until then."""


@contextlib.contextmanager
def choose(settings: EngineSettings, progress: Progress, limits: Limits) -> Iterator[Engine]:
    """Start the engine that the settings ask for, report which and why, and close it at the end.

    `auto` uses the local engine if no Docker engine answers, if it refuses this user, or if it runs Windows
    containers. An engine that fails is an error.
    Raises EngineUnavailable, EngineForbidden, ImageUnusable or ToolchainError.
    """
    engine, why = _start(settings, progress, limits)
    try:
        progress.say(f"engine: {engine.name} ({why})")
        for note in plain_text_notes(os.environ):
            progress.say(note)
        yield engine
    finally:
        engine.close()


def _start(settings: EngineSettings, progress: Progress, limits: Limits) -> tuple[Engine, str]:
    from toolkit.engines.docker.engine import DockerEngine
    from toolkit.engines.local import LocalEngine

    if settings.engine == "local":
        if settings.image:
            raise UsageError("`--image` is for the Docker engine", hint="leave out `--image` or `--engine local`")
        return LocalEngine.start(settings, limits), "requested"
    if settings.engine == "docker" or settings.image:
        return DockerEngine.start(settings, progress, limits), "requested"
    try:
        docker = DockerEngine.start(settings, progress, limits)
    except EngineBroken:
        raise
    except EngineUnavailable as error:
        try:
            return LocalEngine.start(settings, limits), _why_local(error)
        except ToolchainError as other:
            raise type(error)(f"{error}, and {other}", hint=f"{error.hint}; or: {other.hint}") from None
    return docker, "an engine answers"


def _why_local(error: EngineUnavailable) -> str:
    """Return why the local engine is used, with the fix if there is a Docker engine that somebody may expect to use."""
    if type(error) is EngineUnavailable:
        return f"{error}"
    return f"{error}; to use Docker: {error.hint.partition('; or use')[0]}"
