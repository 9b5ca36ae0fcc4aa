"""Everything that can go wrong, as one tree, each kind with the exit code that the command line ends with.

```
ToolkitError                  1   (never raised itself)
├── UsageError                2   an option's value cannot be used
│   ├── UnknownTarget         3   no such GOOS, GOARCH or pair
│   ├── CodeMalformed         4   an MFA code that is not six digits
│   └── CommandFailed         5   the command of `--totp-command` gave no code
├── SourceError              10   not a Go main package, or a module that cannot be downloaded
│   ├── LinkOutside          10   a link that is needed leads out of the repository
│   ├── ReplacementOutside   10   a `replace` leads out of the repository
│   ├── SpecialFile          10   a pipe, socket or device where a file is needed
│   ├── FileUnreadable       10   a file that is needed cannot be read
│   ├── NameNotText          10   a file that is needed has a name that is not UTF-8
│   ├── SourceTooLarge       10   the source is larger than `--max-source` allows
│   ├── IncludeOutside       10   an assembly file includes a file outside its module
│   └── ChecksumMismatch     10   a module is not the one that its checksum names
├── ToolchainError           11   no Go command, or the pinned Go cannot be had
├── EngineUnavailable        20   the engine that was asked for does not answer
│   ├── EngineForbidden      21   it is there, and refuses this user
│   ├── WrongContainers      20   it is there, and runs containers of another system
│   └── EngineBroken         24   it is there, and fails, or cannot run what we need
├── ImageUnusable            22   the image named with --image cannot run Go
│   └── ImagePullFailed      20   the image named with --image cannot be pulled
├── EngineLost               23   the engine stopped answering in the middle
├── BuildFailed              30   at least one pair ended without a binary, and not for a reason of Go's own
├── OutputUnwritable         40   a folder or file of ours cannot be written
│   ├── StdoutUnwritable     40   standard output is closed, or its disk is full
│   ├── DiskFull             41   there is no room left
│   ├── CredentialsUnwritable 42  the session could not be kept in the credentials file
│   └── ConfigUnwritable     43   the device could not be written into the config file
├── CheckFailed              50   `invoke check` or `invoke doctor` found something
│   └── NotProven            51   `invoke verify` found something
│       ├── OtherUser        52   the session is not one of the profile's own user
│       ├── OtherProgram     53   the program is not the one in the release
│       ├── MfaNotProven     54   the session was got without a code
│       ├── SessionUnusable  55   the keys are not those of a new session, or it has ended
│       └── S3Denied         56   the session may not list buckets, and that was required
├── ProfileUnusable          60   nobody can log in from that profile, or into that one
│   ├── ProfileMissing       61   there is no such profile
│   ├── KeysMissing          62   it has no access key
│   ├── ProfileIsSession     63   it is a session already
│   └── CredentialsUnreadable 64  the credentials or config file cannot be parsed
├── LoginFailed              70   the program ended without a session
│   ├── CodeRefused          71   AWS did not take the code: wrong, or used already
│   ├── DeviceUnusable       72   no MFA device that shows codes
│   ├── AwsUnreachable       73   no answer from AWS: the network, or a server that hangs
│   ├── AwsBusy              74   AWS has trouble of its own, or too much to do
│   └── AwsRefused           75   AWS answered, with a refusal
└── EnrollmentFailed         80   no MFA device was enabled
    ├── NotAUser             81   the keys are not those of an IAM user
    ├── AlreadyEnrolled      82   the user has a device that shows codes
    ├── DeviceLeftOver       83   the name is that of a device that was never enabled, and it cannot be deleted
    ├── DeviceNameTaken      84   the name is that of somebody else's device
    ├── TooManyDevices       85   the user has as many devices as AWS allows
    ├── CodesRefused         86   AWS did not take the two codes
    └── NoTerminal           87   nobody is there to whom the seed could be shown
```

A message names what is wrong, with literals in backticks and no full stop; the hint says what to type next. Newer
errors have a stable name, their `kind`, which stands in the text (`error[link-outside]: …`), and share the exit code of
their family.
"""

