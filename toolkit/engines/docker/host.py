"""A Docker host: the engine that the docker command would use, its images, containers and volumes.

Everything made here has the label `LABEL`, so that later runs and `invoke clean` find the leftovers of a killed run.
"""

from __future__ import annotations

import contextlib
import platform
import re
import secrets
from collections.abc import Callable, Iterable
from typing import IO, TYPE_CHECKING, Any, Self

from toolkit import engines as names
from toolkit.engines.docker import pull as docker_pull
from toolkit.engines.docker import sweep as docker_sweep
from toolkit.engines.docker import tarball
from toolkit.engines.docker.connect import connect, without_credentials
from toolkit.engines.docker.container import LABEL, WORK, Container
from toolkit.engines.docker.errors import OR_LOCAL, translated
from toolkit.engines.docker.pull import Found
from toolkit.engines.docker.volumes import mount
from toolkit.errors import EngineBroken, EngineLost, ToolkitError, WrongContainers

if TYPE_CHECKING:
    import docker

SCRATCH = f"{WORK}/scratch"  # temporary files of the go command
CACHE = "/cache"  # the volume of the build cache
MODULES = f"/{names.MODULES}"  # the volume of the module cache
SOURCE = f"/{names.COMPILE}"  # the read-only volume of the source
_MACHINE = f"{LABEL}-machine"  # a label: several machines may share an engine and have the same paths
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # the kernel's names, and Go's


class Host:
    """A Docker engine that answers. It may be used from several threads."""

    def __init__(self, client: docker.DockerClient, address: str) -> None:
        """Ask the engine of a connected client about its system."""
        self._client, self.address = client, address
        with translated("describing itself"):
            info = client.info()
        try:
            self.cpus, self.memory = int(info["NCPU"]), int(info["MemTotal"])
            self.goos, machine = str(info["OSType"]), re.fullmatch(r"\w{1,20}", info["Architecture"])
        except (KeyError, TypeError, ValueError):
            machine = None
        if not machine:
            raise EngineBroken(f"unexpected response from `{address}`: not a Docker engine", hint="check that address")
        self.goarch: str = _ARCHITECTURES.get(machine[0], machine[0])
        self._names: dict[str, str] = {}  # the name of an image in messages, by its ID

    @classmethod
    def connect(cls) -> Self:
        """Connect to the engine that the docker command would use. Raises EngineUnavailable or a subclass of it."""
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
        """Return the engine's description of an image, or None if it does not have it."""
        import docker.errors

        api: Any = self._client.api
        with translated("describing an image"):
            try:
                found = api.inspect_image(name)
            except docker.errors.APIError as error:
                if isinstance(error, docker.errors.NotFound) or "invalid reference" in str(error):
                    return None
                raise
        if not isinstance(found, dict) or not found.get("Id"):
            raise EngineLost(
                f"the Docker engine returned no description of the image `{name}`", hint="check the name of the image"
            )
        self._names[str(found["Id"])] = name
        digests = found.get("RepoDigests") or ()
        return Found(str(found["Id"]), tuple(map(str, digests)), str(found.get("Architecture", "")))

    def make_image(self, name: str, context: IO[bytes]) -> None:
        """Build an image from a tar that contains a Dockerfile."""
        with translated("building the builder image"), without_credentials(self._client):
            self._client.images.build(
                fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, labels={LABEL: "builder"},
                use_config_proxy=False,
            )  # fmt: skip

    def runs(self, goarch: str) -> bool:
        """Whether this engine can run programs for an architecture; Docker decides for all but the two common ones."""
        return goarch == self.goarch or not {goarch, self.goarch} <= set(_ARCHITECTURES.values())

    def pull(self, name: str, say: Callable[[str], None]) -> str:
        """Pull an image for this engine's platform and return its digest. Raises ImagePullFailed or DiskFull."""
        wanted = f"linux/{self.goarch}" if self.goarch in _ARCHITECTURES.values() else ""
        return docker_pull.pull(self._client.api, name, wanted, say)

    # ---- containers ----

    def run(  # noqa: PLR0913 - each is a limit or a volume, and has a name
        self, image: str, run: str, *, cache: str, modules: str, source: str = "", online: bool, memory: int
    ) -> Container:
        """Start a container of an image ID that idles until a command is run in it.

        `run` is stored in a label; `cache`, `modules` and `source` are names of volumes, the last one read-only. Memory
        is in bytes. The container ends, and the engine removes it with its anonymous volume, as soon as this process
        closes its standard input. Raises ImageUnusable.
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

        No program runs: the engine unpacks it for a container of an image ID that is never started. `remove_volume`
        removes the volume when no container uses it.
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

    # ---- leftovers ----

    @staticmethod
    def _labels(run: str) -> dict[str, str]:
        """Return the labels of everything that belongs to one run."""
        return {LABEL: run, _MACHINE: platform.node()}

    def owned(self, mine: str = LABEL) -> list[str]:
        """Return the containers and volumes that have a label of the toolkit, each with its kind in front."""
        filters: dict[str, str | list[str] | bool] = {"label": mine}
        with translated("listing containers and volumes"):
            containers = [f"container {item.name}" for item in self._client.containers.list(all=True, filters=filters)]
            return containers + [f"volume {item.name}" for item in self._client.volumes.list(filters=filters)]

    def remove_volume(self, name: str) -> None:
        """Remove a volume, if it exists."""
        import docker.errors

        with translated("removing a volume"), contextlib.suppress(docker.errors.NotFound):
            self._client.volumes.get(name).remove()

    def sweep(self, *, everything: bool, run: str) -> list[str]:
        """Remove everything with the toolkit's label and return its names.

        By default these are the leftovers of earlier runs of one checkout on this machine. With `everything`, they are
        those of every checkout, with caches and builder images. The caller holds the lock of that checkout, so that
        none of it is in use.
        """
        labels = [LABEL] if everything else [f"{name}={value}" for name, value in self._labels(run).items()]
        return docker_sweep.sweep(self._client, labels, images=f"{LABEL}=builder" if everything else "")
