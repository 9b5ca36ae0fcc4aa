"""What stands between a profile and a login: on this machine, in the AWS files, and at AWS."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from toolkit import profiles
from toolkit.aws import Aws
from toolkit.errors import ToolkitError
from toolkit.mfa.devices import Owner
from toolkit.model import Check
from toolkit.profiles import Profile

_FIDO = ":u2f/"
_LIMIT = 15.0  # seconds for AWS to tell its time
_DRIFT = 15  # seconds: half a period of codes
# What makes the AWS CLI take other keys than those of the profile that `AWS_DEFAULT_PROFILE` names.
_OVERRIDING = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE")


def examine(profile: str) -> Iterator[Check]:
    """Look whether a profile can log in; none where no profile is named. Changes nothing."""
    if not profile:
        return
    yield _overriding(os.environ)
    try:
        known = profiles.read()
    except ToolkitError as error:
        yield Check("credentials file", good=False, found=str(error), mend=error.hint)
        return
    yield from _file(profiles.place(), known)
    yield (usable := _profile(known, profile))
    if profile in known:
        aws = Aws(_LIMIT)
        yield (clock := _clock(aws, profile))
        if usable.good and clock.good:
            yield from _at_aws(aws, profile)


def _file(path: Path, known: Mapping[str, Profile]) -> Iterator[Check]:
    yield Check("credentials file", good=True, found=str(path))
    mode = path.stat().st_mode if path.exists() and os.name == "posix" else 0
    others = bool(mode & (stat.S_IRWXG | stat.S_IRWXO))
    shown = f"others can read it: {stat.filemode(mode)}" if others else "its owner's alone"
    yield Check("file mode", not others, shown, f"chmod 600 {path}", needed=False)
    stale = [each.name for each in known.values() if {"aws_security_token", "aws_session_token"} <= set(each.values)]
    shown = f"`aws_security_token` in {', '.join(f'`{name}`' for name in stale)}" if stale else "none"
    mend = "take that line out: Python programs read it before the session's own token"
    yield Check("old tokens", not stale, shown, mend, needed=False)


def _at_aws(aws: Aws, profile: str) -> Iterator[Check]:
    try:
        identity = aws.identity(profile)
        owner = Owner.of(identity, profile)
    except ToolkitError as error:
        elsewhere = getattr(error, "code", "") == "InvalidClientTokenId"
        mend = "is it deleted, or a key of another partition than the profile's region?" if elsewhere else error.hint
        yield Check("user", good=False, found=str(error), mend=mend)
        return
    yield Check("user", good=True, found=identity.arn)
    try:
        serials = [
            each["SerialNumber"] for each in aws.iam(profile, "ListMFADevices", UserName=owner.name)["MFADevices"]
        ]
    except ToolkitError as error:
        mend = "set `mfa_serial` in the profile to the ARN or serial number of the device"
        yield Check("MFA devices", good=False, found=str(error), mend=mend, needed=False)
        return
    shown = [f"{serial} ({'a FIDO key, of no use here' if _FIDO in serial else 'usable'})" for serial in serials]
    usable = any(_FIDO not in serial for serial in serials)
    yield Check("MFA devices", usable, "\n".join(shown) or "none", f"invoke enroll --profile {profile}")


def _profile(known: Mapping[str, Profile], name: str) -> Check:
    try:
        return Check("profile", good=True, found=f"{name}: {_described(profiles.source(known, name))}")
    except ToolkitError as error:
        return Check("profile", good=False, found=str(error), mend=error.hint)


def _described(found: Profile) -> str:
    if not found.access_key:
        return "keys of its `credential_process`"
    return f"long-term key {found.access_key[:4]}…{found.access_key[-4:]}"


def _overriding(environ: Mapping[str, str]) -> Check:
    names = [name for name in _OVERRIDING if environ.get(name)]
    shown = ", ".join(names) or "none that counts before the profile"
    mend = f"unset {' '.join(names)}: `aws` takes what they say, and not the session"
    return Check("AWS_* variables", good=not names, found=shown, mend=mend, needed=False)


def _clock(aws: Aws, profile: str) -> Check:
    try:
        there = aws.time(profile)
    except ToolkitError as error:
        return Check("clock", good=False, found=str(error), mend=error.hint)
    off = round(time.time() - there)
    where = f"{abs(off)} s {'ahead of' if off > 0 else 'behind'} AWS" if off else "that of AWS"
    mend = "set the clock of this machine; codes are right for half a minute only"
    return Check("clock", abs(off) <= _DRIFT, where, mend)
