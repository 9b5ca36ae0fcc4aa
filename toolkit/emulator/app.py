"""What every request goes through: trouble on demand, the signature, the service, and the list of calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from toolkit.emulator.faults import Faults
from toolkit.emulator.flaws import Flawed
from toolkit.emulator.identity import Caller, Directory
from toolkit.emulator.protocol import Answer, Refused, Request
from toolkit.emulator.signature import claim


class Service(Protocol):
    """A service of AWS."""

    def action(self, request: Request) -> str:
        """Return what is asked for: `GetSessionToken`."""

    def handle(self, request: Request, action: str, caller: Caller) -> Answer:
        """Answer a call whose signature is good. Raises Refused or Flawed."""

    def refuse(self, refused: Refused | Flawed) -> Answer:
        """Put a refusal into the service's own words and XML."""


@dataclass(frozen=True)
class Call:
    """What was asked, by whom, and how it ended. It has no room for a secret."""

    service: str  # "sts"
    action: str  # "GetSessionToken"
    user: str  # "" where the signature was no good
    session: bool  # made with the keys of a session
    mfa: bool  # of one that was got with a code
    status: int  # HTTP status
    code: str  # "AccessDenied", or "" for a call that was granted


@dataclass(frozen=True)
class Front:
    """The WSGI application."""

    services: Mapping[str, Service]  # by the name that signatures have for it
    directory: Directory
    faults: Faults
    calls: list[Call] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        answer = self._answer(Request.read(environ))
        headers = list(answer.headers)
        if all(name.lower() != "content-length" for name, _ in headers):
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(answer.line, headers)
        return [answer.body[: len(answer.body) // 2] if answer.cut else answer.body]

    def _answer(self, request: Request) -> Answer:
        claimed = claim(request)
        name = claimed.service if claimed else "sts" if "Action" in request.form else "s3"
        service = self.services.get(name)
        if not service:
            refused = Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator has no {name}")
            return self._record(name, "", None, self.services["sts"].refuse(refused))
        action, caller = service.action(request), None
        try:
            self.faults.strike(action)
            caller = self.directory.authenticate(request, claimed)
            answer = service.handle(request, action, caller)
        except (Refused, Flawed) as refused:
            answer = service.refuse(refused)
        if request.method == "HEAD":
            answer = replace(answer, body=b"")
        answer = self.faults.bend(action, answer, session=bool(caller and caller.session))
        return self._record(name, action, caller, answer)

    def _record(self, service: str, action: str, caller: Caller | None, answer: Answer) -> Answer:
        user = caller.user.name if caller else ""
        session, mfa = bool(caller and caller.session), bool(caller and caller.mfa)
        self.calls.append(Call(service, action, user, session, mfa, answer.status, answer.code))
        return answer
