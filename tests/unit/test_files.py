"""Files and directories: written completely, and writable only for their owner."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.samples import names, write_tree
from toolkit.errors import DiskFull, OutputUnwritable
from toolkit.files import make_private_directory, sha256, write, writing


@contextlib.contextmanager
def room(size: int) -> Iterator[None]:
    """Limit the size of all files of this process, like a full disk; pytest's output may be one of them."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    """Files larger than one read are read to their end."""
    data = os.urandom(1 << 20) * 2 + b"end"
    write(tmp_path / "file", data)
    assert sha256(tmp_path / "file") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_file_is_written_whole_with_its_mode(mode: int, tmp_path: Path) -> None:
    """Parent directories are created, an older file is replaced, and nothing else is left."""
    path = tmp_path / "a" / "b" / "file"
    write(path, b"old")
    umask = os.umask(0o077)
    try:
        write(path, b"new", mode=mode)
    finally:
        os.umask(umask)
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["file"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """A directory of a group stays the group's, and a new one below it belongs to the same group."""
    tmp_path.chmod(0o2770)
    write(tmp_path / "new" / "file", b"")
    assert oct(stat.S_IMODE(tmp_path.stat().st_mode)) == "0o2770"
    assert oct(stat.S_IMODE((tmp_path / "new").stat().st_mode)) in {"0o755", "0o2755"}


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o777], ids=oct)
def test_a_private_directory_is_its_owners(umask: int, tmp_path: Path) -> None:
    """No other user can enter it, whatever the umask; an existing one keeps its mode."""
    before = os.umask(umask)
    try:
        make_private_directory(tmp_path / "above" / "private")
    finally:
        os.umask(before)
    found = [oct(stat.S_IMODE((tmp_path / name).stat().st_mode)) for name in ("above", "above/private")]
    assert found == ["0o755", "0o700"]
    (tmp_path / "above" / "private").chmod(0o750)
    make_private_directory(tmp_path / "above" / "private")
    assert oct(stat.S_IMODE((tmp_path / "above" / "private").stat().st_mode)) == "0o750"


def test_a_write_that_fails_leaves_the_old_file_whole(tmp_path: Path) -> None:
    """A new file without enough space is removed, and the old one is unchanged."""
    path = tmp_path / "file"
    write(path, b"old")
    with room(1 << 16), pytest.raises(OutputUnwritable, match=r"cannot write `.*file`: file too large"):
        write(path, bytes((1 << 16) + 1))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_file_that_cannot_take_its_place_is_gone_again(tmp_path: Path) -> None:
    """A directory in the place of the file is not changed."""
    write_tree(tmp_path, {"file/inside": "theirs"})
    with pytest.raises(OutputUnwritable, match=r"cannot write `.*file`: "):
        write(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file" / "inside").read_text() == "theirs"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path) -> None:
    """The error names the path without space, and the hint is the command that frees some."""
    with pytest.raises(DiskFull, match=r"no space left on device for `.*dist`") as caught, writing(tmp_path / "dist"):
        Path("/dev/full").write_bytes(b"1")
    assert "`invoke clean --all`" in caught.value.hint


def test_a_quota_is_a_full_disk_too(tmp_path: Path) -> None:
    """Both are the same for the user."""
    with pytest.raises(DiskFull), writing(tmp_path):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")
