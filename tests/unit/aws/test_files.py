from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.profiles import table
from tests.profiles.table import Case
from toolkit.aws import files as awsfiles
from toolkit.aws.profiles import File
from toolkit.errors import (
    CredentialsUnreadable,
    KeysMissing,
    ProfileIsRole,
    ProfileIsSession,
    ProfileMissing,
    ProfileUnusable,
    ToolkitError,
)

KEYS = "aws_access_key_id = AKIA1\naws_secret_access_key = canary\n"
TABLE = table.cases()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of both files."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path


def write(files: Path, credentials: str | bytes, config: str | bytes = "") -> None:
    """Write both files."""
    for name, text in (("credentials", credentials), ("config", config)):
        (files / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_both_files_are_one_profile(files: Path) -> None:
    """Keys in one file and settings in the other belong together."""
    write(
        files,
        f"[a]\n{KEYS.upper()}[b]\nregion = x\n",
        "[profile a]\nregion = y\ns3 =\n  max = 1\n[default]\nregion = z\n",
    )
    found = awsfiles.read()
    assert sorted(found.reading.names) == ["a", "b", "default"]
    assert (found.source("a").text("aws_access_key_id"), found.source("a").text("region")) == ("AKIA1", "y")


def test_no_files(files: Path) -> None:
    """There are no profiles before `aws configure`."""
    assert awsfiles.read().reading.names == ()
    assert awsfiles.place(File.CREDENTIALS) == files / "credentials"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("~nobody-of-this-name/x", "~nobody-of-this-name/x"),
        ("~/x", "/home/a/x"),
        ("$FOLDER/x", "/b c/x"),
        ("${FOLDER}/x", "/b c/x"),
        ("$UNSET/x", "$UNSET/x"),
        ("", "/home/a/.aws/config"),
    ],
)
def test_the_path_of_a_file(text: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and home directories are expanded; an empty variable counts as unset."""
    monkeypatch.setenv("HOME", "/home/a")
    monkeypatch.setenv("FOLDER", "/b c")
    monkeypatch.setenv("AWS_CONFIG_FILE", text)
    assert awsfiles.place(File.CONFIG) == Path(path)


def test_a_selected_profile_does_not_matter(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing profile that the environment names does not affect the others."""
    write(files, "[a]\nregion = x\n")
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    assert awsfiles.read().reading.names == ("a",)


@pytest.mark.parametrize(
    ("text", "line", "where"),
    [
        (b"[a]\n[a]\n", 2, "begins section `a` a second time"),
        (b"[a]\nx = 1\nX = 2\n", 3, "sets `x` a second time"),
        (b"x = 1\n", 1, "is before the first section"),
        (b"\xef\xbb\xbf[a]\n", 1, "begins with a byte order mark"),
        ("[a]\n".encode("utf-16"), 1, "begins with a byte order mark of UTF-16"),
        (b"[a]\n\ncanary\n", 3, "is neither a section nor a setting"),
        (b"[a]\n# \xe3\x81\x82\nx = \xff\n", 3, "is not UTF-8 text"),
        (b"[a]\ns3 =\n  canary\n", 3, "is a nested setting without a value"),
        (b"[a]\nx = '\n", 2, "has a single quotation mark as a value"),
    ],
)
@pytest.mark.parametrize("name", ["credentials", "config"])
def test_a_file_that_cannot_be_parsed(files: Path, name: str, text: bytes, line: int, where: str) -> None:
    """The error names the file and the line, and shows no value: it may be a key."""
    (files / name).write_bytes(text)
    with pytest.raises(CredentialsUnreadable) as caught:
        awsfiles.read()
    assert str(caught.value) == f"cannot read `{files / name}`: line {line} {where}"
    assert (caught.value.path, caught.value.line) == (str(files / name), line)
    assert "canary" not in str(caught.value) + caught.value.hint


def test_a_file_that_is_not_one(files: Path) -> None:
    """A directory or a named pipe is refused at once; the null device is an empty file."""
    (files / "config").mkdir()
    with pytest.raises(CredentialsUnreadable, match="it is not a regular file"):
        awsfiles.read()
    (files / "config").rmdir()
    os.mkfifo(files / "config")
    with pytest.raises(CredentialsUnreadable, match="it is not a regular file"):
        awsfiles.read()
    (files / "config").unlink()
    (files / "config").symlink_to(os.devnull)
    assert awsfiles.read().reading.names == ()


def test_a_path_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    """A path that is too long is an error with its reason."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(files / ("x" * 300)))
    with pytest.raises(CredentialsUnreadable, match=r"cannot read `.*`: file name too long"):
        awsfiles.read()


ROLE = "role_arn = arn:aws:iam::123456789012:role/dev\n"


@pytest.mark.parametrize(
    ("section", "error", "says"),
    [
        (None, ProfileMissing, "there is no profile `a` in "),
        ("", KeysMissing, "profile `a` has no access key"),
        ("region = x\n", KeysMissing, "profile `a` has no access key"),
        ("aws_access_key_id = AKIA1\n", KeysMissing, r"has only half of an access key \(line 2 of "),
        (f"{KEYS}aws_session_token = x\n", ProfileIsSession, r"is a session, .* \(line 4 of "),
        (f"{KEYS}aws_security_token = x\n", ProfileIsSession, r"is a session, .* \(line 4 of "),
        (f"{ROLE}source_profile = b\n", ProfileIsRole, r"assumes a role, .* \(line 2 of "),
        (f"{KEYS}{ROLE}source_profile = b\n", ProfileIsRole, r"role that uses the credentials of `b` \(line 5 of "),
        (f"{KEYS}{ROLE}credential_source = Environment\n", ProfileIsRole, "uses the credentials of `Environment`"),
        ("sso_start_url = x\n", ProfileIsRole, r"signs in with SSO, .* \(line 2 of "),
        ("login_session = x\n", ProfileIsRole, r"signs in with `aws login`, .* \(line 2 of "),
        (f"{KEYS}use_fips_endpoint = 1\n", ProfileUnusable, r"`use_fips_endpoint` is neither .* \(line 4 of "),
        (
            KEYS.replace("AKIA1", "AKIA\u200b1"),
            ProfileUnusable,
            "the value of `aws_access_key_id` in profile `a` contains invalid characters ",
        ),
    ],
)
def test_a_profile_that_cannot_be_the_source(
    files: Path, section: str | None, error: type[Exception], says: str
) -> None:
    """The error has the right kind, text and line."""
    write(files, "" if section is None else f"[a]\n{section}")
    with pytest.raises(error, match=says) as caught:
        awsfiles.read().source("a")
    assert type(caught.value) is error
    assert isinstance(caught.value, ToolkitError)
    assert caught.value.hint
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("[profile a]\nlogin_session = x\n", "signs in with `aws login`, which would hide a session"),
        ("[profile a]\nsso_session = x\n", "signs in with SSO, which would hide a session"),
        (f"[profile a]\n{ROLE}source_profile = gone\n", "assumes a role, which would hide a session"),
        (f"[profile 'a']\n{ROLE}", "assumes a role, which would hide a session"),
        (f"[profile a]\n{KEYS}", "holds long-term keys, and a session would overwrite them"),
        ("[profile a]\nservices = gone\n", "uses services `gone`, which does not exist"),
        ("[profile a]\nmax_attempts = many\n", "programs in Go reject the value of `max_attempts`"),
    ],
)
def test_a_profile_that_cannot_be_the_destination(files: Path, config: str, says: str) -> None:
    """A role, SSO or a key in either file is refused, with its line."""
    write(files, "", config)
    with pytest.raises(ProfileUnusable, match=rf"profile `a` {says}|{says}") as caught:
        awsfiles.read().require_destination("a")
    assert " (line 2 of " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "section", "hint"),
    [
        ("exmaple", "[example]\n", "did you mean `example`?"),
        ("z z", "[example]\n", "aws configure --profile='z z'"),
        ("zz", "[profile zz]\n", "correct the section"),
    ],
)
def test_a_profile_that_does_not_exist(files: Path, name: str, section: str, hint: str) -> None:
    """The hint has a similar name, or the command to create it."""
    write(files, section)
    with pytest.raises(ProfileMissing) as caught:
        awsfiles.read().source(name)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("lines", "expires"),
    [
        ("x_security_token_expires = 2027-01-02T03:04:05Z", datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("expiration = 2027-01-02 03:04:05", datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("expiration = 2001-01-01\nx_security_token_expires = 2027-01-02", datetime(2027, 1, 2, tzinfo=UTC)),
        ("aws_session_expiration = 2027-01-02T03:04:05+0900", datetime(2027, 1, 1, 18, 4, 5, tzinfo=UTC)),
        ("x_security_token_expires = soon", None),
        ("x_security_token_expires =\n  a = b", None),
        ("", None),
    ],
)
def test_the_end_of_a_session(files: Path, lines: str, expires: datetime | None) -> None:
    """It is read from the settings of several tools, ours first; a time without a zone is UTC."""
    write(files, f"[a]\n{lines}\n")
    assert awsfiles.read().expiry("a") == expires
    assert awsfiles.read().expiry("b") is None


@pytest.mark.parametrize("case", TABLE, ids=[case.id for case in TABLE])
def test_every_refusal_is_a_sentence(case: Case, files: Path) -> None:
    """Each profile of the table can be used, or is refused with a message, a hint and no key."""
    write(files, case.credentials, case.config)

    def source() -> None:
        found = awsfiles.read()
        found.calls(case.profile, found.source(case.profile))

    def destination() -> None:
        awsfiles.read().require_destination(case.profile)

    for refused in filter(None, (refusal(source), refusal(destination))):
        assert refused.hint
        assert "EXAMPLEKEY" not in f"{refused} {refused.hint}"


def refusal(decide: Callable[[], None]) -> ProfileUnusable | None:
    """Return the error of a decision."""
    try:
        decide()
    except ProfileUnusable as error:
        return error
    return None