from __future__ import annotations

from typing import ClassVar


class ToolkitError(Exception):
    """The root: a message for a person, a hint, and an exit code a kind."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = ""  # its stable name: `link-outside`

    def __init_subclass__(cls, *, exit_code: int = 0, kind: str = "") -> None:
        """Give a class its exit code, which is that of its family by default, and its name."""
        cls.exit_code, cls.kind = exit_code or cls.exit_code, kind

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the hint apart, so that a test or `--json` can look at either."""
        super().__init__(message)
        self.hint = hint


class UsageError(ToolkitError, exit_code=2):
    """An option's value cannot be used."""


class UnknownTarget(UsageError, exit_code=3):
    """No such GOOS, GOARCH or pair."""


class CodeMalformed(UsageError, exit_code=4):
    """What was given as an MFA code is not six digits; AWS was not asked."""


class CommandFailed(UsageError, exit_code=5):
    """The command of `--totp-command` cannot be run, failed, or printed no code."""


class SourceError(ToolkitError, exit_code=10):
    """What was named with `--source` is no Go main package, or cannot be had."""


class LinkOutside(SourceError, kind="link-outside"):
    """A symbolic link that the build or a package needs leads out of the repository."""


class ReplacementOutside(SourceError, kind="replacement-outside"):
    """A `replace` in go.mod names a directory outside the repository."""


class SpecialFile(SourceError, kind="special-file"):
    """A pipe, socket or device stands where a regular file is needed."""


class FileUnreadable(SourceError, kind="file-unreadable"):
    """A file that the build or a package needs cannot be read."""


class NameNotText(SourceError, kind="name-not-utf8"):
    """A file that Go would compile or embed has a name that is not UTF-8."""


class SourceTooLarge(SourceError, kind="source-too-large"):
    """The source has more bytes or files than `--max-source` allows."""


class IncludeOutside(SourceError, kind="include-outside"):
    """An assembly file includes a file by an absolute path, or one outside its module."""


class ChecksumMismatch(SourceError, kind="checksum-mismatch"):
    """A module does not match its checksum: somebody may have tampered with it, or moved the tag."""


class ToolchainError(ToolkitError, exit_code=11):
    """No Go command on this machine, or the pinned Go version cannot be had."""


class EngineUnavailable(ToolkitError, exit_code=20):
    """The engine that was asked for does not answer."""


class EngineForbidden(EngineUnavailable, exit_code=21):
    """The engine is there, and refuses this user."""


class WrongContainers(EngineUnavailable, kind="wrong-containers"):
    """The engine is there, and runs containers of another system than Linux."""


class EngineBroken(EngineUnavailable, exit_code=24):
    """The engine is there, and fails."""


class ImageUnusable(ToolkitError, exit_code=22):
    """The image named with `--image` is not there, or cannot run Go."""


class ImagePullFailed(ImageUnusable, exit_code=20, kind="image-pull-failed"):
    """The image named with `--image` is not on the engine, and cannot be pulled."""


class EngineLost(ToolkitError, exit_code=23):
    """The engine answered at first, and stopped in the middle of the work."""


class BuildFailed(ToolkitError, exit_code=30):
    """At least one pair ended without a binary, and not for a reason of Go's own."""


class OutputUnwritable(ToolkitError, exit_code=40):
    """A folder or file that the toolkit has to write cannot be written."""


class StdoutUnwritable(OutputUnwritable, kind="stdout-unwritable"):
    """Standard output is closed, or cannot be written to."""


class DiskFull(OutputUnwritable, exit_code=41):
    """There is no room left for what the toolkit has to write."""


class CredentialsUnwritable(OutputUnwritable, exit_code=42):
    """The program got a session, and could not keep it in the credentials file."""


