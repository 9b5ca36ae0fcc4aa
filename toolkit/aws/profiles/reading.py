"""Profiles as both readers see them: the kinds of their credentials, and the chain of source profiles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from toolkit.aws.profiles import inbotocore, insdk, sdkchecks
from toolkit.aws.profiles.inbotocore import InBotocore
from toolkit.aws.profiles.insdk import InSdk
from toolkit.aws.profiles.views import KEYS, PLAIN, ROLE, SERVICES, SSO, TOKENS, Fault, File, Place, Value, View


class End(StrEnum):
    """The profile that a hop leads to. Only ROLE can be followed by another hop."""

    KEY = "key"  # its key, regardless of other settings
    SELF = "self"  # the profile before it, which names itself and has a key
    LOOP = "loop"  # an earlier profile of the chain, so none has a key
    MISSING = "missing"
    ROLE = "role"
    OTHER = "other"  # SSO, `aws login` or a process
    NOTHING = "nothing"


@dataclass(frozen=True)
class Hop:
    """A step from a profile to its source_profile."""

    name: str  # the profile that it leads to
    place: Place  # the setting that names it
    ends: End


@dataclass(frozen=True)
class Profile:
    """A profile as both readers see it.

    A kind of credentials counts if either reader sees it: a role that only one of them finds can still hide a session.
    """

    name: str
    botocore: View
    sdk: View
    chain: tuple[Hop, ...] = ()  # the source profiles, each named by the one before it
    strays: tuple[Place, ...] = ()  # similar headers that at most one reader recognizes

    @property
    def exists(self) -> bool:
        """Whether some reader finds it."""
        return self.botocore.exists or self.sdk.exists

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its credentials: `key`, `session`, `role`, `sso`, `login`, `process`."""
        keys, sessions = zip(*(keys_in(view) for view in (self.botocore, self.sdk)), strict=True)
        found = {
            "key": any(keys),
            "session": any(sessions),
            "role": self.first(*ROLE)[0],
            "sso": self.first(*SSO)[0],
            "login": self.either("login_session").text,
            "process": self.either("credential_process").text,
        }
        return tuple(name for name, there in found.items() if there)

    @property
    def differences(self) -> tuple[str, ...]:
        """The settings whose texts differ between the readers, without the old token."""
        names = (name for name in (*PLAIN, *SERVICES) if name != TOKENS[1])
        return tuple(name for name in names if self.botocore.text(name) != self.sdk.text(name))

    def either(self, name: str) -> Value:
        """Return a setting as botocore sees it, or as the SDK does if botocore sees none."""
        views = (self.botocore, self.sdk)
        return next((view.values[name] for view in views if view.text(name)), Value())

    def first(self, *names: str) -> tuple[str, Value]:
        """Return the first of the settings that either reader sees, with its name."""
        return next(((name, self.either(name)) for name in names if self.either(name).text), ("", Value()))


@dataclass(frozen=True)
class Reading:
    """Both files as both readers parse them. Made by `read`."""

    in_botocore: InBotocore
    in_sdk: InSdk
    strays: tuple[tuple[str, Place], ...]

    @property
    def broken(self) -> Fault | None:
        """Why one of the readers cannot parse one of the files."""
        return self.in_botocore.broken or self.in_sdk.broken

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the profiles that some reader finds."""
        others = ("sso-session ", "services ")
        found = {**self.in_botocore.profiles, **self.in_botocore.credentials, **self.in_sdk.sections}
        return tuple(name for name in found if not name.startswith(others))

    def profile(self, name: str) -> Profile:
        """Return a profile, which need not exist."""
        alone = self._alone(name)
        strays = tuple(place for profile, place in self.strays if profile == name)
        rejected = sdkchecks.rejected(self.in_sdk.sections, name) if alone.sdk.exists else None
        return replace(alone, sdk=replace(alone.sdk, rejected=rejected), chain=tuple(self._chain(alone)), strays=strays)

    def _alone(self, name: str) -> Profile:
        return Profile(name, self.in_botocore.view(name), self.in_sdk.view(name))

    def _chain(self, now: Profile) -> Iterator[Hop]:
        seen = {now.name}
        while (value := now.either("source_profile")).text:
            then = self._alone(value.text)
            ends = _end(then, now.name, seen)
            yield Hop(then.name, value.place, ends)
            if ends is not End.ROLE:
                return
            seen.add(then.name)
            now = then


def read(config: bytes, credentials: bytes) -> Reading:
    """Parse both files for both readers. The views of each profile report parse errors."""
    strays = (*_strays(File.CONFIG, config), *_strays(File.CREDENTIALS, credentials))
    return Reading(inbotocore.parse(config, credentials), insdk.parse(config, credentials), strays)


def keys_in(view: View) -> tuple[bool, bool]:
    """Return whether a reader sees a key, or half of one, and whether it comes with a token."""
    key = any(map(view.text, KEYS))
    return key, key and any(map(view.text, TOKENS))


def _end(profile: Profile, before: str, seen: set[str]) -> End:
    kinds = profile.kinds
    if not profile.exists:
        return End.MISSING
    if "key" in kinds and profile.name == before:
        return End.SELF
    if profile.name in seen:
        return End.LOOP
    if "key" in kinds:
        return End.KEY
    if profile.either("source_profile").text:
        return End.ROLE
    return End.OTHER if kinds else End.NOTHING


def _strays(file: File, data: bytes) -> Iterator[tuple[str, Place]]:
    """Yield headers that one reader or a person reads as that of a profile, and another reader does not."""
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        text = line.strip()
        if text.startswith("["):
            in_botocore, in_sdk = inbotocore.profile_of(file, text), insdk.profile_of(file, text)
            for name in dict.fromkeys((in_botocore, in_sdk, _meant(text))):
                if name and (name != in_botocore or name != in_sdk):
                    yield name, Place(file, number)


def _meant(header: str) -> str:
    """Return the profile that a person reads in a header: without prefix, quotation marks and surplus blanks."""
    words = re.sub("[\"']", " ", header[1:].partition("]")[0]).split()
    return " ".join(words[1:] if len(words) > 1 and words[0].lower() == "profile" else words)
