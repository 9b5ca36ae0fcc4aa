"""Remove the leftovers of runs from a Docker engine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from toolkit.engines.docker.errors import translated

if TYPE_CHECKING:
    import docker

_REMOVAL_TIMEOUT = 10  # seconds that the engine may take to finish a removal that it has begun


def sweep(client: docker.DockerClient, labels: list[str], *, images: str) -> list[str]:
    """Remove containers and volumes that have all of these labels, and images with another; return their names."""
    mine: dict[str, str | list[str] | bool] = {"label": labels}
    with translated("removing leftovers"):
        gone = [*_containers(client, mine), *_volumes(client, mine)]
        for image in client.images.list(filters={"label": images}) if images else ():
            client.images.remove(str(image.id), force=True)
            gone.append(f"image {', '.join(image.tags) or image.short_id}")
    return gone


def _containers(client: docker.DockerClient, mine: dict[str, str | list[str] | bool]) -> Iterator[str]:
    import docker.errors
    import requests.exceptions

    # Anything that the engine is just removing may disappear between any two of these calls.
    for found in client.api.containers(all=True, filters=mine):
        name = str(found["Id"])
        try:
            client.api.remove_container(name, force=True, v=True)
        except docker.errors.APIError:
            with contextlib.suppress(docker.errors.APIError, requests.exceptions.RequestException):
                client.api.wait(name, timeout=_REMOVAL_TIMEOUT, condition="removed")
        else:
            yield f"container {', '.join(found.get('Names') or ()).lstrip('/') or name[:12]}"


def _volumes(client: docker.DockerClient, mine: dict[str, str | list[str] | bool]) -> Iterator[str]:
    import docker.errors

    for volume in client.volumes.list(filters=mine):
        with contextlib.suppress(docker.errors.NotFound):
            volume.remove(force=True)
            yield f"volume {volume.name}"
