"""MFA devices: what they are called, and the codes that they show."""

from __future__ import annotations

import base64
import enum
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from toolkit import totp
from toolkit.emulator.clock import Now

_ISSUER = "Amazon Web Services"


class Kind(enum.Enum):
    """What a user may have for a second factor."""

    VIRTUAL = "virtual"  # an authenticator app
    HARDWARE = "hardware"  # a token with a display
    FIDO = "fido"  # a security key: shows no codes, and is of no use outside of a browser


@dataclass(frozen=True)
class Device:
    """An MFA device, as it was when somebody asked for it; the registry replaces it when it changes."""

    kind: Kind
    serial: str  # an ARN, or for hardware the number on its back
    user: str = ""  # name of the user for whom it is enabled; "" for nobody
    enabled: float = 0  # when that was, in seconds since 1970
    seed: str = field(default="", repr=False)  # base32; "" for FIDO
    drift: float = 0  # seconds that its own clock is ahead of the emulator's
    clock: Now = field(default=time.time, repr=False, compare=False)

    def code(self, at: float | None = None) -> str:
        """Return what it shows at a time of the emulator's clock, by default now."""
        return totp.code(self.seed, (self.clock() if at is None else at) + self.drift)

    def uri(self, account: str) -> str:
        """Return what its QR code says to an authenticator app. The seed is in it."""
        issuer, label = quote(_ISSUER), quote(f"{self.serial.rpartition('/')[2]}@{account}", safe="@")
        return f"otpauth://totp/{issuer}:{label}?secret={self.seed}&issuer={issuer}"


def serial_of(kind: Kind, account: str, user: str, number: int) -> str:
    """Return a serial number for a user's device; the number, from 1 on, tells them apart."""
    return {
        Kind.VIRTUAL: f"arn:aws:iam::{account}:mfa/{user}" + (f"-{number}" if number > 1 else ""),
        Kind.HARDWARE: f"GAHT{secrets.randbelow(10**8):08}",
        Kind.FIDO: f"arn:aws:iam::{account}:u2f/user/{user}/key-{number}",
    }[kind]


def new_seed() -> str:
    """Return a seed as long as those of AWS: 64 letters."""
    return base64.b32encode(secrets.token_bytes(40)).decode()
