from __future__ import annotations

from collections.abc import Mapping

import pytest

from toolkit.emulator import Kind
from toolkit.emulator.devices import DeviceRegistry
from toolkit.emulator.identity import Caller, IdentityStore, User
from toolkit.emulator.protocol import ApiError, Request
from toolkit.emulator.sts import Sts

NOW = 1_800_000_000.0
REGISTRY = DeviceRegistry(lambda: NOW)
APP = REGISTRY.create(Kind.VIRTUAL, "arn:aws:iam::123456789012:mfa/alice", "alice")
ALICE = User("alice", "arn:aws:iam::123456789012:user/alice", "AIDA", "AKIAALICE", "secret", REGISTRY)


def request(body: str) -> Request:
    """Return a request as received from the network."""
    return Request("POST", "/", "", {}, body.encode(), {})


def session_for(form: Mapping[str, str]) -> str:
    """Return the message of the error that GetSessionToken raises, or the end of the session."""
    sts = Sts(IdentityStore(lambda: NOW), "123456789012")
    body = "&".join(f"{name}={value}" for name, value in form.items())
    try:
        response = sts.handle(request(body), "GetSessionToken", Caller(ALICE))
    except ApiError as error:
        return str(error)
    assert response.status == 200
    return response.body.decode().partition("<Expiration>")[2].partition("<")[0]


@pytest.mark.parametrize(
    ("form", "end"),
    [
        ({"DurationSeconds": "900"}, "2027-01-15T08:15:00Z"),
        ({"DurationSeconds": "129600"}, "2027-01-16T20:00:00Z"),
        ({}, "2027-01-15T20:00:00Z"),
    ],
)
def test_durations(form: Mapping[str, str], end: str) -> None:
    """The limits themselves are allowed, and 12 hours is the default."""
    assert session_for(form) == end


@pytest.mark.parametrize(
    "seconds", ["899", "129601", "", "x", "1e4", "-900", "0", "9" * 30, "%D9%A1%D9%A2%D9%A0%D9%A0"]
)
def test_invalid_durations(seconds: str) -> None:
    """Anything that is not a number within the limits is rejected before the code is checked."""
    message = session_for({"DurationSeconds": seconds, "SerialNumber": APP.serial, "TokenCode": "000000"})
    assert message.startswith("1 validation error detected: Value ")
    assert "at 'durationSeconds'" in message


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6", "12345%0A"])
def test_invalid_codes(code: str) -> None:
    """A code is six ASCII digits."""
    assert "at 'tokenCode'" in session_for({"SerialNumber": APP.serial, "TokenCode": code})


@pytest.mark.parametrize(("serial", "bad"), [("a" * 8, True), ("a" * 9, False), ("a" * 256, False), ("a" * 257, True)])
def test_lengths_of_serials(serial: str, bad: bool) -> None:  # noqa: FBT001 - from a table
    """A serial number has 9 to 256 characters."""
    message = session_for({"SerialNumber": serial, "TokenCode": "123456"})
    assert ("at 'serialNumber'" in message) == bad
    assert bad or message.startswith("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify")


def test_all_violations_at_once() -> None:
    """One message lists and counts all violations."""
    message = session_for({"DurationSeconds": "1", "SerialNumber": "a b", "TokenCode": "x"})
    assert message.startswith("5 validation errors detected: ")
    assert message.count("; Value ") == 4
