"""How a machine calls AWS, a check each: address, proxy, certificates. Pure: `machine` gathers the evidence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from toolkit.addresses import anonymous, is_address
from toolkit.errors import ToolkitError
from toolkit.mfa import mending
from toolkit.mfa.machine import Bundle, Machine
from toolkit.mfa.profiles import Settings, Value
from toolkit.model import Check

# Of a service: the one that is called, `""` where it is none, and the usual one.
Addresses = Mapping[str, tuple[str, str]]

_SETTING = "endpoint_url"


def endpoint(machine: Machine, settings: Settings, found: Addresses | ToolkitError) -> Check:
    """Tell which servers are called in place of AWS's own."""
    if isinstance(found, ToolkitError):
        return Check("endpoint", good=False, found=str(found), mend=found.hint)
    other = {service: used for service, (used, usual) in found.items() if used != usual}
    if not other:
        return Check("endpoint", good=True, found=anonymous(found["sts"][0]))
    bad = [service for service, used in other.items() if not used]
    names = [f"AWS_ENDPOINT_URL_{service.upper()}" for service in bad or other]
    set_ = (bad and machine.set(*names)) or machine.set("AWS_ENDPOINT_URL", *names)  # that of a service counts first
    place = settings.values.get(_SETTING, Value()).place
    there = [machine.surplus(place, _SETTING)] if place.line and not set_ else []
    mend = mending.edit(machine.system, machine.path(place.file), place.line)
    mend = mending.unset(machine.system, set_) if set_ else mend
    where = ", ".join(set_) or "`endpoint_url` in the config file"
    if bad:
        lines = [f"{where}: not an address such as `https://HOST`", *there]
        return Check("endpoint", good=False, found="\n".join(lines), mend=mend)
    told: dict[str, list[str]] = {}
    for service, address in other.items():
        told.setdefault(anonymous(address), []).append(service.upper())
    lines = [f"{shown}, in place of AWS, for {', '.join(services)} ({where})" for shown, services in told.items()]
    return Check("endpoint", good=False, found="\n".join([*lines, *there]), mend=mend, needed=False)


def proxy(machine: Machine, address: str, through: str) -> Check:
    """Tell through which proxy AWS is called; an address that is none is not shown, as any part may be a password."""
    names = _names(machine, address)
    values = {machine.variables[name] for name in names}
    if not through:
        bypass = machine.set("NO_PROXY", "no_proxy")
        return Check("proxy", good=True, found=f"none, by {', '.join(bypass)}" if names and bypass else "none")
    where = ", ".join(names) or "the settings of this system"
    if not is_address(through):
        found = f"{where}: not an address such as `http://HOST:PORT`"
        mend = mending.unset(machine.system, names) or "correct the proxy in the settings of this system"
        return Check("proxy", good=False, found=found, mend=mend)
    if len(values) > 1:
        found = f"{names[0]} and {names[1]} differ: Go takes the first, Python the second"
        return Check("proxy", good=False, found=found, mend=mending.unset(machine.system, names[:1]), needed=False)
    return Check("proxy", good=True, found=f"{anonymous(through)} ({where})")


def certificates(machine: Machine, profile: str, found: Sequence[Bundle]) -> Check:
    """Tell which certificates are trusted in place of the usual ones."""
    bad = next((each for each in found if each.problem), None)
    if bad:
        mend = mending.unset(machine.system, [bad.source])
        if bad.source == "ca_bundle":
            mend = f"{mending.configure(profile, 'ca_bundle', 'FILE')}, with the certificates as PEM"
        return Check("certificates", good=False, found=str(bad), mend=mend)
    return Check("certificates", good=True, found="\n".join(map(str, found)) or "the usual ones")


def through(sentence: str, proxy: str) -> str:
    """Return a sentence about a call that failed, with the proxy in it, if there is one that can be shown."""
    shown = anonymous(proxy) if proxy and is_address(proxy) else ""
    return sentence if shown in sentence else f"{sentence}, through the proxy {shown}"


def look(machine: Machine, address: str, proxy: str) -> str:
    """Return commands that lead around a proxy, and that show where calls of an address end; curl heeds proxies too."""
    curl = f"curl -m 10 -v {shlex.quote(anonymous(address))}"
    names = _names(machine, address) if proxy else []
    return f"{mending.unset(machine.system, names)}, if AWS can be reached without; see: {curl}" if names else curl


def _names(machine: Machine, address: str) -> list[str]:
    scheme = urlsplit(address).scheme
    return machine.set(f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
