from __future__ import annotations

import dataclasses
import hashlib
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.samples import LINUX, names, write_tree
from toolkit.errors import OutputUnwritable
from toolkit.model import Artifact
from toolkit.outputs.staging import Staging, code

INPUTS = {"name": "program", "epoch": 1, "texts": [["LICENSE", "00"]]}


def never() -> bytes:
    """Fail: the caller should have reused a file."""
    pytest.fail("made anew")


def made(folder: Path, inputs: object = INPUTS, content: bytes = b"content") -> Artifact:
    """Return a file that was made in a separate directory."""
    folder.mkdir(exist_ok=True)
    return Staging(folder).make("archive", "file", inputs, lambda: content, target=LINUX)


def test_a_file_is_made_and_told(tmp_path: Path) -> None:
    """An artifact has its file's size and digest, and a digest of its inputs."""
    artifact = made(tmp_path / "new")
    assert artifact.path.read_bytes() == b"content"
    digest = hashlib.sha256(b"content").hexdigest()
    assert artifact == Artifact("archive", tmp_path / "new" / "file", 7, digest, artifact.inputs, LINUX)
    assert len(artifact.inputs) == 64


def test_the_same_inputs_take_the_very_same_file_over(tmp_path: Path) -> None:
    """Nothing is packed again, and the order of the inputs does not matter."""
    old = made(tmp_path / "old")
    (tmp_path / "new").mkdir()
    staging = Staging(tmp_path / "new", {"file": old})
    new = staging.make("archive", "file", dict(reversed(INPUTS.items())), never, target=LINUX)
    assert new == dataclasses.replace(old, path=tmp_path / "new" / "file")
    assert new.path.stat().st_ino == old.path.stat().st_ino


@pytest.mark.parametrize("changed", ["archives.py", "a.json", "deep/new.txt"])
def test_other_code_makes_another_file(changed: str, tmp_path: Path) -> None:
    """A change of its code makes an output again; line endings and compiled files have no effect."""
    write_tree(tmp_path, {"archives.py": "1\n", "a.json": "{}"})
    before = code.__wrapped__(tmp_path)
    write_tree(tmp_path, {"__pycache__/a.pyc": "4", "archives.py": b"1\r\n"})
    assert code.__wrapped__(tmp_path) == before
    write_tree(tmp_path, {changed: "5"})
    assert code.__wrapped__(tmp_path) != before


def test_the_code_is_part_of_what_decides_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that other code made is not reused."""
    old = made(tmp_path / "old")
    monkeypatch.setattr("toolkit.outputs.staging.code", lambda: "other")
    (tmp_path / "new").mkdir()
    new = Staging(tmp_path / "new", {"file": old}).make("archive", "file", INPUTS, lambda: b"another")
    assert new.path.read_bytes() == b"another"


def test_the_code_is_read_once() -> None:
    """A release has many files."""
    assert code() is code()


@pytest.mark.parametrize("mode", [0o600, 0o666, 0o777])
def test_a_file_that_is_taken_over_can_be_read_by_everyone(mode: int, tmp_path: Path) -> None:
    """An older toolkit left its mode to the umask."""
    old = made(tmp_path / "old")
    old.path.chmod(mode)
    (tmp_path / "new").mkdir()
    new = Staging(tmp_path / "new", {"file": old}).make("archive", "file", INPUTS, never)
    assert stat.S_IMODE(new.path.stat().st_mode) == 0o644


def test_other_inputs_make_another_file(tmp_path: Path) -> None:
    """The old one is unchanged."""
    old = made(tmp_path / "old")
    (tmp_path / "new").mkdir()
    new = Staging(tmp_path / "new", {"file": old}).make("archive", "file", {**INPUTS, "epoch": 2}, lambda: b"another")
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
    """Bytes are reused only if they are the recorded ones."""
    old = made(tmp_path / "old")
    harm(old.path)
    (tmp_path / "new").mkdir()
    new = Staging(tmp_path / "new", {"file": old}).make("archive", "file", INPUTS, lambda: b"content", target=LINUX)
    assert new.path.read_bytes() == b"content"
    assert new.sha256 == old.sha256


def test_a_file_is_copied_where_it_cannot_be_linked(tmp_path: Path) -> None:
    """Some file systems have no hard links, and none links to another one."""
    memory = Path("/dev/shm")  # noqa: S108 - the test needs another file system
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        old = made(Path(folder))
        (tmp_path / "new").mkdir()
        new = Staging(tmp_path / "new", {"file": old}).make("archive", "file", INPUTS, never, target=LINUX)
    assert new.path.read_bytes() == b"content"


def test_a_file_is_taken_over_by_its_name(tmp_path: Path) -> None:
    """Two files with the same inputs do not replace one another."""
    old = made(tmp_path / "old")
    (tmp_path / "new").mkdir()
    staging = Staging(tmp_path / "new", {"file": old})
    assert staging.make("archive", "other", INPUTS, lambda: b"other").path.read_bytes() == b"other"
    assert names(tmp_path / "new") == ["other"]


def test_a_folder_that_cannot_be_written_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    """The user never sees the system's own error."""
    (tmp_path / "new").write_text("")
    with pytest.raises(OutputUnwritable, match=r"cannot write `.*file`"):
        Staging(tmp_path / "new").make("archive", "file", INPUTS, lambda: b"")
