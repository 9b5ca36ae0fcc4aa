"""A command in place of an authenticator app: it shows codes, and keeps the seed of a new device."""

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

_TRIES = 3  # periods, until a code has to be another one than that before


@dataclass
class Command:
    """What `--totp-command` names. It is run anew for each code; the seed of a new device is on its standard input."""

    argv: tuple[str, ...]
    limit: float  # seconds that it may take for a code
    _seed: str = field(default="", repr=False)

    def receive(self, device: NewDevice) -> None:
        """Take the seed."""
        self._seed = device.seed

    def pair(self, turn: Callable[[str], None]) -> tuple[str, str]:
        """Return two codes that follow each other. Raises CommandFailed."""
        first = self._run()
        turn("the command's second code")
        return first, self.another((first,), turn)

    def another(self, used: tuple[str, ...], turn: Callable[[str], None]) -> str:
        """Return a code that is none of those used: its clock may be behind AWS's. Raises CommandFailed."""
        for left in reversed(range(_TRIES)):
            code = self._run()
            if code not in used:
                return code
            if left:
                turn("the command's next code")
        raise CommandFailed(f"`{self.argv[0]}` prints the same code all the time", hint="a code stands for 30 s")

    def _run(self) -> str:
        try:
            done = subprocess.run(
                self.argv, env=allowed(os.environ), input=self._seed and f"{self._seed}\n", capture_output=True,
                encoding="utf-8", errors="replace", timeout=self.limit, check=False,
            )  # fmt: skip
        except OSError as error:
            message = f"`{self.argv[0]}` cannot be run: {(error.strerror or str(error)).lower()}"
            raise CommandFailed(message, hint="change `--totp-command`") from None
        except subprocess.TimeoutExpired:
            message = f"`{self.argv[0]}` gave no code within {self.limit:g} s, and was ended"
            raise CommandFailed(message, hint="`--aws-timeout` allows more") from None
        if done.returncode:
            *_, last = ("", *hidden(re.sub(r"\b\d{6}\b", "***", done.stderr), (self._seed,)).splitlines())
            message = f"`{self.argv[0]}` ended with exit code {done.returncode}{last and ': '}{last}"
            raise CommandFailed(message, hint=self._hint)
        try:
            return checked(done.stdout)
        except CodeMalformed:  # whatever it printed, it may be the seed
            message = f"`{self.argv[0]}` printed something other than six digits"
            raise CommandFailed(message, hint=self._hint) from None

    @property
    def _hint(self) -> str:
        given = "it gets the seed on its standard input, and " if self._seed else "run it by hand: it "
        return f"{given}has to print six digits and nothing else"
