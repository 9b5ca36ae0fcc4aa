"""What AWS says of a machine's clock, of a user and of the user's devices, a check each. Pure: `doctor` asks AWS."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from toolkit.aws import Identity
from toolkit.errors import AwsRefused, AwsUnreachable, ToolkitError
from toolkit.mfa import mending, networkrows
from toolkit.mfa.devices import Owner
from toolkit.mfa.machine import Machine, Region
from toolkit.model import Check

_FIDO = ":u2f/"
_DRIFT = 15  # seconds: half a period of codes


@dataclass(frozen=True)
class Case:
    """What is known before AWS is asked."""

    machine: Machine = field(repr=False)
    profile: str
    region: Region
    serial: str = ""  # of the device that the profile names
    address: str = field(default="", repr=False)  # of STS
    proxy: str = field(default="", repr=False)  # through which it is called

    @property
    def quoted(self) -> str:
        """The name of the profile, for a command."""
        return shlex.quote(self.profile)


def clock(case: Case, ahead: float | ToolkitError) -> Check:
    """Tell how far the clock of this machine is off, or that there was no answer to tell it by."""
    if isinstance(ahead, ToolkitError):
        return failed("answer", case, ahead)  # nothing is known of the clock then, and it may be right
    off = round(ahead)
    found = f"{abs(off)} s {'ahead of' if off > 0 else 'behind'} AWS" if off else "that of AWS"
    if good := abs(off) <= _DRIFT:
        return Check("clock", good, found)
    found = f"{found}; codes are right for half a minute only"
    return Check("clock", good, found, mending.clock(case.machine.system, case.machine.tools))


def user(case: Case, who: Identity | ToolkitError) -> Check:
    """Tell whose keys they are."""
    if isinstance(who, Identity):
        return Check("user", good=True, found=who.arn)
    if getattr(who, "code", "") == "InvalidClientTokenId":
        mend = f"aws configure --profile={case.quoted}, if the key was deleted; or is it one of another partition than"
        return Check("user", good=False, found=str(who), mend=f"{mend} `{case.region.partition}`?")
    return failed("user", case, who)


def partition(case: Case, who: Identity | None) -> Check:
    """Tell whether the region that is called is in the partition of the key, or else of the device."""
    arn = who.arn if who else case.serial
    words, region = arn.split(":"), case.region
    theirs = words[1] if words[0] == "arn" and len(words) > 1 else ""
    mend = mending.region(case.machine.system, case.profile, region.source, theirs)
    if not region.partition:
        return Check("partition", good=False, found=f"{region} is none that is known", mend=mend, needed=False)
    if not theirs:
        return unknown("partition", case, f"that of {region} is `{region.partition}`, and AWS did not tell the key's")
    what = "the key" if who else "`mfa_serial`"
    if theirs == region.partition:
        return Check("partition", good=True, found=f"`{theirs}`, that of {what} and of {region}")
    found = f"{what} is of `{theirs}`, and {region} is of `{region.partition}`"
    return Check("partition", good=False, found=found, mend=mend)


def devices(case: Case, owner: Owner, listed: Sequence[str] | ToolkitError) -> Check:
    """Tell which devices a user has, and which of them can be used."""
    if isinstance(listed, AwsRefused):
        mend = mending.configure(case.profile, "mfa_serial", owner.serial(owner.name))
        if case.serial:
            mend = f"invoke verify --profile {case.quoted}"
        return Check("MFA devices", good=False, found=f"not known: {listed}", mend=mend, needed=False)
    if isinstance(listed, ToolkitError):
        return failed("MFA devices", case, listed)
    shown = [f"{serial} ({'a FIDO key, of no use here' if _FIDO in serial else 'usable'})" for serial in listed]
    mend = f"invoke enroll --profile {case.quoted}"
    return Check("MFA devices", bool(_usable(listed)), "\n".join(shown) or "none", mend)


def serial(case: Case, owner: Owner | str, listed: Sequence[str] | None) -> Check:
    """Tell whether the device that a profile names is one that the user has and can use.

    Where the user is not known, `owner` is why.
    """
    named = case.serial
    if not named:
        return Check("mfa_serial", good=True, found="none in the profile, so the devices are asked for")
    if isinstance(owner, str):
        return unknown("mfa_serial", case, owner)
    usable = _usable(listed) if listed is not None else [owner.serial(owner.name)]
    mend = mending.configure(case.profile, "mfa_serial", usable[0]) if usable else ""
    mend = mend or f"invoke enroll --profile {case.quoted}"
    if problem := _problem(named, owner):
        return Check("mfa_serial", good=False, found=f"`{named}` {problem}", mend=mend)
    if listed is None:
        found = f"`{named}`; not known whether it is a device of `{owner.name}`, as AWS does not tell them"
        return Check("mfa_serial", good=False, found=found, mend=f"invoke verify --profile {case.quoted}", needed=False)
    if named not in listed:
        return Check("mfa_serial", good=False, found=f"`{named}` is no device of `{owner.name}`", mend=mend)
    return Check("mfa_serial", good=True, found=named)


def unknown(name: str, case: Case, why: str) -> Check:
    """Tell that something could not be found out."""
    mend = f"invoke doctor --profile {case.quoted}, when what failed above is mended"
    return Check(name, good=False, found=f"not known: {why}", mend=mend, needed=False)


def failed(name: str, case: Case, error: ToolkitError) -> Check:
    """Tell of a call that AWS did not answer, or refused; and through which proxy it went."""
    if not isinstance(error, AwsUnreachable):
        return Check(name, good=False, found=str(error), mend=error.hint)
    mend = error.hint if error.untrusted else networkrows.look(case.machine, case.address, case.proxy)
    return Check(name, good=False, found=networkrows.through(str(error), case.proxy), mend=mend)


def _usable(listed: Sequence[str]) -> list[str]:
    return [serial for serial in listed if _FIDO not in serial]


def _problem(named: str, owner: Owner) -> str:
    """Return what is wrong with a serial number by itself, or `""`."""
    if _FIDO in named:
        return "is a FIDO key, which shows no codes"
    words = named.split(":")
    if words[0] != "arn":
        return ""
    if len(words) != 6 or not words[5].startswith("mfa/"):  # noqa: PLR2004 - the parts of an ARN
        return "is not the ARN of an MFA device"
    for what, there, ours in (("partition", words[1], owner.partition), ("account", words[4], owner.account)):
        if there != ours:
            return f"is of {what} `{there}`, and the key of `{ours}`"
    return ""
