from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.samples import DEPENDENCY, LINUX, WINDOWS, build_info, names, source, write_tree
from toolkit.errors import OutputUnwritable
from toolkit.files import write
from toolkit.model import Binary, Findings
from toolkit.outputs.staging import Staging
from toolkit.settings import ROOT
from toolkit.store import DistFolder

INFO = build_info(LINUX, DEPENDENCY)
LIBRARIES = ("libc.so.6",)


def right(data: bytes) -> Findings:
    """Accept any bytes."""
    return Findings((), INFO, LIBRARIES) if data else Findings(("is empty",))


@pytest.fixture
def store(tmp_path: Path) -> DistFolder:
    """Return the store of a directory that does not exist yet."""
    return DistFolder(tmp_path / "dist")


# --- writing ---------------------------------------------------------------------------------------------------------


UMASKS = pytest.mark.parametrize("umask", [0o000, 0o002, 0o027, 0o077, 0o777], ids=oct)


@pytest.fixture
def masked(umask: int) -> Iterator[None]:
    """Run a test with a umask."""
    before = os.umask(umask)
    yield
    os.umask(before)


def modes(root: Path) -> dict[str, str]:
    """Return the modes of a directory and of everything below it."""
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in (root, *root.rglob("*"))}


@UMASKS
@pytest.mark.usefixtures("masked")
def test_modes_do_not_depend_on_the_umask(umask: int, tmp_path: Path) -> None:
    """Everyone may read `dist/`, except the work of a run; only its owner may change it."""
    store = DistFolder(tmp_path / "above" / "dist")
    with store.lock(print):
        store.keep(source(), LINUX, "fingerprint", b"program", INFO)
        store.remember("list", [])
        store.keep_log(LINUX, "said")
        store.make_work()
        with store.new_release() as folder:
            Staging(folder).make("archive", "packed", 1, lambda: b"")
    above = oct(stat.S_IMODE((tmp_path / "above").stat().st_mode))
    lock, *others = sorted(modes(store.root).items())
    assert (above, lock[0]) == ("0o755", ".lock")
    assert lock[1] in {"0o644", oct(0o644 & ~umask)}
    assert dict(others) == {
        **dict.fromkeys(("bin", "dist", "linux_amd64", "logs", "release", "state"), "0o755"),
        **dict.fromkeys(("linux_amd64.txt", "list.json", "packed", "program.json"), "0o644"),
        "program": "0o755",
        "work": "0o700",
    }


def test_an_old_release_that_nobody_could_read_becomes_readable(store: DistFolder) -> None:
    """An older toolkit made it with another umask."""
    write_tree(store.release, {"a": "1"})
    store.release.chmod(0o700)
    with store.new_release() as folder:
        write_tree(folder, {"a": "1"})
    assert oct(stat.S_IMODE(store.release.stat().st_mode)) == "0o755"


@pytest.mark.parametrize(
    "use",
    [
        lambda path: write(path / "deep" / "name", b""),
        lambda path: DistFolder(path).remember("name", []),
        lambda path: DistFolder(path).keep(source(), LINUX, "f", b"", INFO),
        lambda path: DistFolder(path).keep_log(LINUX, "said"),
        lambda path: DistFolder(path).new_release().__enter__(),
        lambda path: DistFolder(path).lock(print).__enter__(),
    ],
    ids=["write", "remember", "keep", "keep_log", "new_release", "lock"],
)
def test_a_file_where_a_folder_should_be_is_an_error_that_names_it(
    use: Callable[[Path], object], tmp_path: Path
) -> None:
    """The message names the path that is in the way, and the hint the next step."""
    (tmp_path / "dist").write_text("")
    with pytest.raises(OutputUnwritable) as caught:
        use(tmp_path / "dist")
    assert type(caught.value) is OutputUnwritable
    assert f"`{tmp_path / 'dist'}" in str(caught.value)
    assert "--dist" in caught.value.hint


