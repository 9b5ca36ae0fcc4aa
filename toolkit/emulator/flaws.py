"""What can be wrong with a request before it is looked into, and the words that the services have for it."""

from __future__ import annotations

import enum
from http import HTTPStatus

from toolkit.emulator.protocol import Refused


class Flaw(enum.Enum):
    """What is wrong: the same for every service, each of which has its own words."""

    NO_SIGNATURE = enum.auto()
    UNKNOWN_KEY = enum.auto()
    BAD_TOKEN = enum.auto()
    EXPIRED = enum.auto()
    BAD_SIGNATURE = enum.auto()
    SKEWED = enum.auto()
    THROTTLED = enum.auto()


class Flawed(Exception):
    """The keys of a request, or what was made with them, are no good, or there were too many requests."""

    def __init__(self, flaw: Flaw, detail: str = "") -> None:
        """Take the flaw, and for SKEWED what STS and IAM say, which has the times in it."""
        super().__init__(flaw.name)
        self.flaw = flaw
        self.detail = detail


_DENIED, _BAD = HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST
_TOKEN_INVALID = "The security token included in the request is invalid."  # noqa: S105 - a sentence
_MISMATCH = "The request signature we calculated does not match the signature you provided."
_CHECK_KEY = "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
_QUERY = {
    Flaw.NO_SIGNATURE: (_DENIED, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    Flaw.UNKNOWN_KEY: (_DENIED, "InvalidClientTokenId", _TOKEN_INVALID),
    Flaw.BAD_TOKEN: (_DENIED, "InvalidClientTokenId", _TOKEN_INVALID),
    Flaw.EXPIRED: (_DENIED, "ExpiredToken", "The security token included in the request is expired"),
    Flaw.BAD_SIGNATURE: (
        _DENIED,
        "SignatureDoesNotMatch",
        f"{_MISMATCH} {_CHECK_KEY}",
    ),
    Flaw.SKEWED: (_DENIED, "SignatureDoesNotMatch", ""),
    Flaw.THROTTLED: (_BAD, "Throttling", "Rate exceeded"),
}
_S3 = {
    Flaw.NO_SIGNATURE: (_DENIED, "AccessDenied", "Access Denied"),
    Flaw.UNKNOWN_KEY: (
        _DENIED,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
    Flaw.BAD_TOKEN: (_BAD, "InvalidToken", "The provided token is malformed or otherwise invalid."),
    Flaw.EXPIRED: (_BAD, "ExpiredToken", "The provided token has expired."),
    Flaw.BAD_SIGNATURE: (_DENIED, "SignatureDoesNotMatch", f"{_MISMATCH} Check your key and signing method."),
    Flaw.SKEWED: (
        _DENIED,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
    ),
    Flaw.THROTTLED: (HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate."),
}


def in_words_of_query(flawed: Flawed) -> Refused:
    """Return what STS and IAM say of it."""
    status, code, message = _QUERY[flawed.flaw]
    return Refused(status, code, message or flawed.detail)


def in_words_of_s3(flawed: Flawed) -> Refused:
    """Return what S3 says of it."""
    return Refused(*_S3[flawed.flaw])
