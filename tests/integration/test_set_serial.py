"""`aws-mfa set-serial` on files at random: botocore and the AWS SDK for Go read the device, and all else as before."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.profiles import table
from tests.profiles.generated import generate
from tests.profiles.table import Case, Column

FILES = 3000 if os.environ.get("CI") else 1000
SERIAL = "arn:aws:iam::123456789012:mfa/alice"
PROFILES = ("example", "other", "default", "my prof")


@dataclass(frozen=True)
class Run:
    """Two files before and after, and how the program ended."""

    case: Case
    folder: Path
    exit_code: int
    said: str

    @property
    def after(self) -> tuple[bytes, bytes]:
        """The config and the credentials file, as they are now."""
        config, credentials = self.folder / "config", self.folder / "credentials"
        return config.read_bytes(), credentials.read_bytes()

    @property
    def before(self) -> tuple[bytes, bytes]:
        """As they were."""
        return self.case.config, self.case.credentials


@dataclass(frozen=True)
class Written(Case):
    """Files as bytes, in the place of a row."""

    files: tuple[bytes, bytes] = (b"", b"")

    @property
    def config(self) -> bytes:
        """The config file."""
        return self.files[0]

    @property
    def credentials(self) -> bytes:
        """The credentials file."""
        return self.files[1]


@pytest.fixture(scope="module")
def runs(aws_mfa: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Run]]:
    """Return what became of each pair of files, the same device in each."""
    root = tmp_path_factory.mktemp("files")

    def run(seed: int) -> Run:
        case, folder = generate(seed), root / str(seed)
        folder.mkdir()
        (folder / "config").write_bytes(case.config)
        (folder / "credentials").write_bytes(case.credentials)
        env = {**os.environ, "AWS_CONFIG_FILE": f"{folder}/config"}
        env["AWS_SHARED_CREDENTIALS_FILE"] = f"{folder}/credentials"
        argv = [aws_mfa, "set-serial", "-s", case.profile, SERIAL]
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
        return Run(case, folder, done.returncode, done.stderr)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield list(pool.map(run, range(FILES)))


def written(run: Run, profile: str, files: tuple[bytes, bytes]) -> Written:
    """Return a case of files that are there."""
    return Written(run.case.theme, {**run.case.row, "profile": profile}, files)


def without_serial(column: Column) -> Column:
    """Return a column without the setting."""
    values = {name: text for name, text in column.get("values", {}).items() if name != "mfa_serial"}
    return {**column, "values": values}


def compare(run: Run, profile: str, before: Column, after: Column) -> None:
    """Look that a reader sees the device in the profile, and everything else as it was."""
    told = (run.case.id, profile, run.before, run.after)
    if profile != run.case.profile:
        assert after == before, told
        return
    if before["outcome"] == "missing":  # for this reader, while the other one found the profile
        assert after == {"outcome": "read", "values": {"mfa_serial": SERIAL}}, told
        return
    assert without_serial(after) == without_serial(before), told
    if after["outcome"] == "read":
        assert after["values"]["mfa_serial"] == SERIAL, told


def test_botocore_reads_the_device_and_all_else_as_before(runs: list[Run], tmp_path: Path) -> None:
    """Where the program says that the device is set, it is for botocore, in this profile only."""
    for run in runs:
        for profile in PROFILES if not run.exit_code else ():
            before, after = (
                table.by_botocore(written(run, profile, files), tmp_path) for files in (run.before, run.after)
            )
            compare(run, profile, before, after)


def test_the_sdk_reads_the_device_and_all_else_as_before(runs: list[Run]) -> None:
    """Where the program says that the device is set, it is for the SDK, in this profile only."""
    good = [(run, profile) for run in runs if not run.exit_code for profile in PROFILES]
    before = table.by_sdk([written(run, profile, run.before) for run, profile in good])
    after = table.by_sdk([written(run, profile, run.after) for run, profile in good])
    for (run, profile), was, now in zip(good, before, after, strict=True):
        compare(run, profile, was, now)


def test_what_is_refused_is_left_alone(runs: list[Run]) -> None:
    """Files that cannot be edited are byte for byte what they were, and the line is named."""
    kinds = Counter(run.said.partition("[")[2].partition("]")[0] for run in runs if run.exit_code)
    assert set(kinds) <= {"profile-missing", "credentials-unreadable", "config-unwritable"}, kinds
    assert sum(not run.exit_code for run in runs) > FILES // 10
    for run in runs:
        if run.exit_code:
            assert run.after == run.before, run.case.id
            assert " line " in run.said or "[profile-missing]" in run.said or "byte order" in run.said, run.said


def test_only_one_of_the_files_changes_and_nothing_is_left_beside_them(runs: list[Run]) -> None:
    """What is written is the device and, where there was no section, a header; no other file is left."""
    for run in runs:
        changed = [pair for pair in zip(run.before, run.after, strict=True) if pair[0] != pair[1]]
        assert len(changed) == (not run.exit_code), run.case.id
        assert {path.name for path in run.folder.iterdir()} == {"config", "credentials"}, run.case.id
        for before, after in changed:
            fresh = Counter(after.splitlines()) - Counter(before.splitlines())
            assert 1 <= len([line for line in fresh if line]) <= 2, (before, after)
            assert sum(SERIAL.encode() in line for line in fresh) == 1, (before, after)
