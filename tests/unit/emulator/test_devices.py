from __future__ import annotations

import base64
import dataclasses
import functools
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from toolkit import totp
from toolkit.emulator import Kind
from toolkit.emulator.devices import LIMIT, Device, DeviceRegistry, TotpWindow
from toolkit.emulator.protocol import ApiError

NOW = 1_800_000_000.0
SEED = base64.b32encode(secrets.token_bytes(40)).decode()
SERIAL = "arn:aws:iam::123456789012:mfa/eng/alice"


def code_at(seconds: float) -> str:
    """Return the code some seconds from now."""
    return totp.code(SEED, NOW + seconds)


def pair_at(seconds: float) -> tuple[str, str]:
    """Return two consecutive codes."""
    return code_at(seconds), code_at(seconds + 30)


# --- the codes of one device -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "rejected", "accepted"), [(-30, (-30,), (0, 30)), (0, (-30, 0), (30,)), (30, (-30, 0, 30), ())]
)
def test_codes_are_used_up(first: int, rejected: tuple[int, ...], accepted: tuple[int, ...]) -> None:
    """A code is accepted up to one period early or late, and afterwards none of the same or an earlier period."""
    window = TotpWindow()
    assert not any(window.accept(SEED, code_at(seconds), NOW) for seconds in (-60, 60))
    assert window.accept(SEED, code_at(first), NOW)
    assert not any(window.accept(SEED, code_at(seconds), NOW) for seconds in rejected)
    assert all(window.accept(SEED, code_at(seconds), NOW) for seconds in accepted)


@pytest.mark.parametrize(("first", "good"), [(-90, False), (-60, True), (-30, True), (0, True), (30, False)])
def test_pairs(first: int, good: bool) -> None:  # noqa: FBT001 - from a table
    """Two consecutive codes are accepted whenever the second alone would be, and both are then used up."""
    window = TotpWindow()
    assert window.accept_pair(SEED, pair_at(first), NOW) == good
    if good:
        assert not window.accept(SEED, code_at(first + 30), NOW)
        assert window.accept(SEED, code_at(first + 60), NOW + 30)


def test_invalid_pairs() -> None:
    """A repeated code, the wrong order, a gap, and codes split at the wrong place are rejected."""
    window, (first, second) = TotpWindow(), pair_at(-30)
    for wrong in (
        (first, first),
        (second, first),
        (first, code_at(30)),
        (first[:5], first[5:] + second),
        ("é", second),
    ):
        assert not window.accept_pair(SEED, wrong, NOW)
        assert not window.resync(SEED, wrong, NOW)
    assert window.accept_pair(SEED, (first, second), NOW)


def test_a_pair_with_a_used_code() -> None:
    """A pair whose first code was used is rejected."""
    window = TotpWindow()
    assert window.accept(SEED, code_at(-30), NOW)
    assert not window.accept_pair(SEED, pair_at(-30), NOW)
    assert window.accept_pair(SEED, pair_at(0), NOW)


@pytest.mark.parametrize(("seconds", "good"), [(3600, True), (-3600, True), (3660, False), (-3660, False), (0, True)])
def test_resync(seconds: int, good: bool) -> None:  # noqa: FBT001 - from a table
    """A device that is off by up to an hour is brought back into step, and its later codes are accepted."""
    window = TotpWindow()
    assert window.resync(SEED, pair_at(seconds - 30), NOW) == good
    assert window.accept(SEED, code_at(seconds + 60), NOW + 60) == good


def test_resync_of_a_device_in_step() -> None:
    """Resynchronizing a device that is in step keeps it in step."""
    window = TotpWindow()
    assert window.resync(SEED, pair_at(0), NOW)
    assert window.offset == 0


# --- the registry ----------------------------------------------------------------------------------------------------


def error_of(act: Callable[[], object]) -> tuple[int, str, str]:
    """Return status, code and message of an error."""
    with pytest.raises(ApiError) as caught:
        act()
    return caught.value.status, caught.value.code, str(caught.value)


def pair(device: Device) -> tuple[str, str]:
    """Return the codes of the previous and the current period."""
    return device.code(NOW - 30), device.code(NOW)


def test_the_life_of_a_device() -> None:
    """A device is created, enabled, refused to other users, deactivated, and only then deleted."""
    registry = DeviceRegistry(lambda: NOW)
    device = registry.create(Kind.VIRTUAL, SERIAL)
    assert (registry.of("alice"), registry.all(), device.user, device.enabled) == ((), (device,), "", 0)
    registry.enable(SERIAL, "alice", pair(device))
    (enabled,) = registry.of("alice")
    assert enabled == registry.owned(SERIAL, "alice") == dataclasses.replace(device, user="alice", enabled=NOW)
    assert error_of(lambda: registry.enable(SERIAL, "bob", pair(device))) == (
        409, "EntityAlreadyExists", "MFA Device is already in use.",
    )  # fmt: skip
    assert error_of(lambda: registry.deactivate(SERIAL, "bob"))[:2] == (404, "NoSuchEntity")
    assert error_of(lambda: registry.delete(SERIAL)) == (
        409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.",
    )  # fmt: skip
    registry.deactivate(SERIAL, "alice")
    assert (registry.of("alice"), registry.all()) == ((), (device,))
    registry.delete(SERIAL)
    assert registry.all() == ()
    assert error_of(lambda: registry.delete(SERIAL))[:2] == (404, "NoSuchEntity")


