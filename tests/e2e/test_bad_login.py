"""Problems when `invoke verify` logs in with the real program: one line, a hint, an exit code, nothing written."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import Scene, Verify
from tests.e2e.test_bad_input import expect
from tests.integration.emulator_clients import Keys, Shell, with_mfa
from toolkit import errors
from toolkit.emulator import Clock, Emulator, Kind, User
from toolkit.settings import ROOT

TINY = str(ROOT / "tests" / "programs" / "tiny")


@dataclass(frozen=True)
class Case:
    """A problem, and the expected end of the command."""

    name: str
    error: type[errors.ToolkitError]
    says: str  # a pattern for the one line; for the program's errors, only the values in it
    hint: str  # a pattern for the hint, in the same way
    prepare: Callable[[Scene], object] = lambda _: None
    args: tuple[str, ...] = ()
    code: str = ""  # on standard input; the right code by default
    env: tuple[tuple[str, str], ...] = ()  # `{dead}` in it is an address without a listener
    profile: str = "example"
    calls: bool = True  # whether AWS may have been called


def _used(scene: Scene) -> None:
    with_mfa(scene.aws, scene.user)


def _session_as_source(scene: Scene) -> None:
    keys = with_mfa(scene.aws, scene.user).keys
    scene.desk.become(keys)


def _no_files(scene: Scene) -> None:
    for path in tuple(scene.desk.folder.iterdir()):
        path.unlink()


def _hang(action: str) -> Callable[[Scene], None]:
    return lambda scene: scene.aws.delay(action, 3600, times=9)


def _fail(action: str, status: int, code: str, message: str = "") -> Callable[[Scene], None]:
    return lambda scene: scene.aws.fail(action, status=status, code=code, message=message, times=9)


def _serial(scene: Scene) -> None:
    """Make the program call GetSessionToken first, and the toolkit GetCallerIdentity."""
    scene.configure(f"mfa_serial = {scene.user.device.serial}")


def _both(*steps: Callable[[Scene], object]) -> Callable[[Scene], None]:
    def prepare(scene: Scene) -> None:
        for step in steps:
            step(scene)

    return prepare


SESSION = "profile `example` is a session"
ROLE = "arn:aws:sts::123456789012:assumed-role/admin/alice"
UNREADABLE = r"cannot read `\S+/credentials`: line "
CASES = (
    Case("wrong code", errors.CodeRefused, "", "", code="000000"),
    Case(
        "Japanese", errors.CodeRefused, "MFA コード", "デバイス", code="000000", env=(("LC_ALL", "ja_JP.UTF-8"),),
    ),
    Case("used code", errors.CodeRefused, "", "", prepare=_used),
    Case("short code", errors.CodeMalformed, "an MFA code is six digits", "six digits", code="12345", calls=False),
    Case("letters", errors.CodeMalformed, "an MFA code is six digits", "six digits", code="hunter2", calls=False),
    Case(
        "other digits", errors.CodeMalformed, "an MFA code is six digits", "six digits", code=chr(0x0661) * 6, calls=False,
    ),
    Case("no code", errors.CodeMissing, "there is no MFA code", "type it", code="\n", calls=False),
    Case(
        "no device", errors.DeviceMissing, "", ", or: invoke enroll --profile example$",
        prepare=lambda scene: scene.become(scene.aws.add_user("bob", devices=())), code="123456",
    ),
    Case(
        "only FIDO", errors.DeviceMissing, "FIDO", ", or: invoke enroll --profile example$",
        prepare=lambda scene: scene.become(scene.aws.add_user("bob", devices=(Kind.FIDO,))), code="123456",
    ),
    Case(
        "FIDO configured", errors.DeviceUnusable, "`mfa_serial` of profile `example`", "",
        prepare=lambda scene: scene.configure("mfa_serial = arn:aws:iam::123456789012:u2f/user/alice/key"),
    ),
    Case(
        "wrong serial", errors.DeviceUnknown, "", "`mfa_serial`",
        prepare=lambda scene: scene.configure("mfa_serial = arn:aws:iam::123456789012:mfa/nobody"),
    ),
    Case(
        "misspelt profile", errors.ProfileMissing, "there is no profile `exmaple` in `.*credentials`",
        "did you mean `example`", profile="exmaple", calls=False,
    ),
    Case(
        "no profile", errors.ProfileMissing, "there is no profile `zzz`", "aws configure --profile=zzz",
        profile="zzz", calls=False,
    ),
    Case(
        "no file", errors.ProfileMissing, "there is no profile `example`", "aws configure --profile=example",
        prepare=_no_files, calls=False,
    ),
    Case(
        "no keys", errors.KeysMissing, "profile `other` has no access key", "aws configure --profile=other",
        profile="other", calls=False,
    ),
    Case(
        "session", errors.ProfileIsSession, SESSION, "long-term keys", prepare=_session_as_source, code="123456",
    ),
    Case(
        "old session", errors.ProfileIsSession, SESSION, "long-term keys",
        prepare=lambda scene: scene.add("aws_security_token = x\n"), calls=False,
    ),
    Case(
        "keys of a role", errors.ProfileUnusable, f"`{ROLE}`", "-s",
        prepare=lambda scene: scene.aws.override("GetCallerIdentity", {"Arn": ROLE}, times=9),
    ),
    Case(
        "keys as destination", errors.DestinationHoldsKeys, "profile `example_mfa` holds long-term keys", "--destination",
        prepare=lambda scene: scene.desk.profile("example_mfa", Keys.of(scene.user)), calls=False,
    ),
    Case(
        "itself as destination", errors.UsageError, "source and destination are both `example`", "--destination",
        args=("--destination", "example"), calls=False,
    ),
    Case(
        "section twice", errors.CredentialsUnreadable, UNREADABLE + "10 begins section `example` a second time", "line",
        prepare=lambda scene: scene.add("\n[example]\n"), calls=False,
    ),
    Case(
        "key twice", errors.CredentialsUnreadable, UNREADABLE + "9 sets `region` a second time", "line",
        prepare=lambda scene: scene.write("#\n#\n#\n#\n#\n#\n[x]\nregion = a\nregion = b\n"), calls=False,
    ),
    Case(
        "no section", errors.CredentialsUnreadable, UNREADABLE + "2 is before the first section", "line",
        prepare=lambda scene: scene.write("\naws_access_key_id = AKIA\n"), calls=False,
    ),
    Case(
        "mark", errors.CredentialsUnreadable, UNREADABLE + "1 begins with a byte order mark", "line",
        prepare=lambda scene: scene.write(b"\xef\xbb\xbf[example]\n"), calls=False,
    ),
    Case(
        "no setting", errors.CredentialsUnreadable, UNREADABLE + "3 is neither a section nor a setting", "line",
        prepare=lambda scene: scene.write("[example]\n\nwJalrXUtnFEMI\n"), calls=False,
    ),
    Case(
        "no text", errors.CredentialsUnreadable, UNREADABLE + "2 is not UTF-8 text", "line",
        prepare=lambda scene: scene.write(b"[example]\nregion = \xff\n"), calls=False,
    ),
    Case(
        "no network", errors.AwsUnreachable, "`GetCallerIdentity`: .*connection refused", "",
        env=(("AWS_ENDPOINT_URL", "http://{dead}"),), calls=False,
    ),
    Case(
        "plain HTTP", errors.EndpointInsecure, "calls to `http://aws.example` would not be encrypted", "--allow-http",
        env=(("AWS_ENDPOINT_URL", "http://aws.example"),), calls=False,
    ),
    Case(
        "hanging login", errors.AwsUnreachable, "`aws-mfa` got no response from AWS within 1.5 s", "--aws-timeout",
        prepare=_hang("GetSessionToken"), args=("--aws-timeout", "1.5s"),
    ),
    Case(
        "hanging proof", errors.AwsUnreachable, "`GetCallerIdentity` could not reach AWS: Read timeout", "network",
        prepare=_both(_serial, _hang("GetCallerIdentity")), args=("--aws-timeout", "1.5s"),
    ),
    Case(
        "HTTP 500", errors.AwsBusy, "`GetSessionToken` .*500", "",
        prepare=_fail("GetSessionToken", 500, "InternalFailure"),
    ),
    Case(
        "HTTP 500 to us", errors.AwsBusy, r"AWS failed at `GetCallerIdentity` \(`InternalFailure`\)", "in a minute",
        prepare=_both(_serial, _fail("GetCallerIdentity", 500, "InternalFailure")),
    ),
    Case(
        "throttled", errors.AwsBusy, "", "",
        prepare=_fail("GetSessionToken", 400, "Throttling", "Rate exceeded"),
    ),
    Case(
        "throttled to us", errors.AwsBusy, r"AWS failed at `GetCallerIdentity` \(`Throttling`\): Rate exceeded", "minute",
        prepare=_both(_serial, _fail("GetCallerIdentity", 400, "Throttling", "Rate exceeded")),
    ),
    Case(
        "half an answer to us", errors.AwsUnreachable, "could not reach AWS|unexpected response to", "network|proxy",
        prepare=_both(_serial, lambda scene: scene.aws.truncate("GetCallerIdentity", times=9)),
    ),
    Case(
        "deleted key", errors.KeysRefused, "", "",
        prepare=lambda scene: scene.write(
            "[example]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = x\n"
        ),
    ),
    Case(
        "refused to us", errors.AwsRefused, "AWS refused `GetCallerIdentity` to profile `example`", "aws configure",
        prepare=_both(_serial, _fail("GetCallerIdentity", 403, "AccessDenied")),
    ),
    Case(
        "command that fails", errors.CommandFailed, "`false` failed with exit code 1", "must print six digits",
        args=("--totp-command", "false"), calls=False,
    ),
    Case(
        "another program", errors.LoginFailed, "profile `example_mfa` has no keys", "credentials",
        args=("--source", TINY, "--engine", "local"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_login(case: Case, verify: Verify, scene: Scene, dead: str) -> None:
    """A login that cannot work ends with one line, a hint and its own exit code, and changes no file."""
    case.prepare(scene)
    before = {path.name: path.read_bytes() for path in scene.desk.folder.iterdir()}
    asked = len(scene.aws.calls)
    code = case.code or scene.user.device.code()
    env = {name: value.replace("{dead}", dead) for name, value in case.env}
    done = verify(*case.args, profile=case.profile, given=code, env=env)
    expect(done, case.error, case.says, case.hint)
    assert not code.strip() or code.strip() not in done.stderr
    if case.error not in {errors.AwsUnreachable, errors.AwsBusy, errors.AwsRefused}:  # those may follow a login
        assert {path.name: path.read_bytes() for path in scene.desk.folder.iterdir()} == before
    assert case.calls or len(scene.aws.calls) == asked


def test_credentials_that_cannot_be_written(verify: Verify, desk: Shell, alice: User) -> None:
    """A session that cannot be written is an error; the old file is intact, without temporary files beside it."""
    before = desk.credentials.read_bytes()
    desk.folder.chmod(0o500)
    # Modes bind root only without its capabilities.
    wrap = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    try:
        done = verify(given=alice.device.code(), wrap=wrap)
    finally:
        desk.folder.chmod(0o700)
    expect(done, errors.CredentialsUnwritable, "`.*`: permission denied", "")
    assert desk.credentials.read_bytes() == before
    assert sorted(path.name for path in desk.folder.iterdir()) == ["config", "credentials"]


OWN_CODE = (errors.CodeRefused, "", r"\b1[12]\d s\b")
SIGNATURE = (errors.ClockWrong, "", "")
CLOCKS = {120: OWN_CODE, -120: OWN_CODE, 600: SIGNATURE, -600: SIGNATURE}


@pytest.mark.parametrize("seconds", CLOCKS)
def test_a_clock_that_is_wrong(seconds: int, verify: Verify, clock: Clock, alice: User) -> None:
    """The error names the clock if it is the cause: of a code computed with it, or of a signature that AWS rejects."""
    own = alice.device.code()  # as a program on this machine would compute it
    clock.step(seconds)
    expect(verify(given=own), *CLOCKS[seconds])


def test_a_server_that_hangs_is_left_in_time(verify: Verify, aws: Emulator, alice: User) -> None:
    """The time limit applies to the whole call, not to each attempt."""
    aws.delay("GetSessionToken", 3600, times=9)
    begun = time.monotonic()
    assert verify("--aws-timeout", "1s", given=alice.device.code()).returncode == errors.AwsUnreachable.exit_code
    assert time.monotonic() - begun < 8
