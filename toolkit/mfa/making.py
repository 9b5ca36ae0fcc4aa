"""Creating a virtual MFA device, and cleaning up one that was never enabled."""

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

_LIMIT = 8  # devices that AWS allows a user


def made(devices: Devices, wanted: str, say: Callable[[str], None]) -> NewDevice:
    """Return a new device with a name, `""` for the user's. Deletes one of that name that was never enabled.

    Raises AlreadyEnrolled, TooManyDevices, DeviceNameTaken or DeviceLeftOver, and the errors of AWS's refusals.
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
    what = "belongs to somebody else or was" if user is None else "was created before and"
    message = f"the MFA device `{serial}` {what} never enabled, and you may not delete it; AWS shows its seed only once"
    raise DeviceLeftOver(message, hint=ways_out(devices.profile, serial))


def _refuse_another(devices: Devices, serial: str, *, any_will_do: bool) -> None:
    there = devices.enabled()
    usable = [one for one in there if ":u2f/" not in one]  # security keys show no codes
    taken = serial if serial in there else usable[0] if usable and any_will_do else ""
    if taken:
        raise _enrolled(devices, taken, serial)
    if len(there) >= _LIMIT:
        message = f"user `{devices.owner.name}` has {len(there)} MFA devices, the most that AWS allows"
        raise TooManyDevices(message, hint=LIMIT_HINT)


def _enrolled(devices: Devices, taken: str, serial: str) -> AlreadyEnrolled:
    one_more = again(devices.profile, next_name(serial.rpartition("/")[2]))
    hint = f"{verify_line(devices.profile)}, to use it; or, to add another one: {one_more}"
    return AlreadyEnrolled(f"user `{devices.owner.name}` already has the MFA device `{taken}`", hint=hint)


@contextlib.contextmanager
def _perhaps_made(devices: Devices, serial: str, say: Callable[[str], None]) -> Iterator[None]:
    """Report a device whose seed may have been lost in transit."""
    try:
        yield
    except (AwsUnreachable, KeyboardInterrupt):
        say(f"device {serial}: may have been created, and its seed is lost; start over with: {again(devices.profile)}")
        raise


@contextlib.contextmanager
def undone(devices: Devices, device: NewDevice, say: Callable[[str], None]) -> Iterator[None]:
    """Delete a device if it is not enabled in the end, also after Ctrl-C, and report what is left in AWS."""
    try:
        yield
    except BaseException:
        say(f"device {device.serial}: {_rest(devices, device)}")
        raise


def _rest(devices: Devices, device: NewDevice) -> str:
    """Delete a device; return its remaining state in AWS, and the command to type next."""
    try:
        if devices.delete(device.serial):
            command = again(devices.profile, device.name)
            return f"deleted, so nothing is left in AWS; start over with: {command}"
        if device.serial in devices.enabled():
            return f"enabled; use it with: {verify_line(devices.profile)}"
    except (ToolkitError, KeyboardInterrupt):
        ways = f"{verify_line(devices.profile)}; or start over with: {again(devices.profile)}"
        return f"unknown whether it is enabled or still exists, because AWS did not respond; try: {ways}"
    return f"left in AWS, but not enabled and unusable; start over with: {ways_out(devices.profile, device.serial)}"


def next_name(name: str) -> str:
    """Return a name similar to a taken one: `alice-2` for `alice`, `alice-3` for `alice-2`."""
    match = re.fullmatch(r"(.+)-(\d{1,4})", name)
    return f"{match[1]}-{int(match[2]) + 1}" if match else f"{name}-2"


def ways_out(profile: str, serial: str) -> str:
    """Return the commands to type if a device is left behind that the user may not delete."""
    other = again(profile, next_name(serial.rpartition("/")[2]))
    return f"{other}; or, as an administrator: aws iam delete-virtual-mfa-device --serial-number {serial}"


def again(profile: str, name: str = "") -> str:
    """Return the command to enroll, with a device named as given or like the user."""
    return f"invoke enroll --profile {shlex.quote(profile)}" + (f" --device-name {name}" if name else "")


def verify_line(profile: str) -> str:
    """Return the command to log in."""
    return f"invoke verify --profile {shlex.quote(profile)}"
