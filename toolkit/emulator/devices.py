"""MFA devices: what they are called, and the codes that they show."""

from __future__ import annotations

import base64
import enum
import secrets
import time
from dataclasses import dataclass, field

from toolkit import totp
from toolkit.emulator.clock import Now


class Kind(enum.Enum):
    """What a user may have for a second factor."""

    VIRTUAL = "virtual"  # an authenticator app
    HARDWARE = "hardware"  # a token with a display
    FIDO = "fido"  # a security key: shows no codes, and is of no use outside of a browser


@dataclass(frozen=True)
class Device:
    """An MFA device of a user."""

    kind: Kind
    serial: str  # an ARN, or for hardware the number on its back
    enabled: float  # when it was given to the user
    seed: str = field(default="", repr=False)  # base32; "" for FIDO
    clock: Now = field(default=time.time, repr=False, compare=False)

    @classmethod
    def make(cls, kind: Kind, account: str, user: str, number: int, clock: Now) -> Device:
        """Make one with a seed of its own; the number, from 1 on, tells the devices of a user apart."""
        serial = {
            Kind.VIRTUAL: f"arn:aws:iam::{account}:mfa/{user}" + (f"-{number}" if number > 1 else ""),
            Kind.HARDWARE: f"GAHT{secrets.randbelow(10**8):08}",
            Kind.FIDO: f"arn:aws:iam::{account}:u2f/user/{user}/key-{number}",
        }[kind]
        seed = "" if kind is Kind.FIDO else base64.b32encode(secrets.token_bytes(40)).decode()
        return cls(kind, serial, clock(), seed, clock)

    def code(self, at: float | None = None) -> str:
        """Return what it shows at a time, by default at the emulator's now."""
        return totp.code(self.seed, self.clock() if at is None else at)
