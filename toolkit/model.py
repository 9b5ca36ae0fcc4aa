"""The values of a run: frozen, and without any I/O.

`settings → source → targets → outcomes → Release → report`: the layer named in its docstring makes each one once, and
the others only read it.
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
    """A GOOS/GOARCH pair, from `go tool dist list -json`. Made by an engine."""

    goos: str
    goarch: str
    cgo_supported: bool = field(default=False, compare=False)
    first_class: bool = field(default=False, compare=False)
    refusal: str = field(default="", compare=False)  # Go's message if it cannot be built without cgo
    broken: bool = field(default=False, compare=False)  # marked by Go: built only if the user names it

    def __str__(self) -> str:
        """Return the pair as Go writes it: `linux/amd64`."""
        return f"{self.goos}/{self.goarch}"

    @property
    def slug(self) -> str:
        """The pair as a file name: `linux_amd64`."""
        return f"{self.goos}_{self.goarch}"

    @property
    def exe(self) -> str:
        """The suffix that the go command adds to an executable's name there."""
        return ".exe" if self.goos == "windows" else ""


@dataclass(frozen=True, order=True)
class Module:
    """A Go module: its path, version and `h1:` sum, as in a build info; a main module in a directory has no sum."""

    path: str
    version: str = ""
    sum: str = ""


