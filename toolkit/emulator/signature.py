"""AWS's Signature Version 4, as a server checks it: what a request claims, and what its signature has to be. Pure."""

from __future__ import annotations

import calendar
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from toolkit.emulator.protocol import Request

_CLAIM = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,\s*"
                    r"SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})")  # fmt: skip
_STAMP = "%Y%m%dT%H%M%SZ"
_UNRESERVED = "-_.~"


@dataclass(frozen=True)
class Claim:
    """What a signed request says of itself."""

    access_key: str
    day: str  # "20260101"
    region: str
    service: str
    signed: tuple[str, ...]  # names of the headers that are signed, in order
    signature: str
    stamp: str  # "20260101T120000Z"
    signed_at: int  # the same, in seconds since 1970, by the client's clock

    @property
    def scope(self) -> str:
        """What the signing key is good for."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def claim(request: Request) -> Claim | None:
    """Return what the headers claim; None where they are not those of a request signed with Signature Version 4."""
    found = _CLAIM.fullmatch(request.headers.get("authorization", ""))
    stamp = request.headers.get("x-amz-date", "")
    if not found or not stamp.startswith(found[2]):
        return None
    try:
        signed_at = calendar.timegm(time.strptime(stamp, _STAMP))
    except ValueError:
        return None
    access_key, day, region, service, signed, signature = found.groups()
    return Claim(access_key, day, region, service, tuple(signed.split(";")), signature, stamp, signed_at)


def stamp(at: float) -> str:
    """Return a time as the signature has it: `20260101T120000Z`."""
    return time.strftime(_STAMP, time.gmtime(at))


def sign(request: Request, claimed: Claim, secret: str) -> str:
    """Return the signature that the claim has to carry, if the client knows the secret."""
    request_hash = hashlib.sha256(_canonical(request, claimed).encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{claimed.stamp}\n{claimed.scope}\n{request_hash}"
    key = f"AWS4{secret}".encode()
    for part in claimed.scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def matches(request: Request, claimed: Claim, secret: str) -> bool:
    """Tell whether the request was signed with a secret, its host and its time included."""
    return {"host", "x-amz-date"} <= set(claimed.signed) and hmac.compare_digest(
        sign(request, claimed, secret), claimed.signature
    )


def _canonical(request: Request, claimed: Claim) -> str:
    # Every service but S3 encodes the path a second time.
    path = request.path if claimed.service == "s3" else quote(request.path, safe=f"/{_UNRESERVED}")
    pairs = parse_qsl(request.query, keep_blank_values=True)
    quoted = sorted((quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED)) for name, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in quoted)
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in claimed.signed)
    parts = (request.method, path, query, headers, ";".join(claimed.signed), _payload(request, claimed))
    return "\n".join(parts)


def _payload(request: Request, claimed: Claim) -> str:
    told = request.headers.get("x-amz-content-sha256", "")
    if claimed.service == "s3" and told.startswith(("UNSIGNED-", "STREAMING-")):
        return told
    return hashlib.sha256(request.body).hexdigest()
