"""The MFA devices of one user in IAM. IAM's refusals become our errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from toolkit.aws.clients import Aws, Caller, Identity
from toolkit.errors import (
    AwsRefused,
    AwsUnreachable,
    CodesRefused,
    EnrollmentFailed,
    NotAUser,
    ToolkitError,
    TooManyDevices,
)

_ISSUER = "Amazon Web Services"
LIMIT_HINT = "aws iam deactivate-mfa-device, then aws iam delete-virtual-mfa-device, to remove an unused device"


@dataclass(frozen=True)
class Owner:
    """An IAM user, the owner of the devices."""

    name: str
    account: str
    partition: str  # "aws", "aws-cn", …

    @classmethod
    def of(cls, identity: Identity, profile: str) -> Owner:
        """Return the user that STS reported. Raises NotAUser."""
        words = identity.arn.split(":", 5)
        kind, _, path = words[-1].partition("/")
        if len(words) != 6 or kind != "user" or not path:  # noqa: PLR2004 - the parts of an ARN
            message = f"the keys of profile `{profile}` belong to `{identity.arn}`, which is not an IAM user"
            raise NotAUser(message, hint="use a profile with the long-term keys of an IAM user")
        return cls(path.rpartition("/")[2], identity.account, words[1])

    def serial(self, name: str) -> str:
        """Return the serial number of a virtual device, given its name."""
        return f"arn:{self.partition}:iam::{self.account}:mfa/{name}"


@dataclass(frozen=True)
class NewDevice:
    """A virtual device that was just created, and the only copy of its seed."""

    serial: str
    account: str
    seed: str = field(repr=False)  # base32

    @property
    def name(self) -> str:
        """Its name, here and in the app."""
        return self.serial.rpartition("/")[2]

    @property
    def uri(self) -> str:
        """The address that authenticator apps scan. It contains the seed."""
        issuer, label = quote(_ISSUER), quote(f"{self.name}@{self.account}", safe="@")
        return f"otpauth://totp/{issuer}:{label}?secret={self.seed}&issuer={issuer}"


@dataclass(frozen=True)
class Devices:
    """IAM calls with the keys of a profile. All can raise AwsRefused, AwsBusy and AwsUnreachable."""

    aws: Aws
    caller: Caller
    owner: Owner

    @property
    def profile(self) -> str:
        """The profile of the caller."""
        return self.caller.name

    def enabled(self) -> tuple[str, ...]:
        """Return the serial numbers of the user's devices; none if the user may not list them."""
        try:
            return self.aws.devices(self.caller, self.owner.name)
        except AwsRefused as error:
            if error.code != "AccessDenied":
                raise
            return ()

    def user_of(self, serial: str) -> str | None:
        """Return the user of a virtual device, `""` for nobody, None if the caller may not list devices."""
        try:
            listed = self.aws.iam(self.caller, "ListVirtualMFADevices", AssignmentStatus="Assigned")
        except AwsRefused:
            return None
        owners = {each["SerialNumber"]: each.get("User", {}) for each in listed["VirtualMFADevices"]}
        return str(owners.get(serial, {}).get("UserName", ""))

    def make(self, name: str) -> NewDevice | None:
        """Create a virtual device; None if the name exists already. Raises TooManyDevices."""
        try:
            serial, seed = self.aws.new_device(self.caller, name)
        except AwsRefused as error:
            if error.code == "LimitExceeded":
                raise TooManyDevices(str(error), hint=LIMIT_HINT) from None
            if error.code != "EntityAlreadyExists":
                raise
            return None
        return NewDevice(serial, self.owner.account, seed)

    def enable(self, serial: str, pair: tuple[str, str]) -> None:
        """Enable a device for the user, with two codes. Raises CodesRefused, TooManyDevices or EnrollmentFailed."""
        codes = {f"AuthenticationCode{number}": code for number, code in enumerate(pair, start=1)}
        try:
            self.aws.iam(self.caller, "EnableMFADevice", UserName=self.owner.name, SerialNumber=serial, **codes)
        except (AwsRefused, AwsUnreachable) as error:
            # This may be the second attempt, or the response was lost.
            if getattr(error, "code", "EntityAlreadyExists") == "EntityAlreadyExists" and serial in self.enabled():
                return
            raise self._not_enabled(serial, error) from None

    def delete(self, serial: str) -> bool:
        """Delete an unassigned virtual device; False if it is in use or the user may not delete it."""
        try:
            self.aws.iam(self.caller, "DeleteVirtualMFADevice", SerialNumber=serial)
        except AwsRefused as error:
            return error.code == "NoSuchEntity"
        return True

    def _not_enabled(self, serial: str, error: AwsRefused | AwsUnreachable) -> ToolkitError:
        match getattr(error, "code", ""):
            case "InvalidAuthenticationCode":
                hint = "enter a new code and the next one; check that the clock of the device is right"
                return CodesRefused(f"AWS rejected the two codes for `{serial}`", hint=hint)
            case "LimitExceeded":
                return TooManyDevices(str(error), hint=LIMIT_HINT)
            case "NoSuchEntity":
                return EnrollmentFailed(
                    f"somebody deleted `{serial}` before it was enabled", hint="run the command again"
                )
        return error
