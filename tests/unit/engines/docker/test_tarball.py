from __future__ import annotations

import io
import tarfile
import tracemalloc
from collections.abc import Iterator
from typing import Literal

import pytest

from toolkit.engines.docker.tarball import NotOneFile, only_file, pack, pieces


def rows(data: bytes) -> list[tuple[str, bytes, int, int, int]]:
    """Return the members of an archive: names, kinds, modes and owners."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [(item.name, item.type, item.mode, item.uid, item.gid) for item in tar]


def test_files_come_with_the_folders_above_them() -> None:
    """Each directory comes before its files, and all have the owner that works there."""
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
@pytest.mark.parametrize("piece", [511, 70_000, 1 << 21])
def test_a_file_comes_out_as_it_went_in(content: bytes, piece: int) -> None:
    """The bytes and the size do not matter, and neither does the size of the chunks."""
    data = pack({"name": content}, owner=0)
    assert only_file(data[at : at + piece] for at in range(0, len(data), piece)) == content


def test_a_name_need_not_be_unicode() -> None:
    """Linux allows any bytes in a name, and a source may have such a file."""
    name = b"\xff.txt".decode("utf-8", "surrogateescape")
    assert rows(pack({name: b""}, owner=0))[0][0] == name


def test_a_name_may_be_long_and_odd() -> None:
    """Sources have deep directories."""
    name = "/".join(["d\xe4" * 40] * 5 + ["file"])
    assert (name, tarfile.REGTYPE, 0o644, 0, 0) in rows(pack({name: b""}, owner=0))


# --- archives from a hostile container -------------------------------------------------------------------------------


def archive(*members: tarfile.TarInfo, data: bytes = b"", form: Literal[1, 2] = tarfile.PAX_FORMAT) -> bytes:
    """Return an archive of unchanged members, whatever their headers claim, with data after each regular one."""
    blocks = b"".join(
        item.tobuf(form) + (data + bytes(-len(data) % 512) if item.type == tarfile.REGTYPE else b"") for item in members
    )
    return blocks + bytes(1024)


def member(kind: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "", **pax: str) -> tarfile.TarInfo:
    """Return a member named `out`."""
    found = tarfile.TarInfo("out")
    found.type, found.size, found.linkname = kind, size, link
    found.pax_headers = {name.replace("__", "."): value for name, value in pax.items()}
    return found


LONG_NAMES = member(b"L").tobuf(tarfile.GNU_FORMAT) * 5000
HUGE_PAX = member(b"x", size=1 << 30).tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "is missing|cannot be read", id="nothing"),
        pytest.param(archive(), "is missing", id="empty"),
        pytest.param(archive(member(tarfile.SYMTYPE, link="/etc/passwd")), "is a symbolic link", id="link"),
        pytest.param(archive(member(tarfile.SYMTYPE, link="out")), "is a symbolic link", id="link to itself"),
        pytest.param(archive(member(tarfile.LNKTYPE, link="out")), "is a hard link", id="hard link to itself"),
        pytest.param(archive(member(tarfile.LNKTYPE, link="/etc/passwd")), "is a hard link", id="hard link"),
        pytest.param(archive(member(tarfile.DIRTYPE)), "is a directory", id="directory"),
        pytest.param(archive(member(tarfile.FIFOTYPE)), "is a special file", id="pipe"),
        pytest.param(archive(member(tarfile.CHRTYPE)), "is a special file", id="device"),
        pytest.param(archive(member(tarfile.CONTTYPE)), "is a special file", id="contiguous"),
        pytest.param(archive(member(b"Z")), "is a special file", id="unknown type"),
        pytest.param(archive(member(tarfile.GNUTYPE_SPARSE, size=1 << 40)), "is a special|sparse|cannot", id="sparse"),
        pytest.param(
            archive(member(GNU__sparse__size=str(1 << 40), GNU__sparse__map="0,1")), "sparse|cannot", id="pax sparse"
        ),
        pytest.param(
            archive(member(GNU__sparse__major="1", GNU__sparse__minor="0", GNU__sparse__realsize=str(1 << 40))),
            "sparse|cannot", id="pax sparse 1.0",
        ),
        pytest.param(archive(member(size=(1 << 30) + 1)), "is larger than 1024 MiB", id="huge"),
        pytest.param(archive(member(size=1 << 62), form=tarfile.GNU_FORMAT), "is larger than 1024", id="2^62 bytes"),
        pytest.param(archive(member(size=-5), form=tarfile.GNU_FORMAT), "larger|cannot", id="negative size"),
        pytest.param(archive(member(size=1 << 20)), "ends too early|cannot be read", id="truncated"),
        pytest.param(archive(member(size=1), member(size=1), data=b"x"), "more than one", id="two files"),
        pytest.param(archive(member(size=1), member(tarfile.DIRTYPE), data=b"x"), "more than one", id="and a folder"),
        pytest.param(LONG_NAMES, "more than one|cannot be read", id="endless headers"),
        pytest.param(HUGE_PAX + bytes(1 << 20), "more than one|cannot be read", id="huge header"),
        pytest.param(b"\x1f\x8b" + bytes(2000), "cannot be read", id="compressed"),
        pytest.param(b"garbage" * 1000, "cannot be read", id="garbage"),
    ],
)  # fmt: skip
def test_an_archive_that_is_not_one_file_is_an_error(data: bytes, says: str) -> None:
    """Nothing is followed, expanded or waited for; one exception names the problem."""
    with pytest.raises(NotOneFile, match=says):
        only_file([data])


@pytest.mark.parametrize("start", [member(size=4 << 30), member(b"x", size=1 << 30)], ids=["file", "header"])
def test_an_endless_archive_is_not_read_into_memory(start: tarfile.TarInfo) -> None:
    """Memory is limited by the limit, not by the headers or by the length of the stream."""

    def endless() -> Iterator[bytes]:
        yield start.tobuf(tarfile.GNU_FORMAT)
        while True:
            yield b"x" * 65536

    tracemalloc.start()
    try:
        with pytest.raises(NotOneFile):
            only_file(endless(), largest=1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_small_chunks_are_joined() -> None:
    """No byte is lost, no piece is empty, and no more than about one piece is in memory."""
    chunks = [b"", b"ab", b"c", b"", b"defgh", b"i"]
    assert list(pieces(chunks, 3)) == [b"abc", b"defgh", b"i"]
    assert list(pieces([], 3)) == list(pieces([b""], 3)) == list(pieces(io.BytesIO(), 3)) == []


def test_a_file_is_cut_into_pieces() -> None:
    """Lines do not matter."""
    assert list(pieces(io.BytesIO(b"a\nb\ncdefg"), 4)) == [b"a\nb\n", b"cdef", b"g"]
