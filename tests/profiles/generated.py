"""Config and credentials files at random, of the pieces in which readers differ."""

from __future__ import annotations

import random

from tests.profiles.table import Case

_HEADERS = (
    "[profile example]", "[example]", "[profile other]", "[default]", "[profile default]", "[DEFAULT]", "[other]",
    "[profile 'example']", '[profile "my prof"]', "[profile\texample]", "[profile  example]", " [profile example]",
    "[ example ]", "[profile example] # x", "[profile example] ]", "[services local]", "[services 'local']", "[]",
    "[sso-session corp]", "[profile example", "[profile a#b]", "[profiles example]", "[my prof]", "[profile my prof]",
)  # fmt: skip
_NAMES = (
    "region", "REGION", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token",
    "role_arn", "source_profile", "credential_source", "credential_process", "web_identity_token_file", "mfa_serial",
    "sso_session", "sso_region", "login_session", "endpoint_url", "services", "sts", "iam", "s3", "ca_bundle",
    "use_fips_endpoint", "max_attempts", "retry_mode", "defaults_mode", "ignore_configured_endpoint_urls", "x", "",
)  # fmt: skip
_VALUES = (
    "eu-west-1", "", "example", "other", "default", "my prof", "local", "corp", "true", "TRUE", "yes", "3", "0x1f",
    "010", "1_0", "standard", "legacy", "a=b", "a:b", '"quoted"', "'x'", '"', "x # y", "x ; y", "x\t# y", "x#y",
    "# y", "é", "\u00a0x\u00a0", "x\u2028y=z", "x\x85", "\x1cx", "x\\", "[x]", "%(x)s", "$HOME", "gone",
)  # fmt: skip
_EQUALS = (" = ", "=", ":", " : ", "\t=\t", " ", "")
_INDENTS = ("", "", "", "", "", "", " ", "  ", "\t", "\u3000", "\v", "    ")
_OTHERS = (
    "",
    "",
    "  ",
    "# x",
    "; x",
    "  # x",
    "x",
    "  x",
    "  endpoint_url = https://sts.corp.example",
    "= x",
    "\x00",
    "\f",
)


def generate(seed: int) -> Case:
    """Return a case; the same one for the same seed."""
    dice = random.Random(seed)  # noqa: S311 - it guards no secret
    config, credentials = _file(dice), _file(dice)
    profile = dice.choice(("example", "example", "example", "default", "my prof", "other"))
    return Case(f"seed {seed}", {"name": "", "profile": profile, "config": config, "credentials": credentials})


def _file(dice: random.Random) -> dict[str, object]:
    calm = dice.random() < 0.6
    lines = [dice.choice(_HEADERS[:4] if calm else (*_HEADERS, "# x", ""))]
    values = [value for value in _VALUES if value != chr(34)] if calm else _VALUES
    headers, names = list(_HEADERS[:-1]), list(_NAMES[:-1] if calm else _NAMES)
    for _ in range(dice.randrange(1, 14)):
        kind = dice.random()
        if kind < 0.2:
            lines.append(_drawn(dice, headers, once=calm))
            names = list(_NAMES[:-1] if calm else _NAMES)
        elif kind < 0.9:
            name, equals = _drawn(dice, names, once=calm), dice.choice(_EQUALS[:5] if calm else _EQUALS)
            lines.append(f"{dice.choice(_INDENTS)}{name}{equals}{dice.choice(values)}")
        else:
            lines.append(dice.choice(_OTHERS[:6] if calm else _OTHERS))
    return {"lines": lines, "end": dice.choice(("\n", "\n", "\n", "\r\n")), "open": dice.random() < 0.2}


def _drawn(dice: random.Random, pool: list[str], *, once: bool) -> str:
    at = dice.randrange(len(pool))
    return pool.pop(at) if once and len(pool) > 1 else pool[at]
