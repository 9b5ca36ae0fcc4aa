"""What IAM does with MFA devices: it makes, enables, lists, resynchronises, deactivates and deletes them."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator import permissions, qr
from toolkit.emulator.devices import Device, Kind
from toolkit.emulator.identity import Caller, Directory, User
from toolkit.emulator.protocol import Refused
from toolkit.emulator.validation import SERIAL, Text, complaint, refuse_any

_SERIAL = Text(SERIAL.name, SERIAL.pattern, SERIAL.shortest, SERIAL.longest, required=True)
_NAME = Text("VirtualMFADeviceName", r"[\w+=,.@-]+", 1, 226, required=True)
_PATH = Text("Path", r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", 1, 512)
_USER = Text("UserName", r"[\w+=,.@-]+", 1, 128)
_NEEDED_USER = Text("UserName", _USER.pattern, 1, 128, required=True)
_PAIR = tuple(Text(f"AuthenticationCode{number}", r"[\d]+", 6, 6, required=True) for number in (1, 2))
_STATUS = Text("AssignmentStatus", "Any|Assigned|Unassigned", 0, 10)
_MARKER = Text("Marker", "[0-9]+", 1, 9)
_MAX_ITEMS = Text("MaxItems", "[0-9]+", 1, 4)
_USUAL_ITEMS, _MOST_ITEMS = 100, 1000

# What each call takes, by its name.
CALLS: Mapping[str, Sequence[Text]] = {
    "CreateVirtualMFADevice": (_NAME, _PATH),
    "DeactivateMFADevice": (_SERIAL, _USER),
    "DeleteVirtualMFADevice": (_SERIAL,),
    "EnableMFADevice": (_NEEDED_USER, _SERIAL, *_PAIR),
    "GetMFADevice": (_SERIAL, _USER),
    "ListMFADevices": (_USER, _MARKER, _MAX_ITEMS),
    "ListVirtualMFADevices": (_STATUS, _MARKER, _MAX_ITEMS),
    "ResyncMFADevice": (_NEEDED_USER, _SERIAL, *_PAIR),
}
Result = Mapping[str, object]


@dataclass(frozen=True)
class Enrollment:
    """Those calls of IAM, over the users and devices that there are."""

    directory: Directory
    account: str

    def handle(self, action: str, form: Mapping[str, str], caller: Caller) -> Result:
        """Do one of the CALLS, and return what is in its answer. Raises Refused."""
        refuse_any(said for text in CALLS[action] for said in text.complaints(form))
        if action == "CreateVirtualMFADevice":
            return self._create(form, caller)
        if action == "DeleteVirtualMFADevice":
            return self._delete(form["SerialNumber"], caller)
        if action == "ListVirtualMFADevices":
            return self._list_virtual(form, caller)
        if action == "ListMFADevices" and "UserName" not in form:
            permissions.check(caller, "iam:ListMFADevices", "*")  # so AWS asks, though only the caller's are told
            return self._list(caller.user, form)
        name = form.get("UserName", caller.user.name)
        user = self.directory.user(name)
        permissions.check(caller, f"iam:{action}", self.arn_of(name), f"user {name}")
        if not user:
            sentence = f"The user with name {name} cannot be found."
            raise Refused(HTTPStatus.NOT_FOUND, "NoSuchEntity", sentence)
        return self._list(user, form) if action == "ListMFADevices" else self._change(action, form, user)

    def arn_of(self, name: str) -> str:
        """Return the ARN of a user, also of one whom there is not."""
        user = self.directory.user(name)
        return user.arn if user else f"arn:aws:iam::{self.account}:user/{name}"

    def _change(self, action: str, form: Mapping[str, str], user: User) -> Result:
        devices, serial = self.directory.devices, form["SerialNumber"]
        pair = form.get("AuthenticationCode1", ""), form.get("AuthenticationCode2", "")
        if action == "GetMFADevice":
            device = devices.owned(serial, user.name)
            return {"UserName": user.name, "SerialNumber": serial, "EnableDate": _date(device.enabled)}
        if action == "EnableMFADevice":
            devices.enable(serial, user.name, pair)
        elif action == "ResyncMFADevice":
            devices.resync(serial, user.name, pair)
        else:
            devices.deactivate(serial, user.name)
        return {}

    def _create(self, form: Mapping[str, str], caller: Caller) -> Result:
        serial = f"arn:aws:iam::{self.account}:mfa{form.get('Path', '/')}{form['VirtualMFADeviceName']}"
        permissions.check(caller, "iam:CreateVirtualMFADevice", serial)
        device = self.directory.devices.make(Kind.VIRTUAL, serial)
        made = {
            "SerialNumber": serial,
            "Base32StringSeed": base64.b64encode(device.seed.encode()).decode(),
            "QRCodePNG": base64.b64encode(qr.png(device.uri(self.account))).decode(),
        }
        return {"VirtualMFADevice": made}

    def _delete(self, serial: str, caller: Caller) -> Result:
        permissions.check(caller, "iam:DeleteVirtualMFADevice", serial)
        self.directory.devices.delete(serial)
        return {}

    def _list(self, user: User, form: Mapping[str, str]) -> Result:
        listed = [
            {"UserName": user.name, "SerialNumber": device.serial, "EnableDate": _date(device.enabled)}
            for device in user.devices
        ]
        return _page("MFADevices", listed, form)

    def _list_virtual(self, form: Mapping[str, str], caller: Caller) -> Result:
        permissions.check(caller, "iam:ListVirtualMFADevices", f"arn:aws:iam::{self.account}:mfa/")
        wanted = {"Any": {True, False}, "Assigned": {True}, "Unassigned": {False}}[form.get("AssignmentStatus", "Any")]
        listed = [
            {"SerialNumber": device.serial, **self._owner(device)}
            for device in self.directory.devices.all()
            if device.kind is Kind.VIRTUAL and bool(device.user) in wanted
        ]
        return _page("VirtualMFADevices", listed, form)

    def _owner(self, device: Device) -> Result:
        user = self.directory.user(device.user)
        if not user:
            return {}
        who = {"Path": user.path, "UserName": user.name, "UserId": user.user_id, "Arn": user.arn}
        return {"EnableDate": _date(device.enabled), "User": {**who, "CreateDate": _date(user.created)}}


def _page(name: str, items: Sequence[Result], form: Mapping[str, str]) -> Result:
    most = int(form.get("MaxItems", _USUAL_ITEMS))
    if not 1 <= most <= _MOST_ITEMS:
        refuse_any([complaint("MaxItems", str(most), f"Member must have value between 1 and {_MOST_ITEMS}")])
    start = int(form.get("Marker", 0))
    end = start + most
    more = {"Marker": str(end)} if end < len(items) else {}
    return {name: items[start:end], "IsTruncated": bool(more), **more}


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
