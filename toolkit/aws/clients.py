"""The toolkit's own calls to AWS. Only this module creates botocore clients."""

from __future__ import annotations

import contextlib
import email.utils
import functools
import logging
import os
import re
import shlex
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.request import getproxies

from toolkit.errors import AwsBusy, AwsRefused, AwsUnreachable, ClockWrong, KeysRefused
from toolkit.redact import is_address, without_mistyped, without_proxies

LONG_TERM, TEMPORARY = "AKIA", "ASIA"  # prefixes of access key IDs
SERVICES = ("sts", "iam", "s3")
_ATTEMPTS, _MOST_ATTEMPTS = 3, 10
_LONGEST = 1 << 20  # bytes of a response; those of AWS are much shorter
_MAKING = threading.Lock()  # a session creates one client at a time
_BUSY = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"}
_LATER = {"EntityTemporarilyUnmodifiable"}  # IAM's response about something that has just changed
_KEYS = {"InvalidClientTokenId", "SignatureDoesNotMatch"}  # about the key, and about its secret
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}


@dataclass(frozen=True)
class Identity:
    """The identity that STS reports for keys. Made by `Aws.identity`."""

    account: str
    arn: str
    user_id: str
    at: float = field(compare=False)  # the time of the response by STS's clock: seconds since 1970


@dataclass(frozen=True)
class Caller:
    """The keys of a profile, and where and how its calls go; nothing else decides that. Keys are not shown."""

    name: str  # of the profile
    region: str
    access_key: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    endpoints: Mapping[str, str] = field(default_factory=dict, repr=False)  # by service; AWS's own by default
    ca_bundle: str = ""
    use_fips_endpoint: bool = False
    use_dualstack_endpoint: bool = False
    max_attempts: int = 0  # 0 for the default

    @property
    def shown_key(self) -> str:
        """The part of the access key ID that may be shown: its kind, and enough to distinguish it from others."""
        return f"{self.access_key[:4]}…{self.access_key[-4:]}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts that must not be shown."""
        return tuple(filter(None, (self.secret, self.token)))


