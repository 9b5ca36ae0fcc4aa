"""Fault injection: fail, throttle or delay calls, and override or truncate responses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from toolkit.emulator.protocol import ApiError, CommonError, Problem, Response


@dataclass(frozen=True)
class Fault:
    """A fault in the next calls of an action."""

    action: str  # "GetSessionToken"
    times: int  # number of calls still to affect


@dataclass(frozen=True)
class Failure(Fault):
    """The call fails with this error."""

    status: int  # HTTP status
    code: str
    message: str = ""


@dataclass(frozen=True)
class Throttle(Fault):
    """The call fails with the service's error for too many requests."""


@dataclass(frozen=True)
class Delay(Fault):
    """The call waits before it continues."""

    seconds: float  # of real time


@dataclass(frozen=True)
class Override(Fault):
    """The response has other texts in its XML."""

    texts: tuple[tuple[str, str], ...] = field(repr=False)  # names of XML elements, and their new texts
    sessions: bool = False  # affect only calls signed with session credentials


@dataclass(frozen=True)
class Truncate(Fault):
    """The connection closes in the middle of the response. The call itself takes effect."""


class Faults:
    """The faults still to inject, oldest first. Safe to use from several threads."""

    def __init__(self) -> None:
        """Start without faults."""
        self.skew: float = 0  # seconds to add to the Date header of responses
        self._pending: list[Fault] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def add(self, fault: Fault) -> None:
        """Add a fault, to be injected after those added before it."""
        with self._lock:
            self._pending.append(fault)

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The faults still to inject."""
        with self._lock:
            return tuple(self._pending)

    def before(self, action: str) -> None:
        """Inject the first failure, throttle or delay for an action, before the call is authenticated.

        Raises ApiError or CommonError for the first two.
        """
        match self._take(lambda fault: fault.action == action and isinstance(fault, Failure | Throttle | Delay)):
            case Failure(status=status, code=code, message=message):
                raise ApiError(status, code, message)
            case Throttle():
                raise CommonError(Problem.THROTTLED)
            case Delay(seconds=seconds):
                self._stopped.wait(seconds)

    def after(self, action: str, response: Response, *, session: bool) -> Response:
        """Return the response with the first matching override, and then the first truncation, for its action.

        An override matches a response that has all of its elements; a truncation needs a body.
        """

        def matches(fault: Fault) -> bool:
            return (
                isinstance(fault, Override)
                and fault.action == action
                and (session or not fault.sessions)
                and all(response.has_element(name) for name, _ in fault.texts)
            )

        override = self._take(matches)
        if isinstance(override, Override):
            for name, text in override.texts:
                response = response.with_element(name, text)
        if response.body and self._take(lambda fault: fault.action == action and isinstance(fault, Truncate)):
            response = replace(response, truncated=True)
        return response

    def stop(self) -> None:
        """End all delays, now and in the future."""
        self._stopped.set()

    def _take(self, matches: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for position, fault in enumerate(self._pending):
                if matches(fault):
                    left = replace(fault, times=fault.times - 1)
                    self._pending[position : position + 1] = [left] if left.times > 0 else []
                    return fault
        return None
