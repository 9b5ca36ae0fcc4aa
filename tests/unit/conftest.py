"""Fixtures for the tests of several modules."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping

import pytest

Daemon = Callable[[Mapping[str, object]], str]


@pytest.fixture
def nobody(dead: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the Docker engine to an address where no server listens, and return that address."""
    address = f"tcp://{dead}"
    monkeypatch.setenv("DOCKER_HOST", address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return address


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """Return a function that starts a Docker engine, of a few lines: it has answers by the last word of a path.

    An answer that is a number is a status, and it fails at all else.
    """
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with contextlib.ExitStack() as stack:

        def start(answers: Mapping[str, object]) -> str:
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    answer = answers.get(self.path.rpartition("/")[2])
                    status = answer if isinstance(answer, int) else 500 if answer is None else 200
                    body = json.dumps(
                        answer if status == 200 else {"message": "it is ill" if status != 404 else "No such image"}
                    ).encode()
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_: object) -> None:
                    """Say nothing."""

            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, args=(0.01,)).start()
            stack.callback(server.shutdown)
            return f"tcp://127.0.0.1:{server.server_port}"

        yield start
