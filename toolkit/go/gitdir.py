"""Read a source's git directory as data: its HEAD, references and object stores, but never its configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.go.reading import is_directory, names, read, real, special, unreadable

HASH = r"(?:[0-9a-f]{64}|[0-9a-f]{40})"
_NAME = re.compile(
    r"(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))refs/[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])"
)  # the rules of `git check-ref-format` below refs/
_OF_WORKTREE = ("HEAD", "refs/bisect/", "refs/rewritten/", "refs/worktree/")
_DEPTH = 5  # limit of symbolic references and of alternates, as in git
_STORES = 100
_SMALL, _LARGE = 1 << 16, 1 << 28


class HistoryUnreadable(Exception):
    """The reason why the history of a repository cannot be read, as a clause of a sentence."""


@dataclass(frozen=True)
class GitDirectory:
    """The places where the repository of a checkout stores its data."""

    top: Path  # the checkout
    own: Path  # HEAD, and the references of this worktree
    common: Path  # the data that all worktrees share


def find(top: Path) -> GitDirectory | None:
    """Return the git directory of a checkout, or None without a `.git`.

    Raises HistoryUnreadable if `.git` does not lead to a git directory.
    """
    place = top / ".git"
    if not os.path.lexists(place):
        return None
    own = real(place)
    if not is_directory(own):
        text = read(place, _SMALL)
        if not text.startswith(b"gitdir: "):
            raise HistoryUnreadable(f"`{place}` does not lead to a git directory")
        own = _pointed(top, text.removeprefix(b"gitdir: "))
    pointer = own / "commondir"
    common = _pointed(own, read(pointer, _SMALL)) if os.path.lexists(pointer) else own
    if not is_directory(common / "objects") or not os.path.lexists(own / "HEAD"):
        raise HistoryUnreadable(f"`{place}` does not lead to a git directory")
    return GitDirectory(top, own, common)


def _pointed(base: Path, text: bytes) -> Path:
    name = text.rstrip(b"\r\n")
    if not name or b"\0" in name:
        raise HistoryUnreadable(f"a file in `{base}` does not lead to a git directory")
    return real(base / os.fsdecode(name))


def head(git: GitDirectory) -> str:
    """Return the hash of the commit that is checked out. Raises HistoryUnreadable without one."""
    name = "HEAD"
    for _ in range(_DEPTH):
        value = _value(git, name)
        if re.fullmatch(HASH, value):
            return value
        target = value.removeprefix("ref:").strip()
        if target.endswith("/.invalid") and is_directory(git.common / "reftable"):
            raise HistoryUnreadable(f"`{git.top}` stores its references as a reftable, which only git can read")
        if not value.startswith("ref:") or not _NAME.fullmatch(target):
            raise HistoryUnreadable(f"HEAD of `{git.top}` does not lead to a commit")
        name = target
    raise HistoryUnreadable(f"the references of `{git.top}` form a cycle")


def _value(git: GitDirectory, name: str) -> str:
    """Return the value of a reference: a hash, or `ref: ` and another reference."""
    path = (git.own if name.startswith(_OF_WORKTREE) else git.common) / name
    if path.is_symlink() and _NAME.fullmatch(target := str(path.readlink())):
        return f"ref: {target}"  # the format of git before symbolic references
    if os.path.lexists(path) and (name == "HEAD" or not is_directory(path)):
        return os.fsdecode(read(inside(git, path), _SMALL)).rstrip()
    packed = re.search(rb"^(%b) %b$" % (HASH.encode(), re.escape(os.fsencode(name))), packed_refs(git), re.MULTILINE)
    if not packed:
        raise HistoryUnreadable(f"`{git.top}` has no commit yet")
    return packed[1].decode()


def replacements(git: GitDirectory) -> dict[bytes, bytes]:
    """Return the object that replaces each replaced one, as set by `git replace`."""
    pattern = rb"^(%b) refs/replace/(%b)$" % (HASH.encode(), HASH.encode())
    found = {old: new for new, old in re.findall(pattern, packed_refs(git), re.MULTILINE)}
    folder = git.common / "refs" / "replace"
    for name in names(inside(git, folder)) if is_directory(folder) else ():
        if re.fullmatch(HASH, name):
            found[name.encode()] = os.fsencode(_value(git, f"refs/replace/{name}"))
    return {old: new for old, new in found.items() if re.fullmatch(HASH.encode(), new)}


def packed_refs(git: GitDirectory) -> bytes:
    """Return the file with all references that have no separate file."""
    return lines(git, "packed-refs")


def lines(git: GitDirectory, name: str) -> bytes:
    """Return a file of the git directory, or nothing if it is missing."""
    path = git.common / name
    return read(inside(git, path), _LARGE) if os.path.lexists(path) else b""


def inside(git: GitDirectory, path: Path) -> Path:
    """Return the target of a path. Raises HistoryUnreadable if it is not in the git directory."""
    there = real(path)
    if not any(there.is_relative_to(place) for place in (git.own, git.common)):
        raise HistoryUnreadable(f"the link `{path}` leads out of the git directory")
    return there


def stores(git: GitDirectory) -> tuple[Path, ...]:
    """Return the object directory and those that it borrows from, checked for files that could hang git."""
    found: list[Path] = []
    level = [git.common / "objects"]
    for _ in range(_DEPTH + 1):
        fresh = [path for path in dict.fromkeys(map(real, level)) if path not in found and is_directory(path)]
        found += fresh
        if len(found) > _STORES:
            break
        for store in fresh:
            _check_store(store)
        level = [borrowed for store in fresh for borrowed in _alternates(store)]
        if not level:
            return tuple(found)
    raise HistoryUnreadable(f"the object directories of `{git.top}` borrow from too many others")


def _alternates(store: Path) -> Iterator[Path]:
    path = store / "info" / "alternates"
    for line in read(real(path), _SMALL).split(b"\n") if os.path.lexists(path) else ():
        if line.startswith(b'"') or b"\0" in line:
            raise HistoryUnreadable(f"`{path}` contains a quoted path")
        if line and not line.startswith(b"#"):
            yield store / os.fsdecode(line)


def _check_store(store: Path) -> None:
    """Raise SpecialFile or HistoryUnreadable if git would open a pipe, a device or a file elsewhere."""
    fans = (f"{number:02x}" for number in range(256))
    for folder in (store, *(store / name for name in ("pack", "info", "info/commit-graphs", *fans))):
        try:
            entries = list(os.scandir(folder)) if is_directory(folder) else []
        except OSError as error:
            raise unreadable(folder, error) from None
        for entry in entries:
            path = Path(entry.path)
            if entry.is_symlink() and not real(path).is_relative_to(store):
                raise HistoryUnreadable(f"the link `{path}` leads out of the object directory")
            if not entry.is_file() and not entry.is_dir() and path.exists():
                raise special(path)
