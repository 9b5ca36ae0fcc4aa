"""IAM: MFA devices and their enrollment; users and access keys come from moto."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator.devices import Device, Kind
from toolkit.emulator.identity import Caller, IdentityStore, User
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.protocol import ApiError, CommonError, Problem, Request, Response, query_error, query_result
from toolkit.emulator.validation import SERIAL, Text, raise_for, violation

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_MOTO_ACTIONS = {"GetUser", "ListAccessKeys"}  # without a UserName they are about the caller

_SERIAL = Text(SERIAL.name, SERIAL.pattern, SERIAL.min_length, SERIAL.max_length, required=True)
_NAME = Text("VirtualMFADeviceName", r"[\w+=,.@-]+", 1, 226, required=True)
_PATH = Text("Path", r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", 1, 512)
_USER = Text("UserName", r"[\w+=,.@-]+", 1, 128)
_REQUIRED_USER = Text("UserName", _USER.pattern, 1, 128, required=True)
_PAIR = tuple(Text(f"AuthenticationCode{number}", r"[\d]+", 6, 6, required=True) for number in (1, 2))
_STATUS = Text("AssignmentStatus", "Any|Assigned|Unassigned", 0, 10)
_MARKER = Text("Marker", "[0-9]+", 1, 9)
_MAX_ITEMS = Text("MaxItems", "[0-9]+", 1, 4)
_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000

# The actions on MFA devices, and their parameters.
_DEVICE_ACTIONS: Mapping[str, Sequence[Text]] = {
    "CreateVirtualMFADevice": (_NAME, _PATH),
    "DeactivateMFADevice": (_SERIAL, _USER),
    "DeleteVirtualMFADevice": (_SERIAL,),
    "EnableMFADevice": (_REQUIRED_USER, _SERIAL, *_PAIR),
    "GetMFADevice": (_SERIAL, _USER),
    "ListMFADevices": (_USER, _MARKER, _MAX_ITEMS),
    "ListVirtualMFADevices": (_STATUS, _MARKER, _MAX_ITEMS),
    "ResyncMFADevice": (_REQUIRED_USER, _SERIAL, *_PAIR),
}
Result = Mapping[str, object]


@dataclass(frozen=True)
class Iam:
    """The IAM service."""

    identities: IdentityStore
    account: str
    moto: Moto

    def action(self, request: Request) -> str:
        """Return the action that a request asks for."""
        return request.form.get("Action", "")

    def error(self, error: ApiError | CommonError) -> Response:
        """Return the response for an error."""
        return query_error(_NAMESPACE, error)

    def handle(self, request: Request, action: str, caller: Caller) -> Response:
        """Handle an authenticated request. Raises ApiError or CommonError."""
        if caller.session and not caller.mfa:
            raise CommonError(Problem.BAD_TOKEN)  # as in AWS: IAM rejects sessions that were created without a code
        form = request.form
        if action in _DEVICE_ACTIONS:
            return query_result(_NAMESPACE, action, self._handle_devices(action, form, caller))
        if action in _MOTO_ACTIONS:
            name = form.get("UserName") or caller.user.name
            caller.authorize(f"iam:{action}", self._arn_of(name), f"user {name}")
            return self.moto.handle("iam", request, {**form, "UserName": name})
        if action == "ListUsers":
            caller.authorize("iam:ListUsers", f"arn:aws:iam::{self.account}:user/")
            return self.moto.handle("iam", request)
        raise ApiError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator does not support iam:{action}")

    def _handle_devices(self, action: str, form: Mapping[str, str], caller: Caller) -> Result:
        raise_for(found for text in _DEVICE_ACTIONS[action] for found in text.violations(form))
        if action == "CreateVirtualMFADevice":
            return self._create(form, caller)
        if action == "DeleteVirtualMFADevice":
            caller.authorize("iam:DeleteVirtualMFADevice", form["SerialNumber"])
            self.identities.devices.delete(form["SerialNumber"])
            return {}
        if action == "ListVirtualMFADevices":
            return self._list_virtual(form, caller)
        if action == "ListMFADevices" and "UserName" not in form:
            caller.authorize("iam:ListMFADevices", "*")  # as in AWS, although only the caller's devices are listed
            return _list(caller.user, form)
        name = form.get("UserName", caller.user.name)
        caller.authorize(f"iam:{action}", self._arn_of(name), f"user {name}")
        user = self.identities.user(name)
        if not user:
            raise ApiError(HTTPStatus.NOT_FOUND, "NoSuchEntity", f"The user with name {name} cannot be found.")
        return _list(user, form) if action == "ListMFADevices" else self._handle_device(action, form, user)

    def _handle_device(self, action: str, form: Mapping[str, str], user: User) -> Result:
        """Handle an action on one device of a user."""
        devices, serial = self.identities.devices, form["SerialNumber"]
        pair = form.get("AuthenticationCode1", ""), form.get("AuthenticationCode2", "")
        if action == "GetMFADevice":
            return _describe(devices.owned(serial, user.name))
        if action == "EnableMFADevice":
            devices.enable(serial, user.name, pair)
        elif action == "ResyncMFADevice":
            devices.resync(serial, user.name, pair)
        else:
            devices.deactivate(serial, user.name)
        return {}

    def _create(self, form: Mapping[str, str], caller: Caller) -> Result:
        serial = f"arn:aws:iam::{self.account}:mfa{form.get('Path', '/')}{form['VirtualMFADeviceName']}"
        caller.authorize("iam:CreateVirtualMFADevice", serial)
        device = self.identities.devices.create(Kind.VIRTUAL, serial)
        created = {
            "SerialNumber": serial,
            "Base32StringSeed": base64.b64encode(device.seed.encode()).decode(),
            "QRCodePNG": base64.b64encode(_qr_code(device.uri(self.account))).decode(),
        }
        return {"VirtualMFADevice": created}

    def _list_virtual(self, form: Mapping[str, str], caller: Caller) -> Result:
        caller.authorize("iam:ListVirtualMFADevices", f"arn:aws:iam::{self.account}:mfa/")
        wanted = {"Any": {True, False}, "Assigned": {True}, "Unassigned": {False}}[form.get("AssignmentStatus", "Any")]
        listed = [
            {"SerialNumber": device.serial, **self._owner(device)}
            for device in self.identities.devices.all()
            if device.kind is Kind.VIRTUAL and bool(device.user) in wanted
        ]
        return _page("VirtualMFADevices", listed, form)

    def _owner(self, device: Device) -> Result:
        user = self.identities.user(device.user)
        if not user:
            return {}
        owner = {"Path": user.path, "UserName": user.name, "UserId": user.user_id, "Arn": user.arn}
        return {"EnableDate": _date(device.enabled), "User": {**owner, "CreateDate": _date(user.created)}}

    def _arn_of(self, name: str) -> str:
        """Return the ARN of a user, who may not exist."""
        user = self.identities.user(name)
        return user.arn if user else f"arn:aws:iam::{self.account}:user/{name}"


def _list(user: User, form: Mapping[str, str]) -> Result:
    return _page("MFADevices", [_describe(device) for device in user.devices], form)


def _describe(device: Device) -> Result:
    return {"UserName": device.user, "SerialNumber": device.serial, "EnableDate": _date(device.enabled)}


def _page(name: str, items: Sequence[Result], form: Mapping[str, str]) -> Result:
    size = int(form.get("MaxItems", _DEFAULT_PAGE))
    if not 1 <= size <= _LARGEST_PAGE:
        raise_for([violation("MaxItems", str(size), f"Member must have value between 1 and {_LARGEST_PAGE}")])
    start = int(form.get("Marker", 0))
    end = start + size
    more = {"Marker": str(end)} if end < len(items) else {}
    return {name: items[start:end], "IsTruncated": bool(more), **more}


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _qr_code(text: str) -> bytes:
    """Return a QR code as a PNG image."""
    import segno

    image = io.BytesIO()
    segno.make(text, error="m", micro=False).save(image, kind="png", scale=6)
    return image.getvalue()
