"""IAM, as far as it is read: MFA devices from us, users and their keys from moto."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator import policy
from toolkit.emulator.behind import Moto
from toolkit.emulator.flaws import Flaw, Flawed, in_words_of_query
from toolkit.emulator.identity import Caller, Directory
from toolkit.emulator.wire import Answer, Refused, Request, error, result

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_ABOUT_A_USER = {"GetUser", "ListAccessKeys", "ListMFADevices"}  # without a UserName they are about the caller
_OTHERS = {"ListUsers"}


@dataclass(frozen=True)
class Iam:
    """The service, over the users that there are, with moto behind it."""

    directory: Directory
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
        if action not in _ABOUT_A_USER | _OTHERS:
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator has no iam:{action}")
        named = request.form.get("UserName")
        name = named or caller.user.name
        if action == "ListMFADevices":
            return self._devices(caller, named)
        own = action in _ABOUT_A_USER and name == caller.user.name
        policy.check(caller, f"iam:{action}", f"user {name}" if action in _ABOUT_A_USER else "*", own=own)
        return self.moto.ask("iam", request, {**request.form, "UserName": name})

    def _devices(self, caller: Caller, named: str | None) -> Answer:
        name = named or caller.user.name
        own = name == caller.user.name and bool(named or caller.user.may_list_unnamed)
        policy.check(caller, "iam:ListMFADevices", f"user {named}" if named else "*", own=own)
        user = self.directory.user(name)
        if not user:
            sentence = f"The user with name {name} cannot be found."
            raise Refused(HTTPStatus.NOT_FOUND, "NoSuchEntity", sentence)
        listed: list[Mapping[str, str]] = [
            {
                "UserName": name,
                "SerialNumber": device.serial,
                "EnableDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(device.enabled)),
            }
            for device in user.devices
        ]
        return result(_NAMESPACE, "ListMFADevices", {"MFADevices": listed, "IsTruncated": False})
