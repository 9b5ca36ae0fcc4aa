"""Modules of a test, served like a module proxy, and the programs of plain `go install`."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from toolkit.go import toolchain
from toolkit.model import Target

MAIN = 'package main\n\nfunc main() { println("hi") }\n'
ENGINES = ("local", "docker")


@dataclass
class Shelf:
    """A module proxy, with modules under a host name that no cache can know."""

    folder: Path
    address: str = ""
    host: str = field(default_factory=lambda: f"t{time.time_ns()}.example")
    asked: list[str] = field(default_factory=list)  # the paths of all requests

    @property
    def variables(self) -> dict[str, str]:
        """The variables that make a go command use it, and nothing else."""
        return {"GOPROXY": self.address or self.folder.as_uri(), "GONOSUMDB": self.host}

    def publish(self, path: str, version: str, **files: str) -> str:
        """Add a version of a module below the host; in names of files `__` means `/`, and `_` means `.`."""
        path = f"{self.host}/{path}"
        names = {name.replace("__", "/").replace("_", "."): text for name, text in files.items()}
        names = {"go.mod": f"module {path}\n\ngo 1.21\n", **names}
        places = {f"{path}@{version}/{name}": text.replace("{host}", self.host) for name, text in names.items()}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in places.items():
                archive.writestr(name, text)
        folder = self.folder / path / "@v"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{version}.zip").write_bytes(packed.getvalue())
        (folder / f"{version}.mod").write_text(places[f"{path}@{version}/go.mod"], "utf-8")
        (folder / f"{version}.info").write_text(
            json.dumps({"Version": version, "Time": "2026-01-01T00:00:00Z"}), "utf-8"
        )
        with (folder / "list").open("a", encoding="utf-8") as listed:
            listed.write(f"{version}\n")
        return path


@contextlib.contextmanager
def serving(shelf: Shelf, kind: str) -> Iterator[Shelf]:
    """Serve modules over HTTP where an engine can reach them."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Remember the requested path."""
            del format, args
            shelf.asked.append(self.path)

    address = "127.0.0.1" if kind == "local" else _gateway()
    serve = functools.partial(Handler, directory=str(shelf.folder))
    with ThreadingHTTPServer((address, 0), serve) as server:
        shelf.address = f"http://{address}:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield shelf
        server.shutdown()


def _gateway() -> str:
    """Return this machine's address in the network of containers."""
    shown = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}"]
    subnet = subprocess.run(shown, check=True, capture_output=True, text=True).stdout.rpartition(".")[0]
    ours = subprocess.run(["hostname", "-I"], check=True, capture_output=True, text=True).stdout.split()
    found = [address for address in ours if address.startswith(f"{subnet}.")]
    return found[0] if found else pytest.skip("the engine's network is not on this machine")


def installed(package: str, target: Target, folder: Path, variables: Mapping[str, str] | None = None) -> Path | str:
    """Return the program of plain `go install -trimpath`, or its message."""
    folder.mkdir(parents=True, exist_ok=True)
    env = {"GOPATH": str(folder), "GOOS": target.goos, "GOARCH": target.goarch, "CGO_ENABLED": "0", **(variables or {})}
    done = toolchain.go().run("install", "-trimpath", package, cwd=folder, **env)
    found = [path for path in (folder / "bin").rglob("*") if path.is_file()]
    return found[0] if len(found) == 1 and not done.returncode else done.stderr


def made(program: Path) -> list[str]:
    """Return the output of `go version -m` for a program, without the toolkit's flags."""
    done = toolchain.go().run("version", "-m", str(program))
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    lines = [first.rpartition(" ")[2], *(line.strip() for line in rest)]
    return [line for line in lines if not line.startswith(("build\t-gcflags=", "build\t-ldflags="))]
