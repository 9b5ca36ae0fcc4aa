"""Somewhere the go command runs: the contract that every engine keeps, and which one is taken.

An engine gives bytes, not paths: it may be on another machine, the check is a pure function on bytes, and one place
writes files.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from toolkit.addresses import plain_text_notes
from toolkit.errors import EngineBroken, EngineUnavailable, ToolchainError, UsageError

if TYPE_CHECKING:
    from toolkit.go.tree import Node
    from toolkit.go.workspace import Workspace
    from toolkit.model import Recipe, Source, Target, Watcher
    from toolkit.settings import EngineSettings

__all__ = [
    "COMPILE", "DEPTH", "MODULES", "Closed", "CompileError", "Engine", "Limits", "Share", "TimeLimit", "choose",
]  # fmt: skip

# Names of the directories in which something is compiled, and in which modules lie. In a binary they show that a
# directory of this machine got into it: sources and modules lie so deep below them that no `//line ../x.go` gets out.
COMPILE, MODULES = "aws-mfa-toolkit-compile", "aws-mfa-toolkit-modules"
DEPTH = "/_" * 24


class Engine(Protocol):
    """Somewhere the go command runs. Every method may raise EngineLost, or Closed if it is closed meanwhile."""

    name: str
    jobs: int  # how many compiles run at a time
    digest: str  # of the image that the user named; "" where there is none
    record: Mapping[str, str]  # what is kept with a binary about how it was made

    def open(self, nodes: Iterable[Node], online: bool) -> AbstractContextManager[Workspace]:  # noqa: FBT001
        """Give a directory with a tree, beside a go command that may or may not reach the network."""

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return the binary, without any network. Raises CompileError, TimeLimit or DiskFull."""

    def close(self) -> None:
        """End all that runs there and remove all that was made for this run. May be called at any moment, twice too."""


@dataclass(frozen=True)
class Limits:
    """How much an engine may do at a time, and for how long."""

    jobs: int | None = None  # compiles at a time; None for as many as the engine's cores and memory carry
    seconds: float = 900.0  # for one pair


@dataclass(frozen=True)
class Share:
    """The part of an engine's cores and memory (in bytes) that one of several compiles at a time may use."""

    jobs: int
    cpus: int
    memory: int

    @classmethod
    def of(cls, cpus: int, memory: int, jobs: int | None) -> Share:
        """Divide an engine. Without a wish as many jobs as cores, and a gigabyte for each: the AWS SDK needs it."""
        jobs = jobs or max(1, min(cpus, memory // (1 << 30)))
        return cls(jobs, max(1, cpus // jobs), memory * 9 // 10 // jobs)

    def environment(self) -> dict[str, str]:
        """Return variables that make a go command keep to this share, and compile fast in it.

        The compiler is a short-lived program: it spends less on fresh memory than on collecting garbage, so it is told
        not to collect until half of the share is used. One thread for a core is less work than many for all of them.
        """
        limit = max(self.memory // 2 // self.cpus, 256 << 20)
        return {"GOGC": "off", "GOMEMLIMIT": str(limit), "GOMAXPROCS": str(self.cpus)}


class CompileError(Exception):
    """The go command ended with a failure; the message is all that it said."""


class Closed(Exception):
    """The engine was closed while it was at work: the run is being broken off."""


class TimeLimit(Exception):
    """A compile took longer than it may; the message is all that it said until then."""


@contextlib.contextmanager
def choose(settings: EngineSettings, watcher: Watcher, limits: Limits) -> Iterator[Engine]:
    """Start the engine that the settings ask for, tell which and why, and close it at the end.

    `auto` uses the local engine where no Docker engine answers, where it refuses this user, and where it runs Windows
    containers; an engine that fails is an error.
    Raises EngineUnavailable, EngineForbidden, ImageUnusable or ToolchainError.
    """
    engine, why = _start(settings, watcher, limits)
    try:
        watcher.say(f"engine: {engine.name} ({why})")
        for note in plain_text_notes(os.environ):
            watcher.say(note)
        yield engine
    finally:
        engine.close()


def _start(settings: EngineSettings, watcher: Watcher, limits: Limits) -> tuple[Engine, str]:
    from toolkit.engines.docker import DockerEngine
    from toolkit.engines.local import LocalEngine

    if settings.engine == "local":
        if settings.image:
            raise UsageError("`--image` is for the Docker engine", hint="leave out `--image` or `--engine local`")
        return LocalEngine.start(settings, limits), "asked for"
    if settings.engine == "docker" or settings.image:
        return DockerEngine.start(settings, watcher, limits), "asked for"
    try:
        docker = DockerEngine.start(settings, watcher, limits)
    except EngineBroken:
        raise
    except EngineUnavailable as error:
        try:
            return LocalEngine.start(settings, limits), _why_local(error)
        except ToolchainError as other:
            raise type(error)(f"{error}, and {other}", hint=f"{error.hint}; or: {other.hint}") from None
    return docker, "an engine answers"


def _why_local(error: EngineUnavailable) -> str:
    """Return why the local engine is used: with the fix where there is an engine that somebody expects to be used."""
    if type(error) is EngineUnavailable:
        return f"{error}"
    return f"{error}; to use Docker: {error.hint.partition('; or use')[0]}"
