"""The values that flow through a run: frozen, and without any I/O.

`settings → source → targets → outcomes → Dist → report`: each is made once, by the layer named in its docstring, and
only read afterwards.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True, order=True)
class Target:
    """A GOOS/GOARCH pair, as `go tool dist list -json` gives it. Made by an engine."""

    goos: str
    goarch: str
    cgo_supported: bool = field(default=False, compare=False)
    first_class: bool = field(default=False, compare=False)
    refusal: str = field(default="", compare=False)  # what Go says where it cannot be built without cgo
    broken: bool = field(default=False, compare=False)  # Go marks it so: built only where somebody names it

    def __str__(self) -> str:
        """Return the pair as Go writes it: `linux/amd64`."""
        return f"{self.goos}/{self.goarch}"

    @property
    def slug(self) -> str:
        """The pair as a file name: `linux_amd64`."""
        return f"{self.goos}_{self.goarch}"

    @property
    def exe(self) -> str:
        """What the go command puts after an executable's name there."""
        return ".exe" if self.goos == "windows" else ""


@dataclass(frozen=True, order=True)
class Module:
    """A Go module: its path, version and `h1:` sum, as a build info states it; a main module in a folder has no sum."""

    path: str
    version: str = ""
    sum: str = ""


@dataclass(frozen=True)
class BuildInfo:
    """What the linker wrote into a binary about how it was made; `go version -m` prints the same."""

    go: str  # "go1.27.3"; empty where the binary does not say
    path: str  # import path of the main package
    main: Module
    deps: tuple[Module, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()  # ("GOOS", "linux"), ("-trimpath", "true"), … in the file's order

    def setting(self, name: str) -> str:
        """Return one setting's value, or `""` where the binary states none."""
        return dict(self.settings).get(name, "")


@dataclass(frozen=True)
class Piece:
    """A file that a compile gets: where it has to lie, and which bytes of a file of the toolkit's are its content."""

    place: str  # relative to the tree, with `/`
    pack: Path
    start: int
    size: int  # bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes."""
        with self.pack.open("rb") as file:
            file.seek(self.start)
            left = self.size
            while left and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk


@dataclass(frozen=True)
class Findings:
    """What a binary's own bytes say, and how that differs from its label. Made by `binfmt.examine`."""

    wrong: tuple[str, ...]  # each ends a sentence that begins with the binary's name
    info: BuildInfo | None = None
    needed: tuple[str, ...] = ()  # shared libraries that a program of plain Go does not need there: "libc.so.6"


@dataclass(frozen=True)
class Source:
    """A Go main package, and all that decides the bytes built from it. Made by `source.resolve`."""

    name: str  # what Go calls the program: "aws-mfa"
    package: str  # what is built: ".", "./cmd/x", or "example.com/cmd/x@v1.2.3"
    module: Module  # the main package's module, as the build info has to state it
    version: str  # without a leading v: "0.1.0"
    digest: str  # SHA-256, in hex, over the names and bytes of all that a compile gets
    epoch: int  # seconds since 1970: the time that packaged files carry
    files: tuple[Piece, ...] = field(default=(), repr=False)  # what a compile gets; none for a module
    directory: str = ""  # where the go command runs, relative to the tree of these files
    included: str = ""  # digest of files that Go's build cache does not look at, `""` where there are none
    refusals: Mapping[str, str] = field(default_factory=dict, repr=False)  # why Go refuses a pair, by its name
    stamps: tuple[tuple[str, str], ...] = ()  # string variables that the linker sets
    documents: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # licenses, notices and README
    notices: tuple[tuple[str, str], ...] = field(
        default=(), repr=False
    )  # licenses of vendored modules, by path version
    notes: tuple[str, ...] = ()  # what a person should know, a sentence each

    @property
    def remote(self) -> bool:
        """Whether it is a module that the go command fetches, rather than a directory."""
        return not self.files


@dataclass(frozen=True)
class Recipe:
    """How a source becomes a binary: the same on every engine, on every machine and for every user."""

    toolchain: str  # "go1.27.3"
    image: str = ""  # digest of the image that was named in place of the builder image

    def argv(self, source: Source, target: Target) -> tuple[str, ...]:
        """Return the whole `go install` line, after the word `go`. Every argument of it decides the bytes.

        The program is the only file below `bin` in GOPATH then. Debug information is not generated, because `-s -w`
        would throw it away again: that saves a fifth of the work.
        """
        ldflags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in source.stamps)])
        fixed = ("install", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", f"-ldflags={ldflags}")
        return (*fixed, *self.mode(target), source.package)

    def preflight(self, target: Target) -> tuple[str, ...]:
        """Return a command that compiles nothing, and in which Go refuses a pair with the words it has for `build`.

        It has to run where a main package is.
        """
        return ("list", *self.mode(target), ".")

    def environment(self, target: Target) -> dict[str, str]:
        """Return the variables that decide the bytes. Engines pass no GOFLAGS, GOAMD64 or the like of the machine's."""
        return {
            "GOOS": target.goos,
            "GOARCH": target.goarch,
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": self.toolchain,
            "GOWORK": "off",
            "GOENV": "off",
            "GOFLAGS": "",
        }

    @staticmethod
    def mode(target: Target) -> tuple[str, ...]:
        """Return the build mode of a pair, where Go's own choice needs more than Go.

        An iOS program is position-independent by default, and that needs a C linker; for the simulator's amd64 Go can
        link a plain one by itself.
        """
        return ("-buildmode=exe",) if str(target) == "ios/amd64" else ()

    def fingerprint(self, source: Source, target: Target) -> str:
        """Return a SHA-256, in hex, over all that decides the bytes; equal means that nothing has to be built."""
        parts = [source.digest, source.module.path, source.module.version, *self.argv(source, target), self.image]
        parts += [f"{name}={value}" for name, value in sorted(self.environment(target).items())]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Reason(enum.Enum):
    """Why a pair ended without a binary."""

    NEEDS_EXTERNAL_LINKER = "needs_external_linker"
    UNSUPPORTED = "unsupported"
    SOURCE_REFUSED = "source_refused"
    COMPILE_FAILED = "compile_failed"
    TIMED_OUT = "timed_out"
    WRONG_BINARY = "wrong_binary"
    BUILD_PATH = "build_path"
    ENGINE_LOST = "engine_lost"

    @property
    def is_gos_own(self) -> bool:
        """Whether it lies in Go itself, so that the run is none the worse for it."""
        return self in {Reason.NEEDS_EXTERNAL_LINKER, Reason.UNSUPPORTED}

    @classmethod
    def in_words_of_go(cls, line: str) -> Reason | None:
        """Return the reason of Go's own that a line states, if it does."""
        if "requires external (cgo) linking" in line:
            return cls.NEEDS_EXTERNAL_LINKER
        return cls.UNSUPPORTED if "unsupported GOOS/GOARCH pair" in line else None


@dataclass(frozen=True)
class Binary:
    """A program that was built and checked. Made by `build` or found by `store`."""

    target: Target
    path: Path
    size: int  # bytes
    sha256: str
    fingerprint: str
    info: BuildInfo
    needed: tuple[str, ...] = ()  # shared libraries that must be where it runs
    fresh: bool = field(default=True, compare=False)  # built by this run, rather than found as it was


@dataclass(frozen=True)
class Unbuilt:
    """A pair that ended without a binary."""

    target: Target
    reason: Reason
    sentence: str  # what Go, or the check, said: one line
    excerpt: tuple[str, ...] = ()  # the first lines of it
    log: Path | None = None  # the whole of it


Outcome = Binary | Unbuilt


@dataclass(frozen=True)
class Artifact:
    """A file of a release. Made by one of `outputs`."""

    kind: str  # "archive", "manifest", "schema", "checksums"
    path: Path
    size: int  # bytes
    sha256: str
    inputs: str = ""  # SHA-256 over all that decided its bytes, "" where it is simply made anew
    target: Target | None = None


@dataclass(frozen=True)
class Dist:
    """A release while it is made, and after. Made by `release`, grown by each of its steps."""

    root: Path
    source: Source
    recipe: Recipe
    targets: tuple[Target, ...]  # all that the toolchain knows, selected or not
    outcomes: tuple[Outcome, ...]  # of the selected ones, in the order of `targets`
    notices: tuple[tuple[str, str], ...] = ()  # licence texts of what is linked in, by "path version"
    artifacts: tuple[Artifact, ...] = ()
    people: tuple[tuple[str, str], ...] = ()  # what a guide says to them: alias, region, profile, download

    def plus(self, *artifacts: Artifact) -> Dist:
        """Return this release with more files in it."""
        return replace(self, artifacts=(*self.artifacts, *artifacts))

    def of(self, kind: str) -> tuple[Artifact, ...]:
        """Return the files of one kind."""
        return tuple(artifact for artifact in self.artifacts if artifact.kind == kind)

    @property
    def binaries(self) -> tuple[Binary, ...]:
        """The pairs that were built."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Binary))

    @property
    def unbuilt(self) -> tuple[Unbuilt, ...]:
        """The pairs that were not."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Unbuilt))


@dataclass(frozen=True)
class Programs:
    """The programs for this machine: the one to log in with, and our own, which edits the AWS files.

    They are the same unless `--source` names another one. Made by `release.programs`.
    """

    dist: Dist
    own: Binary


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: by `checks`, by `doctor`, by whoever proves something."""

    name: str
    good: bool
    found: str  # what there is, or what was said
    mend: str = ""  # what to type, where it is not good
    needed: bool = True  # whether the whole fails with it


class Watcher(Protocol):
    """What the lower layers tell while they work; `report` shows it to a person."""

    def say(self, message: str) -> None:
        """Tell something that the person should know: which engine was taken, what is waited for."""

    def plan(self, total: int) -> None:
        """Tell how many pairs are going to be compiled."""

    def started(self, target: Target) -> None:
        """Tell that a pair's compile began."""

    def finished(self, outcome: Outcome, seconds: float) -> None:
        """Tell how a pair ended, and how long it took."""
