"""How the SDK's package for IAM lists MFA devices, as the Go tests expect it of our call."""

from __future__ import annotations

import re

from tests.listing import table
from toolkit.settings import ROOT

MODULE = re.compile(r"^\s+(github\.com/aws/\S+) (v\S+)", re.MULTILINE)


def test_the_package_for_iam_does_what_is_recorded() -> None:
    """The table has all calls, and the SDK does now with each what is recorded."""
    recorded, calls = table.recorded(), list(table.calls())
    assert [row["call"] for row in recorded] == calls
    for row, seen in zip(recorded, table.seen(calls), strict=True):
        assert row["seen"] == seen, row["call"]


def test_the_table_covers_each_kind_of_outcome() -> None:
    """The table has calls that go out, that are refused, that cannot be read, and that are never sent."""
    seen = [row["seen"] for row in table.recorded()]
    hosts = {request.split("/")[2] for view in seen for request in view.get("requests", ())}
    assert len(hosts) >= 32
    for outcome in ("devices", "code", "unreadable", "unsent"):
        assert sum(outcome in view for view in seen) > 5, outcome
    assert {len(view.get("requests", ())) for view in seen} == {0, 1, 2, 3}


def test_both_modules_have_one_sdk() -> None:
    """The package for IAM is compared by the same versions of the SDK's core that the program has."""
    program = dict(MODULE.findall((ROOT / "go-aws-mfa" / "go.mod").read_text("utf-8")))
    compared = dict(MODULE.findall((table.PROGRAM / "go.mod").read_text("utf-8")))
    assert compared.pop("github.com/aws/aws-sdk-go-v2/service/iam")
    assert "github.com/aws/aws-sdk-go-v2/service/iam" not in program
    assert compared.items() <= program.items()
