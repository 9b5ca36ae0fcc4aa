"""Tar archives, as the Docker API accepts and returns files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST = 1 << 30  # maximum bytes of a file from a container
_HEADERS = 32 << 10  # maximum bytes of one file's headers
_BLOCK = 16 << 10  # bytes that tarfile reads at a time; the first read must fit into the headers
_PIECE = 256 << 10  # bytes of a request that are sent at a time


class NotOneFile(Exception):
    """An archive is not one regular file; the message completes a sentence: `is a directory`."""


def pack(files: Mapping[str, bytes], *, owner: int, folders: Iterable[str] = ()) -> bytes:
    """Return an archive of files by name, with their parent directories and `folders`, owned by the user ID `owner`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        parents = {"/".join(name.split("/")[:depth]) for name in files for depth in range(1, name.count("/") + 1)}
        for name in sorted(parents | set(folders)):
            tar.addfile(_member(name, tarfile.DIRTYPE, owner))
        for name, data in files.items():
            member = _member(name, tarfile.REGTYPE, owner)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def only_file(chunks: Iterable[bytes], largest: int = LARGEST) -> bytes:
    """Return the content of the only file in an archive from an untrusted container. Raises NotOneFile.

    The archive is read as a stream and nothing is written to disk. Memory is limited by `largest`, whatever the
    headers claim, and no link is followed.
    """
    stream = _Bounded(chunks)
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK) as tar:
            member = tar.next()
            if member is None:
                raise NotOneFile("is missing, or not a file that an archive can contain")
            _check(member, largest)
            stream.allowed += member.size + _HEADERS
            file = tar.extractfile(member)
            data = file.read() if file else b""
            if len(data) != member.size:
                raise NotOneFile("comes in an archive that ends too early")
            if tar.next() is not None:
                raise NotOneFile("comes in an archive with more than one member")
    except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError, KeyError):
        raise NotOneFile("comes in an archive that cannot be read") from None
    return data


def pieces(tar: IO[bytes] | Iterable[bytes], size: int = _PIECE) -> Iterator[bytes]:
    """Return an archive in pieces of about one size: each piece of a request costs several system calls."""
    chunks = iter(lambda: tar.read(size), b"") if hasattr(tar, "read") else tar
    pending: list[bytes] = []
    length = 0
    for chunk in chunks:
        pending.append(chunk)
        length += len(chunk)
        if length >= size:
            yield b"".join(pending)
            pending, length = [], 0
    if length:
        yield b"".join(pending)


def _check(member: tarfile.TarInfo, largest: int) -> None:
    kinds = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link", tarfile.DIRTYPE: "a directory"}
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE}:
        raise NotOneFile(f"is {kinds.get(member.type, 'a special file')}")
    if member.issparse() or any(name.startswith("GNU.sparse") for name in member.pax_headers):
        raise NotOneFile("comes in an archive as a sparse file")
    if not 0 <= member.size <= largest:
        raise NotOneFile(f"is larger than {largest >> 20} MiB")


class _Bounded(io.RawIOBase):
    """Chunks as a file that raises NotOneFile as soon as more is read than is allowed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), memoryview(b"")
        self._read, self.allowed = 0, _HEADERS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        target = memoryview(buffer).cast("B")
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(target), len(self._rest))
        self._read += count
        if self._read > self.allowed:
            raise NotOneFile("comes in an archive with more than one file's headers and content")
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _member(name: str, kind: bytes, owner: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.uid, member.gid = kind, owner, owner
    member.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    return member
