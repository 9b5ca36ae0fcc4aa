"""A Docker host: the one module that talks to the Docker SDK, and turns what it raises into errors of ours.

Everything made here carries the label `LABEL`, so that `invoke clean` finds what a killed run left behind.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self

from toolkit.engines import tarball
from toolkit.errors import (
    DiskFull,
    EngineForbidden,
    EngineLost,
    EngineUnavailable,
    ImageUnusable,
)

if TYPE_CHECKING:
    import docker

LABEL = "aws-mfa-toolkit"
USER = 65532  # nobody in particular; the same number as in docker/builder.Dockerfile
WORK = "/work"  # the volume of one container
SCRATCH = f"{WORK}/scratch"  # where the go command may write for a while
CACHE = "/cache"  # the volume of the build cache
MODULES = "/modules"  # the volume of the module cache
_ANSWER_TIMEOUT = 10  # seconds that an engine may take to answer at first …
_WORK_TIMEOUT = 300  # … and later, when it works for us; what a command says in a container is waited for without limit


@contextlib.contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn a failure of the engine, or of the way to it, into EngineLost or DiskFull."""
    import docker.errors
    import requests.exceptions

    try:
        yield
    except (docker.errors.APIError, docker.errors.DockerException) as error:
        said = str(getattr(error, "explanation", None) or error)
        if "no space left on device" in said:
            message = f"the Docker engine has no room left, {doing}"
            raise DiskFull(
                message, hint="`invoke clean --all`, or `docker system prune`, frees some; then run it again"
            ) from None
        raise EngineLost(
            f"the Docker engine failed, {doing}: {said.strip()}",
            hint="look at the engine's own log, then run the same command again",
        ) from None
    except (requests.exceptions.RequestException, OSError) as error:
        raise EngineLost(
            f"the Docker engine stopped answering, {doing} ({type(error).__name__})",
            hint="start it again, then run the same command: what was built is kept",
        ) from None


@dataclass(frozen=True)
class Result:
    """How a command in a container ended."""

    code: int
    output: str  # standard output
    said: str  # standard output and standard error


