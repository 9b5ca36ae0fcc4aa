"""`enroll` against the embedded AWS, without waiting: success, interruptions and refusals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeProgress
from tests.integration.emulator_clients import Keys, Shell, as_user, assert_nowhere, forms, with_mfa
from tests.unit import samples
from toolkit import errors, totp
from toolkit.emulator import Clock, Emulator, Kind, User
from toolkit.emulator.sample_policies import ADMINISTRATOR, SELF_SERVICE
from toolkit.errors import ToolkitError
from toolkit.go import targets
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.enroll import Authenticator, Enrolled, Turn, enroll, prepare
from toolkit.mfa.proof import require
from toolkit.mfa.totp_command import Command
from toolkit.model import Programs, Target
from toolkit.release import flow
from toolkit.settings import OWN, EnrollSettings

ARN = "arn:aws:iam::123456789012:mfa/"
HERE = Target(*targets.native())


@pytest.fixture
def clock() -> Clock:
    """Return a clock that a test can move."""
    return Clock()


@pytest.fixture
def aws(clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    """Return an AWS, and point the variables of this process at it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    desk = tmp_path / "desk"
    desk.mkdir()
    with Emulator(clock) as emulator:
        for name, value in Shell(emulator, desk).variables.items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def desk(aws: Emulator, tmp_path: Path) -> Shell:
    """Return the machine with the AWS files."""
    return Shell(aws, tmp_path / "desk")


@pytest.fixture
def alice(aws: Emulator, desk: Shell) -> User:
    """Return a user without a device, who must use MFA, with keys in profile `example`."""
    user = aws.add_user("alice", "/eng/", devices=())
    desk.profile("example", Keys.of(user))
    return user


@dataclass
class App:
    """A person whose app is always right; `codes` are typed first."""

    clock: Clock
    codes: list[tuple[str, str]] = field(default_factory=list)
    interrupt: BaseException | None = None
    meanwhile: Callable[[], object] = lambda: None
    device: NewDevice | None = None
    asked: int = 0
    third: Callable[[], str] | None = None

    def receive(self, device: NewDevice) -> None:
        """Scan the QR code."""
        self.device = device

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Type two codes, of the previous period and of this one."""
        del turn
        self.asked += 1
        self.meanwhile()
        if self.interrupt:
            raise self.interrupt
        return self.codes.pop(0) if self.codes else (self._code(-30), self._code(0))

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Type a third one."""
        del turn
        if self.third:
            return self.third()
        assert self._code(0) not in used
        return self._code(0)

    def _code(self, seconds: float) -> str:
        assert self.device
        return totp.code(self.device.seed, self.clock() + seconds)


# A program that logs in like aws-mfa, with the device that botocore finds in the AWS files.
PROGRAM = """
import boto3, botocore.session, os, sys
serial = botocore.session.Session(profile="example").get_scoped_config()["mfa_serial"]
sts = boto3.Session(profile_name=sys.argv[2]).client("sts")
keys = sts.get_session_token(SerialNumber=serial, TokenCode=sys.stdin.readline().strip())["Credentials"]
with open(os.environ["AWS_SHARED_CREDENTIALS_FILE"], "a") as file:
    file.write(f"[{sys.argv[4]}]\\naws_access_key_id = {keys['AccessKeyId']}\\n")
    file.write(f"aws_secret_access_key = {keys['SecretAccessKey']}\\naws_session_token = {keys['SessionToken']}\\n")
    file.write(f"x_security_token_expires = {keys['Expiration'].isoformat()}\\n")
"""


@pytest.fixture
def programs(aws_mfa: str, tmp_path: Path) -> Programs:
    """Return a release with that program for this machine, and our own program, which was really built."""
    made = samples.binary(HERE, tmp_path / "bin", content=f"#!{sys.executable}{PROGRAM}".encode())
    made.path.chmod(0o755)
    return Programs(samples.dist(tmp_path / "release", made), samples.made(Path(aws_mfa)))


@dataclass(frozen=True)
class Desk:
    """A person who enrolls at a machine."""

    programs: Programs
    watch: FakeProgress
    app: App

    def enroll(self, authenticator: Authenticator | None = None, **options: Any) -> Enrolled:
        """Run it for profile `example`."""
        settings = EnrollSettings(profile="example", **options)
        return enroll(prepare(settings), self.programs, authenticator or self.app, self.watch)

    def refused(self, kind: type[ToolkitError], says: str, hint: str, **options: Any) -> None:
        """Run it, and check the error, which must not contain the seed."""
        with pytest.raises(kind, match=says) as caught:
            self.enroll(**options)
        assert type(caught.value) is kind
        assert hint in caught.value.hint
        if self.app.device:
            assert self.app.device.seed not in f"{caught.value} {caught.value.hint} {self.watch.text}"


