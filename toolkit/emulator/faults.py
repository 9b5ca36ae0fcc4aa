"""Trouble on demand: answers that are refused, late, untrue, or never come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from toolkit.emulator.wire import Answer, Refused


@dataclass(frozen=True)
class Fault:
    """One kind of trouble for one action."""

    action: str  # "GetSessionToken"
    times: int  # calls, or for a lie answers, that it still strikes
    seconds: float = 0  # of the machine's clock that the call waits first
    status: int = 0  # HTTP status it is refused with; 0 where it is not
    code: str = ""
    message: str = ""
    texts: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # of a lie: XML elements and what they then hold
    sessions: bool = False  # of a lie: whether it strikes only answers to calls signed with the keys of a session


class Faults:
    """The troubles that are still to strike, the first first."""

    def __init__(self) -> None:
        """Begin without any."""
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def add(self, fault: Fault) -> None:
        """Let one strike after those that were added before it."""
        with self._lock:
            self._waiting.append(fault)

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """Those that are still to strike."""
        with self._lock:
            return tuple(self._waiting)

    def strike(self, action: str) -> None:
        """Wait or raise Refused, as the first one for an action says; nothing was looked at and no code is spent."""
        fault = self._take(lambda fault: fault.action == action and not fault.texts)
        if fault:
            self._over.wait(fault.seconds)
            if fault.status:
                raise Refused(fault.status, fault.code, fault.message)

    def bend(self, action: str, answer: Answer, *, session: bool) -> Answer:
        """Return an answer as the first lie has it that is about its action and about elements which it has."""
        fault = self._take(
            lambda fault: (
                bool(fault.texts)
                and fault.action == action
                and (session or not fault.sessions)
                and all(answer.has(name) for name, _ in fault.texts)
            )
        )
        for name, text in fault.texts if fault else ():
            answer = answer.saying(name, text)
        return answer

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._over.set()

    def _take(self, strikes: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if strikes(fault):
                    left = replace(fault, times=fault.times - 1)
                    self._waiting[position : position + 1] = [left] if left.times > 0 else []
                    return fault
        return None
