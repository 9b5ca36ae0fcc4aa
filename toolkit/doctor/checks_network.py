"""One check each for address, proxy and certificates. Pure: `machine` gathers the evidence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from toolkit.aws.profiles import Settings, Value
from toolkit.doctor import fixes
from toolkit.doctor.environment import Bundle, Machine
from toolkit.errors import ToolkitError
from toolkit.model import Check
from toolkit.redact import anonymous, is_address

# By service: the address that is called (`""` if it is not an address), and the usual one.
Addresses = Mapping[str, tuple[str, str]]

_SETTING = "endpoint_url"


def endpoint(machine: Machine, settings: Settings, found: Addresses | ToolkitError) -> Check:
    """Report the servers that are called instead of AWS."""
    if isinstance(found, ToolkitError):
        return Check("endpoint", ok=False, detail=str(found), fix=found.hint)
    other = {service: used for service, (used, usual) in found.items() if used != usual}
    if not other:
        return Check("endpoint", ok=True, detail=anonymous(found["sts"][0]))
    bad = [service for service, used in other.items() if not used]
    names = [f"AWS_ENDPOINT_URL_{service.upper()}" for service in bad or other]
    set_ = (bad and machine.set(*names)) or machine.set("AWS_ENDPOINT_URL", *names)  # a service's own wins
    place = settings.values.get(_SETTING, Value()).place
    there = [machine.surplus(place, _SETTING)] if place.line and not set_ else []
    fix = fixes.edit(machine.system, machine.path(place.file), place.line)
    fix = fixes.unset(machine.system, set_) if set_ else fix
    where = ", ".join(set_) or "`endpoint_url` in the config file"
    if bad:
        lines = [f"{where}: not an address such as `https://HOST`", *there]
        return Check("endpoint", ok=False, detail="\n".join(lines), fix=fix)
    told: dict[str, list[str]] = {}
    for service, address in other.items():
        told.setdefault(anonymous(address), []).append(service.upper())
    lines = [f"{shown} instead of AWS for {', '.join(services)} ({where})" for shown, services in told.items()]
    return Check("endpoint", ok=False, detail="\n".join([*lines, *there]), fix=fix, required=False)


def proxy(machine: Machine, address: str, through: str) -> Check:
    """Report the proxy for calls to AWS. Never shows a malformed address, any part of which may be a password."""
    names = _names(machine, address)
    values = {machine.variables[name] for name in names}
    if not through:
        bypass = machine.set("NO_PROXY", "no_proxy")
        return Check("proxy", ok=True, detail=f"none, because of {', '.join(bypass)}" if names and bypass else "none")
    where = ", ".join(names) or "the system settings"
    if not is_address(through):
        found = f"{where}: not an address such as `http://HOST:PORT`"
        fix = fixes.unset(machine.system, names) or "correct the proxy in the system settings"
        return Check("proxy", ok=False, detail=found, fix=fix)
    if len(values) > 1:
        found = f"{names[0]} and {names[1]} differ: Go uses the first, Python the second"
        return Check("proxy", ok=False, detail=found, fix=fixes.unset(machine.system, names[:1]), required=False)
    return Check("proxy", ok=True, detail=f"{anonymous(through)} ({where})")


def certificates(machine: Machine, profile: str, found: Sequence[Bundle]) -> Check:
    """Report certificates that are trusted instead of the usual ones."""
    bad = next((each for each in found if each.problem), None)
    if bad:
        fix = fixes.unset(machine.system, [bad.source])
        if bad.source == "ca_bundle":
            fix = f"{fixes.configure(profile, 'ca_bundle', 'FILE')}, with the certificates in PEM format"
        return Check("certificates", ok=False, detail=str(bad), fix=fix)
    return Check("certificates", ok=True, detail="\n".join(map(str, found)) or "the usual ones")


def through(sentence: str, proxy: str) -> str:
    """Return a sentence about a failed call, with the proxy added if there is one and it can be shown."""
    shown = anonymous(proxy) if proxy and is_address(proxy) else ""
    return sentence if shown in sentence else f"{sentence}, through the proxy {shown}"


def look(machine: Machine, address: str, proxy: str) -> str:
    """Return commands that bypass a proxy, and that show how calls to an address fail; curl uses proxies too."""
    curl = f"curl -m 10 -v {shlex.quote(anonymous(address))}"
    names = _names(machine, address) if proxy else []
    return f"{fixes.unset(machine.system, names)}, if AWS can be reached without it; test: {curl}" if names else curl


def _names(machine: Machine, address: str) -> list[str]:
    scheme = urlsplit(address).scheme
    return machine.set(f"{scheme.upper()}_PROXY", f"{scheme}_proxy")
