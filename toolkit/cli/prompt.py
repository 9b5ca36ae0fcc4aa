"""The sources of MFA codes; `report` and `terminal` are the other modules that talk to a person."""

from __future__ import annotations

import getpass
import sys
import time
from dataclasses import dataclass

from toolkit import totp
from toolkit.errors import CodeMissing
from toolkit.mfa.login import checked
from toolkit.mfa.totp_command import Command
from toolkit.mfa.verify import Codes
from toolkit.model import Progress
from toolkit.settings import VerifySettings


def codes(settings: VerifySettings, progress: Progress) -> Codes:
    """Return the source of codes: `--code`, else the command of `--totp-command`, else a person or standard input.

    Raises CodeMalformed if `--code` is not an MFA code.
    """
    if settings.code:
        code = checked(settings.code)
        return lambda refused: "" if refused else code
    if settings.totp_command:
        return _Commanded(Command(settings.totp_command, settings.aws_timeout), progress)
    return typed


@dataclass(frozen=True)
class _Commanded:
    """The codes of a command; after a rejected code, waits for the next period."""

    command: Command
    progress: Progress

    def __call__(self, refused: tuple[str, ...]) -> str:
        """Return a code. Raises CommandFailed."""
        if refused:
            self.progress.say("AWS rejected the MFA code")
        return self.command.another(refused, self._turn)

    def _turn(self, why: str) -> None:
        self.progress.pause(totp.seconds_left(time.time()), f"waiting for {why}")


def typed(refused: tuple[str, ...]) -> str:
    """Return a code: typed at a terminal, without an echo, or the first line of standard input, which has no second.

    Raises CodeMissing if there is none.
    """
    if sys.stdin is None:  # it was closed before the start
        raise _nothing()
    seen = sys.stdin.isatty()
    if refused and not seen:
        return ""
    question = "AWS rejected the MFA code. Next code: " if refused else "MFA code: "
    try:
        text = getpass.getpass(question) if seen else sys.stdin.readline()
    except EOFError:
        text = ""
    except KeyboardInterrupt:
        sys.stderr.write("\n")  # the next message starts on a new line
        raise
    if not text.strip():
        raise _nothing()
    return text


def _nothing() -> CodeMissing:
    return CodeMissing("there is no MFA code", hint="echo 123456 | invoke verify …, or type it when prompted")
