"""Config and credentials files as the AWS SDK for Go reads them: the recorded table, and files at random."""

from __future__ import annotations

from tests.profiles import table
from tests.profiles.generated import generate
from toolkit.aws import profiles

GENERATED = 1500


def test_the_sdk_reads_what_is_recorded_and_what_our_view_shows() -> None:
    """The recorded columns equal what the SDK reads now, and our view equals the SDK's for any file."""
    files, variables = table.cases(), table.cases("variables")
    generated = [generate(seed) for seed in range(GENERATED)]
    seen = table.by_sdk([*files, *variables, *generated])
    recorded = [*files, *variables]
    for case, column in zip(recorded, seen, strict=False):
        assert column == case.row["sdk"], case.id
    for case, column in zip(generated, seen[len(recorded) :], strict=True):
        profile = profiles.read(case.config, case.credentials).profile(case.profile)
        assert table.sdk_column(profile.sdk) == column, case.row
