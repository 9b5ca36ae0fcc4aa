"""Who may do what: the policy that AWS's documentation gives to force MFA, with its effect and its sentences.

Everything but a few calls is denied, explicitly, to whoever did not give an MFA code; a user whom no policy forces to
give one is spared that. Of IAM a user may see what is their own, an administrator all. Everybody may use S3.
"""

from __future__ import annotations

from http import HTTPStatus

from toolkit.emulator.identity import Caller
from toolkit.emulator.wire import Refused

# The `NotAction` of the policy's one Deny, as far as the emulator has these calls.
_WITHOUT_MFA = {"iam:GetUser", "iam:ListMFADevices"}
_OWN = {"iam:GetUser", "iam:ListMFADevices", "iam:ListAccessKeys"}


def check(caller: Caller, permission: str, resource: str, *, own: bool = True) -> None:
    """Raise Refused where the caller may not; `own` says that the resource is the caller, or belongs to nobody."""
    if caller.user.force_mfa and not caller.mfa and permission not in _WITHOUT_MFA:
        _deny(caller, permission, resource, "with an explicit deny in an identity-based policy")
    allowed = caller.user.admin or not permission.startswith("iam:") or (own and permission in _OWN)
    if not allowed:
        _deny(caller, permission, resource, f"because no identity-based policy allows the {permission} action")


def _deny(caller: Caller, permission: str, resource: str, why: str) -> None:
    on = f" on resource: {resource}" if resource else ""
    sentence = f"User: {caller.user.arn} is not authorized to perform: {permission}{on} {why}"
    raise Refused(HTTPStatus.FORBIDDEN, "AccessDenied", sentence)
