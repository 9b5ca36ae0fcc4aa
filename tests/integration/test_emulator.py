"""The embedded AWS over real HTTP: its differences from moto, and the programs that people use with it."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

import toolkit.emulator
from tests.conftest import Invoke
from tests.integration.emulator_clients import (
    Aws,
    Keys,
    Raw,
    Shell,
    as_user,
    code_of,
    exchange,
    wait_until,
    with_mfa,
    wrong_code,
)
from tests.scanner import seed_of
from toolkit import totp
from toolkit.emulator import Clock, Emulator, Kind, User
from toolkit.emulator.faults import Override
from toolkit.emulator.sample_policies import ADMINISTRATOR, FORCE_MFA, SELF_SERVICE
from toolkit.errors import ToolkitError
from toolkit.settings import ROOT

ADMIN = (ADMINISTRATOR, FORCE_MFA)
LIST_ALL = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "iam:ListMFADevices", "Resource": "*"},
}
ALL = (Kind.FIDO, Kind.VIRTUAL, Kind.HARDWARE)
WRONG_CODE = (403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
WRONG_DEVICE = (
    403,
    "AccessDenied",
    (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    ),
)
INVALID_TOKEN = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
IDENTITY = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
UNTIL = 12 * 3600


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
def alice(aws: Emulator) -> User:
    """Return a user under a path, with a virtual device."""
    return aws.add_user("alice", "/eng/")


@pytest.fixture
def shell(aws: Emulator, tmp_path: Path) -> Shell:
    """Return a place to run programs."""
    return Shell(aws, tmp_path)


@pytest.fixture(scope="module")
def aws_mfa(invoke_in: Invoke, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of aws-mfa."""
    done = invoke_in(tmp_path_factory.mktemp("dist"), "build", "--engine", "local")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_difference_has_a_test() -> None:
    """Every difference from moto in the package's documentation has a test."""
    told = set(re.findall(r"^ ?(\d+)\. ", toolkit.emulator.__doc__ or "", re.MULTILINE))
    texts = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_emulator*.py")]
    held = {number for text in texts for number in re.findall(r"^def test_difference_(\d+)_", text, re.MULTILINE)}
    assert told == held != set()


# --- sessions --------------------------------------------------------------------------------------------------------


def test_difference_1_codes_are_true(aws: Emulator, alice: User) -> None:
    """Difference 1: only codes of the current period and its two neighbors are accepted."""
    user, serial = as_user(aws, alice), alice.device.serial
    for code in (wrong_code(alice), code_of(alice, -3), code_of(alice, 3), "000000"):
        assert user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=code) == WRONG_CODE
    for periods in (-1, 0, 1):
        assert user.log_in(SerialNumber=serial, TokenCode=code_of(alice, periods)).keys.token


def test_difference_1_no_code_works_twice(aws: Emulator, alice: User, clock: Clock) -> None:
    """Difference 1: a code works once, and afterwards no code of an earlier period works."""
    user, serial = as_user(aws, alice), alice.device.serial
    code, before = code_of(alice), code_of(alice, -1)
    assert user.log_in(SerialNumber=serial, TokenCode=code)
    for used in (code, before):
        assert user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=used) == WRONG_CODE
    clock.step(totp.PERIOD)
    assert user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=code) == WRONG_CODE
    assert user.log_in(SerialNumber=serial, TokenCode=code_of(alice))


def test_difference_1_a_refused_code_is_not_spent(aws: Emulator, alice: User) -> None:
    """Difference 1: a code still works after a call that failed otherwise, and a wrong code uses up nothing."""
    user, serial, code = as_user(aws, alice), alice.device.serial, code_of(alice)
    user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=wrong_code(alice))
    user.refused("sts", "get_session_token", SerialNumber="GAHT00000000", TokenCode=code)
    user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=code, DurationSeconds=1)
    assert user.log_in(SerialNumber=serial, TokenCode=code)


def test_difference_1_one_of_many_at_once(aws: Emulator, alice: User) -> None:
    """Difference 1: of several concurrent calls with the same code, one gets a session."""
    raw = Raw(Keys.of(alice), form={**_session_form(alice), "TokenCode": code_of(alice)})
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: raw.send(aws, time.time()), range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [403] * 7


def test_difference_1_devices_are_apart(aws: Emulator) -> None:
    """Difference 1: each device has its own codes, and using one up does not affect other devices."""
    user = aws.add_user("bob", devices=(Kind.VIRTUAL, Kind.HARDWARE))
    app, token = user.devices
    now = app.clock()
    caller = as_user(aws, user)
    for device, other in ((app, token), (token, app)):
        foreign = {"SerialNumber": device.serial, "TokenCode": other.code(now)}
        assert caller.refused("sts", "get_session_token", **foreign) == WRONG_CODE
        assert caller.log_in(SerialNumber=device.serial, TokenCode=device.code(now)).keys.token


def test_difference_2_only_ones_own_devices(aws: Emulator, alice: User) -> None:
    """Difference 2: an unknown device, another user's device and a security key are rejected with the same message."""
    other = aws.add_user("bob", devices=ALL)
    user = as_user(aws, other)
    key, app, _ = other.devices
    for serial in ("GAHT00000000", "arn:aws:iam::123456789012:mfa/nobody", other.arn, alice.device.serial, key.serial):
        for code in (code_of(alice), app.code()):
            assert user.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=code) == WRONG_DEVICE
    assert user.log_in(SerialNumber=app.serial, TokenCode=app.code())


@pytest.mark.parametrize(
    ("name", "value", "constraint"),
    [
        ("DurationSeconds", 899, "Member must have value greater than or equal to 900"),
        ("DurationSeconds", 129601, "Member must have value less than or equal to 129600"),
        ("TokenCode", "12345a", r"Member must satisfy regular expression pattern: [\d]*"),
        ("TokenCode", "12345", "Member must have length greater than or equal to 6"),
        ("TokenCode", "1234567", "Member must have length less than or equal to 6"),
        ("SerialNumber", "short", "Member must have length greater than or equal to 9"),
        ("SerialNumber", "not a serial", r"Member must satisfy regular expression pattern: [\w+=/:,.@-]*"),
    ],
)
def test_difference_2_parameters_are_checked(
    aws: Emulator, alice: User, name: str, value: object, constraint: str
) -> None:
    """Difference 2: a malformed value is a ValidationError, not a rejected code."""
    given = {"SerialNumber": alice.device.serial, "TokenCode": code_of(alice), name: value}
    told = f"Value '{value}' at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: {constraint}"
    expected = (400, "ValidationError", f"1 validation error detected: {told}")
    assert as_user(aws, alice).refused("sts", "get_session_token", **given) == expected


