"""Trouble on demand: calls that are refused or late or throttled, answers that are untrue or cut off, a wrong Date."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from toolkit.emulator.flaws import Flaw, Flawed
from toolkit.emulator.protocol import Answer, Refused


@dataclass(frozen=True)
class Fault:
    """One kind of trouble for one action."""

    action: str  # "GetSessionToken"
    times: int  # calls or answers that it still strikes


@dataclass(frozen=True)
class Failure(Fault):
    """The call is refused."""

    status: int  # HTTP status
    code: str
    message: str = ""


@dataclass(frozen=True)
class Throttle(Fault):
    """The call is refused because there were too many, in the words of its service."""


@dataclass(frozen=True)
class Delay(Fault):
    """The call waits first."""

    seconds: float  # of the machine's clock


@dataclass(frozen=True)
class Lie(Fault):
    """The answer says something else."""

    texts: tuple[tuple[str, str], ...] = field(repr=False)  # XML elements, and what they then hold
    sessions: bool = False  # strikes only answers to calls signed with the keys of a session


@dataclass(frozen=True)
class Cut(Fault):
    """The answer ends in the middle. What was asked for is done all the same."""


class Faults:
    """The troubles that are still to strike, the first first."""

    def __init__(self) -> None:
        """Begin without any."""
        self.skew: float = 0  # seconds that the Date of answers is ahead of the clock that judges calls
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
        """Let a call wait or raise Refused or Flawed, as the first one for its action says.

        Nothing was looked at by then, and no code is spent.
        """
        match self._take(lambda fault: fault.action == action and isinstance(fault, Failure | Throttle | Delay)):
            case Failure(status=status, code=code, message=message):
                raise Refused(status, code, message)
            case Throttle():
                raise Flawed(Flaw.THROTTLED)
            case Delay(seconds=seconds):
                self._over.wait(seconds)

    def bend(self, action: str, answer: Answer, *, session: bool) -> Answer:
        """Return an answer as the first lie has it that fits, and then as the first cut for its action leaves it.

        A lie fits an answer that has all the elements that it is about; a cut, one that has a body.
        """

        def fits(fault: Fault) -> bool:
            return (
                isinstance(fault, Lie)
                and fault.action == action
                and (session or not fault.sessions)
                and all(answer.has(name) for name, _ in fault.texts)
            )

        lie = self._take(fits)
        if isinstance(lie, Lie):
            for name, text in lie.texts:
                answer = answer.saying(name, text)
        if answer.body and self._take(lambda fault: fault.action == action and isinstance(fault, Cut)):
            answer = replace(answer, cut=True)
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
