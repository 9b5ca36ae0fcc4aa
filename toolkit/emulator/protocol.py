"""What comes over HTTP and what goes back: requests, answers, refusals, and the XML of AWS's query services."""

from __future__ import annotations

import html
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment


@dataclass(frozen=True)
class Request:
    """An HTTP request as it was sent. It may hold keys and codes, so it shows nothing but its method."""

    method: str
    path: str = field(repr=False)  # as it was sent, still percent-encoded
    query: str = field(repr=False)  # so is this
    headers: Mapping[str, str] = field(repr=False)  # names in small letters
    body: bytes = field(repr=False)
    environ: WSGIEnvironment = field(repr=False)

    @classmethod
    def read(cls, environ: WSGIEnvironment) -> Request:
        """Read one to its end."""
        path, _, query = environ["REQUEST_URI"].partition("?")
        headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name[:5] == "HTTP_"}
        plain = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
        headers |= {name: environ[key] for name, key in plain.items() if key in environ}
        source = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH", "")
        body = source.read() if environ.get("wsgi.input_terminated") else source.read(_count(length))
        return cls(environ["REQUEST_METHOD"], path, query, headers, body, environ)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The parameters of a query service, wherever they stand."""
        text = f"{self.query}&{self.body.decode('utf-8', 'replace')}"
        return dict(parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. It may hold keys, so it shows nothing but its status."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Sequence[tuple[str, str]] = field(default=(("Content-Type", "text/xml"),), repr=False)
    code: str = ""  # of the refusal, where it is one
    cut: bool = False  # whether only half of the body is sent, and the connection closed then

    @property
    def line(self) -> str:
        """The status as WSGI wants it: `403 Forbidden`."""
        known = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {known.get(self.status, 'Unknown')}"

    def has(self, name: str) -> bool:
        """Tell whether an XML element of a name, with nothing but text in it, is there."""
        return re.search(_leaf(name), self.body) is not None

    def saying(self, name: str, text: str) -> Answer:
        """Return the same with another text in all XML elements of a name."""
        headers = tuple(pair for pair in self.headers if pair[0].lower() != "content-length")
        return replace(self, body=re.sub(_leaf(name), lambda _: xml(name, text).encode(), self.body), headers=headers)


class Refused(Exception):
    """What AWS refuses; the service puts it into its own XML."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Take the HTTP status, AWS's code and AWS's sentence."""
        super().__init__(message)
        self.status = status
        self.code = code


def xml(name: str, value: object) -> str:
    """Return an element of a mapping, of a list (whose items are `member`), of a truth value or of a text."""
    if isinstance(value, Mapping):
        inner = "".join(xml(key, item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        inner = "".join(xml("member", item) for item in value)
    else:
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        inner = html.escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))
    return f"<{name}>{inner}</{name.partition(' ')[0]}>"


def result(namespace: str, action: str, value: Mapping[str, object]) -> Answer:
    """Return the answer of a query service."""
    response = {f"{action}Result": value, "ResponseMetadata": {"RequestId": str(uuid.uuid4())}}
    return Answer(HTTPStatus.OK, xml(f'{action}Response xmlns="{namespace}"', response).encode())


def error(namespace: str, refused: Refused) -> Answer:
    """Return the refusal of a query service."""
    kind = "Receiver" if refused.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"
    told = {"Type": kind, "Code": refused.code, "Message": str(refused)}
    response = {"Error": told, "RequestId": str(uuid.uuid4())}
    body = xml(f'ErrorResponse xmlns="{namespace}"', response).encode()
    return Answer(refused.status, body, code=refused.code)


def _leaf(name: str) -> bytes:
    return f"<{re.escape(name)}>[^<]*</{re.escape(name)}>".encode()


def _count(length: str) -> int:
    return int(length) if length.isascii() and length.isdigit() else 0
