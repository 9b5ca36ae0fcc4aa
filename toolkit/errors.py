"""Every error of the toolkit, as one tree, with the exit code of each kind.

```
ToolkitError                  1   (never raised itself)
├── UsageError                2   an option's value cannot be used
│   ├── UnknownTarget         3   unknown GOOS, GOARCH or pair
│   ├── CodeMalformed         4   an MFA code that is not six digits
│   │   └── CodeMissing       4   no MFA code was given
│   └── CommandFailed         5   the command of `--totp-command` gave no code
├── SourceError              10   not a Go main package, or a module that cannot be downloaded
│   ├── LinkOutside          10   a required link leads out of the repository
│   ├── ReplacementOutside   10   a `replace` leads out of the repository
│   ├── SpecialFile          10   a pipe, socket or device in place of a required file
│   ├── FileUnreadable       10   a required file cannot be read
│   ├── NameNotText          10   a required file has a name that is not UTF-8
│   ├── SourceTooLarge       10   the source is larger than `--max-source` allows
│   ├── IncludeOutside       10   an assembly file includes a file outside its module
│   └── ChecksumMismatch     10   a module does not match its checksum
├── ToolchainError           11   no Go command, or the pinned Go cannot be downloaded
├── EngineUnavailable        20   the engine that was asked for does not answer
│   ├── EngineForbidden      21   the engine refuses this user
│   ├── WrongContainers      20   the engine does not run Linux containers
│   └── EngineBroken         24   the engine answers with errors
├── ImageUnusable            22   the image of `--image` cannot run Go
│   └── ImagePullFailed      20   the image of `--image` cannot be pulled
├── EngineLost               23   the engine stopped answering during a build
├── BuildFailed              30   at least one pair failed that Go supports
├── OutputUnwritable         40   a directory or file cannot be written
│   ├── StdoutUnwritable     40   standard output is closed or full
│   ├── DiskFull             41   no space left on device
│   ├── CredentialsUnwritable 42  the session cannot be written to the credentials file
│   └── ConfigUnwritable     43   `mfa_serial` cannot be written to the config file
├── CheckFailed              50   a check of `invoke check` or `invoke doctor` failed
│   └── NotProven            51   a check of `invoke verify` failed
│       ├── OtherUser        52   the session belongs to another user
│       ├── OtherProgram     53   the program differs from the one in the release
│       ├── MfaNotProven     54   the session was created without an MFA code
│       ├── SessionUnusable  55   the credentials are not a new, valid session
│       └── S3Denied         56   the session may not list buckets (`--require-s3`)
├── ProfileUnusable          60   a profile cannot be used for a login
│   ├── ProfileIsRole        60   the profile gets its credentials from a role or from SSO
│   ├── DestinationHoldsKeys 60   the destination contains long-term keys
│   ├── EndpointInsecure     60   calls to another computer would not be encrypted
│   ├── CredentialProcessFailed 60  its `credential_process` printed no keys
│   ├── ProfileMissing       61   the profile does not exist
│   ├── KeysMissing          62   the profile has no access key
│   ├── ProfileIsSession     63   the profile contains a session already
│   └── CredentialsUnreadable 64  the credentials or config file cannot be parsed
├── LoginFailed              70   the program ended without a session
│   ├── LoginInterrupted     70   the program was interrupted
│   ├── ProgramDefect        70   the program met an unexpected error
│   ├── CodeRefused          71   AWS rejected the MFA code
│   ├── DeviceUnusable       72   the configured MFA device shows no codes
│   │   ├── DeviceMissing    72   the user has no MFA device that shows codes
│   │   └── DeviceUnknown    72   the MFA device cannot be found
│   ├── AwsUnreachable       73   no answer from AWS: the network fails, or the server hangs
│   ├── AwsBusy              74   AWS failed, or throttled the calls
│   └── AwsRefused           75   AWS refused the call
│       ├── KeysRefused      75   AWS does not know the access key, or the secret key does not belong to it
│       └── ClockWrong       75   the clock of this computer is wrong, and with it the signature
└── EnrollmentFailed         80   no MFA device was enabled
    ├── NotAUser             81   the keys are not those of an IAM user
    ├── AlreadyEnrolled      82   the user has a device already
    ├── DeviceLeftOver       83   an unfinished device of that name cannot be deleted
    ├── DeviceNameTaken      84   the name belongs to another user's device
    ├── TooManyDevices       85   the user or account has reached AWS's limit
    ├── CodesRefused         86   AWS rejected the two codes
    └── NoTerminal           87   there is no terminal to show the seed on
```

A message says what failed, with literals in backticks and no full stop; the hint says what to type next. Many errors
have a stable name, their `kind`, which is part of the text (`error[link-outside]: …`). One without an exit code of its
own shares that of its parent. The kinds of a failed login are those that `aws-mfa` prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class ToolkitError(Exception):
    """The root: a message, a hint, and one exit code for each kind."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = ""  # its stable name: `link-outside`

    def __init_subclass__(cls, *, exit_code: int = 0, kind: str = "") -> None:
        """Set the exit code of a class, by default its parent's, and its stable name."""
        cls.exit_code, cls.kind = exit_code or cls.exit_code, kind

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Store the hint separately from the message."""
        super().__init__(message)
        self.hint = hint


def named() -> Mapping[str, type[ToolkitError]]:
    """Return the errors that have a kind, by that name."""
    classes = [ToolkitError]
    for known in classes:  # it grows by the classes below each one
        classes.extend(known.__subclasses__())
    return {known.kind: known for known in classes if known.kind}


class UsageError(ToolkitError, exit_code=2, kind="usage"):
    """The value of an option is invalid."""


class UnknownTarget(UsageError, exit_code=3):
    """Unknown GOOS, GOARCH or pair."""


class CodeMalformed(UsageError, exit_code=4, kind="code-malformed"):
    """The MFA code is not six digits; it was not sent to AWS."""


class CodeMissing(CodeMalformed, kind="code-missing"):
    """No MFA code was given."""


class CommandFailed(UsageError, exit_code=5, kind="code-command-failed"):
    """The command of `--totp-command` cannot be run, failed, or did not print a code."""


class SourceError(ToolkitError, exit_code=10):
    """The source is not a Go main package, or cannot be downloaded."""


class LinkOutside(SourceError, kind="link-outside"):
    """A symbolic link that the build or a package needs leads out of the repository."""


class ReplacementOutside(SourceError, kind="replacement-outside"):
    """A `replace` in go.mod names a directory outside the repository."""


class SpecialFile(SourceError, kind="special-file"):
    """A pipe, socket or device is in the place of a regular file that the build needs."""


class FileUnreadable(SourceError, kind="file-unreadable"):
    """A file that the build or a package needs cannot be read."""


class NameNotText(SourceError, kind="name-not-utf8"):
    """A file that Go would compile or embed has a name that is not UTF-8."""


class SourceTooLarge(SourceError, kind="source-too-large"):
    """The source has more bytes or files than `--max-source` allows."""


class IncludeOutside(SourceError, kind="include-outside"):
    """An assembly file includes a file by an absolute path, or one outside its module."""


class ChecksumMismatch(SourceError, kind="checksum-mismatch"):
    """A module does not match its checksum: it may have been tampered with, or its tag was moved."""


class ToolchainError(ToolkitError, exit_code=11):
    """There is no `go` command on this machine, or the pinned Go version cannot be downloaded."""


class EngineUnavailable(ToolkitError, exit_code=20):
    """The selected engine does not answer."""


class EngineForbidden(EngineUnavailable, exit_code=21):
    """The Docker engine refuses this user."""


class WrongContainers(EngineUnavailable, kind="wrong-containers"):
    """The Docker engine does not run Linux containers."""


class EngineBroken(EngineUnavailable, exit_code=24):
    """The Docker engine answers, but with errors."""


class ImageUnusable(ToolkitError, exit_code=22):
    """The image of `--image` does not exist, or cannot run Go."""


class ImagePullFailed(ImageUnusable, exit_code=20, kind="image-pull-failed"):
    """The image of `--image` is not on the engine and cannot be pulled."""


class EngineLost(ToolkitError, exit_code=23):
    """The engine stopped answering during a build."""


class BuildFailed(ToolkitError, exit_code=30):
    """At least one pair was not built, although Go supports it."""


class OutputUnwritable(ToolkitError, exit_code=40):
    """A directory or file cannot be written."""


class StdoutUnwritable(OutputUnwritable, kind="stdout-unwritable"):
    """Standard output is closed or cannot be written to."""


class DiskFull(OutputUnwritable, exit_code=41):
    """No space left on device."""


class CredentialsUnwritable(OutputUnwritable, exit_code=42, kind="credentials-unwritable"):
    """The program got a session but could not write it to the credentials file."""


class ConfigUnwritable(OutputUnwritable, exit_code=43):
    """The serial number of a new MFA device cannot be written to the AWS config file."""


class CheckFailed(ToolkitError, exit_code=50):
    """`invoke check` or `invoke doctor` found a problem."""


class NotProven(CheckFailed, exit_code=51):
    """The program reported a login, but a check of `invoke verify` failed."""


class OtherUser(NotProven, exit_code=52):
    """According to STS, the session belongs to another user than the profile."""


class OtherProgram(NotProven, exit_code=53):
    """The program that logged in differs from the one in the release."""


class MfaNotProven(NotProven, exit_code=54):
    """IAM rejects the session, as it does with sessions that were created without an MFA code."""


class SessionUnusable(NotProven, exit_code=55):
    """The credentials in the profile are not a session that was issued now and is still valid."""


class S3Denied(NotProven, exit_code=56):
    """The session may not list buckets, which `--require-s3` requires."""


class ProfileUnusable(ToolkitError, exit_code=60, kind="profile-unusable"):
    """The source or destination profile cannot be used for a login."""


class ProfileIsRole(ProfileUnusable, kind="profile-is-role"):
    """The profile gets its credentials from a role or from SSO."""


class DestinationHoldsKeys(ProfileUnusable, kind="destination-holds-keys"):
    """The destination contains long-term keys, which a session would overwrite."""


class EndpointInsecure(ProfileUnusable, kind="endpoint-insecure"):
    """Calls to another computer would not be encrypted, and `--allow-http` does not allow that."""


class CredentialProcessFailed(ProfileUnusable, kind="credential-process-failed"):
    """The `credential_process` of the profile failed, or printed no keys."""


class ProfileMissing(ProfileUnusable, exit_code=61, kind="profile-missing"):
    """The profile does not exist."""


class KeysMissing(ProfileUnusable, exit_code=62, kind="keys-missing"):
    """The profile has no access key."""


class ProfileIsSession(ProfileUnusable, exit_code=63, kind="profile-is-session"):
    """The profile contains a session, and AWS does not issue a session for a session."""


class CredentialsUnreadable(ProfileUnusable, exit_code=64, kind="credentials-unreadable"):
    """The AWS CLI and boto3 cannot read the credentials or config file."""

    def __init__(self, message: str, *, hint: str = "", path: str = "", line: int = 0) -> None:
        """Store the file and line to open in an editor; line 0 means unknown."""
        super().__init__(message, hint=hint)
        self.path, self.line = path, line


class LoginFailed(ToolkitError, exit_code=70):
    """The program ended without a session."""


class LoginInterrupted(LoginFailed, kind="interrupted"):
    """The program was interrupted, and nothing else was."""


class ProgramDefect(LoginFailed, kind="unexpected"):
    """The program met an unexpected error."""


class CodeRefused(LoginFailed, exit_code=71, kind="code-refused"):
    """AWS rejected the MFA code: it is wrong, expired or was used before. AWS does not say which."""


class DeviceUnusable(LoginFailed, exit_code=72, kind="device-unusable"):
    """The configured MFA device shows no codes."""


class DeviceMissing(DeviceUnusable, kind="device-missing"):
    """The user has no MFA device that shows codes."""


class DeviceUnknown(DeviceUnusable, kind="device-unknown"):
    """The MFA device cannot be found, or does not belong to this user."""


class AwsUnreachable(LoginFailed, exit_code=73, kind="aws-unreachable"):
    """No answer from AWS: the network fails, or the server hangs."""

    def __init__(self, message: str, *, hint: str = "", untrusted: bool = False) -> None:
        """Store whether the server answered with a certificate that this machine does not trust."""
        super().__init__(message, hint=hint)
        self.untrusted = untrusted


class AwsBusy(LoginFailed, exit_code=74, kind="aws-busy"):
    """AWS reported an internal failure, or throttled the calls."""


class AwsRefused(LoginFailed, exit_code=75, kind="aws-refused"):
    """AWS refused the call."""

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        """Store AWS's error code, such as `AccessDenied`."""
        super().__init__(message, hint=hint)
        self.code = code


