"""STS: who the caller is, and a session for a code."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator import permissions
from toolkit.emulator.flaws import Flawed, in_words_of_query
from toolkit.emulator.identity import Caller, Directory
from toolkit.emulator.protocol import Answer, Refused, Request, error, result
from toolkit.emulator.validation import CODE, SERIAL, complaint, refuse_any

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
        refuse_any(_complaints(form))
        if caller.session:
            raise _denied("Cannot call GetSessionToken with session credentials")
        permissions.check_not_denied(caller, "sts:GetSessionToken")
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
        usable = {device.serial for device in caller.user.devices if device.seed}
        if serial not in usable:
            raise _denied(_WRONG_DEVICE)
        if not self.directory.devices.spend(serial, code):
            raise _denied(_WRONG_CODE)
        return True


def _denied(sentence: str) -> Refused:
    return Refused(HTTPStatus.FORBIDDEN, "AccessDenied", sentence)


def _complaints(form: Mapping[str, str]) -> Iterator[str]:
    seconds = form.get("DurationSeconds", str(_USUAL))
    if not re.fullmatch(r"-?[0-9]{1,9}", seconds):
        yield complaint("DurationSeconds", seconds, "Member must be an integer")
    elif int(seconds) < _SHORTEST:
        yield complaint("DurationSeconds", seconds, f"Member must have value greater than or equal to {_SHORTEST}")
    elif int(seconds) > _LONGEST:
        yield complaint("DurationSeconds", seconds, f"Member must have value less than or equal to {_LONGEST}")
    yield from SERIAL.complaints(form)
    yield from CODE.complaints(form)
