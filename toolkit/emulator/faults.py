"""Trouble on demand: answers that are refused, late, or never come."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from toolkit.emulator.wire import Refused


@dataclass(frozen=True)
class Fault:
    """One kind of trouble for one action."""

    action: str  # "GetSessionToken"
    times: int  # calls that it still strikes
    seconds: float = 0  # of the machine's clock that the call waits first
    status: int = 0  # HTTP status it is refused with; 0 where it is not
    code: str = ""
    message: str = ""


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
        fault = self._take(action)
        if fault:
            self._over.wait(fault.seconds)
            if fault.status:
                raise Refused(fault.status, fault.code, fault.message)

    def end(self) -> None:
        """Let nobody wait any longer."""
        self._over.set()

    def _take(self, action: str) -> Fault | None:
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.action == action:
                    left = replace(fault, times=fault.times - 1)
                    self._waiting[position : position + 1] = [left] if left.times > 0 else []
                    return fault
        return None