@pytest.fixture
def person(clock: Clock, alice: User, programs: Programs) -> Desk:
    """Return Alice, with her app."""
    del alice
    return Desk(programs, FakeProgress(clock), App(clock))


def left(aws: Emulator) -> list[str]:
    """Return the names of the unassigned virtual devices in AWS."""
    admin = as_user(aws, aws.add_user("admin", devices=(), policies=[ADMINISTRATOR]))
    listed = admin("iam", "list_virtual_mfa_devices", AssignmentStatus="Unassigned")["VirtualMFADevices"]
    return [device["SerialNumber"].removeprefix(ARN) for device in listed]


def wrong(clock: Clock) -> tuple[str, str]:
    """Return codes that are not consecutive."""
    del clock
    return ("000000", "000000")


# --- success --------------------------------------------------------------------------------------------------------


def test_the_good_way(person: Desk, alice: User, desk: Shell) -> None:
    """A device is created and enabled, its serial number stored, and a code of the next period proves the login."""
    (desk.folder / "config").write_text("# mine\n[profile example]\nregion = eu-west-1\n\n[profile x]\n", "utf-8")
    enrolled = person.enroll()
    assert enrolled.serial == f"{ARN}alice" == alice.device.serial
    names = ("account", "user", "session key", "expiry", "no further session", "mfa", "s3 ls")
    assert {check.name: check.ok for check in enrolled.proof.checks} == {
        "program": False,
        **dict.fromkeys(names, True),
    }
    require(enrolled.proof)  # the program is not in a release, which is only a note
    assert (desk.folder / "config").read_text("utf-8") == (
        f"# mine\n[profile example]\nregion = eu-west-1\nmfa_serial = {ARN}alice\n\n[profile x]\n"
    )
    ((seconds, why),) = person.watch.paused
    assert why == "waiting for a code that is not used up, to log in with"
    assert 0 < seconds <= 30
    assert person.watch.said == [
        f"device {ARN}alice: enabled",
        f"profile example: `mfa_serial` is in `{desk.folder / 'config'}`; from now on: invoke verify --profile example",
    ]


