"""Users, their sessions, and the callers of API actions: authentication and authorization."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from http import HTTPStatus

from toolkit.emulator.devices import Device, DeviceRegistry, Now
from toolkit.emulator.policy import Context, Decision, Statement, evaluate
from toolkit.emulator.protocol import ApiError, CommonError, Problem, Request
from toolkit.emulator.signature import Claim, timestamp, verify

_MAX_SKEW = 5 * 60  # seconds that a client's clock may be wrong
_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class User:
    """An IAM user with one long-term access key."""

    name: str
    arn: str
    user_id: str
    access_key: str
    secret: str = field(repr=False)
    registry: DeviceRegistry = field(repr=False, compare=False)
    statements: tuple[Statement, ...] = field(default=(), repr=False)  # of all policies
    created: float = 0  # Unix time

    @property
    def path(self) -> str:
        """The path in the ARN: `/eng/`."""
        return f"/{self.arn.partition('/')[2].removesuffix(self.name)}"

    @property
    def devices(self) -> tuple[Device, ...]:
        """The MFA devices that are currently enabled for the user."""
        return self.registry.of(self.name)

    @property
    def device(self) -> Device:
        """The first of these devices that shows codes. Raises LookupError."""
        for device in self.devices:
            if device.seed:
                return device
        raise LookupError(f"user `{self.name}` has no MFA device that shows codes")


@dataclass(frozen=True)
class Session:
    """Temporary credentials of a user."""

    user: User
    mfa: bool  # created with an MFA code
    created: int  # Unix time
    expires: int  # Unix time
    access_key: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """Who signed a request, and what they may do."""

    user: User
    session: Session | None = None
    at: float = field(default=0, compare=False)  # Unix time of the call

    @property
    def mfa(self) -> bool:
        """Whether the request was signed with a session that was created with an MFA code."""
        return self.session is not None and self.session.mfa

    def authorize(self, action: str, resource: str, shown: str | None = None) -> None:
        """Raise ApiError unless the policies allow an action; `shown` is the resource's name in AWS's message."""
        decision = evaluate(self.user.statements, action, resource, self.context())
        if decision is not Decision.ALLOW:
            raise self._access_denied(decision, action, resource if shown is None else shown)

    def check_not_denied(self, action: str) -> None:
        """Raise ApiError if a policy denies an action that needs no Allow."""
        if evaluate(self.user.statements, action, "*", self.context()) is Decision.EXPLICIT_DENY:
            raise self._access_denied(Decision.EXPLICIT_DENY, action, "*")

    def context(self) -> Context:
        """Return the condition keys of a call."""
        keys = {
            "aws:principalaccount": self.user.arn.split(":")[4],
            "aws:principalarn": self.user.arn,
            "aws:principaltype": "User",
            "aws:userid": self.user.user_id,
            "aws:username": self.user.name,
            "aws:viaawsservice": "false",
        }
        if self.session:  # a long-term key has neither of the following, which is why policies need `IfExists`
            keys["aws:multifactorauthpresent"] = str(self.session.mfa).lower()
        if self.session and self.session.mfa:
            keys["aws:multifactorauthage"] = str(int(self.at - self.session.created))
        return keys

    def _access_denied(self, decision: Decision, action: str, shown: str) -> ApiError:
        why = f"because no identity-based policy allows the {action} action"
        if decision is Decision.EXPLICIT_DENY:
            why = "with an explicit deny in an identity-based policy"
        on = f" on resource: {shown}" if shown else ""
        message = f"User: {self.user.arn} is not authorized to perform: {action}{on} {why}"
        return ApiError(HTTPStatus.FORBIDDEN, "AccessDenied", message)


def new_id(prefix: str, length: int) -> str:
    """Return an ID in AWS's format: `AKIA…`, `ASIA…`, `AIDA…`."""
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(length - len(prefix)))


def new_secret(size: int = 30) -> str:
    """Return a secret in AWS's format, which may contain `/` and `+`."""
    return base64.b64encode(secrets.token_bytes(size)).decode()


class IdentityStore:
    """All users, sessions and MFA devices. Safe to use from several threads."""

    def __init__(self, clock: Now) -> None:
        """Start empty."""
        self._clock = clock
        self.devices = DeviceRegistry(clock)
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}  # by access key
        self._lock = threading.Lock()

    def add(self, user: User) -> None:
        """Add a user."""
        with self._lock:
            self._users[user.name] = user

    def user(self, name: str) -> User | None:
        """Return the user with this name."""
        return self._users.get(name)

    def create_session(self, user: User, seconds: int, *, mfa: bool) -> Session:
        """Create temporary credentials."""
        created = int(self._clock())
        token = f"IQoJb3JpZ2luX2Vj{new_secret(256)}"
        session = Session(user, mfa, created, created + seconds, new_id("ASIA", 20), new_secret(), token)
        with self._lock:
            self._sessions[session.access_key] = session
        return session

    def authenticate(self, request: Request, claim: Claim | None) -> Caller:
        """Return who signed a request. Raises CommonError, also for an unsigned request."""
        if not claim:
            raise CommonError(Problem.NO_SIGNATURE)
        now = self._clock()
        caller, secret = self._owner(claim.access_key, request.headers.get("x-amz-security-token"), now)
        if caller.session and now >= caller.session.expires:
            raise CommonError(Problem.EXPIRED)
        if not verify(request, claim, secret):
            raise CommonError(Problem.BAD_SIGNATURE)
        _check_time(claim, now)
        return caller

    def _owner(self, access_key: str, token: str | None, now: float) -> tuple[Caller, str]:
        with self._lock:
            users = {user.access_key: user for user in self._users.values()}
            session = self._sessions.get(access_key)
        if session:
            if token is None:
                raise CommonError(Problem.UNKNOWN_KEY)
            if not hmac.compare_digest(token.encode(), session.token.encode()):
                raise CommonError(Problem.BAD_TOKEN)
            return Caller(session.user, session, now), session.secret
        if access_key not in users:
            raise CommonError(Problem.UNKNOWN_KEY)
        if token is not None:
            raise CommonError(Problem.BAD_TOKEN)
        return Caller(users[access_key], at=now), users[access_key].secret


def _check_time(claim: Claim, now: float) -> None:
    first, last, minutes = timestamp(now - _MAX_SKEW), timestamp(now + _MAX_SKEW), _MAX_SKEW // 60
    if claim.signed_at < now - _MAX_SKEW:
        bound = f"{first} ({timestamp(now)} - {minutes} min.)"
        raise CommonError(Problem.SKEWED, f"Signature expired: {claim.timestamp} is now earlier than {bound}")
    if claim.signed_at > now + _MAX_SKEW:
        bound = f"{last} ({timestamp(now)} + {minutes} min.)"
        raise CommonError(Problem.SKEWED, f"Signature not yet current: {claim.timestamp} is still later than {bound}")
