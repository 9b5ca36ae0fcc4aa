"""STS: who the caller is, and a session for a code."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator.flaws import Flawed, in_words_of_query
from toolkit.emulator.identity import Caller, Directory
from toolkit.emulator.wire import Answer, Refused, Request, error, result

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_SHORTEST, _LONGEST, _USUAL = 900, 129600, 43200  # seconds
_FAILED = "MultiFactorAuthentication failed"
_WRONG_CODE = f"{_FAILED} with invalid MFA one time pass code."
_WRONG_DEVICE = (
    f"{_FAILED}, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this "
    "user."
)
_HALF = f"{_FAILED}, must provide both MFA serial number and one time pass code."


@dataclass(frozen=True)
class Sts:
    """The service, over the users and sessions that there are."""

    directory: Directory
    account: str

    def action(self, request: Request) -> str:
        """Return what is asked for."""
        return request.form.get("Action", "")

    def refuse(self, refused: Refused | Flawed) -> Answer:
        """Return a refusal in this service's XML."""
        return error(_NAMESPACE, in_words_of_query(refused) if isinstance(refused, Flawed) else refused)

    def handle(self, request: Request, action: str, caller: Caller) -> Answer:
        """Answer a call. Raises Refused."""
        if action == "GetCallerIdentity":  # AWS allows it to everybody, whatever a policy says
            who = {"UserId": caller.user.user_id, "Account": self.account, "Arn": caller.user.arn}
            return result(_NAMESPACE, action, who)
        if action == "GetSessionToken":
            return result(_NAMESPACE, action, {"Credentials": self._session(request.form, caller)})
        if action == "AssumeRole":  # there are no roles here
            role = request.form.get("RoleArn", "")
            sentence = f"User: {caller.user.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
            raise Refused(HTTPStatus.FORBIDDEN, "AccessDenied", sentence)
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator has no sts:{action}")

    def _session(self, form: Mapping[str, str], caller: Caller) -> Mapping[str, object]:
        complaints = tuple(_complaints(form))
        if complaints:
            plural = "s" if len(complaints) > 1 else ""
            sentence = f"{len(complaints)} validation error{plural} detected: {'; '.join(complaints)}"
            raise Refused(HTTPStatus.BAD_REQUEST, "ValidationError", sentence)
        if caller.session:
            raise _denied("Cannot call GetSessionToken with session credentials")
        with_code = self._check_code(caller, form.get("SerialNumber"), form.get("TokenCode"))
        seconds = int(form.get("DurationSeconds", _USUAL))
        session = self.directory.open_session(caller.user, seconds, mfa=with_code)
        return {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.expires)),
        }

    def _check_code(self, caller: Caller, serial: str | None, code: str | None) -> bool:
        if serial is None and code is None:
            return False
        if serial is None or code is None:
            raise _denied(_HALF)
        usable = {device.serial: device for device in caller.user.devices if device.seed}
        if serial not in usable:
            raise _denied(_WRONG_DEVICE)
        if not self.directory.spend(usable[serial], code):
            raise _denied(_WRONG_CODE)
        return True


def _denied(sentence: str) -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, "AccessDenied", sentence)


def _complaints(form: Mapping[str, str]) -> Iterator[str]:
    """Return what is wrong with the shape of the parameters, in the words of AWS."""
    seconds = form.get("DurationSeconds", str(_USUAL))
    if not re.fullmatch(r"-?[0-9]{1,9}", seconds):
        yield _complaint("durationSeconds", seconds, "Member must be an integer")
    elif int(seconds) < _SHORTEST:
        yield _complaint("durationSeconds", seconds, f"Member must have value greater than or equal to {_SHORTEST}")
    elif int(seconds) > _LONGEST:
        yield _complaint("durationSeconds", seconds, f"Member must have value less than or equal to {_LONGEST}")
    yield from _text(form, "SerialNumber", r"[\w+=/:,.@-]*", 9, 256)
    yield from _text(form, "TokenCode", r"[\d]*", 6, 6)


def _text(form: Mapping[str, str], name: str, pattern: str, shortest: int, longest: int) -> Iterator[str]:
    value, member = form.get(name), name[0].lower() + name[1:]
    if value is None:
        return
    if len(value) > longest:
        yield _complaint(member, value, f"Member must have length less than or equal to {longest}")
    if len(value) < shortest:
        yield _complaint(member, value, f"Member must have length greater than or equal to {shortest}")
    if not re.fullmatch(pattern, value, re.ASCII):
        yield _complaint(member, value, f"Member must satisfy regular expression pattern: {pattern}")


def _complaint(member: str, value: str, constraint: str) -> str:
    return f"Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
