"""Read files of an untrusted directory: regular files up to a limit, and never a pipe or device that could hang."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from toolkit.errors import FileUnreadable, SourceTooLarge, SpecialFile

# If the file is replaced after the check, neither follow a link nor wait for a writer.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file, which must not be a link.

    Raises SpecialFile, FileUnreadable, or SourceTooLarge for more than `limit` bytes.
    """
    try:
        seen = path.lstat()
        _check(path, seen, limit)
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            now = os.fstat(file.fileno())
            _check(path, now, limit)
            if not os.path.samestat(seen, now):
                raise FileUnreadable(
                    f"`{path}` was replaced while the toolkit read it", hint="run the same command again"
                )
            # Files of procfs claim to be empty, and reading them may block.
            data = file.read(limit + 1) if now.st_size else b""
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def real(path: Path) -> Path:
    """Return a path without links, even if nothing exists there."""
    return Path(os.path.realpath(path))


def is_directory(path: Path) -> bool:
    """Return whether a path leads to a directory; False if the system denies access."""
    return os.path.isdir(path)  # noqa: PTH112  # Path.is_dir would raise


def names(folder: Path) -> list[str]:
    """Return the names in a directory, sorted. Raises FileUnreadable."""
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except OSError as error:
        raise unreadable(folder, error) from None


def unreadable(path: Path, error: OSError) -> FileUnreadable:
    """Return the error for a file or directory that the system does not allow to read."""
    hint = f"`ls -ld {shlex.quote(str(path))}` shows its permissions"
    return FileUnreadable(f"cannot read `{path}`: {error.strerror}", hint=hint)


def special(path: Path) -> SpecialFile:
    """Return the error for something that is neither a file nor a directory."""
    return SpecialFile(f"`{path}` is not a regular file", hint="remove it, or put a regular file in its place")


def _too_large(path: Path, limit: int) -> SourceTooLarge:
    return SourceTooLarge(
        f"`{path}` is larger than {limit} bytes", hint="make it smaller, or move it out of the source"
    )


def _check(path: Path, found: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise special(path)
    if found.st_size > limit:
        raise _too_large(path, limit)