def test_difference_2_all_that_is_wrong_is_told(aws: Emulator, alice: User) -> None:
    """Difference 2: the output of a security key is too long and has letters; the error mentions both."""
    typed = {"SerialNumber": alice.device.serial, "TokenCode": "cccccfjkllj"}
    _, code, sentence = as_user(aws, alice).refused("sts", "get_session_token", **typed)
    assert code == "ValidationError"
    assert sentence.startswith("2 validation errors detected: Value 'cccccfjkllj' at 'tokenCode' ")
    assert sentence.count("; Value 'cccccfjkllj' at 'tokenCode' ") == 1


@pytest.mark.parametrize("half", ["SerialNumber", "TokenCode"])
def test_difference_2_half_of_it(aws: Emulator, alice: User, half: str) -> None:
    """Difference 2: a code without a device, or a device without a code, is rejected."""
    given = {"SerialNumber": alice.device.serial, "TokenCode": code_of(alice)}[half]
    sentence = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    assert as_user(aws, alice).refused("sts", "get_session_token", **{half: given}) == (403, "AccessDenied", sentence)


def test_difference_3_sessions_have_their_own_keys(aws: Emulator, alice: User) -> None:
    """Difference 3: two sessions have nothing in common; keys look like AWS's, including `/` and `+` in secrets."""
    first, second = (as_user(aws, alice).log_in().keys for _ in range(2))
    assert {len(first.access_key), first.access_key[:4]} == {20, "ASIA"}
    assert len(first.secret) == len(alice.secret) == 40
    kept = {first.access_key, first.secret, first.token, second.access_key, second.secret, second.token}
    assert len(kept | {alice.access_key, alice.secret}) == 8
    secrets = "".join(aws.add_user(f"user-{number}").secret for number in range(40))
    assert {"/", "+"} <= set(secrets)


