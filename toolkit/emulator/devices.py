"""MFA devices: the codes that they show, the codes that AWS accepts, and the registry of all devices."""

from __future__ import annotations

import base64
import enum
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from toolkit import totp
from toolkit.emulator.protocol import ApiError

LIMIT = 8  # devices per user
_MAX_DRIFT = 120  # periods, or one hour: a device that is further out of step cannot be resynchronized
_ISSUER = "Amazon Web Services"

Now = Callable[[], float]  # a clock that returns Unix time


class Kind(enum.Enum):
    """The kinds of MFA devices."""

    VIRTUAL = "virtual"  # an authenticator app
    HARDWARE = "hardware"  # a token with a display
    FIDO = "fido"  # a security key: shows no codes and works only in a browser


@dataclass(frozen=True)
class Device:
    """An MFA device at one moment; the registry replaces it when it changes."""

    kind: Kind
    serial: str  # an ARN, or the number printed on a hardware token
    user: str = ""  # name of the user who has it enabled, if any
    enabled: float = 0  # Unix time at which it was enabled
    seed: str = field(default="", repr=False)  # base32; empty for FIDO
    drift: float = 0  # seconds that its clock is ahead of the emulator's
    clock: Now = field(default=time.time, repr=False, compare=False)

    def code(self, at: float | None = None) -> str:
        """Return the code that it shows at a time of the emulator's clock, by default now."""
        return totp.code(self.seed, (self.clock() if at is None else at) + self.drift)

    def uri(self, account: str) -> str:
        """Return the `otpauth:` URI for authenticator apps. It contains the seed."""
        issuer, label = quote(_ISSUER), quote(f"{self.serial.rpartition('/')[2]}@{account}", safe="@")
        return f"otpauth://totp/{issuer}:{label}?secret={self.seed}&issuer={issuer}"


@dataclass
class TotpWindow:
    """The codes of one device that AWS accepts: close to its clock, and later than the last accepted code.

    The caller has to hold a lock.
    """

    offset: int = 0  # periods that the device's clock is known to be ahead
    last: int = -1  # period of the last accepted code, by the device's clock

    def accept(self, seed: str, code: str, now: float) -> bool:
        """Accept and use up a code of the current, the previous or the next period."""
        current = totp.step(now) + self.offset
        return self._use(_first_match(seed, (code,), range(current - 1, current + 2), self.last), length=1)

    def accept_pair(self, seed: str, pair: tuple[str, str], now: float) -> bool:
        """Accept and use up two consecutive codes, the second of the current, the previous or the next period."""
        current = totp.step(now) + self.offset
        return self._use(_first_match(seed, pair, range(current - 2, current + 1), self.last), length=2)

    def resync(self, seed: str, pair: tuple[str, str], now: float) -> bool:
        """Accept and use up two consecutive codes from within an hour, and adjust the offset to them."""
        if self.accept_pair(seed, pair, now):  # already in step
            return True
        current = totp.step(now)
        first = _first_match(seed, pair, _nearest_first(current - 1), self.last)
        if first is not None:
            self.offset = first + 1 - current
        return self._use(first, length=2)

    def _use(self, first: int | None, *, length: int) -> bool:
        if first is None:
            return False
        self.last = first + length - 1
        return True


def _first_match(seed: str, codes: tuple[str, ...], candidates: Iterable[int], last: int) -> int | None:
    """Return the first candidate period, later than the last one used, in which a device begins to show some codes."""
    for first in candidates:
        shown = " ".join(totp.code(seed, (first + number) * totp.PERIOD) for number in range(len(codes)))
        if first > last and hmac.compare_digest(shown.encode(), " ".join(codes).encode()):
            return first
    return None


def _nearest_first(period: int) -> Iterator[int]:
    return (period + sign * distance for distance in range(_MAX_DRIFT + 1) for sign in (1, -1))


