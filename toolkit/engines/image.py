"""The builder image: the pinned toolchain, repacked from the module it comes as."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from toolkit import toolchain
from toolkit.engines.docker_container import LABEL
from toolkit.engines.docker_host import Host
from toolkit.model import Watcher
from toolkit.settings import ROOT

_DOCKERFILE = ROOT / "docker" / "builder.Dockerfile"


def name() -> str:
    """Return what the builder image for the pinned toolchain is called."""
    return f"{LABEL}-builder:{toolchain.pinned()}-{hashlib.sha256(_DOCKERFILE.read_bytes()).hexdigest()[:8]}"


def ensure(host: Host, watcher: Watcher) -> str:
    """Return the name of the builder image for the pinned toolchain, made first where the engine does not have it.

    Raises ToolchainError where the toolchain cannot be downloaded.
    """
    tag = name()
    if host.has_image(tag):
        return tag
    watcher.say(f"making the builder image `{tag}`, once: downloading {toolchain.pinned()} for linux/{host.goarch}")
    package = toolchain.download("linux", host.goarch)
    with tempfile.TemporaryFile() as context:
        _pack(package, context)
        context.seek(0)
        host.make_image(tag, context)
    return tag


def _pack(package: Path, context: IO[bytes]) -> None:
    with zipfile.ZipFile(package) as archive, tarfile.open(fileobj=context, mode="w") as tar:
        for item in archive.infolist():
            # golang.org/toolchain@VERSION/bin/go: a module's zip keeps no modes, and may hold no file called go.mod.
            inside = item.filename.split("/", 2)[2].replace("_go.mod", "go.mod")
            # Compiling a user's program needs neither Go's tests nor the sources of its own commands.
            if inside.startswith("src/cmd/") or "/testdata/" in inside or inside.endswith("_test.go"):
                continue
            member = tarfile.TarInfo(f"go/{inside}")
            member.size = item.file_size
            member.mode = 0o755 if inside.startswith(("bin/", "pkg/tool/")) else 0o644
            with archive.open(item) as file:
                tar.addfile(member, file)
        dockerfile = _DOCKERFILE.read_bytes()
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(dockerfile)
        tar.addfile(member, io.BytesIO(dockerfile))
