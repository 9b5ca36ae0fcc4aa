from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.samples import LINUX, names
from toolkit.bench import Bench
from toolkit.errors import OutputUnwritable
from toolkit.model import Artifact

INPUTS = {"name": "program", "epoch": 1, "texts": [["LICENSE", "00"]]}


def never() -> bytes:
    """Make nothing: what calls it should have taken a file over."""
    pytest.fail("made anew")


def made(folder: Path, inputs: object = INPUTS, content: bytes = b"content") -> Artifact:
    """Return a file that was made in a folder of its own."""
    folder.mkdir(exist_ok=True)
    return Bench(folder).make("archive", "file", inputs, lambda: content, target=LINUX)


def test_a_file_is_made_and_told(tmp_path: Path) -> None:
    """An artifact has its file's size and digest, and a digest of what decided its bytes."""
    artifact = made(tmp_path / "new")
    assert artifact.path.read_bytes() == b"content"
    digest = hashlib.sha256(b"content").hexdigest()
    assert artifact == Artifact("archive", tmp_path / "new" / "file", 7, digest, artifact.inputs, LINUX)
    assert len(artifact.inputs) == 64


def test_the_same_inputs_take_the_very_same_file_over(tmp_path: Path) -> None:
    """Nothing is packed again; the order in which inputs are written down is none."""
    old = made(tmp_path / "old")
    (tmp_path / "new").mkdir()
    bench = Bench(tmp_path / "new", {"file": old})
    new = bench.make("archive", "file", dict(reversed(INPUTS.items())), never, target=LINUX)
    assert new == dataclasses.replace(old, path=tmp_path / "new" / "file")
    assert new.path.stat().st_ino == old.path.stat().st_ino


def test_other_inputs_make_another_file(tmp_path: Path) -> None:
    """The old one is left as it was."""
    old = made(tmp_path / "old")
    (tmp_path / "new").mkdir()
    new = Bench(tmp_path / "new", {"file": old}).make("archive", "file", {**INPUTS, "epoch": 2}, lambda: b"another")
    assert (new.path.read_bytes(), old.path.read_bytes()) == (b"another", b"content")
    assert new.inputs != old.inputs
    assert new.target is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b"damaged"),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
    ],
    ids=["damaged", "empty", "gone", "folder"],
)
def test_an_old_file_that_is_harmed_is_made_anew(harm: Callable[[Path], object], tmp_path: Path) -> None:
    """Only bytes that are those that were recorded are taken over."""
    old = made(tmp_path / "old")
    harm(old.path)
    (tmp_path / "new").mkdir()
    new = Bench(tmp_path / "new", {"file": old}).make("archive", "file", INPUTS, lambda: b"content", target=LINUX)
    assert new.path.read_bytes() == b"content"
    assert new.sha256 == old.sha256


def test_a_file_is_copied_where_it_cannot_be_linked(tmp_path: Path) -> None:
    """Not every file system has hard links, and none has them to another."""
    memory = Path("/dev/shm")  # noqa: S108 - another file system is what is wanted
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        old = made(Path(folder))
        (tmp_path / "new").mkdir()
        new = Bench(tmp_path / "new", {"file": old}).make("archive", "file", INPUTS, never, target=LINUX)
    assert new.path.read_bytes() == b"content"


def test_a_file_is_taken_over_by_its_name(tmp_path: Path) -> None:
    """Two files of the same inputs do not stand for one another."""
    old = made(tmp_path / "old")
    (tmp_path / "new").mkdir()
    bench = Bench(tmp_path / "new", {"file": old})
    assert bench.make("archive", "other", INPUTS, lambda: b"other").path.read_bytes() == b"other"
    assert names(tmp_path / "new") == ["other"]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    """The system's own error never reaches a person."""
    (tmp_path / "new").write_text("")
    with pytest.raises(OutputUnwritable, match=r"`.*file` cannot be written"):
        Bench(tmp_path / "new").make("archive", "file", INPUTS, lambda: b"")