class Aws:
    """Calls to AWS. botocore sees no file, no profile and no `AWS_*` variable; proxies come from the environment.

    Creating one imports botocore and reads its service models, which takes longer than a few calls: create it while
    waiting for a person.
    """

    def __init__(self, limit: float) -> None:
        """Limit each call to some seconds, including all its attempts."""
        logging.getLogger("botocore").setLevel(logging.INFO)  # below that it logs codes and whole responses
        self._limit = limit
        _session()

    def identity(self, caller: Caller) -> Identity:
        """Return the owner of the caller's keys. Raises AwsRefused, AwsBusy or AwsUnreachable."""
        with _called("GetCallerIdentity", caller):
            said = self._client(caller, "sts").get_caller_identity()
            return Identity(said["Account"], said["Arn"], said["UserId"], _date(said))

    def session(self, caller: Caller) -> str:
        """Return the access key ID of a session created without a code. Raises as `identity` does."""
        with _called("GetSessionToken", caller):
            said = self._client(caller, "sts").get_session_token(DurationSeconds=900)
            return str(said["Credentials"]["AccessKeyId"])

    def user(self, caller: Caller) -> str:
        """Return the ARN that IAM reports for the user of the caller's keys. Raises as `identity` does."""
        with _called("GetUser", caller):
            return str(self._client(caller, "iam").get_user()["User"]["Arn"])

    def buckets(self, caller: Caller) -> tuple[str, ...]:
        """Return the names of the buckets that the caller may list. Raises as `identity` does."""
        with _called("ListBuckets", caller):
            said = self._client(caller, "s3").list_buckets()
            return tuple(bucket["Name"] for bucket in said.get("Buckets", ()))

    def new_device(self, caller: Caller, name: str) -> tuple[str, str]:
        """Create a virtual MFA device, and return its serial number and its seed in base32.

        AWS shows the seed only once. Raises as `identity` does; no error contains the seed.
        """
        with _called("CreateVirtualMFADevice", caller):
            client = self._client(caller, "iam")
            made = client.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
            serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode("ascii")
            if not re.fullmatch("[A-Z2-7]{16,}=*", seed):
                raise ValueError
        return serial, seed

    def iam(self, caller: Caller, call: str, **parameters: str) -> Any:
        """Make an IAM call, by its name, and return all pages of the response. Raises as `identity` does."""
        from botocore import xform_name

        with _called(call, caller):
            client = self._client(caller, "iam")
            operation = xform_name(call)
            if client.can_paginate(operation):
                return client.get_paginator(operation).paginate(**parameters).build_full_result()
            return getattr(client, operation)(**parameters)

    def devices(self, caller: Caller, user: str) -> tuple[str, ...]:
        """Return the serial numbers of a user's MFA devices. Raises as `identity` does."""
        with _called("ListMFADevices", caller):
            listed = self.iam(caller, "ListMFADevices", UserName=user)["MFADevices"]
            return tuple(device["SerialNumber"] for device in listed)

    def time(self, caller: Caller) -> float:
        """Return AWS's time, in seconds since 1970. No key is used. Raises AwsBusy or AwsUnreachable."""
        from botocore.exceptions import ClientError

        with _called("GetCallerIdentity", caller):
            try:
                said: Any = self._client(caller, "sts", signed=False).get_caller_identity()
            except ClientError as error:  # a refusal contains the time like any response
                said = error.response
        return _date(said)

    def addresses(self, caller: Caller) -> dict[str, tuple[str, str]]:
        """Return, by service, the address that is called and AWS's own. Raises AwsRefused; makes no call.

        An address that cannot be called is `""`: any part of it may be a password.
        """
        plain = replace(caller, endpoints={})
        with _called("the address of AWS", caller):
            usual = {name: self._client(plain, name, signed=False).meta.endpoint_url for name in SERVICES}
        used = {name: caller.endpoints.get(name) or address for name, address in usual.items()}
        return {name: (used[name] if is_endpoint(used[name]) else "", address) for name, address in usual.items()}

    def _client(self, caller: Caller, service: str, *, signed: bool = True) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config

        endpoint = caller.endpoints.get(service) or None
        if endpoint and not is_endpoint(endpoint):
            message = f"the endpoint of {service.upper()} for profile `{caller.name}` is not an address"
            raise AwsRefused(message, hint=f"invoke doctor --profile {shlex.quote(caller.name)}")
        attempts = min(caller.max_attempts or _ATTEMPTS, _MOST_ATTEMPTS)
        each = self._limit / attempts
        more: dict[str, Any] = {"ignore_configured_endpoint_urls": True}  # the stubs lack it
        if not signed:
            more["signature_version"] = UNSIGNED
        config = Config(
            connect_timeout=each, read_timeout=each, retries={"total_max_attempts": attempts, "mode": "standard"},
            use_fips_endpoint=caller.use_fips_endpoint,
            use_dualstack_endpoint=caller.use_dualstack_endpoint, **more,
        )  # fmt: skip
        with _MAKING:
            client = _session().create_client(
                service, region_name=caller.region, endpoint_url=endpoint, verify=caller.ca_bundle or None,
                config=config, aws_access_key_id=caller.access_key, aws_secret_access_key=caller.secret,
                aws_session_token=caller.token or None,
            )  # fmt: skip
        _limit_bodies(client)
        return client


def _limit_bodies(client: Any) -> None:
    """Let a client read no more of a response than AWS would ever send. botocore has no limit."""
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import HTTPClientError
    from urllib3.exceptions import HTTPError

    def send(request: Any) -> Any:
        request.stream_output = True  # or the body is read at once
        response = usual(request)
        body = b""
        try:
            for part in response.raw.stream():
                body += part
                if len(body) > _LONGEST:
                    response.raw.close()
                    raise HTTPClientError(error=f"the response is longer than {_LONGEST} bytes")
        except HTTPError as error:
            raise HTTPClientError(error=error) from None
        return AWSResponse(response.url, response.status_code, response.headers, _Read(body))

    sender = client._endpoint.http_session  # noqa: SLF001 - there is no other way in
    usual, sender.send = sender.send, send


@dataclass(frozen=True)
class _Read:
    """The body of a response that was read."""

    body: bytes

    def stream(self) -> Iterator[bytes]:
        """Give all of it."""
        yield self.body


