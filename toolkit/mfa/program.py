"""Running a built program as people do: `aws-mfa -s example -d example_mfa`, with the code on its standard input."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Mapping

from toolkit.errors import (
    AwsBusy,
    AwsRefused,
    AwsUnreachable,
    CodeRefused,
    CredentialsUnwritable,
    DeviceUnusable,
    LoginFailed,
    NotProven,
    ToolkitError,
)
from toolkit.files import sha256
from toolkit.mfa.login import Login
from toolkit.model import Binary
from toolkit.plain import printable

# What says where and how AWS is called. Every other AWS_* variable is kept from the program: it may hold keys, a code,
# or a profile that is not the one to log in from.
_HOW = {
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE", "AWS_DEFAULTS_MODE", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_EC2_METADATA_DISABLED",
}  # fmt: skip
_WHERE = "AWS_ENDPOINT_URL"  # and AWS_ENDPOINT_URL_STS, …

# What `aws-mfa` says, in English, and what kind of failure it is. Its exit codes are the AWS CLI's, which are coarser.
KINDS: tuple[tuple[str, type[ToolkitError]], ...] = (
    ("did not take the MFA code", CodeRefused),
    ("has no MFA device", DeviceUnusable),
    ("FIDO key", DeviceUnusable),
    ("does not know the MFA device", DeviceUnusable),
    ("failed at AWS with HTTP status", AwsBusy),
    ("there were too many", AwsBusy),
    ("had no answer from AWS in time", AwsUnreachable),
    ("could not reach AWS", AwsUnreachable),
    ("could not be written", CredentialsUnwritable),
    ("AWS refused", AwsRefused),
    ("AWS does not know the access key", AwsRefused),
    ("does not belong to its access key", AwsRefused),
    ("the clock of this computer is wrong", AwsRefused),
)
_GRACE = 2  # seconds for a program that was told to end


def log_in(binary: Binary, login: Login, code: str) -> str:
    """Run a program, and return what it said on standard error.

    Raises NotProven where it is not the one that was built, and for a login that failed whatever kind the program's
    words say: one of LoginFailed, or CredentialsUnwritable.
    """
    if sha256(binary.path) != binary.sha256:
        message = f"`{binary.path}` is not the program that was built and checked"
        raise NotProven(message, hint="run it again: a changed program is built anew")
    argv = [str(binary.path), "-s", login.source.name, "-d", login.destination]
    exit_code, said = _run(argv, f"{code}\n", login.limit, environment(os.environ))
    if exit_code is None:
        message = f"`{binary.path.name}` had no answer from AWS within {login.limit:g} s, and was ended"
        hint = "check the network, the proxy variables and AWS_ENDPOINT_URL; `--aws-timeout` allows more"
        raise AwsUnreachable(message, hint=hint)
    text = hidden(said, (code, *login.source.secrets))
    if exit_code:
        error = failure(binary.path.name, exit_code, text)
        if "no MFA device" in str(error):
            error.hint += f", or: invoke enroll --profile {shlex.quote(login.source.name)}"
        raise error
    return text


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what a program gets of our variables. Its words are to be English."""
    return {**allowed(inherited), "LC_ALL": "C"}


def allowed(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what whoever we run may see of our variables: nothing with keys in it."""
    return {
        name: value
        for name, value in inherited.items()
        if not name.startswith("AWS_") or name in _HOW or name.startswith(_WHERE)
    }


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without secrets, what steers a terminal, and surrounding space.

    What steers a terminal goes first: within a secret it would hide it from this search alone.
    """
    text = printable(text)
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text.strip()


def _run(argv: list[str], given: str, limit: float, env: Mapping[str, str]) -> tuple[int | None, str]:
    """Return the exit code, None where the time limit passed, and standard error."""
    try:
        process = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except OSError as error:
        raise LoginFailed(f"`{argv[0]}` cannot be run: {str(error.strerror).lower()}", hint="invoke doctor") from None
    with process:
        try:
            _, said = process.communicate(given, timeout=limit)
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            _end(process)
    return process.returncode, said


def _end(process: subprocess.Popen[str]) -> None:
    """End a program that still runs; kindly at first, so that no temporary file with keys stays behind."""
    if process.poll() is None:
        process.terminate()
        try:
            process.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()


def failure(name: str, exit_code: int, said: str) -> ToolkitError:
    """Return what the words of a program that failed mean."""
    lines = [line for line in said.splitlines() if line.strip()]
    sentence = next((found[1] for line in lines if (found := re.match(r"(?:\S+: )?error: (.+)", line))), "")
    hint = next((line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")), "")
    if not sentence:  # another program, which has words of its own
        last = f": {lines[-1]}" if lines else " without a word"
        return LoginFailed(f"`{name}` ended with exit code {exit_code}{last}", hint=hint or "run it by hand")
    kind = next((kind for words, kind in KINDS if words in sentence), LoginFailed)
    return kind(sentence, hint=hint)
