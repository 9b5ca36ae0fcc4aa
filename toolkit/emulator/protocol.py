"""AWS's HTTP protocol: requests, responses, errors, and their XML."""

from __future__ import annotations

import enum
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
    """An HTTP request. It may contain keys and codes, so its repr shows only the method."""

    method: str
    path: str = field(repr=False)  # as received, still percent-encoded
    query: str = field(repr=False)  # likewise
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    environ: WSGIEnvironment = field(repr=False)

    @classmethod
    def read(cls, environ: WSGIEnvironment) -> Request:
        """Read a whole request."""
        path, _, query = environ["REQUEST_URI"].partition("?")
        headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name[:5] == "HTTP_"}
        unprefixed = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
        headers |= {name: environ[key] for name, key in unprefixed.items() if key in environ}
        source = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH", "")
        body = source.read() if environ.get("wsgi.input_terminated") else source.read(_content_length(length))
        return cls(environ["REQUEST_METHOD"], path, query, headers, body, environ)

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The parameters of a query service, from the URL and the body."""
        text = f"{self.query}&{self.body.decode('utf-8', 'replace')}"
        return dict(parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True)
class Response:
    """An HTTP response. It may contain keys, so its repr does not show the body."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Sequence[tuple[str, str]] = field(default=(("Content-Type", "text/xml"),), repr=False)
    code: str = ""  # AWS's error code, if this is an error
    truncated: bool = False  # send half of the body, then close the connection

    @property
    def status_line(self) -> str:
        """The status for WSGI: `403 Forbidden`."""
        phrases = {status.value: status.phrase for status in HTTPStatus}
        return f"{self.status} {phrases.get(self.status, 'Unknown')}"

    def has_element(self, name: str) -> bool:
        """Return whether the body has an XML element with this name that contains only text."""
        return re.search(_text_element(name), self.body) is not None

    def with_element(self, name: str, text: str) -> Response:
        """Return a copy in which all XML elements with this name contain this text."""
        headers = tuple(pair for pair in self.headers if pair[0].lower() != "content-length")
        body = re.sub(_text_element(name), lambda _: xml(name, text).encode(), self.body)
        return replace(self, body=body, headers=headers)


class ApiError(Exception):
    """An error that a service returns."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Set the HTTP status, and AWS's error code and message."""
        super().__init__(message)
        self.status = status
        self.code = code


class Problem(enum.Enum):
    """A problem that every service can report, each with its own code and message."""

    NO_SIGNATURE = enum.auto()
    UNKNOWN_KEY = enum.auto()
    BAD_TOKEN = enum.auto()
    EXPIRED = enum.auto()
    BAD_SIGNATURE = enum.auto()
    SKEWED = enum.auto()
    THROTTLED = enum.auto()


class CommonError(Exception):
    """A rejected signature or too many requests: an error whose code and message depend on the service."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        """Set the problem, and for SKEWED the message of STS and IAM, which contains the times."""
        super().__init__(problem.name)
        self.problem = problem
        self.detail = detail


_DENIED, _BAD = HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST
_TOKEN_INVALID = "The security token included in the request is invalid."  # noqa: S105 - an error message
_MISMATCH = "The request signature we calculated does not match the signature you provided."
_CHECK_KEY = "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
_KEY_UNKNOWN = "The AWS Access Key Id you provided does not exist in our records."
_TOO_SKEWED = "The difference between the request time and the current time is too large."
_QUERY_ERRORS = {
    Problem.NO_SIGNATURE: (_DENIED, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    Problem.UNKNOWN_KEY: (_DENIED, "InvalidClientTokenId", _TOKEN_INVALID),
    Problem.BAD_TOKEN: (_DENIED, "InvalidClientTokenId", _TOKEN_INVALID),
    Problem.EXPIRED: (_DENIED, "ExpiredToken", "The security token included in the request is expired"),
    Problem.BAD_SIGNATURE: (_DENIED, "SignatureDoesNotMatch", f"{_MISMATCH} {_CHECK_KEY}"),
    Problem.SKEWED: (_DENIED, "SignatureDoesNotMatch", ""),
    Problem.THROTTLED: (_BAD, "Throttling", "Rate exceeded"),
}
_S3_ERRORS = {
    Problem.NO_SIGNATURE: (_DENIED, "AccessDenied", "Access Denied"),
    Problem.UNKNOWN_KEY: (_DENIED, "InvalidAccessKeyId", _KEY_UNKNOWN),
    Problem.BAD_TOKEN: (_BAD, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    Problem.EXPIRED: (_BAD, "ExpiredToken", "The provided token has expired."),
    Problem.BAD_SIGNATURE: (_DENIED, "SignatureDoesNotMatch", f"{_MISMATCH} Check your key and signing method."),
    Problem.SKEWED: (_DENIED, "RequestTimeTooSkewed", _TOO_SKEWED),
    Problem.THROTTLED: (HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
}


def query_result(namespace: str, action: str, value: Mapping[str, object]) -> Response:
    """Return the response of a query service to a successful call."""
    content = {f"{action}Result": value, "ResponseMetadata": {"RequestId": str(uuid.uuid4())}}
    return Response(HTTPStatus.OK, xml(f'{action}Response xmlns="{namespace}"', content).encode())


def query_error(namespace: str, error: ApiError | CommonError) -> Response:
    """Return the response of a query service to a call that failed."""
    if isinstance(error, CommonError):
        status, code, message = _QUERY_ERRORS[error.problem]
        error = ApiError(status, code, message or error.detail)
    kind = "Receiver" if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"
    content = {"Error": {"Type": kind, "Code": error.code, "Message": str(error)}, "RequestId": str(uuid.uuid4())}
    body = xml(f'ErrorResponse xmlns="{namespace}"', content).encode()
    return Response(error.status, body, code=error.code)


def s3_error(error: ApiError | CommonError) -> Response:
    """Return the response of S3 to a call that failed."""
    if isinstance(error, CommonError):
        error = ApiError(*_S3_ERRORS[error.problem])
    content = {"Code": error.code, "Message": str(error), "RequestId": str(uuid.uuid4())}
    headers = (("Content-Type", "application/xml"),)
    return Response(error.status, xml("Error", content).encode(), headers, error.code)


def xml(name: str, value: object) -> str:
    """Return the XML element of a mapping, a list (its items are `member` elements), a boolean or a text."""
    if isinstance(value, Mapping):
        inner = "".join(xml(key, item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        inner = "".join(xml("member", item) for item in value)
    else:
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        inner = html.escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))
    return f"<{name}>{inner}</{name.partition(' ')[0]}>"


def _text_element(name: str) -> bytes:
    return f"<{re.escape(name)}>[^<]*</{re.escape(name)}>".encode()


def _content_length(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
