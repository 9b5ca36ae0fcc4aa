"""The proof that a built program logs people in: it is run for real, and STS and S3 are asked what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from toolkit import profiles, targets
from toolkit.aws import Aws, Identity
from toolkit.errors import AwsRefused, LoginFailed, NotProven, OtherUser
from toolkit.mfa.login import Login
from toolkit.mfa.program import log_in
from toolkit.model import Check, Dist
from toolkit.profiles import Profile

_TEMPORARY = "ASIA"  # what AWS lets the keys of sessions begin with
_WHO = ("account", "user")

T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """What was found after a login. A text stands for a call that AWS refused, and is what it said."""

    source: Identity  # who the long-term key belongs to
    session: Identity | str
    profile: Profile  # what the program wrote
    buckets: tuple[str, ...] | str


@dataclass(frozen=True)
class Proof:
    """How `verify` ended. Made by it, printed by `report`."""

    identity: Identity | None  # of the session; None where STS did not take it
    checks: tuple[Check, ...]
    said: str  # what the program told on standard error


def verify(login: Login, dist: Dist, ask: Callable[[], str], *, require_s3: bool = False) -> Proof:
    """Log in with this machine's program, and look at what came of it.

    `ask` is called for a code only where the login has none. Raises CodeMalformed, LoginFailed and its kinds,
    CredentialsUnwritable, or NotProven where the program is not the one that was built. What AWS says of the session is
    in the checks; see `require`.
    """
    with ThreadPoolExecutor() as pool:
        ready = pool.submit(Aws, login.limit)
        code = login.ask(ask)
        aws = ready.result()
        owner = pool.submit(aws.identity, login.source.name)
        said = log_in(targets.mine(dist.binaries), login, code)
        written = profiles.read().get(login.destination)
        if not written or not written.access_key:
            message = f"the program ended well, and profile `{login.destination}` has no keys"
            raise LoginFailed(message, hint=f"look at `{profiles.place()}`")
        session = pool.submit(_or_refusal, aws.identity, login.destination)
        buckets = pool.submit(_or_refusal, aws.buckets, login.destination)
        found = Evidence(owner.result(), session.result(), written, buckets.result())
    identity = found.session if isinstance(found.session, Identity) else None
    return Proof(identity, tuple(judged(found, require_s3=require_s3)), said)


def judged(found: Evidence, *, require_s3: bool) -> Iterator[Check]:
    """Yield what the evidence says, a check each. Pure."""
    yield _same("account", "account", found)
    yield _same("user", "arn", found)
    yield _key(found.profile)
    yield _expiry(found.profile, now=found.source.at)
    listed = not isinstance(found.buckets, str)
    shown = f"{len(found.buckets)} buckets" if listed else str(found.buckets)
    yield Check("s3 ls", listed, shown, "a policy has to allow `s3:ListAllMyBuckets`", needed=require_s3)


def require(proof: Proof) -> None:
    """Raise OtherUser or NotProven if a check that is needed is not good."""
    bad = [check for check in proof.checks if check.needed and not check.good]
    if bad:
        kind = OtherUser if any(check.name in _WHO for check in bad) else NotProven
        names = ", ".join(f"`{check.name}`" for check in bad)
        raise kind(f"the login is not proven: {names}", hint=bad[0].mend or "the rows above say what was found")


def _same(name: str, attribute: str, found: Evidence) -> Check:
    if isinstance(found.session, str):
        return Check(name, good=False, found=found.session)
    before, after = getattr(found.source, attribute), getattr(found.session, attribute)
    return Check(name, before == after, after if before == after else f"{after}, while the key's is {before}")


def _key(profile: Profile) -> Check:
    first, last = profile.access_key[: len(_TEMPORARY)], profile.access_key[-4:]
    good = first == _TEMPORARY and profile.is_session
    return Check(
        "session key", good, f"{first}…{last}" + ("" if good else f", and a session's begins with {_TEMPORARY}")
    )


def _expiry(profile: Profile, now: float) -> Check:
    if not profile.expires:
        return Check("expiry", good=False, found="the program wrote none down", needed=False)
    left = profile.expires - datetime.fromtimestamp(now, UTC)
    when = f"{profile.expires:%Y-%m-%dT%H:%M:%SZ}"
    minutes = abs(round(left / timedelta(minutes=1)))
    span = f"{minutes // 60} h {minutes % 60:02d} min"
    return Check("expiry", left > timedelta(), f"{when}, {span} {'from now' if left > timedelta() else 'ago'}")


def _or_refusal(call: Callable[[str], T], profile: str) -> T | str:
    try:
        return call(profile)
    except AwsRefused as error:
        return str(error)