# --- binaries --------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_found(store: DistFolder) -> None:
    """A kept binary is returned unchanged, marked as found; it is executable."""
    kept = store.keep(source(), LINUX, "fingerprint", b"program", INFO, needed=LIBRARIES)
    assert kept == Binary(LINUX, kept.path, 7, hashlib.sha256(b"program").hexdigest(), "fingerprint", INFO, LIBRARIES)
    assert (kept.path, kept.rebuilt) == (store.root / "bin" / "linux_amd64" / "program", True)
    assert kept.path.read_bytes() == b"program"
    assert os.access(kept.path, os.X_OK)
    found = store.find(source(), LINUX, "fingerprint", print, right)
    assert found == kept
    assert found.rebuilt is False


def test_a_program_for_windows_ends_in_exe(store: DistFolder) -> None:
    """It is found beside its record."""
    kept = store.keep(source(), WINDOWS, "fingerprint", b"program", INFO, needed=LIBRARIES)
    assert names(kept.path.parent) == ["program.exe", "program.json"]
    assert store.find(source(), WINDOWS, "fingerprint", print, right) == kept


def test_what_was_kept_last_is_what_is_there(store: DistFolder) -> None:
    """A new binary replaces the old one."""
    store.keep(source(), LINUX, "old", b"old", INFO)
    store.keep(source(), LINUX, "new", b"new", INFO)
    assert store.find(source(), LINUX, "old", print, right) is None
    assert store.find(source(), LINUX, "new", print, right)


def fifo(path: Path) -> None:
    """Replace a file with a pipe that is never written to."""
    path.unlink()
    os.mkfifo(path)


def record(path: Path, **changes: object) -> None:
    """Change a binary's record; None removes a field."""
    place = path.with_name("program.json")
    row = {**json.loads(place.read_text()), **changes}
    place.write_text(json.dumps({name: value for name, value in row.items() if value is not None}))


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b"progrbm"),
        lambda path: path.write_bytes(b"program!"),
        lambda path: path.unlink(),
        lambda path: path.with_name("program.json").unlink(),
        lambda path: path.with_name("program.json").write_bytes(b"\xff"),
        lambda path: path.with_name("program.json").write_text("{"),
        lambda path: path.with_name("program.json").write_text("[]"),
        lambda path: path.with_name("program.json").write_text("null"),
        lambda path: record(path, fingerprint="other"),
        lambda path: record(path, sha256="0" * 64),
        lambda path: record(path, sha256=None),
        lambda path: path.with_name("program.json").write_text("[" * 100_000),
        fifo,
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
def test_what_is_not_as_it_was_checked_is_not_found(harm: Callable[[Path], object], store: DistFolder) -> None:
    """A binary that is damaged, missing, from another source or without a complete record is built again."""
    kept = store.keep(source(), LINUX, "fingerprint", b"program", INFO)
    harm(kept.path)
    assert store.find(source(), LINUX, "fingerprint", print, right) is None


def test_changed_bytes_are_told_of(store: DistFolder) -> None:
    """The user learns that a program's bytes were changed; a missing or outdated program is not reported."""
    told: list[str] = []
    kept = store.keep(source(), LINUX, "fingerprint", b"program", INFO)
    assert store.find(source(), LINUX, "other", told.append, right) is None
    assert store.find(source(), LINUX, "fingerprint", told.append, right)
    assert told == []
    kept.path.write_bytes(b"progrbm")
    assert store.find(source(), LINUX, "fingerprint", told.append, right) is None
    assert told == [f"`{kept.path}` was modified since it was checked; rebuilding"]
    kept.path.unlink()
    assert store.find(source(), LINUX, "fingerprint", told.append, right) is None
    assert len(told) == 1


@pytest.mark.parametrize("findings", [Findings(("is ELF, not PE",), INFO), Findings(("is ELF, not PE",))])
def test_bytes_are_examined_again(findings: Findings, store: DistFolder) -> None:
    """A binary that was changed together with its record is not found; its bytes are examined once."""
    kept = store.keep(source(), LINUX, "fingerprint", b"program", INFO)
    told: list[str] = []
    looked: list[bytes] = []

    def examine(data: bytes) -> Findings:
        looked.append(data)
        return findings

    assert store.find(source(), LINUX, "fingerprint", told.append, examine) is None
    assert (told, looked) == ([f"`{kept.path}` is ELF, not PE; rebuilding"], [b"program"])


