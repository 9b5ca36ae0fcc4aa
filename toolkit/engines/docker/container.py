"""A container that runs the go command: created, filled and removed through the Docker SDK."""

from __future__ import annotations

import contextlib
import io
import itertools
import threading
from collections.abc import Iterable, Mapping
from concurrent import futures
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit.engines.docker import tarball
from toolkit.engines.docker.errors import translated
from toolkit.engines.docker.output import TooMuch, close, printed
from toolkit.errors import ImageUnusable

if TYPE_CHECKING:
    import docker

LABEL = "aws-mfa-toolkit"  # on everything made on an engine, so that `invoke clean` finds it
USER = 65532  # an ID without any rights; docker/builder.Dockerfile has the same number
WORK = "/build"  # the volume of one container
OTHER_IMAGE = "use an image with Go 1.21 or newer, or leave out `--image`"
_COPIED = 8  # pieces of 2 MiB: the copied files have a few hundred bytes
_REMOVAL_TIMEOUT = 10  # seconds


@dataclass(frozen=True)
class Result:
    """How a command in a container ended."""

    code: int
    output: str  # standard output
    said: str  # standard output and standard error
    errors: str = ""  # standard error alone


class Container:
    """A container of an image that is not trusted: the toolkit limits size and kind of everything that comes out."""

    def __init__(self, api: docker.APIClient, name: str, image: str = "") -> None:
        """Name a container that does not exist yet; `image` is the name of its image in messages."""
        self._api, self._id, self._image = api, name, image
        self._stdin: Any = io.BytesIO()
        self._making: futures.Future[object] = futures.Future()
        self._making.set_result(None)  # nothing to wait for before it is removed

    def begin(self, image: str, labels: Mapping[str, str], limits: Mapping[str, Any]) -> None:
        """Create and start it; it idles on its standard input, which this process keeps open. Raises ImageUnusable."""
        import docker.errors

        self.create(image, labels, limits)
        with translated("starting a container"):
            try:
                self._stdin = self._api.attach_socket(self._id, params={"stdin": 1, "stream": 1})
                self._api.start(self._id)
            except docker.errors.APIError as error:
                if "executable file not found" not in str(error) and "no such file" not in str(error):
                    raise
                raise self.unusable("has no `go` on its PATH") from None

    def prepare(self, volumes: Iterable[str]) -> None:
        """Make the directories in its volumes that commands work in. Raises ImageUnusable if it ended meanwhile."""
        import docker.errors

        api: Any = self._api
        try:
            for volume in volumes:
                self.put(volume, {}, folders=("go", "scratch"))
        finally:  # while the engine removes it, calls fail in many ways
            with translated("starting a container"):
                try:
                    running = api.inspect_container(self._id)["State"]["Running"]
                except docker.errors.NotFound:
                    running = False
                if not running:
                    raise self.unusable("cannot keep a container running: its `gofmt` exited immediately")

    def create(self, image: str, labels: Mapping[str, str], limits: Mapping[str, Any]) -> None:
        """Create it but do not start it. Raises ImageUnusable."""
        import docker.errors

        self._image = self._image or image
        # The SDK puts the proxies of Docker's configuration, which may contain passwords, into a container's variables.
        reaching = limits.get("NetworkMode") != "none"
        with translated("creating a container"):
            try:
                self._create(
                    image=image, name=self._id, entrypoint=["gofmt"], command=[], user=f"{USER}:{USER}",
                    stdin_open=True, working_dir=WORK, labels=dict(labels), host_config=dict(limits),
                    healthcheck={"test": ["NONE"]}, use_config_proxy=reaching,
                )  # fmt: skip
            except docker.errors.ImageNotFound:
                raise ImageUnusable(
                    f"there is no image `{self._image}` on the Docker engine",
                    hint="run the same command again: it was removed meanwhile",
                ) from None

    def unusable(self, why: str, doing: str = "") -> ImageUnusable:
        """Return an error that blames the image: `the image X ran no go`."""
        return ImageUnusable(f"{doing}the image `{self._image}` {why}", hint=OTHER_IMAGE)

    def _create(self, **what: Any) -> None:
        """Create it in a separate thread.

        Ctrl-C reaches the main thread. If that thread made the request, it would try to remove the container while the
        engine was still creating it, and nobody would remove the result.
        """
        making = self._making = futures.Future()

        def make() -> None:
            try:
                making.set_result(self._api.create_container(**what))
            except Exception as error:  # noqa: BLE001 - raised again by the thread that waits for the result
                making.set_exception(error)

        threading.Thread(target=make, daemon=True).start()
        making.result()

    def put(self, folder: str, files: Mapping[str, bytes], folders: tuple[str, ...] = ()) -> None:
        """Write files below a directory of a volume, owned by the user that the commands run as."""
        packed = tarball.pack(files, owner=USER, folders=folders)
        with translated("sending files"):
            self._api.put_archive(self._id, folder, packed)

    def put_tar(self, folder: str, chunks: Iterable[bytes]) -> None:
        """Unpack an archive below a directory of a volume, without loading it into memory."""
        with translated("receiving the source"):
            self._api.put_archive(self._id, folder, chunks)

    def get(self, path: str) -> bytes | None:
        """Return a file's bytes, or None if it does not exist. Raises ImageUnusable for anything except one file."""
        import docker.errors

        with translated("sending a file"):
            try:
                chunks, _ = self._api.get_archive(self._id, path, chunk_size=1 << 21)
            except docker.errors.NotFound:
                return None
            except docker.errors.APIError as error:
                if "too many l" not in str(error):  # links, or levels of links
                    raise
                raise self.unusable(f"left a `{path}` that is a symbolic link to itself") from None
            try:
                return tarball.only_file(chunks)
            except tarball.NotOneFile as error:
                raise self.unusable(f"left a `{path}` that {error}") from None
            finally:
                chunks.close()

    def copy(self, path: str, folder: str) -> None:
        """Copy a small directory, if it exists, below another directory of the container's volumes."""
        import docker.errors

        with translated("copying files"):
            try:
                chunks, _ = self._api.get_archive(self._id, path)
            except docker.errors.NotFound:
                return
            try:
                data = b"".join(itertools.islice(chunks, _COPIED))
            finally:
                chunks.close()
            self._api.put_archive(self._id, folder, data)

    def exec(self, argv: tuple[str, ...], env: Mapping[str, str], folder: str, *, seconds: float) -> Result | None:
        """Run a command to its end. Return None if it exceeds its time limit; the container is removed then.

        The Docker API cannot stop a command in a container, only the container. Raises ImageUnusable if the command
        prints more than any go command does.
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
                output, errors = printed(self._api.exec_start(made, stream=True, demux=True))
                if not late.is_set():
                    code = self._api.exec_inspect(made)["ExitCode"]
            except TooMuch as error:
                what = f"`{' '.join(argv[:2])}` printed {error}: "
                raise self.unusable("is broken or hostile", what) from None
            except Exception:
                if not late.is_set():
                    raise
            finally:
                timer.cancel()
        if late.is_set():
            return None
        texts = [piece.decode("utf-8", "replace") for piece in (output, errors)]
        return Result(-1 if code is None else code, texts[0], "".join(texts), texts[1])

    def remove(self) -> None:
        """Stop and remove it, with its volume. The container and the engine may be gone already."""
        import docker.errors
        import requests.exceptions

        futures.wait([self._making], timeout=_REMOVAL_TIMEOUT)
        with contextlib.suppress(docker.errors.DockerException, requests.exceptions.RequestException, OSError):
            try:
                self._api.remove_container(self._id, force=True, v=True)
            except docker.errors.APIError:  # the engine is removing it already and keeps its volumes until then
                self._api.wait(self._id, timeout=_REMOVAL_TIMEOUT, condition="removed")
        close(self._stdin)
