"""What AWS remembers about the codes of one device: how far its clock is off, and which codes are used up."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from toolkit import totp

_REACH = 120  # periods that a device may be out of step for it to be brought back: an hour


@dataclass
class Codes:
    """The memory. It is changed under somebody else's lock."""

    offset: int = 0  # periods that the device's clock is known to be ahead
    last: int = -1  # the last period whose code was taken, by the device's clock

    def take(self, seed: str, code: str, now: float) -> bool:
        """Take a code of now, one period before or one after, if it is later than the last one taken."""
        here = totp.step(now) + self.offset
        return self._use(_found(seed, (code,), range(here - 1, here + 2), self.last), length=1)

    def take_pair(self, seed: str, pair: tuple[str, str], now: float) -> bool:
        """Take two codes that follow each other, of which the second is of now, one period before or one after."""
        here = totp.step(now) + self.offset
        return self._use(_found(seed, pair, range(here - 2, here + 1), self.last), length=2)

    def resync(self, seed: str, pair: tuple[str, str], now: float) -> bool:
        """Take two such codes of any time within an hour, and keep in mind how far the device is off."""
        if self.take_pair(seed, pair, now):  # it was in step
            return True
        here = totp.step(now)
        first = _found(seed, pair, _from_the_middle(here - 1), self.last)
        if first is not None:
            self.offset = first + 1 - here
        return self._use(first, length=2)

    def _use(self, first: int | None, *, length: int) -> bool:
        if first is None:
            return False
        self.last = first + length - 1
        return True


def _from_the_middle(here: int) -> Iterator[int]:
    return (here + sign * distance for distance in range(_REACH + 1) for sign in (1, -1))


def _found(seed: str, codes: tuple[str, ...], firsts: Iterable[int], last: int) -> int | None:
    """Return the first period from which on the device shows some codes, and all of them unused."""
    for first in firsts:
        shown = " ".join(totp.code(seed, (first + number) * totp.PERIOD) for number in range(len(codes)))
        if first > last and hmac.compare_digest(shown.encode(), " ".join(codes).encode()):
            return first
    return None
