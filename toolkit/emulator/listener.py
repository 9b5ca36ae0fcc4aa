"""The HTTP server, on this machine's loopback only."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.types import WSGIApplication

from toolkit.emulator.clock import Now
from toolkit.errors import ToolkitError

_HOST = "127.0.0.1"
_POLL = 0.02  # seconds: how soon the server sees that it is to stop


@contextlib.contextmanager
def listening(app: WSGIApplication, clock: Now, port: int) -> Iterator[str]:
    """Serve an application in threads, and give its URL; at the end all of them have ended.

    Raises ToolkitError where the port cannot be had.
    """
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import ThreadedWSGIServer

    class Handler(MotoRequestHandler):
        wbufsize = -1  # headers and body leave together: Go's client may give up on a body that lags behind

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing: a request line may hold a code."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            """Return the time of the emulator, by which clients notice that their own clock is wrong."""
            return email.utils.formatdate(clock() if timestamp is None else timestamp, usegmt=True)

    class Server(ThreadedWSGIServer):
        daemon_threads = False  # so that closing it waits for them

        def process_request(self, request: Any, client_address: Any) -> None:
            """Serve a client in a thread."""
            talking.add(request)
            super().process_request(request, client_address)

        def shutdown_request(self, request: Any) -> None:
            """Take leave of it."""
            talking.discard(request)
            super().shutdown_request(request)

    talking: set[socket.socket] = set()
    with _bound(port) as held:
        server = Server(_HOST, port, app, Handler, fd=held.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="emulator")
    thread.start()
    try:
        yield f"http://{_HOST}:{server.port}"
    finally:
        server.shutdown()
        for client in tuple(talking):  # one that has not sent its whole request would not let the thread end
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RD)
        thread.join()


def _bound(port: int) -> socket.socket:
    """Return a listening socket. Werkzeug, left to bind its own, would print and exit where it cannot."""
    held = socket.socket()
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((_HOST, port))
        held.listen(128)
    except OSError as error:
        held.close()
        raise ToolkitError(
            f"port {port} of {_HOST} cannot be had: {error.strerror}", hint="name another port, or 0 for any free one"
        ) from None
    return held
