"""The MFA device of a profile; aws-mfa writes it into the AWS files."""

from __future__ import annotations

import re
import shlex

from toolkit.aws import files
from toolkit.aws.profiles import File, Value
from toolkit.errors import ConfigUnwritable, CredentialsUnreadable, ToolkitError
from toolkit.mfa import program
from toolkit.model import Binary

_SETTING = "mfa_serial"
_ANY = "arn:aws:iam::123456789012:mfa/example"  # stands for a device that does not exist yet
_LIMIT = 60.0  # seconds; the program waits less for other writers
_PLAIN = re.compile(r"[\w.@+=,:/%-]+", re.ASCII)  # names that need no quotes in `[profile …]`


def check(own: Binary, profile: str) -> None:
    """Raise ConfigUnwritable, or the error that the program names, if a profile cannot get a device."""
    _run(own, profile, "--dry-run", _ANY)


def write(own: Binary, profile: str, serial: str) -> str:
    """Give a profile a device, and return the program's message, which names the file.

    Raises as `check` does, with the line to write as the hint: the device is already enabled.
    """
    try:
        return _run(own, profile, serial)
    except ToolkitError as error:
        error.hint = _by_hand(profile, serial)
        raise


def _run(own: Binary, profile: str, *arguments: str) -> str:
    ended = program.run(own, ("set-serial", "-s", profile, *arguments), "", _LIMIT)
    if ended is None:
        message = f"`{own.path.name}` did not end within {_LIMIT:g} s, and was stopped"
        raise ConfigUnwritable(message, hint="another program may hold the lock of the AWS config file")
    exit_code, said = ended[0], program.hidden(ended[1], ())
    if exit_code:
        raise program.failure(own.path.name, exit_code, said, ConfigUnwritable)
    return said


def _by_hand(profile: str, serial: str) -> str:
    try:
        there = files.read().reading.profile(profile).either(_SETTING)
    except CredentialsUnreadable:
        there = Value()
    file = files.place(there.place.file if there.text else File.CONFIG)
    where = f"in place of line {there.place.line}" if there.text else f"below `[{_header(profile)}]`"
    return f"write it yourself: `{_SETTING} = {serial}` {where} in `{file}`"


def _header(profile: str) -> str:
    """Return the text in the brackets of a profile's section in the config file."""
    if profile == "default":
        return profile
    return f"profile {profile if _PLAIN.fullmatch(profile) else shlex.quote(profile)}"
