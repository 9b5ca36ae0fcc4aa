from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from toolkit import profiles
from toolkit.errors import CredentialsUnreadable, KeysMissing, ProfileIsSession, ProfileMissing
from toolkit.profiles import Profile

KEYS = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "canary"}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which both files are looked for."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path


def test_both_files_are_one_profile(files: Path) -> None:
    """Keys of the one and settings of the other belong together; nested settings are left out, names are small."""
    (files / "credentials").write_text("[a]\nAWS_ACCESS_KEY_ID = AKIA1\n[b]\nregion = x\n", "utf-8")
    (files / "config").write_text("[profile a]\nregion = y\ns3 =\n  max = 1\n[default]\nregion = z\n", "utf-8")
    known = profiles.read()
    assert sorted(known) == ["a", "b", "default"]
    assert known["a"].values == {"region": "y", "aws_access_key_id": "AKIA1"}
    assert (known["a"].access_key, known["b"].access_key) == ("AKIA1", "")


def test_no_files(files: Path) -> None:
    """Nobody has profiles before `aws configure`."""
    assert profiles.read() == {}
    assert profiles.place() == files / "credentials"


def test_the_home_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a path that is not there, and no failure."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "~nobody-of-this-name/x")
    assert profiles.place() == Path("~nobody-of-this-name/x")


def test_a_selected_profile_does_not_matter(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that the environment names and that is not there keeps nobody from reading the others."""
    (files / "credentials").write_text("[a]\nregion = x\n", "utf-8")
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    assert list(profiles.read()) == ["a"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"[a]\n[a]\n", "line 2 begins section `a` a second time"),
        (b"[a]\nx = 1\nX = 2\n", "line 3 sets `x` of `a` a second time"),
        (b"x = 1\n", "line 1 stands before the first section"),
        (b"\xef\xbb\xbf[a]\n", "line 1 begins with a byte order mark"),
        (b"[a]\n\ncanary\n", "line 3 is neither a section nor a setting"),
        (b"[a]\n# \xe3\x81\x82\nx = \xff\n", "line 3 is not UTF-8 text"),
        (b"[a]\ns3 =\n  canary\n", "a nested setting in it has no value"),
    ],
)
@pytest.mark.parametrize("name", ["credentials", "config"])
def test_what_cannot_be_parsed_is_told_by_its_line(files: Path, name: str, text: bytes, where: str) -> None:
    """The file and the line are told, and nothing of what stands there: it may be a key."""
    (files / name).write_bytes(text)
    with pytest.raises(CredentialsUnreadable) as caught:
        profiles.read()
    assert str(caught.value) == f"`{files / name}` cannot be read: {where}"
    assert "canary" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (None, ProfileMissing),
        ({}, KeysMissing),
        ({"region": "x"}, KeysMissing),
        ({**KEYS, "aws_session_token": "x"}, ProfileIsSession),
        ({**KEYS, "aws_security_token": "x"}, ProfileIsSession),
    ],
)
def test_a_profile_from_which_nobody_can_log_in(
    files: Path, values: dict[str, str] | None, error: type[Exception]
) -> None:
    """What is wrong with it is the kind of the error."""
    assert files
    known = {} if values is None else {"a": Profile("a", values)}
    with pytest.raises(error):
        profiles.source(known, "a")


@pytest.mark.parametrize("values", [KEYS, {**KEYS, "aws_session_token": ""}, {"credential_process": "x"}])
def test_a_profile_to_log_in_from(values: dict[str, str]) -> None:
    """Long-term keys, or a process that may give some."""
    assert profiles.source({"a": Profile("a", values)}, "a").values == values


@pytest.mark.parametrize(
    ("values", "expires"),
    [
        ({"x_security_token_expires": "2027-01-02T03:04:05Z"}, datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({"expiration": "2027-01-02 03:04:05"}, datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ({"expiration": "2001-01-01", "x_security_token_expires": "2027-01-02"}, datetime(2027, 1, 2, tzinfo=UTC)),
        ({"aws_session_expiration": "2027-01-02T03:04:05+0900"}, datetime(2027, 1, 1, 18, 4, 5, tzinfo=UTC)),
        ({"x_security_token_expires": "soon"}, None),
        ({}, None),
    ],
)
def test_the_end_of_a_session(values: dict[str, str], expires: datetime | None) -> None:
    """It is read under the names that tools use, ours first; a time without a zone is UTC."""
    assert Profile("a", values).expires == expires


def test_keys_are_not_shown() -> None:
    """A profile shows its name alone, and says what of it is secret."""
    found = Profile("a", {**KEYS, "aws_session_token": "t", "region": "x"})
    assert repr(found) == "Profile(name='a')"
    assert found.secrets == ("canary", "t")
