"""Stand-ins that keep our Protocols."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from toolkit.emulator import Clock
from toolkit.model import Module, Outcome, Recipe, Source, Target


@dataclass
class FakeEngine:
    """An engine whose compiles are a fixed map: bytes to return, or an exception to raise."""

    known: tuple[Target, ...] = ()
    results: Mapping[str, bytes | Exception] = field(default_factory=dict)  # by pair
    texts: Mapping[str, str] = field(default_factory=dict)
    name: str = "fake"
    jobs: int = 2
    calls: list[str] = field(default_factory=list)  # what was asked of it, in order
    closed: threading.Event = field(default_factory=threading.Event)

    def targets(self) -> tuple[Target, ...]:
        """Return the pairs it was made with."""
        self.calls.append("targets")
        return self.known

    def fetch(self, source: Source) -> None:
        """Fetch nothing."""
        del source
        self.calls.append("fetch")

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return or raise what stands for the pair."""
        del source, recipe
        self.calls.append(f"compile {target}")
        result = self.results[str(target)]
        if isinstance(result, Exception):
            raise result
        return result

    def notices(self, source: Source, modules: Iterable[Module]) -> Mapping[str, str]:
        """Return the texts it was made with."""
        del source
        self.calls.append("notices")
        return {
            "Go": "Go's licence",
            **{f"{module.path} {module.version}": "a licence" for module in modules},
            **self.texts,
        }

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed.set()


@dataclass
class FakeWatcher:
    """Remembers what it was told."""

    said: list[str] = field(default_factory=list)
    planned: int = 0
    began: list[Target] = field(default_factory=list)
    ended: list[Outcome] = field(default_factory=list)

    def say(self, message: str) -> None:
        """Remember a sentence."""
        self.said.append(message)

    def plan(self, total: int) -> None:
        """Remember the number."""
        self.planned = total

    def started(self, target: Target) -> None:
        """Remember a pair."""
        self.began.append(target)

    def finished(self, outcome: Outcome, seconds: float) -> None:
        """Remember an outcome."""
        del seconds
        self.ended.append(outcome)


@dataclass
class FakeWatch:
    """Remembers what a person is told, and lets the time of a clock pass in place of ours."""

    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    paused: list[tuple[float, str]] = field(default_factory=list)

    def say(self, message: str) -> None:
        """Remember a line."""
        self.said.append(message)

    def pause(self, seconds: float, why: str) -> None:
        """Remember a wait."""
        self.paused.append((seconds, why))
        self.clock.step(seconds)

    @property
    def text(self) -> str:
        """All that was told."""
        return "\n".join(self.said)
