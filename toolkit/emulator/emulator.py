"""The emulator's public interface: start it, create users, inject faults, look at calls, stop it."""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from toolkit.emulator import policy
from toolkit.emulator.app import App, Call, Service, serve
from toolkit.emulator.devices import Device, Kind, Now
from toolkit.emulator.faults import Delay, Failure, Fault, Faults, Override, Throttle, Truncate
from toolkit.emulator.iam import Iam
from toolkit.emulator.identity import IdentityStore, User
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.policy import Document
from toolkit.emulator.s3 import S3
from toolkit.emulator.sample_policies import FORCE_MFA, READ_S3, SELF_SERVICE
from toolkit.emulator.sts import Sts

_running = threading.Lock()  # moto's state belongs to the whole process


class Clock:
    """The machine's clock, or one that runs some seconds ahead of it; `step` moves it."""

    def __init__(self, ahead: float = 0) -> None:
        """Set how many seconds it is ahead; a negative number means behind."""
        self._ahead = ahead

    def __call__(self) -> float:
        """Return its time as a Unix time."""
        return time.time() + self._ahead

    def step(self, seconds: float) -> None:
        """Move it forward by some seconds, or back."""
        self._ahead += seconds


class Emulator:
    """A small AWS on the loopback interface, which runs during its `with` block; one at a time per process.

    Raises ToolkitError if the port is not available.
    """

    def __init__(
        self,
        clock: Now = time.time,
        *,
        account: str = "123456789012",
        buckets: Sequence[str] = ("example-data", "example-logs"),
        port: int = 0,
    ) -> None:
        """Configure it. Everything that depends on time uses the clock; port 0 is any free port."""
        self._clock, self._account, self._buckets, self._port = clock, account, buckets, port
        self._identities, self._faults = IdentityStore(clock), Faults()
        self._calls: list[Call] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start it."""
        if not _running.acquire(blocking=False):
            raise RuntimeError("an emulator is already running in this process")
        with contextlib.ExitStack() as stack:
            stack.callback(_running.release)
            self._moto = Moto.start(self._account, self._buckets, self._clock())
            stack.callback(self._moto.reset)
            services: dict[str, Service] = {
                "sts": Sts(self._identities, self._account),
                "iam": Iam(self._identities, self._account, self._moto),
                "s3": S3(self._moto),
            }
            app = App(services, self._identities, self._faults, self._calls)
            self.url = stack.enter_context(serve(app, self._date, self._port))
            stack.callback(self._faults.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop its threads, close its sockets, and delete everything in moto."""
        self._stack.close()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that make a program use it."""
        return {"AWS_ENDPOINT_URL": self.url}

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls so far, in the order of the responses."""
        return tuple(self._calls)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that were added and have not happened yet."""
        return self._faults.pending

    def add_user(
        self,
        name: str,
        path: str = "/",
        devices: Sequence[Kind] = (Kind.VIRTUAL,),
        *,
        force_mfa: bool = True,
        policies: Sequence[Document] | None = None,
    ) -> User:
        """Create a user with an access key and enabled MFA devices.

        By default, the user has the policies SELF_SERVICE, READ_S3 and, unless `force_mfa=False`, FORCE_MFA.
        Raises ValueError for an invalid name or path, a name that a user or a device already has, or a policy that the
        emulator cannot evaluate.
        """
        if not re.fullmatch(r"[\w+=,.@-]{1,64}", name, re.ASCII):
            raise ValueError(f"`{name}` is not a valid user name")
        if self._identities.user(name):
            raise ValueError(f"user `{name}` already exists")
        if not re.fullmatch(r"/([!-.0-~]+/)*", path):
            raise ValueError(f"`{path}` is not a valid user path: it has to begin and end with `/`")
        if policies is not None and not force_mfa:
            raise ValueError("`force_mfa` cannot be combined with `policies`")
        defaults = (SELF_SERVICE, READ_S3, FORCE_MFA) if force_mfa else (SELF_SERVICE, READ_S3)
        documents = defaults if policies is None else policies
        statements = tuple(statement for document in documents for statement in policy.parse(document))
        now, registry = self._clock(), self._identities.devices
        serials = [_serial(kind, self._account, name, number) for number, kind in enumerate(devices, start=1)]
        if existing := {device.serial for device in registry.all()}.intersection(serials):
            raise ValueError(f"device `{min(existing)}` already exists")
        user = User(name, *self._moto.create_user(name, path, now), registry, statements, now)
        self._identities.add(user)
        for kind, serial in zip(devices, serials, strict=True):
            registry.create(kind, serial, name)
        return user

    def drift(self, device: Device, seconds: float) -> Device:
        """Set a device's clock ahead of the emulator's, and return the changed device."""
        return self._identities.devices.drift(device.serial, seconds)

    def fail(self, action: str, *, status: int, code: str, message: str = "", times: int = 1) -> None:
        """Fail the next calls of an action before they are authenticated."""
        self._faults.add(Failure(action, times, status, code, message))

    def throttle(self, action: str, *, times: int = 1) -> None:
        """Fail the next calls of an action with the service's error for too many requests."""
        self._faults.add(Throttle(action, times))

    def delay(self, action: str, seconds: float, *, times: int = 1) -> None:
        """Delay the next calls of an action, by seconds of real time or until the emulator stops."""
        self._faults.add(Delay(action, times, seconds))

    def override(self, action: str, fields: Mapping[str, str], *, sessions: bool = False, times: int = 1) -> None:
        """Replace the texts of XML elements in the next responses of an action that have all of these elements.

        With `sessions`, only in responses to calls that were signed with session credentials.
        """
        self._faults.add(Override(action, times, tuple(fields.items()), sessions))

    def truncate(self, action: str, *, times: int = 1) -> None:
        """Close the connection in the middle of the next responses of an action, which still takes effect."""
        self._faults.add(Truncate(action, times))

    def skew(self, seconds: float) -> None:
        """Set the Date header of all responses ahead of the clock that signatures and codes are checked against."""
        self._faults.skew = seconds

    def _date(self) -> float:
        return self._clock() + self._faults.skew


def _serial(kind: Kind, account: str, user: str, number: int) -> str:
    """Return the serial number of a user's first, second, … device."""
    return {
        Kind.VIRTUAL: f"arn:aws:iam::{account}:mfa/{user}" + (f"-{number}" if number > 1 else ""),
        Kind.HARDWARE: f"GAHT{secrets.randbelow(10**8):08}",
        Kind.FIDO: f"arn:aws:iam::{account}:u2f/user/{user}/key-{number}",
    }[kind]
