"""The checks for building, each with the command that fixes a failure."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import ToolkitError
from toolkit.go import toolchain
from toolkit.model import Check
from toolkit.redact import anonymous, is_loopback
from toolkit.settings import EngineSettings

_ROOM = 10e9  # bytes: the build cache of the whole matrix with the AWS SDK


def examine(settings: EngineSettings) -> tuple[Check, ...]:
    """Run all checks; start nothing, and download at most the pinned toolchain."""
    go, docker = _go(), _docker(settings)
    return (go, docker, _auto(go, docker), *_room(settings), *_proxies())


def _go() -> Check:
    try:
        go = toolchain.go()
        said = go.run("version").stdout.strip().removeprefix("go version ")
    except ToolkitError as error:
        return Check("toolchain", ok=False, detail=str(error), fix=error.hint, required=False)
    return Check("toolchain", ok=True, detail=f"{said} ({go.path})", required=False)


def _docker(settings: EngineSettings) -> Check:
    from toolkit.engines.docker import image
    from toolkit.engines.docker.host import Host

    try:
        host = Host.connect()
    except ToolkitError as error:
        return Check("docker engine", ok=False, detail=str(error), fix=error.hint, required=False)
    try:
        name = settings.image or image.name()
        builder = "present" if host.has_image(name) else "built on first use" if not settings.image else "missing"
        engine = f"{host.address}, linux/{host.goarch}, {host.cpus} cores, {host.memory / 1e9:.0f} GB"
        found = f"{engine}; image {name}: {builder}"
        return Check("docker engine", ok=builder != "missing", detail=found, fix=f"docker pull {name}", required=False)
    finally:
        host.close()


def _auto(go: Check, docker: Check) -> Check:
    taken = "docker" if docker.ok else "local" if go.ok else "none"
    return Check(
        "engine", ok=taken != "none", detail=f"{taken} (`--engine auto`)", fix="fix one of the two checks above"
    )


def _room(settings: EngineSettings) -> Iterator[Check]:
    places = {"dist": settings.dist}
    with contextlib.suppress(ToolkitError):
        places["cache"] = Path(toolchain.go().env["GOCACHE"])
    for name, path in places.items():
        there = next(parent for parent in (path, *path.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        fix = "invoke clean --all, or go clean -cache, to free disk space"
        yield Check(
            f"disk space ({name})",
            ok=free >= _ROOM,
            detail=f"{free / 1e9:.0f} GB free at {there}",
            fix=fix,
            required=False,
        )


def _proxies() -> Iterator[Check]:
    fix = "use another address, or `--engine local`: a container cannot reach this machine's loopback interface"
    for name, value in sorted(toolchain.module_settings().items()):
        inside = name.upper() != "NO_PROXY" and any(map(is_loopback, re.split(r"[,|]", value)))
        yield Check(name, ok=not inside, detail=anonymous(value), fix=fix, required=False)
