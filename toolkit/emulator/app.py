"""The HTTP application: authenticate each request, pass it to its service, record the call; and the HTTP server."""

from __future__ import annotations

import contextlib
import email.utils
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from toolkit.emulator import signature
from toolkit.emulator.devices import Now
from toolkit.emulator.faults import Faults
from toolkit.emulator.identity import Caller, IdentityStore
from toolkit.emulator.protocol import ApiError, CommonError, Request, Response
from toolkit.errors import ToolkitError

_HOST = "127.0.0.1"
_POLL = 0.02  # seconds between checks whether to stop


class Service(Protocol):
    """An AWS service."""

    def action(self, request: Request) -> str:
        """Return the action that a request asks for: `GetSessionToken`."""

    def handle(self, request: Request, action: str, caller: Caller) -> Response:
        """Handle an authenticated request. Raises ApiError or CommonError."""

    def error(self, error: ApiError | CommonError) -> Response:
        """Return the response for an error."""


@dataclass(frozen=True)
class Call:
    """A recorded call. It contains no secret."""

    service: str  # "sts"
    action: str  # "GetSessionToken"
    user: str  # "" if the request was not authenticated
    session: bool  # signed with session credentials
    mfa: bool  # signed with a session that was created with an MFA code
    status: int  # HTTP status
    code: str  # "AccessDenied", or "" for success


@dataclass(frozen=True)
class App:
    """The WSGI application."""

    services: Mapping[str, Service]  # by their names in signatures
    identities: IdentityStore
    faults: Faults
    calls: list[Call] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request."""
        response = self._respond(Request.read(environ))
        headers = list(response.headers)
        if all(name.lower() != "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(response.body))))
        start_response(response.status_line, headers)
        return [response.body[: len(response.body) // 2] if response.truncated else response.body]

    def _respond(self, request: Request) -> Response:
        claim = signature.parse(request)
        name = claim.service if claim else "sts" if "Action" in request.form else "s3"
        service = self.services.get(name)
        if not service:
            error = ApiError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator does not support {name}")
            return self._record(name, "", None, self.services["sts"].error(error))
        action, caller = service.action(request), None
        try:
            self.faults.before(action)
            caller = self.identities.authenticate(request, claim)
            response = service.handle(request, action, caller)
        except (ApiError, CommonError) as failure:
            response = service.error(failure)
        if request.method == "HEAD":
            response = replace(response, body=b"")
        response = self.faults.after(action, response, session=bool(caller and caller.session))
        return self._record(name, action, caller, response)

    def _record(self, service: str, action: str, caller: Caller | None, response: Response) -> Response:
        user = caller.user.name if caller else ""
        session, mfa = bool(caller and caller.session), bool(caller and caller.mfa)
        self.calls.append(Call(service, action, user, session, mfa, response.status, response.code))
        return response


@contextlib.contextmanager
def serve(app: WSGIApplication, clock: Now, port: int) -> Iterator[str]:
    """Serve an application on the loopback interface in threads, and yield its URL; stop all threads at the end.

    The clock sets the Date header. Raises ToolkitError if the port is not available.
    """
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Handler(WSGIRequestHandler):
        wbufsize = -1  # send headers and body together: Go's client may give up on a body that arrives later

        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log nothing: a request line may contain a code."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            """Return the emulator's time, from which clients learn that their own clock is wrong."""
            return email.utils.formatdate(clock() if timestamp is None else timestamp, usegmt=True)

    class Server(ThreadedWSGIServer):
        daemon_threads = False  # closing the server waits for them

        def process_request(self, request: Any, client_address: Any) -> None:
            """Serve a client in a thread."""
            connections.add(request)
            super().process_request(request, client_address)

        def shutdown_request(self, request: Any) -> None:
            """Close a connection."""
            connections.discard(request)
            super().shutdown_request(request)

    connections: set[socket.socket] = set()
    with _listen(port) as listener:
        server = Server(_HOST, port, app, Handler, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), name="emulator")
    thread.start()
    try:
        yield f"http://{_HOST}:{server.port}"
    finally:
        server.shutdown()
        for connection in tuple(connections):  # a client that never completes its request would block its thread
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        thread.join()


def _listen(port: int) -> socket.socket:
    """Return a listening socket. If Werkzeug opened it, an error would print a message and exit."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        message = f"cannot listen on {_HOST}:{port}: {error.strerror}"
        raise ToolkitError(message, hint="choose another port, or 0 for any free port") from None
    return listener
