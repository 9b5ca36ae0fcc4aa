"""A virtual MFA device is made, or it is told why not; and what is left of one that does not come to be enabled."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Callable, Iterator

from toolkit.errors import (
    AlreadyEnrolled,
    AwsUnreachable,
    DeviceLeftOver,
    DeviceNameTaken,
    ToolkitError,
    TooManyDevices,
)
from toolkit.mfa.devices import LIMIT_HINT, Devices, NewDevice

_LIMIT = 8  # devices that AWS lets a user have


def made(devices: Devices, wanted: str, say: Callable[[str], None]) -> NewDevice:
    """Return a new device of a name, `""` for the user's; one of that name that was never enabled is deleted first.

    Raises AlreadyEnrolled, TooManyDevices, DeviceNameTaken or DeviceLeftOver, and what AWS's refusals are.
    """
    name = wanted or devices.owner.name
    serial = devices.owner.serial(name)
    _refuse_another(devices, serial, any_will_do=not wanted)
    with _perhaps_made(devices, serial, say):
        if device := devices.make(name):
            return device
    user = devices.user_of(serial)
    if user == devices.owner.name:
        raise _enrolled(devices, serial, serial)
    if user:
        message = f"the MFA device `{serial}` belongs to user `{user}`"
        raise DeviceNameTaken(message, hint=f"choose another name: {again(devices.profile, next_name(name))}")
    with _perhaps_made(devices, serial, say):
        if devices.delete(serial) and (device := devices.make(name)):
            return device
    what = "is somebody else's, or was" if user is None else "was made before and"
    message = (
        f"the MFA device `{serial}` {what} never enabled, and you may not delete it; its seed cannot be read again"
    )
    raise DeviceLeftOver(message, hint=ways_out(devices.profile, serial))


def _refuse_another(devices: Devices, serial: str, *, any_will_do: bool) -> None:
    there = devices.enabled()
    usable = [one for one in there if ":u2f/" not in one]  # security keys show no codes
    taken = serial if serial in there else usable[0] if usable and any_will_do else ""
    if taken:
        raise _enrolled(devices, taken, serial)
    if len(there) >= _LIMIT:
        message = f"user `{devices.owner.name}` has {len(there)} MFA devices, and AWS allows no more"
        raise TooManyDevices(message, hint=LIMIT_HINT)


def _enrolled(devices: Devices, taken: str, serial: str) -> AlreadyEnrolled:
    one_more = again(devices.profile, next_name(serial.rpartition("/")[2]))
    hint = f"use it: {verify_line(devices.profile)}; or have one more: {one_more}"
    return AlreadyEnrolled(f"user `{devices.owner.name}` has the MFA device `{taken}` already", hint=hint)


@contextlib.contextmanager
def _perhaps_made(devices: Devices, serial: str, say: Callable[[str], None]) -> Iterator[None]:
    """Tell of a device whose seed may be lost on its way here."""
    try:
        yield
    except (AwsUnreachable, KeyboardInterrupt):
        say(f"device {serial}: perhaps made, and its seed is lost then; begin anew with: {again(devices.profile)}")
        raise


@contextlib.contextmanager
def undone(devices: Devices, device: NewDevice, say: Callable[[str], None]) -> Iterator[None]:
    """Delete a device if it does not come to be enabled, be it by Ctrl-C, and tell what is left in AWS."""
    try:
        yield
    except BaseException:
        say(f"device {device.serial}: {_rest(devices, device)}")
        raise


def _rest(devices: Devices, device: NewDevice) -> str:
    """Delete a device, and return what is left of it, and what to type then."""
    try:
        if devices.delete(device.serial):
            anew = again(devices.profile, device.name)
            return f"deleted again, so that nothing is left in AWS; begin anew with: {anew}"
        if device.serial in devices.enabled():
            return f"enabled after all; use it: {verify_line(devices.profile)}"
    except (ToolkitError, KeyboardInterrupt):
        ways = f"{verify_line(devices.profile)}, or begin anew with: {again(devices.profile)}"
        return f"AWS does not tell whether it is enabled, or left at all; try {ways}"
    return f"left in AWS, not enabled and of no use; begin anew with: {ways_out(devices.profile, device.serial)}"


def next_name(name: str) -> str:
    """Return a name like one that is taken: `alice-2` for `alice`, `alice-3` for that."""
    match = re.fullmatch(r"(.+)-(\d{1,4})", name)
    return f"{match[1]}-{int(match[2]) + 1}" if match else f"{name}-2"


def ways_out(profile: str, serial: str) -> str:
    """Return what to type where a device is left behind that the user may not delete."""
    other = again(profile, next_name(serial.rpartition("/")[2]))
    return f"{other}, or, as an administrator: aws iam delete-virtual-mfa-device --serial-number {serial}"


def again(profile: str, name: str = "") -> str:
    """Return what to type to enroll, with a device of a name or of the user's."""
    return f"invoke enroll --profile {shlex.quote(profile)}" + (f" --device-name {name}" if name else "")


def verify_line(profile: str) -> str:
    """Return what to type to log in."""
    return f"invoke verify --profile {shlex.quote(profile)}"
