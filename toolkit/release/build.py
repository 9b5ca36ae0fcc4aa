"""Targets in, outcomes out: each pair is compiled, checked and stored, with any executor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from functools import partial

from toolkit.engines import COMPILE, MODULES, CompileError, Engine, TimeLimit
from toolkit.errors import EngineLost
from toolkit.go.check import examine
from toolkit.model import Findings, Outcome, Progress, Reason, Recipe, Source, Target, Unbuilt
from toolkit.store import DistFolder

_EXCERPT = 5  # lines of a compiler's output that are shown at the end


@dataclass(frozen=True)
class Builder:
    """Compiles one source, one pair after the other, with one engine, into one store."""

    engine: Engine
    store: DistFolder
    source: Source
    recipe: Recipe
    progress: Progress

    def __call__(self, target: Target) -> Outcome:
        """Return how a pair ended. Raises only errors that end the whole run, such as a full disk."""
        self.progress.started(target)
        begun = time.monotonic()
        outcome = self._outcome(target)
        self.progress.finished(outcome, time.monotonic() - begun)
        return outcome

    def _outcome(self, target: Target) -> Outcome:
        try:
            data = self.engine.compile(self.source, target, self.recipe)
        except CompileError as error:
            return self._failed(target, str(error))
        except TimeLimit as error:
            return self._unbuilt(
                target, Reason.TIMED_OUT, "the compile exceeded its time limit (`--timeout`)", str(error)
            )
        except EngineLost as error:
            return Unbuilt(target, Reason.ENGINE_LOST, str(error))
        if any(name.encode() in data for name in (COMPILE, MODULES)):
            message = "the binary would contain the directory of its compile: does a `//line` name a relative file?"
            return self._unbuilt(target, Reason.BUILD_PATH, message, message)
        found = examiner(self.source, target, self.recipe)(data)
        if found.wrong or found.info is None:
            message = f"the binary {found.wrong[0]}"
            return self._unbuilt(target, Reason.WRONG_BINARY, message, "\n".join(found.wrong))
        fingerprint = self.recipe.fingerprint(self.source, target)
        made = self.engine.record
        return self.store.keep(self.source, target, fingerprint, data, found.info, needed=found.needed, made=made)

    def _failed(self, target: Target, said: str) -> Unbuilt:
        """Distinguish a limit of Go, which no source can fix, from a compile error."""
        for line in said.splitlines():
            if reason := Reason.in_words_of_go(line):
                return Unbuilt(target, reason, line.removeprefix("go: ").strip())
        # "# module/path" is the go command's name of the package for the following lines.
        lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("#")]
        message = lines[0] if lines else "the go command failed without a message"
        return self._unbuilt(target, Reason.COMPILE_FAILED, message, said)

    def _unbuilt(self, target: Target, reason: Reason, message: str, said: str) -> Unbuilt:
        output = tuple(line.rstrip() for line in said.splitlines() if line.strip())[:_EXCERPT]
        log = self.store.keep_log(target, said) if said else None
        return Unbuilt(target, reason, message, output, log)


def examiner(source: Source, target: Target, recipe: Recipe) -> Callable[[bytes], Findings]:
    """Return the check of a binary's bytes: the same for a new one and for one that was found."""
    return partial(examine, target=target, main=source.module.path, toolchain=recipe.toolchain)


def build(targets: Iterable[Target], one: Callable[[Target], Outcome], executor: Executor) -> Iterator[Outcome]:
    """Yield each pair's outcome as soon as it ends; pairs begin in the given order.

    If `one` raises, or on Ctrl-C, all pairs that have not begun are dropped.
    """
    futures: list[Future[Outcome]] = [executor.submit(one, target) for target in targets]
    try:
        for future in as_completed(futures):
            yield future.result()
    finally:
        for future in futures:
            future.cancel()
