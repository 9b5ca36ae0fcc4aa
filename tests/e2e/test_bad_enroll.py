"""Problems when `invoke enroll` creates a device: each gives one line, a hint and an exit code, and changes no file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.e2e.conftest import Scene
from tests.e2e.test_bad_input import expect
from tests.integration.emulator_clients import Keys, Shell, as_user
from toolkit import errors
from toolkit.emulator import Emulator, Kind

ARN = "arn:aws:iam::123456789012:mfa/"


@dataclass(frozen=True)
class Case:
    """A problem, and the expected end of the command."""

    name: str
    error: type[errors.ToolkitError]
    says: str  # a pattern for the one line
    hint: str  # a pattern for the hint
    prepare: Callable[[Scene], object] = lambda _: None
    args: tuple[str, ...] = ("--totp-command", "echo 123456")
    calls: tuple[str, ...] = ("GetCallerIdentity", "ListMFADevices")


MAKING = ("GetCallerIdentity", "ListMFADevices", "CreateVirtualMFADevice")
DELETING = (*MAKING, "ListVirtualMFADevices", "DeleteVirtualMFADevice")
CASES = (
    Case("no terminal", errors.NoTerminal, "there is no terminal to show the seed", "--totp-command", args=(), calls=()),
    Case(
        "no user", errors.NotAUser, "belong to `arn:aws:iam::123456789012:root`, which is not an IAM user", "long-term keys",
        prepare=lambda scene: scene.aws.override("GetCallerIdentity", {"Arn": "arn:aws:iam::123456789012:root"}),
        calls=("GetCallerIdentity",),
    ),
    Case(
        "enrolled already", errors.AlreadyEnrolled, f"user `alice` already has the MFA device `{ARN}alice`",
        "hint: invoke verify --profile example, to use it; .* --device-name alice-2",
        prepare=lambda scene: scene.become(scene.aws.add_user("alice")),
    ),
    Case(
        "left over", errors.DeviceLeftOver, f"`{ARN}bob` was created before and never enabled",
        f"--device-name bob-2; or, .*: aws iam delete-virtual-mfa-device --serial-number {ARN}bob$",
        prepare=lambda scene: as_user(scene.aws, scene.user)("iam", "create_virtual_mfa_device", VirtualMFADeviceName="bob"),
        calls=DELETING,
    ),
    Case(
        "somebody else's name", errors.DeviceNameTaken, f"`{ARN}alice` belongs to user `alice`", "--device-name alice-2",
        prepare=lambda scene: scene.aws.add_user("alice"),
        args=("--totp-command", "echo 123456", "--device-name", "alice"), calls=(*MAKING, "ListVirtualMFADevices"),
    ),
    Case(
        "eight devices", errors.TooManyDevices, "user `carol` has 8 MFA devices", "aws iam deactivate-mfa-device",
        prepare=lambda scene: scene.become(scene.aws.add_user("carol", devices=(Kind.FIDO,) * 8)),
    ),
    Case(
        "command that fails", errors.CommandFailed, "`false` failed with exit code 1", "the seed on standard input",
        args=("--totp-command", "false"), calls=(*MAKING, "DeleteVirtualMFADevice", "ListMFADevices"),
    ),
    Case(
        "config file", errors.ConfigUnwritable, "cannot open the lock `.*/[.]aws-mfa[.]lock`: not a regular file", "remove that file",
        prepare=lambda scene: (scene.desk.folder / ".aws-mfa.lock").mkdir(), calls=(),
    ),
    Case(
        "directory", errors.CredentialsUnreadable, "cannot read `.*/config`: it is not a regular file", "AWS_CONFIG_FILE",
        prepare=lambda scene: (scene.desk.folder / "config").mkdir(), calls=(),
    ),
    Case(
        "both", errors.UsageError, "`--show-seed` is for a person", "leave one of them out",
        args=("--totp-command", "x", "--show-seed"), calls=(),
    ),
    Case(
        "open quote", errors.UsageError, "`pass 'x` is not a command", "--totp-command",
        args=("--totp-command", "pass 'x"), calls=(),
    ),
    Case(
        "name of no device", errors.UsageError, "`my phone` is not a device name", "--device-name",
        args=("--device-name", "my phone"), calls=(),
    ),
    Case(
        "denied", errors.AwsRefused, "not authorized to perform: iam:CreateVirtualMFADevice", "allow `CreateVirtualMFADevice` in a policy",
        prepare=lambda scene: scene.become(scene.aws.add_user("carol", devices=(), policies=[])), calls=MAKING,
    ),
    Case(
        "throttled", errors.AwsBusy, "AWS failed at `CreateVirtualMFADevice` \\(`Throttling`\\)", "in a minute",
        prepare=lambda scene: scene.aws.throttle("CreateVirtualMFADevice", times=9), calls=MAKING,
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_enroll(case: Case, aws: Emulator, built: Path, tmp_path: Path, invoke_in: Invoke) -> None:
    """An enrollment that cannot work ends with one line, a hint and its own exit code, and changes no file.

    Bob must use MFA, and has no device.
    """
    folder = tmp_path / "desk"
    folder.mkdir()
    scene = Scene(aws, aws.add_user("bob", devices=()), Shell(aws, folder))
    scene.desk.profile("example", Keys.of(scene.user))
    case.prepare(scene)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    asked = len(aws.calls)
    # A new session has no terminal.
    args = ("enroll", "--profile", "example", *case.args)
    done = invoke_in(built, *args, env=scene.desk.variables, wrap=("setsid", "--wait"))
    expect(done, case.error, case.says, case.hint)
    assert tuple(call.action for call in aws.calls[asked:]) == case.calls
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
