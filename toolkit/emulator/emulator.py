"""The emulator as its users see it: started, given users, asked for what happened, stopped."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from toolkit.emulator import policy
from toolkit.emulator.app import Call, Front, Service
from toolkit.emulator.clock import Now
from toolkit.emulator.devices import Device, Kind, serial_of
from toolkit.emulator.enrollment import Enrollment
from toolkit.emulator.faults import Cut, Delay, Failure, Fault, Faults, Lie, Throttle
from toolkit.emulator.iam import Iam
from toolkit.emulator.identity import Directory, User
from toolkit.emulator.listener import listening
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.policy import Document
from toolkit.emulator.s3 import S3
from toolkit.emulator.sample_policies import FORCE_MFA, READ_S3, SELF_SERVICE
from toolkit.emulator.sts import Sts

_alone = threading.Lock()  # moto's state belongs to the whole process


class Emulator:
    """A small AWS on the loopback of this machine, for as long as its `with` block lasts; one at a time in a process.

    Raises ToolkitError where the port cannot be had.
    """

    def __init__(
        self,
        clock: Now = time.time,
        *,
        account: str = "123456789012",
        buckets: Sequence[str] = ("example-data", "example-logs"),
        port: int = 0,
    ) -> None:
        """Take what is fixed about it; the clock decides whatever depends on time, and port 0 is any free one."""
        self._clock, self._account, self._buckets, self._port = clock, account, buckets, port
        self._directory, self._faults = Directory(clock), Faults()
        self._calls: list[Call] = []
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Start it."""
        if not _alone.acquire(blocking=False):
            raise RuntimeError("an emulator is running in this process already")
        with contextlib.ExitStack() as stack:
            stack.callback(_alone.release)
            self._moto = Moto.start(self._account, self._buckets, self._clock())
            stack.callback(self._moto.forget)
            services: dict[str, Service] = {
                "sts": Sts(self._directory, self._account),
                "iam": Iam(Enrollment(self._directory, self._account), self._moto),
                "s3": S3(self._moto),
            }
            front = Front(services, self._directory, self._faults, self._calls)
            self.url = stack.enter_context(listening(front, self._date, self._port))
            stack.callback(self._faults.end)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it: no thread, no socket and nothing of moto's is left."""
        self._stack.close()

    def environment(self) -> dict[str, str]:
        """Return what a program needs in its environment to talk to it."""
        return {"AWS_ENDPOINT_URL": self.url}

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was called so far, in order of the answers."""
        return tuple(self._calls)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What was asked for with `fail`, `throttle`, `delay`, `lie` and `cut`, and is still to strike."""
        return self._faults.waiting

    def add_user(
        self,
        name: str,
        path: str = "/",
        devices: Sequence[Kind] = (Kind.VIRTUAL,),
        *,
        force_mfa: bool = True,
        policies: Sequence[Document] | None = None,
    ) -> User:
        """Make a user with an access key, and MFA devices that are enabled already.

        Without `policies`, the user has SELF_SERVICE, READ_S3 and FORCE_MFA, or with `force_mfa=False` not the last.
        Raises ValueError where a name or path is none, a policy says something that the emulator cannot judge, or a
        device of the name is there already.
        """
        if not re.fullmatch(r"[\w+=,.@-]{1,64}", name, re.ASCII) or self._directory.user(name):
            raise ValueError(f"no user can be called `{name}`, or there is one already")
        if not re.fullmatch(r"/([!-.0-~]+/)*", path):
            raise ValueError(f"the path `{path}` of a user has to begin and to end with `/`")
        if policies is not None and not force_mfa:
            raise ValueError("`force_mfa` is about the policies that a user has without `policies`")
        usual = (SELF_SERVICE, READ_S3, FORCE_MFA) if force_mfa else (SELF_SERVICE, READ_S3)
        statements = tuple(rule for one in (usual if policies is None else policies) for rule in policy.read(one))
        now, registry = self._clock(), self._directory.devices
        serials = [serial_of(kind, self._account, name, number) for number, kind in enumerate(devices, start=1)]
        if taken := {device.serial for device in registry.all()}.intersection(serials):
            raise ValueError(f"there is a device `{min(taken)}` already")
        user = User(name, *self._moto.add_user(name, path, now), registry, statements, now)
        self._directory.add(user)
        for kind, serial in zip(devices, serials, strict=True):
            registry.make(kind, serial, name)
        return user

    def drift(self, device: Device, seconds: float) -> Device:
        """Let a device's own clock be some seconds ahead of the emulator's, and return the device as it is then."""
        return self._directory.devices.drift(device.serial, seconds)

    def fail(self, action: str, *, status: int, code: str, message: str = "", times: int = 1) -> None:
        """Let the next calls of an action be refused before anything is looked at."""
        self._faults.add(Failure(action, times, status, code, message))

    def throttle(self, action: str, *, times: int = 1) -> None:
        """Let the next calls of an action be refused as too many, as their service does."""
        self._faults.add(Throttle(action, times))

    def delay(self, action: str, seconds: float, *, times: int = 1) -> None:
        """Let the next calls of an action wait first: seconds of the machine's clock, or until the emulator stops."""
        self._faults.add(Delay(action, times, seconds))

    def lie(self, action: str, fields: Mapping[str, str], *, sessions: bool = False, times: int = 1) -> None:
        """Let the next answers of an action that have all these XML elements hold other texts in them.

        With `sessions`, only answers to calls that were signed with the keys of a session.
        """
        self._faults.add(Lie(action, times, tuple(fields.items()), sessions))

    def cut(self, action: str, *, times: int = 1) -> None:
        """Let the connection close in the middle of the next answers of an action; what they tell of is done."""
        self._faults.add(Cut(action, times))

    def skew(self, seconds: float) -> None:
        """Let the Date of all answers from now on be ahead of the clock by which signatures and codes are judged."""
        self._faults.skew = seconds

    def _date(self) -> float:
        return self._clock() + self._faults.skew