def test_codes_are_used_up_over_its_life() -> None:
    """Enabling uses up both codes, which deactivating does not undo; a new device with the same name starts over."""
    registry = DeviceRegistry(lambda: NOW)
    device = registry.create(Kind.VIRTUAL, SERIAL)
    wrong = (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
    assert error_of(lambda: registry.enable(SERIAL, "alice", ("000000", "000000"))) == wrong
    registry.enable(SERIAL, "alice", pair(device))
    assert not registry.use_code(SERIAL, device.code(NOW))
    assert registry.use_code(SERIAL, device.code(NOW + 30))
    registry.deactivate(SERIAL, "alice")
    assert error_of(lambda: registry.enable(SERIAL, "alice", pair(device))) == wrong
    registry.delete(SERIAL)
    again = registry.create(Kind.VIRTUAL, SERIAL)
    assert again.seed != device.seed
    registry.enable(SERIAL, "alice", pair(again))


def test_serial_numbers_are_unique() -> None:
    """A second device with the same serial number is rejected, and the first keeps its seed."""
    registry = DeviceRegistry(lambda: NOW)
    first = registry.create(Kind.VIRTUAL, SERIAL)
    assert error_of(lambda: registry.create(Kind.VIRTUAL, SERIAL)) == (
        409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.",
    )  # fmt: skip
    assert registry.all() == (first,)


def test_limit() -> None:
    """A user cannot have a ninth device, whatever the kinds of the eight; another user can have it."""
    registry = DeviceRegistry(lambda: NOW)
    kinds = list(Kind) * 3
    for number in range(LIMIT):
        registry.create(kinds[number], f"serial-{number}", "alice")
    ninth = registry.create(Kind.VIRTUAL, SERIAL)
    error = error_of(lambda: registry.enable(SERIAL, "alice", pair(ninth)))
    assert error == (409, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8.")
    registry.enable(SERIAL, "bob", pair(ninth))


def test_kinds() -> None:
    """A deactivated token can be enabled again, a deactivated security key is gone, and neither can be deleted."""
    registry = DeviceRegistry(lambda: NOW)
    token, key = registry.create(Kind.HARDWARE, "GAHT00000001", "a"), registry.create(Kind.FIDO, "u2f/key", "a")
    for serial in (token.serial, key.serial, "nothing"):
        assert error_of(functools.partial(registry.delete, serial))[:2] == (404, "NoSuchEntity")
    assert not registry.use_code(key.serial, "123456")
    assert not registry.use_code("nothing", "123456")
    wrong = error_of(lambda: registry.resync(key.serial, "a", ("123456", "123456")))
    assert wrong[:2] == (403, "InvalidAuthenticationCode")
    for serial in (token.serial, key.serial):
        registry.deactivate(serial, "a")
    assert [device.serial for device in registry.all()] == [token.serial]
    registry.enable(token.serial, "b", pair(token))
    assert error_of(lambda: registry.enable(key.serial, "b", pair(token)))[:2] == (404, "NoSuchEntity")


def test_the_last_enabled_comes_last() -> None:
    """Devices are listed in the order in which a user enabled them."""
    registry = DeviceRegistry(lambda: NOW)
    first = registry.create(Kind.VIRTUAL, SERIAL)
    registry.create(Kind.VIRTUAL, "second", "alice")
    registry.enable(SERIAL, "alice", pair(first))
    assert [device.serial for device in registry.of("alice")] == ["second", SERIAL]


def test_out_of_step() -> None:
    """A device with a drift shows other codes, which work after a resync; only its user can resync it."""
    registry = DeviceRegistry(lambda: NOW)
    registry.create(Kind.VIRTUAL, SERIAL, "alice")
    device = registry.drift(SERIAL, 300)
    assert registry.of("alice") == (device,)
    assert device.code(NOW) == dataclasses.replace(device, drift=0).code(NOW + 300)
    assert not registry.use_code(SERIAL, device.code(NOW))
    assert error_of(lambda: registry.resync(SERIAL, "bob", pair(device)))[1] == "NoSuchEntity"
    registry.resync(SERIAL, "alice", pair(device))
    assert not registry.use_code(SERIAL, device.code(NOW))
    assert registry.use_code(SERIAL, device.code(NOW + 30))


def test_uri() -> None:
    """The URI has what authenticator apps read: issuer, name and account, and the seed."""
    device = DeviceRegistry(lambda: NOW).create(Kind.VIRTUAL, "arn:aws:iam::123456789012:mfa/eng/a+b=c@d")
    parts = urlsplit(device.uri("123456789012"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Amazon%20Web%20Services:a%2Bb%3Dc@d@123456789012"
    assert parse_qs(parts.query) == {"secret": [device.seed], "issuer": ["Amazon Web Services"]}
    assert device.seed not in repr(device)
