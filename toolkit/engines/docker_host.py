"""A Docker host: the engine that the docker command would reach, its images, containers and volumes.

Everything made here carries the label `LABEL`, so that `invoke clean` finds what a killed run left behind.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from typing import IO, TYPE_CHECKING, Self

from toolkit.engines.docker_container import LABEL, WORK, Container
from toolkit.engines.docker_errors import translated, unreachable
from toolkit.errors import EngineBroken

if TYPE_CHECKING:
    import docker

SCRATCH = f"{WORK}/scratch"  # where the go command may write for a while
CACHE = "/cache"  # the volume of the build cache
MODULES = "/modules"  # the volume of the module cache
_ANSWER_TIMEOUT = 10  # seconds that an engine may take to answer at first …
_WORK_TIMEOUT = 300  # … and later, when it works for us; what a command says in a container is waited for without limit


class Host:
    """A Docker engine that answers. It may be used from several threads."""

    def __init__(self, client: docker.DockerClient, address: str) -> None:
        """Take a client that is connected, and ask for what is told of the engine."""
        self._client, self.address = client, address
        with translated("asked what it is"):
            info = client.info()
        self.cpus, self.memory = int(info["NCPU"]), int(info["MemTotal"])
        self.goos: str = info["OSType"]
        self.goarch: str = {"x86_64": "amd64", "aarch64": "arm64"}.get(info["Architecture"], info["Architecture"])

    @classmethod
    def connect(cls) -> Self:
        """Reach the engine that the docker command would reach. Raises EngineUnavailable, or one of its kinds."""
        import docker.errors
        import requests.exceptions

        import docker

        address = os.environ.get("DOCKER_HOST", "")
        # What people may have written into DOCKER_HOST or ~/.docker/config.json is more than the SDK looks for.
        mistakes = (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError)
        try:
            if address:
                _knock(address)
                client = docker.from_env(timeout=_ANSWER_TIMEOUT)
            else:
                address, client = _of_context()
            client.ping()
            client.api.timeout = _WORK_TIMEOUT
        except (*mistakes, AttributeError, TypeError) as error:
            raise unreachable(address or "the current docker context", error) from None
        host = cls(client, address)
        if host.goos != "linux":
            raise EngineBroken(
                f"the Docker engine at `{address}` runs {host.goos} containers",
                hint="switch it to Linux containers, or use `--engine local`",
            )
        return host

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    # ---- images ----

    def has_image(self, name: str) -> bool:
        """Tell whether an image is there."""
        import docker.errors

        with translated("asked for an image"):
            try:
                self._client.images.get(name)
            except docker.errors.ImageNotFound:
                return False
        return True

    def make_image(self, name: str, context: IO[bytes]) -> None:
        """Build an image from a tar with a Dockerfile in it."""
        with translated("building the builder image"):
            self._client.images.build(
                fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, labels={LABEL: "builder"}
            )

    # ---- containers ----

    def run(self, image: str, run: str, cache: str, *, online: bool, memory: int) -> Container:
        """Start a container that idles until it is told to run something.

        `run` is kept in a label. Its memory is in bytes. It ends and is removed, with its own volume, as soon as this
        process is no longer there to hold its standard input. Raises ImageUnusable.
        """
        from docker.types import Mount

        api = self._client.api
        mounts = [
            Mount(WORK, None, type="volume", labels={LABEL: run}),
            Mount(CACHE, cache, type="volume", labels={LABEL: "cache"}),
            Mount(MODULES, f"{LABEL}-modules", type="volume", labels={LABEL: "cache"}),
        ]
        limits = api.create_host_config(
            mounts=mounts, network_mode="bridge" if online else "none", mem_limit=memory, memswap_limit=memory,
            pids_limit=4096, read_only=True, cap_drop=["ALL"], security_opt=["no-new-privileges"], auto_remove=True,
        )  # fmt: skip
        container = Container(api, f"{LABEL}-{secrets.token_hex(6)}")
        try:
            container.begin(image, run, limits)
            for volume in (WORK, CACHE, MODULES):
                container.put(volume, {}, folders=("go", "scratch"))
        except BaseException:
            container.remove()
            raise
        return container

    # ---- what was left behind ----

    def owned(self, mine: str = LABEL) -> list[str]:
        """Return what carries a label of ours: containers and volumes, with their kind in front."""
        filters: dict[str, str | list[str] | bool] = {"label": mine}
        with translated("asked for what is there"):
            containers = [f"container {item.name}" for item in self._client.containers.list(all=True, filters=filters)]
            return containers + [f"volume {item.name}" for item in self._client.volumes.list(filters=filters)]

    def make_volume(self, name: str) -> None:
        """Make a volume."""
        with translated("making a volume"):
            self._client.volumes.create(name, labels={LABEL: "cache"})

    def remove_volume(self, name: str) -> None:
        """Remove a volume, if it is there."""
        import docker.errors

        with translated("removing a volume"), contextlib.suppress(docker.errors.NotFound):
            self._client.volumes.get(name).remove()

    def sweep(self, *, everything: bool, run: str) -> list[str]:
        """Remove what carries our label and return its names.

        That is what runs of one checkout left, or `everything`: of every checkout, with caches and builder images.
        """
        gone: list[str] = []
        mine: dict[str, str | list[str] | bool] = {"label": LABEL if everything else f"{LABEL}={run}"}
        with translated("removing what was left behind"):
            for container in self._client.containers.list(all=True, filters=mine):
                container.remove(force=True, v=True)
                gone.append(f"container {container.name}")
            for volume in self._client.volumes.list(filters=mine):
                volume.remove(force=True)
                gone.append(f"volume {volume.name}")
            if everything:
                for image in self._client.images.list(filters={"label": f"{LABEL}=builder"}):
                    self._client.images.remove(str(image.id), force=True)
                    gone.append(f"image {', '.join(image.tags) or image.short_id}")
        return gone


def _knock(address: str) -> None:
    """Try whether a Unix socket takes a connection: the SDK leaves the socket of one that fails open."""
    kind, _, path = address.partition("://")
    if kind == "unix" and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as unix:
            unix.settimeout(_ANSWER_TIMEOUT)
            unix.connect(path)


def _of_context() -> tuple[str, docker.DockerClient]:
    """Return the address, and a client, of the engine that `docker context use` chose."""
    from docker.context import ContextAPI

    import docker

    name = os.environ.get("DOCKER_CONTEXT", "")
    context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    _knock(str(context.Host))
    client = docker.DockerClient(base_url=context.Host, tls=context.TLSConfig or False, timeout=_ANSWER_TIMEOUT)
    return str(context.Host), client
