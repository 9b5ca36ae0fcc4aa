"""Untrusted images: whatever their `go` does ends as one error, soon and with little memory."""

from __future__ import annotations

import io
import json
import resource
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.fakes import FakeProgress
from toolkit.engines import Limits
from toolkit.engines.docker.container import Container
from toolkit.engines.docker.engine import DockerEngine
from toolkit.engines.docker.host import SCRATCH, SOURCE, Host
from toolkit.engines.docker.volumes import cache_names
from toolkit.errors import EngineLost, ImageUnusable, ToolchainError, ToolkitError
from toolkit.go import targets, toolchain, tree
from toolkit.model import Recipe
from toolkit.settings import ROOT, CompileSettings

pytestmark = pytest.mark.docker

OUT = f"{SCRATCH}/out"
Make = Callable[..., str]


@pytest.fixture(scope="module")
def make(docker_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Return a function that makes an image with a hostile program as `go` and `gofmt`, in some mode."""
    folder = tmp_path_factory.mktemp("hostile")
    built = toolchain.go().run(
        "build", "-o", str(folder / "go"), ".", cwd=ROOT / "tests" / "programs" / "hostile",
        GOOS="linux", GOARCH=docker_host.goarch, CGO_ENABLED="0",
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    names: list[str] = []

    def begin(mode: str, *, programs: tuple[str, ...] = ("go", "gofmt"), more: str = "") -> str:
        copies = "".join(f"COPY go /usr/bin/{program}\n" for program in programs)
        wanted = f'ENV PATH=/usr/bin WANTED={toolchain.pinned()} MODE="{mode}"\n'
        (folder / "Dockerfile").write_text(f"FROM scratch\n{copies or 'COPY go /x'}\n{wanted}{more}", "utf-8")
        names.append(f"aws-mfa-toolkit-test-hostile-{len(names)}")
        subprocess.run(["docker", "build", "-q", "-t", names[-1], str(folder)], check=True, capture_output=True)
        return names[-1]

    yield begin
    for found in filter(None, map(docker_host.find_image, names)):
        for volume in cache_names(found.id, toolchain.pinned()):
            docker_host.remove_volume(volume)
    subprocess.run(["docker", "rmi", "-f", *names], check=False, capture_output=True)


@pytest.fixture
def start(docker_host: Host, make: Make) -> Iterator[Callable[..., Container]]:
    """Return a function that starts a container of a hostile image; its volumes are removed at the end."""
    containers: list[Container] = []
    volumes: set[str] = set()

    def begin(mode: str, *, source: str = "", **image: str) -> Container:
        found = docker_host.find_image(make(mode, **image))
        assert found
        cache, modules = cache_names(found[0], "go1")
        volumes.update((cache, modules))
        containers.append(
            docker_host.run(
                found[0], "test", cache=cache, modules=modules, source=source, online=False, memory=512 << 20
            )
        )
        return containers[-1]

    yield begin
    for container in containers:
        container.remove()
    for volume in volumes:
        docker_host.remove_volume(volume)


def peak() -> int:
    """Return the largest memory use of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("out is a link", "is a symbolic link"),
        ("out links to itself", "is a symbolic link"),
        ("out is a directory", "is a directory"),
        ("out is a full directory", "is a directory"),
        ("out is a pipe", "is a special file"),
        ("out is a socket", "is missing, or not a file"),
        ("out is sparse", "is larger than 1024 MiB"),
        ("out grows", ""),
    ],
)
def test_what_is_not_a_program_is_not_fetched(mode: str, says: str, start: Callable[..., Container]) -> None:
    """Nothing is followed or unpacked; the container can be removed immediately."""
    container, before, began = start(mode), peak(), time.monotonic()
    done = container.exec(("go", "build", "-o", OUT), {}, "/build", seconds=30)
    assert done
    assert done.code == 0, done.said
    if says:
        with pytest.raises(ImageUnusable, match=f"the image `aws-mfa-.*` left a `{OUT}` that {says}"):
            container.get(OUT)
    else:
        assert len(container.get(OUT) or b"") < 1 << 26
    container.remove()
    assert time.monotonic() - began < 15
    assert peak() - before < 128 << 20


@pytest.mark.parametrize(
    ("mode", "content"), [("out is missing", None), ("", b"program"), ("out cannot be read", b"x")]
)
def test_a_file_is_fetched_or_missing(mode: str, content: bytes | None, start: Callable[..., Container]) -> None:
    """A go command that exits 0 without a program causes no traceback."""
    container = start(mode)
    assert container.exec(("go", "build", "-o", OUT), {}, "/build", seconds=30)
    assert container.get(OUT) == content


def test_a_link_above_the_program_stays_in_the_container(start: Callable[..., Container]) -> None:
    """The engine resolves it in the container's file system."""
    container = start("out is below a link")
    container.exec(("go", "build", "-o", OUT), {}, "/build", seconds=30)
    assert container.get(f"{SCRATCH}/passwd") is None


