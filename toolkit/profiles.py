"""Profiles as the AWS CLI and boto3 read them: botocore's own parser, whose refusals are told here with their line."""

from __future__ import annotations

import configparser
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from toolkit.errors import CredentialsUnreadable, KeysMissing, ProfileIsSession, ProfileMissing

LONG_TERM, TEMPORARY = "AKIA", "ASIA"  # what AWS lets the IDs of keys begin with
_TOKENS = ("aws_session_token", "aws_security_token")  # the second one is what old tools write
_EXPIRIES = ("x_security_token_expires", "aws_session_expiration", "expiration")  # ours first, then other tools'


@dataclass(frozen=True)
class Profile:
    """What both files say of one profile. It holds keys, so it shows nothing but its name."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def access_key(self) -> str:
        """The ID of the access key, `""` where there is none."""
        return self.values.get("aws_access_key_id", "")

    @property
    def shown_key(self) -> str:
        """What may be shown of that: its kind, and enough to tell it from others."""
        return f"{self.access_key[:4]}…{self.access_key[-4:]}"

    @property
    def is_session(self) -> bool:
        """Whether the keys come with a token, as temporary ones do."""
        return any(self.values.get(name) for name in _TOKENS)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be shown."""
        return tuple(filter(None, (self.values.get(name) for name in ("aws_secret_access_key", *_TOKENS))))

    @property
    def expires(self) -> datetime | None:
        """The end of the session, if one is written down and can be read."""
        text = next((self.values[name] for name in _EXPIRIES if name in self.values), "")
        try:
            end = datetime.fromisoformat(text)
        except ValueError:
            return None
        return end if end.tzinfo else end.replace(tzinfo=UTC)


def read() -> dict[str, Profile]:
    """Return all profiles of the credentials and the config file, by name.

    Raises CredentialsUnreadable, with the line, where botocore cannot parse one of the files.
    """
    from botocore.exceptions import ConfigParseError
    from botocore.session import Session

    try:
        found = Session().full_config["profiles"]
    except ConfigParseError as error:
        told: Mapping[str, Any] = error.kwargs
        path = Path(told["path"])
        where = _where(path, told["error"])
        line = re.match(r"line (\d+) ", where)
        raise CredentialsUnreadable(
            f"`{path}` cannot be read: {where}",
            hint="correct that line; the AWS CLI and boto3 cannot read the file either",
            path=str(path),
            line=int(line[1]) if line else 0,
        ) from None
    return {name: Profile(name, _texts(values)) for name, values in found.items()}


def source(profiles: Mapping[str, Profile], name: str) -> Profile:
    """Return a profile to log in from. Raises ProfileMissing, KeysMissing or ProfileIsSession."""
    if name not in profiles:
        near = difflib.get_close_matches(name, profiles, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"make it with: aws configure --profile={name}"
        raise ProfileMissing(f"there is no profile `{name}` in `{place()}`", hint=hint)
    found = profiles[name]
    if found.is_session:
        message = f"profile `{name}` is a session already, and a session cannot get another one"
        raise ProfileIsSession(message, hint="name the profile that has the long-term keys")
    if not found.access_key and not found.values.get("credential_process"):
        raise KeysMissing(f"profile `{name}` has no access key", hint=f"add one with: aws configure --profile={name}")
    return found


def place() -> Path:
    """Return the path of the credentials file, which need not be there."""
    from botocore.session import Session

    return Path(os.path.expanduser(Session().get_config_variable("credentials_file")))  # noqa: PTH111 - Path's raises for `~nobody`


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}  # the others are nested settings


def _where(path: Path, error: Exception) -> str:
    """Return what is wrong in which line, without the line: it may be a key."""
    match error:
        case configparser.DuplicateSectionError():
            return f"line {error.lineno} begins section `{error.section}` a second time"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno} sets `{error.option}` of `{error.section}` a second time"
        case configparser.MissingSectionHeaderError():
            marked = path.read_bytes().startswith(b"\xef\xbb\xbf")
            what = "begins with a byte order mark" if marked else "stands before the first section"
            return f"line {error.lineno} {what}"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is neither a section nor a setting"
        case UnicodeDecodeError():
            return f"line {_undecodable(path)} is not UTF-8 text"
    return "a nested setting in it has no value"


def _undecodable(path: Path) -> int:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return 1
