"""Write files and directories completely or not, with permissions that do not depend on the umask."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import DiskFull, OutputUnwritable

_CHUNK = 1 << 20
DIRECTORY = 0o755  # the mode of directories that others may read


def sha256(path: Path) -> str:
    """Return a file's SHA-256, in hex."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def is_endless(path: str) -> bool:
    """Whether there is something that may have no end, neither a file nor a directory: a pipe, a device."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert an OSError about a directory or file to an error that names it."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            message = f"no space left on device for `{path}`"
            raise DiskFull(message, hint="`invoke clean --all` frees space; then run the same command again") from None
        # A directory above may be the problem; the name of a temporary file would not help anybody.
        above = [str(parent) for parent in path.parents]
        named = error.filename if error.filename in above else path
        raise OutputUnwritable(
            f"cannot write `{named}`: {(error.strerror or str(error)).lower()}",
            hint="fix its owner or permissions, or use another directory with `--dist`",
        ) from None


def make_directory(path: Path) -> None:
    """Make a directory and its parents: readable for everyone, writable for their owner, whatever the umask."""
    for each in (*reversed(path.parents), path):
        if not each.is_dir():
            with contextlib.suppress(FileExistsError):  # another thread or run was faster
                each.mkdir(mode=DIRECTORY)
                each.chmod(each.stat().st_mode | DIRECTORY)
    path.mkdir(exist_ok=True)  # this raises if a file is in its place


def make_private_directory(path: Path) -> None:
    """Make a directory that only its owner may enter; its parents are readable for everyone."""
    make_directory(path.parent)
    new = not path.is_dir()
    path.mkdir(mode=0o700, exist_ok=True)
    if new:
        path.chmod(0o700)


def write(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a complete file or none, with the directories above it. Its mode does not depend on the umask."""
    with writing(path):
        make_directory(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
