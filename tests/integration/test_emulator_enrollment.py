"""MFA enrollment with the embedded AWS over real HTTP, with boto3 and the AWS CLI, and the errors on the way."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.emulator_clients import Aws, Keys, Shell, as_user, with_mfa, wrong_code
from tests.scanner import qr_code_in, seed_of
from toolkit import totp
from toolkit.emulator import Clock, Emulator, Kind, User
from toolkit.emulator.sample_policies import ADMINISTRATOR

ARN = "arn:aws:iam::123456789012:"
WRONG_PAIR = (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable proxies for this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def clock() -> Clock:
    """Return a clock at the start of a period, which a test can move; the clients sign with the machine's."""
    return Clock(ahead=totp.seconds_left(time.time()))


@pytest.fixture
def aws(clock: Clock) -> Iterator[Emulator]:
    """Return an emulator without users."""
    with Emulator(clock) as emulator:
        yield emulator


@pytest.fixture
def newcomer(aws: Emulator) -> User:
    """Return a user under a path who is forced to use MFA and has no device."""
    return aws.add_user("alice", "/eng/", devices=())


def seed_in(picture: bytes) -> str:
    """Return the seed that an authenticator app reads from a QR code."""
    text = qr_code_in(picture)
    assert text.startswith("otpauth://totp/Amazon%20Web%20Services:")
    return seed_of(text)


def create(caller: Aws, name: str = "alice", **more: str) -> tuple[str, str]:
    """Create a device, and return its serial number and seed."""
    made = caller("iam", "create_virtual_mfa_device", VirtualMFADeviceName=name, **more)["VirtualMFADevice"]
    return made["SerialNumber"], made["Base32StringSeed"].decode()


def pair(seed: str, at: float) -> dict[str, str]:
    """Return the codes of the periods before and at a time, as parameters of IAM."""
    return {"AuthenticationCode1": totp.code(seed, at - 30), "AuthenticationCode2": totp.code(seed, at)}


def enroll(caller: Aws, user: User, at: float, name: str = "alice") -> tuple[str, str]:
    """Create and enable a device, and return its serial number and seed."""
    serial, seed = create(caller, name)
    caller("iam", "enable_mfa_device", UserName=user.name, SerialNumber=serial, **pair(seed, at))
    return serial, seed


# --- the whole of it -------------------------------------------------------------------------------------------------


