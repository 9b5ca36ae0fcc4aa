"""Why the AWS SDK for Go rejects a profile of files that it can parse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from toolkit.aws.profiles.insdk import Section
from toolkit.aws.profiles.views import KEYS, ROLE, ROLE_SOURCES, SSO, Fault, Place, Reason

_INTEGER = re.compile(
    r"([+-]?)(?:0[xX](?P<x>(?:_?[0-9a-fA-F])+)|0[bB](?P<b>(?:_?[01])+)|0[oO]?(?P<o>(?:_?[0-7])+)|(?P<d>0|[1-9](?:_?[0-9])*))",
    re.ASCII,
)
_BASES = {"x": 16, "b": 2, "o": 8, "d": 10}


def rejected(sections: Mapping[str, Section], name: str) -> Fault | None:
    """Return why the SDK cannot use a profile, None if it can. Follows source profiles as the SDK does."""
    seen, above, named = set[str](), list[Section](), Place()
    while section := sections.get(name):
        again = name in seen  # a role counts the first time only
        fault = _bad_value(section) or (None if again else _without_role(section))
        if fault:
            return fault
        if seen and _has_keys(section):
            return _sso_missing(sections, above)
        fault = _two_sources(section, again=again)
        if fault:
            return fault
        if again or not section.text("source_profile"):
            return _sso_missing(sections, [section]) or _empty(section, above) or _sso_missing(sections, above)
        seen.add(name)
        above.append(section)
        name, named = section.text("source_profile"), section.values["source_profile"].place
    return Fault(Reason.SOURCE_MISSING, named, name)


def integer(text: str) -> int | None:
    """Return the number that strconv.ParseInt reads with base 0; None for an error."""
    match = _INTEGER.fullmatch(text)
    if not match or not match.lastgroup:
        return None
    number = int(match[1] + match[match.lastgroup].replace("_", ""), _BASES[match.lastgroup])
    return number if -(2**63) <= number < 2**63 else None


def _has_keys(section: Section) -> bool:
    return all(map(section.text, KEYS))


def _empty(section: Section, above: Sequence[Section]) -> Fault | None:
    """Return a fault if a source profile provides nothing to the last one above it."""
    others = ("credential_process", *ROLE_SOURCES[1:], *SSO)
    if not above or _has_keys(section) or any(map(section.text, others)):
        return None
    source = above[-1].values["source_profile"]
    return Fault(Reason.SOURCE_EMPTY, source.place, source.text)


def _sso_missing(sections: Mapping[str, Section], linked: Sequence[Section]) -> Fault | None:
    for section in reversed(linked):
        session = section.text("sso_session")
        if session and f"sso-session {session.strip()}" not in sections:
            return Fault(Reason.SSO_SESSION_MISSING, section.values["sso_session"].place, session)
    return None


def _without_role(section: Section) -> Fault | None:
    name = next(filter(section.text, ROLE_SOURCES), "")
    if section.text(ROLE[0]) or not name:
        return None
    return Fault(Reason.ROLE_MISSING, section.values[name].place, name)


def _two_sources(section: Section, *, again: bool) -> Fault | None:
    names = ("credential_source", "credential_process", "web_identity_token_file", *(() if again else ROLE_SOURCES[:1]))
    found = [name for name in names if section.text(name)]
    return Fault(Reason.TWO_SOURCES, section.values[found[1]].place, found[1]) if len(found) > 1 else None


def _bad_value(section: Section) -> Fault | None:
    for name, good in _CHECKS.items():
        if name in section.values and not good(section.text(name)):
            return Fault(Reason.BAD_VALUE, section.values[name].place, name)
    return section.partial  # a login corrects only this, so it comes last


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