@pytest.mark.usefixtures("alice")
def test_variables_that_name_other_keys(person: Desk, aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user is enrolled with the keys of the profile, regardless of variables."""
    names = ("PROFILE", "DEFAULT_PROFILE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "ROLE_ARN")
    for name in (*names, "WEB_IDENTITY_TOKEN_FILE", "BEARER_TOKEN_IAM", "CREDENTIAL_FILE", "DATA_PATH"):
        monkeypatch.setenv(f"AWS_{name}", "nonsense")
    require(person.enroll().proof)
    assert {call.user for call in aws.calls} - {""} == {"alice"}  # the call for AWS's time has no key


def test_the_keys_of_a_process(person: Desk, alice: User, desk: Shell) -> None:
    """The process of a profile without a key is run once for all calls, and once by the program."""
    keys = {"Version": 1, "AccessKeyId": alice.access_key, "SecretAccessKey": alice.secret}
    (desk.folder / "keys.json").write_text(json.dumps(keys), "utf-8")
    command = f"sh -c 'echo x >> {desk.folder}/runs; cat {desk.folder}/keys.json'"
    desk.credentials.write_text(f"[example]\ncredential_process = {command}\n", "utf-8")
    require(person.enroll().proof)
    assert (desk.folder / "runs").read_text("utf-8").split() == ["x", "x"]


def test_a_role_in_the_profile(person: Desk, aws: Emulator, desk: Shell) -> None:
    """A role that uses other keys is refused before any call; no device is created."""
    role = "role_arn = arn:aws:iam::210987654321:role/dev"
    (desk.folder / "config").write_text(f"[profile example]\n{role}\nsource_profile = base\n", "utf-8")
    person.refused(errors.ProfileIsRole, r"credentials of `base` \(line 3 of ", "remove the role")
    assert aws.calls == ()


def test_a_second_device(person: Desk, alice: User) -> None:
    """With another name, a user gets a second device."""
    person.enroll()
    assert person.app.device
    assert f"alice@123456789012?secret={person.app.device.seed}&" in person.app.device.uri
    other = Desk(person.programs, person.watch, App(person.watch.clock))
    assert other.enroll(device_name="phone", destination="other").serial == f"{ARN}phone"
    assert [device.serial for device in alice.devices] == [f"{ARN}alice", f"{ARN}phone"]
    assert other.app.device
    assert other.app.device.uri.startswith("otpauth://totp/Amazon%20Web%20Services:phone@123456789012?secret=")


def test_a_security_key_is_no_reason_not_to(aws: Emulator, person: Desk, desk: Shell) -> None:
    """A user with a FIDO key, which shows no codes, gets a device that does."""
    bob = aws.add_user("bob", devices=(Kind.FIDO,))
    desk.become(Keys.of(bob))
    assert person.enroll().serial == f"{ARN}bob"


def test_the_clock_of_this_machine_does_not_matter(person: Desk, aws: Emulator, clock: Clock) -> None:
    """The wait is for the next period by AWS's clock, taken from its responses."""
    clock.step(totp.seconds_left(clock()) + 7)
    person.enroll()
    ((seconds, _),) = person.watch.paused
    assert 20 < seconds <= 23
    assert aws.faults == ()


# --- codes -----------------------------------------------------------------------------------------------------------


def test_codes_that_are_refused_twice(person: Desk, alice: User, clock: Clock, aws: Emulator) -> None:
    """Other codes can be tried, with the same device."""
    person.app.codes += [wrong(clock), wrong(clock)]
    assert person.enroll().serial == alice.device.serial
    assert person.app.asked == 3
    assert person.watch.text.count(f"AWS rejected the two codes for `{ARN}alice`: enter a new code") == 2
    assert [call.action for call in aws.calls].count("CreateVirtualMFADevice") == 1


@pytest.mark.parametrize("forced", [True, False])
def test_codes_that_are_refused_for_good(
    *, forced: bool, person: Desk, clock: Clock, aws: Emulator, desk: Shell
) -> None:
    """The device is deleted if the user may; otherwise the leftover device and the next command are reported."""
    if not forced:
        desk.become(Keys.of(aws.add_user("bob", devices=(), force_mfa=False)))
    person.app.codes += [wrong(clock)] * 9
    person.refused(errors.CodesRefused, "AWS rejected the two codes", "and the next one")
    assert person.app.asked == 3
    assert left(aws) == (["alice"] if forced else [])
    assert not (desk.folder / "config").exists()
    assert person.watch.said[-1] == (
        f"device {ARN}alice: left in AWS, but not enabled and unusable; start over with: "
        "invoke enroll --profile example --device-name alice-2; or, as an administrator: "
        f"aws iam delete-virtual-mfa-device --serial-number {ARN}alice"
        if forced
        else f"device {ARN}bob: deleted, so nothing is left in AWS; start over with: "
        "invoke enroll --profile example --device-name bob"
    )


# --- interruptions----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", [KeyboardInterrupt(), SystemExit(1)])
def test_interrupted_while_codes_are_asked_for(why: BaseException, person: Desk, aws: Emulator) -> None:
    """Ctrl-C reports what is left in AWS and the next command, and that command works."""
    person.app.interrupt = why
    with pytest.raises(type(why)):
        person.enroll()
    assert person.watch.said[-1].startswith(
        f"device {ARN}alice: left in AWS, but not enabled and unusable; start over with: "
        "invoke enroll --profile example --device-name alice-2; or"
    )
    person.app.interrupt = None
    assert person.enroll(device_name="alice-2").serial == f"{ARN}alice-2"
    assert left(aws) == ["alice"]


def _interrupted() -> str:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("third", "kind"),
    [(_interrupted, KeyboardInterrupt), (lambda: "000000", errors.LoginFailed)],
    ids=["Ctrl-C", "wrong"],
)
def test_no_login(third: Callable[[], str], kind: type[BaseException], person: Desk, alice: User) -> None:
    """After the device is enabled it stays, its serial number is stored, and the command to log in was shown."""
    person.app.third = third
    with pytest.raises(kind):
        person.enroll()
    assert alice.device.serial == f"{ARN}alice"
    assert f"mfa_serial = {ARN}alice\n" in Path(os.environ["AWS_CONFIG_FILE"]).read_text("utf-8")
    assert person.watch.said[-1].endswith("; from now on: invoke verify --profile example")