@pytest.mark.parametrize(
    "mode",
    [
        "list is text", "list is empty", "list is no list", "list is deep", "list leaves the directory",
        "list has escape sequences", "list is long", "list is endless",
    ],
)  # fmt: skip
def test_a_list_of_pairs_is_not_believed(mode: str, make: Make, tmp_path: Path, docker_host: Host) -> None:
    """Text, nothing, an endless stream or names that are paths: each is one error, and no process is left running."""
    image, before, began = make(mode), peak(), time.monotonic()
    settings = CompileSettings(dist=tmp_path / "dist", image=image)
    engine = DockerEngine.start(settings, FakeProgress(), Limits(jobs=1))
    try:
        with (
            pytest.raises((ImageUnusable, ToolchainError)),
            engine.open(tree.plain(targets.PREFLIGHT), online=False) as workspace,
        ):
            targets.ask(workspace, Recipe(toolchain.pinned()))
    finally:
        engine.close()
    assert docker_host.owned(f"aws-mfa-toolkit={settings.dist}") == []
    assert time.monotonic() - began < 40
    assert peak() - before < 500 << 20


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        ("version fails", "does not print its version"),
        ("version is empty", "does not print its version"),
        ("version is a joke", "does not print its version"),
        ("version is old", "has go1.20.14, which cannot download go"),
        ("version is endless", "printed more than 64 MiB"),
        ("ends", "its `gofmt` exited immediately|has no `go`"),
    ],
)
def test_an_image_without_a_usable_go_is_refused(mode: str, says: str, make: Make, tmp_path: Path) -> None:
    """The error comes before anything is sent there."""
    settings = CompileSettings(dist=tmp_path / "dist", image=make(mode))
    with pytest.raises(ImageUnusable, match=says):
        DockerEngine.start(settings, FakeProgress(), Limits(jobs=1))


@pytest.mark.parametrize("programs", [(), ("go",), ("gofmt",)], ids=str)
def test_an_image_without_a_program_is_refused(programs: tuple[str, ...], make: Make, tmp_path: Path) -> None:
    """Without `gofmt` no container can idle, and without `go` nothing can be compiled."""
    settings = CompileSettings(dist=tmp_path / "dist", image=make("", programs=programs))
    with pytest.raises(ImageUnusable, match="has no `go` on its PATH"):
        DockerEngine.start(settings, FakeProgress(), Limits(jobs=1))


def test_a_go_that_hangs_is_not_waited_for(start: Callable[..., Container]) -> None:
    """Its container is removed at the time limit."""
    container, began = start("version hangs"), time.monotonic()
    assert container.exec(("go", "version"), {}, "/build", seconds=1) is None
    assert time.monotonic() - began < 10


def test_what_an_idle_program_prints_is_kept_nowhere(start: Callable[..., Container], docker_host: Host) -> None:
    """An endless log would fill the engine's disk; a health check of the image does not run."""
    more = 'HEALTHCHECK --interval=1s CMD ["go", "version"]\n'
    container = start("chatters", more=more)
    assert container.exec(("go", "version"), {}, "/build", seconds=30)
    (name,) = [item.split()[1] for item in docker_host.owned("aws-mfa-toolkit=test") if item.startswith("container")]
    shown = subprocess.run(["docker", "inspect", name], check=True, capture_output=True).stdout
    (config,) = json.loads(shown)
    assert config["HostConfig"]["LogConfig"]["Type"] == "none"
    assert "Health" not in config["State"]


def tar(**files: bytes) -> bytes:
    """Return an archive of files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def test_a_source_cannot_be_changed_by_an_image(
    docker_host: Host, start: Callable[..., Container], make: Make, tmp_path: Path
) -> None:
    """Its volume is mounted read-only, and contains no file of the image."""
    (tmp_path / "evil.go").write_text("package main\n")
    image = docker_host.find_image(make("", more=f"COPY go {SOURCE}/evil.go\n"))
    assert image
    volume = docker_host.make_source_volume("test", iter([tar(main=b"main")]), image[0])
    try:
        container = start("", source=volume, more=f"COPY go {SOURCE}/evil.go\n")
        assert container.get(f"{SOURCE}/main") == b"main"
        assert container.get(f"{SOURCE}/evil.go") is None
        done = container.exec(("go", "build", "-o", f"{SOURCE}/new"), {}, "/build", seconds=30)
        assert done
        assert "read-only file system" in done.said
        container.remove()
    finally:
        docker_host.remove_volume(volume)
    assert f"volume {volume}" not in docker_host.owned()


@pytest.mark.parametrize("data", [b"not an archive" * 1000, tar(main=b"x" * 9999)[:5000]], ids=["garbage", "truncated"])
def test_a_source_that_is_not_an_archive_leaves_nothing(data: bytes, docker_host: Host, make: Make) -> None:
    """Neither a container nor a volume is left."""
    image = docker_host.find_image(make(""))
    assert image
    with pytest.raises(EngineLost):
        docker_host.make_source_volume("test-broken", iter([data]), image[0])
    assert docker_host.owned("aws-mfa-toolkit=test-broken") == []


def test_a_hostile_image_ends_a_command_with_one_line(make: Make, invoke: Invoke) -> None:
    """It has a hint, too."""
    done = invoke("targets", "--image", make("list is text"))
    assert done.returncode == ToolchainError.exit_code
    assert issubclass(ToolchainError, ToolkitError)
    assert "Traceback" not in done.stderr
    assert "did not print a list of pairs" in done.stderr
    assert "hint: " in done.stderr