def test_what_bytes_say_counts_and_not_their_record(store: DistFolder) -> None:
    """Build info and libraries come from the binary."""
    kept = store.keep(source(), LINUX, "fingerprint", b"program", build_info(LINUX))
    record(kept.path, info={"go": "go9", "deps": []}, needed=["libevil.so"])
    found = store.find(source(), LINUX, "fingerprint", print, right)
    assert found
    assert (found.info, found.needed) == (INFO, LIBRARIES)


def test_a_binary_of_another_program_or_pair_is_another_file(store: DistFolder) -> None:
    """Each is found at its path."""
    store.keep(source(), LINUX, "fingerprint", b"program", INFO)
    assert store.find(source(), WINDOWS, "fingerprint", print, right) is None
    assert store.find(source(name="other"), LINUX, "fingerprint", print, right) is None


def test_a_log_is_kept_whole(store: DistFolder) -> None:
    """The file's name is that of the pair."""
    path = store.keep_log(LINUX, "line\n\xe4")
    assert path == store.state / "logs" / "linux_amd64.txt"
    assert path.read_text("utf-8") == "line\n\xe4"


def test_what_is_remembered_is_recalled(store: DistFolder) -> None:
    """A value is returned unchanged; a missing or unreadable one is None."""
    assert store.recall("list") is None
    store.remember("list", [{"a": 1}, None])
    assert store.recall("list") == [{"a": 1}, None]
    for garbage in (b"[", b"\xff", b"", b"[" * 100_000):
        (store.state / "list.json").write_bytes(garbage)
        assert store.recall("list") is None
    (store.state / "list.json").unlink()
    os.mkfifo(store.state / "list.json")
    assert store.recall("list") is None


# --- the release -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "settled"),
    [
        ([], None),
        (["release"], "release"),
        ([".release-new"], None),
        (["release", ".release-new"], "release"),
        (["release", ".release-next"], ".release-next"),
        ([".release-next"], ".release-next"),
        ([".release-next", ".release-old"], ".release-next"),
        (["release", ".release-next", ".release-old"], ".release-next"),
        (["release", ".release-old"], "release"),
        ([".release-old"], ".release-old"),
        ([".release-old", ".release-new"], ".release-old"),
    ],
)
def test_an_interrupted_swap_is_finished_or_undone(left: list[str], settled: str | None, store: DistFolder) -> None:
    """Whatever directories a run leaves, there is one complete release, if there was any, and nothing else."""
    write_tree(store.root, {f"{folder}/whose": folder for folder in left})
    store.root.mkdir(exist_ok=True)
    store.settle()
    assert names(store.root) == (["release"] if settled else [])
    if settled:
        assert (store.release / "whose").read_text() == settled


def test_a_new_release_takes_the_old_ones_place(store: DistFolder) -> None:
    """It appears at the end as a whole; until then, the old one stays."""
    write_tree(store.release, {"a": "old", "gone": ""})
    with store.new_release() as folder:
        write_tree(folder, {"a": "new", "b": ""})
        assert names(store.release) == ["a", "gone"]
    assert (store.release / "a").read_text() == "new"
    assert names(store.release) == ["a", "b"]
    assert names(store.root) == ["release"]


def test_the_first_release_needs_no_old_one(store: DistFolder) -> None:
    """Its directory does not have to exist either."""
    with store.new_release() as folder:
        write_tree(folder, {"a": ""})
    assert names(store.root) == ["release"]


def _fail(folder: Path, error: BaseException) -> None:
    assert names(folder) == ["a"]
    raise error


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=repr)
def test_a_release_that_fails_leaves_the_old_one(error: BaseException, store: DistFolder) -> None:
    """No part of the new one is left."""
    write_tree(store.release, {"a": "old"})
    before = store.release.stat().st_ino
    with pytest.raises(type(error)), store.new_release() as folder:
        _fail(write_tree(folder, {"a": "new"}), error)
    assert (store.release / "a").read_text() == "old"
    assert names(store.root) == ["release"]
    assert store.release.stat().st_ino == before


