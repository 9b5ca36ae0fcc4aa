"""AWS, as far as the toolkit asks it itself. The only module that makes boto3 clients."""

from __future__ import annotations

import contextlib
import email.utils
import functools
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from toolkit.addresses import is_address, without_mistyped, without_proxies
from toolkit.errors import AwsBusy, AwsRefused, AwsUnreachable, ClockWrong, KeysRefused

if TYPE_CHECKING:
    from boto3 import Session

_ATTEMPTS = 3
_SERVICES = ("sts", "iam", "s3")
_FALLBACK_REGION = "us-east-1"  # STS cannot be called without one, and in this one it always is
_BUSY = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"}
_LATER = {"EntityTemporarilyUnmodifiable"}  # what IAM says of what was changed a moment ago
_KEYS = {"InvalidClientTokenId", "SignatureDoesNotMatch"}  # of the key, and of its secret
_SKEWED = {"RequestTimeTooSkewed", "RequestExpired"}


@dataclass(frozen=True)
class Identity:
    """Who somebody is, as STS says. Made by `Aws.identity`."""

    account: str
    arn: str
    user_id: str
    at: float = field(compare=False)  # when STS said so, by its own clock: seconds since 1970


class Aws:
    """Calls with the keys of profiles, as the AWS CLI would make them: files, variables and proxies are botocore's.

    Making one imports boto3 and reads what it knows of STS and S3, which takes most of the time of a few calls: so do
    it while a person is waited for.
    """

    def __init__(self, limit: float) -> None:
        """Take the seconds that a call may take, with all its attempts."""
        import boto3
        import botocore.session
        from botocore.config import Config

        self._boto3, self._botocore = boto3, botocore.session
        logging.getLogger("botocore").setLevel(logging.INFO)  # below that it writes down codes and whole answers
        each = limit / _ATTEMPTS
        self._config = Config(
            connect_timeout=each, read_timeout=each, retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"}
        )
        self._loader = _loader()

    def identity(self, profile: str) -> Identity:
        """Return who the keys of a profile belong to. Raises AwsRefused, AwsBusy or AwsUnreachable."""
        with _called("GetCallerIdentity", profile):
            said = self._session(profile).client("sts", config=self._config).get_caller_identity()
            return Identity(said["Account"], said["Arn"], said["UserId"], _date(said))

    def session(self, profile: str) -> str:
        """Return the ID of the key of a session got with a profile's keys and no code. Raises as `identity` does."""
        with _called("GetSessionToken", profile):
            said = self._session(profile).client("sts", config=self._config).get_session_token(DurationSeconds=900)
            return said["Credentials"]["AccessKeyId"]

    def user(self, profile: str) -> str:
        """Return the ARN that IAM has for the user of a profile's keys. Raises as `identity` does."""
        with _called("GetUser", profile):
            return self._session(profile).client("iam", config=self._config).get_user()["User"]["Arn"]

    def buckets(self, profile: str) -> tuple[str, ...]:
        """Return the names of the buckets that a profile may list. Raises AwsRefused, AwsBusy or AwsUnreachable."""
        with _called("ListBuckets", profile):
            said = self._session(profile).client("s3", config=self._config).list_buckets()
        return tuple(bucket["Name"] for bucket in said.get("Buckets", ()))

    def new_device(self, profile: str, name: str) -> tuple[str, str]:
        """Make a virtual MFA device, and return its serial number and its seed in base32.

        The seed is told this once only. Raises AwsRefused, AwsBusy or AwsUnreachable, in none of which it is.
        """
        with _called("CreateVirtualMFADevice", profile):
            client = self._session(profile).client("iam", config=self._config)
            made = client.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
            serial, seed = made["SerialNumber"], made["Base32StringSeed"].decode("ascii")
            if not re.fullmatch("[A-Z2-7]{16,}=*", seed):
                raise ValueError
        return serial, seed

    def iam(self, profile: str, call: str, **parameters: str) -> Any:
        """Make a call of IAM, by its name, and return its answer, all pages of it. Raises as `new_device` does."""
        from botocore import xform_name

        with _called(call, profile):
            client: Any = self._session(profile).client("iam", config=self._config)
            operation = xform_name(call)
            if client.can_paginate(operation):
                return client.get_paginator(operation).paginate(**parameters).build_full_result()
            return getattr(client, operation)(**parameters)

    def devices(self, profile: str, user: str) -> tuple[str, ...]:
        """Return the serial numbers of a user's MFA devices. Raises as `identity` does."""
        with _called("ListMFADevices", profile):
            listed = self.iam(profile, "ListMFADevices", UserName=user)["MFADevices"]
            return tuple(device["SerialNumber"] for device in listed)

    def time(self, profile: str) -> float:
        """Return AWS's time, in seconds since 1970. No key is used. Raises AwsBusy or AwsUnreachable."""
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import ClientError

        config = self._config.merge(Config(signature_version=UNSIGNED))
        with _called("GetCallerIdentity", profile):
            try:
                said: Any = self._session(profile).client("sts", config=config).get_caller_identity()
            except ClientError as error:  # a refusal tells the time as well as any answer
                said = error.response
        return _date(said)

    def addresses(self, profile: str) -> dict[str, tuple[str, str]]:
        """Return, by service, the address that its calls go to and the usual one. Raises AwsRefused; calls nobody.

        Instead of one that cannot be called there is `""`: any part of it may be a password.
        """
        from botocore import UNSIGNED
        from botocore.config import Config

        ignoring: Any = {"ignore_configured_endpoint_urls": True}  # which its stubs do not have
        unsigned = self._config.merge(Config(signature_version=UNSIGNED))
        usual = unsigned.merge(Config(**ignoring))
        with _called("the address of AWS", profile):
            make: Any = self._session(profile).client  # its overloads know services by literal names only

            found = {service: make(service, config=usual).meta.endpoint_url for service in _SERVICES}

            def used(service: str) -> str:
                try:
                    address = str(make(service, config=unsigned).meta.endpoint_url)
                except ValueError:  # nothing but the address is another than just before
                    return ""
                return address if is_address(address) else ""

            return {service: (used(service), address) for service, address in found.items()}

    def _session(self, profile: str) -> Session:
        # Named in the program, a profile counts before AWS_ACCESS_KEY_ID; and each session reads the files anew.
        core = self._botocore.Session(profile=profile)
        core.register_component("data_loader", self._loader)  # read service models once, not once a session
        name, _ = region(os.environ, core.get_scoped_config())
        return self._boto3.Session(botocore_session=core, region_name=name)


