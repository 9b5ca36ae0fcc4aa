from __future__ import annotations

import io
import tarfile

import pytest

from toolkit.engines.tarball import only_file, pack


def rows(data: bytes) -> list[tuple[str, bytes, int, int, int]]:
    """Return what is in an archive: names, kinds, modes and owners."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(item.name, item.type, item.mode, item.uid, item.gid) for item in tar]


def test_files_come_with_the_folders_above_them() -> None:
    """Folders first, each before what lies in it, all of them owned by the user that works there."""
    data = pack({"a/b/file": b"1", "top": b"", "a/other": b"2"}, owner=7, folders=("scratch",))
    folder, file = (tarfile.DIRTYPE, 0o755, 7, 7), (tarfile.REGTYPE, 0o644, 7, 7)
    assert rows(data) == [
        ("a", *folder),
        ("a/b", *folder),
        ("scratch", *folder),
        ("a/b/file", *file),
        ("top", *file),
        ("a/other", *file),
    ]


@pytest.mark.parametrize("content", [b"", b"content", bytes(range(256)) * 5000], ids=len)
def test_a_file_comes_out_as_it_went_in(content: bytes) -> None:
    """Whatever its bytes and its size."""
    assert only_file(pack({"name": content}, owner=0)) == content


def test_what_is_no_file_is_none() -> None:
    """A folder, or an archive of nothing."""
    assert only_file(pack({}, owner=0, folders=("folder",))) is None
    assert only_file(pack({}, owner=0)) is None


def test_a_name_need_not_be_unicode() -> None:
    """Linux lets a file be called anything, and a source may have such a file."""
    name = b"\xff.txt".decode("utf-8", "surrogateescape")
    assert rows(pack({name: b""}, owner=0))[0][0] == name


def test_a_name_may_be_long_and_odd() -> None:
    """Sources have deep folders."""
    name = "/".join(["d\xe4" * 40] * 5 + ["file"])
    assert (name, tarfile.REGTYPE, 0o644, 0, 0) in rows(pack({name: b""}, owner=0))
