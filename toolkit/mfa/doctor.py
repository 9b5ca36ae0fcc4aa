"""What stands between a profile and a login, as far as this machine and AWS's clock can tell."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping

from toolkit import profiles
from toolkit.aws import Aws
from toolkit.errors import ToolkitError
from toolkit.model import Check
from toolkit.profiles import Profile

_LIMIT = 15.0  # seconds for AWS to tell its time
_DRIFT = 15  # seconds: half a period of codes
# What makes the AWS CLI take other keys than those of the profile that `AWS_DEFAULT_PROFILE` names.
_OVERRIDING = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE")


def examine(profile: str) -> Iterator[Check]:
    """Look whether a profile can log in; none where no profile is named. Changes nothing, and signs nothing."""
    if not profile:
        return
    yield _overriding(os.environ)
    try:
        known = profiles.read()
    except ToolkitError as error:
        yield Check("credentials file", good=False, found=str(error), mend=error.hint)
        return
    yield Check("credentials file", good=True, found=str(profiles.place()))
    yield _profile(known, profile)
    if profile in known:
        yield _clock(profile)


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


def _clock(profile: str) -> Check:
    try:
        there = Aws(_LIMIT).time(profile)
    except ToolkitError as error:
        return Check("clock", good=False, found=str(error), mend=error.hint)
    off = round(time.time() - there)
    where = f"{abs(off)} s {'ahead of' if off > 0 else 'behind'} AWS" if off else "that of AWS"
    mend = "set the clock of this machine; codes are right for half a minute only"
    return Check("clock", abs(off) <= _DRIFT, where, mend)
