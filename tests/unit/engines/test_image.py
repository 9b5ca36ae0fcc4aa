from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from toolkit.engines import image
from toolkit.engines.image import _pack
from toolkit.settings import ROOT
from toolkit.toolchain import pinned

INSIDE = f"golang.org/toolchain@v0.0.1-{pinned()}.linux-amd64"


@pytest.fixture
def packed(tmp_path: Path) -> tarfile.TarFile:
    """Return the build context that is made from a toolchain's zip."""
    kept = ["bin/go", "pkg/tool/linux_amd64/compile", "src/_go.mod", "src/fmt/print.go", "LICENSE"]
    left_out = ["src/fmt/fmt_test.go", "src/cmd/go/main.go", "src/cmd/_go.mod", "src/fmt/testdata/x.go"]
    with zipfile.ZipFile(tmp_path / "toolchain.zip", "w") as archive:
        for name in (*kept, *left_out):
            archive.writestr(f"{INSIDE}/{name}", name)
    context = io.BytesIO()
    _pack(tmp_path / "toolchain.zip", context)
    context.seek(0)
    return tarfile.open(fileobj=context)


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
