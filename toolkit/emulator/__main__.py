"""`python -m toolkit.emulator [--port N] [--account A] [--no-device]`: run a small AWS with one user."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from toolkit.emulator import Emulator, Kind, User
from toolkit.errors import ToolkitError

_INTERRUPTED = 130
_LAST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C, then return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with Emulator(account=options.account, port=options.port) as aws:
            user = aws.add_user("example", "/eng/", devices=() if options.no_device else (Kind.VIRTUAL,))
            sys.stdout.write("\n".join([*_lines(aws.url, user, options.account), ""]))
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except ToolkitError as error:
        sys.stderr.write(f"error: {error}\n" + (f"\nhint: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    except BrokenPipeError:  # nobody reads the output
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m toolkit.emulator", description="A small AWS on this machine.")
    parser.add_argument("--port", type=_port, default=0, help="port of 127.0.0.1 to listen on [any free port]")
    parser.add_argument(
        "--account", type=_account, default="123456789012", help="12-digit account number [%(default)s]"
    )
    parser.add_argument("--no-device", action="store_true", help="create no MFA device, to try enrollment")
    return parser


def _lines(url: str, user: User, account: str) -> Sequence[str]:
    """Return shell commands; the device's seed is in a comment."""
    device = "# no MFA device; to create one, run invoke enroll or aws iam create-virtual-mfa-device"
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
    number = int(text)  # the parser reports a ValueError
    if not 0 <= number <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {_LAST_PORT}")
    return number


def _account(text: str) -> str:
    if len(text) != 12 or not (text.isascii() and text.isdigit()):  # noqa: PLR2004 - the length of every account number
        raise argparse.ArgumentTypeError(f"{text} is not 12 digits")
    return text


if __name__ == "__main__":
    sys.exit(main())
