"""Where MFA codes come from; with `report` and `terminal`, what stands between the toolkit and a person."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Callable

from toolkit import totp
from toolkit.errors import CodeMalformed, UsageError
from toolkit.mfa.command import Command
from toolkit.mfa.login import checked
from toolkit.mfa.verify import Codes
from toolkit.settings import VerifySettings


def codes(settings: VerifySettings, pause: Callable[[float, str], None]) -> Codes:
    """Return what gives codes: `--code`, else the command of `--totp-command`, else a person or standard input.

    `pause` is told how long the command's next code takes, and what for. Raises CodeMalformed or UsageError.
    """
    if settings.code and settings.totp_command:
        message = "`--code` and `--totp-command` are two places to take a code from"
        raise UsageError(message, hint="leave one of them out")
    if settings.code:
        code = checked(settings.code)
        return lambda refused: "" if refused else code
    if settings.totp_command:
        command = Command(settings.totp_command, settings.aws_timeout)
        return lambda refused: command.another(
            refused, lambda why: pause(totp.seconds_left(time.time()), f"waiting for {why}")
        )
    return typed


def typed(refused: tuple[str, ...]) -> str:
    """Return a code: typed, without being shown, or else the first line of standard input, which has no second one.

    Raises CodeMalformed where there is none.
    """
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
        raise CodeMalformed("there is no MFA code", hint="type it when asked, or: echo 123456 | invoke verify …")
    return text