def test_difference_13_boto3_enrolls(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: create a device, scan its QR code, enable it with two codes, log in with a third, and read S3."""
    user = as_user(aws, newcomer)
    assert user.refused("s3", "list_buckets")[1] == "AccessDenied"
    made = user("iam", "create_virtual_mfa_device", VirtualMFADeviceName="alice")["VirtualMFADevice"]
    seed, serial = seed_in(made["QRCodePNG"]), made["SerialNumber"]
    assert (seed, serial, len(seed)) == (made["Base32StringSeed"].decode(), f"{ARN}mfa/alice", 64)
    user("iam", "enable_mfa_device", UserName="alice", SerialNumber=serial, **pair(seed, clock()))
    for used in (-30, 0):
        code = totp.code(seed, clock() + used)
        assert user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=code)[1] == "AccessDenied"
    session = user.log_in(SerialNumber=serial, TokenCode=totp.code(seed, clock() + 30))
    assert len(session("s3", "list_buckets")["Buckets"]) == 2
    assert newcomer.device.serial == serial  # the `User` of the test is up to date
    assert newcomer.device.code() == totp.code(seed, clock())


def test_difference_13_aws_cli_enrolls(aws: Emulator, newcomer: User, clock: Clock, tmp_path: Path) -> None:
    """Difference 13: enrollment works with the AWS CLI, with the QR code in a file."""
    shell = Shell(aws, tmp_path)
    shell.profile("default", Keys.of(newcomer))

    def run(*args: str) -> str:
        done = shell.cli(*args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    picture = tmp_path / "qr.png"
    how = ["--outfile", str(picture), "--bootstrap-method", "QRCodePNG"]
    made = json.loads(run("iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "alice", *how))
    serial = ["--serial-number", made["VirtualMFADevice"]["SerialNumber"]]
    seed = seed_in(picture.read_bytes())
    codes = list(pair(seed, clock()).values())
    said = run("iam", "enable-mfa-device", "--user-name", "alice", *serial,
               "--authentication-code1", codes[0], "--authentication-code2", codes[1])  # fmt: skip
    assert said == ""
    got = json.loads(run("sts", "get-session-token", *serial, "--token-code", totp.code(seed, clock() + 30)))
    keys = got["Credentials"]
    shell.profile("mfa", Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))
    assert "example-data" in run("s3", "ls", "--profile", "mfa")


# --- devices are made and enabled ------------------------------------------------------------------------------------


def test_difference_13_codes_have_to_follow_each_other(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: repeated, reordered, old and wrong codes are rejected, and use up nothing."""
    user = as_user(aws, newcomer)
    serial, seed = create(user)
    before, now, later, old = (totp.code(seed, clock() + seconds) for seconds in (-30, 0, 30, -90))
    for first, second in ((now, now), (now, before), (before, later), (old, before), (before, "000000")):
        codes = {"AuthenticationCode1": first, "AuthenticationCode2": second}
        assert user.refused("iam", "enable_mfa_device", UserName="alice", SerialNumber=serial, **codes) == WRONG_PAIR
    assert newcomer.devices == ()
    user("iam", "enable_mfa_device", UserName="alice", SerialNumber=serial, **pair(seed, clock()))


def test_difference_13_an_enrollment_that_was_broken_off(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: a device that is left behind blocks its name, and a user without MFA cannot delete it."""
    user = as_user(aws, newcomer)
    serial, seed = create(user)
    taken = (409, "EntityAlreadyExists", "MFADevice entity at the same path and name already exists.")
    assert user.refused("iam", "create_virtual_mfa_device", VirtualMFADeviceName="alice") == taken
    status, code, said = user.refused("iam", "delete_virtual_mfa_device", SerialNumber=serial)
    assert (status, code) == (403, "AccessDenied")
    assert said == (
        f"User: {newcomer.arn} is not authorized to perform: iam:DeleteVirtualMFADevice on resource: {serial} "
        "with an explicit deny in an identity-based policy"
    )
    assert user("iam", "list_mfa_devices", UserName="alice")["MFADevices"] == []
    (left,) = user("iam", "list_virtual_mfa_devices", AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert left == {"SerialNumber": serial}
    user("iam", "enable_mfa_device", UserName="alice", SerialNumber=serial, **pair(seed, clock()))
    assert as_user(aws, newcomer)("iam", "get_mfa_device", SerialNumber=serial)["UserName"] == "alice"


def test_difference_13_names_with_paths(aws: Emulator, newcomer: User) -> None:
    """Difference 13: the ARN includes the path, names are unique per path, and the app shows the name."""
    user = as_user(aws, newcomer)
    assert create(user, "a.b", Path="/eng/x/")[0] == f"{ARN}mfa/eng/x/a.b"
    assert create(user, "a.b")[0] == f"{ARN}mfa/a.b"
    made = user("iam", "create_virtual_mfa_device", VirtualMFADeviceName="c", Path="/eng/")["VirtualMFADevice"]
    assert urlsplit(qr_code_in(made["QRCodePNG"])).path == "/Amazon%20Web%20Services:c@123456789012"


@pytest.mark.parametrize(
    ("operation", "given", "wrong"),
    [
        ("create_virtual_mfa_device", {"VirtualMFADeviceName": "a b"}, ("virtualMFADeviceName", "pattern")),
        ("create_virtual_mfa_device", {}, ("virtualMFADeviceName", "must not be null")),
        ("create_virtual_mfa_device", {"VirtualMFADeviceName": "a", "Path": "eng"}, ("path", "pattern")),
        ("enable_mfa_device", {"AuthenticationCode1": "12345"}, ("authenticationCode1", "greater than or equal to 6")),
        ("enable_mfa_device", {"AuthenticationCode2": "12345a"}, ("authenticationCode2", "pattern")),
        ("enable_mfa_device", {"UserName": "al ice"}, ("userName", "pattern")),
        ("enable_mfa_device", {"SerialNumber": "short"}, ("serialNumber", "greater than or equal to 9")),
        ("resync_mfa_device", {"AuthenticationCode1": "1234567"}, ("authenticationCode1", "less than or equal to 6")),
        ("delete_virtual_mfa_device", {}, ("serialNumber", "must not be null")),
        ("list_virtual_mfa_devices", {"AssignmentStatus": "Lost"}, ("assignmentStatus", "pattern")),
        ("list_virtual_mfa_devices", {"MaxItems": 0}, ("maxItems", "between 1 and 1000")),
        ("list_virtual_mfa_devices", {"Marker": "x"}, ("marker", "pattern")),
    ],
)
def test_difference_13_parameters_are_checked(
    aws: Emulator, newcomer: User, operation: str, given: dict[str, object], wrong: tuple[str, str]
) -> None:
    """Difference 13: a malformed value is a ValidationError that names the parameter."""
    whole = {"UserName": "alice", "SerialNumber": f"{ARN}mfa/alice", "AuthenticationCode1": "123456"}
    codes = {**whole, "AuthenticationCode2": "123456", **given} if operation[:6] in {"enable", "resync"} else given
    status, code, said = as_user(aws, newcomer).refused("iam", operation, **codes)
    assert (status, code) == (400, "ValidationError")
    assert said.startswith("1 validation error detected: Value ")
    assert f"at '{wrong[0]}' failed to satisfy constraint: Member" in said
    assert wrong[1] in said


def test_difference_13_conflicts(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: a device in use, an unknown device, an unknown user and a ninth device are rejected."""
    user, admin = as_user(aws, newcomer), as_user(aws, aws.add_user("root", policies=(ADMINISTRATOR,), devices=()))
    serial, seed = enroll(user, newcomer, clock())
    codes = pair(seed, clock() + 60)
    in_use = (409, "EntityAlreadyExists", "MFA Device is already in use.")
    assert user.refused("iam", "enable_mfa_device", UserName="alice", SerialNumber=serial, **codes) == in_use
    nowhere = {"UserName": "alice", "SerialNumber": f"{ARN}mfa/nobody", **codes}
    assert user.refused("iam", "enable_mfa_device", **nowhere)[:2] == (404, "NoSuchEntity")
    assert user.refused("iam", "resync_mfa_device", **nowhere)[:2] == (404, "NoSuchEntity")
    other = {"UserName": "nobody", "SerialNumber": serial, **codes}
    assert admin.refused("iam", "enable_mfa_device", **other) == (
        404, "NoSuchEntity", "The user with name nobody cannot be found.",
    )  # fmt: skip
    assert user.refused("iam", "enable_mfa_device", **other)[1] == "AccessDenied"
    for number in range(7):
        enroll(user, newcomer, clock(), f"more-{number}")
    serial, seed = create(user, "ninth")
    ninth = user.refused("iam", "enable_mfa_device", UserName="alice", SerialNumber=serial, **pair(seed, clock()))
    assert ninth == (409, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8.")
    assert len(newcomer.devices) == 8


def test_difference_13_a_user_who_is_changing(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: a fault can return AWS's error for a user that is still changing, and uses up no code."""
    user = as_user(aws, newcomer)
    serial, seed = create(user)
    busy = "The user alice was modified a moment ago. Wait a few minutes and submit your request again."
    aws.fail("EnableMFADevice", status=409, code="EntityTemporarilyUnmodifiable", message=busy)
    given = {"UserName": "alice", "SerialNumber": serial, **pair(seed, clock())}
    assert user.refused("iam", "enable_mfa_device", **given) == (409, "EntityTemporarilyUnmodifiable", busy)
    user("iam", "enable_mfa_device", **given)


def test_secrets_of_an_enrollment_are_nowhere(
    aws: Emulator, newcomer: User, clock: Clock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Logs, output, recorded calls and reprs contain neither the seed nor a code of an enrollment."""
    for name in ("werkzeug", "moto", "toolkit", "segno"):
        caplog.set_level(logging.DEBUG, logger=name)
    _, seed = enroll(as_user(aws, newcomer), newcomer, clock())
    said = capfd.readouterr()
    shown = said.out + said.err + caplog.text + repr((aws.calls, newcomer, newcomer.devices, newcomer.registry))
    assert [secret for secret in (seed, *pair(seed, clock()).values()) if secret in shown] == []


# --- and listed, and taken away --------------------------------------------------------------------------------------


def test_difference_13_listing(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: virtual devices are listed with their users, by status and in pages."""
    aws.add_user("bob", devices=(Kind.HARDWARE, Kind.FIDO, Kind.VIRTUAL))
    user = as_user(aws, newcomer)
    serial, _ = enroll(user, newcomer, clock())
    create(user, "spare")

    def listed(**given: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = user("iam", "list_virtual_mfa_devices", **given)["VirtualMFADevices"]
        return found

    def names(**given: object) -> list[str]:
        return [device["SerialNumber"].partition(":mfa/")[2] for device in listed(**given)]

    assert names() == names(AssignmentStatus="Any") == ["bob-3", "alice", "spare"]
    assert names(AssignmentStatus="Assigned") == ["bob-3", "alice"]
    assert names(AssignmentStatus="Unassigned") == ["spare"]
    device = listed()[1]
    owner = device["User"]
    who = {"Path": "/eng/", "UserName": "alice", "UserId": newcomer.user_id, "Arn": newcomer.arn}
    assert owner | who == owner
    assert device["SerialNumber"] == serial
    for date in (device["EnableDate"], owner["CreateDate"]):
        assert abs((date - datetime.fromtimestamp(clock(), UTC)).total_seconds()) < 60
    with user.client("iam") as client:
        pages = list(client.get_paginator("list_virtual_mfa_devices").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["VirtualMFADevices"]) for page in pages] == [2, 1]
    first = user("iam", "list_mfa_devices", UserName="alice", MaxItems=1)
    assert (len(first["MFADevices"]), first["IsTruncated"], "Marker" in first) == (1, False, False)


def test_difference_13_taken_away_and_deleted(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: with MFA, a device can be deactivated and then deleted; afterwards it cannot be used to log in."""
    user = as_user(aws, newcomer)
    serial, seed = enroll(user, newcomer, clock())
    assert user.refused("iam", "deactivate_mfa_device", UserName="alice", SerialNumber=serial)[1] == "AccessDenied"
    session = user.log_in(SerialNumber=serial, TokenCode=totp.code(seed, clock() + 30))
    in_use = (409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    assert session.refused("iam", "delete_virtual_mfa_device", SerialNumber=serial) == in_use
    session("iam", "deactivate_mfa_device", SerialNumber=serial)
    clock.step(60)
    code = totp.code(seed, clock())
    assert "unable to validate" in user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=code)[2]
    assert session.refused("iam", "get_mfa_device", SerialNumber=serial)[:2] == (404, "NoSuchEntity")
    session("iam", "delete_virtual_mfa_device", SerialNumber=serial)
    gone = f"VirtualMFADevice with serial number {serial} doesn't exist."
    assert session.refused("iam", "delete_virtual_mfa_device", SerialNumber=serial) == (404, "NoSuchEntity", gone)
    assert create(user)[0] == serial


def test_difference_13_not_for_others(aws: Emulator, newcomer: User, clock: Clock) -> None:
    """Difference 13: users cannot enable or deactivate other users' devices; an administrator can."""
    bob = aws.add_user("bob")
    session = with_mfa(aws, bob)
    serial, seed = create(as_user(aws, newcomer))
    given = {"UserName": "alice", "SerialNumber": serial, **pair(seed, clock())}
    for caller in (as_user(aws, bob), session):
        said = caller.refused("iam", "enable_mfa_device", **given)[2]
        why = "user alice because no identity-based policy allows the iam:EnableMFADevice action"
        assert said == f"User: {bob.arn} is not authorized to perform: iam:EnableMFADevice on resource: {why}"
    admin = as_user(aws, aws.add_user("root", policies=(ADMINISTRATOR,)))
    admin("iam", "enable_mfa_device", **given)
    assert session.refused("iam", "deactivate_mfa_device", UserName="alice", SerialNumber=serial)[1] == "AccessDenied"
    admin("iam", "deactivate_mfa_device", UserName="alice", SerialNumber=serial)


# --- out of step -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [200, -200, 3000])
def test_difference_14_out_of_step(aws: Emulator, clock: Clock, seconds: float) -> None:
    """Difference 14: a device whose clock is wrong cannot be used to log in until two of its codes resynchronize it."""
    alice = aws.add_user("alice", devices=(Kind.HARDWARE,))
    user, device = as_user(aws, alice), aws.drift(alice.device, seconds)
    assert device == alice.device
    serial = device.serial

    def refused() -> str:
        return user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=device.code())[2]

    assert "invalid MFA one time pass code" in refused()
    codes = {"AuthenticationCode1": device.code(clock() - 30), "AuthenticationCode2": device.code()}
    user("iam", "resync_mfa_device", UserName="alice", SerialNumber=serial, **codes)
    assert "invalid MFA one time pass code" in refused()  # both are used up
    assert user.refused("iam", "resync_mfa_device", UserName="alice", SerialNumber=serial, **codes) == WRONG_PAIR
    clock.step(30)
    assert user.log_in(SerialNumber=serial, TokenCode=device.code()).keys.token


def test_difference_14_a_device_that_is_far_off(aws: Emulator, clock: Clock) -> None:
    """Difference 14: a device that is off by more than an hour cannot be resynchronized, nor with wrong codes."""
    alice = aws.add_user("alice")
    user, device = as_user(aws, alice), aws.drift(alice.device, 2 * 3600)
    codes = {"AuthenticationCode1": device.code(clock() - 30), "AuthenticationCode2": device.code()}
    given = {"UserName": "alice", "SerialNumber": device.serial}
    assert user.refused("iam", "resync_mfa_device", **given, **codes) == WRONG_PAIR
    wrong = {"AuthenticationCode1": wrong_code(alice), "AuthenticationCode2": wrong_code(alice)}
    assert user.refused("iam", "resync_mfa_device", **given, **wrong) == WRONG_PAIR
