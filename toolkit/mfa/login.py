"""Preparing a login: everything that can be refused without a program, a code or AWS is refused here."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from toolkit.aws import callers
from toolkit.aws import files as awsfiles
from toolkit.aws.clients import Caller
from toolkit.aws.profiles import File
from toolkit.aws.profiles.views import KEYS
from toolkit.errors import CodeMalformed, LoginFailed, ProfileUnusable, UsageError
from toolkit.settings import LoginSettings

_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")  # noqa: RUF001 - what Japanese keyboards type


@dataclass(frozen=True)
class Login:
    """The source and the destination of a login. Made by `prepare`."""

    source: Caller
    destination: str
    before: str  # the access key ID in that profile before the login
    limit: float  # seconds that the program, and each call after it, may wait for AWS
    allow_http: bool = False  # also to other computers


@dataclass(frozen=True)
class Written:
    """The session in a destination. Made by `written`."""

    caller: Caller
    expires: datetime | None


def prepare(settings: LoginSettings) -> Login:
    """Return the requested login. Raises UsageError or ProfileUnusable; changes nothing.

    Runs the `credential_process` of the source if the profile has no key, and nothing else.
    """
    destination = settings.destination or f"{settings.profile}_mfa"
    if destination == settings.profile:
        message = f"source and destination are both `{destination}`, so the session would overwrite its keys"
        raise UsageError(message, hint="choose another profile with `--destination`")
    files = awsfiles.read()
    found = files.source(settings.profile)
    files.require_destination(destination)
    source = callers.caller(files, settings.profile, found, allow_http=settings.allow_http)
    if not source.access_key:
        source = callers.of_process(source, found.text("credential_process"), settings.aws_timeout)
    before = files.reading.profile(destination).either(KEYS[0]).text
    return Login(source, destination, before, settings.aws_timeout, settings.allow_http)


def written(login: Login) -> Written:
    """Return the session in the destination; its calls go to the source's endpoints. Raises LoginFailed."""
    caller = replace(login.source, name=login.destination)
    try:
        files = awsfiles.read()
        session = callers.with_keys(caller, files.reading.profile(login.destination).botocore.text)
    except ProfileUnusable as error:
        raise LoginFailed(f"the program reported a login, but {error}", hint=error.hint) from None
    if not session.access_key:
        message = f"the program reported a login, but profile `{login.destination}` has no keys"
        raise LoginFailed(message, hint=f"check `{files.paths[File.CREDENTIALS]}`")
    return Written(session, files.expiry(login.destination))


def checked(text: str) -> str:
    """Return an MFA code without the blanks and invisible characters that copying adds.

    Raises CodeMalformed; the message does not contain the input.
    """
    code = "".join(letter for letter in text.strip().translate(_FULL_WIDTH) if not _is_blank(letter))
    if not re.fullmatch("[0-9]{6}", code):
        raise CodeMalformed("an MFA code is six digits", hint="enter the six digits that the device shows now")
    return code


def _is_blank(letter: str) -> bool:
    return letter == "\t" or unicodedata.category(letter) in {"Zs", "Cf"}