def test_a_device_that_was_left_behind(person: Desk, alice: User, aws: Emulator) -> None:
    """Its seed is lost, and a user who must use MFA may not delete it: the hint has both ways out."""
    as_user(aws, alice)("iam", "create_virtual_mfa_device", VirtualMFADeviceName="alice")
    hint = (
        "invoke enroll --profile example --device-name alice-2; or, as an administrator: "
        f"aws iam delete-virtual-mfa-device --serial-number {ARN}alice"
    )
    person.refused(errors.DeviceLeftOver, "was created before and never enabled, and you may not delete it", hint)
    assert not person.app.asked


def test_a_device_that_was_left_behind_and_may_be_deleted(person: Desk, desk: Shell, aws: Emulator) -> None:
    """It is deleted, and a new one with its name is created."""
    bob = aws.add_user("bob", devices=(), force_mfa=False)
    desk.become(Keys.of(bob))
    as_user(aws, bob)("iam", "create_virtual_mfa_device", VirtualMFADeviceName="bob")
    assert person.enroll().serial == f"{ARN}bob" == bob.device.serial


def test_a_lost_answer_to_the_making(person: Desk, aws: Emulator) -> None:
    """If the response with the seed is lost, that is reported; the device is then left over."""
    aws.truncate("CreateVirtualMFADevice")
    with pytest.raises((errors.AwsUnreachable, errors.DeviceLeftOver)) as caught:  # the latter after a retry
        person.enroll()
    told = (
        f"device {ARN}alice: may have been created, and its seed is lost; "
        "start over with: invoke enroll --profile example"
    )
    assert person.watch.said == ([told] if isinstance(caught.value, errors.AwsUnreachable) else [])
    person.refused(errors.DeviceLeftOver, "AWS shows its seed only once", "--device-name alice-2")


def test_a_lost_answer_to_the_enabling(person: Desk, aws: Emulator, alice: User) -> None:
    """If only the response is lost, the device is enabled, and the toolkit notices."""
    aws.truncate("EnableMFADevice")
    assert person.enroll().serial == alice.device.serial
    assert person.app.asked == 1


def test_an_answer_that_nobody_gives(person: Desk, aws: Emulator) -> None:
    """If AWS is unreachable during the call, the state of the device is unknown: the commands to try are shown."""

    def cut() -> None:
        for action in ("EnableMFADevice", "ListMFADevices", "DeleteVirtualMFADevice"):
            aws.truncate(action, times=9)

    person.app.meanwhile = cut
    with pytest.raises(errors.AwsUnreachable):
        person.enroll()
    (said,) = person.watch.said
    assert said == (
        f"device {ARN}alice: unknown whether it is enabled or still exists, because AWS did not respond; try: "
        "invoke verify --profile example; or start over with: invoke enroll --profile example"
    )


def test_an_error_after_the_enabling(person: Desk, aws: Emulator, alice: User) -> None:
    """If AWS fails but the device is enabled, it is not deleted, and that is reported."""

    def enable() -> None:
        device, now = person.app.device, person.watch.clock()
        assert device
        codes = {f"AuthenticationCode{number}": totp.code(device.seed, now - 60 + 30 * number) for number in (1, 2)}
        as_user(aws, alice)("iam", "enable_mfa_device", UserName="alice", SerialNumber=device.serial, **codes)
        aws.fail("EnableMFADevice", status=500, code="InternalFailure", times=3)

    person.app.meanwhile = enable
    person.refused(errors.AwsBusy, "`InternalFailure`", "in a minute")
    assert person.watch.said == [f"device {ARN}alice: enabled; use it with: invoke verify --profile example"]
    assert alice.device.serial == f"{ARN}alice"


@pytest.mark.parametrize(("user", "kind"), [("bob", errors.DeviceLeftOver), ("alice", errors.AlreadyEnrolled)])
def test_who_may_not_list(user: str, kind: type[ToolkitError], aws: Emulator, desk: Shell, person: Desk) -> None:
    """For a user who may not list their own devices, the error uses the list of all virtual devices."""
    allowed = ["iam:CreateVirtualMFADevice"] + (["iam:ListVirtualMFADevices"] if user == "alice" else [])
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": allowed, "Resource": "*"}}
    carol = aws.add_user("carol", policies=[policy])
    desk.become(Keys.of(carol))
    says = (
        "belongs to somebody else or was never enabled" if user == "bob" else "user `carol` already has the MFA device"
    )
    person.refused(kind, says, "--device-name carol-2")


