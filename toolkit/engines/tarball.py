"""Tar archives, as the Docker API takes and gives files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping


def pack(files: Mapping[str, bytes], *, owner: int, folders: Iterable[str] = ()) -> bytes:
    """Return files by name, with the folders above them and some more, owned by a user's number."""
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


def only_file(data: bytes) -> bytes | None:
    """Return the content of the one file in an archive, or None where it holds something else."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.next()
        file = tar.extractfile(member) if member else None
        return file.read() if file else None


def _member(name: str, kind: bytes, owner: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.uid, member.gid = kind, owner, owner
    member.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    return member
