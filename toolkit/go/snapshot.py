"""A copy of a source's files: the user's directory is read once, and only the copy is fingerprinted and compiled.

Names are relative to the module's root, with `/`. Names of link targets and replaced modules elsewhere in the same
repository begin with `../`. All bytes are in one file, one after another, so that 30,000 small files cost one.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import hashlib
import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from toolkit.errors import FileUnreadable, ReplacementOutside, SourceTooLarge
from toolkit.model import Piece
from toolkit.options import SourceLimit

HIDDEN = frozenset((".bzr", ".git", ".hg", ".svn"))  # only their names are used: Go refuses to embed them
_CHUNK = 1 << 20  # bytes


class Kind(enum.Enum):
    """The kind of thing that a name stands for."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"  # to a file or directory in the snapshot
    DANGLING = "dangling"  # a link that leads nowhere
    OUTSIDE = "outside"  # a link that leads out of the repository, into what is hidden, or into `--dist`
    SPECIAL = "special"  # a pipe, a socket, a device
    UNREADABLE_FILE = "unreadable file"
    UNREADABLE_DIRECTORY = "unreadable directory"


@dataclass(frozen=True)
class Entry:
    """One name of a snapshot."""

    kind: Kind
    executable: bool = False
    target: str = ""  # of a link: the name at the end of the chain
    sha256: str = ""  # of a file, in hex
    size: int = 0  # of a file, in bytes
    start: int = field(default=0, compare=False)  # where its bytes begin in the pack


