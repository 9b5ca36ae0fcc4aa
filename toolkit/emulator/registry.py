"""All MFA devices and whose they are, over time: made, enabled, used, brought back into step, deactivated, deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus

from toolkit.emulator.clock import Now
from toolkit.emulator.codes import Codes
from toolkit.emulator.devices import Device, Kind, new_seed
from toolkit.emulator.protocol import Refused

LIMIT = 8  # devices that a user may have


class Registry:
    """The devices, by serial number. It may be used from several threads; its refusals are in the words of IAM."""

    def __init__(self, clock: Now) -> None:
        """Begin without any."""
        self._clock = clock
        self._devices: dict[str, Device] = {}
        self._codes: dict[str, Codes] = {}
        self._lock = threading.Lock()

    def all(self) -> tuple[Device, ...]:
        """Return those that there are, in the order in which they were made or enabled."""
        with self._lock:
            return tuple(self._devices.values())

    def of(self, user: str) -> tuple[Device, ...]:
        """Return those that are enabled for a user, in the order in which they were."""
        return tuple(device for device in self.all() if device.user == user)

    def make(self, kind: Kind, serial: str, user: str = "") -> Device:
        """Make one with a seed of its own, for nobody or already enabled. Raises Refused where the serial is taken."""
        seed = "" if kind is Kind.FIDO else new_seed()
        device = Device(kind, serial, user, self._clock() if user else 0, seed, clock=self._clock)
        with self._lock:
            if serial in self._devices:
                sentence = "MFADevice entity at the same path and name already exists."
                raise Refused(HTTPStatus.CONFLICT, "EntityAlreadyExists", sentence)
            self._devices[serial], self._codes[serial] = device, Codes()
        return device

    def drift(self, serial: str, seconds: float) -> Device:
        """Let the clock of one be some seconds ahead of the emulator's, and return it."""
        with self._lock:
            return self._change(replace(self._devices[serial], drift=seconds))

    def spend(self, serial: str, code: str) -> bool:
        """Take a code for a login, or tell that it is none; then nothing is used up."""
        with self._lock:
            device = self._devices.get(serial)
            return (
                device is not None and device.seed != "" and self._codes[serial].take(device.seed, code, self._clock())
            )

    def enable(self, serial: str, user: str, pair: tuple[str, str]) -> None:
        """Give one that nobody has to a user, for two codes that follow each other. Raises Refused."""
        with self._lock:
            device = self._devices.get(serial)
            if not device or not device.seed:
                raise _unknown(f"VirtualMFADevice with serial number {serial} does not exist.")
            if device.user:
                raise Refused(HTTPStatus.CONFLICT, "EntityAlreadyExists", "MFA Device is already in use.")
            if sum(one.user == user for one in self._devices.values()) >= LIMIT:
                sentence = f"Cannot exceed quota for MFADevicesPerUser: {LIMIT}."
                raise Refused(HTTPStatus.CONFLICT, "LimitExceeded", sentence)
            self._check(device, pair, self._codes[serial].take_pair)
            del self._devices[serial]  # it comes after those that the user has
            self._change(replace(device, user=user, enabled=self._clock()))

    def resync(self, serial: str, user: str, pair: tuple[str, str]) -> None:
        """Bring one that is out of step back into it, for two codes that follow each other. Raises Refused."""
        with self._lock:
            self._check(self._owned(serial, user), pair, self._codes[serial].resync)

    def deactivate(self, serial: str, user: str) -> None:
        """Take one from a user; a security key is gone then. Raises Refused."""
        with self._lock:
            device = self._change(replace(self._owned(serial, user), user="", enabled=0))
            if device.kind is Kind.FIDO:
                del self._devices[serial], self._codes[serial]

    def delete(self, serial: str) -> None:
        """Do away with a virtual one that nobody has. Raises Refused."""
        with self._lock:
            device = self._devices.get(serial)
            if not device or device.kind is not Kind.VIRTUAL:
                raise _unknown(f"VirtualMFADevice with serial number {serial} doesn't exist.")
            if device.user:
                sentence = "MFA VirtualDevice in use. Must deactivate first."
                raise Refused(HTTPStatus.CONFLICT, "DeleteConflict", sentence)
            del self._devices[serial], self._codes[serial]

    def owned(self, serial: str, user: str) -> Device:
        """Return one that is enabled for a user. Raises Refused."""
        with self._lock:
            return self._owned(serial, user)

    def _owned(self, serial: str, user: str) -> Device:
        device = self._devices.get(serial)
        if not device or device.user != user:
            raise _unknown(f"MFA Device with serial number {serial} does not exist for user {user}.")
        return device

    def _change(self, device: Device) -> Device:
        self._devices[device.serial] = device
        return device

    def _check(
        self, device: Device, pair: tuple[str, str], take: Callable[[str, tuple[str, str], float], bool]
    ) -> None:
        if not device.seed or not take(device.seed, pair, self._clock()):
            sentence = "Authentication code for device is not valid."
            raise Refused(HTTPStatus.FORBIDDEN, "InvalidAuthenticationCode", sentence)


def _unknown(sentence: str) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, "NoSuchEntity", sentence)
