"""Calls with the keys of a profile or of its process. They use the endpoints that a login calls."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from toolkit.aws import files as awsfiles
from toolkit.aws import profiles
from toolkit.aws.clients import Caller, is_endpoint, proxy
from toolkit.aws.files import AwsFiles
from toolkit.aws.profiles import Settings
from toolkit.aws.profiles.views import KEYS, TOKENS
from toolkit.errors import EndpointInsecure, ProfileIsSession, ProfileUnusable
from toolkit.files import is_endless
from toolkit.redact import anonymous, is_address, is_exposed, is_loopback

# A region that each partition always has; the program uses the same ones.
REGIONS = {
    "aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}  # fmt: skip
_OURS = "AWS_MFA_"  # variables that may hold a code


def region(variables: Mapping[str, str], settings: Settings) -> tuple[str, str]:
    """Return the region of a login, and the variable or setting that names it, `""` if none does.

    The default is the usual region of the device's partition. An empty variable counts as unset.
    """
    named = [(variables.get(name, ""), name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")]
    named += [(settings.text("region"), "region")]
    words = settings.text("mfa_serial").split(":")
    partition = words[1] if words[0] == "arn" and len(words) > 1 else ""
    return next((each for each in named if each[0]), (REGIONS.get(partition, REGIONS["aws"]), ""))


def caller(files: AwsFiles, name: str, settings: Settings, *, allow_http: bool = False) -> Caller:
    """Return a caller with the keys in a profile, if it has any. Raises ProfileUnusable; runs nothing.

    Raises EndpointInsecure if others could read what is sent, unless `allow_http`.
    """
    calls = files.calls(name, settings)
    if is_endless(calls.ca_bundle):
        message = f"the certificates of `{calls.ca_bundle}` cannot be used: it is not a regular file"
        raise ProfileUnusable(
            message, hint="set AWS_CA_BUNDLE or `ca_bundle` to a file of certificates as PEM, or remove it"
        )
    with_s3 = Settings({**settings.values, "services.s3": files.reading.in_botocore.endpoint(name, "s3")})
    endpoints = {
        "sts": calls.endpoint_sts,
        "iam": calls.endpoint_iam,
        "s3": profiles.configured_endpoint(with_s3, os.environ, "s3"),
    }
    if not allow_http:
        _require_private(endpoints.values())
    made = Caller(
        name, region(os.environ, settings)[0], endpoints=endpoints, ca_bundle=calls.ca_bundle,
        use_fips_endpoint=calls.use_fips_endpoint, use_dualstack_endpoint=calls.use_dualstack_endpoint,
        max_attempts=calls.max_attempts,
    )  # fmt: skip
    return _keyed(made, settings.text)


def _require_private(addresses: Iterable[str]) -> None:
    """Raise EndpointInsecure for an address if others could read what is sent to it."""
    for address in filter(is_endpoint, filter(None, addresses)):
        message = f"calls to `{anonymous(address)}` would not be encrypted, so others could read the secrets in them"
        if is_exposed(address):
            hint = "use an address that begins with https, or allow this with `--allow-http`"
            raise EndpointInsecure(message, hint=hint)
        through = proxy(address) if address.lower().startswith("http:") else ""
        if is_address(through) and not is_loopback(through):  # botocore uses proxies for this computer, too
            hint = "add the host to NO_PROXY: a proxy on another computer would get the calls"
            raise EndpointInsecure(message, hint=hint)


def with_keys(caller: Caller, text: Callable[[str], str]) -> Caller:
    """Return a caller with other keys, given the settings that contain them. Raises ProfileUnusable."""
    awsfiles.require_keys(caller.name, text)
    return _keyed(caller, text)


def _keyed(caller: Caller, text: Callable[[str], str]) -> Caller:
    token = next(filter(None, map(text, reversed(TOKENS))), "")  # botocore reads the old one first
    return replace(caller, access_key=text(KEYS[0]), secret=text(KEYS[1]), token=token)


def of_process(caller: Caller, command: str, limit: float) -> Caller:
    """Return a caller with the long-term keys that its `credential_process` prints. Its output is never shown.

    Raises ProfileUnusable, or ProfileIsSession for a session.
    """
    what, hint = f"the `credential_process` of profile `{caller.name}`", "run it by hand: it must print keys as JSON"
    exit_code, said = _run(command, limit)
    if exit_code is None:
        raise ProfileUnusable(f"{what} did not end within {limit:g} s", hint="allow more time with `--aws-timeout`")
    if exit_code:
        raise ProfileUnusable(f"{what} failed with exit code {exit_code}", hint=hint)
    keys = _parsed(said)
    if not keys.get("AccessKeyId") or not keys.get("SecretAccessKey"):
        raise ProfileUnusable(f"{what} printed no keys", hint=hint)
    if keys.get("SessionToken"):
        message = f"{what} prints a session, and a session cannot create another one"
        raise ProfileIsSession(message, hint="use the profile that has the long-term keys")
    found = dict(zip(KEYS, (keys["AccessKeyId"], keys["SecretAccessKey"]), strict=True))
    return with_keys(caller, lambda setting: found.get(setting, ""))


def _parsed(said: bytes) -> dict[str, str]:
    try:
        found: Any = json.loads(said)
    except (ValueError, RecursionError):
        return {}
    good = isinstance(found, dict) and found.get("Version") == 1
    return {name: text for name, text in found.items() if isinstance(text, str)} if good else {}


def _run(command: str, limit: float) -> tuple[int | None, bytes]:
    """Run a command as the program does, and return its exit code, None after the limit, and its output."""
    argv = ["cmd.exe", "/C", command] if os.name == "nt" else ["sh", "-c", command]
    env = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    with subprocess.Popen(
        argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=limit)
        except BaseException as error:
            _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                return None, b""
            raise
    return process.returncode, said


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children, which may outlive it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL) if os.name == "posix" else process.kill()
