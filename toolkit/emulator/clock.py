"""The emulator's time."""

from __future__ import annotations

import time
from collections.abc import Callable

Now = Callable[[], float]  # seconds since 1970


class Clock:
    """The machine's clock, or one that runs some seconds ahead of it; a test moves it."""

    def __init__(self, ahead: float = 0) -> None:
        """Take the seconds that it runs ahead; fewer than none is behind."""
        self._ahead = ahead

    def __call__(self) -> float:
        """Return its time, in seconds since 1970."""
        return time.time() + self._ahead

    def step(self, seconds: float) -> None:
        """Move it on by some seconds, or back."""
        self._ahead += seconds