@pytest.mark.parametrize("seconds", [None, 900, 129600])
def test_difference_3_sessions_end(aws: Emulator, alice: User, clock: Clock, seconds: int | None) -> None:
    """Difference 3: a session expires at the second in its response, by default after 12 hours."""
    start, wanted = int(clock()), {"DurationSeconds": seconds} if seconds else {}
    got = as_user(aws, alice)("sts", "get_session_token", **wanted)["Credentials"]
    end = int(got["Expiration"].timestamp())
    assert end - start - (seconds or UNTIL) in {0, 1}
    keys = Keys(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    clock.step(end - 2 - clock())
    assert Raw(keys, form=IDENTITY).send(aws, clock()).status == 200
    clock.step(end - clock())
    late = Raw(keys, form=IDENTITY).send(aws, clock())
    assert (late.status, late.code) == (403, "ExpiredToken")
    assert late.sentence == "The security token included in the request is expired"
    s3 = Raw(keys, "s3", method="GET").send(aws, clock())
    assert (s3.status, s3.code, s3.sentence) == (400, "ExpiredToken", "The provided token has expired.")


def test_difference_4_a_session_is_its_user(aws: Emulator, alice: User) -> None:
    """Difference 4: account, ARN and user ID are the same for a key and its sessions, with and without MFA."""
    who = {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/eng/alice", "UserId": alice.user_id}
    assert re.fullmatch(r"AIDA[A-Z2-7]{17}", alice.user_id)
    for caller in (as_user(aws, alice), as_user(aws, alice).log_in(), with_mfa(aws, alice)):
        answer = caller("sts", "get_caller_identity")
        assert {name: answer[name] for name in who} == who


def test_difference_4_another_account() -> None:
    """Difference 4: the account is the emulator's in every ARN, including those from moto."""
    with Emulator(account="210987654321") as aws:
        user = aws.add_user("carol", devices=ALL)
        session = with_mfa(aws, user)
        assert session("sts", "get_caller_identity")["Account"] == "210987654321"
        assert session("iam", "get_user")["User"]["Arn"] == "arn:aws:iam::210987654321:user/carol" == user.arn
        assert [bucket["Name"] for bucket in session("s3", "list_buckets")["Buckets"]]
        assert all("::210987654321:" in device.serial for device in user.devices[:2])


# --- signatures ------------------------------------------------------------------------------------------------------


S3_UNKNOWN_KEY = (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
S3_BAD_TOKEN = (400, "InvalidToken", "The provided token is malformed or otherwise invalid.")


@pytest.mark.parametrize(
    ("service", "operation", "unknown", "bad_token"),
    [
        ("sts", "get_caller_identity", INVALID_TOKEN, INVALID_TOKEN),
        ("iam", "get_user", INVALID_TOKEN, INVALID_TOKEN),
        ("s3", "list_buckets", S3_UNKNOWN_KEY, S3_BAD_TOKEN),
    ],
)
def test_difference_5_wrong_keys(
    aws: Emulator, service: str, operation: str, unknown: object, bad_token: object
) -> None:
    """Difference 5: each service rejects unknown keys, wrong or missing tokens and wrong secrets in its own words."""
    user = aws.add_user("alice")
    good, session = Keys.of(user), with_mfa(aws, user).keys
    other = with_mfa(aws, aws.add_user("bob")).keys

    def said(access_key: str, secret: str, token: str | None = None) -> tuple[int, str, str]:
        return Aws(aws, Keys(access_key, secret, token)).refused(service, operation)

    assert said("AKIAIOSFODNN7EXAMPLE", good.secret) == unknown
    assert said(session.access_key, session.secret) == unknown
    assert said(session.access_key, session.secret, other.token) == bad_token
    assert said(good.access_key, good.secret, session.token) == bad_token
    for secret, keys in ((session.secret, good), (other.secret, session)):
        status, code, sentence = said(keys.access_key, secret, keys.token)
        assert (status, code) == (403, "SignatureDoesNotMatch")
        assert "signature we calculated does not match" in sentence
    assert Aws(aws, session)(service, operation)


def _session_form(user: User) -> dict[str, str]:
    form = {"Action": "GetSessionToken", "Version": "2011-06-15"}
    return {**form, "SerialNumber": user.device.serial, "TokenCode": code_of(user)}


def _later_body(request: AWSRequest) -> None:
    request.data = str(request.data).replace("GetSessionToken", "GetCallerIdentity")


def _later_header(name: str, value: str) -> Callable[[AWSRequest], None]:
    def change(request: AWSRequest) -> None:
        del request.headers[name]
        request.headers[name] = value

    return change


def _authorization(pattern: str, new: str) -> Callable[[AWSRequest], None]:
    def change(request: AWSRequest) -> None:
        text, count = re.subn(pattern, new, request.headers["Authorization"])
        assert count == 1
        _later_header("Authorization", text)(request)

    return change


@pytest.mark.parametrize(
    "change",
    [
        _later_body,
        _later_header("Host", "sts.amazonaws.com"),
        _later_header("Content-Type", "application/x-www-form-urlencoded"),
        _authorization("/us-east-1/", "/eu-west-1/"),
        _authorization("SignedHeaders=content-type;", "SignedHeaders="),
        _authorization("Signature=.{32}", f"Signature={'0' * 32}"),
    ],
)
def test_difference_5_what_is_signed_cannot_change(
    aws: Emulator, alice: User, change: Callable[[AWSRequest], None]
) -> None:
    """Difference 5: body, host, headers and scope cannot change after signing, and the signature has to cover them."""
    raw = Raw(Keys.of(alice), form=_session_form(alice))
    reply = raw.send(aws, time.time(), change)
    assert (reply.status, reply.code) == (403, "SignatureDoesNotMatch")
    assert raw.send(aws, time.time()).status == 200  # the code is not used up, and the unchanged request is valid


@pytest.mark.parametrize(
    ("service", "path", "code", "sentence"),
    [
        ("s3", "/", "AccessDenied", "Access Denied"),
        ("sts", "/?Action=GetCallerIdentity", "MissingAuthenticationToken", "Request is missing Authentication Token"),
    ],
)
def test_difference_5_without_a_signature(aws: Emulator, service: str, path: str, code: str, sentence: str) -> None:
    """Difference 5: an unsigned request is rejected by the service that it appears to be for."""
    for headers in ({}, {"Authorization": "Basic YTpi"}):
        reply = exchange(aws, "GET", path, headers)
        assert (reply.status, reply.code, reply.sentence) == (403, code, sentence)
        assert (aws.calls[-1].service, aws.calls[-1].user) == (service, "")


@pytest.mark.parametrize("stamp", ["20269999T999999Z", "yesterday", ""])
def test_difference_5_no_time(aws: Emulator, alice: User, stamp: str) -> None:
    """Difference 5: a request without the time of its signature counts as unsigned."""
    raw = Raw(Keys.of(alice), form=IDENTITY)
    reply = raw.send(aws, time.time(), _later_header("X-Amz-Date", stamp))
    assert (reply.status, reply.code) == (403, "MissingAuthenticationToken")


def test_difference_6_wrong_clocks() -> None:
    """Difference 6: a clock may be wrong by five minutes; beyond that, the error mentions both times."""
    now = datetime(2027, 1, 15, 8, tzinfo=UTC).timestamp()
    with Emulator(lambda: now) as aws:
        keys = Keys.of(aws.add_user("alice"))

        def said(seconds: float, service: str = "sts", method: str = "POST") -> tuple[int, str, str]:
            form = IDENTITY if service == "sts" else {}
            reply = Raw(keys, service, form, method=method).send(aws, now + seconds)
            return reply.status, reply.code, reply.sentence

        for seconds in (-300, 0, 300):
            assert said(seconds) == (200, "", "")
        code = "SignatureDoesNotMatch"
        expired = "Signature expired: 20270115T075459Z is now earlier than 20270115T075500Z (20270115T080000Z - 5 min.)"
        early = "Signature not yet current: 20270115T080501Z is still later than 20270115T080500Z"
        assert said(-301) == (403, code, expired)
        assert said(301) == (403, code, f"{early} (20270115T080000Z + 5 min.)")
        skewed = "The difference between the request time and the current time is too large."
        assert said(-301, "s3", "GET") == said(301, "s3", "GET") == (403, "RequestTimeTooSkewed", skewed)


def test_difference_6_date(aws: Emulator, alice: User, clock: Clock) -> None:
    """Difference 6: every response, from the emulator or moto, has one Date header with the emulator's time."""
    session = with_mfa(aws, alice).keys
    clock.step(7200)
    form = {"Action": "GetUser", "Version": "2010-05-08"}
    iam, sts = Raw(session, "iam", form), Raw(session, form=IDENTITY)
    for raw, at, status in ((iam, clock(), 200), (sts, clock(), 200), (sts, time.time(), 403)):
        reply = raw.send(aws, at)
        dates = reply.headers.get_all("Date") or []
        assert (reply.status, len(dates)) == (status, 1)
        assert len(reply.headers.get_all("Content-Length") or []) == 1
        assert abs(email.utils.parsedate_to_datetime(dates[0]).timestamp() - clock()) < 3


def test_difference_6_one_clock_for_all() -> None:
    """Difference 6: codes, sessions and the dates of users, keys, devices and buckets use the same clock."""
    clock = Clock(ahead=10 * 365 * 86400)
    with Emulator(clock) as aws:
        user = aws.add_user("bob", policies=ADMIN)
        form = {**_session_form(user), "DurationSeconds": "900"}
        assert form["TokenCode"] == totp.code(user.device.seed, clock())
        reply = Raw(Keys.of(user), form=form).send(aws, clock())
        keys = Keys(*re.findall("<(?:AccessKeyId|SecretAccessKey|SessionToken)>(.*?)</", reply.text))
        dates = re.findall("<Expiration>(.*?)<", reply.text)
        for action in ("GetUser", "ListMFADevices", "ListAccessKeys"):
            asked = Raw(keys, "iam", {"Action": action, "Version": "2010-05-08"})
            dates += re.findall("<(?:CreateDate|EnableDate)>(.*?)<", asked.send(aws, clock()).text)
        dates += re.findall("<CreationDate>(.*?)<", Raw(keys, "s3", method="GET").send(aws, clock()).text)
        ahead = [datetime.fromisoformat(date).timestamp() - clock() for date in dates]
        assert [round(seconds / 100) for seconds in ahead] == [9, 0, 0, 0, 0, 0]
    assert all(re.fullmatch(r"[-0-9]{10}T[:0-9]{8}(\.000)?Z", date) for date in dates)


def test_difference_7_sessions_get_no_sessions(aws: Emulator, alice: User) -> None:
    """Difference 7: a session cannot get another session, with or without a code, or a role."""
    sentence = "Cannot call GetSessionToken with session credentials"
    for session in (with_mfa(aws, alice), as_user(aws, alice).log_in()):
        code = code_of(alice, 1)
        for given in ({}, {"SerialNumber": alice.device.serial, "TokenCode": code}):
            assert session.refused("sts", "get_session_token", **given) == (403, "AccessDenied", sentence)
        role = {"RoleArn": "arn:aws:iam::123456789012:role/any", "RoleSessionName": "any"}
        assert session.refused("sts", "assume_role", **role)[:2] == (403, "AccessDenied")
    assert as_user(aws, alice).log_in(SerialNumber=alice.device.serial, TokenCode=code_of(alice, 1))


# --- what may be seen ------------------------------------------------------------------------------------------------


def test_difference_8_devices(aws: Emulator) -> None:
    """Difference 8: all kinds of devices are listed, with a UserName, or without if allowed, with and without MFA."""
    policies = (SELF_SERVICE, FORCE_MFA, LIST_ALL)
    user = aws.add_user("dave", "/a/b/", devices=(*ALL, Kind.VIRTUAL), policies=policies)
    serials = [device.serial for device in user.devices]
    assert serials[0].startswith("arn:aws:iam::123456789012:u2f/user/dave/")
    assert serials[1] == "arn:aws:iam::123456789012:mfa/dave-2"
    assert re.fullmatch(r"GAHT\d{8}", serials[2])
    assert len(set(serials)) == 4
    for caller in (as_user(aws, user), with_mfa(aws, user)):
        for given in ({}, {"UserName": "dave"}):
            listed = caller("iam", "list_mfa_devices", **given)
            assert [device["SerialNumber"] for device in listed["MFADevices"]] == serials
            assert {device["UserName"] for device in listed["MFADevices"]} == {"dave"}
            assert not listed["IsTruncated"]
    without = aws.add_user("erin", devices=())
    assert as_user(aws, without)("iam", "list_mfa_devices", UserName="erin")["MFADevices"] == []


def test_difference_8_devices_of_others(aws: Emulator, alice: User) -> None:
    """Difference 8: a user cannot learn whether another user exists; an administrator can list their devices."""
    aws.add_user("bob")
    admin = as_user(aws, aws.add_user("admin", policies=ADMIN))
    session = with_mfa(aws, alice)
    for name in ("bob", "nobody", "Alice"):
        why = "because no identity-based policy allows the iam:ListMFADevices action"
        sentence = f"User: {alice.arn} is not authorized to perform: iam:ListMFADevices on resource: user {name} {why}"
        for caller in (as_user(aws, alice), session):
            assert caller.refused("iam", "list_mfa_devices", UserName=name) == (403, "AccessDenied", sentence)
    (device,) = admin("iam", "list_mfa_devices", UserName="alice")["MFADevices"]
    assert device["SerialNumber"] == alice.device.serial
    unknown = (404, "NoSuchEntity", "The user with name nobody cannot be found.")
    assert admin.refused("iam", "list_mfa_devices", UserName="nobody") == unknown


def test_difference_8_listing_without_a_name(aws: Emulator) -> None:
    """Difference 8: a policy that names the user, as in AWS's documentation, requires a UserName."""
    user = aws.add_user("frank")
    status, code, said = as_user(aws, user).refused("iam", "list_mfa_devices")
    assert (status, code) == (403, "AccessDenied")
    assert said.startswith(f"User: {user.arn} is not authorized to perform: iam:ListMFADevices on resource: * because ")
    assert as_user(aws, user)("iam", "list_mfa_devices", UserName="frank")["MFADevices"]


def test_difference_9_iam_with_and_without_mfa(aws: Emulator, alice: User) -> None:
    """Difference 9: IAM rejects sessions without MFA; a key reads users and devices, a session with MFA also keys."""
    key, session, plain = as_user(aws, alice), with_mfa(aws, alice), as_user(aws, alice).log_in()
    for operation in ("get_user", "list_mfa_devices", "list_virtual_mfa_devices", "list_access_keys", "list_users"):
        assert plain.refused("iam", operation) == INVALID_TOKEN
    for caller in (key, session):
        for given in ({}, {"UserName": "alice"}):
            user = caller("iam", "get_user", **given)["User"]
            assert (user["Arn"], user["UserId"], user["Path"]) == (alice.arn, alice.user_id, "/eng/")
    (listed,) = session("iam", "list_access_keys")["AccessKeyMetadata"]
    assert listed["AccessKeyId"] == alice.access_key
    denied = "is not authorized to perform: iam:ListAccessKeys on resource: user alice with an explicit deny in an"
    assert key.refused("iam", "list_access_keys") == (
        403, "AccessDenied", f"User: {alice.arn} {denied} identity-based policy",
    )  # fmt: skip


def test_difference_9_others(aws: Emulator, alice: User) -> None:
    """Difference 9: only an administrator with MFA can read other users."""
    aws.add_user("bob")
    admin = aws.add_user("admin", policies=ADMIN)
    session = with_mfa(aws, alice)
    for operation, given in (("get_user", {"UserName": "bob"}), ("list_access_keys", {"UserName": "bob"}),
                             ("list_users", {})):  # fmt: skip
        assert session.refused("iam", operation, **given)[1] == "AccessDenied"
        assert as_user(aws, alice).refused("iam", operation, **given)[1] == "AccessDenied"
    with_code = with_mfa(aws, admin)
    assert {user["UserName"] for user in with_code("iam", "list_users")["Users"]} == {"alice", "bob", "admin"}
    assert with_code("iam", "get_user", UserName="bob")["User"]["UserName"] == "bob"
    assert with_code.refused("iam", "get_user", UserName="nobody")[:2] == (404, "NoSuchEntity")
    assert as_user(aws, admin).refused("iam", "list_users")[1] == "AccessDenied"


def test_difference_9_policies_of_ones_own(aws: Emulator, clock: Clock) -> None:
    """Difference 9: `policies` replaces the default policies, and can require a recent code."""
    listing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    fresh = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    data = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::*-data", "Condition": fresh}
    user = aws.add_user("alice", policies=[{"Version": "2012-10-17", "Statement": [listing, data]}])
    key, session = as_user(aws, user), with_mfa(aws, user)
    assert key("s3", "list_buckets")["Buckets"]
    why = "because no identity-based policy allows the s3:ListBucket action"
    assert key.refused("s3", "list_objects_v2", Bucket="example-data")[2].endswith(why)
    assert session("s3", "list_objects_v2", Bucket="example-data")["KeyCount"] == 0
    assert session.refused("s3", "list_objects_v2", Bucket="example-logs")[2].endswith(why)
    assert session.refused("iam", "get_user")[1] == "AccessDenied"
    clock.step(3600)
    old = Raw(session.keys, "s3", path="/example-data?list-type=2", method="GET").send(aws, clock())
    assert (old.status, old.code) == (403, "AccessDenied")
    assert old.sentence.endswith(why)


def test_difference_9_a_deny_stops_a_login(aws: Emulator) -> None:
    """Difference 9: GetSessionToken needs no Allow, and a Deny applies before the code is checked."""
    deny = {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}
    user = aws.add_user("alice", policies=[{"Version": "2012-10-17", "Statement": deny}])
    given = {"SerialNumber": user.device.serial, "TokenCode": wrong_code(user)}
    why = "is not authorized to perform: sts:GetSessionToken on resource: * with an explicit deny in an"
    sentence = f"User: {user.arn} {why} identity-based policy"
    assert as_user(aws, user).refused("sts", "get_session_token", **given) == (403, "AccessDenied", sentence)
    assert as_user(aws, user)("sts", "get_caller_identity")["Arn"] == user.arn
    assert as_user(aws, aws.add_user("bob", policies=()))("sts", "get_session_token")


def test_difference_10_s3_needs_mfa(aws: Emulator, alice: User) -> None:
    """Difference 10: without MFA, S3 denies keys and sessions what a session with MFA may do."""
    who = f"User: {alice.arn} is not authorized to perform:"
    deny = "with an explicit deny in an identity-based policy"
    calls: tuple[tuple[str, dict[str, str]], ...] = (
        ("list_objects_v2", {"Bucket": "example-data"}),
        ("list_objects", {"Bucket": "example-data"}),
    )
    for caller in (as_user(aws, alice), as_user(aws, alice).log_in()):
        assert caller.refused("s3", "list_buckets") == (403, "AccessDenied", f"{who} s3:ListAllMyBuckets {deny}")
        for operation, given in calls:
            sentence = f'{who} s3:ListBucket on resource: "arn:aws:s3:::example-data" {deny}'
            assert caller.refused("s3", operation, **given) == (403, "AccessDenied", sentence)
        assert caller.refused("s3", "head_bucket", Bucket="example-data")[:2] == (403, "403")
    session = with_mfa(aws, alice)
    names = [bucket["Name"] for bucket in session("s3", "list_buckets")["Buckets"]]
    assert names == ["example-data", "example-logs"]
    for operation, given in (*calls, ("head_bucket", calls[0][1]), ("get_bucket_location", calls[0][1])):
        assert session("s3", operation, **given)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert session.refused("s3", "head_bucket", Bucket="no-such-bucket")[0] == 404
    assert session.refused("s3", "list_objects_v2", Bucket="no-such-bucket")[1] == "NoSuchBucket"


def test_difference_10_users_who_need_no_mfa(aws: Emulator) -> None:
    """Difference 10: a user who is not forced to use MFA can read S3 and their own user with the key alone."""
    grace = aws.add_user("grace", force_mfa=False)
    key, plain = as_user(aws, grace), as_user(aws, grace).log_in()
    for caller in (key, plain, with_mfa(aws, grace)):
        assert len(caller("s3", "list_buckets")["Buckets"]) == 2
        assert caller("s3", "list_objects_v2", Bucket="example-data")["KeyCount"] == 0
    assert key("iam", "list_access_keys")["AccessKeyMetadata"]
    assert key("iam", "list_mfa_devices", UserName="grace")["MFADevices"]
    assert plain.refused("iam", "list_access_keys") == INVALID_TOKEN
    assert "because no identity-based policy allows" in key.refused("iam", "list_users")[2]
    aws.add_user("alice")
    assert key.refused("iam", "get_user", UserName="alice")[1] == "AccessDenied"


def test_difference_11_what_is_not_there(aws: Emulator) -> None:
    """Difference 11: other services and actions are rejected by name, also for administrators."""
    admin = with_mfa(aws, aws.add_user("admin", policies=ADMIN))
    refused = [
        admin.refused("ec2", "describe_instances"),
        admin.refused("sts", "get_access_key_info", AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
        admin.refused("iam", "create_user", UserName="new"),
        admin.refused("s3", "create_bucket", Bucket="a-new-bucket"),
        admin.refused("s3", "put_object", Bucket="example-data", Key="a", Body=b""),
        admin.refused("s3", "get_object", Bucket="example-data", Key="a"),
        admin.refused("s3", "get_bucket_acl", Bucket="example-data"),
    ]
    assert {row[:2] for row in refused} == {(501, "NotImplemented")}
    told = ["ec2", "sts:GetAccessKeyInfo", "iam:CreateUser",
            "S3 PutBucket", "S3 PutObject", "S3 GetObject", "S3 GetBucket"]  # fmt: skip
    assert [row[2] for row in refused] == [f"This emulator does not support {name}" for name in told]
    assert len(admin("iam", "list_users")["Users"]) == 1
    assert len(admin("s3", "list_buckets")["Buckets"]) == 2


def test_difference_11_policies_that_cannot_be_judged(aws: Emulator) -> None:
    """Difference 11: a policy with an unknown element is rejected, and the user is not created."""
    unknown = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.1"}},
    }
    with pytest.raises(ValueError, match="`IpAddress`"):
        aws.add_user("alice", policies=[{"Version": "2012-10-17", "Statement": unknown}])
    with pytest.raises(ValueError, match="`force_mfa`"):
        aws.add_user("alice", policies=ADMIN, force_mfa=False)
    assert as_user(aws, aws.add_user("alice"))("sts", "get_caller_identity")


# --- faults and records ----------------------------------------------------------------------------------------------


def test_difference_12_faults(aws: Emulator, alice: User) -> None:
    """Difference 12: faults affect their own action, as often as requested, in order, and use up no code."""
    aws.fail("GetSessionToken", status=400, code="Throttling", message="Rate exceeded", times=2)
    aws.fail("GetSessionToken", status=500, code="InternalFailure")
    aws.fail("ListBuckets", status=503, code="SlowDown", message="Please reduce your request rate.")
    user, given = as_user(aws, alice), {"SerialNumber": alice.device.serial, "TokenCode": code_of(alice)}
    nobody = Aws(aws, Keys("AKIAIOSFODNN7EXAMPLE", "x"))
    said = [who.refused("sts", "get_session_token", **given) for who in (nobody, user, user)]
    assert said == [(400, "Throttling", "Rate exceeded")] * 2 + [(500, "InternalFailure", "")]
    session = user.log_in(**given)
    assert session.refused("s3", "list_buckets") == (503, "SlowDown", "Please reduce your request rate.")
    assert session("s3", "list_buckets")["Buckets"]


def test_difference_12_clients_try_again(aws: Emulator, alice: User, shell: Shell) -> None:
    """Difference 12: clients retry after a fault as they do with AWS."""
    shell.profile("default", Keys.of(alice))
    aws.throttle("GetCallerIdentity")
    aws.fail("GetCallerIdentity", status=500, code="InternalFailure")
    done = shell.run(sys.executable, "-m", "awscli", "sts", "get-caller-identity", AWS_MAX_ATTEMPTS="3")
    assert done.returncode == 0, done.stderr
    assert [call.code for call in aws.calls] == ["Throttling", "InternalFailure", ""]


def test_difference_12_too_many_calls(aws: Emulator, alice: User) -> None:
    """Difference 12: throttled calls fail with the service's own error, and use up no code."""
    user, given = as_user(aws, alice), {"SerialNumber": alice.device.serial, "TokenCode": code_of(alice)}
    aws.throttle("GetSessionToken", times=2)
    for _ in range(2):
        assert user.refused("sts", "get_session_token", **given) == (400, "Throttling", "Rate exceeded")
    session = user.log_in(**given)
    aws.throttle("ListBuckets")
    assert session.refused("s3", "list_buckets") == (503, "SlowDown", "Please reduce your request rate.")
    assert session("s3", "list_buckets")["Buckets"]


def test_difference_12_truncated_responses(aws: Emulator, alice: User) -> None:
    """Difference 12: a truncated response stops in the middle, but the call takes effect: the code is used up."""
    raw = Raw(Keys.of(alice), form=_session_form(alice))
    aws.truncate("GetSessionToken")
    with pytest.raises(http.client.IncompleteRead) as caught:
        raw.send(aws, time.time())
    assert b"<GetSessionTokenResult>" in caught.value.partial
    assert b"<SessionToken>" in caught.value.partial
    assert (aws.calls[-1].status, aws.faults) == (200, ())
    again = raw.send(aws, time.time())
    assert (again.status, again.code, again.sentence) == WRONG_CODE


def test_difference_12_truncated_responses_to_clients(aws: Emulator, alice: User, shell: Shell) -> None:
    """Difference 12: a client sees a broken connection and may retry; a response to HEAD has nothing to truncate."""
    shell.profile("default", Keys.of(alice))
    aws.truncate("GetCallerIdentity", times=2)
    with pytest.raises(ResponseParserError):
        as_user(aws, alice)("sts", "get_caller_identity")
    done = shell.run(sys.executable, "-m", "awscli", "sts", "get-caller-identity", AWS_MAX_ATTEMPTS="3")
    assert done.returncode == 0, done.stderr
    assert [call.status for call in aws.calls] == [200, 200, 200]
    session = with_mfa(aws, alice)
    aws.truncate("HeadBucket")
    assert session("s3", "head_bucket", Bucket="example-data")
    assert [fault.action for fault in aws.faults] == ["HeadBucket"]


def test_difference_12_a_wrong_date(aws: Emulator, alice: User, clock: Clock) -> None:
    """Difference 12: the Date can be wrong while signatures and codes are checked against the clock."""
    for seconds in (3600, -3600, 0):
        aws.skew(seconds)
        reply = Raw(Keys.of(alice), form=_session_form(alice)).send(aws, clock())
        assert reply.status == 200
        date = email.utils.parsedate_to_datetime(reply.headers["Date"]).timestamp()
        assert abs(date - clock() - seconds) < 3
        clock.step(totp.PERIOD)


def test_difference_12_delays(aws: Emulator, alice: User) -> None:
    """Difference 12: a call can be delayed, which does not delay others."""
    aws.delay("GetCallerIdentity", 1.5)
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(as_user(aws, alice), "sts", "get_caller_identity")
        wait_until(lambda: not aws.faults)
        assert as_user(aws, alice)("sts", "get_caller_identity")["Arn"] == alice.arn
        assert not slow.done()
        assert slow.result()["Arn"] == alice.arn
    assert time.monotonic() - began >= 1.5


def test_difference_12_overrides(aws: Emulator, alice: User) -> None:
    """Difference 12: responses can be overridden, for all callers or only for sessions."""
    other = "arn:aws:iam::123456789012:user/<bob>"
    key, session = as_user(aws, alice), with_mfa(aws, alice)
    aws.override("GetCallerIdentity", {"Arn": other, "Account": "1"}, sessions=True)
    aws.override("GetUser", {"UserName": "mallory"}, times=2)
    assert key("sts", "get_caller_identity")["Arn"] == alice.arn
    told = session("sts", "get_caller_identity")
    assert (told["Arn"], told["Account"], told["UserId"]) == (other, "1", alice.user_id)
    assert session("sts", "get_caller_identity")["Arn"] == alice.arn
    for who in (key, session):  # responses of moto can be overridden too
        assert who("iam", "get_user")["User"]["UserName"] == "mallory"
    assert session("iam", "get_user")["User"]["UserName"] == "alice"
    assert aws.faults == ()


def test_difference_12_overrides_wait_for_a_match(aws: Emulator, alice: User) -> None:
    """Difference 12: an override waits for a response that has all of its elements."""
    aws.override("GetSessionToken", {"Expiration": "2020-01-01T00:00:00Z"})
    user = as_user(aws, alice)
    user.refused("sts", "get_session_token", SerialNumber=alice.device.serial, TokenCode=wrong_code(alice))
    (fault,) = aws.faults
    assert fault == Override("GetSessionToken", 1, (("Expiration", "2020-01-01T00:00:00Z"),))
    assert user("sts", "get_session_token")["Credentials"]["Expiration"].year == 2020
    aws.override("GetSessionToken", {"Message": "no", "Code": "Odd"})
    assert user.refused("sts", "get_session_token", TokenCode="1") == (400, "Odd", "no")


def test_difference_12_calls_are_recorded(aws: Emulator, alice: User) -> None:
    """Difference 12: each call is recorded with its user, the kind of credentials and the result."""
    key, serial = as_user(aws, alice), alice.device.serial
    key.refused("sts", "get_session_token", SerialNumber=serial, TokenCode=wrong_code(alice))
    session = with_mfa(aws, alice)
    session("s3", "list_buckets")
    session.refused("s3", "head_bucket", Bucket="no-such-bucket")
    session.refused("s3", "list_objects_v2", Bucket="no-such-bucket")
    Aws(aws, Keys("AKIAIOSFODNN7EXAMPLE", "x")).refused("iam", "get_user")
    session.refused("ec2", "describe_instances")
    rows = [
        (call.service, call.action, call.user, call.session, call.mfa, call.status, call.code) for call in aws.calls
    ]
    assert rows == [
        ("sts", "GetSessionToken", "alice", False, False, 403, "AccessDenied"),
        ("sts", "GetSessionToken", "alice", False, False, 200, ""),
        ("s3", "ListBuckets", "alice", True, True, 200, ""),
        ("s3", "HeadBucket", "alice", True, True, 404, ""),
        ("s3", "ListObjectsV2", "alice", True, True, 404, "NoSuchBucket"),
        ("iam", "GetUser", "", False, False, 403, "InvalidClientTokenId"),
        ("ec2", "", "", False, False, 501, "NotImplemented"),
    ]


def test_secrets_are_nowhere(
    aws: Emulator, alice: User, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Logs, output, recorded calls and reprs contain no secret key, token, seed or code, also after errors."""
    caplog.set_level(logging.DEBUG, logger="werkzeug")
    caplog.set_level(logging.DEBUG, logger="moto")
    caplog.set_level(logging.DEBUG, logger="toolkit")
    code, wrong = code_of(alice), wrong_code(alice)
    as_user(aws, alice).refused("sts", "get_session_token", SerialNumber=alice.device.serial, TokenCode=wrong)
    session = as_user(aws, alice).log_in(SerialNumber=alice.device.serial, TokenCode=code)
    session("s3", "list_buckets")
    session.refused("s3", "list_objects_v2", Bucket="no-such-bucket")
    exchange(aws, "GET", f"/?Action=GetSessionToken&TokenCode={code}", {})
    exchange(aws, "BREW", f"/{code}", {})
    with socket.create_connection(("127.0.0.1", int(aws.url.rpartition(":")[2]))) as connection:
        connection.sendall(f"{code}\r\n\r\n".encode())
        connection.recv(1000)
    values = repr((aws.calls, alice, alice.devices, alice.device))
    said = capfd.readouterr()
    shown = said.out + said.err + caplog.text + values
    secrets = [alice.secret, alice.device.seed, code, wrong, session.keys.secret, str(session.keys.token)]
    assert [secret for secret in secrets if secret in shown] == []
    assert alice.access_key in values


# --- starting and stopping -------------------------------------------------------------------------------------------


def test_nothing_is_left(others: frozenset[threading.Thread], alice_and_hanging: tuple[str, User]) -> None:
    """After the `with` block, no thread, listener, user or bucket is left, even if a call was still waiting."""
    from moto.core.model_instances import model_data
    from moto.iam.models import iam_backends
    from moto.s3.models import s3_backends

    url, alice = alice_and_hanging
    assert frozenset(threading.enumerate()) <= others
    address = urlsplit(url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port), timeout=2)
    tracked = [getattr(model, "instances_tracked", None) for models in model_data.values() for model in models.values()]
    assert not any(tracked)
    assert not iam_backends["123456789012"]["aws"].users
    assert not s3_backends["123456789012"]["aws"].buckets
    with Emulator() as again:  # the names are free again, and the old keys do not work
        assert again.add_user("alice").access_key != alice.access_key
        assert Aws(again, Keys.of(alice)).refused("sts", "get_caller_identity") == INVALID_TOKEN


@pytest.fixture
def others() -> frozenset[threading.Thread]:
    """Return the threads that were running before the emulator; an earlier test may have left one."""
    return frozenset(threading.enumerate())


@pytest.fixture
def alice_and_hanging(others: frozenset[threading.Thread]) -> tuple[str, User]:
    """Return the URL and a user of an emulator that was stopped during a delayed call."""
    del others  # has to be evaluated first
    with Emulator() as aws:
        user = aws.add_user("alice")
        aws.delay("GetCallerIdentity", 3600)
        answers: list[int] = []
        raw = Raw(Keys.of(user), form=IDENTITY)
        waiting = threading.Thread(target=lambda: answers.append(raw.send(aws, time.time()).status))
        waiting.start()
        wait_until(lambda: not aws.faults)
    waiting.join()
    assert answers == [200]
    return aws.url, user


def test_half_a_request_does_not_hold_up_the_end(others: frozenset[threading.Thread]) -> None:
    """An incomplete request does not keep the emulator from stopping, and its thread ends first."""
    with Emulator() as aws, socket.create_connection(("127.0.0.1", urlsplit(aws.url).port or 0)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab")
        wait_until(lambda: len(set(threading.enumerate()) - others) > 1)  # the server's and the client's
        stopping = threading.Thread(target=aws.__exit__, args=(None, None, None))
        stopping.start()
        stopping.join(2)
        stopped, left = not stopping.is_alive(), threading.enumerate()
    stopping.join()
    assert stopped
    assert frozenset(left) <= others


def test_it_starts_with_nothing() -> None:
    """Whatever is in moto already is gone when the emulator starts."""
    from moto.iam.models import iam_backends

    iam_backends["123456789012"]["aws"].create_user("us-east-1", "leftover", "/")
    with Emulator() as aws:
        admin = with_mfa(aws, aws.add_user("admin", policies=ADMIN))
        assert [user["UserName"] for user in admin("iam", "list_users")["Users"]] == ["admin"]


def test_no_body_for_head(aws: Emulator, alice: User) -> None:
    """An error in response to HEAD has no body, which a client would take for the next response."""
    with socket.create_connection(("127.0.0.1", urlsplit(aws.url).port or 0)) as client:
        client.sendall(b"HEAD /example-data HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert answer.endswith(b"\r\n\r\n")
    assert as_user(aws, alice).refused("s3", "head_bucket", Bucket="example-data")[0] == 403


def test_one_at_a_time(aws: Emulator) -> None:
    """A second emulator in the same process is rejected, and does not affect the first."""
    with pytest.raises(RuntimeError, match="already running in this process"), Emulator():
        pass
    assert as_user(aws, aws.add_user("alice"))("sts", "get_caller_identity")


def test_a_port_that_is_taken() -> None:
    """A port that is in use is an error with a hint, and the emulator can then start on another port."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with (
            pytest.raises(ToolkitError, match=f"^cannot listen on 127.0.0.1:{port}: ") as caught,
            Emulator(port=port),
        ):
            pass
    assert caught.value.hint
    with Emulator(port=port) as aws:
        assert aws.url == f"http://127.0.0.1:{port}"
        assert aws.environment() == {"AWS_ENDPOINT_URL": aws.url}


def test_the_loopback_only(aws: Emulator) -> None:
    """The emulator does not listen on other addresses."""
    port = int(aws.url.rpartition(":")[2])
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", port), timeout=2):  # noqa: PT011 - any
        pass


@pytest.mark.parametrize(("name", "path"), [("a b", "/"), ("", "/"), ("alice", "eng"), ("alice", "/eng"), ("a/b", "/")])
def test_names_that_iam_does_not_have(aws: Emulator, name: str, path: str) -> None:
    """A name or path that IAM would reject is a ValueError."""
    with pytest.raises(ValueError, match="user"):
        aws.add_user(name, path)


def test_names_are_taken_once(aws: Emulator, alice: User) -> None:
    """A second user with the same name is rejected, and the first keeps its keys."""
    with pytest.raises(ValueError, match="`alice`"):
        aws.add_user("alice")
    assert as_user(aws, alice)("sts", "get_caller_identity")["Arn"] == alice.arn


def test_names_of_devices_are_taken_once(aws: Emulator) -> None:
    """A user whose device would have the name of an existing device is rejected, and not created."""
    aws.add_user("alice", devices=(Kind.HARDWARE, Kind.VIRTUAL))
    with pytest.raises(ValueError, match="mfa/alice-2`"):
        aws.add_user("alice-2")
    assert aws.add_user("alice-2", devices=()).devices == ()


# --- the programs that people use ------------------------------------------------------------------------------------


def test_aws_cli(aws: Emulator, alice: User, shell: Shell) -> None:
    """The AWS CLI logs in, shows its identity, and lists buckets only with the session."""
    shell.profile("default", Keys.of(alice))
    who = json.loads(shell.cli("sts", "get-caller-identity").stdout)
    assert who["Arn"] == alice.arn
    denied = shell.cli("s3", "ls")
    assert "(AccessDenied) when calling the ListBuckets operation: User: arn:aws:iam::123456789012" in denied.stderr
    listed = json.loads(shell.cli("iam", "list-mfa-devices", "--user-name", "alice").stdout)
    (serial,) = (device["SerialNumber"] for device in listed["MFADevices"])
    code = ["--serial-number", serial, "--token-code", code_of(alice)]
    got = json.loads(shell.cli("sts", "get-session-token", *code).stdout)["Credentials"]
    shell.profile("mfa", Keys(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]))
    assert json.loads(shell.cli("sts", "get-caller-identity", "--profile", "mfa").stdout) == who
    assert "example-data" in shell.cli("s3", "ls", "--profile", "mfa").stdout
    again = shell.cli("sts", "get-session-token", *code)
    assert "AccessDenied" in again.stderr
    assert WRONG_CODE[2] in again.stderr
    assert {call.user for call in aws.calls} == {"alice"}


def test_aws_mfa(aws: Emulator, alice: User, shell: Shell, aws_mfa: str) -> None:
    """aws-mfa finds the device and logs in with a piped code, and the AWS CLI can use the profile that it writes."""
    shell.profile("example", Keys.of(alice))
    code = code_of(alice)
    done = shell.run(aws_mfa, "-s", "example", "-d", "example_mfa", given=code)
    assert done.returncode == 0, done.stderr
    assert [call.action for call in aws.calls] == ["GetCallerIdentity", "ListMFADevices", "GetSessionToken"]
    assert "example-logs" in shell.cli("s3", "ls", "--profile", "example_mfa").stdout
    again = shell.run(aws_mfa, "-s", "example", given=code)
    assert again.returncode == 254
    assert "aws-mfa: error[code-refused]: " in again.stderr


def test_aws_mfa_with_every_kind_of_device(aws: Emulator, shell: Shell, aws_mfa: str) -> None:
    """aws-mfa skips the security key, and uses the hardware device that the profile names."""
    user = aws.add_user("dave", devices=ALL)
    _, app, token = user.devices
    shell.profile("example", Keys.of(user))
    first = shell.run(aws_mfa, "-s", "example", given=app.code())
    assert first.returncode == 0, first.stderr
    assert f"note: using `{app.serial}`" in first.stderr
    (shell.folder / "config").write_text(f"[profile example]\nmfa_serial = {token.serial}\n", "utf-8")
    second = shell.run(aws_mfa, "-s", "example", given=token.code())
    assert second.returncode == 0, second.stderr


def test_aws_mfa_from_a_session(aws: Emulator, alice: User, shell: Shell, aws_mfa: str) -> None:
    """aws-mfa distinguishes a profile that has a session from a wrong code."""
    shell.profile("example", with_mfa(aws, alice).keys)
    done = shell.run(aws_mfa, "-s", "example", given=code_of(alice, 1))
    assert done.returncode != 0
    assert "session" in done.stderr


def test_a_client_with_a_wrong_clock(aws: Emulator, alice: User, shell: Shell, clock: Clock, aws_mfa: str) -> None:
    """The SDK for Go learns from the Date header that its clock is wrong by an hour, and signs again."""
    clock.step(3600)
    shell.profile("example", Keys.of(alice))
    done = shell.run(aws_mfa, "-s", "example", given=code_of(alice), AWS_MAX_ATTEMPTS="3")
    assert done.returncode == 0, done.stderr
    assert aws.calls[0].code == "SignatureDoesNotMatch"
    with pytest.raises(ClientError, match="Signature expired"):
        as_user(aws, alice)("sts", "get_caller_identity")


# --- on its own ------------------------------------------------------------------------------------------------------


def start_alone(*args: str) -> subprocess.Popen[str]:
    """Start the emulator from the command line."""
    return subprocess.Popen(
        [sys.executable, "-m", "toolkit.emulator", *args],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextlib.contextmanager
def alone(*args: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], str]]:
    """Yield the process, the variables that it prints, and the last line, about the device."""
    with start_alone(*args) as process:
        try:
            assert process.stdout
            lines = [process.stdout.readline().strip() for _ in range(5)]
            pairs = [line.removeprefix("export ").partition("=") for line in lines[:4]]
            yield process, {name: value for name, _, value in pairs}, lines[4]
        finally:
            process.kill()


def call(env: Mapping[str, str], *args: str) -> str:
    """Make a call with the AWS CLI, and return its output."""
    cli = [sys.executable, "-m", "awscli", "--output", "text", *args]
    return subprocess.run(cli, env={**os.environ, **env}, capture_output=True, text=True, check=True).stdout.strip()


def test_alone() -> None:
    """The output is sufficient for a login, and Ctrl-C ends the emulator silently."""
    with alone() as (process, env, device):
        assert device.startswith("# MFA device arn:aws:iam::123456789012:mfa/example: otpauth://totp/")
        seed = seed_of(device.split(": ", 1)[1])
        who = call(env, "sts", "get-caller-identity", "--query", "Arn")
        assert who == "arn:aws:iam::123456789012:user/eng/example"
        code = ["--token-code", totp.code(seed, time.time()), "--query", "Credentials.AccessKeyId"]
        serial = ["--serial-number", "arn:aws:iam::123456789012:mfa/example"]
        assert call(env, "sts", "get-session-token", *serial, *code).startswith("ASIA")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (130, "", "")


def test_alone_without_a_device(tmp_path: Path) -> None:
    """`--account` sets the account, and `--no-device` creates no device."""
    with alone("--account", "210987654321", "--no-device") as (_, env, device):
        assert device.startswith("# no MFA device; to create one, run invoke enroll ")
        who = call(env, "sts", "get-caller-identity", "--query", "Arn")
        assert who == "arn:aws:iam::210987654321:user/eng/example"
        made = call(env, "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", "example",
                    "--bootstrap-method", "QRCodePNG", "--outfile", str(tmp_path / "qr.png"))  # fmt: skip
        assert made.endswith("arn:aws:iam::210987654321:mfa/example")
        assert (tmp_path / "qr.png").read_bytes().startswith(b"\x89PNG")


def test_alone_on_a_port() -> None:
    """`--port` sets the port, and a port that is in use is an error with a hint."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = str(held.getsockname()[1])
        with start_alone("--port", port) as process:
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(rf"error: cannot listen on 127\.0\.0\.1:{port}: .+\n\nhint: .+\n", err)
    with start_alone("--port", port) as process:
        assert process.stdout
        assert process.stdout.readline() == f"export AWS_ENDPOINT_URL=http://127.0.0.1:{port}\n"
        process.kill()


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1.5"])
def test_alone_on_no_port(port: str) -> None:
    """An invalid port prints the usage and no traceback."""
    with start_alone(f"--port={port}") as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.startswith("usage: python -m toolkit.emulator")
    assert "argument --port: " in err


def test_a_reader_that_goes_away() -> None:
    """If nobody reads the output, the emulator ends without a traceback."""
    with start_alone() as process:
        assert process.stdout
        process.stdout.close()
        assert process.stderr
        assert process.stderr.read() == ""
        assert process.wait(timeout=20) == 1
