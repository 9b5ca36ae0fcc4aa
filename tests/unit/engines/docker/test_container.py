"""A container on an engine that is a class of this file: it stores all requests and has an answer to each."""

from __future__ import annotations

import contextlib
import io
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import docker.errors
import pytest

from toolkit.engines.docker.container import LABEL, Container, Result
from toolkit.engines.docker.tarball import pack
from toolkit.errors import EngineLost, ImageUnusable

if TYPE_CHECKING:
    import docker


class FakeStdin(io.BytesIO):
    """A standard input as the SDK returns it: a part of a response, which keeps the connection open."""

    def __init__(self) -> None:
        """Begin with an open response."""
        super().__init__()
        self._response = io.BytesIO()

    @property
    def let_go(self) -> bool:
        """Whether the connection was closed."""
        return self._response.closed


class Printed:
    """The output of a command, as the SDK returns it: closing its response ends it."""

    def __init__(self, output: Iterator[tuple[bytes | None, bytes | None]]) -> None:
        """Store the output, and an open response."""
        self._output, self._response = output, io.BytesIO()

    def __iter__(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        """Return the output."""
        return self._output


@dataclass
class FakeApi:
    """The part of the SDK's client that a container uses."""

    said: tuple[bytes | None, bytes | None] = (b"", b"")
    times: int = 1  # the number of such answers
    code: int | None = 0
    raises: dict[str, Exception] = field(default_factory=dict)  # by the name of the request
    silent: bool = False  # a command that never ends
    running: bool = True
    archive: bytes = b""  # the archive for a file
    asked: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    stdin: FakeStdin = field(default_factory=FakeStdin)
    removed: threading.Event = field(default_factory=threading.Event)

    def _ask(self, what: str, /, **given: Any) -> None:
        self.asked.append(what)
        self.given |= given
        if what in self.raises:
            raise self.raises[what]

    def create_container(self, image: str, **given: Any) -> None:
        """Make a container."""
        self._ask("create_container", image=image, **given)

    def attach_socket(self, _name: str, **given: Any) -> FakeStdin:
        """Return its standard input."""
        self._ask("attach_socket", **given)
        return self.stdin

    def start(self, _name: str) -> None:
        """Start it."""
        self._ask("start")

    def inspect_container(self, _name: str) -> dict[str, dict[str, bool]]:
        """Report whether it runs."""
        self._ask("inspect_container")
        return {"State": {"Running": self.running}}

    def put_archive(self, _name: str, folder: str, data: bytes) -> None:
        """Take files."""
        self._ask("put_archive", folder=folder, data=data)

    def get_archive(self, _name: str, path: str, **_: Any) -> tuple[Iterator[bytes], None]:
        """Return a file, in pieces."""
        self._ask("get_archive")
        data = self.archive or pack({path.rpartition("/")[2]: b"content"}, owner=0)

        def chunks() -> Iterator[bytes]:
            try:
                yield data[:700]
                yield data[700:]
            finally:
                self.asked.append("archive closed")

        return chunks(), None

    def exec_create(self, _name: str, argv: list[str], **given: Any) -> dict[str, str]:
        """Accept a command."""
        self._ask("exec_create", argv=argv, **given)
        return {"Id": "exec"}

    def exec_start(self, _name: str, *, demux: bool, stream: bool) -> Printed:
        """Run it."""
        assert demux
        assert stream
        if not self.silent:
            self._ask("exec_start")
        return Printed(self._output())

    def _output(self) -> Iterator[tuple[bytes | None, bytes | None]]:
        if self.silent:
            assert self.removed.wait(10)
            return
        for _ in range(self.times):
            yield self.said

    def exec_inspect(self, _name: str) -> dict[str, int | None]:
        """Report how it ended."""
        self._ask("exec_inspect")
        return {"ExitCode": self.code}

    def remove_container(self, _name: str, **given: Any) -> None:
        """Remove the container."""
        self.removed.set()
        self._ask("remove_container", **given)

    def wait(self, _name: str, **given: Any) -> None:
        """Wait until it is removed."""
        self._ask("wait", **given)


def container(api: FakeApi) -> Container:
    """Return a container on a fake engine."""
    return Container(cast("docker.APIClient", api), "name")


def run(api: FakeApi, seconds: float = 10) -> Result | None:
    """Run a command there."""
    return container(api).exec(("go", "version"), {"A": "1"}, "/build", seconds=seconds)


# --- beginning and ending --------------------------------------------------------------------------------------------


def test_a_container_idles_as_a_user_without_privileges() -> None:
    """It runs a program that waits for standard input, which this process keeps open; a label names its owner."""
    api = FakeApi()
    container(api).begin("image", {LABEL: "run"}, {"ReadonlyRootfs": True})
    assert api.asked == ["create_container", "attach_socket", "start"]
    assert (api.given["entrypoint"], api.given["stdin_open"], api.given["user"]) == (["gofmt"], True, "65532:65532")
    assert (api.given["labels"], api.given["name"]) == ({LABEL: "run"}, "name")
    assert api.given["host_config"] == {"ReadonlyRootfs": True}
    assert (api.given["command"], api.given["working_dir"]) == ([], "/build")
    assert api.given["params"] == {"stdin": 1, "stream": 1}


@pytest.mark.parametrize(
    ("raises", "message"),
    [
        ({"create_container": docker.errors.ImageNotFound("no such image")}, "there is no image `image`"),
        ({"start": docker.errors.APIError('exec: "gofmt": executable file not found in $PATH')}, "has no `go`"),
        ({"start": docker.errors.APIError("gofmt: no such file or directory")}, "has no `go`"),
    ],
)
def test_an_image_that_cannot_run_go_is_named(raises: dict[str, Exception], message: str) -> None:
    """The error contains the name that the user typed."""
    with pytest.raises(ImageUnusable, match=message):
        container(FakeApi(raises=raises)).begin("image", {LABEL: "run"}, {})


def test_any_other_failure_is_the_engines() -> None:
    """It is not blamed on the image."""
    api = FakeApi(raises={"start": docker.errors.APIError("500", explanation="cgroups are broken")})
    with pytest.raises(EngineLost, match="starting a container: cgroups are broken"):
        container(api).begin("image", {LABEL: "run"}, {})


def test_a_removed_container_takes_its_volume_along() -> None:
    """It also closes its standard input."""
    api = FakeApi()
    made = container(api)
    made.begin("image", {LABEL: "run"}, {})
    made.remove()
    assert (api.given["force"], api.given["v"]) == (True, True)
    assert api.stdin.let_go
    made.remove()  # the second time has no effect


@pytest.mark.parametrize(
    ("raises", "asked"),
    [
        ({"remove_container": ConnectionRefusedError()}, ["remove_container"]),
        ({"remove_container": docker.errors.APIError("in progress")}, ["remove_container", "wait"]),
        (
            {"remove_container": docker.errors.NotFound("gone"), "wait": docker.errors.NotFound("gone")},
            ["remove_container", "wait"],
        ),
    ],
    ids=["engine gone", "being removed", "gone"],
)
def test_removing_never_fails(raises: dict[str, Exception], asked: list[str]) -> None:
    """The container or the engine may be gone; a container that is being removed is waited for."""
    api = FakeApi(raises=raises)
    container(api).remove()
    assert api.asked == asked
    assert api.given.get("condition", "removed") == "removed"
    assert api.given.get("timeout", 10) == 10


# --- files -----------------------------------------------------------------------------------------------------------


def test_files_are_sent_as_those_of_the_user_that_works_there() -> None:
    """They go below the directory of a volume, with more directories to work in."""
    api = FakeApi()
    container(api).put("/build", {"a/b": b"1"}, folders=("scratch",))
    assert api.given == {"folder": "/build", "data": pack({"a/b": b"1"}, owner=65532, folders=("scratch",))}


def test_a_file_is_fetched_whole() -> None:
    """It may be split in any way; a missing file is None, and a failure is the engine's."""
    assert container(FakeApi()).get("/build/out") == b"content"
    assert container(FakeApi(raises={"get_archive": docker.errors.NotFound("no")})).get("/build/out") is None
    with pytest.raises(EngineLost, match="sending a file"):
        container(FakeApi(raises={"get_archive": docker.errors.APIError("no")})).get("/build/out")


@pytest.mark.parametrize(
    "archive", [pack({}, owner=0), pack({}, owner=0, folders=("out",)), pack({"a": b"", "b": b""}, owner=0)]
)
def test_anything_but_one_file_is_blamed_on_the_image(archive: bytes) -> None:
    """A go command leaves a file there; the stream is closed in every case."""
    api = FakeApi(archive=archive)
    with pytest.raises(ImageUnusable, match="the image `name` left a `/build/out` that "):
        Container(cast("docker.APIClient", api), "x", "name").get("/build/out")
    assert api.asked == ["get_archive", "archive closed"]


def test_a_link_to_itself_is_blamed_on_the_image() -> None:
    """The engine cannot follow it; that is not the engine's fault."""
    api = FakeApi(raises={"get_archive": docker.errors.APIError("500", explanation="too many links in /x")})
    with pytest.raises(ImageUnusable, match="is a symbolic link to itself"):
        container(api).get("/build/out")


@pytest.mark.parametrize(
    "raises",
    [
        {"put_archive": docker.errors.NotFound("no such container")},
        {"put_archive": docker.errors.APIError("500", explanation="no such file or directory")},
        {"inspect_container": docker.errors.NotFound("no such container")},
        {},
    ],
    ids=str,
)
def test_a_container_that_ended_at_once_is_blamed_on_the_image(raises: dict[str, Exception]) -> None:
    """Its program should wait for standard input; the engine fails in many ways while it removes the container."""
    with pytest.raises(ImageUnusable, match="its `gofmt` exited immediately"):
        container(FakeApi(raises=raises, running=False)).prepare(["/build"])


def test_a_container_is_prepared_with_folders_to_work_in() -> None:
    """Each of its volumes has one; a failure while it runs is the engine's."""
    api = FakeApi()
    container(api).prepare(["/build"])
    assert api.given == {"folder": "/build", "data": pack({}, owner=65532, folders=("go", "scratch"))}
    with pytest.raises(EngineLost, match="boom"):
        container(FakeApi(raises={"put_archive": docker.errors.APIError("boom")})).prepare(["/build"])


@pytest.mark.parametrize(("network", "given"), [("none", False), ("bridge", True)])
def test_proxies_of_dockers_configuration_are_for_a_network(network: str, *, given: bool) -> None:
    """Their addresses may contain passwords, which a compile does not need."""
    api = FakeApi()
    container(api).create("image", {}, {"NetworkMode": network})
    assert api.given["use_config_proxy"] is given


def test_a_created_container_runs_nothing() -> None:
    """The engine still unpacks an archive for it."""
    api = FakeApi()
    made = container(api)
    made.create("image", {LABEL: "run"}, {})
    made.put_tar("/source", iter([b"tar"]))
    assert api.asked == ["create_container", "put_archive"]
    assert api.given["folder"] == "/source"


def test_a_small_directory_is_copied_as_it_is() -> None:
    """It is copied within a container; a missing one is ignored, and a failure is the engine's."""
    api = FakeApi(archive=pack({"sumdb/latest": b"state"}, owner=1))
    container(api).copy("/modules/sumdb", "/build/scratch")
    assert api.asked == ["get_archive", "archive closed", "put_archive"]
    assert api.given == {"folder": "/build/scratch", "data": api.archive}
    missing = FakeApi(raises={"get_archive": docker.errors.NotFound("no")})
    container(missing).copy("/modules/sumdb", "/build/scratch")
    assert missing.asked == ["get_archive"]
    with pytest.raises(EngineLost, match="copying files: boom"):
        container(FakeApi(raises={"put_archive": docker.errors.APIError("boom")})).copy("/a", "/b")


def test_a_copy_stops_after_a_few_megabytes() -> None:
    """Whatever an image puts there, this process loads little of it into memory."""

    @dataclass
    class Endless(FakeApi):
        def get_archive(self, _name: str, path: str, **_: Any) -> tuple[Iterator[bytes], None]:
            del path
            return (b"x" for _ in range(1 << 40)), None

    api = Endless()
    container(api).copy("/modules/sumdb", "/build/scratch")
    assert api.given["data"] == b"x" * 8


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "code", "result"),
    [
        ((b"out\n", b"err\n"), 0, Result(0, "out\n", "out\nerr\n", "err\n")),
        ((None, b"\xff"), 2, Result(2, "", "\N{REPLACEMENT CHARACTER}", "\N{REPLACEMENT CHARACTER}")),
        ((b"out", None), None, Result(-1, "out", "out")),
    ],
)
def test_a_command_gives_its_code_and_all_that_it_said(
    said: tuple[bytes | None, bytes | None], code: int | None, result: Result
) -> None:
    """The result has standard output alone, and both outputs; a container that ended has no code."""
    api = FakeApi(said=said, code=code)
    assert run(api) == result
    assert (api.given["argv"], api.given["environment"], api.given["workdir"]) == (
        ["go", "version"],
        {"A": "1"},
        "/build",
    )
    assert api.given["user"] == "65532:65532"
    assert not api.removed.is_set()