@dataclass(frozen=True)
class BuildInfo:
    """The linker's record of how a binary was built; `go version -m` prints the same."""

    go: str  # "go1.27.3"; empty if the binary does not state it
    path: str  # import path of the main package
    main: Module
    deps: tuple[Module, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()  # ("GOOS", "linux"), ("-trimpath", "true"), … in the file's order

    def setting(self, name: str) -> str:
        """Return one setting's value, or `""` if the binary does not state it."""
        return dict(self.settings).get(name, "")


@dataclass(frozen=True)
class Piece:
    """A file of a compile: its path in the tree, and its bytes as a part of one of the toolkit's files."""

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
    """A binary's own statements, and how they differ from its label. Made by `binfmt.examine`."""

    wrong: tuple[str, ...]  # each one completes a sentence that begins with the binary's name
    info: BuildInfo | None = None
    needed: tuple[str, ...] = ()  # shared libraries that a pure Go program does not need there: "libc.so.6"


@dataclass(frozen=True)
class Source:
    """A Go main package, and everything that determines the bytes of its binaries. Made by `source.resolve`."""

    name: str  # Go's name for the program: "aws-mfa"
    package: str  # the package to build: ".", "./cmd/x", or "example.com/cmd/x@v1.2.3"
    module: Module  # the main package's module, as the build info must state it
    version: str  # without a leading v: "0.1.0"
    digest: str  # SHA-256, in hex, over the names and bytes of all files of a compile
    epoch: int  # seconds since 1970: the time of packaged files
    files: tuple[Piece, ...] = field(default=(), repr=False)  # the files of a compile; none for a module
    directory: str = ""  # where the go command runs, relative to the tree of these files
    included: str = ""  # digest of files that Go's build cache does not check, or `""`
    refusals: Mapping[str, str] = field(default_factory=dict, repr=False)  # Go's reasons for refusing pairs, by pair
    stamps: tuple[tuple[str, str], ...] = ()  # string variables that the linker sets
    documents: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # licenses, notices and README
    licenses: tuple[tuple[str, str], ...] = field(
        default=(), repr=False
    )  # licenses of vendored modules, by path version
    notes: tuple[str, ...] = ()  # sentences for the user

    @property
    def remote(self) -> bool:
        """Whether it is a module that the go command downloads, rather than a directory."""
        return not self.files


@dataclass(frozen=True)
class Recipe:
    """How a source becomes a binary: the same on every engine, on every machine and for every user."""

    toolchain: str  # "go1.27.3"
    image: str = ""  # digest of the image that is used instead of the builder image

    def argv(self, source: Source, target: Target) -> tuple[str, ...]:
        """Return the whole `go install` line, after the word `go`. Every argument affects the bytes.

        The program is then the only file below `bin` in GOPATH. The compiler generates no debug information, because
        `-s -w` would discard it: that saves a fifth of the work.
        """
        ldflags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in source.stamps)])
        fixed = ("install", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", f"-ldflags={ldflags}")
        return (*fixed, *self.mode(target), source.package)

    def preflight(self, target: Target) -> tuple[str, ...]:
        """Return a command that compiles nothing, but makes Go refuse a pair with the same words as `build`.

        It must run in the directory of a main package.
        """
        return ("list", *self.mode(target), ".")

    def environment(self, target: Target) -> dict[str, str]:
        """Return the variables that affect the bytes. Engines pass on no GOFLAGS, GOAMD64 or similar variables."""
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
        """Return the build mode of a pair whose default mode needs more than Go.

        An iOS program is position-independent by default, which needs a C linker. For the simulator's amd64, Go can
        link a plain program without one.
        """
        return ("-buildmode=exe",) if str(target) == "ios/amd64" else ()

    def fingerprint(self, source: Source, target: Target) -> str:
        """Return a SHA-256, in hex, over everything that affects the bytes; if it is equal, no build is needed."""
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
        """Whether the reason is a limit of Go, so that it does not make the run a failure."""
        return self in {Reason.NEEDS_EXTERNAL_LINKER, Reason.UNSUPPORTED}

    @classmethod
    def in_words_of_go(cls, line: str) -> Reason | None:
        """Return the limit of Go that a line states, or None."""
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
    rebuilt: bool = field(default=True, compare=False)  # built by this run, not found in the store


@dataclass(frozen=True)
class Unbuilt:
    """A pair that ended without a binary."""

    target: Target
    reason: Reason
    message: str  # from Go or from the check: one line
    output: tuple[str, ...] = ()  # its first lines
    log: Path | None = None  # its complete text


Outcome = Binary | Unbuilt


@dataclass(frozen=True)
class Artifact:
    """A file of a release. Made by one of `outputs`."""

    kind: str  # "archive", "manifest", "schema", "checksums"
    path: Path
    size: int  # bytes
    sha256: str
    inputs: str = ""  # SHA-256 over everything that affects its bytes, "" if it is always made again
    target: Target | None = None


@dataclass(frozen=True)
class ReleaseInfo:
    """What the maintainer of a release states about it, for its guide."""

    alias: str = ""  # of the AWS account
    region: str = ""
    profile: str = ""
    download: str = ""  # the address of the directory with the files


@dataclass(frozen=True)
class Release:
    """A release, during and after its creation. Made by `release`; each of its steps adds files."""

    root: Path
    source: Source
    recipe: Recipe
    targets: tuple[Target, ...]  # every pair that the toolchain knows, selected or not
    outcomes: tuple[Outcome, ...]  # of the selected pairs, in the order of `targets`
    licenses: tuple[tuple[str, str], ...] = ()  # license texts of linked modules, by "path version"
    artifacts: tuple[Artifact, ...] = ()
    info: ReleaseInfo = field(default_factory=ReleaseInfo)

    def plus(self, *artifacts: Artifact) -> Release:
        """Return this release with more files."""
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
        """The pairs that were not built."""
        return tuple(outcome for outcome in self.outcomes if isinstance(outcome, Unbuilt))


@dataclass(frozen=True)
class Programs:
    """The programs for this machine: the one to log in with, and our own, which edits the AWS files.

    They are the same unless `--source` names another one. Made by `release.programs`.
    """

    release: Release
    own: Binary


@dataclass(frozen=True)
class Check:
    """The result of one check by `checks`, `doctor` or a proof."""

    name: str
    ok: bool
    detail: str  # the observed state, or the message of a tool
    fix: str = ""  # the command to type if it is not ok
    required: bool = True  # whether the whole run fails with it


class Progress(Protocol):
    """The reports of the lower layers during their work; `report` shows them to the user."""

    def say(self, message: str) -> None:
        """Report something that the user should know: which engine is used, what the run is waiting for."""

    def heading(self, text: str) -> None:
        """Report that the next step begins."""

    def pause(self, seconds: float, why: str) -> None:
        """Wait, and report why and how long."""

    def plan(self, total: int) -> None:
        """Report the number of pairs to compile."""

    def started(self, target: Target) -> None:
        """Report that a pair's compile began."""

    def finished(self, outcome: Outcome, seconds: float) -> None:
        """Report how a pair ended, and its duration in seconds."""
