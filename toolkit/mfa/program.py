"""Running a built program as people do: `aws-mfa -s example -d example_mfa`, with the code on standard input."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from toolkit.errors import AwsUnreachable, DeviceMissing, LoginFailed, NotProven, ToolkitError, named
from toolkit.files import sha256
from toolkit.mfa.login import Login
from toolkit.model import Binary
from toolkit.sanitize import printable

# Variables that say where and how to call AWS. The program gets no other AWS_* variable: it may contain keys, a code,
# or a profile other than the one to log in from.
_HOW = {
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE", "AWS_DEFAULTS_MODE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_EC2_METADATA_DISABLED",
}  # fmt: skip
_WHERE = "AWS_ENDPOINT_URL"  # and AWS_ENDPOINT_URL_STS, …

# A failure of `aws-mfa`, or of any program that reports failures in the same format.
_FAILURE = re.compile(r"^(?:\S+: )?error\[([a-z0-9-]+)\]: (.+)$", re.MULTILINE)
_HINT = re.compile(r"^hint: (.+)$", re.MULTILINE)
_LAST_LINES = 10  # shown if a program names no failure
_GRACE = 2  # seconds for a program to end after SIGTERM


def log_in(binary: Binary, login: Login, code: str) -> str:
    """Run a program, and return its standard error.

    Raises NotProven if it is not the program that was built. For a failed login, raises the error that the program
    names, or LoginFailed.
    """
    arguments = ["-s", login.source.name, "-d", login.destination]
    arguments += ["--allow-http"] if login.allow_http else []
    ended = run(binary, arguments, f"{code}\n", login.limit)
    if ended is None:
        message = f"`{binary.path.name}` got no response from AWS within {login.limit:g} s, and was stopped"
        hint = "check the network, the proxy variables and AWS_ENDPOINT_URL; allow more time with `--aws-timeout`"
        raise AwsUnreachable(message, hint=hint)
    exit_code, said = ended
    text = hidden(said, (code, *login.source.secrets))
    if exit_code:
        error = failure(binary.path.name, exit_code, text)
        if isinstance(error, DeviceMissing):
            error.hint += f", or: invoke enroll --profile {shlex.quote(login.source.name)}"
        raise error
    return text


def run(binary: Binary, arguments: Sequence[str], given: str, limit: float) -> tuple[int, str] | None:
    """Run a program, and return its exit code and standard error; None after the time limit.

    Raises NotProven if it is not the program that was built, and LoginFailed if it cannot be run.
    """
    if sha256(binary.path) != binary.sha256:
        message = f"`{binary.path}` is not the program that was built and checked"
        raise NotProven(message, hint="run the command again: it rebuilds a modified program")
    return _run([str(binary.path), *arguments], given, limit, allowed(os.environ))


def allowed(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a child process may see: none that may contain keys."""
    return {
        name: value
        for name, value in inherited.items()
        if not name.startswith("AWS_") or name in _HOW or name.startswith(_WHERE)
    }


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, control characters and surrounding space.

    Control characters are removed first: inside a secret they would hide it from this search, but not from a reader.
    """
    text = printable(text)
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text.strip()


def _run(argv: list[str], given: str, limit: float, env: Mapping[str, str]) -> tuple[int, str] | None:
    try:
        process = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise LoginFailed(f"cannot run `{argv[0]}`: {str(error.strerror).lower()}", hint="invoke doctor") from None
    with process:
        try:
            _, said = process.communicate(given, timeout=limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
    return process.returncode, said


def _end(process: subprocess.Popen[str]) -> None:
    """Stop a running program; first with SIGTERM, so that it can delete a temporary file with keys."""
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()


def failure(name: str, exit_code: int, said: str, otherwise: type[ToolkitError] = LoginFailed) -> ToolkitError:
    """Return the error that a failed program names, otherwise one of another kind with its last lines."""
    found = _FAILURE.search(said)
    if not found:
        lines = [line.strip() for line in said.splitlines() if line.strip()][-_LAST_LINES:]
        last = "".join(f"\n{line}" for line in lines) if len(lines) > 1 else " ".join(["", *lines])
        last = f":{last}" if lines else " and no output"
        return otherwise(f"`{name}` failed with exit code {exit_code}{last}", hint="run it by hand")
    hint = _HINT.search(said, found.end())
    kind = named().get(found[1], otherwise)
    return kind(found[2], hint=hint[1] if hint else "")