class ConfigUnwritable(OutputUnwritable, exit_code=43):
    """The serial number of a new MFA device cannot be written into the AWS config file."""


class CheckFailed(ToolkitError, exit_code=50):
    """`invoke check` or `invoke doctor` found something that has to be mended."""


class NotProven(CheckFailed, exit_code=51):
    """The program said that it had logged in, and a check of `invoke verify` does not bear it out."""


class OtherUser(NotProven, exit_code=52):
    """STS says that the session is not one of the profile's own user."""


class OtherProgram(NotProven, exit_code=53):
    """The program that logged in is not the one in the release."""


class MfaNotProven(NotProven, exit_code=54):
    """IAM does not take the session, as it takes none that was got without a code."""


class SessionUnusable(NotProven, exit_code=55):
    """The keys in the profile are not those of a session that was issued now and lasts."""


class S3Denied(NotProven, exit_code=56):
    """The session may not list buckets, and `--require-s3` asked for it."""


class ProfileUnusable(ToolkitError, exit_code=60):
    """Nobody can log in from that profile, or into that one."""


class ProfileMissing(ProfileUnusable, exit_code=61):
    """There is no such profile."""


class KeysMissing(ProfileUnusable, exit_code=62):
    """The profile has no access key."""


class ProfileIsSession(ProfileUnusable, exit_code=63):
    """The profile holds a session, with which AWS gives no other one."""


class CredentialsUnreadable(ProfileUnusable, exit_code=64):
    """The credentials or config file is not one that the AWS CLI and boto3 can read."""

    def __init__(self, message: str, *, hint: str = "", path: str = "", line: int = 0) -> None:
        """Keep the place apart, for who opens an editor there; line 0 is an unknown one."""
        super().__init__(message, hint=hint)
        self.path, self.line = path, line


class LoginFailed(ToolkitError, exit_code=70):
    """The program ended without a session."""


class CodeRefused(LoginFailed, exit_code=71):
    """AWS did not take the MFA code: it is wrong, of another time, or was used before. AWS does not say which."""


class DeviceUnusable(LoginFailed, exit_code=72):
    """The user has no MFA device that shows codes, or none of the serial number that is configured."""


class AwsUnreachable(LoginFailed, exit_code=73):
    """AWS gave no answer: the network is not there, or what should answer hangs."""

    def __init__(self, message: str, *, hint: str = "", untrusted: bool = False) -> None:
        """Keep apart that somebody answered, with a certificate that is not trusted here."""
        super().__init__(message, hint=hint)
        self.untrusted = untrusted


class AwsBusy(LoginFailed, exit_code=74):
    """AWS answered that it has trouble of its own, or that there were too many calls."""


class AwsRefused(LoginFailed, exit_code=75):
    """AWS answered with a refusal."""

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        """Keep AWS's own word for it, such as `AccessDenied`, for who has a better sentence."""
        super().__init__(message, hint=hint)
        self.code = code


class EnrollmentFailed(ToolkitError, exit_code=80):
    """No MFA device was enabled."""


class NotAUser(EnrollmentFailed, exit_code=81):
    """The keys are those of the root user or of a role; only an IAM user is enrolled."""


class AlreadyEnrolled(EnrollmentFailed, exit_code=82):
    """The user has an MFA device that shows codes, or one of that name."""


class DeviceLeftOver(EnrollmentFailed, exit_code=83):
    """A device of that name was never enabled, its seed is lost, and the user may not delete it."""


class DeviceNameTaken(EnrollmentFailed, exit_code=84):
    """A device of that name belongs to another user."""


class TooManyDevices(EnrollmentFailed, exit_code=85):
    """The user, or the account, has as many MFA devices as AWS allows."""


class CodesRefused(EnrollmentFailed, exit_code=86):
    """AWS did not take the two codes: they are wrong, of another time, or do not follow each other."""


class NoTerminal(EnrollmentFailed, exit_code=87):
    """There is no terminal to show the seed on, and no command to give it to."""
