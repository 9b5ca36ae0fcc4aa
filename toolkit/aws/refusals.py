"""Faults of the AWS files as errors: each names its file and line, and shows no value. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from toolkit.aws.profiles import Fault, File, Reason
from toolkit.errors import (
    CredentialsUnreadable,
    DestinationHoldsKeys,
    KeysMissing,
    ProfileIsRole,
    ProfileIsSession,
    ProfileMissing,
    ProfileUnusable,
)

_UNPARSED = {
    Reason.NOT_TEXT: "is not UTF-8 text",
    Reason.UTF16: "begins with a byte order mark of UTF-16",
    Reason.BYTE_ORDER_MARK: "begins with a byte order mark",
    Reason.OUTSIDE_SECTION: "is before the first section",
    Reason.DUPLICATE_SECTION: "begins section `{fault.name}` a second time",
    Reason.DUPLICATE_SETTING: "sets `{fault.name}` a second time",
    Reason.NOT_A_SETTING: "is neither a section nor a setting",
    Reason.NESTED_LINE: "is a nested setting without a value",
    Reason.LONE_QUOTE: "has a single quotation mark as a value",
}
_BY_HAND = "correct that line"
_LONG_TERM = "use the profile that has the long-term keys"
_OTHER = "choose another profile with `--destination`"
_SOURCES: dict[Reason, tuple[type[ProfileUnusable], str, str]] = {
    Reason.NO_KEY: (
        KeysMissing, "profile `{name}` has no access key", "aws configure --profile={quoted}",
    ),
    Reason.PARTIAL_KEYS: (
        KeysMissing, "profile `{name}` has only half of an access key{line}", "aws configure --profile={quoted}",
    ),
    Reason.IS_SESSION: (
        ProfileIsSession, "profile `{name}` is a session, and a session cannot create another one{line}",
        _LONG_TERM,
    ),
    Reason.IS_ROLE: (
        ProfileIsRole, "profile `{name}` assumes a role, and has no user's key to log in with{line}", _LONG_TERM,
    ),
    Reason.ROLE_ELSEWHERE: (
        ProfileIsRole, "profile `{name}` has a key, and a role that uses the credentials of `{fault.name}`{line}",
        "name a profile that has only a key, or remove the role from this one",
    ),
    Reason.USES_SSO: (ProfileIsRole, "profile `{name}` signs in with SSO, and has no access key{line}", _LONG_TERM),
    Reason.USES_LOGIN: (
        ProfileIsRole, "profile `{name}` signs in with `aws login`, and has no access key{line}", _LONG_TERM,
    ),
}  # fmt: skip
_DESTINATIONS: dict[Reason, tuple[type[ProfileUnusable], str, str]] = {
    Reason.HOLDS_KEYS: (
        DestinationHoldsKeys,
        "profile `{name}` holds long-term keys, and a session would overwrite them{line}",
        _OTHER,
    ),
    Reason.IS_ROLE: (ProfileIsRole, "profile `{name}` assumes a role, which would hide a session{line}", _OTHER),
    Reason.USES_SSO: (ProfileIsRole, "profile `{name}` signs in with SSO, which would hide a session{line}", _OTHER),
    Reason.USES_LOGIN: (
        ProfileIsRole,
        "profile `{name}` signs in with `aws login`, which would hide a session{line}",
        _OTHER,
    ),
}
_ANY = {
    Reason.READERS_DIFFER: ("programs read different values of `{fault.name}` in profile `{name}`{line}", _BY_HAND),
    Reason.UNUSABLE: (
        "the value of `{fault.name}` in profile `{name}` contains invalid characters{line}",
        "type the value again: a copied value can contain invisible characters",
    ),
    Reason.NOT_BOOLEAN: ("`{fault.name}` is neither `true` nor `false`{line}", "write `true` or `false`"),
    Reason.SERVICES_MISSING: ("profile `{name}` uses services `{fault.name}`, which does not exist{line}", _BY_HAND),
    Reason.SOURCE_MISSING: ("profile `{name}` uses profile `{fault.name}`, which does not exist{line}", _BY_HAND),
    Reason.SOURCE_EMPTY: ("profile `{name}` uses profile `{fault.name}`, which has no credentials{line}", _BY_HAND),
    Reason.SSO_SESSION_MISSING: (
        "profile `{name}` uses SSO session `{fault.name}`, which does not exist{line}", _BY_HAND,
    ),
    Reason.ROLE_MISSING: ("profile `{name}` has `{fault.name}` without a role{line}", _BY_HAND),
    Reason.TWO_SOURCES: ("profile `{name}` has two sources of credentials{line}", _BY_HAND),
    Reason.BAD_VALUE: ("programs in Go reject the value of `{fault.name}` in profile `{name}`{line}", _BY_HAND),
}  # fmt: skip
_NOTES = {
    Reason.ONE_READER: "only some programs find `{fault.name}`{line}",
    Reason.DECORATED: "some programs read quotation marks or a comment as part of `{fault.name}`{line}",
    Reason.ROLE_UNUSED: "a login uses the key, not the role of the profile{line}",
}


def unparsed(fault: Fault, paths: Mapping[File, Path]) -> CredentialsUnreadable:
    """Return the error for a file that a reader cannot parse."""
    path, line = paths[fault.place.file], fault.place.line
    return CredentialsUnreadable(
        f"cannot read `{path}`: line {line} {_UNPARSED[fault.reason].format(fault=fault)}",
        hint="correct that line; programs that use AWS cannot read the file either", path=str(path), line=line,
    )  # fmt: skip


def missing(fault: Fault, paths: Mapping[File, Path], near: str) -> ProfileMissing:
    """Return the error for a profile that does not exist, given a similar name."""
    line = _line(fault, paths)
    if line:
        message = f"there is no profile `{fault.name}`, only a section that some programs read as that profile{line}"
        return ProfileMissing(message, hint=f"correct the section, or: aws configure --profile={_quoted(fault.name)}")
    hint = f"did you mean `{near}`?" if near else f"aws configure --profile={_quoted(fault.name)}"
    return ProfileMissing(f"there is no profile `{fault.name}` in `{paths[File.CREDENTIALS]}`", hint=hint)


def source(fault: Fault, name: str, paths: Mapping[File, Path]) -> ProfileUnusable:
    """Return the error for a profile that cannot be logged in from."""
    kind, message, hint = _SOURCES.get(fault.reason) or (ProfileUnusable, *_ANY[fault.reason])
    return kind(_text(message, fault, name, paths), hint=_text(hint, fault, name, paths))


def destination(fault: Fault, name: str, paths: Mapping[File, Path]) -> ProfileUnusable:
    """Return the error for a profile that cannot get a session."""
    kind, message, hint = _DESTINATIONS.get(fault.reason) or (ProfileUnusable, *_ANY[fault.reason])
    return kind(_text(message, fault, name, paths), hint=hint)


def note(fault: Fault, name: str, paths: Mapping[File, Path]) -> str:
    """Return a note about a profile that can be used."""
    return _text(_NOTES[fault.reason], fault, name, paths)


def _text(pattern: str, fault: Fault, name: str, paths: Mapping[File, Path]) -> str:
    return pattern.format(fault=fault, name=name, quoted=_quoted(name), line=_line(fault, paths))


def _line(fault: Fault, paths: Mapping[File, Path]) -> str:
    return f" (line {fault.place.line} of `{paths[fault.place.file]}`)" if fault.place.line else ""


def _quoted(name: str) -> str:
    return shlex.quote(name)