def region(variables: Mapping[str, str], settings: Mapping[str, str]) -> tuple[str, str]:
    """Return the region in which calls are made with a profile, and what says so: a variable, a setting or `""`.

    What is empty says nothing, as the program and version 2 of the AWS CLI have it: botocore does not know AWS_REGION,
    and takes an empty AWS_DEFAULT_REGION for a region.
    """
    named = [(variables.get(name, ""), name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION")]
    named += [(settings.get("region", ""), "region"), (_FALLBACK_REGION, "")]
    return next(each for each in named if each[0])


@functools.cache
def _loader() -> Any:
    """Return botocore's reader of what it knows of services, which reads each file once."""
    from botocore.loaders import create_loader

    loader = create_loader()
    for service in _SERVICES:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    return loader


@contextlib.contextmanager
def _called(call: str, profile: str) -> Iterator[None]:
    """Turn what boto3 says into a sentence. None of it has a key in it."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, InvalidRegionError, SSLError
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _refusal(call, profile, error.response) from None
    except SSLError as error:
        message = f"`{call}` could not reach AWS: {_shown(error)}"
        hint = "export AWS_CA_BUNDLE=FILE, with your company's certificates as PEM, if its network opens TLS"
        raise AwsUnreachable(message, hint=hint, untrusted=True) from None
    except (HTTPClientError, NoConnection) as error:
        message = f"`{call}` could not reach AWS: {_shown(error)}"
        raise AwsUnreachable(message, hint="check the network, the proxy variables and AWS_ENDPOINT_URL") from None
    except InvalidRegionError as error:
        message = f"profile `{profile}` cannot be used: {_shown(error)}"
        hint = f"unset AWS_REGION AWS_DEFAULT_REGION, or: aws configure set region REGION --profile={profile}"
        raise AwsRefused(message, hint=hint) from None
    except BotoCoreError as error:
        message = f"profile `{profile}` cannot be used: {_shown(error)}"
        raise AwsRefused(message, hint="look at its settings, and at the AWS_* variables") from None
    except (ResponseParserError, KeyError, ValueError):  # whose words have the whole answer in them, whatever it holds
        hint = "check that no proxy, login page or AWS_ENDPOINT_URL stands in for AWS"
        raise AwsUnreachable(f"the answer to `{call}` is not one that AWS gives", hint=hint) from None


def _shown(error: Exception) -> str:
    """Return what botocore says, which may quote addresses."""
    proxies = [each for kind, each in getproxies().items() if kind != "no"]
    return without_mistyped(without_proxies(str(error).rstrip("."), proxies), proxies)


def _refusal(call: str, profile: str, response: Any) -> AwsRefused | AwsBusy:
    code, sentence = response["Error"]["Code"], str(response["Error"].get("Message") or "").rstrip(".")
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS or code in _BUSY:
        return AwsBusy(f"`{call}` failed at AWS with `{code}`: {sentence}", hint="try again in a minute")
    if code in _LATER:
        return AwsBusy(f"AWS does not do `{call}` now, with `{code}`: {sentence}", hint="try again in a few minutes")
    kind = KeysRefused if code in _KEYS else AwsRefused
    hint = f"aws configure --profile={profile}, if its access key was changed or deleted"
    if code == "AccessDenied" and "not authorized" in sentence:
        hint = f"a policy has to allow `{call}`, to a user without MFA too"
    if code in _SKEWED or sentence.startswith(("Signature expired", "Signature not yet current")):
        kind = ClockWrong
        hint = f"set the clock of this machine: invoke doctor --profile {profile}"
    return kind(f"AWS refused `{call}` to profile `{profile}` with `{code}`: {sentence}", hint=hint, code=code)


def _date(response: Any) -> float:
    told = response["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    try:
        return email.utils.parsedate_to_datetime(told).timestamp()
    except ValueError:  # something that is not AWS answered
        return time.time()
