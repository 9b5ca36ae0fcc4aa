"""Whether a caller may: their policies, asked with what is known of the call, and AWS's words for no."""

from __future__ import annotations

from http import HTTPStatus

from toolkit.emulator.identity import Caller
from toolkit.emulator.patterns import Context
from toolkit.emulator.policy import Verdict, judge
from toolkit.emulator.protocol import Refused


def check(caller: Caller, action: str, resource: str, shown: str | None = None) -> None:
    """Raise Refused where no policy allows an action, or one denies it; `shown` is how AWS calls the resource then."""
    _check(caller, action, resource, resource if shown is None else shown, free=False)


def check_not_denied(caller: Caller, action: str) -> None:
    """Raise Refused where a policy denies an action that needs no Allow."""
    _check(caller, action, "*", "*", free=True)


def context(caller: Caller) -> Context:
    """Return what policies may ask of a call."""
    user, session = caller.user, caller.session
    facts = {
        "aws:principalaccount": user.arn.split(":")[4],
        "aws:principalarn": user.arn,
        "aws:principaltype": "User",
        "aws:userid": user.user_id,
        "aws:username": user.name,
        "aws:viaawsservice": "false",
    }
    if session:  # a long-term key leaves both out, which is why policies say `IfExists`
        facts["aws:multifactorauthpresent"] = str(session.mfa).lower()
    if session and session.mfa:
        facts["aws:multifactorauthage"] = str(int(caller.at - session.opened))
    return facts


def _check(caller: Caller, action: str, resource: str, shown: str, *, free: bool) -> None:
    verdict = judge(caller.user.statements, action, resource, context(caller))
    if verdict is Verdict.ALLOWED or (free and verdict is Verdict.UNMENTIONED):
        return
    why = f"because no identity-based policy allows the {action} action"
    if verdict is Verdict.DENIED:
        why = "with an explicit deny in an identity-based policy"
    on = f" on resource: {shown}" if shown else ""
    sentence = f"User: {caller.user.arn} is not authorized to perform: {action}{on} {why}"
    raise Refused(HTTPStatus.FORBIDDEN, "AccessDenied", sentence)
