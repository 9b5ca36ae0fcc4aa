"""Clients of the emulator: boto3, the AWS CLI, aws-mfa, and raw requests."""

from __future__ import annotations

import base64
import email.message
import hashlib
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from toolkit import totp
from toolkit.emulator import Emulator, User
from toolkit.emulator.signature import timestamp

_REGION = "us-east-1"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True)
class Keys:
    """Credentials of a client."""

    access_key: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, user: User) -> Keys:
        """Return the long-term keys of a user."""
        return cls(user.access_key, user.secret)


@dataclass(frozen=True)
class Aws:
    """boto3 with one set of credentials. It does not retry, and leaves validation to the server."""

    emulator: Emulator
    keys: Keys

    @contextmanager
    def client(self, service: str) -> Iterator[Any]:
        """Yield a client, and close it."""
        make: Any = boto3.client  # its overloads know services by literal names only
        made = make(
            service,
            region_name=_REGION,
            endpoint_url=self.emulator.url,
            aws_access_key_id=self.keys.access_key,
            aws_secret_access_key=self.keys.secret,
            aws_session_token=self.keys.token,
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        yield made
        made.close()

    def __call__(self, service: str, operation: str, **parameters: object) -> Any:
        """Make one call, and return boto3's result."""
        with self.client(service) as client:
            return getattr(client, operation)(**parameters)

    def refused(self, service: str, operation: str, **parameters: object) -> tuple[int, str, str]:
        """Make a call that has to fail, and return HTTP status, code and message."""
        with pytest.raises(ClientError) as caught:
            self(service, operation, **parameters)
        answer: Mapping[str, Any] = caught.value.response
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"] or ""

    def log_in(self, **parameters: object) -> Aws:
        """Return boto3 with the credentials of a new session."""
        got = self("sts", "get_session_token", **parameters)["Credentials"]
        return Aws(self.emulator, Keys(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]))


def as_user(emulator: Emulator, user: User) -> Aws:
    """Return boto3 with the long-term keys of a user."""
    return Aws(emulator, Keys.of(user))


def with_mfa(emulator: Emulator, user: User) -> Aws:
    """Return boto3 with a session for the current code of a user's device."""
    device = user.device
    return as_user(emulator, user).log_in(SerialNumber=device.serial, TokenCode=device.code())


def code_of(user: User, periods: int = 0) -> str:
    """Return the code of a user's device, some periods from now."""
    return user.device.code(user.device.clock() + periods * totp.PERIOD)


def wrong_code(user: User) -> str:
    """Return six digits that are not a code of this or a nearby period."""
    codes = {code_of(user, periods) for periods in (-2, -1, 0, 1, 2)}
    return next(text for text in map(str, range(100000, 100006)) if text not in codes)


def forms(seed: str) -> tuple[str, ...]:
    """Return the forms of a seed: plain, as people copy it, and as in IAM's responses."""
    return seed, f"{seed[:4]} {seed[4:8]} {seed[8:12]}", base64.b64encode(seed.encode()).decode()


def assert_nowhere(seed: str, *folders: Path) -> None:
    """Check that no file contains a seed."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files for form in forms(seed) if form.encode() in path.read_bytes()] == []


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: email.message.Message
    text: str

    @property
    def code(self) -> str:
        """AWS's error code, or `""`."""
        return self._element("Code")

    @property
    def sentence(self) -> str:
        """AWS's error message, or `""`."""
        return self._element("Message")

    def _element(self, name: str) -> str:
        return next(iter(re.findall(f"<{name}>(.*?)</{name}>", self.text)), "")


@dataclass(frozen=True)
class Raw:
    """A request signed by botocore for any time, which can be changed afterwards."""

    keys: Keys
    service: str = "sts"
    form: Mapping[str, str] = field(default_factory=dict)
    path: str = "/"
    method: str = "POST"

    def send(self, emulator: Emulator, at: float, change: Callable[[AWSRequest], None] | None = None) -> Reply:
        """Sign it for a time, change it, send it."""
        body = urlencode(self.form) if self.form else ""
        request = AWSRequest(self.method, emulator.url + self.path, data=body)
        request.headers["Host"] = urlsplit(emulator.url).netloc
        if body:
            request.headers["Content-Type"] = _FORM
        self._sign(request, at)
        if change:
            change(request)
        return exchange(emulator, self.method, self.path, dict(request.headers), str(request.data))

    def _sign(self, request: AWSRequest, at: float) -> None:
        request.context["timestamp"] = request.headers["X-Amz-Date"] = timestamp(at)
        if self.keys.token is not None:
            request.headers["X-Amz-Security-Token"] = self.keys.token
        if self.service == "s3":
            request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(str(request.data).encode()).hexdigest()
        signer = S3SigV4Auth if self.service == "s3" else SigV4Auth
        auth = signer(Credentials(self.keys.access_key, self.keys.secret), self.service, _REGION)
        signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        names = auth.signed_headers(auth.headers_to_sign(request))
        scope = f"Credential={auth.scope(request)}"
        request.headers["Authorization"] = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders={names}, Signature={signature}"


def exchange(emulator: Emulator, method: str, path: str, headers: Mapping[str, str], body: str = "") -> Reply:
    """Send a request unchanged."""
    connection = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=20)
    try:
        connection.request(method, path, body, dict(headers))
        with connection.getresponse() as answer:
            return Reply(answer.status, answer.headers, answer.read().decode())
    finally:
        connection.close()


@dataclass(frozen=True)
class Shell:
    """Programs with their own environment and AWS files."""

    emulator: Emulator
    folder: Path

    @property
    def credentials(self) -> Path:
        """The credentials file."""
        return self.folder / "credentials"

    def profile(self, name: str, keys: Keys) -> None:
        """Write a profile."""
        token = f"aws_session_token = {keys.token}\n" if keys.token else ""
        self.credentials.touch(mode=0o600)
        with self.credentials.open("a", encoding="utf-8") as file:
            file.write(f"[{name}]\naws_access_key_id = {keys.access_key}\n")
            file.write(f"aws_secret_access_key = {keys.secret}\n{token}\n")

    def become(self, keys: Keys) -> None:
        """Put these keys in profile `example`, and delete all other profiles."""
        self.credentials.unlink()
        self.profile("example", keys)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that make a program use the emulator and these files."""
        return {
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.credentials),
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            **self.emulator.environment(),
        }

    def run(self, *argv: str, given: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        surroundings = {**os.environ, **self.variables, **env}
        return subprocess.run(
            argv, env=surroundings, input=given, capture_output=True, text=True, check=False, timeout=60
        )

    aws_cli: ClassVar = (sys.executable, "-m", "awscli")

    def cli(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS CLI."""
        return self.run(*self.aws_cli, *args, **env)