def proxy(address: str) -> str:
    """Return the proxy through which an address is called, as botocore decides it; `""` for none."""
    from botocore.utils import get_environ_proxies

    scheme = address.partition(":")[0].lower()
    return str(get_environ_proxies(address).get(scheme, ""))


def is_endpoint(text: str) -> bool:
    """Return whether a text is an address that botocore can call."""
    from botocore.utils import is_valid_endpoint_url

    return is_address(text) and bool(is_valid_endpoint_url(text))


@functools.cache
def _session() -> Any:
    """Return a session of botocore that sees neither files nor `AWS_*` variables, and reads each model once."""
    from botocore.loaders import Loader
    from botocore.session import Session
    from botocore.tokens import TokenProviderChain

    known = Session.SESSION_VARIABLES
    unseen: Any = {name: (None, None, default, kind) for name, (_, _, default, kind) in known.items()}
    unseen |= dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session: Any = Session(session_vars=unseen)
    session.get_component("config_store").set_config_variable("s3", {})  # it has its own variables
    session.register_component("token_provider", TokenProviderChain([]))  # the default one reads variables
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    for service in SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    session.register_component("data_loader", loader)
    return session


@contextlib.contextmanager
def _called(call: str, caller: Caller) -> Iterator[None]:
    """Turn every botocore exception into one of our errors. None of them contains a key."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, InvalidRegionError, SSLError
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.parsers import ResponseParserError

    profile = caller.name
    try:
        yield
    except ClientError as error:
        raise _refusal(call, profile, error.response) from None
    except SSLError as error:
        message = f"`{call}` could not reach AWS: {_shown(error)}"
        hint = (
            "export AWS_CA_BUNDLE=FILE, with your company's certificates in PEM format, if its network intercepts TLS"
        )
        raise AwsUnreachable(message, hint=hint, untrusted=True) from None
    except (HTTPClientError, NoConnection) as error:
        message = f"`{call}` could not reach AWS: {_shown(error)}"
        raise AwsUnreachable(message, hint="check the network, the proxy variables and AWS_ENDPOINT_URL") from None
    except InvalidRegionError as error:
        message = f"cannot use profile `{profile}`: {_shown(error)}"
        hint = f"unset AWS_REGION AWS_DEFAULT_REGION, or: aws configure set region REGION --profile={profile}"
        raise AwsRefused(message, hint=hint) from None
    except BotoCoreError as error:
        message = f"cannot use profile `{profile}`: {_shown(error)}"
        raise AwsRefused(message, hint="check its settings and the AWS_* variables") from None
    except (ResponseParserError, LookupError, ValueError, TypeError, AttributeError):  # they may quote the response
        hint = "check that no proxy, login page or AWS_ENDPOINT_URL responds instead of AWS"
        raise AwsUnreachable(f"unexpected response to `{call}`", hint=hint) from None


def _shown(error: Exception) -> str:
    """Return botocore's message, with redacted addresses."""
    proxies = [each for kind, each in getproxies().items() if kind != "no"]
    return without_mistyped(without_proxies(str(error).rstrip("."), proxies), proxies)


def _refusal(call: str, profile: str, response: Any) -> AwsRefused | AwsBusy:
    code, sentence = response["Error"]["Code"], str(response["Error"].get("Message") or "").rstrip(".")
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS or code in _BUSY:
        return AwsBusy(f"AWS failed at `{call}` (`{code}`): {sentence}", hint="try again in a minute")
    if code in _LATER:
        return AwsBusy(f"AWS cannot do `{call}` yet (`{code}`): {sentence}", hint="try again in a few minutes")
    kind = KeysRefused if code in _KEYS else AwsRefused
    hint = f"aws configure --profile={profile}, if its access key was changed or deleted"
    if code == "AccessDenied" and "not authorized" in sentence:
        hint = f"allow `{call}` in a policy, also for a user without MFA"
    if code in _SKEWED or sentence.startswith(("Signature expired", "Signature not yet current")):
        kind = ClockWrong
        hint = f"set the clock of this machine: invoke doctor --profile {profile}"
    return kind(f"AWS refused `{call}` to profile `{profile}` (`{code}`): {sentence}", hint=hint, code=code)


def _date(response: Any) -> float:
    told = response["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return email.utils.parsedate_to_datetime(told).timestamp()
    except ValueError:  # the response does not come from AWS
        return time.time()
