"""Who is there and who is calling: users, their keys and devices, their sessions, and the codes already taken."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from dataclasses import dataclass, field

from toolkit import totp
from toolkit.emulator.clock import Now
from toolkit.emulator.devices import Device
from toolkit.emulator.flaws import Flaw, Flawed
from toolkit.emulator.signature import Claim, matches, stamp
from toolkit.emulator.wire import Request

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
    devices: tuple[Device, ...] = ()
    admin: bool = False  # may look at other users
    may_list_unnamed: bool = True  # may call ListMFADevices without a UserName
    force_mfa: bool = True  # is denied almost everything without an MFA code

    @property
    def device(self) -> Device:
        """The first device that shows codes."""
        return next(device for device in self.devices if device.seed)


@dataclass(frozen=True)
class Session:
    """Temporary keys of a user."""

    user: User
    mfa: bool  # whether a code was given for it
    expires: int  # seconds since 1970
    access_key: str
    secret: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """Who signed a request."""

    user: User
    session: Session | None = None

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
    """All users and sessions. It may be used from several threads."""

    def __init__(self, clock: Now) -> None:
        """Begin without any."""
        self._clock = clock
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}  # by access key
        self._spent: dict[str, int] = {}  # the last time step that was taken, by serial
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
        expires = int(self._clock()) + seconds
        token = f"IQoJb3JpZ2luX2Vj{new_secret(256)}"
        session = Session(user, mfa, expires, new_id("ASIA", 20), new_secret(), token)
        with self._lock:
            self._sessions[session.access_key] = session
        return session

    def spend(self, device: Device, code: str) -> bool:
        """Take a code if it is one of now, one before or one after, and later than the last one taken."""
        now = self._clock()
        with self._lock:
            for at in (now - totp.PERIOD, now, now + totp.PERIOD):
                fresh = totp.step(at) > self._spent.get(device.serial, -1)
                if fresh and hmac.compare_digest(device.code(at), code):
                    self._spent[device.serial] = totp.step(at)
                    return True
        return False

    def authenticate(self, request: Request, claimed: Claim | None) -> Caller:
        """Return who signed a request. Raises Flawed, also where it claims nothing."""
        if not claimed:
            raise Flawed(Flaw.NO_SIGNATURE)
        caller, secret = self._owner(claimed.access_key, request.headers.get("x-amz-security-token"))
        now = self._clock()
        if caller.session and now >= caller.session.expires:
            raise Flawed(Flaw.EXPIRED)
        if not matches(request, claimed, secret):
            raise Flawed(Flaw.BAD_SIGNATURE)
        _check_time(claimed, now)
        return caller

    def _owner(self, access_key: str, token: str | None) -> tuple[Caller, str]:
        with self._lock:
            users = {user.access_key: user for user in self._users.values()}
            session = self._sessions.get(access_key)
        if session:
            if token is None:
                raise Flawed(Flaw.UNKNOWN_KEY)
            if not hmac.compare_digest(token.encode(), session.token.encode()):
                raise Flawed(Flaw.BAD_TOKEN)
            return Caller(session.user, session), session.secret
        if access_key not in users:
            raise Flawed(Flaw.UNKNOWN_KEY)
        if token is not None:
            raise Flawed(Flaw.BAD_TOKEN)
        return Caller(users[access_key]), users[access_key].secret
