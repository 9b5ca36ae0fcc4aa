"""Servers on this machine that answer every call with bytes of a test's choice, and remember what they were asked."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NEVER = 3600.0  # seconds


@dataclass(frozen=True)
class Request:
    """What a server was asked."""

    target: str  # a path, or an address if the server is used as a proxy
    headers: dict[str, str]
    body: bytes
    method: str = "POST"

    @property
    def action(self) -> str:
        """The name of the call."""
        return parse_qs(self.body.decode()).get("Action", [""])[0]


Answer = Callable[[Request], Iterable[bytes]]


@dataclass
class Hostile:
    """Such a server."""

    port: int
    stopping: threading.Event = field(default_factory=threading.Event)
    requests: list[Request] = field(default_factory=list)
    sent: int = 0  # bytes

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[Hostile]:
    """Serve answers, which may be endless."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Remember a request, and answer it."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.path, dict(self.headers), body, self.command)
            server.requests.append(request)
            self.close_connection = True
            with contextlib.suppress(OSError):  # the client has had enough
                for part in answer(request):
                    self.wfile.write(part)
                    server.sent += len(part)
                    if server.stopping.is_set():
                        return

        do_GET = do_CONNECT = do_POST  # noqa: N815 - the base class looks for these names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = Hostile(listener.server_port)
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.stopping.set()
        listener.shutdown()


def response(body: str | bytes = "", status: str = "200 OK", **headers: str) -> bytes:
    """Return a whole response; an underscore in the name of a header is a hyphen."""
    content = body.encode() if isinstance(body, str) else body
    usual = {"Content_Type": "text/xml", "Content_Length": str(len(content)), "Connection": "close"}
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in {**usual, **headers}.items()]
    return "".join([f"HTTP/1.1 {status}\r\n", *lines, "\r\n"]).encode() + content


def session(expiration: str = "", key: str = "ASIAHOSTILEHOSTILE22") -> str:
    """Return the body of a response with a session, which lasts for twelve hours if nothing else is said."""
    until = expiration or stamp(datetime.now(UTC) + timedelta(hours=12))
    return (
        '<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials>'
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{'s' * 40}</SecretAccessKey>"
        f"<SessionToken>{'t' * 120}</SessionToken><Expiration>{until}</Expiration>"
        "</Credentials></GetSessionTokenResult></GetSessionTokenResponse>"
    )


def stamp(at: datetime) -> str:
    """Return a time as STS writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def date(at: datetime) -> str:
    """Return a time as HTTP writes it."""
    return formatdate(at.timestamp(), usegmt=True)


def relay(url: str) -> Answer:
    """Return what a proxy answers that sends each request to one server, whatever address it is for."""

    def answer(request: Request) -> Iterable[bytes]:
        parts = urlsplit(request.target)
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        headers = {name: value for name, value in request.headers.items() if not name.startswith("Proxy")}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(request.method, target, request.body, headers)
        with connection.getresponse() as said:
            named = {name.replace("-", "_"): said.headers[name] for name in ("Date",) if said.headers[name]}
            yield response(said.read(), f"{said.status} {said.reason}", **named)
        connection.close()

    return answer
