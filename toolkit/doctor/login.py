"""The checks of a profile: on this machine, in the AWS files, and at AWS. Changes nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

from toolkit.aws import callers
from toolkit.aws import files as awsfiles
from toolkit.aws.clients import Aws, Caller, Identity, proxy
from toolkit.aws.profiles import Settings
from toolkit.doctor import checks_aws, checks_files, checks_network, environment
from toolkit.doctor.checks_aws import Case
from toolkit.doctor.checks_network import Addresses
from toolkit.doctor.environment import Machine
from toolkit.errors import AwsUnreachable, CredentialsUnreadable, ProfileUnusable, ToolkitError
from toolkit.mfa.devices import Owner
from toolkit.model import Check

T = TypeVar("T")

_LIMIT = 10.0  # seconds for AWS to respond to one call
_GRACE = 1.5  # times that limit, after which a call is abandoned: a DNS lookup has no time limit
_NOBODY = "AWS cannot be called"


def examine(profile: str, limit: float = _LIMIT, *, allow_http: bool = False) -> Iterator[Check]:
    """Check that a profile can log in; yield nothing without a profile. `allow_http`: see `callers.caller`."""
    if not profile:
        return
    here = environment.look()
    yield checks_files.variables(here)
    try:
        files = awsfiles.read()
    except CredentialsUnreadable as error:
        there = checks_files.files(here, profile)
        yield there if there.required and not there.ok else checks_files.unparsed(here, error)
        yield from checks_files.modes(here)
        yield _rest(here, profile, "the AWS files cannot be read")
        return
    yield checks_files.default(here, files.reading.names, profile)
    yield checks_files.files(here, profile)
    yield from checks_files.modes(here)
    yield checks_files.sections(here, files, profile)
    yield checks_files.tokens(here, files.reading)
    yield (source := checks_files.source(here, files, profile))
    try:
        settings = files.settings(profile)
    except ProfileUnusable:
        there_is_one = files.reading.profile(profile).exists
        why = "the profile cannot be read" if there_is_one else f"there is no profile `{profile}`"
        yield _rest(here, profile, why)
        return
    case = Case(here, profile, environment.region(here, settings), settings.text("mfa_serial"))
    caller = _or_error(lambda: callers.caller(files, profile, settings, allow_http=allow_http))
    yield from _called(case, settings, caller, limit, usable=source.ok)


def _called(
    case: Case, settings: Settings, caller: Caller | ToolkitError, limit: float, *, usable: bool
) -> Iterator[Check]:
    """Check how AWS is called, then call it."""
    aws, here = Aws(limit), case.machine
    addresses = caller if isinstance(caller, ToolkitError) else _or_error(lambda: aws.addresses(caller))
    yield checks_network.endpoint(here, settings, addresses)
    sts = _of_sts(addresses)
    case = replace(case, address=sts, proxy=proxy(sts))
    yield checks_network.proxy(here, sts, case.proxy) if sts else checks_aws.unknown("proxy", case, _NOBODY)
    yield checks_network.certificates(here, case.profile, environment.bundles(here, settings))
    if not sts or isinstance(caller, ToolkitError):
        yield checks_aws.unknown("clock", case, _NOBODY)
        yield from _unasked(case, _NOBODY)
        return
    ahead = _or_error(lambda: _within(limit * _GRACE, lambda: time.time() - aws.time(caller)))
    yield checks_aws.clock(case, ahead)
    if isinstance(ahead, ToolkitError):
        yield from _unasked(case, "AWS did not respond")
    elif not usable:
        yield from _unasked(case, "the profile has no key to call AWS with")
    elif not caller.access_key:
        yield from _unasked(case, "the keys come from a `credential_process`, which only a login runs")
    else:
        yield from _at_aws(aws, case, caller, limit)


def _of_sts(found: Addresses | ToolkitError) -> str:
    """Return the address of STS; `""` unless every service has an address that can be called."""
    if isinstance(found, ToolkitError) or not all(used for used, _ in found.values()):
        return ""
    return found["sts"][0]


def _at_aws(aws: Aws, case: Case, caller: Caller, limit: float) -> Iterator[Check]:
    """Ask AWS for the owner of the keys and for that user's devices."""
    who = _or_error(lambda: _within(limit * _GRACE, lambda: aws.identity(caller)))
    owner = _or_error(lambda: Owner.of(who, caller.name)) if isinstance(who, Identity) else who
    yield checks_aws.user(case, owner if isinstance(owner, ToolkitError) else who)
    yield checks_aws.partition(case, who if isinstance(who, Identity) else None)
    if isinstance(owner, ToolkitError):
        why = "AWS did not report an IAM user"
        yield checks_aws.unknown("MFA devices", case, why)
        yield checks_aws.serial(case, why, None)
        return
    listed = _or_error(lambda: _within(limit * _GRACE, lambda: aws.devices(caller, owner.name)))
    yield checks_aws.devices(case, owner, listed)
    yield checks_aws.serial(case, owner, None if isinstance(listed, ToolkitError) else listed)


def _unasked(case: Case, why: str) -> Iterator[Check]:
    yield checks_aws.unknown("user", case, why)
    yield checks_aws.partition(case, None)
    yield checks_aws.unknown("MFA devices", case, why)
    yield checks_aws.serial(case, why, None)


def _rest(here: Machine, profile: str, why: str) -> Check:
    return checks_aws.unknown("other checks", Case(here, profile, environment.region(here, Settings({}))), why)


def _or_error(call: Callable[[], T]) -> T | ToolkitError:
    try:
        return call()
    except ToolkitError as error:
        return error


def _within(seconds: float, call: Callable[[], T]) -> T:
    """Return the result of a call. After some seconds, abandons it and raises AwsUnreachable."""
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001 - `done.result` raises it
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        message = f"AWS did not respond within {seconds:g} s"
        raise AwsUnreachable(message, hint="check the network") from None
