"""The Docker engine: one container for each worker, with a Go toolchain but without network or privileges."""

from __future__ import annotations

import contextlib
import queue
import secrets
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Self

from toolkit.engines import DEPTH, Closed, CompileError, Limits, Share, TimeLimit
from toolkit.engines.docker import go as docker_go
from toolkit.engines.docker import image
from toolkit.engines.docker.container import OTHER_IMAGE, USER, WORK, Container, Result
from toolkit.engines.docker.go import ENVIRONMENT, ONLINE
from toolkit.engines.docker.host import SCRATCH, SOURCE, Host
from toolkit.engines.docker.volumes import cache_names
from toolkit.errors import DiskFull, EngineLost, ImageUnusable
from toolkit.go import toolchain, tree
from toolkit.go.tree import Node
from toolkit.go.workspace import Answer
from toolkit.model import Progress, Recipe, Source, Target
from toolkit.settings import EngineSettings

_ASKED = "go/ask"  # the directory of a container's volume for the tree of a question
_LONG = 900.0  # seconds for a question, which may download modules
_NO_ROOM = "no space left on device"
# Variables that name sockets, files and programs of this machine. Go downloads nothing if it cannot run the programs
# of `GOAUTH`.
_OF_THIS_MACHINE = ("SSH_AUTH_SOCK", "NETRC", "GOAUTH")
# How Go checks a module that is downloaded already.
_CHECKS = ("GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE")


class DockerEngine:
    """Runs the go command in containers. It may be called from several threads."""

    name = "docker"

    def __init__(self, host: Host, found: image.Image, settings: EngineSettings, limits: Limits) -> None:
        """Use an engine that answers and an image that it has; this starts nothing."""
        self._share = Share.of(host.cpus, host.memory, limits.jobs)
        self.jobs, self.digest = self._share.jobs, found.digest if settings.image else ""
        self.record: Mapping[str, str] = {"engine": self.name, "image": found.id}
        self._host, self._image, self._limits = host, found.id, limits
        self._run, self._version = run_label(settings.dist), settings.toolchain or toolchain.pinned()
        self._settings = settings
        self._idle: dict[str, queue.SimpleQueue[Container]] = {}  # by what is mounted
        self._all: set[Container] = set()
        self._sources: dict[str, str] = {}  # volumes with the files of sources, by the digests of the sources
        self._guard, self._laying = threading.Lock(), threading.Lock()
        self._closed = False

    @classmethod
    def start(cls, settings: EngineSettings, progress: Progress, limits: Limits) -> Self:
        """Connect to the engine, remove everything that earlier runs left there, and get the image.

        Raises EngineUnavailable, EngineForbidden, ImageUnusable or ToolchainError.
        """
        host = Host.connect()
        version = settings.toolchain or toolchain.pinned()

        def download(found: image.Image, version: str) -> bytes:
            start = cls(host, found, settings, limits)._start  # noqa: SLF001 - its own
            return docker_go.download(start, image.name(), version, host.goarch, certificates())

        try:
            host.sweep(everything=False, run=run_label(settings.dist))
            if not settings.image:
                return cls(host, image.ensure(host, progress, version, download), settings, limits)
            engine = cls(host, image.named(host, settings.image, progress), settings, limits)
            docker_go.prepare(engine._start, settings.image, version, certificates(), progress)
        except BaseException:
            host.close()
            raise
        return engine

    @contextlib.contextmanager
    def open(self, nodes: Iterable[Node], online: bool) -> Iterator[DockerWorkspace]:  # noqa: FBT001 - as in Engine
        """Open a directory with a tree in a container, which has a network only if `online`."""
        with self._unless_closed():
            container = self._start(online=online)
        # Each tree has another path: Go's index of directories would confuse two trees at the same one.
        directory = f"{_ASKED}{DEPTH}/{secrets.token_hex(8)}"
        try:
            with self._unless_closed():
                container.put(WORK, {"ca.pem": certificates()}, folders=(directory,))
                container.put_tar(f"{WORK}/{directory}", tree.tar(nodes, owner=USER))
                settings = {**ONLINE, **toolchain.module_settings(), **toolchain.fetching()} if online else {}
                env = {"GOTOOLCHAIN": self._version}
                env |= {name: value for name, value in settings.items() if name not in _OF_THIS_MACHINE}
                yield DockerWorkspace(self, container, env, f"{WORK}/{directory}")
        finally:
            self._drop(container)

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return the binary."""
        install, *rest = recipe.argv(source, target)
        argv = ("go", install, f"-p={self._share.cpus}", *rest)
        gopath = f"{SCRATCH}/{target.slug}"
        settings = toolchain.module_settings()
        env = {**ENVIRONMENT, **{name: settings[name] for name in _CHECKS if name in settings}, "GOPATH": gopath}
        env |= {**self._share.environment(), **recipe.environment(target)}
        with self._lent(source) as container:
            if source.remote:
                container.put(SCRATCH, {}, folders=(target.slug, f"{target.slug}/pkg"))
                container.copy(f"{ENVIRONMENT['GOPATH']}/pkg/sumdb", f"{gopath}/pkg")
            directory = WORK if source.remote else f"{SOURCE}/{_below(source)}/{source.directory}".rstrip("/")
            done = container.exec(argv, env, directory, seconds=self._limits.seconds)
            if done is None:
                raise TimeLimit
            data = self._program(container, f"{gopath}/bin", source, target) if not done.code else None
        if self._closed:
            raise Closed
        return _binary(done, data)

    def close(self) -> None:
        """Remove all containers, which stops everything in them, and their volumes."""
        with self._guard:
            self._closed = True
            containers, self._all = list(self._all), set()
            volumes, self._sources = list(self._sources.values()), {}
        for container in containers:
            container.remove()
        for volume in volumes:
            with contextlib.suppress(EngineLost, DiskFull):
                self._host.remove_volume(volume)
        self._host.close()

    def ask(self, container: Container, argv: tuple[str, ...], env: Mapping[str, str], directory: str) -> Answer:
        """Run the go command in a container to its end, to answer a question."""
        done = container.exec(("go", *argv), {**ENVIRONMENT, **env}, directory, seconds=_LONG)
        if done is None:
            raise EngineLost(
                f"`go {argv[0]}` in a container did not finish within {_LONG:.0f} s",
                hint="check the network, and the free memory and disk space of the engine",
            )
        if done.code in {126, 127} and "executable file not found" in done.said:
            raise ImageUnusable(f"the image `{self._settings.image}` has no `go` on its PATH", hint=OTHER_IMAGE)
        return Answer(done.code, docker_go.placed(done.output), docker_go.placed(done.errors))

    # ---- containers ----

    @contextlib.contextmanager
    def _lent(self, source: Source) -> Iterator[Container]:
        """Lend an idle container that has the source, or a new one; remove it if anything in it fails."""
        with self._unless_closed():
            volume = "" if source.remote else self._laid(source)
            idle = self._idle.setdefault(f"{volume} {source.included}", queue.SimpleQueue())
            try:
                container = idle.get_nowait()
            except queue.Empty:
                container = self._start(online=False, source=volume, included=source.included)
            try:
                yield container
            except BaseException:
                self._drop(container)
                raise
        idle.put(container)

    @contextlib.contextmanager
    def _unless_closed(self) -> Iterator[None]:
        """Raise Closed instead of an error that occurs because the engine was closed meanwhile."""
        try:
            yield
        except BaseException:
            if self._closed:
                raise Closed from None
            raise

    def _laid(self, source: Source) -> str:
        """Return the volume with the files of a source; all workers of this run share it, and none can write to it."""
        with self._laying:
            volume = self._sources.get(source.digest)
            if volume is None:
                nodes = (*tree.compiled(source.files), Node(source.directory or ".", kind=tree.DIRECTORY, mode=0o755))
                packed = tree.tar(nodes, owner=USER, below=_below(source))
                volume = self._host.make_source_volume(self._run, packed, self._image)
                with self._guard:
                    closed = self._closed
                    if not closed:
                        self._sources[source.digest] = volume
                if closed:
                    self._host.remove_volume(volume)
                    raise Closed
            return volume

    def _start(self, *, online: bool, source: str = "", included: str = "") -> Container:
        cache, modules = cache_names(
            self._image, self._version, included[:12], build_cache=self._settings.build_cache
        )  # fmt: skip
        container = self._host.run(
            self._image, self._run, cache=cache, modules=modules, source=source, online=online,
            memory=max(self._share.memory, 512 << 20),
        )  # fmt: skip
        with self._guard:
            closed = self._closed
            if not closed:
                self._all.add(container)
        if closed:
            container.remove()
            raise Closed
        return container

    def _drop(self, container: Container) -> None:
        with self._guard:
            self._all.discard(container)
        container.remove()

    def _program(self, container: Container, folder: str, source: Source, target: Target) -> bytes | None:
        """Return the output of `go install`; for another system or processor, it is in a directory of that name."""
        native = (target.goos, target.goarch) == ("linux", self._host.goarch)
        return container.get(f"{folder}/{'' if native else f'{target.slug}/'}{source.name}{target.exe}")


@dataclass(frozen=True)
class DockerWorkspace:
    """A directory in a container with a tree."""

    engine: DockerEngine
    container: Container
    env: Mapping[str, str]
    root: str
    modules: str = ENVIRONMENT["GOMODCACHE"]

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Run the go command to its end."""
        del fresh  # a container has no earlier answers
        place = f"{self.root}/{directory}".rstrip("/")
        return self.engine.ask(self.container, args, {**self.env, **(env or {})}, place)

    def read(self, path: str) -> bytes | None:
        """Return a file from the container."""
        return self.container.get(path) if path.startswith("/") else None


