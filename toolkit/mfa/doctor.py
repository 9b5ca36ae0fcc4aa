"""What stands between a profile and a login: on this machine, in the AWS files, and at AWS. Changes nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from toolkit import profiles
from toolkit.aws import Aws, Identity
from toolkit.errors import AwsUnreachable, CredentialsUnreadable, ToolkitError
from toolkit.mfa import awsrows, filerows, machine, networkrows
from toolkit.mfa.awsrows import Case
from toolkit.mfa.devices import Owner
from toolkit.mfa.machine import Machine
from toolkit.mfa.networkrows import Addresses
from toolkit.model import Check
from toolkit.profiles import Profile

T = TypeVar("T")

_LIMIT = 10.0  # seconds for AWS to answer one call
_GRACE = 1.5  # of that limit, and a call is left to itself: looking up a name heeds none
_NOBODY = "AWS cannot be called"


def examine(profile: str, limit: float = _LIMIT) -> Iterator[Check]:
    """Look whether a profile can log in; none where no profile is named."""
    if not profile:
        return
    here = machine.look()
    yield filerows.variables(here)
    try:
        known = profiles.read()
    except CredentialsUnreadable as error:
        yield filerows.unparsed(here, error)
        yield from filerows.modes(here)
        yield _rest(here, profile, "the AWS files cannot be read")
        return
    yield filerows.default(here, known, profile)
    yield filerows.files(here, profile)
    yield from filerows.modes(here)
    yield filerows.sections(here, profile)
    yield filerows.tokens(here, known)
    yield (source := filerows.source(here, known, profile))
    if profile not in known:
        yield _rest(here, profile, f"there is no profile `{profile}`")
        return
    yield from _called(here, known[profile], limit, usable=source.good)


def _called(here: Machine, profile: Profile, limit: float, *, usable: bool) -> Iterator[Check]:
    """Look at how AWS is called, and call it."""
    aws = Aws(limit)
    found = machine.region(here, profile.values)
    addresses = _or_error(lambda: aws.addresses(profile.name))
    yield networkrows.endpoint(here, profile.name, addresses)
    sts = _of_sts(addresses)
    case = Case(here, profile, found, sts, machine.proxy(sts))
    yield networkrows.proxy(here, sts, case.proxy) if sts else awsrows.unknown("proxy", case, _NOBODY)
    yield networkrows.certificates(here, profile.name, machine.bundles(here, profile.values))
    if not sts:
        yield awsrows.unknown("clock", case, _NOBODY)
        yield from _unasked(case, _NOBODY)
        return
    ahead = _or_error(lambda: _within(limit * _GRACE, lambda: time.time() - aws.time(profile.name)))
    yield awsrows.clock(case, ahead)
    if isinstance(ahead, ToolkitError):
        yield from _unasked(case, "AWS did not answer")
    elif not usable:
        yield from _unasked(case, "the profile has no key to ask with")
    else:
        yield from _at_aws(aws, case, limit)


def _of_sts(found: Addresses | ToolkitError) -> str:
    """Return the address of STS; `""` where not every service has one that can be called."""
    if isinstance(found, ToolkitError) or not all(used for used, _ in found.values()):
        return ""
    return found["sts"][0]


def _at_aws(aws: Aws, case: Case, limit: float) -> Iterator[Check]:
    """Ask whose the keys are, and which devices that user has."""
    name = case.profile.name
    who = _or_error(lambda: _within(limit * _GRACE, lambda: aws.identity(name)))
    owner = _or_error(lambda: Owner.of(who, name)) if isinstance(who, Identity) else who
    yield awsrows.user(case, owner if isinstance(owner, ToolkitError) else who)
    yield awsrows.partition(case, who if isinstance(who, Identity) else None)
    if isinstance(owner, ToolkitError):
        why = "AWS did not tell of an IAM user"
        yield awsrows.unknown("MFA devices", case, why)
        yield awsrows.serial(case, why, None)
        return
    listed = _or_error(lambda: _within(limit * _GRACE, lambda: aws.devices(name, owner.name)))
    yield awsrows.devices(case, owner, listed)
    yield awsrows.serial(case, owner, None if isinstance(listed, ToolkitError) else listed)


def _unasked(case: Case, why: str) -> Iterator[Check]:
    yield awsrows.unknown("user", case, why)
    yield awsrows.partition(case, None)
    yield awsrows.unknown("MFA devices", case, why)
    yield awsrows.serial(case, why, None)


def _rest(here: Machine, profile: str, why: str) -> Check:
    return awsrows.unknown("rest", Case(here, Profile(profile), machine.region(here, {})), why)


def _or_error(call: Callable[[], T]) -> T | ToolkitError:
    try:
        return call()
    except ToolkitError as error:
        return error


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns. Raises AwsUnreachable after some seconds, and leaves it to itself then."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        message = f"AWS gave no answer within {seconds:g} s"
        raise AwsUnreachable(message, hint="check the network") from None
