"""A Docker host: the engine that the docker command would reach, its images, containers and volumes.

Everything made here carries the label `LABEL`, so that later runs and `invoke clean` find what a killed run left.
"""

from __future__ import annotations

import contextlib
import platform
import re
import secrets
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, Any, Self

from toolkit import engines as names
from toolkit.engines import docker_pull, docker_sweep, tarball
from toolkit.engines.docker_connect import connect, without_credentials
from toolkit.engines.docker_container import LABEL, WORK, Container
from toolkit.engines.docker_errors import OR_LOCAL, translated
from toolkit.engines.docker_pull import Found
from toolkit.engines.docker_volumes import mount
from toolkit.errors import EngineBroken, EngineLost, ToolkitError, WrongContainers

if TYPE_CHECKING:
    import docker

SCRATCH = f"{WORK}/scratch"  # where the go command may write for a while
CACHE = "/cache"  # the volume of the build cache
MODULES = f"/{names.MODULES}"  # the volume of the module cache
SOURCE = f"/{names.COMPILE}"  # the read-only volume of the source
_MACHINE = f"{LABEL}-machine"  # a label: several machines may share an engine, and have the same paths
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # the kernel's names, in Go's words


class Host:
    """A Docker engine that answers. It may be used from several threads."""

    def __init__(self, client: docker.DockerClient, address: str) -> None:
        """Take a client that is connected, and ask the engine what it is."""
        self._client, self.address = client, address
        with translated("asked what it is"):
            info = client.info()
        try:
            self.cpus, self.memory = int(info["NCPU"]), int(info["MemTotal"])
            self.goos, machine = str(info["OSType"]), re.fullmatch(r"\w{1,20}", info["Architecture"])
        except (KeyError, TypeError, ValueError):
            machine = None
        if not machine:
            raise EngineBroken(f"`{address}` does not answer as a Docker engine does", hint="check that address")
        self.goarch: str = _ARCHITECTURES.get(machine[0], machine[0])
        self._names: dict[str, str] = {}  # what people call an image, by its ID

    @classmethod
    def connect(cls) -> Self:
        """Reach the engine that the docker command would reach. Raises EngineUnavailable, or one of its kinds."""
        client, address = connect()
        try:
            host = cls(client, address)
        except BaseException:
            client.close()
            raise
        if host.goos == "linux":
            return host
        host.close()
        raise WrongContainers(
            f"the Docker engine at `{address}` runs {host.goos} containers",
            hint="switch it to Linux containers" + OR_LOCAL,
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    # ---- images ----

    def has_image(self, name: str) -> bool:
        """Return whether the engine has an image."""
        return self.find_image(name) is not None

    def find_image(self, name: str) -> Found | None:
        """Return what the engine says of an image, or None if it does not have it."""
        import docker.errors

        api: Any = self._client.api
        with translated("asked for an image"):
            try:
                found = api.inspect_image(name)
            except docker.errors.APIError as error:
                if isinstance(error, docker.errors.NotFound) or "invalid reference" in str(error):
                    return None
                raise
        if not isinstance(found, dict) or not found.get("Id"):
            raise EngineLost(f"the Docker engine describes no image as `{name}`", hint="check the name of the image")
        self._names[str(found["Id"])] = name
        digests = found.get("RepoDigests") or ()
        return Found(str(found["Id"]), tuple(map(str, digests)), str(found.get("Architecture", "")))

    def make_image(self, name: str, context: IO[bytes]) -> None:
        """Build an image from a tar with a Dockerfile in it."""
        with translated("building the builder image"), without_credentials(self._client):
            self._client.images.build(
                fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, labels={LABEL: "builder"},
                use_config_proxy=False,
            )  # fmt: skip

    def runs(self, goarch: str) -> bool:
        """Return whether programs for an architecture can run here; of others than the two common ones Docker knows."""
        return goarch == self.goarch or not {goarch, self.goarch} <= set(_ARCHITECTURES.values())

    def pull(self, name: str, say: Callable[[str], None]) -> str:
        """Pull an image for this engine's platform and return its digest. Raises ImagePullFailed or DiskFull."""
        wanted = f"linux/{self.goarch}" if self.goarch in _ARCHITECTURES.values() else ""
        return docker_pull.pull(self._client.api, name, wanted, say)

    # ---- containers ----

    def run(  # noqa: PLR0913 - each is a limit or a volume, and has a name
        self, image: str, run: str, *, cache: str, modules: str, source: str = "", online: bool, memory: int
    ) -> Container:
        """Start a container of an image ID that idles until it is told to run something.

        `run` is kept in a label; `cache`, `modules` and `source` are names of volumes, the last one read-only. Memory
        is in bytes. It ends and is removed, with its anonymous volume, as soon as this process no longer keeps its
        standard input open. Raises ImageUnusable.
        """
        shared = {LABEL: "cache"}
        mounts = [mount(WORK, None, self._labels(run)), mount(CACHE, cache, shared), mount(MODULES, modules, shared)]
        if source:
            mounts.append(mount(SOURCE, source, {}, read_only=True))
        api: Any = self._client.api
        limits = api.create_host_config(
            mounts=mounts, network_mode="bridge" if online else "none", mem_limit=memory, memswap_limit=memory,
            pids_limit=4096, read_only=True, cap_drop=["ALL"], security_opt=["no-new-privileges"], auto_remove=True,
            log_config={"Type": "none", "Config": {}},
        )  # fmt: skip
        container = self._container(image)
        try:
            container.begin(image, self._labels(run), limits)
            container.prepare((WORK, CACHE, MODULES))
        except BaseException:
            container.remove()
            raise
        return container

    def make_source_volume(self, run: str, tar: IO[bytes] | Iterable[bytes], image: str) -> str:
        """Create a volume with the content of an uncompressed tar, which is streamed, and return its name.

        Nothing runs: the engine unpacks it for a container of an image ID that is never started. `remove_volume`
        removes it, once no container uses it.
        """
        name = f"{LABEL}-source-{secrets.token_hex(6)}"
        api: Any = self._client.api
        container = self._container(image)
        try:
            mounts = [mount(SOURCE, name, self._labels(run))]
            limits = api.create_host_config(mounts=mounts, network_mode="none", read_only=True)
            container.create(image, self._labels(run), limits)
            container.put_tar(SOURCE, tarball.pieces(tar))
        except BaseException:
            container.remove()
            with contextlib.suppress(ToolkitError):
                self.remove_volume(name)
            raise
        container.remove()
        return name

    def _container(self, image: str) -> Container:
        return Container(self._client.api, f"{LABEL}-{secrets.token_hex(6)}", self._names.get(image, image))

    # ---- what was left behind ----

    @staticmethod
    def _labels(run: str) -> dict[str, str]:
        """Return the labels of what belongs to one run."""
        return {LABEL: run, _MACHINE: platform.node()}

    def owned(self, mine: str = LABEL) -> list[str]:
        """Return what carries a label of the toolkit: containers and volumes, with their kind in front."""
        filters: dict[str, str | list[str] | bool] = {"label": mine}
        with translated("asked for what is there"):
            containers = [f"container {item.name}" for item in self._client.containers.list(all=True, filters=filters)]
            return containers + [f"volume {item.name}" for item in self._client.volumes.list(filters=filters)]

    def remove_volume(self, name: str) -> None:
        """Remove a volume, if it exists."""
        import docker.errors

        with translated("removing a volume"), contextlib.suppress(docker.errors.NotFound):
            self._client.volumes.get(name).remove()

    def sweep(self, *, everything: bool, run: str) -> list[str]:
        """Remove what carries the toolkit's label and return its names.

        That is what earlier runs of one checkout on this machine left, or `everything`: of every checkout, with caches
        and builder images. The caller holds the lock of that checkout, so that none of it is in use.
        """
        labels = [LABEL] if everything else [f"{name}={value}" for name, value in self._labels(run).items()]
        return docker_sweep.sweep(self._client, labels, images=f"{LABEL}=builder" if everything else "")
