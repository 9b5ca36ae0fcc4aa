"""A container that runs the go command: made, fed and removed through the Docker SDK."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.engines import tarball
from toolkit.engines.docker_errors import translated
from toolkit.errors import ImageUnusable

if TYPE_CHECKING:
    import docker

LABEL = "aws-mfa-toolkit"  # what everything made on an engine carries, so that `invoke clean` finds it
USER = 65532  # nobody in particular; the same number as in docker/builder.Dockerfile
WORK = "/build"  # the volume of one container
_REMOVAL_TIMEOUT = 10  # seconds


@dataclass(frozen=True)
class Result:
    """How a command in a container ended."""

    code: int
    output: str  # standard output
    said: str  # standard output and standard error


class Container:
    """A running container."""

    def __init__(self, api: docker.APIClient, name: str) -> None:
        """Name a container that is not there yet."""
        self._api, self._id = api, name
        self._stdin: Any = io.BytesIO()
        self._making: futures.Future[object] = futures.Future()
        self._making.set_result(None)  # nothing has to be waited for before it is removed
        self.holds = ""  # the digest of the source that was sent there

    def begin(self, image: str, run: str, limits: Mapping[str, Any]) -> None:
        """Make and start it, idling on its standard input, which this process holds. Raises ImageUnusable."""
        import docker.errors

        with translated("starting a container"):
            try:
                self._create(
                    image=image, name=self._id, entrypoint=["gofmt"], command=[], user=f"{USER}:{USER}",
                    stdin_open=True, working_dir=WORK, labels={LABEL: run}, host_config=dict(limits),
                )  # fmt: skip
                self._stdin = self._api.attach_socket(self._id, params={"stdin": 1, "stream": 1})
                self._api.start(self._id)
            except docker.errors.ImageNotFound:
                raise ImageUnusable(
                    f"there is no image `{image}` on the Docker engine",
                    hint=f"`docker pull {image}`, or leave out `--image`",
                ) from None
            except docker.errors.APIError as error:
                if "executable file not found" not in str(error) and "no such file" not in str(error):
                    raise
                raise ImageUnusable(
                    f"the image `{image}` has no `go` on its PATH",
                    hint="name an image that has Go, or leave out `--image`",
                ) from None

    def _create(self, **what: Any) -> None:
        """Make it, in a thread of its own.

        Ctrl-C comes to the main thread. If that had asked, it would try to remove what the engine is just making, and
        nobody would remove what was made then.
        """
        making = self._making = futures.Future()

        def make() -> None:
            try:
                making.set_result(self._api.create_container(**what))
            except Exception as error:  # noqa: BLE001 - it is raised where the result is waited for
                making.set_exception(error)

        threading.Thread(target=make, daemon=True).start()
        making.result()

    def put(self, folder: str, files: Mapping[str, bytes], folders: tuple[str, ...] = ()) -> None:
        """Write files below a folder of a volume, owned by the user that the commands run as."""
        packed = tarball.pack(files, owner=USER, folders=folders)
        with translated("sending files"):
            self._api.put_archive(self._id, folder, packed)

    def get(self, path: str) -> bytes | None:
        """Return a file's bytes, or None where there is none."""
        import docker.errors

        with translated("fetching a file"):
            try:
                chunks, _ = self._api.get_archive(self._id, path, chunk_size=1 << 21)
            except docker.errors.NotFound:
                return None
            return tarball.only_file(b"".join(chunks))

    def exec(self, argv: tuple[str, ...], env: Mapping[str, str], folder: str, *, seconds: float) -> Result | None:
        """Run a command to its end; None if it was not done in time, and then the container is gone.

        The Docker API cannot end a command in a container, only the container.
        """
        with translated("running the go command"):
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
                output, errors = self._api.exec_start(made, demux=True)
                if not late.is_set():
                    code = self._api.exec_inspect(made)["ExitCode"]
            except Exception:
                if not late.is_set():
                    raise
            finally:
                timer.cancel()
        if late.is_set():
            return None
        texts = [(piece or b"").decode("utf-8", "replace") for piece in (output, errors)]
        return Result(-1 if code is None else code, texts[0], "".join(texts))

    def remove(self) -> None:
        """End and remove it, with its volume. It may be gone already, and so may the engine."""
        import docker.errors
        import requests.exceptions

        futures.wait([self._making], timeout=_REMOVAL_TIMEOUT)
        with contextlib.suppress(docker.errors.DockerException, requests.exceptions.RequestException, OSError):
            try:
                self._api.remove_container(self._id, force=True, v=True)
            except docker.errors.APIError:  # the engine is removing it already; until then it holds its volumes
                self._api.wait(self._id, timeout=_REMOVAL_TIMEOUT, condition="removed")
        with contextlib.suppress(OSError, ValueError):
            # What the SDK hands out is a part of a response, and only closing that closes the socket.
            getattr(self._stdin, "_response", self._stdin).close()
