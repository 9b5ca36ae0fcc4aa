"""What building needs, what of it is there, and the command that mends the rest."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from toolkit import toolchain
from toolkit.addresses import anonymous
from toolkit.errors import ToolkitError
from toolkit.model import Check
from toolkit.settings import EngineSettings

_ROOM = 10e9  # bytes: the build cache of the whole matrix with the AWS SDK
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def examine(settings: EngineSettings) -> tuple[Check, ...]:
    """Look at all of it; starts nothing, and downloads at most the pinned toolchain."""
    go, docker = _go(), _docker(settings)
    return (go, docker, _auto(go, docker), *_room(settings), *_proxies())


def _go() -> Check:
    try:
        go = toolchain.go()
        said = go.run("version").stdout.strip().removeprefix("go version ")
    except ToolkitError as error:
        return Check("toolchain", good=False, found=str(error), mend=error.hint, needed=False)
    return Check("toolchain", good=True, found=f"{said} ({go.path})", needed=False)


def _docker(settings: EngineSettings) -> Check:
    from toolkit.engines import image
    from toolkit.engines.docker_host import Host

    try:
        host = Host.connect()
    except ToolkitError as error:
        return Check("docker engine", good=False, found=str(error), mend=error.hint, needed=False)
    try:
        name = settings.image or image.name()
        builder = "there" if host.has_image(name) else "made by the first build" if not settings.image else "missing"
        engine = f"{host.address}, linux/{host.goarch}, {host.cpus} cores, {host.memory / 1e9:.0f} GB"
        found = f"{engine}; image {name}: {builder}"
        return Check("docker engine", good=builder != "missing", found=found, mend=f"docker pull {name}", needed=False)
    finally:
        host.close()


def _auto(go: Check, docker: Check) -> Check:
    taken = "docker" if docker.good else "local" if go.good else "none"
    return Check(
        "engine taken", good=taken != "none", found=f"{taken} (`--engine auto`)", mend="mend one of the two above"
    )


def _room(settings: EngineSettings) -> Iterator[Check]:
    places = {"dist": settings.dist}
    with contextlib.suppress(ToolkitError):
        places["build cache"] = Path(toolchain.go().env["GOCACHE"])
    for name, path in places.items():
        there = next(parent for parent in (path, *path.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        mend = "free some room: `invoke clean --all`, `go clean -cache`"
        yield Check(
            f"room for {name}",
            good=free >= _ROOM,
            found=f"{free / 1e9:.0f} GB free in {there}",
            mend=mend,
            needed=False,
        )


def _proxies() -> Iterator[Check]:
    mend = "a container cannot reach this machine's loopback: name another address, or use `--engine local`"
    for name, value in sorted(toolchain.module_settings().items()):
        parts = [part if "://" in part else f"//{part}" for part in re.split(r"[,|]", value)]
        inside = name.upper() != "NO_PROXY" and any(map(_is_loopback, parts))
        yield Check(name, good=not inside, found=anonymous(value), mend=mend, needed=False)


def _is_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _LOOPBACK
    except ValueError:  # it is no address at all
        return False