class Host:
    """A Docker engine that answers. It may be used from several threads."""

    def __init__(self, client: docker.DockerClient) -> None:
        """Take a client that is connected, and ask for what is told of the engine."""
        self._client = client
        with _translated("asked what it is"):
            info = client.info()
        self.cpus, self.memory = int(info["NCPU"]), int(info["MemTotal"])
        self.goos: str = info["OSType"]
        self.goarch: str = {"x86_64": "amd64", "aarch64": "arm64"}.get(info["Architecture"], info["Architecture"])
        self.address: str = client.api.base_url

    @classmethod
    def connect(cls) -> Self:
        """Reach the engine that the docker command would reach. Raises EngineUnavailable or EngineForbidden."""
        import docker.errors
        import requests.exceptions
        from docker.context import ContextAPI

        import docker

        address = os.environ.get("DOCKER_HOST", "")
        try:
            if address:
                client = docker.from_env(timeout=_ANSWER_TIMEOUT)
            else:
                context = ContextAPI.get_current_context()
                address = str(context.Host)
                client = docker.DockerClient(base_url=address, tls=context.TLSConfig or False, timeout=_ANSWER_TIMEOUT)
            client.ping()
            client.api.timeout = _WORK_TIMEOUT
        except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError) as error:
            raise _unreachable(address, error) from None
        host = cls(client)
        if host.goos != "linux":
            raise EngineUnavailable(
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

        with _translated("asked for an image"):
            try:
                self._client.images.get(name)
            except docker.errors.ImageNotFound:
                return False
        return True

    def make_image(self, name: str, context: IO[bytes]) -> None:
        """Build an image from a tar with a Dockerfile in it."""
        with _translated("building the builder image"):
            self._client.images.build(
                fileobj=context, custom_context=True, tag=name, rm=True, forcerm=True, labels={LABEL: "builder"}
            )

    # ---- containers ----

    def run(self, image: str, run: str, cache: str, *, online: bool, memory: int) -> Container:
        """Start a container that idles until it is told to run something.

        `run` is kept in a label. Its memory is in bytes. It ends and is removed, with its own volume, as soon as this
        process is no longer there to hold its standard input. Raises ImageUnusable.
        """
        import docker.errors
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
        with _translated("starting a container"):
            try:
                made = api.create_container(
                    image, entrypoint=["gofmt"], command=[], user=f"{USER}:{USER}", stdin_open=True, working_dir=WORK,
                    labels={LABEL: run}, host_config=limits,
                )["Id"]  # fmt: skip
            except docker.errors.ImageNotFound:
                raise ImageUnusable(
                    f"there is no image `{image}` on the Docker engine",
                    hint=f"`docker pull {image}`, or leave out `--image`",
                ) from None
            stdin = api.attach_socket(made, params={"stdin": 1, "stream": 1})
            container = Container(api, made, stdin)
            try:
                api.start(made)
            except docker.errors.APIError as error:
                container.remove()
                if "executable file not found" not in str(error) and "no such file" not in str(error):
                    raise
                raise ImageUnusable(
                    f"the image `{image}` has no `go` on its PATH",
                    hint="name an image that has Go, or leave out `--image`",
                ) from None
            for volume in (WORK, CACHE, MODULES):
                container.put(volume, {}, folders=("go", "scratch"))
        return container

    # ---- what was left behind ----

    def sweep(self, *, everything: bool, run: str) -> list[str]:
        """Remove what carries our label and return its names.

        That is what runs of one checkout left, or `everything`: of every checkout, with caches and builder images.
        """
        gone: list[str] = []
        mine: dict[str, str | list[str] | bool] = {"label": LABEL if everything else f"{LABEL}={run}"}
        with _translated("removing what was left behind"):
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


class Container:
    """A running container."""

    def __init__(self, api: docker.APIClient, ident: str, stdin: Any) -> None:
        """Take a container, and the standard input that keeps it alive."""
        self._api, self._id, self._stdin = api, ident, stdin
        self.holds = ""  # the digest of the source that was sent there

    def put(self, folder: str, files: Mapping[str, bytes], folders: tuple[str, ...] = ()) -> None:
        """Write files below a folder of a volume, owned by the user that the commands run as."""
        packed = tarball.pack(files, owner=USER, folders=folders)
        with _translated("sending files"):
            self._api.put_archive(self._id, folder, packed)

    def get(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        import docker.errors

        with _translated("fetching a file"):
            try:
                chunks, _ = self._api.get_archive(self._id, path, chunk_size=1 << 21)
            except docker.errors.NotFound:
                return None
            return tarball.only_file(b"".join(chunks))

    def exec(self, argv: tuple[str, ...], env: Mapping[str, str], folder: str, *, seconds: float) -> Result | None:
        """Run a command to its end; None if it was not done in time, and then the container is gone.

        The Docker API cannot end a command in a container, only the container.
        """
        with _translated("running the go command"):
            made = self._api.exec_create(
                self._id, list(argv), environment=dict(env), workdir=folder, user=f"{USER}:{USER}"
            )["Id"]
            late = threading.Event()

            def end() -> None:
                late.set()
                self.remove()

            timer = threading.Timer(seconds, end)
            timer.daemon = True
            timer.start()
            try:
                pieces = list(self._api.exec_start(made, stream=True, demux=True))
                if not late.is_set():
                    code = self._api.exec_inspect(made)["ExitCode"]
            except Exception:
                if not late.is_set():
                    raise
            finally:
                timer.cancel()
        if late.is_set():
            return None
        output = b"".join(out for out, _ in pieces if out)
        said = b"".join(piece for both in pieces for piece in both if piece)
        return Result(-1 if code is None else code, output.decode("utf-8", "replace"), said.decode("utf-8", "replace"))

    def remove(self) -> None:
        """End and remove it, with its volume. It may be gone already, and so may the engine."""
        import docker.errors
        import requests.exceptions

        with contextlib.suppress(docker.errors.DockerException, requests.exceptions.RequestException, OSError):
            self._api.remove_container(self._id, force=True, v=True)
        with contextlib.suppress(Exception):
            self._stdin.close()


def _unreachable(address: str, error: Exception) -> EngineUnavailable:
    """Tell why an engine cannot be reached, from the chain of exceptions that the SDK and requests wrap it in."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__ or next((a for a in link.args if isinstance(a, BaseException)), None)
    if any(isinstance(item, PermissionError) for item in chain):
        hint = "`sudo usermod -aG docker $USER` and a new login allow it; or use `--engine local`"
        return EngineForbidden(f"you may not use the Docker engine at `{address}`: permission denied", hint=hint)
    where = f"`{address}` (DOCKER_HOST)" if os.environ.get("DOCKER_HOST") else f"`{address}`"
    message = f"no Docker engine answers at {where}"
    hint = "start Docker Desktop, or `sudo systemctl start docker`; or use `--engine local`"
    if os.environ.get("DOCKER_HOST"):
        hint = "mend or unset DOCKER_HOST; or use `--engine local`"
    return EngineUnavailable(message, hint=hint)
