from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from toolkit.emulator import Kind
from toolkit.emulator.devices import Device
from toolkit.emulator.protocol import Refused
from toolkit.emulator.registry import LIMIT, Registry

NOW = 1_800_000_000.0
SERIAL = "arn:aws:iam::123456789012:mfa/eng/alice"


def said(act: Callable[[], object]) -> tuple[int, str, str]:
    """Return status, code and sentence of a refusal."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.status, caught.value.code, str(caught.value)


def pair(device: Device) -> tuple[str, str]:
    """Return the codes of the last period and of this one."""
    return device.code(NOW - 30), device.code(NOW)


def test_the_life_of_a_device() -> None:
    """A device is made for nobody, enabled, refused to others, deactivated, and only then deleted."""
    registry = Registry(lambda: NOW)
    device = registry.make(Kind.VIRTUAL, SERIAL)
    assert (registry.of("alice"), registry.all(), device.user, device.enabled) == ((), (device,), "", 0)
    registry.enable(SERIAL, "alice", pair(device))
    (enabled,) = registry.of("alice")
    assert enabled == registry.owned(SERIAL, "alice") == dataclasses.replace(device, user="alice", enabled=NOW)
    assert said(lambda: registry.enable(SERIAL, "bob", pair(device))) == (
        409, "EntityAlreadyExists", "MFA Device is already in use.",
    )  # fmt: skip
    assert said(lambda: registry.deactivate(SERIAL, "bob"))[:2] == (404, "NoSuchEntity")
    assert said(lambda: registry.delete(SERIAL)) == (
        409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.",
    )  # fmt: skip
    registry.deactivate(SERIAL, "alice")
    assert (registry.of("alice"), registry.all()) == ((), (device,))
    registry.delete(SERIAL)
    assert registry.all() == ()
    assert said(lambda: registry.delete(SERIAL))[:2] == (404, "NoSuchEntity")


def test_codes_are_used_up_over_its_life() -> None:
    """Enabling uses up both codes, deactivating gives none back, and a new device of the name begins afresh."""
    registry = Registry(lambda: NOW)
    device = registry.make(Kind.VIRTUAL, SERIAL)
    wrong = (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
    assert said(lambda: registry.enable(SERIAL, "alice", ("000000", "000000"))) == wrong
    registry.enable(SERIAL, "alice", pair(device))
    assert not registry.spend(SERIAL, device.code(NOW))
    assert registry.spend(SERIAL, device.code(NOW + 30))
    registry.deactivate(SERIAL, "alice")
    assert said(lambda: registry.enable(SERIAL, "alice", pair(device))) == wrong
    registry.delete(SERIAL)
    again = registry.make(Kind.VIRTUAL, SERIAL)
    assert again.seed != device.seed
    registry.enable(SERIAL, "alice", pair(again))


def test_names_are_taken_once() -> None:
    """A second device of a serial number is refused, whoever has the first or nobody, and the first keeps its seed."""
    registry = Registry(lambda: NOW)
    first = registry.make(Kind.VIRTUAL, SERIAL)
    assert said(lambda: registry.make(Kind.VIRTUAL, SERIAL)) == (
        409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.",
    )  # fmt: skip
    assert registry.all() == (first,)


def test_eight_are_enough() -> None:
    """A ninth device is refused to a user, of whatever kinds the eight are, and not to another user."""
    registry = Registry(lambda: NOW)
    kinds = list(Kind) * 3
    for number in range(LIMIT):
        registry.make(kinds[number], f"serial-{number}", "alice")
    ninth = registry.make(Kind.VIRTUAL, SERIAL)
    refused = said(lambda: registry.enable(SERIAL, "alice", pair(ninth)))
    assert refused == (409, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8.")
    registry.enable(SERIAL, "bob", pair(ninth))


def test_kinds() -> None:
    """Hardware outlives its deactivation and can be enabled again, a security key is gone, and neither is deleted."""
    registry = Registry(lambda: NOW)
    token, key = registry.make(Kind.HARDWARE, "GAHT00000001", "a"), registry.make(Kind.FIDO, "u2f/key", "a")
    for serial in (token.serial, key.serial, "nothing"):
        assert said(functools.partial(registry.delete, serial))[:2] == (404, "NoSuchEntity")
    assert not registry.spend(key.serial, "123456")
    assert not registry.spend("nothing", "123456")
    wrong = said(lambda: registry.resync(key.serial, "a", ("123456", "123456")))
    assert wrong[:2] == (403, "InvalidAuthenticationCode")
    for serial in (token.serial, key.serial):
        registry.deactivate(serial, "a")
    assert [device.serial for device in registry.all()] == [token.serial]
    registry.enable(token.serial, "b", pair(token))
    assert said(lambda: registry.enable(key.serial, "b", pair(token)))[:2] == (404, "NoSuchEntity")


def test_the_last_enabled_comes_last() -> None:
    """Devices are in the order in which a user got them."""
    registry = Registry(lambda: NOW)
    first = registry.make(Kind.VIRTUAL, SERIAL)
    registry.make(Kind.VIRTUAL, "second", "alice")
    registry.enable(SERIAL, "alice", pair(first))
    assert [device.serial for device in registry.of("alice")] == ["second", SERIAL]


def test_out_of_step() -> None:
    """A device with a drift shows other codes, which work after it was resynchronised; others' devices stay shut."""
    registry = Registry(lambda: NOW)
    registry.make(Kind.VIRTUAL, SERIAL, "alice")
    device = registry.drift(SERIAL, 300)
    assert registry.of("alice") == (device,)
    assert device.code(NOW) == dataclasses.replace(device, drift=0).code(NOW + 300)
    assert not registry.spend(SERIAL, device.code(NOW))
    assert said(lambda: registry.resync(SERIAL, "bob", pair(device)))[1] == "NoSuchEntity"
    registry.resync(SERIAL, "alice", pair(device))
    assert not registry.spend(SERIAL, device.code(NOW))
    assert registry.spend(SERIAL, device.code(NOW + 30))


def test_the_text_of_the_qr_code() -> None:
    """The text is what authenticator apps read: issuer, name and account, and the seed."""
    device = Registry(lambda: NOW).make(Kind.VIRTUAL, "arn:aws:iam::123456789012:mfa/eng/a+b=c@d")
    parts = urlsplit(device.uri("123456789012"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Amazon%20Web%20Services:a%2Bb%3Dc@d@123456789012"
    assert parse_qs(parts.query) == {"secret": [device.seed], "issuer": ["Amazon Web Services"]}
    assert device.seed not in repr(device)