def test_a_device_that_vanishes(person: Desk, aws: Emulator) -> None:
    """If somebody deletes the device meanwhile, that is an error, and nothing is left."""
    admin = as_user(aws, aws.add_user("boss", devices=(), policies=[ADMINISTRATOR]))
    person.app.meanwhile = lambda: admin("iam", "delete_virtual_mfa_device", SerialNumber=f"{ARN}alice")
    person.refused(errors.EnrollmentFailed, f"somebody deleted `{ARN}alice`", "run the command again")
    assert left(aws) == []


# --- refused ---------------------------------------------------------------------------------------------------------


def test_enrolled_already(person: Desk, aws: Emulator) -> None:
    """A user who has a device gets an error; another device needs another name."""
    person.enroll()
    made = len(aws.calls)
    hint = (
        "invoke verify --profile example, to use it; or, to add another one: "
        "invoke enroll --profile example --device-name "
    )
    person.refused(errors.AlreadyEnrolled, f"user `alice` already has the MFA device `{ARN}alice`", f"{hint}alice-2")
    person.refused(
        errors.AlreadyEnrolled, f"already has the MFA device `{ARN}alice`", f"{hint}alice-2", device_name="alice"
    )
    assert {call.action for call in aws.calls[made:]} == {"GetCallerIdentity", "ListMFADevices"}


def test_somebody_elses_device(person: Desk, aws: Emulator) -> None:
    """The error for a name in use names the user of that device, and nothing is deleted."""
    aws.add_user("bob")
    says = f"the MFA device `{ARN}bob` belongs to user `bob`"
    person.refused(errors.DeviceNameTaken, says, "--device-name bob-2", device_name="bob")
    assert "DeleteVirtualMFADevice" not in {call.action for call in aws.calls}


def test_eight_devices(aws: Emulator, person: Desk, desk: Shell) -> None:
    """A user with as many devices as AWS allows gets an error before another one is created."""
    bob = aws.add_user("bob", devices=(Kind.FIDO,) * 8)
    desk.become(Keys.of(bob))
    person.refused(errors.TooManyDevices, "user `bob` has 8 MFA devices", "aws iam deactivate-mfa-device")
    assert left(aws) == []


@pytest.mark.parametrize("call", ["CreateVirtualMFADevice", "EnableMFADevice"])
def test_too_many_devices_of_an_account(call: str, person: Desk, aws: Emulator) -> None:
    """AWS's message about a quota is shown."""
    aws.fail(call, status=409, code="LimitExceeded", message="Cannot exceed quota for VirtualMFADevicesPerAccount: 9.")
    person.refused(errors.TooManyDevices, "Cannot exceed quota", "aws iam")


def test_too_early(person: Desk, aws: Emulator) -> None:
    """If AWS cannot do it yet, the hint is to try again in a few minutes."""
    aws.fail("EnableMFADevice", status=409, code="EntityTemporarilyUnmodifiable", message="Wait.")
    person.refused(
        errors.AwsBusy,
        r"AWS cannot do `EnableMFADevice` yet \(`EntityTemporarilyUnmodifiable`\): Wait",
        "in a few minutes",
    )
    assert "left in AWS, but not enabled" in person.watch.text


def test_a_policy_without_enrollment(aws: Emulator, person: Desk, desk: Shell) -> None:
    """A call that no policy allows is reported with AWS's message."""
    desk.become(Keys.of(aws.add_user("bob", devices=(), policies=[])))
    person.refused(errors.AwsRefused, "not authorized to perform: iam:CreateVirtualMFADevice", "in a policy")


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:assumed-role/r/s", "x"])
def test_no_user(arn: str, person: Desk, aws: Emulator) -> None:
    """The root user and roles cannot have such a device: nothing is created."""
    aws.override("GetCallerIdentity", {"Arn": arn})
    person.refused(errors.NotAUser, f"belong to `{arn}`, which is not an IAM user", "long-term keys of an IAM user")
    assert [call.action for call in aws.calls] == ["GetCallerIdentity"]


