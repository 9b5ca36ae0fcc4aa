"""A command that replaces an authenticator app: it prints codes, and stores the seed of a new device."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from toolkit.errors import CodeMalformed, CommandFailed
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.login import checked
from toolkit.mfa.program import allowed, hidden

_TRIES = 3  # periods, after which a code must differ from the one before


@dataclass
class Command:
    """The command of `--totp-command`. Runs once for each code; gets a new device's seed on standard input."""

    argv: tuple[str, ...]
    limit: float  # seconds that it may take for a code
    _seed: str = field(default="", repr=False)

    def receive(self, device: NewDevice) -> None:
        """Store the seed."""
        self._seed = device.seed

    def pair(self, turn: Callable[[str], None]) -> tuple[str, str]:
        """Return two consecutive codes. Raises CommandFailed."""
        first = self._run()
        turn("the command's second code")
        return first, self.another((first,), turn)

    def another(self, used: tuple[str, ...], turn: Callable[[str], None]) -> str:
        """Return a code that is not used yet; the command's clock may be behind AWS's. Raises CommandFailed."""
        for left in reversed(range(_TRIES)):
            code = self._run()
            if code not in used:
                return code
            if left:
                turn("the command's next code")
        raise CommandFailed(
            f"`{self.argv[0]}` keeps printing the same code", hint="check the command: a code is valid for 30 s"
        )

    def _run(self) -> str:
        try:
            done = subprocess.run(
                self.argv, env=allowed(os.environ), input=self._seed and f"{self._seed}\n", capture_output=True,
                encoding="utf-8", errors="replace", timeout=self.limit, check=False,
            )  # fmt: skip
        except OSError as error:
            message = f"cannot run `{self.argv[0]}`: {(error.strerror or str(error)).lower()}"
            raise CommandFailed(message, hint="change `--totp-command`") from None
        except subprocess.TimeoutExpired:
            message = f"`{self.argv[0]}` printed no code within {self.limit:g} s, and was killed"
            raise CommandFailed(message, hint="allow more time with `--aws-timeout`") from None
        if done.returncode:
            *_, last = ("", *hidden(re.sub(r"\b\d{6}\b", "***", done.stderr), (self._seed,)).splitlines())
            message = f"`{self.argv[0]}` failed with exit code {done.returncode}{last and ': '}{last}"
            raise CommandFailed(message, hint=self._hint)
        try:
            return checked(done.stdout)
        except CodeMalformed:  # the output may be the seed, so it is not shown
            message = f"`{self.argv[0]}` did not print a six-digit code"
            raise CommandFailed(message, hint=self._hint) from None

    @property
    def _hint(self) -> str:
        if self._seed:
            return "check the command: it gets the seed on standard input, and must print six digits and nothing else"
        return "run it by hand: it must print six digits and nothing else"
