"""The values that describe the readers of the AWS files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class File(StrEnum):
    """One of the two files that profiles are in. Settings in the credentials file win."""

    CONFIG = "config"
    CREDENTIALS = "credentials"


class Reason(StrEnum):
    """The kind of a fault."""

    # A reader cannot parse a file: `View.broken`.
    NOT_TEXT = "not-text"  # not UTF-8; for botocore
    UTF16 = "utf-16"  # a byte order mark of UTF-16; for botocore
    BYTE_ORDER_MARK = "byte-order-mark"  # for botocore
    OUTSIDE_SECTION = "outside-section"  # a line before the first section; for botocore
    DUPLICATE_SECTION = "duplicate-section"  # for botocore
    DUPLICATE_SETTING = "duplicate-setting"  # for botocore
    NOT_A_SETTING = "not-a-setting"  # neither a section nor a setting; for botocore
    NESTED_LINE = "nested-line"  # a line without "=" in a block of nested settings; for botocore
    LONE_QUOTE = "lone-quote"  # a value that is one quotation mark; the SDK panics
    # A reader cannot use a profile: `View.rejected`.
    PARTIAL_KEYS = "partial-keys"  # an access key ID without a secret, or the reverse
    SERVICES_MISSING = "services-missing"  # no such services section; for botocore
    BAD_VALUE = "bad-value"  # a word or number that the setting does not allow; for the SDK
    ROLE_MISSING = "role-missing"  # a source of credentials without role_arn; for the SDK
    TWO_SOURCES = "two-sources"  # more than one source of credentials; for the SDK
    SOURCE_MISSING = "source-missing"  # no such source_profile; for the SDK
    SOURCE_EMPTY = "source-empty"  # a source_profile without credentials; for the SDK
    SSO_SESSION_MISSING = "sso-session-missing"  # no such sso-session section; for the SDK
    # A profile is refused.
    NO_PROFILE = "no-profile"  # its place is a similar section, if there is one
    READERS_DIFFER = "readers-differ"  # two values for one setting
    UNUSABLE = "unusable-value"  # a value with a control character in it
    NOT_BOOLEAN = "not-boolean"  # neither true nor false where guessing would be dangerous
    NO_KEY = "no-key"
    IS_SESSION = "is-session"
    IS_ROLE = "is-role"
    ROLE_ELSEWHERE = "role-elsewhere"  # a key, and a role that uses the keys of the profile that is named
    USES_SSO = "uses-sso"
    USES_LOGIN = "uses-login"  # login_session, which `aws login` writes
    HOLDS_KEYS = "holds-keys"  # long-term keys, which a session would overwrite
    # Notes: the profile is accepted, but its owner should know.
    ONE_READER = "one-reader"  # only one reader finds the setting
    DECORATED = "decorated"  # botocore reads quotes or a comment as part of the value
    ROLE_UNUSED = "role-unused"  # the key is used and the role is not


@dataclass(frozen=True)
class Place:
    """A line of a file. Lines count from 1; 0 means no line."""

    file: File = File.CONFIG
    line: int = 0


@dataclass(frozen=True)
class Value:
    """The text of a setting, which may be a key and is not shown, and where it begins."""

    text: str = field(default="", repr=False)
    place: Place = Place()


@dataclass(frozen=True)
class Fault:
    """A problem in the files or the environment: its kind and its place, never a value."""

    reason: Reason
    place: Place = Place()
    name: str = ""  # the section, setting, profile or variable that it is about


class Refused(Exception):
    """A refused profile, with the reason and the place in `fault`."""

    def __init__(self, fault: Fault) -> None:
        """Store the fault."""
        super().__init__(f"{fault.reason}: {fault.name} (line {fault.place.line} of the {fault.place.file} file)")
        self.fault = fault


@dataclass(frozen=True)
class View:
    """What one reader sees of a profile."""

    broken: Fault | None = None  # why the reader cannot parse one of the files, and so no profile
    exists: bool = False
    rejected: Fault | None = None  # why the reader cannot use the profile
    values: Mapping[str, Value] = field(default_factory=dict)  # `PLAIN` and `SERVICES`; the text may be empty

    def text(self, name: str) -> str:
        """Return the text of a setting, `""` if the reader does not see it."""
        return self.values[name].text if name in self.values else ""


KEYS = ("aws_access_key_id", "aws_secret_access_key")
TOKENS = ("aws_session_token", "aws_security_token")  # old tools write the second; botocore reads it first, Go never
ROLE_SOURCES = ("source_profile", "credential_source", "web_identity_token_file")
ROLE = ("role_arn", *ROLE_SOURCES)
SSO = ("sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region")
BOOLEANS = ("use_fips_endpoint", "use_dualstack_endpoint")
# The endpoint_url of a service in the services section that the profile names.
SERVICES = {"services.sts": "sts", "services.iam": "iam"}
PLAIN = (
    *KEYS, *TOKENS, "credential_process", "credential_source", "web_identity_token_file", "role_arn",
    "source_profile", "sso_session", "sso_region", "sso_start_url", "sso_account_id", "sso_role_name", "login_session",
    "region", "mfa_serial", "endpoint_url", "services", "ignore_configured_endpoint_urls", "ca_bundle", *BOOLEANS,
    "max_attempts", "retry_mode",
)  # fmt: skip
