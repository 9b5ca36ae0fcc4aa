"""Why the AWS SDK for Go rejects a profile of files that it can parse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from toolkit.mfa.profiles.views import KEYS, ROLE, ROLE_SOURCES, SSO, Fault, Place, Reason, Value

_INTEGER = re.compile(
    r"([+-]?)(?:0[xX](?P<x>(?:_?[0-9a-fA-F])+)|0[bB](?P<b>(?:_?[01])+)|0[oO]?(?P<o>(?:_?[0-7])+)|(?P<d>0|[1-9](?:_?[0-9])*))",
    re.ASCII,
)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}


class _Section(Protocol):
    values: dict[str, Value]
    partial: Fault | None

    def text(self, name: str) -> str: ...


def rejected(sections: Mapping[str, _Section], name: str) -> Fault | None:
    """Return why the SDK cannot use a profile that is there, None if it can."""
    return _linked(sections, name, Place(), set())[1]


def integer(text: str) -> int | None:
    """Return what strconv.ParseInt makes of a text with base 0; None for an error."""
    match = _INTEGER.fullmatch(text)
    if not match or not match.lastgroup:
        return None
    number = int(match[1] + match[match.lastgroup].replace("_", ""), _BASES[match.lastgroup])
    return number if -(2**63) <= number < 2**63 else None


def _linked(sections: Mapping[str, _Section], name: str, named: Place, seen: set[str]) -> tuple[bool, Fault | None]:
    """Follow source profiles as the SDK does; return whether the profile provides credentials, and what is wrong."""
    section = sections.get(name)
    if not section:
        return False, Fault(Reason.SOURCE_MISSING, named, name)
    again = name in seen  # what a role needs counts the first time only
    fault = _bad_value(section) or (None if again else _without_role(section))
    if fault:
        return False, fault
    has_keys = all(map(section.text, KEYS))
    if seen and has_keys:
        return True, None
    seen.add(name)
    fault = _two_sources(section, again=again)
    source = "" if again else section.text("source_profile")
    if source and not fault:
        provides, fault = _linked(sections, source, section.values["source_profile"].place, seen)
        if not provides and not fault:
            fault = Fault(Reason.SOURCE_EMPTY, section.values["source_profile"].place, source)
    session = section.text("sso_session")
    if session and not fault and f"sso-session {session.strip()}" not in sections:
        fault = Fault(Reason.SSO_SESSION_MISSING, section.values["sso_session"].place, session)
    others = ("credential_process", *ROLE_SOURCES[1:], *SSO)
    return not fault and (bool(source) or has_keys or any(map(section.text, others))), fault


def _without_role(section: _Section) -> Fault | None:
    name = next(filter(section.text, ROLE_SOURCES), "")
    if section.text(ROLE[0]) or not name:
        return None
    return Fault(Reason.ROLE_MISSING, section.values[name].place, name)


def _two_sources(section: _Section, *, again: bool) -> Fault | None:
    names = ("credential_source", "credential_process", "web_identity_token_file", *(() if again else ROLE_SOURCES[:1]))
    found = [name for name in names if section.text(name)]
    return Fault(Reason.TWO_SOURCES, section.values[found[1]].place, found[1]) if len(found) > 1 else None


def _bad_value(section: _Section) -> Fault | None:
    if section.partial:
        return section.partial
    for name, good in _CHECKS.items():
        if name in section.values and not good(section.text(name)):
            return Fault(Reason.BAD_VALUE, section.values[name].place, name)
    return None


def _exactly(*words: str) -> Callable[[str], bool]:
    return lambda text: text in words


def _folded(*words: str) -> Callable[[str], bool]:
    return lambda text: "".join(each.casefold() if len(each.casefold()) == 1 else each for each in text) in words


def _size(text: str) -> bool:
    number = integer(text)
    return number is not None and 0 <= number <= 10485760  # noqa: PLR2004 - the SDK's limit


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "ec2_metadata_service_endpoint_mode": lambda text: _folded("", "ipv4", "ipv6")(text.strip()),
    "defaults_mode": _folded("", "auto", "cross-region", "in-region", "legacy", "mobile", "standard"),
    "max_attempts": lambda text: integer(text) is not None,
    "retry_mode": _exactly("standard", "adaptive"),
    "disable_request_compression": _exactly("true", "false"),
    "disable_clock_skew_correction": _exactly("true", "false"),
    "request_min_compression_size_bytes": _size,
    "account_id_endpoint_mode": _exactly("preferred", "required", "disabled"),
    "request_checksum_calculation": _folded("when_supported", "when_required"),
    "response_checksum_validation": _folded("when_supported", "when_required"),
}
