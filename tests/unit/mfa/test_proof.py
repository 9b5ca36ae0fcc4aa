from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit import samples
from toolkit.aws.clients import Caller, Identity
from toolkit.errors import AwsRefused, MfaNotProven, NotProven, OtherProgram, OtherUser, S3Denied, SessionUnusable
from toolkit.mfa.login import Written
from toolkit.mfa.proof import Evidence, Proof, judged, require
from toolkit.model import Binary, Check

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
WHO = Identity("123456789012", "arn:aws:iam::123456789012:user/eng/alice", "AIDA1", NOW.timestamp())
SESSION = Caller("a_mfa", "us-east-1", "ASIA1234WXYZ", "s", "t")
END = datetime(2027, 1, 2, 15, 4, 5, tzinfo=UTC)
PROGRAM = Binary(samples.LINUX, Path("aws-mfa"), 1, "0123456789abcdef", "", samples.build_info(samples.LINUX))
GOOD = Evidence(
    program=PROGRAM,
    released=PROGRAM.sha256,
    source=WHO,
    session=WHO,
    before="ASIA1234OLDS",
    written=Written(SESSION, END),
    further=AwsRefused("AWS refused: Cannot call GetSessionToken with session credentials"),
    user=WHO.arn,
    buckets=("a", "b"),
)


def refusal(code: str) -> AwsRefused:
    """Return the refusal of a call."""
    refused = AwsRefused("AWS refused")
    refused.code = code
    return refused


def test_a_good_login() -> None:
    """All checks pass, with their details."""
    found = {check.name: (check.ok, check.detail) for check in judged(GOOD, require_s3=True)}
    assert found == {
        "program": (True, "sha256 0123456789ab…, as in the release"),
        "account": (True, "123456789012"),
        "user": (True, WHO.arn),
        "session key": (True, "ASIA…WXYZ, issued now"),
        "expiry": (True, "2027-01-02T15:04:05Z, 12 h 00 min from now"),
        "no further session": (True, "refused, as to every session"),
        "mfa": (True, "IAM accepts the session, so it was created with an MFA code"),
        "s3 ls": (True, "2 buckets"),
    }


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("account", replace(GOOD, session=replace(WHO, account="210987654321"))),
        ("user", replace(GOOD, session=replace(WHO, arn=WHO.arn + "2"))),
        ("session key", replace(GOOD, written=Written(replace(SESSION, access_key="AKIA1"), END))),
        ("session key", replace(GOOD, written=Written(replace(SESSION, token=""), END))),
        ("expiry", replace(GOOD, written=Written(SESSION, NOW))),
        ("expiry", replace(GOOD, written=Written(SESSION, None))),
        ("session key", replace(GOOD, before="ASIA1234WXYZ")),
        ("program", replace(GOOD, released="f" * 64)),
        ("program", replace(GOOD, released=None)),
        ("no further session", replace(GOOD, further="ASIA1")),
        ("no further session", replace(GOOD, further=refusal("AccessDenied"))),
        ("mfa", replace(GOOD, user=refusal("InvalidClientTokenId"))),
        ("mfa", replace(GOOD, user=refusal("ExpiredToken"))),
        ("s3 ls", replace(GOOD, buckets=refusal("AccessDenied"))),
    ],
)
def test_each_check_turns_bad_alone(name: str, found: Evidence) -> None:
    """The evidence of one check does not affect the others."""
    assert [check.name for check in judged(found, require_s3=True) if not check.ok] == [name]


def test_time_is_that_of_aws() -> None:
    """The clock of STS decides whether a session has expired; ours may be wrong."""
    late = replace(GOOD, source=replace(WHO, at=datetime(2027, 1, 2, 15, 4, 6, tzinfo=UTC).timestamp()))
    assert [check.name for check in judged(late, require_s3=True) if not check.ok] == ["expiry"]


def test_a_policy_may_deny_what_iam_is_asked() -> None:
    """IAM applies policies after it accepted the session, so such a refusal still proves the code."""
    assert all(check.ok for check in judged(replace(GOOD, user=refusal("AccessDenied")), require_s3=True))


def test_no_release_is_no_failure() -> None:
    """Without a release the check is a note."""
    assert [check.required for check in judged(replace(GOOD, released=None), require_s3=True) if not check.ok] == [
        False
    ]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ("program", OtherProgram),
        ("account", OtherUser),
        ("user", OtherUser),
        ("session key", SessionUnusable),
        ("expiry", SessionUnusable),
        ("no further session", SessionUnusable),
        ("mfa", MfaNotProven),
        ("s3 ls", S3Denied),
    ],
)
def test_require(bad: str, error: type[NotProven]) -> None:
    """A required check that failed ends the run; another user has its own exit code."""
    checks = (Check("x", ok=True, detail=""), Check(bad, ok=False, detail="", fix="do this"))
    with pytest.raises(NotProven, match=f"`{bad}`") as caught:
        require(Proof(WHO, checks, ""))
    assert (type(caught.value), caught.value.hint) == (error, "do this")
    require(Proof(WHO, (checks[0], replace(checks[1], required=False)), ""))
