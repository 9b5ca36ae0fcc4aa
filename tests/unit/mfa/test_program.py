from __future__ import annotations

import pytest

from toolkit import errors
from toolkit.mfa import program
from toolkit.settings import ROOT


def test_words_and_hint_are_taken_over() -> None:
    """The program's own sentence and hint are ours; what it noted before them is not part of them."""
    said = "aws-mfa: note: taking the first\naws-mfa: error: AWS did not take the MFA code\n\nhint: wait\n"
    found = program.failure("aws-mfa", 254, said)
    assert (type(found), str(found), found.hint) == (errors.CodeRefused, "AWS did not take the MFA code", "wait")


@pytest.mark.parametrize("words", [words for words, _ in program.KINDS])
def test_the_words_are_those_of_aws_mfa(words: str) -> None:
    """Each piece by which a failure is recognised stands in the source of the program."""
    assert words in (ROOT / "go-aws-mfa" / "internal" / "words" / "words.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "`aws-mfa` ended with exit code 9 without a word"),
        ("one\n\n  two \n", "`aws-mfa` ended with exit code 9:   two "),
        ("error: something new\n", "something new"),
    ],
)
def test_words_that_nobody_knows(said: str, message: str) -> None:
    """They are a failed login, with the last thing that was said."""
    found = program.failure("aws-mfa", 9, said)
    assert (type(found), str(found)) == (errors.LoginFailed, message)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("PATH", True),
        ("HTTPS_PROXY", True),
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
    """Only what is known to hold no keys is passed on of AWS's variables."""
    assert (name in program.environment({name: "x"})) is kept


def test_words_are_english() -> None:
    """The failure is recognised by English words, whatever this machine speaks."""
    assert program.environment({"LC_ALL": "ja_JP.UTF-8", "LANG": "ja_JP.UTF-8"})["LC_ALL"] == "C"


def test_hidden() -> None:
    """Secrets are removed, surrounding space too, and whatever would hide a secret and then not be printed."""
    assert program.hidden(" a key\x1b[2J\r\nand k\x1bey \n", ["key"]) == "a ***[2J\nand ***"
