from __future__ import annotations

import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pytest

from tests.fakes import FakeWatcher
from toolkit import toolchain
from toolkit.engines import image
from toolkit.engines.image import _pack
from toolkit.settings import ROOT
from toolkit.toolchain import pinned

if TYPE_CHECKING:
    from toolkit.engines.docker_host import Host

INSIDE = f"golang.org/toolchain@v0.0.1-{pinned()}.linux-amd64"


@dataclass
class FakeHost:
    """An engine that keeps the images it is told to make: their build context by name."""

    images: dict[str, bytes] = field(default_factory=dict)
    goarch: str = "arm64"

    def has_image(self, name: str) -> bool:
        """Tell whether it was made."""
        return name in self.images

    def make_image(self, name: str, context: IO[bytes]) -> None:
        """Make it."""
        self.images[name] = context.read()


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
    """Return the file in which a go command notes down what it was asked to download, before it gives that zip."""
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
    """Of the toolchain for the engine's own architecture; that it takes a while is told."""
    host, watcher = FakeHost(), FakeWatcher()
    made = image.ensure(cast("Host", host), watcher)
    assert made == image.name()
    assert go_command.read_text().splitlines()[-1].endswith(f"@v0.0.1-{pinned()}.linux-arm64")
    with tarfile.open(fileobj=io.BytesIO(host.images[made])) as tar:
        assert "go/bin/go" in tar.getnames()
    assert watcher.said == [f"making the builder image `{made}`, once: downloading {pinned()} for linux/arm64"]
    go_command.unlink()
    assert image.ensure(cast("Host", host), watcher) == made
    assert not go_command.exists()
    assert len(watcher.said) == 1


def test_an_image_is_named_after_what_decides_it() -> None:
    """The toolchain, and the Dockerfile's own bytes: a new one of either is another image."""
    name, _, tag = image.name().partition(":")
    assert name == "aws-mfa-toolkit-builder"
    assert tag.startswith(f"{pinned()}-")
    assert len(tag) == len(pinned()) + 9


def test_an_image_holds_what_compiling_needs(packed: tarfile.TarFile) -> None:
    """A module's zip keeps no modes and no go.mod: programs can be run again, and go.mod has its name again."""
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
    """From nothing, with the toolchain's own bytes."""
    with packed as tar:
        contents = {item.name: (tar.extractfile(item) or io.BytesIO()).read() for item in tar}
    assert contents["Dockerfile"] == (ROOT / "docker" / "builder.Dockerfile").read_bytes()
    assert b"\nFROM scratch\n" in contents["Dockerfile"]
    assert contents["go/src/go.mod"] == b"src/_go.mod"
