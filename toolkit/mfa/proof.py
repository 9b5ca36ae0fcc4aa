"""One check for each piece of evidence of a login. Pure: `verify` gathers the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from toolkit.aws.clients import TEMPORARY, Identity
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

_TO_SESSIONS = "session credentials"  # in AWS's refusal of a further session
_NO_MFA = "InvalidClientTokenId"  # IAM's response to a session created without a code

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
    """The evidence after a login. If AWS refused a call, the refusal replaces its response."""

    program: Binary  # the program that was run
    released: str | None  # SHA-256 of this machine's program in the release; None if the release has none
    source: Identity  # the owner of the long-term key
    session: Identity | AwsRefused
    before: str  # the destination's access key ID before the login
    written: Written  # the session that the program wrote
    further: str | AwsRefused  # the key ID of a session created with the session; AWS must refuse this
    user: str | AwsRefused  # the user's ARN, as IAM reports it to the session
    buckets: tuple[str, ...] | AwsRefused


@dataclass(frozen=True)
class Proof:
    """The result of `verify`. `report` prints it."""

    identity: Identity | None  # of the session; None if STS rejected it
    checks: tuple[Check, ...]
    said: str  # the program's standard error


def judged(found: Evidence, *, require_s3: bool) -> Iterator[Check]:
    """Yield a check for each piece of evidence."""
    yield _program(found)
    yield _same("account", "account", found)
    yield _same("user", "arn", found)
    yield _key(found)
    yield _expiry(found.written, now=found.source.at)
    yield _further(found.further)
    yield _mfa(found.user)
    listed = not isinstance(found.buckets, AwsRefused)
    shown = f"{len(found.buckets)} buckets" if isinstance(found.buckets, tuple) else str(found.buckets)
    fix = "" if listed else "allow `s3:ListAllMyBuckets` in a policy"
    yield Check("s3 ls", listed, shown, fix, required=require_s3)


def require(proof: Proof) -> None:
    """Raise the kind of NotProven that belongs to the first required check that failed."""
    bad = [check for check in proof.checks if check.required and not check.ok]
    if bad:
        names = ", ".join(f"`{check.name}`" for check in bad)
        hint = bad[0].fix or "see the rows above"
        raise _KINDS.get(bad[0].name, NotProven)(f"the login is not proven: {names}", hint=hint)


def _program(found: Evidence) -> Check:
    shown = f"sha256 {found.program.sha256[:12]}…"
    if found.released is None:
        return Check("program", ok=False, detail=f"{shown}, not in a release", fix="invoke matrix", required=False)
    ok = found.released == found.program.sha256
    more = "as in the release" if ok else f"but the release has {found.released[:12]}…"
    return Check("program", ok, f"{shown}, {more}", "" if ok else "invoke matrix")


def _same(name: str, attribute: str, found: Evidence) -> Check:
    if isinstance(found.session, ToolkitError):
        return Check(name, ok=False, detail=str(found.session))
    before, after = getattr(found.source, attribute), getattr(found.session, attribute)
    return Check(name, before == after, after if before == after else f"{after}, but the key's is {before}")


def _key(found: Evidence) -> Check:
    key, shown = found.written.caller.access_key, found.written.caller.shown_key
    if not key.startswith(TEMPORARY) or not found.written.caller.token:
        return Check("session key", ok=False, detail=f"{shown}, but a session's begins with {TEMPORARY}")
    if key == found.before:
        return Check("session key", ok=False, detail=f"{shown}, the same as before this login")
    return Check("session key", ok=True, detail=f"{shown}, issued now")


def _expiry(written: Written, now: float) -> Check:
    if not written.expires:
        return Check("expiry", ok=False, detail="the program did not store one", required=False)
    left = written.expires - datetime.fromtimestamp(now, UTC)
    when = f"{written.expires:%Y-%m-%dT%H:%M:%SZ}"
    minutes = abs(round(left / timedelta(minutes=1)))
    span = f"{minutes // 60} h {minutes % 60:02d} min"
    return Check("expiry", left > timedelta(), f"{when}, {span} {'from now' if left > timedelta() else 'ago'}")


def _further(further: str | AwsRefused) -> Check:
    # AWS grants one to a long-term key; to a session it refuses with a specific message.
    refused = isinstance(further, AwsRefused)
    ok = _TO_SESSIONS in str(further)
    shown = str(further) if refused else "granted, so these are not session credentials"
    return Check("no further session", ok, "refused, as to every session" if ok else shown)


def _mfa(user: str | AwsRefused) -> Check:
    # IAM accepts only sessions created with a code; a policy may still deny the call.
    if not isinstance(user, AwsRefused):
        return Check("mfa", ok=True, detail="IAM accepts the session, so it was created with an MFA code")
    if user.code == "AccessDenied":
        return Check("mfa", ok=True, detail="IAM accepts the session, though a policy denies `iam:GetUser`")
    detail = "IAM rejects the session, so it was created without an MFA code" if user.code == _NO_MFA else str(user)
    return Check("mfa", ok=False, detail=detail)
