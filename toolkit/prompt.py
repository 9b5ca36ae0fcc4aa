"""Where MFA codes come from; with `report` and `terminal`, what stands between the toolkit and a person."""

from __future__ import annotations

import getpass
import sys
import time
from dataclasses import dataclass

from toolkit import totp
from toolkit.errors import CodeMissing
from toolkit.mfa.command import Command
from toolkit.mfa.enroll import Watch
from toolkit.mfa.login import checked
from toolkit.mfa.verify import Codes
from toolkit.settings import VerifySettings


def codes(settings: VerifySettings, watch: Watch) -> Codes:
    """Return what gives codes: `--code`, else the command of `--totp-command`, else a person or standard input.

    Raises CodeMalformed where that of `--code` is none.
    """
    if settings.code:
        code = checked(settings.code)
        return lambda refused: "" if refused else code
    if settings.totp_command:
        return _Commanded(Command(settings.totp_command, settings.aws_timeout), watch)
    return typed


@dataclass(frozen=True)
class _Commanded:
    """The codes of a command: another one only when its time has come."""

    command: Command
    watch: Watch

    def __call__(self, refused: tuple[str, ...]) -> str:
        """Return a code. Raises CommandFailed."""
        if refused:
            self.watch.say("AWS did not take that code")
        return self.command.another(refused, self._turn)

    def _turn(self, why: str) -> None:
        self.watch.pause(totp.seconds_left(time.time()), f"waiting for {why}")


def typed(refused: tuple[str, ...]) -> str:
    """Return a code: typed, without being shown, or else the first line of standard input, which has no second one.

    Raises CodeMissing where there is none.
    """
    if sys.stdin is None:  # it was closed before this began
        raise _nothing()
    seen = sys.stdin.isatty()
    if refused and not seen:
        return ""
    question = "AWS did not take that code. The next one: " if refused else "MFA code: "
    try:
        text = getpass.getpass(question) if seen else sys.stdin.readline()
    except EOFError:
        text = ""
    except KeyboardInterrupt:
        sys.stderr.write("\n")  # what is said next has a line of its own
        raise
    if not text.strip():
        raise _nothing()
    return text


def _nothing() -> CodeMissing:
    return CodeMissing("there is no MFA code", hint="type it when asked, or: echo 123456 | invoke verify …")
