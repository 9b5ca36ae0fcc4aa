"""AWS Signature Version 4, as a server verifies it."""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from toolkit.emulator.protocol import Request

_AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,\s*"
                            r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})")  # fmt: skip
_TIMESTAMP = "%Y%m%dT%H%M%SZ"
_UNRESERVED = "-_.~"


@dataclass(frozen=True)
class Claim:
    """The parts of a request's signature, not yet verified."""

    access_key: str
    day: str  # "20260101"
    region: str
    service: str
    signed_headers: tuple[str, ...]  # names, in order
    signature: str
    timestamp: str  # "20260101T120000Z"
    signed_at: int  # the same as a Unix time, by the client's clock

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def parse(request: Request) -> Claim | None:
    """Return the claim in a request's headers, or None if the request is not signed with Signature Version 4."""
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    date = request.headers.get("x-amz-date", "")
    if not found or not date.startswith(found[2]):
        return None
    try:
        signed_at = calendar.timegm(time.strptime(date, _TIMESTAMP))
    except ValueError:
        return None
    access_key, day, region, service, signed, signature = found.groups()
    return Claim(access_key, day, region, service, tuple(signed.split(";")), signature, date, signed_at)


def timestamp(at: float) -> str:
    """Return a Unix time in the format of signatures: `20260101T120000Z`."""
    return time.strftime(_TIMESTAMP, time.gmtime(at))


def sign(request: Request, claim: Claim, secret: str) -> str:
    """Return the signature of a request that is signed with this secret."""
    request_hash = hashlib.sha256(_canonical(request, claim).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{claim.timestamp}\n{claim.scope}\n{request_hash}"
    key = f"AWS4{secret}".encode()
    for part in claim.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def verify(request: Request, claim: Claim, secret: str) -> bool:
    """Return whether the request was signed with this secret, including its host and time."""
    return {"host", "x-amz-date"} <= set(claim.signed_headers) and hmac.compare_digest(
        sign(request, claim, secret), claim.signature
    )


def _canonical(request: Request, claim: Claim) -> str:
    # Every service except S3 encodes the path twice.
    path = request.path if claim.service == "s3" else quote(request.path, safe=f"/{_UNRESERVED}")
    pairs = parse_qsl(request.query, keep_blank_values=True)
    quoted = sorted((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in quoted)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in claim.signed_headers)
    parts = (request.method, path, query, headers, ";".join(claim.signed_headers), _payload(request, claim))
    return "\n".join(parts)


def _payload(request: Request, claim: Claim) -> str:
    declared = request.headers.get("x-amz-content-sha256", "")
    if claim.service == "s3" and declared.startswith(("UNSIGNED-", "STREAMING-")):
        return declared
    return hashlib.sha256(request.body).hexdigest()