class KeysRefused(AwsRefused, kind="keys-refused"):
    """AWS does not know the access key, or the secret key does not belong to it."""


class ClockWrong(AwsRefused, kind="clock-wrong"):
    """The clock of this computer is wrong, so AWS refuses the signature."""


class EnrollmentFailed(ToolkitError, exit_code=80):
    """No MFA device was enabled."""


class NotAUser(EnrollmentFailed, exit_code=81):
    """The keys belong to the root user or a role; only IAM users can be enrolled."""


class AlreadyEnrolled(EnrollmentFailed, exit_code=82):
    """The user already has an MFA device that shows codes, or one with that name."""


class DeviceLeftOver(EnrollmentFailed, exit_code=83):
    """A device with that name was never enabled, its seed is lost, and the user may not delete it."""


class DeviceNameTaken(EnrollmentFailed, exit_code=84):
    """A device with that name belongs to another user."""


class TooManyDevices(EnrollmentFailed, exit_code=85):
    """The user or the account has as many MFA devices as AWS allows."""


class CodesRefused(EnrollmentFailed, exit_code=86):
    """AWS rejected the two codes: they are wrong, expired or not consecutive."""


class NoTerminal(EnrollmentFailed, exit_code=87):
    """There is no terminal to show the seed on, and no command to give it to."""
