"""The AWS files of this machine, read by `profiles`; its refusals become errors with the file and the line."""

from __future__ import annotations

import difflib
import os
import shlex
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from toolkit.aws import profiles, refusals
from toolkit.aws.profiles import Calls, File, Reading, Reason, Refused, Settings
from toolkit.aws.profiles.rules import is_plain
from toolkit.aws.profiles.views import KEYS, TOKENS
from toolkit.errors import CredentialsUnreadable, ProfileUnusable

_PLACES = {
    File.CREDENTIALS: ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    File.CONFIG: ("AWS_CONFIG_FILE", "~/.aws/config"),
}
_EXPIRIES = ("x_security_token_expires", "aws_session_expiration", "expiration")  # ours, then other tools'


@dataclass(frozen=True)
class AwsFiles:
    """Both files. Made by `read`."""

    paths: Mapping[File, Path]
    reading: Reading

    def source(self, name: str) -> Settings:
        """Return the settings of a profile to log in from. Raises ProfileUnusable or one of its kinds."""
        try:
            found = profiles.source(self.reading.profile(name))
        except Refused as refused:
            raise self._refusal(refused, name) from None
        return found

    def settings(self, name: str) -> Settings:
        """Return the settings of a profile. Raises as `source` does."""
        try:
            return profiles.settings(self.reading.profile(name))
        except Refused as refused:
            raise self._refusal(refused, name) from None

    def calls(self, name: str, settings: Settings) -> Calls:
        """Return the settings for calls with a profile, some of which come from variables. Raises ProfileUnusable."""
        try:
            return profiles.resolve(settings, os.environ)
        except Refused as refused:
            raise self._refusal(refused, name) from None

    def require_destination(self, name: str) -> None:
        """Raise ProfileUnusable if a session cannot be written to a profile. It need not exist."""
        try:
            profiles.destination(self.reading.profile(name))
        except Refused as refused:
            raise refusals.destination(refused.fault, name, self.paths) from None

    def expiry(self, name: str) -> datetime | None:
        """Return the expiry of a profile's session; None if it is not stored or cannot be parsed."""
        found = (self.reading.in_botocore.written(name, setting) for setting in _EXPIRIES)
        try:
            end = datetime.fromisoformat(next(filter(None, found), ""))
        except ValueError:
            return None
        return end if end.tzinfo else end.replace(tzinfo=UTC)

    def _refusal(self, refused: Refused, name: str) -> Exception:
        fault = refused.fault
        if fault.reason is Reason.NO_PROFILE:
            near = difflib.get_close_matches(name, self.reading.names, n=1)
            return refusals.missing(fault, self.paths, near[0] if near else "")
        return refusals.source(fault, name, self.paths)


def place(file: File) -> Path:
    """Return the path of a file, which need not exist, as botocore expands it. An empty variable counts as unset."""
    variable, usual = _PLACES[file]
    return Path(os.path.expanduser(os.path.expandvars(os.environ.get(variable) or usual)))  # noqa: PTH111 - Path's raises for `~nobody`


def require_keys(name: str, text: Callable[[str], str]) -> None:
    """Raise ProfileUnusable if the keys in a profile's settings contain characters that cannot be sent."""
    if not all(is_plain(text(setting)) for setting in (*KEYS, *TOKENS)):
        message = f"the keys of profile `{name}` contain characters that keys never contain"
        raise ProfileUnusable(message, hint=f"aws configure --profile={shlex.quote(name)}")


def read() -> AwsFiles:
    """Return both files. Raises CredentialsUnreadable, with the line if one is invalid."""
    paths = {file: place(file) for file in _PLACES}
    reading = profiles.read(_bytes(paths[File.CONFIG]), _bytes(paths[File.CREDENTIALS]))
    if reading.broken:
        raise refusals.unparsed(reading.broken, paths)
    return AwsFiles(paths, reading)


def _bytes(path: Path) -> bytes:
    """Return the content of a file; nothing if it does not exist or is the null device."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", None) or error).lower()
        message = f"cannot read `{path}`: {why}"
        raise CredentialsUnreadable(message, hint=f"ls -l {shlex.quote(str(path))}", path=str(path)) from None
    if stat.S_ISCHR(mode):  # people use /dev/null to have no file
        return b""
    message = f"cannot read `{path}`: it is not a regular file"
    raise CredentialsUnreadable(message, hint="set AWS_SHARED_CREDENTIALS_FILE or AWS_CONFIG_FILE to a file",
                                path=str(path))  # fmt: skip
