"""A login before it happens: all that can be refused without a program, a code or AWS is refused here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit import profiles
from toolkit.errors import CodeMalformed, DestinationHoldsKeys, UsageError
from toolkit.profiles import Profile
from toolkit.settings import LoginSettings


@dataclass(frozen=True)
class Login:
    """Who logs in, and into which profile. Made by `prepare`."""

    source: Profile
    destination: str
    before: str  # the ID of the access key that is in that profile so far
    limit: float  # seconds that the program, and each call after it, may wait for AWS


def prepare(settings: LoginSettings) -> Login:
    """Return the login that is asked for. Raises UsageError or ProfileUnusable; calls nobody and changes nothing."""
    destination = settings.destination or f"{settings.profile}_mfa"
    if destination == settings.profile:
        message = f"source and destination are both `{destination}`, and a session would destroy its keys"
        raise UsageError(message, hint="change `--destination`")
    known = profiles.read()
    source, there = profiles.source(known, settings.profile), known.get(destination)
    if there and there.access_key and not there.is_session:
        message = f"profile `{destination}` holds long-term keys, and a session would destroy them"
        raise DestinationHoldsKeys(message, hint="name another one with `--destination`")
    return Login(source, destination, there.access_key if there else "", settings.aws_timeout)


def checked(text: str) -> str:
    """Return an MFA code without what surrounds it. Raises CodeMalformed, without what was typed."""
    code = text.strip()
    if not re.fullmatch("[0-9]{6}", code):
        raise CodeMalformed("an MFA code is six digits", hint="type the six digits that the device shows now")
    return code
