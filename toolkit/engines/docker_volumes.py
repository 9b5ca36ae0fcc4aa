"""The volumes of a container: what they are called, and how they are mounted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from toolkit.engines.docker_container import LABEL


def cache_names(image_id: str, toolchain: str, extra: str = "", *, build_cache: str = "") -> tuple[str, str]:
    """Return the names of the build and module cache volumes of one image and one toolchain.

    No two images share a volume, whatever name a user chose for the build cache: what one image's go command writes
    there, another's would believe. `extra` sets a build cache apart from the others of the same image and toolchain.
    """
    own = f"{hashlib.sha256(image_id.encode()).hexdigest()[:12]}-{toolchain}"
    build = f"{build_cache or f'{LABEL}-cache'}-{own}"
    return f"{build}-{extra}" if extra else build, f"{LABEL}-modules-{own}"


def mount(target: str, volume: str | None, labels: Mapping[str, str], *, read_only: bool = False) -> Any:
    """Return a mount of a volume in which nothing of the image's own directory of that name is copied."""
    from docker.types import Mount

    return Mount(target, volume, type="volume", labels=dict(labels), no_copy=True, read_only=read_only)
