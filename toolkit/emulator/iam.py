"""IAM: MFA devices from us, users and their keys from moto."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator import enrollment, permissions
from toolkit.emulator.enrollment import Enrollment
from toolkit.emulator.flaws import Flaw, Flawed, in_words_of_query
from toolkit.emulator.identity import Caller
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.protocol import Answer, Refused, Request, error, result

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_ABOUT_A_USER = {"GetUser", "ListAccessKeys"}  # without a UserName they are about the caller


@dataclass(frozen=True)
class Iam:
    """The service, with moto behind it."""

    devices: Enrollment
    moto: Moto

    def action(self, request: Request) -> str:
        """Return what is asked for."""
        return request.form.get("Action", "")

    def refuse(self, refused: Refused | Flawed) -> Answer:
        """Return a refusal in this service's XML."""
        return error(_NAMESPACE, in_words_of_query(refused) if isinstance(refused, Flawed) else refused)

    def handle(self, request: Request, action: str, caller: Caller) -> Answer:
        """Answer a call. Raises Refused or Flawed."""
        if caller.session and not caller.mfa:
            raise Flawed(Flaw.BAD_TOKEN)  # so AWS says: IAM takes no session that was got without a code
        form = request.form
        if action in enrollment.CALLS:
            return result(_NAMESPACE, action, self.devices.handle(action, form, caller))
        if action in _ABOUT_A_USER:
            name = form.get("UserName") or caller.user.name
            permissions.check(caller, f"iam:{action}", self.devices.arn_of(name), f"user {name}")
            return self.moto.ask("iam", request, {**form, "UserName": name})
        if action == "ListUsers":
            permissions.check(caller, "iam:ListUsers", f"arn:aws:iam::{self.devices.account}:user/")
            return self.moto.ask("iam", request)
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator has no iam:{action}")
