"""What the evidence of a login says, a check each. Pure: `verify` gathers the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toolkit.aws import TEMPORARY, Identity
from toolkit.errors import (
    AwsRefused,
    MfaNotProven,
    NotProven,
    OtherProgram,
    OtherUser,
    S3Denied,
    SessionUnusable,
    ToolkitError,
)
from toolkit.mfa.login import Written
from toolkit.model import Binary, Check

_TO_SESSIONS = "session credentials"  # from AWS's refusal of a further session
_NO_MFA = "InvalidClientTokenId"  # what IAM says to a session that was got without a code

_KINDS: dict[str, type[NotProven]] = {
    "program": OtherProgram,
    "account": OtherUser,
    "user": OtherUser,
    "session key": SessionUnusable,
    "expiry": SessionUnusable,
    "no further session": SessionUnusable,
    "mfa": MfaNotProven,
    "s3 ls": S3Denied,
}


@dataclass(frozen=True)
class Evidence:
    """What was found after a login. Where AWS refused a call, the refusal stands for its answer."""

    program: Binary  # what was run
    released: str | None  # SHA-256 of this machine's program in its release; None where there is none
    source: Identity  # who the long-term key belongs to
    session: Identity | AwsRefused
    before: str  # the ID of the key that the destination had before the login
    written: Written  # what the program wrote
    further: str | AwsRefused  # the ID of the key of a session got with the session, which nobody should get
    user: str | AwsRefused  # the ARN that IAM gives for the user, to the session
    buckets: tuple[str, ...] | AwsRefused


@dataclass(frozen=True)
class Proof:
    """How `verify` ended. Made by it, printed by `report`."""

    identity: Identity | None  # of the session; None where STS did not take it
    checks: tuple[Check, ...]
    said: str  # what the program told on standard error


def judged(found: Evidence, *, require_s3: bool) -> Iterator[Check]:
    """Yield what the evidence says."""
    yield _program(found)
    yield _same("account", "account", found)
    yield _same("user", "arn", found)
    yield _key(found)
    yield _expiry(found.written, now=found.source.at)
    yield _further(found.further)
    yield _mfa(found.user)
    listed = not isinstance(found.buckets, AwsRefused)
    shown = f"{len(found.buckets)} buckets" if isinstance(found.buckets, tuple) else str(found.buckets)
    mend = "" if listed else "a policy has to allow `s3:ListAllMyBuckets`"
    yield Check("s3 ls", listed, shown, mend, needed=require_s3)


def require(proof: Proof) -> None:
    """Raise the kind of NotProven that belongs to the first check that is needed and not good."""
    bad = [check for check in proof.checks if check.needed and not check.good]
    if bad:
        names = ", ".join(f"`{check.name}`" for check in bad)
        hint = bad[0].mend or "the rows above say what was found"
        raise _KINDS.get(bad[0].name, NotProven)(f"the login is not proven: {names}", hint=hint)


def _program(found: Evidence) -> Check:
    shown = f"sha256 {found.program.sha256[:12]}…"
    if found.released is None:
        return Check("program", good=False, found=f"{shown}, not in a release", mend="invoke matrix", needed=False)
    good = found.released == found.program.sha256
    more = "as in the release" if good else f"while the release has {found.released[:12]}…"
    return Check("program", good, f"{shown}, {more}", "" if good else "invoke matrix")


def _same(name: str, attribute: str, found: Evidence) -> Check:
    if isinstance(found.session, ToolkitError):
        return Check(name, good=False, found=str(found.session))
    before, after = getattr(found.source, attribute), getattr(found.session, attribute)
    return Check(name, before == after, after if before == after else f"{after}, while the key's is {before}")


def _key(found: Evidence) -> Check:
    key, shown = found.written.caller.access_key, found.written.caller.shown_key
    if not key.startswith(TEMPORARY) or not found.written.caller.token:
        return Check("session key", good=False, found=f"{shown}, and a session's begins with {TEMPORARY}")
    if key == found.before:
        return Check("session key", good=False, found=f"{shown}, which was there before this login")
    return Check("session key", good=True, found=f"{shown}, issued now")


def _expiry(written: Written, now: float) -> Check:
    if not written.expires:
        return Check("expiry", good=False, found="the program wrote none down", needed=False)
    left = written.expires - datetime.fromtimestamp(now, UTC)
    when = f"{written.expires:%Y-%m-%dT%H:%M:%SZ}"
    minutes = abs(round(left / timedelta(minutes=1)))
    span = f"{minutes // 60} h {minutes % 60:02d} min"
    return Check("expiry", left > timedelta(), f"{when}, {span} {'from now' if left > timedelta() else 'ago'}")


def _further(further: str | AwsRefused) -> Check:
    # A long-term key would get one; and AWS has words of its own for sessions, which do not.
    refused = isinstance(further, AwsRefused)
    good = _TO_SESSIONS in str(further)
    shown = "refused, as to every session" if good else str(further) if refused else "granted: this is no session"
    return Check("no further session", good, shown)


def _mfa(user: str | AwsRefused) -> Check:
    # IAM takes only sessions that were got with a code; what a policy then allows is another matter.
    if not isinstance(user, AwsRefused):
        return Check("mfa", good=True, found="IAM takes the session, so it was got with a code")
    if user.code == "AccessDenied":
        return Check("mfa", good=True, found="IAM takes the session, though a policy denies it `iam:GetUser`")
    found = "IAM does not take the session: it was got without a code" if user.code == _NO_MFA else str(user)
    return Check("mfa", good=False, found=found)
