"""Codes of an authenticator app: RFC 6238 with SHA-1, 6 digits and 30 seconds, as AWS expects. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

PERIOD = 30  # seconds that a code is valid
_DIGITS = 6


def step(at: float) -> int:
    """Return the number of the period of a time (seconds since 1970); each period has one code."""
    return int(at // PERIOD)


def seconds_left(at: float) -> float:
    """Return the seconds that the code of a time remains valid: more than 0, at most 30."""
    return PERIOD - at % PERIOD


def code(seed: str, at: float) -> str:
    """Return the code of a base32 seed at a time.

    Raises ValueError if the seed is not base32; the message does not contain the seed.
    """
    digest = hmac.digest(_key(seed), step(at).to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def _key(seed: str) -> bytes:
    # People copy it in groups, in lower case, with or without the padding.
    letters = "".join(seed.split()).upper().rstrip("=")
    try:
        key = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except ValueError:
        raise ValueError("the seed of the MFA device is not base32") from None
    if not key:
        raise ValueError("the seed of the MFA device is empty")
    return key
