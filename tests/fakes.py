"""Replacements that fulfil the toolkit's protocols."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from toolkit.emulator import Clock
from toolkit.go.tree import Node
from toolkit.go.workspace import Answer
from toolkit.model import Outcome, Recipe, Source, Target

TREE, MODULES = "/tree", "/modules"

Script = Callable[[tuple[str, ...], Mapping[str, str]], Answer]


@dataclass(frozen=True)
class Asked:
    """A go command that was run."""

    args: tuple[str, ...]
    directory: str
    env: Mapping[str, str]
    fresh: bool


@dataclass
class FakeWorkspace:
    """A directory beside a go command whose answers come from a script."""

    script: Script
    files: Mapping[str, bytes] = field(default_factory=dict)  # files on the go command's machine, by path
    tree: Mapping[str, bytes] = field(default_factory=dict)  # the files of the tree
    online: bool = False
    root: str = TREE
    modules: str = MODULES
    asked: list[Asked] = field(default_factory=list)  # in order

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Answer with the script."""
        self.asked.append(Asked(args, directory, env or {}, fresh))
        return self.script(args, env or {})

    def read(self, path: str) -> bytes | None:
        """Return one of its files."""
        return self.files.get(path)


@dataclass
class FakeGo:
    """A script for a go command: it knows some pairs, a program of one file, and a license for every module."""

    known: tuple[Target, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)  # its output about pairs on standard error
    module: str = "example.test/tiny"
    files: dict[str, bytes] = field(default_factory=lambda: {"/go/LICENSE": b"Go's license"})

    def __call__(self, args: tuple[str, ...], env: Mapping[str, str]) -> Answer:
        """Answer as Go does: data on standard output, a refusal on standard error."""
        if args[:3] == ("tool", "dist", "list"):
            return Answer(0, json.dumps([_pair(target) for target in self.known]), "")
        if args == ("env", "GOROOT"):
            return Answer(0, "/go\n", "")
        if args[:3] == ("mod", "download", "-json"):
            return Answer(0, "".join(self._download(name) for name in args[3:]), "")
        if args == ("mod", "edit", "-json"):
            return Answer(0, "{}", "")
        if args[0] == "list" and "-deps" in args:
            return Answer(0, json.dumps(self._program()), "")
        if args[0] == "list":
            said = self.refusals.get(f"{env['GOOS']}/{env['GOARCH']}", "")
            return Answer(int(bool(said)), "preflight.invalid\n", said)
        raise AssertionError(args)

    def _download(self, name: str) -> str:
        packed, (path, version) = io.BytesIO(), name.split("@")
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{name}/LICENSE", "a license")
        self.files[f"{MODULES}/{name}.zip"] = packed.getvalue()
        return json.dumps({"Path": path, "Version": version, "Zip": f"{MODULES}/{name}.zip"}) + "\n"

    def _program(self) -> dict[str, object]:
        module = {"Path": self.module, "Dir": TREE, "Main": True}
        return {
            "Dir": TREE, "ImportPath": self.module, "Name": "main", "Module": module, "GoFiles": ["main.go"],
            "Target": f"/go/bin/{self.module.rpartition('/')[2]}",
        }  # fmt: skip


def _pair(target: Target) -> dict[str, object]:
    broken = {"Broken": True} if target.broken else {}
    names = {"GOOS": target.goos, "GOARCH": target.goarch}
    return {**names, "CgoSupported": target.cgo_supported, "FirstClass": target.first_class, **broken}


@dataclass
class FakeEngine:
    """An engine whose compiles are a fixed map: bytes to return, or an exception to raise."""

    go: FakeGo = field(default_factory=FakeGo)
    results: Mapping[str, bytes | Exception] = field(default_factory=dict)  # by pair
    name: str = "fake"
    jobs: int = 2
    digest: str = ""
    record: Mapping[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)  # its requests, in order
    opened: list[FakeWorkspace] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def open(self, nodes: Iterable[Node], online: bool) -> Iterator[FakeWorkspace]:  # noqa: FBT001 - as in Engine
        """Open a directory beside its go command."""
        self.calls.append(f"open {'online' if online else 'offline'}")
        tree = {node.name: b"".join(node.chunks()) for node in nodes}
        self.opened.append(FakeWorkspace(self.go, self.go.files, tree, online))
        yield self.opened[-1]

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return or raise the pair's result."""
        del source, recipe
        self.calls.append(f"compile {target}")
        result = self.results[str(target)]
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed.set()


@dataclass
class FakeProgress:
    """Remembers all reports, and lets the time of a fake clock pass."""

    clock: Clock = field(default_factory=Clock)
    said: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    paused: list[tuple[float, str]] = field(default_factory=list)
    planned: int = 0
    began: list[Target] = field(default_factory=list)
    ended: list[Outcome] = field(default_factory=list)

    def say(self, message: str) -> None:
        """Remember a sentence."""
        self.said.append(message)

    def heading(self, text: str) -> None:
        """Remember a heading."""
        self.headings.append(text)

    def pause(self, seconds: float, why: str) -> None:
        """Remember a wait."""
        self.paused.append((seconds, why))
        self.clock.step(seconds)

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

    @property
    def text(self) -> str:
        """All messages."""
        return "\n".join(self.said)
