from __future__ import annotations

import re

import pytest

from toolkit import errors
from toolkit.mfa import program
from toolkit.settings import ROOT

KINDS = {
    "usage", "code-missing", "code-malformed", "code-command-failed", "code-refused", "profile-missing", "keys-missing",
    "keys-refused", "profile-is-session", "profile-is-role", "profile-unusable", "destination-holds-keys",
    "credential-process-failed", "credentials-unreadable", "credentials-unwritable", "config-unwritable",
    "device-missing", "device-unknown",
    "device-unusable", "aws-refused", "aws-busy", "aws-unreachable", "clock-wrong", "stdout-unwritable", "interrupted",
    "unexpected", "endpoint-insecure",
}  # fmt: skip


def test_the_kinds_are_documented_and_known() -> None:
    """The program, its page and the toolkit have the same list. Scripts rely on it: no kind is renamed or removed."""
    catalog = (ROOT / "go-aws-mfa" / "internal" / "messages" / "messages.txt").read_text("utf-8")
    assert set(re.findall(r"^[a-z0-9-]+ ([a-z-]+) \d+$", catalog, re.MULTILINE)) == KINDS
    page = (ROOT / "docs" / "aws-mfa.md").read_text("utf-8")
    table = page.partition("<!-- errors: ")[2].partition("<!-- end of errors -->")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == KINDS
    assert errors.named().keys() >= KINDS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_failure_is_known_by_its_kind_alone(kind: str) -> None:
    """The error has the program's sentence and hint, in any language, without the notes before them."""
    said = f"aws-mfa: note: hint: no\naws-mfa: error[{kind}]: コードが違います\n\nhint: 待つ\n{{}}\n"
    found = program.failure("aws-mfa", 254, said)
    assert (type(found), str(found), found.hint) == (errors.named()[kind], "コードが違います", "待つ")


MANY = "\n".join(f"line {number}" for number in range(12))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "`aws-mfa` failed with exit code 9 and no output"),
        ("\n  one \n", "`aws-mfa` failed with exit code 9: one"),
        ("one\n\n  two \n", "`aws-mfa` failed with exit code 9:\none\ntwo"),
        (MANY, f"`aws-mfa` failed with exit code 9:\n{MANY.partition('line 1')[2].partition(chr(10))[2]}"),
        ("error: something\n", "`aws-mfa` failed with exit code 9: error: something"),
        ("x: error[brand-new]: something\n", "something"),
    ],
)
def test_a_failure_that_nobody_knows(said: str, message: str) -> None:
    """If a program names no failure, its last lines are quoted; an unknown kind is a failed login."""
    found = program.failure("aws-mfa", 9, said)
    assert (type(found), str(found)) == (errors.LoginFailed, message)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("PATH", True),
        ("HTTPS_PROXY", True),
        ("LC_ALL", True),
        ("LANG", True),
        ("AWS_REGION", True),
        ("AWS_SHARED_CREDENTIALS_FILE", True),
        ("AWS_CA_BUNDLE", True),
        ("AWS_ENDPOINT_URL", True),
        ("AWS_ENDPOINT_URL_STS", True),
        ("AWS_ACCESS_KEY_ID", False),
        ("AWS_SECRET_ACCESS_KEY", False),
        ("AWS_SESSION_TOKEN", False),
        ("AWS_PROFILE", False),
        ("AWS_MFA_CODE", False),
        ("AWS_MFA_TOOLKIT_CODE", False),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", False),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", False),
        ("AWS_SOMETHING_NEW", False),
    ],
)
def test_what_a_program_may_see(name: str, *, kept: bool) -> None:
    """A child process only gets the AWS variables that cannot contain keys."""
    assert (name in program.allowed({name: "x"})) is kept


def test_hidden() -> None:
    """Secrets, surrounding space and control characters, which could hide a secret, are removed."""
    assert program.hidden(" a key\x1b[2J\r\nand k\x1bey \n", ["key"]) == "a ***[2J\nand ***"
