"""Files for a go command: as a directory on this machine, or as a tar for an engine elsewhere."""

from __future__ import annotations

import posixpath
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.go.snapshot import Kind, Snapshot
from toolkit.model import Piece

DIRECTORY = tarfile.DIRTYPE
_BLOCK = 512  # bytes, of a tar
_BATCH = 1 << 20  # bytes in a chunk of a tar
_LINKS = 1000  # hard links to one empty file; some file systems allow only a few thousand
_NOWHERE = "aws-mfa-toolkit-nowhere"  # the target of a link that must lead nowhere

# The go command reads these to find out which files belong to a package. It looks at the names of others only if they
# are object files, profiles, or files that a package can embed.
_READ = (
    ".go", ".s", ".S", ".sx", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for",
    ".f90", ".swig", ".swigcxx",
)  # fmt: skip
_READ_NAMES = {"go.mod", "go.sum", "modules.txt"}
_NAMED, _NAMED_NAMES = ".syso", {"default.pgo"}
_EMBEDS = b"//go:embed"


@dataclass(frozen=True)
class Node:
    """A file, a directory or a link of a tree."""

    name: str  # relative to the tree, with `/`
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    data: bytes = b""
    link: str = ""
    piece: Piece | None = None  # the bytes, instead of `data`

    @property
    def size(self) -> int:
        """Its number of bytes."""
        return self.piece.size if self.piece else len(self.data)

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes."""
        if self.piece:
            yield from self.piece.chunks()
        elif self.data:
            yield self.data


def plain(files: Mapping[str, bytes]) -> Iterator[Node]:
    """Yield the nodes of a few files."""
    yield from (Node(name, data=data) for name, data in files.items())


def asked(snapshot: Snapshot) -> Iterator[Node]:
    """Yield the names of a snapshot that decide what Go compiles; only code has its bytes.

    Other files are left out, because an engine needs seconds for the names of 30,000 of them. A name that is not
    readable or leads out of the repository must fail there as it would for the user: its node is not readable or leads
    nowhere.
    """
    read = {entry.target for name, entry in snapshot.entries.items() if entry.kind is Kind.LINK and _is_read(name)}
    embedding = _embedding(snapshot)
    for name, entry in sorted(snapshot.entries.items()):
        place = place_of(snapshot, name)
        if entry.kind is Kind.DIRECTORY:
            yield Node(place, tarfile.DIRTYPE, 0o755)
        elif entry.kind is Kind.UNREADABLE_DIRECTORY:
            yield Node(place, tarfile.DIRTYPE, 0)
        elif entry.kind is Kind.UNREADABLE_FILE:
            yield Node(place, mode=0)
        elif entry.kind is Kind.LINK:
            target = posixpath.relpath(place_of(snapshot, entry.target), posixpath.dirname(place) or ".")
            yield Node(place, tarfile.SYMTYPE, 0o777, link=target)
        elif entry.kind is Kind.FILE:
            if name in read or _is_read(name):
                yield Node(place, piece=snapshot.piece(name, place))
            elif _is_named(name) or _is_in(name, embedding):
                yield Node(place)
        else:
            yield Node(place, tarfile.SYMTYPE, 0o777, link=_NOWHERE)


def compiled(pieces: Iterable[Piece]) -> Iterator[Node]:
    """Yield the files of a compile, as regular files."""
    yield from (Node(piece.place, piece=piece) for piece in pieces)


def with_parents(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield nodes, each after the directories above it."""
    made = {"", "."}
    for node in nodes:
        parts = posixpath.normpath(node.name).split("/")
        for depth in range(1, len(parts)):
            if (parent := "/".join(parts[:depth])) not in made:
                made.add(parent)
                yield Node(parent, tarfile.DIRTYPE, 0o755)
        if not (node.kind == tarfile.DIRTYPE and node.name in made):
            made.add(node.name)
            yield node


def write(nodes: Iterable[Node], root: Path) -> None:
    """Write a tree into an empty directory. Raises OSError."""
    sealed = []
    for node in with_parents(nodes):
        path = root / node.name
        if node.kind == tarfile.DIRTYPE:
            path.mkdir()
        elif node.kind == tarfile.SYMTYPE:
            path.symlink_to(node.link)
        else:
            with path.open("xb") as file:
                file.writelines(node.chunks())
        if not node.mode:
            sealed.append(path)
    for path in sealed:
        path.chmod(0)


def unseal(nodes: Iterable[Node], root: Path) -> None:
    """Make readable again what `write` made unreadable, so that it can be deleted."""
    for node in nodes:
        if not node.mode and (root / node.name).exists():
            (root / node.name).chmod(0o700)


def tar(nodes: Iterable[Node], *, owner: int, below: str = "") -> Iterator[bytes]:
    """Yield a tar of a tree, with a user ID as the owner and the names below a directory.

    The files are new: the go command keeps an index of directories by the names, sizes and times of their files, and
    does not use it for files that are younger than two seconds. Empty files are hard links to each other, which an
    engine creates more than ten times as fast as files.
    """
    batch, now = bytearray(), int(time.time())
    empty, links = "", 0
    for node in with_parents(nodes):
        member = tarfile.TarInfo(posixpath.join(below, node.name))
        member.type, member.mode, member.linkname = node.kind, node.mode, node.link
        if node == Node(node.name):
            if links % _LINKS:
                member.type, member.linkname = tarfile.LNKTYPE, empty
            else:
                empty = member.name
            links += 1
        member.uid = member.gid = owner
        member.mtime = now
        member.size = node.size if node.kind == tarfile.REGTYPE else 0
        batch += member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
        for chunk in node.chunks():
            batch += chunk
            if len(batch) >= _BATCH:
                yield bytes(batch)
                batch.clear()
        batch += bytes(-member.size % _BLOCK)
    yield bytes(batch) + bytes(2 * _BLOCK)


def place_of(snapshot: Snapshot, name: str) -> str:
    """Return the path of a snapshot's name in a tree."""
    return posixpath.normpath(posixpath.join(snapshot.above, name))


def _embedding(snapshot: Snapshot) -> set[str]:
    """Return the directories with Go files that may embed what lies in and below them, and what is linked there."""
    found = set[str]()
    links = {name: entry.target for name, entry in snapshot.entries.items() if entry.kind is Kind.LINK}
    for name, entry in snapshot.entries.items():
        directory = posixpath.dirname(name)
        if not name.endswith(".go") or entry.kind not in {Kind.FILE, Kind.LINK} or directory in found:
            continue
        if _EMBEDS in (snapshot.read(name) or b""):
            found.add(directory)
    while more := {target for name, target in links.items() if target not in found and _is_in(name, found)}:
        found |= more
    return found


def _is_in(name: str, directories: set[str]) -> bool:
    """Return whether a name, or a directory above it, is one of these; `""` is the module's directory."""
    while name and name not in directories:
        name = posixpath.dirname(name)
    return name in directories


def _is_named(name: str) -> bool:
    return name.endswith(_NAMED) or posixpath.basename(name) in _NAMED_NAMES


def _is_read(name: str) -> bool:
    base = posixpath.basename(name)
    return base.endswith(_READ) or base in _READ_NAMES