def test_another_partition(person: Desk, aws: Emulator) -> None:
    """The serial number of a device contains the user's partition."""
    aws.override("GetCallerIdentity", {"Arn": "arn:aws-cn:iam::123456789012:user/alice"})
    aws.override("ListMFADevices", {"IsTruncated": "false"})
    as_user(aws, aws.add_user("x", devices=(), policies=[SELF_SERVICE]))(
        "iam", "create_virtual_mfa_device", VirtualMFADeviceName="alice"
    )
    person.refused(errors.DeviceLeftOver, "`arn:aws-cn:iam::123456789012:mfa/alice` was created before", "alice-2")


@pytest.mark.parametrize("answer", ["/+no base64", "", "bm8gYmFzZTMyIGluIGl0", "/w=="])
def test_an_answer_that_is_none(answer: str, person: Desk, aws: Emulator) -> None:
    """An invalid response to the creation is reported without its content."""
    aws.override("CreateVirtualMFADevice", {"Base32StringSeed": answer})
    person.refused(errors.AwsUnreachable, "unexpected response to `CreateVirtualMFADevice`", "proxy")


def test_a_config_file_that_cannot_be_written(person: Desk, desk: Shell, aws: Emulator) -> None:
    """It is checked before anything is created; if it happens later, the hint has the line to write."""
    lock, config = desk.folder / ".aws-mfa.lock", desk.folder / "config"
    lock.mkdir()
    person.refused(errors.ConfigUnwritable, "cannot open the lock", "remove that file")
    assert aws.calls == ()
    lock.rmdir()
    person.app.meanwhile = lock.mkdir
    by_hand = f"write it yourself: `mfa_serial = {ARN}alice` below `[profile example]` in `{config}`"
    person.refused(errors.ConfigUnwritable, "cannot open the lock", by_hand)
    assert f"device {ARN}alice: enabled" in person.watch.said
    assert not config.exists()


def test_a_config_file_that_is_replaced_by_a_directory(person: Desk, desk: Shell) -> None:
    """The serial number is never lost, whatever the reason."""
    person.app.meanwhile = (desk.folder / "config").mkdir
    person.refused(errors.CredentialsUnreadable, "not a regular file", f"`mfa_serial = {ARN}alice` below")


def test_a_program_that_is_changed_meanwhile(person: Desk, programs: Programs, tmp_path: Path) -> None:
    """A program that was replaced after the build is not run, and the hint has the line to write."""
    copy = tmp_path / "own"
    shutil.copy(programs.own.path, copy)
    other = Desk(replace(programs, own=replace(programs.own, path=copy)), person.watch, person.app)
    person.app.meanwhile = lambda: copy.write_bytes(b"#!/bin/sh\n")
    other.refused(errors.NotProven, "is not the program that was built", f"`mfa_serial = {ARN}alice` below")


def test_files_that_programs_would_read_differently(person: Desk, desk: Shell, aws: Emulator) -> None:
    """If no edit would work, the error names the line in the way before anything is created."""
    keys = desk.credentials.read_text("utf-8").rstrip() + "\n"
    desk.credentials.unlink()
    (desk.folder / "config").write_text(keys.replace("[example]", "[profile 'example']"), "utf-8")
    person.refused(errors.ConfigUnwritable, "line [0-9]+ of `.*/config`", "correct that line")
    assert aws.calls == ()


def test_a_serial_in_the_credentials_file(person: Desk, desk: Shell) -> None:
    """A setting that takes precedence over the config file is the one that changes."""
    before = desk.credentials.read_text("utf-8").rstrip() + "\n"
    desk.credentials.write_text(f"{before}mfa_serial = old\n", "utf-8")
    require(person.enroll().proof)
    assert desk.credentials.read_text("utf-8").startswith(f"{before}mfa_serial = {ARN}alice\n")
    assert not (desk.folder / "config").exists()
    where = f"profile example: `mfa_serial` is in `{desk.credentials}`; from now on: invoke verify --profile example"
    assert where in person.watch.said


def test_contradictory_options(person: Desk) -> None:
    """`--show-seed` and `--totp-command` exclude each other."""
    person.refused(errors.UsageError, "`--show-seed` is for a person", "leave one", show_seed=True, totp_command=("x",))


def test_another_program(tmp_path: Path) -> None:
    """With `--source` both are built: the one to log in with, and our own, even if they have the same name."""
    source = tmp_path / "source"
    shutil.copytree(OWN, source)
    (source / "VERSION").write_text("9.9.9\n", "utf-8")
    settings = EnrollSettings(source=str(source), engine="local", dist=tmp_path / "dist")
    found = flow.programs(settings, FakeProgress())
    paths = (targets.mine(found.release.binaries).path, found.own.path)
    said = [subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout for path in paths]
    assert ["9.9.9" in each for each in said] == [True, False]
    assert {path.name for path in paths} == {paths[0].name}
    plain = flow.programs(replace(settings, source=OWN), FakeProgress())
    assert plain.own == targets.mine(plain.release.binaries)


