"""STS: the caller's identity, and sessions."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator.identity import Caller, IdentityStore
from toolkit.emulator.protocol import ApiError, CommonError, Request, Response, query_error, query_result
from toolkit.emulator.validation import CODE, SERIAL, raise_for, violation

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_SHORTEST, _LONGEST, _DEFAULT = 900, 129600, 43200  # seconds
_FAILED = "MultiFactorAuthentication failed"
_WRONG_CODE = f"{_FAILED} with invalid MFA one time pass code."
_WRONG_DEVICE = (
    f"{_FAILED}, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this "
    "user."
)
_INCOMPLETE = f"{_FAILED}, must provide both MFA serial number and one time pass code."


@dataclass(frozen=True)
class Sts:
    """The STS service."""

    identities: IdentityStore
    account: str

    def action(self, request: Request) -> str:
        """Return the action that a request asks for."""
        return request.form.get("Action", "")

    def error(self, error: ApiError | CommonError) -> Response:
        """Return the response for an error."""
        return query_error(_NAMESPACE, error)

    def handle(self, request: Request, action: str, caller: Caller) -> Response:
        """Handle an authenticated request. Raises ApiError."""
        if action == "GetCallerIdentity":  # needs no permission, and no policy can deny it
            identity = {"UserId": caller.user.user_id, "Account": self.account, "Arn": caller.user.arn}
            return query_result(_NAMESPACE, action, identity)
        if action == "GetSessionToken":
            return query_result(_NAMESPACE, action, {"Credentials": self._create_session(request.form, caller)})
        if action == "AssumeRole":  # there are no roles
            role = request.form.get("RoleArn", "")
            message = f"User: {caller.user.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
            raise _access_denied(message)
        raise ApiError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator does not support sts:{action}")

    def _create_session(self, form: Mapping[str, str], caller: Caller) -> Mapping[str, object]:
        raise_for(_violations(form))
        if caller.session:
            raise _access_denied("Cannot call GetSessionToken with session credentials")
        caller.check_not_denied("sts:GetSessionToken")
        mfa = self._check_code(caller, form.get("SerialNumber"), form.get("TokenCode"))
        seconds = int(form.get("DurationSeconds", _DEFAULT))
        session = self.identities.create_session(caller.user, seconds, mfa=mfa)
        return {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.expires)),
        }

    def _check_code(self, caller: Caller, serial: str | None, code: str | None) -> bool:
        """Return whether a correct code was given, or none. Raises ApiError for a wrong one."""
        if serial is None and code is None:
            return False
        if serial is None or code is None:
            raise _access_denied(_INCOMPLETE)
        if serial not in {device.serial for device in caller.user.devices if device.seed}:
            raise _access_denied(_WRONG_DEVICE)
        if not self.identities.devices.use_code(serial, code):
            raise _access_denied(_WRONG_CODE)
        return True


def _access_denied(message: str) -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, "AccessDenied", message)


def _violations(form: Mapping[str, str]) -> Iterator[str]:
    seconds = form.get("DurationSeconds", str(_DEFAULT))
    if not re.fullmatch(r"-?[0-9]{1,9}", seconds):
        yield violation("DurationSeconds", seconds, "Member must be an integer")
    elif int(seconds) < _SHORTEST:
        yield violation("DurationSeconds", seconds, f"Member must have value greater than or equal to {_SHORTEST}")
    elif int(seconds) > _LONGEST:
        yield violation("DurationSeconds", seconds, f"Member must have value less than or equal to {_LONGEST}")
    yield from SERIAL.violations(form)
    yield from CODE.violations(form)