def _below(source: Source) -> str:
    """Return the directory of a source's files in a volume: no other source has the same one, as in `open`."""
    return f"{DEPTH.strip('/')}/{source.digest[:16]}"


def _binary(done: Result, data: bytes | None) -> bytes:
    """Return the bytes of a successful compile. Raises CompileError, DiskFull or EngineLost."""
    if data is not None:
        return data
    if _NO_ROOM in done.said:
        raise DiskFull(
            "no space left on device for the compiler on the Docker engine",
            hint="`invoke clean --all` or `docker system prune` frees space; then run the same command again",
        )
    if done.code in {-1, 137}:
        raise EngineLost(
            "the container ended during a compile: it ran out of memory, or somebody removed it",
            hint="give the engine more memory, or lower `--jobs`",
        )
    raise CompileError(done.said)


def certificates() -> bytes:
    """Return the certificate authorities that this machine trusts, as PEM; a company may add its own."""
    paths = ssl.get_default_verify_paths()
    named = [environ.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    for place in (*named, paths.cafile or "", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem"):
        if place and Path(place).is_file():
            return Path(place).read_bytes()
    if stored := ssl.create_default_context().get_ca_certs(binary_form=True):  # Windows has no file of them
        return "".join(ssl.DER_cert_to_PEM_cert(item) for item in stored).encode()
    import certifi  # a dependency of the Docker SDK

    return Path(certifi.where()).read_bytes()


def run_label(dist: Path) -> str:
    """Return the label value that marks the containers of one checkout."""
    return str(dist)