class DeviceRegistry:
    """All MFA devices, by serial number. Safe to use from several threads; raises IAM's errors as ApiError."""

    def __init__(self, clock: Now) -> None:
        """Start empty."""
        self._clock = clock
        self._devices: dict[str, Device] = {}
        self._windows: dict[str, TotpWindow] = {}
        self._lock = threading.Lock()

    def all(self) -> tuple[Device, ...]:
        """Return all devices, in the order in which they were created or enabled."""
        with self._lock:
            return tuple(self._devices.values())

    def of(self, user: str) -> tuple[Device, ...]:
        """Return the devices that a user has enabled, in this order."""
        return tuple(device for device in self.all() if device.user == user)

    def owned(self, serial: str, user: str) -> Device:
        """Return a device that a user has enabled."""
        with self._lock:
            return self._owned(serial, user)

    def create(self, kind: Kind, serial: str, user: str = "") -> Device:
        """Create a device with a new seed, already enabled if a user is given."""
        seed = "" if kind is Kind.FIDO else base64.b32encode(secrets.token_bytes(40)).decode()  # as long as AWS's
        device = Device(kind, serial, user, self._clock() if user else 0, seed, clock=self._clock)
        with self._lock:
            if serial in self._devices:
                raise _conflict("EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")
            self._devices[serial], self._windows[serial] = device, TotpWindow()
        return device

    def drift(self, serial: str, seconds: float) -> Device:
        """Set how far a device's clock is ahead of the emulator's, and return the device."""
        with self._lock:
            return self._replace(self._devices[serial], drift=seconds)

    def use_code(self, serial: str, code: str) -> bool:
        """Accept and use up a code for a login; return False for a wrong code."""
        with self._lock:
            device = self._devices.get(serial)
            if not device or not device.seed:
                return False
            return self._windows[serial].accept(device.seed, code, self._clock())

    def enable(self, serial: str, user: str, pair: tuple[str, str]) -> None:
        """Enable an unassigned device for a user, with two consecutive codes."""
        with self._lock:
            device = self._devices.get(serial)
            if not device or not device.seed:
                raise _not_found(f"VirtualMFADevice with serial number {serial} does not exist.")
            if device.user:
                raise _conflict("EntityAlreadyExists", "MFA Device is already in use.")
            if sum(one.user == user for one in self._devices.values()) >= LIMIT:
                raise _conflict("LimitExceeded", f"Cannot exceed quota for MFADevicesPerUser: {LIMIT}.")
            self._check_pair(device, pair, self._windows[serial].accept_pair)
            del self._devices[serial]  # so that it comes after the user's other devices
            self._replace(device, user=user, enabled=self._clock())

    def resync(self, serial: str, user: str, pair: tuple[str, str]) -> None:
        """Bring a device that is out of step back into step, with two consecutive codes."""
        with self._lock:
            self._check_pair(self._owned(serial, user), pair, self._windows[serial].resync)

    def deactivate(self, serial: str, user: str) -> None:
        """Take a device away from a user; this deletes a security key."""
        with self._lock:
            device = self._replace(self._owned(serial, user), user="", enabled=0)
            if device.kind is Kind.FIDO:
                del self._devices[serial], self._windows[serial]

    def delete(self, serial: str) -> None:
        """Delete an unassigned virtual device."""
        with self._lock:
            device = self._devices.get(serial)
            if not device or device.kind is not Kind.VIRTUAL:
                raise _not_found(f"VirtualMFADevice with serial number {serial} doesn't exist.")
            if device.user:
                raise _conflict("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
            del self._devices[serial], self._windows[serial]

    def _owned(self, serial: str, user: str) -> Device:
        device = self._devices.get(serial)
        if not device or device.user != user:
            raise _not_found(f"MFA Device with serial number {serial} does not exist for user {user}.")
        return device

    def _replace(self, device: Device, **changes: Any) -> Device:
        self._devices[device.serial] = replace(device, **changes)
        return self._devices[device.serial]

    def _check_pair(
        self, device: Device, pair: tuple[str, str], accept: Callable[[str, tuple[str, str], float], bool]
    ) -> None:
        if not device.seed or not accept(device.seed, pair, self._clock()):
            message = "Authentication code for device is not valid."
            raise ApiError(HTTPStatus.FORBIDDEN, "InvalidAuthenticationCode", message)


def _conflict(code: str, message: str) -> ApiError:
    return ApiError(HTTPStatus.CONFLICT, code, message)


def _not_found(message: str) -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, "NoSuchEntity", message)
