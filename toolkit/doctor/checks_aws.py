"""One check each for the clock, the user and the user's devices, from AWS's responses. Pure: `doctor` calls AWS."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from toolkit.aws.clients import Identity
from toolkit.doctor import checks_network, fixes
from toolkit.doctor.environment import Machine, Region
from toolkit.errors import AwsRefused, AwsUnreachable, ToolkitError
from toolkit.mfa.devices import Owner
from toolkit.model import Check

_FIDO = ":u2f/"
_DRIFT = 15  # seconds: half a period of codes


@dataclass(frozen=True)
class Case:
    """The facts that are known before AWS is called."""

    machine: Machine = field(repr=False)
    profile: str
    region: Region
    serial: str = ""  # of the device that the profile names
    address: str = field(default="", repr=False)  # of STS
    proxy: str = field(default="", repr=False)  # that calls to it go through

    @property
    def quoted(self) -> str:
        """The profile name, quoted for a command."""
        return shlex.quote(self.profile)


def clock(case: Case, ahead: float | ToolkitError) -> Check:
    """Report how far off this machine's clock is, or that AWS's time is unknown."""
    if isinstance(ahead, ToolkitError):
        return failed("AWS response", case, ahead)  # this says nothing about the clock, which may be right
    off = round(ahead)
    detail = f"{abs(off)} s {'ahead of' if off > 0 else 'behind'} AWS" if off else "same time as AWS"
    if ok := abs(off) <= _DRIFT:
        return Check("clock", ok, detail)
    detail = f"{detail}; each code is valid for only half a minute"
    return Check("clock", ok, detail, fixes.clock(case.machine.system, case.machine.tools))


def user(case: Case, who: Identity | ToolkitError) -> Check:
    """Report the owner of the keys."""
    if isinstance(who, Identity):
        return Check("user", ok=True, detail=who.arn)
    if getattr(who, "code", "") == "InvalidClientTokenId":
        fix = f"aws configure --profile={case.quoted}, if the key was deleted; or is the key not in partition"
        return Check("user", ok=False, detail=str(who), fix=f"{fix} `{case.region.partition}`?")
    return failed("user", case, who)


def partition(case: Case, who: Identity | None) -> Check:
    """Check that the region is in the partition of the key, or else of the device."""
    arn = who.arn if who else case.serial
    words, region = arn.split(":"), case.region
    theirs = words[1] if words[0] == "arn" and len(words) > 1 else ""
    fix = fixes.region(case.machine.system, case.profile, region.source, theirs)
    if not region.partition:
        return Check("partition", ok=False, detail=f"unknown {region}", fix=fix, required=False)
    if not theirs:
        return unknown("partition", case, f"{region} is in `{region.partition}`, but AWS did not report the key's")
    what = "the key" if who else "`mfa_serial`"
    if theirs == region.partition:
        return Check("partition", ok=True, detail=f"`{theirs}`, for {what} and {region}")
    detail = f"{what} is in `{theirs}`, but {region} is in `{region.partition}`"
    return Check("partition", ok=False, detail=detail, fix=fix)


def devices(case: Case, owner: Owner, listed: Sequence[str] | ToolkitError) -> Check:
    """Report the user's devices, and which of them can be used."""
    if isinstance(listed, AwsRefused):
        fix = fixes.configure(case.profile, "mfa_serial", owner.serial(owner.name))
        if case.serial:
            fix = f"invoke verify --profile {case.quoted}"
        return Check("MFA devices", ok=False, detail=f"unknown: {listed}", fix=fix, required=False)
    if isinstance(listed, ToolkitError):
        return failed("MFA devices", case, listed)
    shown = [f"{serial} ({'a FIDO key, cannot be used here' if _FIDO in serial else 'usable'})" for serial in listed]
    fix = f"invoke enroll --profile {case.quoted}"
    return Check("MFA devices", bool(_usable(listed)), "\n".join(shown) or "none", fix)


def serial(case: Case, owner: Owner | str, listed: Sequence[str] | None) -> Check:
    """Check that the user has the device that the profile names, and can use it.

    If the user is unknown, `owner` is the reason.
    """
    named = case.serial
    if not named:
        return Check("mfa_serial", ok=True, detail="not set in the profile; a login asks AWS for the devices")
    if isinstance(owner, str):
        return unknown("mfa_serial", case, owner)
    usable = _usable(listed) if listed is not None else [owner.serial(owner.name)]
    fix = fixes.configure(case.profile, "mfa_serial", usable[0]) if usable else ""
    fix = fix or f"invoke enroll --profile {case.quoted}"
    if problem := _problem(named, owner):
        return Check("mfa_serial", ok=False, detail=f"`{named}` {problem}", fix=fix)
    if listed is None:
        detail = f"`{named}`; unknown whether it is a device of `{owner.name}`, because AWS refused the list"
        return Check(
            "mfa_serial", ok=False, detail=detail, fix=f"invoke verify --profile {case.quoted}", required=False
        )
    if named not in listed:
        return Check("mfa_serial", ok=False, detail=f"`{named}` is not a device of `{owner.name}`", fix=fix)
    return Check("mfa_serial", ok=True, detail=named)


def unknown(name: str, case: Case, why: str) -> Check:
    """Report that something could not be checked."""
    fix = f"invoke doctor --profile {case.quoted}, after you fix the failures above"
    return Check(name, ok=False, detail=f"unknown: {why}", fix=fix, required=False)


def failed(name: str, case: Case, error: ToolkitError) -> Check:
    """Report a call that AWS refused or did not answer, and the proxy that it went through."""
    if not isinstance(error, AwsUnreachable):
        return Check(name, ok=False, detail=str(error), fix=error.hint)
    fix = error.hint if error.untrusted else checks_network.look(case.machine, case.address, case.proxy)
    return Check(name, ok=False, detail=checks_network.through(str(error), case.proxy), fix=fix)


def _usable(listed: Sequence[str]) -> list[str]:
    return [serial for serial in listed if _FIDO not in serial]


def _problem(named: str, owner: Owner) -> str:
    """Return the problem with a serial number, as far as the text shows it; `""` if there is none."""
    if _FIDO in named:
        return "is a FIDO key, which shows no codes"
    words = named.split(":")
    if words[0] != "arn":
        return ""
    if len(words) != 6 or not words[5].startswith("mfa/"):  # noqa: PLR2004 - the parts of an ARN
        return "is not the ARN of an MFA device"
    for what, there, ours in (("partition", words[1], owner.partition), ("account", words[4], owner.account)):
        if there != ours:
            return f"is in {what} `{there}`, but the key is in `{ours}`"
    return ""
