"""A source built in three ways: by plain Go in its directory, and by each engine from a snapshot."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes import FakeProgress
from toolkit.engines import Engine, Limits, choose
from toolkit.errors import ToolkitError
from toolkit.go import snapshot, source, toolchain
from toolkit.go.asking import Inquiry
from toolkit.go.snapshot import Kind, Scope
from toolkit.model import Binary, Module, Recipe, Source, Target, Unbuilt
from toolkit.release.build import Builder
from toolkit.settings import CompileSettings
from toolkit.store import DistFolder

LINUX, WINDOWS = Target("linux", "amd64"), Target("windows", "amd64")
GO_MOD = "module example.com/tiny\n\ngo 1.21\n"
MAIN = 'package main\n\nfunc main() { println("hi") }\n'

Change = Callable[[Path], None]


@dataclass
class Memory:
    """Remembers values, and counts the new ones."""

    known: dict[str, Any] = field(default_factory=dict)

    def recall(self, name: str) -> Any:
        """Return what was remembered, or None."""
        return self.known.get(name)

    def remember(self, name: str, value: Any) -> None:
        """Keep a value."""
        self.known[name] = value


@dataclass
class Builds:
    """Builds directories on one engine, for one pair or two."""

    engine: Engine = field(repr=False)
    folder: Path = field(repr=False)
    targets: tuple[Target, ...] = (LINUX, WINDOWS)
    memory: Memory = field(default_factory=Memory, repr=False)
    asked: int = 0  # number of questions to a go command

    @property
    def recipe(self) -> Recipe:
        """The recipe for binaries."""
        return Recipe(toolchain.pinned(), self.engine.digest)

    def resolve(self, directory: Path | str, *chosen: Target) -> source.Found:
        """Return the source in a directory."""
        return source.resolve(str(directory), self.inquiry(*chosen))

    def inquiry(self, *chosen: Target) -> Inquiry:
        """Return everything that is needed to inspect a source."""
        work = Path(tempfile.mkdtemp(dir=self.folder))

        def opened(nodes: Any, online: bool) -> Any:  # noqa: FBT001 - as in Engine
            self.asked += 1
            return self.engine.open(nodes, online)

        return Inquiry(
            opened, self.memory, self.recipe, self.targets, chosen or self.targets[:1], work, self.folder / "dist"
        )  # fmt: skip

    def compiled(self, found: source.Found, target: Target = LINUX) -> bytes | Unbuilt:
        """Return an engine's binary of a source, or its error."""
        store = DistFolder(Path(tempfile.mkdtemp(dir=self.folder)))
        outcome = Builder(self.engine, store, found.source, self.recipe, FakeProgress())(target)
        return outcome.path.read_bytes() if isinstance(outcome, Binary) else outcome

    def build(self, directory: Path | str, target: Target = LINUX) -> bytes | Unbuilt | ToolkitError:
        """Return the binary, or the failure of the build."""
        try:
            found = self.resolve(directory, target)
        except ToolkitError as error:
            return error
        return self.compiled(found, target)


def whole(directory: Path, work: Path) -> Source:
    """Return a source with all files of a directory, without asking Go."""
    taken = snapshot.take(directory, Scope(directory), Path(tempfile.mkdtemp(dir=work), "pack"), lambda _: ())
    names = [name for name, entry in taken.entries.items() if entry.kind is Kind.FILE]
    path = (directory / "go.mod").read_text("utf-8").split()[1]
    return Source(
        name=path.rpartition("/")[2],
        package=".",
        module=Module(path),
        version="0.0.0",
        digest=taken.digest,
        epoch=315532800,
        files=tuple(taken.piece(name, name) for name in names),
    )


@contextlib.contextmanager
def started(kind: str, folder: Path, **settings: Any) -> Iterator[Builds]:
    """Start an engine."""
    chosen = CompileSettings(engine=kind, dist=folder / "dist", **settings)
    with choose(chosen, FakeProgress(), Limits(jobs=1)) as engine:
        yield Builds(engine, folder)


def plain(directory: Path, scratch: Path, target: Target = LINUX) -> bytes | str:
    """Return plain Go's binary of a source in its directory, or its message."""
    recipe, out = Recipe(toolchain.pinned()), scratch / "out"
    out.unlink(missing_ok=True)
    go = toolchain.go()
    env = {**go.env, **recipe.environment(target), "GOCACHE": str(scratch / "cache")}
    if "PLAIN_GOCACHE" in os.environ:
        env["GOCACHE"] = os.environ["PLAIN_GOCACHE"]
    flags = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags=-s -w")
    done = subprocess.run(
        [go.path, "build", *flags, "-o", out, "."], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    return out.read_bytes() if out.exists() and not done.returncode else done.stderr
