"""Who is there and who is calling: users, their keys, and their sessions."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from dataclasses import dataclass, field

from toolkit.emulator.clock import Now
from toolkit.emulator.devices import Device
from toolkit.emulator.flaws import Flaw, Flawed
from toolkit.emulator.policy import Statement
from toolkit.emulator.protocol import Request
from toolkit.emulator.registry import Registry
from toolkit.emulator.signature import Claim, matches, stamp

_SKEW = 5 * 60  # seconds that a client's clock may be wrong
_KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class User:
    """An IAM user with one long-term access key."""

    name: str
    arn: str
    user_id: str
    access_key: str
    secret: str = field(repr=False)
    registry: Registry = field(repr=False, compare=False)
    statements: tuple[Statement, ...] = field(default=(), repr=False)  # of all policies
    created: float = 0  # seconds since 1970

    @property
    def path(self) -> str:
        """The path in the ARN: `/eng/`."""
        return f"/{self.arn.partition('/')[2].removesuffix(self.name)}"

    @property
    def devices(self) -> tuple[Device, ...]:
        """The MFA devices that are enabled for the user by now."""
        return self.registry.of(self.name)

    @property
    def device(self) -> Device:
        """The first of them that shows codes. Raises LookupError."""
        for device in self.devices:
            if device.seed:
                return device
        raise LookupError(f"user `{self.name}` has no MFA device that shows codes")


@dataclass(frozen=True)
class Session:
    """Temporary keys of a user."""

    user: User
    mfa: bool  # whether a code was given for it
    opened: int  # seconds since 1970
    expires: int  # so is this
    access_key: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """Who signed a request."""

    user: User
    session: Session | None = None
    at: float = field(default=0, compare=False)  # when, in seconds since 1970

    @property
    def mfa(self) -> bool:
        """Whether a code was given."""
        return self.session is not None and self.session.mfa


def new_id(prefix: str, length: int) -> str:
    """Return an identifier as AWS makes them: `AKIA…`, `ASIA…`, `AIDA…`."""
    return prefix + "".join(secrets.choice(_KEY_LETTERS) for _ in range(length - len(prefix)))


def new_secret(size: int = 30) -> str:
    """Return a secret as AWS makes them, with `/` and `+` in it."""
    return base64.b64encode(secrets.token_bytes(size)).decode()


def _check_time(claimed: Claim, now: float) -> None:
    first, last, minutes = stamp(now - _SKEW), stamp(now + _SKEW), _SKEW // 60
    if claimed.signed_at < now - _SKEW:
        bound = f"{first} ({stamp(now)} - {minutes} min.)"
        raise Flawed(Flaw.SKEWED, f"Signature expired: {claimed.stamp} is now earlier than {bound}")
    if claimed.signed_at > now + _SKEW:
        bound = f"{last} ({stamp(now)} + {minutes} min.)"
        raise Flawed(Flaw.SKEWED, f"Signature not yet current: {claimed.stamp} is still later than {bound}")


class Directory:
    """All users, sessions and devices. It may be used from several threads."""

    def __init__(self, clock: Now) -> None:
        """Begin without any."""
        self._clock = clock
        self.devices = Registry(clock)
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}  # by access key
        self._lock = threading.Lock()

    def add(self, user: User) -> None:
        """Take a user in."""
        with self._lock:
            self._users[user.name] = user

    def user(self, name: str) -> User | None:
        """Return the user of a name."""
        return self._users.get(name)

    def open_session(self, user: User, seconds: int, *, mfa: bool) -> Session:
        """Make keys that end."""
        opened = int(self._clock())
        token = f"IQoJb3JpZ2luX2Vj{new_secret(256)}"
        session = Session(user, mfa, opened, opened + seconds, new_id("ASIA", 20), new_secret(), token)
        with self._lock:
            self._sessions[session.access_key] = session
        return session

    def authenticate(self, request: Request, claimed: Claim | None) -> Caller:
        """Return who signed a request. Raises Flawed, also where it claims nothing."""
        if not claimed:
            raise Flawed(Flaw.NO_SIGNATURE)
        now = self._clock()
        caller, secret = self._owner(claimed.access_key, request.headers.get("x-amz-security-token"), now)
        if caller.session and now >= caller.session.expires:
            raise Flawed(Flaw.EXPIRED)
        if not matches(request, claimed, secret):
            raise Flawed(Flaw.BAD_SIGNATURE)
        _check_time(claimed, now)
        return caller

    def _owner(self, access_key: str, token: str | None, now: float) -> tuple[Caller, str]:
        with self._lock:
            users = {user.access_key: user for user in self._users.values()}
            session = self._sessions.get(access_key)
        if session:
            if token is None:
                raise Flawed(Flaw.UNKNOWN_KEY)
            if not hmac.compare_digest(token.encode(), session.token.encode()):
                raise Flawed(Flaw.BAD_TOKEN)
            return Caller(session.user, session, now), session.secret
        if access_key not in users:
            raise Flawed(Flaw.UNKNOWN_KEY)
        if token is not None:
            raise Flawed(Flaw.BAD_TOKEN)
        return Caller(users[access_key], at=now), users[access_key].secret
