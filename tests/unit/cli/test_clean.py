from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import FakeProgress
from tests.unit.samples import names, write_tree
from toolkit.cli.clean import clean
from toolkit.errors import OutputUnwritable
from toolkit.settings import CleanSettings


@pytest.fixture
def used(tmp_path: Path, nobody: str) -> Path:
    """Return a used `dist/`, on a machine where no Docker engine responds."""
    assert nobody
    kept = ["bin/linux_amd64/program", "release/SHA256SUMS", "state/targets.json", ".gitignore"]
    left = ["state/logs/linux_amd64.txt", "state/sources/x/go.mod", ".release-new/half", ".release-old/x"]
    return write_tree(tmp_path / "dist", dict.fromkeys([*kept, *left], ""))


def test_what_interrupted_runs_left_goes(used: Path) -> None:
    """Binaries, the release and the state stay."""
    removed = list(clean(CleanSettings(dist=used), FakeProgress()))
    assert removed == [f"directory {used / 'state' / 'logs'}", f"directory {used / 'state' / 'sources'}"]
    assert names(used) == [".gitignore", ".lock", "bin", "release", "state"]
    assert names(used / "state") == ["targets.json"]
    assert list(clean(CleanSettings(dist=used), FakeProgress())) == []


def test_all_that_was_ever_made_goes_on_request(used: Path) -> None:
    """Directories that are not ours stay."""
    removed = list(clean(CleanSettings(dist=used, all=True), FakeProgress()))
    assert removed == [f"directory {used / name}" for name in ("bin", "release", "state")]
    assert names(used) == [".gitignore", ".lock"]


def test_an_engine_that_does_not_answer_holds_nothing_to_remove(used: Path, nobody: str) -> None:
    """It is reported, and is not a failure."""
    progress = FakeProgress()
    list(clean(CleanSettings(dist=used), progress))
    assert progress.said == [
        f"no Docker engine answers at `{nobody}` (DOCKER_HOST): removed nothing from the Docker engine"
    ]


def test_cleaning_what_was_never_used_removes_nothing(tmp_path: Path, nobody: str) -> None:
    """A file in place of the directory is an error."""
    assert nobody
    assert list(clean(CleanSettings(dist=tmp_path / "dist"), FakeProgress())) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable):
        list(clean(CleanSettings(dist=tmp_path / "file"), FakeProgress()))
