"""`python -m toolkit.emulator [--port N] [--account A] [--no-device]`: a small AWS with one user, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from toolkit.emulator.devices import Kind
from toolkit.emulator.emulator import Emulator
from toolkit.emulator.identity import User
from toolkit.errors import ToolkitError

_INTERRUPTED = 130
_LAST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C, and return the exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        with Emulator(account=chosen.account, port=chosen.port) as aws:
            user = aws.add_user("example", "/eng/", devices=() if chosen.no_device else (Kind.VIRTUAL,))
            sys.stdout.write("\n".join([*_lines(aws.url, user, chosen.account), ""]))
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except ToolkitError as error:
        sys.stderr.write(f"error: {error}\n" + (f"\nhint: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    except BrokenPipeError:  # nobody reads what to paste
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m toolkit.emulator", description="A small AWS on this machine.")
    parser.add_argument("--port", type=_port, default=0, help="port of 127.0.0.1 to listen on [any free one]")
    parser.add_argument("--account", type=_account, default="123456789012", help="12 digits [%(default)s]")
    parser.add_argument("--no-device", action="store_true", help="give the user no MFA device, to try enrollment")
    return parser


def _lines(url: str, user: User, account: str) -> Sequence[str]:
    """Return lines that a shell takes as they are; the device's seed is in a comment."""
    device = "# no MFA device: invoke enroll makes one, and so does aws iam create-virtual-mfa-device"
    if user.devices:
        device = f"# MFA device {user.device.serial}: {user.device.uri(account)}"
    return [
        f"export AWS_ENDPOINT_URL={url}",
        "export AWS_DEFAULT_REGION=us-east-1",
        f"export AWS_ACCESS_KEY_ID={user.access_key}",
        f"export AWS_SECRET_ACCESS_KEY={user.secret}",
        device,
    ]


def _port(text: str) -> int:
    number = int(text)  # a ValueError is the parser's to tell
    if not 0 <= number <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {_LAST_PORT}")
    return number


def _account(text: str) -> str:
    if len(text) != 12 or not (text.isascii() and text.isdigit()):  # noqa: PLR2004 - as all accounts are
        raise argparse.ArgumentTypeError(f"{text} is not 12 digits")
    return text


if __name__ == "__main__":
    sys.exit(main())