@dataclass(frozen=True)
class Snapshot:
    """The copy of a module, and of the files that it needs elsewhere in its repository."""

    root: Path  # the module's directory on this machine, not read again
    entries: Mapping[str, Entry] = field(repr=False)
    pack: Path

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256, in hex, over all names, kinds, modes and bytes."""
        total = hashlib.sha256()
        for name, entry in sorted(self.entries.items()):
            words = (name, entry.kind.value, "x" if entry.executable else "", entry.target, entry.sha256)
            total.update("\0".join(words).encode("utf-8", "surrogateescape") + b"\n")
        return total.hexdigest()

    @functools.cached_property
    def depth(self) -> int:
        """Number of directories between the top of the snapshot and the module."""
        return max((name.split("/").count("..") for name in self.entries), default=0)

    @property
    def top(self) -> Path:
        """The directory at the top of the snapshot."""
        return self.root.parents[self.depth - 1] if self.depth else self.root

    @property
    def above(self) -> str:
        """The module's directory, relative to the top of the snapshot: `""`, or `mod`, or `a/mod`."""
        return "/".join(self.root.parts[len(self.root.parts) - self.depth :])

    def follow(self, name: str) -> str:
        """Return the final name that a name leads to, with every link followed; it does not have to exist.

        This works as in the system: in `a/../b`, where `a` is a link, `b` is beside the target of `a`.
        """
        followed = ""
        for part in name.split("/"):
            joined = posixpath.normpath(posixpath.join(followed, part))
            entry = self.entries.get(joined)
            followed = entry.target if entry and entry.kind is Kind.LINK else joined
        return followed

    def shortest(self, name: str) -> str:
        """Return the name without `.` and `..` if possible; it may leave the module and come back."""
        return posixpath.relpath(posixpath.join(self.root.as_posix(), name), self.root.as_posix())

    def below(self, directory: str) -> list[str]:
        """Return the names anywhere below a directory."""
        return sorted(name for name in self.entries if name.startswith(f"{directory}/"))

    def find(self, name: str) -> Entry | None:
        """Return the entry that a name leads to."""
        return self.entries.get(self.follow(name))

    def piece(self, name: str, place: str) -> Piece:
        """Return a file's bytes for a path in a tree; links are not followed."""
        entry = self.entries[name]
        return Piece(place, self.pack, entry.start, entry.size)

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, with links followed; None if there is no such file."""
        name = self.follow(name)
        entry = self.entries.get(name)
        return b"".join(self.piece(name, "").chunks()) if entry and entry.kind is Kind.FILE else None


@dataclass(frozen=True)
class Scope:
    """The part of this machine that a source may use."""

    top: Path  # the repository's directory: nothing outside it is read
    without: Path | None = None  # a directory that is never read: `--dist`
    limit: SourceLimit = field(default_factory=SourceLimit)


def take(root: Path, scope: Scope, pack: Path, replaced: Callable[[bytes], Iterable[str]]) -> Snapshot:
    """Read a module's directory, the directories that replace modules, and the targets of links inside the repository.

    `replaced` returns the directories that replace modules in a go.mod, given its bytes. Raises
    SourceTooLarge, FileUnreadable (the module's directory), ReplacementOutside or OSError (the pack).
    """
    root, without = root.resolve(), scope.without
    with pack.open("wb") as file:
        reader = _Reader(root, scope.top.resolve(), without.resolve() if without else None, scope.limit, file)
        reader.walk(".")
        taken = Snapshot(root, reader.entries, pack)
        if reader.entries["."].kind is not Kind.DIRECTORY:
            raise FileUnreadable(f"cannot read the directory `{root}`", hint="check its permissions")
        file.flush()
        places = list(replaced(taken.read("go.mod") or b""))
        for place in places:
            reader.replacement(place)
        for place in places:
            reader.climb(place)
    return taken


class _Reader:
    """Walks directories and packs their files."""

    def __init__(self, root: Path, top: Path, without: Path | None, limit: SourceLimit, pack: BinaryIO) -> None:
        self.entries: dict[str, Entry] = {}
        self._root, self._top, self._without, self._limit = str(root), str(top), str(without or ""), limit
        self._pack, self._size = pack, 0
        self._buffer = bytearray(_CHUNK)

    def walk(self, name: str) -> None:
        """Add a name and everything below it, and the targets of links there."""
        waiting = [name]
        while waiting:
            name = waiting.pop()
            path = self._path(name)
            if name.startswith(".."):  # seen from above, the module appears once more
                name = self._name(path)
            if name not in self.entries:
                try:
                    mode = os.lstat(path).st_mode
                except OSError:  # it was just deleted, or its directory cannot be searched
                    continue
                waiting += self._add(name, path, mode)
                if len(self.entries) > self._limit.files:
                    raise self._too_large(f"more than {self._limit.files:,} files")

    def replacement(self, place: str) -> None:
        """Add a directory that go.mod names, relative to the module. Raises ReplacementOutside."""
        real = os.path.realpath(os.path.join(self._root, place))
        if os.path.isabs(place) or not self._may_read(real):
            raise ReplacementOutside(
                f"`{os.path.join(self._root, 'go.mod')}` replaces a module with `{place}`, which is outside the "
                "repository",
                hint="move that directory into the repository, or require a released version",
            )
        name, target = self._name(self._path(place)), self._name(real)
        self.walk(target)
        if name != target and self._follow(name) != target:
            self.entries[name] = Entry(Kind.LINK, target=target)

    def climb(self, place: str) -> None:
        """Extend the snapshot to the top of a path that comes back, too: `../mod/y` needs the directory above `mod`."""
        parts = posixpath.normpath(place.replace(os.sep, "/")).split("/")
        if up := min(parts.count(".."), len(Path(self._root).parts) - 1):
            self.entries.setdefault("/".join([".."] * up), Entry(Kind.DIRECTORY))

    def _add(self, name: str, path: str, mode: int) -> list[str]:
        """Add one name; return the names to look at next."""
        if posixpath.basename(name) in HIDDEN:
            self.entries[name] = Entry(Kind.DIRECTORY if stat.S_ISDIR(mode) else Kind.FILE)
            return []
        if stat.S_ISLNK(mode):
            return self._add_link(name, path)
        if stat.S_ISDIR(mode):
            self.entries[name] = Entry(Kind.DIRECTORY)
            return self._names(name, path)
        self.entries[name] = self._packed(path) if stat.S_ISREG(mode) else Entry(Kind.SPECIAL)
        return []

    def _names(self, name: str, path: str) -> list[str]:
        try:
            found = os.listdir(path)
        except OSError:
            self.entries[name] = Entry(Kind.UNREADABLE_DIRECTORY)
            return []
        below = "" if name == "." else f"{name}/"
        if self._without.startswith(path):
            found = [each for each in found if os.path.join(path, each) != self._without]
        return [below + each for each in found]

    def _add_link(self, name: str, path: str) -> list[str]:
        try:
            real = os.path.realpath(path, strict=True)
        except (OSError, RuntimeError):
            self.entries[name] = Entry(Kind.DANGLING)
            return []
        if not self._may_read(real):
            self.entries[name] = Entry(Kind.OUTSIDE)
            return []
        target = self._name(real)
        self.entries[name] = Entry(Kind.LINK, target=target)
        return [target]

    def _packed(self, path: str) -> Entry:
        """Copy a file's bytes into the pack."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            handle = os.open(path, flags)
        except OSError:
            return Entry(Kind.UNREADABLE_FILE)
        with open(handle, "rb", buffering=0) as file:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):  # it was just replaced
                return Entry(Kind.SPECIAL)
            start, total, view = self._size, hashlib.sha256(), memoryview(self._buffer)
            while count := self._some(file):
                total.update(view[:count])
                self._pack.write(view[:count])
                self._size += count
                if self._size > self._limit.size:
                    raise self._too_large(f"more than {self._limit.size:,} bytes")
        executable = bool(status.st_mode & 0o111)
        return Entry(Kind.FILE, executable, "", total.hexdigest(), self._size - start, start)

    def _some(self, file: BinaryIO) -> int:
        with contextlib.suppress(OSError):
            return file.readinto(self._buffer)  # type: ignore[attr-defined,no-any-return] # raw files have it
        raise FileUnreadable(f"cannot read `{file.name}` to its end", hint="check the disk, or leave the file out")

    def _may_read(self, real: str) -> bool:
        """Whether a real path is in the repository, and not in a hidden directory."""
        if self._without and f"{real}{os.sep}".startswith(f"{self._without}{os.sep}"):
            return False
        inside = os.path.relpath(real, self._top)
        parts = inside.split(os.sep)
        return parts[0] != os.pardir and not os.path.isabs(inside) and not HIDDEN.intersection(parts)

    def _path(self, name: str) -> str:
        return os.path.normpath(os.path.join(self._root, name))

    def _name(self, real: str) -> str:
        return os.path.relpath(real, self._root).replace(os.sep, "/")

    def _follow(self, name: str) -> str:
        return Snapshot(Path(self._root), self.entries, Path()).follow(name)

    def _too_large(self, what: str) -> SourceTooLarge:
        return SourceTooLarge(
            f"`{self._root}` contains {what}", hint="use a smaller source, or raise the limit with `--max-source`"
        )