def test_an_equal_release_changes_nothing(store: DistFolder) -> None:
    """Files that were reused, or made again with the same bytes, leave the same directory and files."""
    write_tree(store.release, {"linked": "1", "same": "2"})
    before = [path.stat().st_ino for path in (store.release, store.release / "same")]
    with store.new_release() as folder:
        os.link(store.release / "linked", folder / "linked")
        write_tree(folder, {"same": "2"})
    assert [path.stat().st_ino for path in (store.release, store.release / "same")] == before
    assert names(store.root) == ["release"]


@pytest.mark.parametrize("files", [{"a": "2"}, {"a": "1", "b": ""}, {"b": "1"}, {}, {"a": "22"}], ids=str)
def test_a_release_that_differs_in_anything_is_another(files: dict[str, str | bytes], store: DistFolder) -> None:
    """The comparison covers bytes, names and number of files, but not times."""
    write_tree(store.release, {"a": "1"})
    os.utime(store.release / "a", (1, 1))
    with store.new_release() as folder:
        write_tree(folder, files)
        for path in folder.iterdir():
            os.utime(path, (1, 1))
    assert {path.name: path.read_text() for path in store.release.iterdir()} == files


def test_a_release_that_was_left_half_made_is_in_nobodys_way(store: DistFolder) -> None:
    """After `settle`, a new release starts empty."""
    write_tree(store.root, {".release-new/half": ""})
    store.settle()
    with store.new_release() as folder:
        assert names(folder) == []


# --- the lock --------------------------------------------------------------------------------------------------------

_HOLDER = """
import sys
from pathlib import Path
from toolkit.store import DistFolder
with DistFolder(Path(sys.argv[1])).lock(lambda sentence: print(sentence, flush=True)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_waits_and_says_so_once(store: DistFolder) -> None:
    """Two runs in one directory run one after the other, and the second reports that it is waiting."""
    argv = [sys.executable, "-c", _HOLDER, str(store.root)]
    with store.lock(print):
        second = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert second.stdout
        assert second.stdout.readline() == f"another run is using `{store.root}`; waiting for it to finish\n"
    assert second.communicate(timeout=10)[0] == "held\n"


def test_this_process_waits_for_another(store: DistFolder) -> None:
    """The sentence is printed once, and the lock is acquired when the other process releases it."""
    said: list[str] = []
    argv = [sys.executable, "-c", _HOLDER, str(store.root)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        threading.Timer(0.2, other.stdin.close).start()
        with store.lock(said.append):
            assert other.wait(timeout=10) == 0
    assert said == [f"another run is using `{store.root}`; waiting for it to finish"]


def test_a_lock_that_is_free_is_had_without_a_word(store: DistFolder) -> None:
    """It can be acquired again and again, also after an error, and creates the directory."""
    said: list[str] = []
    with pytest.raises(KeyError), store.lock(said.append):
        raise KeyError
    with store.lock(said.append):
        assert store.root.is_dir()
    assert said == []


@pytest.mark.parametrize(
    "make",
    [
        lambda path, _: path.mkdir(),
        lambda path, other: path.symlink_to(other),
        lambda path, other: path.symlink_to(other.parent / "none"),
        lambda path, other: path.symlink_to(other.parent),
        lambda path, other: path.hardlink_to(other),
        lambda path, _: os.mkfifo(path),
        lambda path, _: os.mknod(path, stat.S_IFSOCK | 0o600),
    ],
    ids=["directory", "link", "dangling", "link-to-directory", "hard-link", "fifo", "socket"],
)
def test_a_lock_that_is_not_a_plain_file_is_an_error(
    make: Callable[[Path, Path], object], store: DistFolder, tmp_path: Path
) -> None:
    """It is neither opened nor followed, and no other file is truncated or created."""
    other = tmp_path / "other" / "file"
    write(other, b"theirs")
    write(store.root / "bin", b"")
    make(store.root / ".lock", other)
    with pytest.raises(OutputUnwritable, match=r"`.*/\.lock` is not a regular file") as caught, store.lock(print):
        pytest.fail("locked")
    assert "--dist" in caught.value.hint
    assert (other.read_bytes(), names(other.parent)) == (b"theirs", ["file"])
