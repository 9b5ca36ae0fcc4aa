"""The volumes of a container: their names, and how they are mounted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from toolkit.engines.docker.container import LABEL


def cache_names(image_id: str, toolchain: str, extra: str = "", *, build_cache: str = "") -> tuple[str, str]:
    """Return the names of the build and module cache volumes of one image and one toolchain.

    No two images share a volume, even if the user chose a name for the build cache: the go command of one image would
    trust everything that another's wrote there. `extra` separates a build cache from the others of the same image and
    toolchain.
    """
    own = f"{hashlib.sha256(image_id.encode()).hexdigest()[:12]}-{toolchain}"
    build = f"{build_cache or f'{LABEL}-cache'}-{own}"
    return f"{build}-{extra}" if extra else build, f"{LABEL}-modules-{own}"


def mount(target: str, volume: str | None, labels: Mapping[str, str], *, read_only: bool = False) -> Any:
    """Return a mount of a volume; the engine copies no files into it from the image's directory of that name."""
    from docker.types import Mount

    return Mount(target, volume, type="volume", labels=dict(labels), no_copy=True, read_only=read_only)
