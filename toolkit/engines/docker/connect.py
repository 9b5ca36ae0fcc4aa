"""Connect to a Docker engine: by DOCKER_HOST, else DOCKER_CONTEXT, else the current context, as docker does."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.engines.docker.errors import no_context, unreachable

if TYPE_CHECKING:
    import docker

_ANSWER_TIMEOUT = 10  # seconds that an engine may take for its first answer …
_WORK_TIMEOUT = 300  # … and for later ones; a command in a container has no limit here


def connect() -> tuple[docker.DockerClient, str]:
    """Return a client of an engine that answers, and its address. Raises EngineUnavailable or a subclass of it."""
    import docker.errors
    import requests.exceptions

    import docker

    # DOCKER_HOST and ~/.docker/config.json may contain more than the SDK expects.
    mistakes = (
        docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError, AttributeError,
        TypeError,
    )  # fmt: skip
    address, tls = os.environ.get("DOCKER_HOST", ""), None
    if not address:
        try:
            address, tls = _of_context()
        except mistakes:
            raise no_context(_context_name()) from None
    try:
        _knock(address)
        if tls is None:
            client = docker.from_env(timeout=_ANSWER_TIMEOUT)
        else:
            client = docker.DockerClient(base_url=address, tls=tls, timeout=_ANSWER_TIMEOUT)
        client.ping()
    except mistakes as error:
        raise unreachable(address, error) from None
    client.api.timeout = _WORK_TIMEOUT
    return client, address


@contextlib.contextmanager
def without_credentials(client: docker.DockerClient) -> Iterator[None]:
    """Keep Docker's passwords on this machine: the SDK sends those of all registries with each build."""
    with tempfile.TemporaryDirectory(prefix="aws-mfa-") as folder:
        path = Path(folder, "config.json")
        path.write_text('{"auths": {"none.invalid": {}}}', "utf-8")  # the SDK would replace an empty one by Docker's
        client.api.reload_config(str(path))
        try:
            yield
        finally:
            client.api.reload_config()


def _of_context() -> tuple[str, docker.tls.TLSConfig | bool]:
    """Return the address and TLS settings of the engine that `docker context use` selected."""
    from docker.context import ContextAPI

    name = os.environ.get("DOCKER_CONTEXT", "")
    context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    return str(context.Host), context.TLSConfig or False


def _context_name() -> str:
    """Return the name of the context that cannot be used, or nothing if even that cannot be read."""
    from docker.context.config import get_current_context_name

    with contextlib.suppress(Exception):
        return os.environ.get("DOCKER_CONTEXT", "") or str(get_current_context_name())
    return ""


def _knock(address: str) -> None:
    """Check that a Unix socket accepts a connection: the SDK does not close the socket of a connection that fails."""
    kind, _, path = address.partition("://")
    if kind == "unix" and hasattr(socket, "AF_UNIX"):
        with socket.socket(socket.AF_UNIX) as unix:
            unix.settimeout(_ANSWER_TIMEOUT)
            unix.connect(path)
