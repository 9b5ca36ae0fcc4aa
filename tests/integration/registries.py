"""A registry of container images on this machine, which its Docker engine can pull from."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from toolkit.engines.docker.host import Host

CONFIG = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass
class Registry:
    """A registry of container images on this machine."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def name(self, repository: str) -> str:
        """Return the name of an image there."""
        return f"localhost:{self.port}/{repository}"

    def push(self, source: str, repository: str) -> str:
        """Push a local image, remove its local name, and return the registry's name."""
        name = self.name(repository)
        docker("tag", source, name)
        docker("push", "-q", name)
        docker("rmi", name)
        return name


def docker(*args: str, given: bytes = b"") -> str:
    """Run the docker command."""
    return subprocess.run(["docker", *args], check=True, capture_output=True, input=given).stdout.decode().strip()


@contextlib.contextmanager
def started(host: Host, folder: Path) -> Iterator[Registry]:
    """Start a registry; images that were pulled from it are removed at the end."""
    if not host.address.startswith("unix:"):
        pytest.skip("the engine is not on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "config.yml").write_text(CONFIG.format(root=folder / "data", port=port), "utf-8")
    with subprocess.Popen(
        ["docker-registry", "serve", str(folder / "config.yml")], stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield Registry(folder, port, server)
        finally:
            server.terminate()
    left = docker("images", "-q", "--filter", f"reference=localhost:{port}/*").split()
    if left:
        docker("rmi", "-f", *left)