def test_a_command_that_takes_too_long_costs_its_container() -> None:
    """The Docker API cannot stop a command; a failure that results from that is not the engine's."""
    api = FakeApi(silent=True)
    assert run(api, seconds=0.05) is None
    assert api.removed.is_set()


@pytest.mark.parametrize("piece", [b"x" * (1 << 20), b"x" * 1024], ids=len)
def test_a_command_that_never_stops_printing_is_an_error(piece: bytes) -> None:
    """No go command prints 64 MiB; the output of a hostile one is not read further, even in small pieces."""
    api = FakeApi(said=(piece, piece), times=1 << 40)
    tracemalloc.start()
    try:
        with pytest.raises(ImageUnusable, match="`go version` printed more than 64 MiB: the image `name`"):
            Container(cast("docker.APIClient", api), "x", "name").exec(("go", "version"), {}, "/build", seconds=60)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()
    assert "exec_inspect" not in api.asked


@pytest.mark.parametrize("name", ["exec_create", "exec_start", "exec_inspect"])
def test_a_command_that_an_engine_fails_to_run_is_the_engines_failure(name: str) -> None:
    """The time limit does not apply, and the lender still owns the container."""
    api = FakeApi(raises={name: docker.errors.APIError("500", explanation="boom")})
    with pytest.raises(EngineLost, match="running the go command: boom"):
        run(api)
    assert not api.removed.is_set()


def test_the_clock_of_a_command_ends_with_it() -> None:
    """A thread that waits for minutes would keep the process alive."""
    for api in (FakeApi(), FakeApi(raises={"exec_start": docker.errors.APIError("boom")})):
        with contextlib.suppress(EngineLost):
            run(api, seconds=60)
    clocks = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    for clock in clocks:
        clock.join(1)
    assert not any(clock.is_alive() for clock in clocks)