# --- a command instead of a person ----------------------------------------------------------------------------------

# It logs its arguments and environment, and prints a code for the emulator's time.
COMMAND = """
import email.utils, json, os, sys, urllib.error, urllib.request
seed = sys.stdin.read().strip()
environ = dict(item.split("=", 1) for item in open("/proc/self/environ").read().split(chr(0)) if "=" in item)
argv = open("/proc/self/cmdline").read().split(chr(0))
with open(sys.argv[1], "a") as file:
    file.write(json.dumps({"argv": argv, "environ": environ}) + chr(10))
try:
    answer = urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"])
except urllib.error.HTTPError as error:
    answer = error
now = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
answer.close()
from toolkit import totp
sys.stderr.write(seed)
print(totp.code(seed, now - float(sys.argv[2])))
"""


def command(tmp_path: Path, late: float = 0, limit: float = 20) -> Command:
    """Return a command whose clock is some seconds behind AWS's."""
    (tmp_path / "command.py").write_text(COMMAND, "utf-8")
    return Command((sys.executable, str(tmp_path / "command.py"), str(tmp_path / "notes"), str(late)), limit)


@pytest.mark.parametrize("late", [0, 10, 29])
def test_a_command(late: float, person: Desk, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in consecutive periods, even if its clock is behind, with the seed on standard input."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.setenv(name, "a-canary")
    person.watch.clock.step(totp.seconds_left(person.watch.clock()) + 1)
    enrolled = person.enroll(command(tmp_path, late))
    require(enrolled.proof)
    runs = [json.loads(line) for line in (tmp_path / "notes").read_text("utf-8").splitlines()]
    assert 3 <= len(runs) <= 5
    assert alice.device.seed not in (tmp_path / "notes").read_text("utf-8")
    assert {name for run in runs for name in run["environ"] if name.startswith("AWS_")} <= {
        "AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DEFAULT_REGION", "AWS_MAX_ATTEMPTS",
        "AWS_ENDPOINT_URL",
    }  # fmt: skip
    assert alice.device.seed not in person.watch.text
    assert_nowhere(alice.device.seed, tmp_path, Path.home())


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("exit 3", "`sh` failed with exit code 3"),
        ("cat; exit 3", "`sh` failed with exit code 3"),
        ('read seed; echo no vault >&2; echo "$seed" is lost >&2; exit 3', r"exit code 3: \*\*\* is lost"),
        ("cat", "`sh` did not print a six-digit code"),
        ("echo 12345", "`sh` did not print a six-digit code"),
        ("sleep 60", "`sh` printed no code within 0.5 s, and was killed"),
        ("echo 123456", "`sh` keeps printing the same code"),
    ],
)
def test_a_command_that_fails(script: str, says: str, person: Desk, aws: Emulator) -> None:
    """The error does not contain its output, and the device is not enabled."""
    failing = Command(("sh", "-c", script), limit=0.5)
    with pytest.raises(errors.CommandFailed, match=says) as caught:
        person.enroll(failing)
    seed = failing._seed  # noqa: SLF001 - to see that it is nowhere else
    assert len(seed) == 64
    assert seed not in f"{caught.value} {caught.value.hint} {person.watch.text} {failing!r}"
    assert left(aws) == ["alice"]


def test_a_command_that_is_not_there(person: Desk) -> None:
    """The error names it."""
    with pytest.raises(errors.CommandFailed, match="cannot run `/nowhere/vault`: no such file"):
        person.enroll(Command(("/nowhere/vault",), limit=1))


def test_what_is_never_shown(person: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Neither logs of any level nor representations of values contain the seed."""
    caplog.set_level(1)
    person.enroll()
    assert person.app.device
    assert len(person.app.device.seed) == 64
    told = caplog.text + repr(person.app.device)
    assert [form for form in forms(person.app.device.seed) if form in told] == []
    assert "urllib3" in caplog.text


def test_with_mfa_afterwards(person: Desk, alice: User, aws: Emulator, clock: Clock) -> None:
    """The device works like any other."""
    person.enroll()
    clock.step(30)
    assert with_mfa(aws, alice).keys.token
