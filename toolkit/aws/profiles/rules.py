"""The values of a profile that we use where the two readers agree or differ, and the profiles that we refuse."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.aws.profiles.insdk import unquoted, without_comment
from toolkit.aws.profiles.reading import Profile, keys_in
from toolkit.aws.profiles.views import (
    BOOLEANS,
    KEYS,
    ROLE,
    ROLE_SOURCES,
    SERVICES,
    SSO,
    TOKENS,
    Fault,
    Place,
    Reason,
    Refused,
    Value,
    View,
)

_TAKEN = (
    *KEYS, *TOKENS, "credential_process", "region", "mfa_serial", "endpoint_url", *SERVICES,
    "ignore_configured_endpoint_urls", "ca_bundle", *BOOLEANS, "max_attempts",
)  # fmt: skip
_MOST_ATTEMPTS = 9  # digits


@dataclass(frozen=True)
class Settings:
    """The values of a profile that we use. Empty values are left out."""

    values: Mapping[str, Value]
    notes: tuple[Fault, ...] = ()

    def text(self, name: str) -> str:
        """Return the text of a setting, `""` if there is none."""
        return self.values[name].text if name in self.values else ""


def settings(profile: Profile) -> Settings:
    """Return the values of a profile that we use. Raises Refused.

    Both readers must be able to parse both files. A value that both see, or that only one of them sees, is used. If
    they differ only by quotation marks or a comment, the SDK's value is used, because botocore's cannot work. In a
    command both can work, so there and everywhere else a difference is refused. A number of attempts that is not a
    number is ignored.
    """
    fault = _unreadable(profile)
    if fault:
        raise Refused(fault)
    values, notes = dict[str, Value](), list[Fault]()
    for name in _TAKEN:
        value, note = _agreed(profile, name)
        if note:
            notes.append(Fault(note, value.place, name))
        if value.text:
            values[name] = value
    return Settings(values, tuple(notes))


def source(profile: Profile) -> Settings:
    """Return the settings of a profile that a login starts from: one with a long-term key or a credential_process.

    A role in the same profile is ignored, with a note, if it uses the profile's own key. A role that uses other keys is
    refused: the AWS CLI would use those. Raises Refused.
    """
    taken = settings(profile)
    fault = _unfit_source(profile, taken)
    if fault:
        raise Refused(fault)
    name, value = profile.first("role_arn", "source_profile")
    notes = (Fault(Reason.ROLE_UNUSED, value.place, name),) if name else ()
    return Settings(taken.values, (*taken.notes, *notes))


def destination(profile: Profile) -> None:
    """Raise Refused if a session in the profile would overwrite keys, be hidden, or be unreadable for a reader.

    The profile need not exist.
    """
    fault = _unreadable(profile)
    if fault and fault.reason is Reason.NO_PROFILE:
        return
    views = (profile.botocore, profile.sdk)
    for view in views:
        key, session = keys_in(view)
        if key and not session and not _old_session(profile, view):
            fault = fault or Fault(Reason.HOLDS_KEYS, view.values[next(filter(view.text, KEYS))].place, profile.name)
    if profile.first(*ROLE)[0]:
        fault = fault or Fault(Reason.IS_ROLE, profile.first(*ROLE)[1].place, profile.name)
    fault = fault or _sign_in(profile)
    # A login writes both keys, so half of a pair does not matter.
    rejected = [view.rejected for view in views if view.rejected and view.rejected.reason is not Reason.PARTIAL_KEYS]
    if fault or rejected:
        raise Refused(fault or rejected[0])


def _old_session(profile: Profile, view: View) -> bool:
    """Return whether a view's key belongs to a session whose token only botocore sees: an old tool wrote it."""
    name = next(filter(view.text, KEYS))
    return bool(profile.botocore.text(TOKENS[1])) and view.values[name] == profile.botocore.values.get(name)


def is_plain(text: str) -> bool:
    """Return whether a text has nothing but visible ASCII characters, as the keys and tokens of AWS do.

    One that was copied from a page can have an invisible character in it.
    """
    return text.isascii() and text.isprintable() and " " not in text


def is_boolean(text: str) -> bool:
    """Return whether a text is `true` or `false`, in any case."""
    return text.lower() in {"true", "false"}


def attempts(text: str) -> int:
    """Return a number of attempts; 0 if the text is not one."""
    return int(text) if text.isascii() and text.isdecimal() and int(text[:-1] or 0) < 10 ** (_MOST_ATTEMPTS - 1) else 0


def _unreadable(profile: Profile) -> Fault | None:
    broken = profile.botocore.broken or profile.sdk.broken
    if broken or profile.exists:
        return broken
    return Fault(Reason.NO_PROFILE, next(iter(profile.strays), Place()), profile.name)


def _agreed(profile: Profile, name: str) -> tuple[Value, Reason | None]:
    """Return the value of a setting that we use, with a reason for a note."""
    botocore, sdk = profile.botocore.values.get(name, Value()), profile.sdk.values.get(name, Value())
    value, note = botocore, None
    if botocore.text != sdk.text:
        decorated = botocore.place == sdk.place and _undecorated(botocore.text) == sdk.text
        if decorated and name != "credential_process":
            value, note = sdk, Reason.DECORATED
        elif not (botocore.text and sdk.text):
            value, note = (botocore if botocore.text else sdk), Reason.ONE_READER
        elif name == "max_attempts":
            return Value(), None
        else:
            raise Refused(Fault(Reason.READERS_DIFFER, botocore.place, name))
    if name == "max_attempts" and not attempts(value.text):
        return Value(), None
    has_control = any(unicodedata.category(letter) == "Cc" for letter in value.text)
    if has_control or (name in (*KEYS, *TOKENS) and not is_plain(value.text)):
        raise Refused(Fault(Reason.UNUSABLE, value.place, name))
    if name in BOOLEANS and value.text and not is_boolean(value.text):
        raise Refused(Fault(Reason.NOT_BOOLEAN, value.place, name))
    return value, None if name == TOKENS[1] else note  # only botocore knows that token, so there is nothing to note


def _undecorated(text: str) -> str:
    """Return a value without the comment and the quotation marks that the SDK removes."""
    plain = unquoted(without_comment(f" {text}").strip())
    return text if plain is None else plain


def _unfit_source(profile: Profile, taken: Settings) -> Fault | None:
    has_key, kinds = all(map(taken.text, KEYS)), profile.kinds
    token = next(filter(taken.text, TOKENS), "")
    if has_key and token:
        return Fault(Reason.IS_SESSION, taken.values[token].place, profile.name)
    if has_key:
        return _elsewhere(profile)
    if "role" in kinds:
        return Fault(Reason.IS_ROLE, profile.first(*ROLE)[1].place, profile.name)
    if "key" in kinds:
        return Fault(Reason.PARTIAL_KEYS, profile.first(*KEYS)[1].place, profile.name)
    return _sign_in(profile) or (None if "process" in kinds else Fault(Reason.NO_KEY, name=profile.name))


def _elsewhere(profile: Profile) -> Fault | None:
    """Return the source of keys of the profile's role if that is not the profile."""
    for name in ROLE_SOURCES:
        value = profile.either(name)
        if value.text and (name, value.text) != ("source_profile", profile.name):
            return Fault(Reason.ROLE_ELSEWHERE, value.place, value.text)
    return None


def _sign_in(profile: Profile) -> Fault | None:
    login, (sso, value) = profile.either("login_session"), profile.first(*SSO)
    if login.text:
        return Fault(Reason.USES_LOGIN, login.place, profile.name)
    return Fault(Reason.USES_SSO, value.place, profile.name) if sso else None
