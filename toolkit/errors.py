"""Every error of the toolkit, as one tree, with the exit code of each family.

```
ToolkitError                  1   (never raised itself)
├── UsageError                2   an option's value cannot be used
│   ├── UnknownTarget         2   unknown GOOS, GOARCH or pair
│   ├── CodeMalformed         2   an MFA code that is not six digits
│   │   └── CodeMissing       2   no MFA code was given
│   └── CommandFailed         2   the command of `--totp-command` printed no code
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
│   ├── EngineForbidden      20   the engine refuses this user
│   ├── WrongContainers      20   the engine does not run Linux containers
│   └── EngineBroken         20   the engine answers with errors
├── ImageUnusable            20   the image of `--image` cannot run Go
│   └── ImagePullFailed      20   the image of `--image` cannot be pulled
├── EngineLost               20   the engine stopped answering during a build
├── BuildFailed              30   at least one pair failed that Go supports
├── OutputUnwritable         40   a directory or file cannot be written
│   ├── StdoutUnwritable     40   standard output is closed or full
│   ├── DiskFull             40   no space left on device
│   ├── CredentialsUnwritable 40  the session cannot be written to the credentials file
│   └── ConfigUnwritable     40   `mfa_serial` cannot be written to the config file
├── CheckFailed              50   a check of `invoke check` or `invoke doctor` failed
│   └── NotProven            51   a check of `invoke verify` failed
│       ├── OtherUser        51   the session belongs to another user
│       ├── OtherProgram     51   the program differs from the one in the release
│       ├── MfaNotProven     51   the session was created without an MFA code
│       ├── SessionUnusable  51   the credentials are not a new, valid session
│       └── S3Denied         51   the session may not list buckets (`--require-s3`)
├── ProfileUnusable          60   a profile cannot be used for a login
│   ├── ProfileIsRole        60   the profile gets its credentials from a role or from SSO
│   ├── DestinationHoldsKeys 60   the destination contains long-term keys
│   ├── EndpointInsecure     60   calls to another computer would not be encrypted
│   ├── CredentialProcessFailed 60  its `credential_process` printed no keys
│   ├── ProfileMissing       60   the profile does not exist
│   ├── KeysMissing          60   the profile has no access key
│   ├── ProfileIsSession     60   the profile contains a session already
│   └── CredentialsUnreadable 60  the credentials or config file cannot be parsed
├── LoginFailed              70   the program ended without a session
│   ├── LoginInterrupted     70   the program was interrupted
│   ├── ProgramDefect        70   the program met an unexpected error
│   ├── CodeRefused          70   AWS rejected the MFA code
│   ├── DeviceUnusable       70   the configured MFA device shows no codes
│   │   ├── DeviceMissing    70   the user has no MFA device that shows codes
│   │   └── DeviceUnknown    70   the MFA device cannot be found
│   ├── AwsUnreachable       70   no answer from AWS: the network fails, or the server hangs
│   ├── AwsBusy              70   AWS failed, or throttled the calls
│   └── AwsRefused           70   AWS refused the call
│       ├── KeysRefused      70   AWS does not know the access key, or the secret key does not belong to it
│       └── ClockWrong       70   the clock of this computer is wrong, and with it the signature
└── EnrollmentFailed         80   no MFA device was enabled
    ├── NotAUser             80   the keys are not those of an IAM user
    ├── AlreadyEnrolled      80   the user has a device already
    ├── DeviceLeftOver       80   an unfinished device of that name cannot be deleted
    ├── DeviceNameTaken      80   the name belongs to another user's device
    ├── TooManyDevices       80   the user or account has reached AWS's limit
    ├── CodesRefused         80   AWS rejected the two codes
    └── NoTerminal           80   there is no terminal to show the seed on
```

A message says what failed, with literals in backticks and no full stop; the hint begins with the next command. Each
error has a stable name, its `kind`, which is part of the text (`error[link-outside]: …`) and of the JSON. `aws-mfa`
prints the same kinds for a failed login.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar


class ToolkitError(Exception):
    """The root: a message and a hint, with an exit code for each family and a kind for each class."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = ""  # the stable name, such as `link-outside`
    retry: ClassVar[bool] = False  # whether the same command may succeed later

    def __init_subclass__(cls, *, exit_code: int = 0, kind: str = "", retry: bool = False) -> None:
        """Set the exit code, by default the parent's, and the kind, by default the name of the class in lower case."""
        cls.exit_code, cls.retry = exit_code or cls.exit_code, retry
        cls.kind = kind or re.sub("(?<!^)(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Store the hint separately from the message."""
        super().__init__(message)
        self.hint = hint


def named() -> Mapping[str, type[ToolkitError]]:
    """Return all errors by kind."""
    classes = [ToolkitError]
    for known in classes:  # the list grows by the subclasses of each one
        classes.extend(known.__subclasses__())
    return {known.kind: known for known in classes if known.kind}


class UsageError(ToolkitError, exit_code=2, kind="usage"):
    """The value of an option is invalid."""


class UnknownTarget(UsageError):
    """Unknown GOOS, GOARCH or pair."""


class CodeMalformed(UsageError):
    """The MFA code is not six digits; it was not sent to AWS."""


class CodeMissing(CodeMalformed):
    """No MFA code was given."""


class CommandFailed(UsageError, kind="code-command-failed"):
    """The command of `--totp-command` cannot be run, failed, or did not print a code."""


class SourceError(ToolkitError, exit_code=10, kind="source-unusable"):
    """The source is not a Go main package, or cannot be downloaded."""


class LinkOutside(SourceError):
    """A symbolic link that the build or a package needs leads out of the repository."""


class ReplacementOutside(SourceError):
    """A `replace` in go.mod names a directory outside the repository."""


class SpecialFile(SourceError):
    """A pipe, socket or device is in the place of a regular file that the build needs."""


class FileUnreadable(SourceError):
    """A file that the build or a package needs cannot be read."""


class NameNotText(SourceError, kind="name-not-utf8"):
    """A file that Go would compile or embed has a name that is not UTF-8."""


class SourceTooLarge(SourceError):
    """The source has more bytes or files than `--max-source` allows."""


class IncludeOutside(SourceError):
    """An assembly file includes a file by an absolute path, or one outside its module."""


class ChecksumMismatch(SourceError):
    """A module does not match its checksum: it may have been tampered with, or its tag was moved."""


class ToolchainError(ToolkitError, exit_code=11, kind="toolchain-unusable"):
    """There is no `go` command on this machine, or the pinned Go version cannot be downloaded."""


class EngineUnavailable(ToolkitError, exit_code=20):
    """The selected engine does not answer."""


class EngineForbidden(EngineUnavailable):
    """The Docker engine refuses this user."""


class WrongContainers(EngineUnavailable):
    """The Docker engine does not run Linux containers."""


class EngineBroken(EngineUnavailable, retry=True):
    """The Docker engine answers, but with errors."""


class ImageUnusable(ToolkitError, exit_code=20):
    """The image of `--image` does not exist, or cannot run Go."""


class ImagePullFailed(ImageUnusable, retry=True):
    """The image of `--image` is not on the engine and cannot be pulled."""


class EngineLost(ToolkitError, exit_code=20, retry=True):
    """The engine stopped answering during a build."""


class BuildFailed(ToolkitError, exit_code=30):
    """At least one pair was not built, although Go supports it."""


class OutputUnwritable(ToolkitError, exit_code=40):
    """A directory or file cannot be written."""


class StdoutUnwritable(OutputUnwritable):
    """Standard output is closed or cannot be written to."""


class DiskFull(OutputUnwritable):
    """No space left on device."""


class CredentialsUnwritable(OutputUnwritable):
    """The program got a session but could not write it to the credentials file."""


class ConfigUnwritable(OutputUnwritable):
    """The serial number of a new MFA device cannot be written to the AWS config file."""


class CheckFailed(ToolkitError, exit_code=50):
    """`invoke check` or `invoke doctor` found a problem."""


class NotProven(CheckFailed, exit_code=51):
    """The program reported a login, but a check of `invoke verify` failed."""


class OtherUser(NotProven):
    """According to STS, the session belongs to another user than the profile."""


class OtherProgram(NotProven):
    """The program that logged in differs from the one in the release."""


class MfaNotProven(NotProven):
    """IAM rejects the session, as it does with sessions that were created without an MFA code."""


class SessionUnusable(NotProven):
    """The credentials in the profile are not a session that was issued now and is still valid."""


class S3Denied(NotProven):
    """The session may not list buckets, which `--require-s3` requires."""


class ProfileUnusable(ToolkitError, exit_code=60):
    """The source or destination profile cannot be used for a login."""


class ProfileIsRole(ProfileUnusable):
    """The profile gets its credentials from a role or from SSO."""


class DestinationHoldsKeys(ProfileUnusable):
    """The destination contains long-term keys, which a session would overwrite."""


class EndpointInsecure(ProfileUnusable):
    """Calls to another computer would not be encrypted, and `--allow-http` does not allow that."""


class CredentialProcessFailed(ProfileUnusable):
    """The `credential_process` of the profile failed, or printed no keys."""


class ProfileMissing(ProfileUnusable):
    """The profile does not exist."""


class KeysMissing(ProfileUnusable):
    """The profile has no access key."""


class ProfileIsSession(ProfileUnusable):
    """The profile contains a session, and AWS does not issue a session for a session."""


class CredentialsUnreadable(ProfileUnusable):
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


class CodeRefused(LoginFailed):
    """AWS rejected the MFA code: it is wrong, expired or was used before. AWS does not say which."""


class DeviceUnusable(LoginFailed):
    """The configured MFA device shows no codes."""


class DeviceMissing(DeviceUnusable):
    """The user has no MFA device that shows codes."""


class DeviceUnknown(DeviceUnusable):
    """The MFA device cannot be found, or does not belong to this user."""


class AwsUnreachable(LoginFailed, retry=True):
    """No answer from AWS: the network fails, or the server hangs."""

    def __init__(self, message: str, *, hint: str = "", untrusted: bool = False) -> None:
        """Store whether the server answered with a certificate that this machine does not trust."""
        super().__init__(message, hint=hint)
        self.untrusted = untrusted


class AwsBusy(LoginFailed, retry=True):
    """AWS reported an internal failure, or throttled the calls."""


class AwsRefused(LoginFailed):
    """AWS refused the call."""

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        """Store AWS's error code, such as `AccessDenied`."""
        super().__init__(message, hint=hint)
        self.code = code


class KeysRefused(AwsRefused):
    """AWS does not know the access key, or the secret key does not belong to it."""


class ClockWrong(AwsRefused):
    """The clock of this computer is wrong, so AWS refuses the signature."""


class EnrollmentFailed(ToolkitError, exit_code=80):
    """No MFA device was enabled."""


class NotAUser(EnrollmentFailed):
    """The keys belong to the root user or a role; only IAM users can be enrolled."""


class AlreadyEnrolled(EnrollmentFailed):
    """The user already has an MFA device that shows codes, or one with that name."""


class DeviceLeftOver(EnrollmentFailed):
    """A device with that name was never enabled, its seed is lost, and the user may not delete it."""


class DeviceNameTaken(EnrollmentFailed):
    """A device with that name belongs to another user."""


class TooManyDevices(EnrollmentFailed):
    """The user or the account has as many MFA devices as AWS allows."""


class CodesRefused(EnrollmentFailed):
    """AWS rejected the two codes: they are wrong, expired or not consecutive."""


class NoTerminal(EnrollmentFailed):
    """There is no terminal to show the seed on, and no command that accepts it."""
