"""A server of private git repositories that asks for a password, like a company's."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.unit.samples import write_tree

USER, PASSWORD = "reader", "c4n4ry-password"
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class Forge:
    """Repositories below a host name that no cache can know, and their server."""

    folder: Path
    address: str = ""  # 127.0.0.1:8080
    host: str = field(default_factory=lambda: f"t{time.time_ns()}.example")
    refused: int = 0  # requests without a password
    served: list[str] = field(default_factory=list)  # paths of the others

    def publish(self, name: str, version: str, **files: str) -> str:
        """Add a version of a module, in a separate repository; in names of files `_` means `.`."""
        path = f"{self.host}/{name}.git"
        texts = {file.replace("_", "."): text for file, text in files.items()}
        work, bare = self.folder / "work" / name, self.folder / "bare" / f"{name}.git"
        write_tree(work, {"go.mod": f"module {path}\n\ngo 1.21\n", **texts})
        who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.test")
        for argv in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "one"), ("tag", version)):
            subprocess.run(["git", "-C", work, *argv], check=True)
        subprocess.run(["git", "clone", "-q", "--bare", work, bare], check=True)
        return path

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request like `git http-backend`, if it has the password."""
        if request.headers.get("Authorization") != f"Basic {TOKEN}":
            self.refused += 1
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="git"')
            request.end_headers()
            return
        self.served.append(request.path)
        path, _, query = request.path.partition("?")
        variables = {"GIT_PROJECT_ROOT": str(self.folder / "bare"), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path}
        variables |= {"REQUEST_METHOD": request.command, "QUERY_STRING": query, "PATH": os.environ["PATH"]}
        variables |= {"CONTENT_TYPE": request.headers.get("Content-Type", "")}
        variables |= {"HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", "")}
        variables |= {"GIT_PROTOCOL": request.headers.get("Git-Protocol", ""), "HOME": str(self.folder)}
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        variables |= {"CONTENT_LENGTH": str(len(body))}
        done = subprocess.run(["git", "http-backend"], env=variables, input=body, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        request.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)


@contextlib.contextmanager
def serving(forge: Forge, address: str) -> Iterator[Forge]:
    """Serve the repositories at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer a request."""
            forge.answer(self)

        do_POST = do_GET  # noqa: N815 - the base class looks for this name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    with ThreadingHTTPServer((address, 0), Handler) as server:
        forge.address = f"{address}:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield forge
        server.shutdown()
