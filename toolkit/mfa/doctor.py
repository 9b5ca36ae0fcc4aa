"""What stands between a profile and a login: on this machine, in the AWS files, and at AWS. Changes nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from toolkit.aws import Aws, Caller, Identity, proxy
from toolkit.errors import AwsUnreachable, CredentialsUnreadable, ProfileUnusable, ToolkitError
from toolkit.mfa import awsfiles, awsrows, callers, filerows, machine, networkrows
from toolkit.mfa.awsrows import Case
from toolkit.mfa.devices import Owner
from toolkit.mfa.machine import Machine
from toolkit.mfa.networkrows import Addresses
from toolkit.mfa.profiles import Settings
from toolkit.model import Check

T = TypeVar("T")

_LIMIT = 10.0  # seconds for AWS to answer one call
_GRACE = 1.5  # of that limit, and a call is left to itself: looking up a name heeds none
_NOBODY = "AWS cannot be called"


def examine(profile: str, limit: float = _LIMIT, *, allow_http: bool = False) -> Iterator[Check]:
    """Look whether a profile can log in; none where no profile is named. `allow_http`: see `callers.caller`."""
    if not profile:
        return
    here = machine.look()
    yield filerows.variables(here)
    try:
        files = awsfiles.read()
    except CredentialsUnreadable as error:
        there = filerows.files(here, profile)
        yield there if there.needed and not there.good else filerows.unparsed(here, error)
        yield from filerows.modes(here)
        yield _rest(here, profile, "the AWS files cannot be read")
        return
    yield filerows.default(here, files.reading.names, profile)
    yield filerows.files(here, profile)
    yield from filerows.modes(here)
    yield filerows.sections(here, files, profile)
    yield filerows.tokens(here, files.reading)
    yield (source := filerows.source(here, files, profile))
    try:
        settings = files.settings(profile)
    except ProfileUnusable:
        there_is_one = files.reading.profile(profile).exists
        why = "the profile cannot be read" if there_is_one else f"there is no profile `{profile}`"
        yield _rest(here, profile, why)
        return
    case = Case(here, profile, machine.region(here, settings), settings.text("mfa_serial"))
    caller = _or_error(lambda: callers.caller(files, profile, settings, allow_http=allow_http))
    yield from _called(case, settings, caller, limit, usable=source.good)


def _called(
    case: Case, settings: Settings, caller: Caller | ToolkitError, limit: float, *, usable: bool
) -> Iterator[Check]:
    """Look at how AWS is called, and call it."""
    aws, here = Aws(limit), case.machine
    addresses = caller if isinstance(caller, ToolkitError) else _or_error(lambda: aws.addresses(caller))
    yield networkrows.endpoint(here, case.profile, addresses)
    sts = _of_sts(addresses)
    case = replace(case, address=sts, proxy=proxy(sts))
    yield networkrows.proxy(here, sts, case.proxy) if sts else awsrows.unknown("proxy", case, _NOBODY)
    yield networkrows.certificates(here, case.profile, machine.bundles(here, settings))
    if not sts or isinstance(caller, ToolkitError):
        yield awsrows.unknown("clock", case, _NOBODY)
        yield from _unasked(case, _NOBODY)
        return
    ahead = _or_error(lambda: _within(limit * _GRACE, lambda: time.time() - aws.time(caller)))
    yield awsrows.clock(case, ahead)
    if isinstance(ahead, ToolkitError):
        yield from _unasked(case, "AWS did not answer")
    elif not usable:
        yield from _unasked(case, "the profile has no key to ask with")
    elif not caller.access_key:
        yield from _unasked(case, "the keys come from a `credential_process`, which only a login runs")
    else:
        yield from _at_aws(aws, case, caller, limit)


def _of_sts(found: Addresses | ToolkitError) -> str:
    """Return the address of STS; `""` where not every service has one that can be called."""
    if isinstance(found, ToolkitError) or not all(used for used, _ in found.values()):
        return ""
    return found["sts"][0]


def _at_aws(aws: Aws, case: Case, caller: Caller, limit: float) -> Iterator[Check]:
    """Ask whose the keys are, and which devices that user has."""
    who = _or_error(lambda: _within(limit * _GRACE, lambda: aws.identity(caller)))
    owner = _or_error(lambda: Owner.of(who, caller.name)) if isinstance(who, Identity) else who
    yield awsrows.user(case, owner if isinstance(owner, ToolkitError) else who)
    yield awsrows.partition(case, who if isinstance(who, Identity) else None)
    if isinstance(owner, ToolkitError):
        why = "AWS did not tell of an IAM user"
        yield awsrows.unknown("MFA devices", case, why)
        yield awsrows.serial(case, why, None)
        return
    listed = _or_error(lambda: _within(limit * _GRACE, lambda: aws.devices(caller, owner.name)))
    yield awsrows.devices(case, owner, listed)
    yield awsrows.serial(case, owner, None if isinstance(listed, ToolkitError) else listed)


def _unasked(case: Case, why: str) -> Iterator[Check]:
    yield awsrows.unknown("user", case, why)
    yield awsrows.partition(case, None)
    yield awsrows.unknown("MFA devices", case, why)
    yield awsrows.serial(case, why, None)


def _rest(here: Machine, profile: str, why: str) -> Check:
    return awsrows.unknown("rest", Case(here, profile, machine.region(here, Settings({}))), why)


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
