"""The Docker engine: one container a worker, without network, privileges or anything but a Go toolchain."""

from __future__ import annotations

import contextlib
import queue
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from os import environ
from pathlib import Path
from typing import Self

from toolkit import targets, toolchain
from toolkit.engines import Closed, CompileError, Limits, Share, TimeLimit, docker_go, image, notices
from toolkit.engines.docker_container import WORK, Container, Result
from toolkit.engines.docker_host import CACHE, MODULES, SCRATCH, Host
from toolkit.engines.docker_volumes import cache_names
from toolkit.errors import DiskFull, EngineLost, ImageUnusable, SourceError
from toolkit.model import Module, Recipe, Source, Target, Watcher
from toolkit.settings import EngineSettings

_CERTIFICATES = f"{WORK}/ca.pem"
_SOURCE = f"{WORK}/go/source"
_OUT = f"{SCRATCH}/out"
_SHORT = 60.0  # seconds for a command that compiles nothing
_LONG = 900.0  # seconds for downloading modules
_NO_ROOM = "no space left on device"


class DockerEngine:
    """Runs the go command in containers. It may be called from several threads."""

    name = "docker"

    def __init__(self, host: Host, image_id: str, settings: EngineSettings, limits: Limits) -> None:
        """Take an engine that answers and the ID of an image that is there; nothing is started yet."""
        self._share = Share.of(host.cpus, host.memory, limits.jobs)
        self.jobs = self._share.jobs
        self._host, self._image, self._limits = host, image_id, limits
        self._run = run_label(settings.dist)
        self._cache, self._modules = cache_names(image_id, toolchain.pinned(), build_cache=settings.build_cache)
        self._idle: queue.SimpleQueue[Container] = queue.SimpleQueue()
        self._all: set[Container] = set()
        self._guard = threading.Lock()
        self._closed = False

    @classmethod
    def start(cls, settings: EngineSettings, watcher: Watcher, limits: Limits) -> Self:
        """Reach the engine, remove what earlier runs left there, and see to the image.

        Raises EngineUnavailable, EngineForbidden, ImageUnusable or ToolchainError.
        """
        host = Host.connect()

        def download(found: image.Image, version: str) -> bytes:
            start = cls(host, found.id, settings, limits)._start  # noqa: SLF001 - its own
            return docker_go.download(start, image.name(), version, host.goarch, certificates())

        try:
            host.sweep(everything=False, run=run_label(settings.dist))
            if not settings.image:
                return cls(host, image.ensure(host, watcher, toolchain.pinned(), download).id, settings, limits)
            engine = cls(host, image.named(host, settings.image, watcher).id, settings, limits)
            docker_go.prepare(engine._start, settings.image, toolchain.pinned(), certificates(), watcher)
        except BaseException:
            host.close()
            raise
        return engine

    def targets(self) -> tuple[Target, ...]:
        """Return all pairs that the toolchain there knows."""
        folder = "go/preflight"
        with self._lent() as container:
            container.put(WORK, {f"{folder}/{name}": content for name, content in targets.PREFLIGHT.items()})

            def run(args: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, str]:
                done = self._go(container, *args, env=env, folder=f"{WORK}/{folder}")
                return done.output, done.said

            return targets.ask(run, Recipe(toolchain.pinned()))

    def fetch(self, source: Source) -> None:
        """Download and check all modules that a source needs, in a container that has a network for just that."""
        container = self._start(online=True)
        try:
            self._send(container, source)
            done = self._go(
                container, "mod", "download", env=toolchain.module_settings(), folder=_SOURCE, seconds=_LONG
            )
        finally:
            self._drop(container)
        if done.code:
            raise SourceError(
                f"the modules of `{source.module.path}` cannot be had: {toolchain.complaint(done.said)}",
                hint="check GOPROXY, GOSUMDB and the network: `invoke doctor`",
            )

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return the binary."""
        build, *rest = recipe.argv(source, target, _OUT)
        argv = ("go", build, f"-p={self._share.cpus}", *rest)
        env = {**_ENVIRONMENT, **self._share.environment(), **recipe.environment(target)}
        with self._lent(source) as container:
            done = container.exec(argv, env, _SOURCE, seconds=self._limits.seconds)
            if done is None:
                raise TimeLimit
            data = container.get(_OUT) if not done.code else None
        if self._closed:
            raise Closed
        return _binary(done, data)

    def notices(self, source: Source, modules: Iterable[Module]) -> dict[str, str]:
        """Return licence texts."""
        with self._lent(source) as container:

            def run(*args: str) -> str:
                return self._go(container, *args, folder=_SOURCE).output

            return notices.collect(modules, run, container.get)

    def close(self) -> None:
        """Remove all containers, which ends whatever runs in them, and their volumes."""
        with self._guard:
            self._closed = True
            containers, self._all = list(self._all), set()
        for container in containers:
            container.remove()
        self._host.close()

    # ---- containers ----

    @contextlib.contextmanager
    def _lent(self, source: Source | None = None) -> Iterator[Container]:
        """Lend an idle container, or a new one, with the source in it; one in which something went wrong is removed."""
        try:
            container = self._idle.get_nowait()
        except queue.Empty:
            container = self._start(online=False)
        try:
            if source and container.holds != source.digest:
                self._send(container, source)
            yield container
        except BaseException:
            self._drop(container)
            if self._closed:
                raise Closed from None
            raise
        self._idle.put(container)

    def _start(self, *, online: bool) -> Container:
        container = self._host.run(
            self._image, self._run, cache=self._cache, modules=self._modules, online=online,
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

    def _send(self, container: Container, source: Source) -> None:
        files = {f"go/source/{name}": (source.directory / name).read_bytes() for name in source.files}
        container.put(WORK, {**files, "ca.pem": certificates()})
        container.holds = source.digest

    def _go(
        self, container: Container, *args: str, env: Mapping[str, str] | None = None, folder: str = WORK,
        seconds: float = _SHORT,
    ) -> Result:  # fmt: skip
        fixed = {"GOTOOLCHAIN": toolchain.pinned(), "GOENV": "off", "GOWORK": "off", "GOFLAGS": ""}
        done = container.exec(("go", *args), {**_ENVIRONMENT, **fixed, **(env or {})}, folder, seconds=seconds)
        if done is None:
            raise EngineLost(
                f"`go {args[0]}` in a container did not end within {seconds:.0f} s",
                hint="is the network there, and does the engine have memory and room left?",
            )
        if done.code in {126, 127} and "executable file not found" in done.said:
            raise ImageUnusable(
                f"the image `{self._image}` has no `go` on its PATH",
                hint="name an image that has Go, or leave out `--image`",
            )
        return done


_ENVIRONMENT = {
    "HOME": WORK,
    "GOCACHE": f"{CACHE}/go",
    "GOMODCACHE": f"{MODULES}/go",
    "GOTMPDIR": SCRATCH,
    "TMPDIR": SCRATCH,
    "GOPROXY": "off",
    "SSL_CERT_FILE": _CERTIFICATES,
}


def _binary(done: Result, data: bytes | None) -> bytes:
    """Return the bytes of a compile that went well. Raises CompileError, DiskFull or EngineLost."""
    if data is not None:
        return data
    if _NO_ROOM in done.said:
        raise DiskFull(
            "the Docker engine has no room left for the compiler",
            hint="`invoke clean --all`, or `docker system prune`, frees some; then run it again",
        )
    if done.code in {-1, 137}:
        raise EngineLost(
            "the container ended in the middle of a compile: out of memory, or removed by somebody",
            hint="give the engine more memory, or name fewer `--jobs`",
        )
    raise CompileError(done.said)


def certificates() -> bytes:
    """Return the certificate authorities that this machine trusts, as PEM: a company may have its own."""
    paths = ssl.get_default_verify_paths()
    named = [environ.get(name, "") for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    for place in (*named, paths.cafile or "", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem"):
        if place and Path(place).is_file():
            return Path(place).read_bytes()
    if stored := ssl.create_default_context().get_ca_certs(binary_form=True):  # Windows keeps no file
        return "".join(ssl.DER_cert_to_PEM_cert(item) for item in stored).encode()
    import certifi  # the Docker SDK brings it along

    return Path(certifi.where()).read_bytes()


def run_label(dist: Path) -> str:
    """Return what marks the containers of one checkout."""
    return str(dist)
