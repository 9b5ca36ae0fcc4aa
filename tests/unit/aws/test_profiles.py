"""Profiles as botocore, the AWS SDK for Go and our reader see them, for the shared table of files."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.profiles import table
from tests.profiles.generated import generate
from tests.profiles.table import Case
from toolkit.aws import profiles
from toolkit.aws.profiles import End, Fault, File, Place, Profile, Reason, Refused

FILES = table.cases()
VARIABLES = table.cases("variables")
PATHS = table.cases("paths")
GENERATED = 200
PIECES = (
    b"[",
    b"]",
    b"=",
    b" ",
    b"\n",
    b"\r",
    b"'",
    b'"',
    b"#",
    b"\\",
    b"\xff",
    b"\x00",
    b"profile ",
    b"services",
    b"a",
    b"\xc2\x85",
)
KEYS = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n"


def ids(cases: list[Case]) -> list[str]:
    """Return the names of cases."""
    return [case.id for case in cases]


def read(case: Case) -> Profile:
    """Return a case's profile as our reader sees it."""
    return profiles.read(case.config, case.credentials).profile(case.profile)


def test_the_table_is_large_and_has_no_case_twice() -> None:
    """Every case has a name and files of its own."""
    assert len(FILES) >= 150
    assert len(set(ids(FILES))) == len(FILES)
    assert len({(case.config, case.credentials, case.profile) for case in FILES}) == len(FILES)


@pytest.mark.parametrize("case", FILES, ids=ids(FILES))
def test_botocore_sees_what_is_recorded(case: Case, tmp_path: Path) -> None:
    """The column of botocore equals what botocore reads now."""
    assert table.by_botocore(case, tmp_path) == case.row["botocore"]


@pytest.mark.parametrize("case", FILES, ids=ids(FILES))
def test_our_views_are_those_of_both_readers(case: Case) -> None:
    """Our views equal what botocore and the SDK read, or the reason why they cannot."""
    profile, seen = read(case), case.row["botocore"]
    assert table.like_recorded(table.botocore_column(profile.botocore), seen) == seen
    assert table.sdk_column(profile.sdk) == case.row["sdk"]


@pytest.mark.parametrize("case", FILES, ids=ids(FILES))
def test_our_decisions_are_the_tables(case: Case) -> None:
    """Our decisions and their lines equal those of the Go program."""
    assert table.ours(case) == case.row["ours"]


@pytest.mark.parametrize("case", VARIABLES, ids=ids(VARIABLES))
def test_variables_are_resolved_as_the_sdk_does(case: Case) -> None:
    """Variables and settings are resolved as in the SDK, except where the table gives a reason."""
    found = table.resolved(case)
    assert found == case.row["ours"]
    assert table.like_sdk(found, case.row["sdk"]) is ("differs" not in case.row)


@pytest.mark.parametrize("case", PATHS, ids=ids(PATHS))
def test_paths_are_expanded_as_recorded(case: Case) -> None:
    """The recorded paths equal those that Python expands."""
    assert table.expanded(case) == case.row["expanded"]


def test_generated_files_are_seen_as_botocore_sees_them(tmp_path: Path) -> None:
    """Our view of any file equals botocore's."""
    for seed in range(GENERATED):
        case = generate(seed)
        seen = table.by_botocore(case, tmp_path)
        assert table.like_recorded(table.botocore_column(read(case).botocore), seen) == seen, case.row


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join), st.text(max_size=8))
def test_no_bytes_are_too_odd(config: bytes, credentials: bytes, name: str) -> None:
    """A profile of any files is described, and refused by name at most."""
    profile = profiles.read(config, credentials).profile(name)
    for decide in (profiles.source, profiles.destination):
        with contextlib.suppress(Refused):
            decide(profile)


def test_a_chain_of_thousands_ends() -> None:
    """The length of a chain of source profiles is not limited by the interpreter's stack."""
    last = 2000
    text = "".join(f"[profile {n}]\nrole_arn = r\nsource_profile = {n + 1}\n" for n in range(last))
    profile = profiles.read(text.encode(), b"").profile("0")
    assert (len(profile.chain), profile.chain[-1].ends) == (last, End.MISSING)
    assert profile.sdk.rejected == Fault(Reason.SOURCE_MISSING, Place(File.CONFIG, last * 3), str(last))


def test_a_flag_wins() -> None:
    """A flag comes before every variable and setting, ignored or not."""
    found = profiles.settings(profiles.read(b"", f"[example]\n{KEYS}region = a\n".encode()).profile("example"))
    variables = {"AWS_REGION": "b", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    calls = profiles.resolve(found, variables, region="c", endpoint="https://c.example")
    assert (calls.region, calls.endpoint_sts, calls.endpoint_iam) == ("c", "https://c.example", "https://c.example")


def test_no_representation_shows_a_key() -> None:
    """No profile, setting or refusal shows a secret."""
    profile = profiles.read(b"", f"[example]\n{KEYS}".encode()).profile("example")
    assert "EXAMPLEKEY" not in repr((profile, profiles.source(profile)))
    with pytest.raises(Refused) as refused:
        profiles.destination(profile)
    assert refused.value.fault.reason is Reason.HOLDS_KEYS
    assert "EXAMPLE" not in f"{refused.value!r}"


def test_where_headers_and_settings_are() -> None:
    """Botocore's view has the lines of all headers, and of a profile's settings in both files."""
    config = b"[default]\n[profile 'example']\r\nregion = x\n  [no header]\n\n[services]\n"
    credentials = b"# x\n[example]\nREGION: y\noutput = z\n"
    found = profiles.read(config, credentials).in_botocore
    assert [(place.file, place.line, section) for place, section in found.headers] == [
        (File.CONFIG, 1, "default"),
        (File.CONFIG, 2, "profile 'example'"),
        (File.CONFIG, 6, "services"),
        (File.CREDENTIALS, 2, "example"),
    ]
    assert list(found.places("example", "region", "s3")) == [
        (Place(File.CREDENTIALS, 3), "region"),
        (Place(File.CONFIG, 3), "region"),
    ]
    assert list(found.places("nobody", "region")) == []


def test_dumping_the_table_changes_nothing() -> None:
    """The table is written as the recorder writes it."""
    for path in table.FOLDER.glob("*/*.json"):
        rows = [case.row for kind in (FILES, VARIABLES, PATHS) for case in kind if case.theme == path.stem]
        assert table.dumped(rows) == path.read_text("utf-8"), path
