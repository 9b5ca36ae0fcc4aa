"""What lies in a source's folder: the files a compile may read, their digest and time, licence and README."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from toolkit.errors import UsageError

FIRST_EPOCH = 315532800  # 1980-01-01, the earliest time a zip can hold
_SKIPPED_FOLDERS = {".git", ".hg", ".svn", "node_modules"}
_SHIPPED = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|README)([.-].*)?", re.IGNORECASE)
_PROSE = re.compile(rf"{_SHIPPED.pattern}|(CHANGELOG|CONTRIBUTING)([.-].*)?", re.IGNORECASE)


def files(root: Path) -> Iterator[str]:
    """Yield all that a compile may read, relative to a module's root: the module without its tests and nested modules.

    Prose is left out, so that a new README does not relink everything, unless the program embeds it.
    """
    for folder, names, here in os.walk(root):
        parent = Path(folder)
        names[:] = sorted(
            name for name in names if name not in _SKIPPED_FOLDERS and not (parent / name / "go.mod").exists()
        )
        code = [name for name in here if name.endswith(".go")]
        embedded = _embedded(parent / name for name in code)
        for name in sorted(here):
            prose = _PROSE.fullmatch(name) and name not in code
            if name.endswith("_test.go") or (prose and not any(fnmatch.fnmatch(name, item) for item in embedded)):
                continue
            if (parent / name).is_file():
                yield (parent / name).relative_to(root).as_posix()


def _embedded(paths: Iterable[Path]) -> set[str]:
    """Return the patterns that Go files embed from their own folder."""
    texts = (path.read_text("utf-8", errors="replace") for path in paths)
    lines = (line for text in texts for line in re.findall(r"^//go:embed (.*)$", text, re.MULTILINE))
    words = {word.strip('"`').removeprefix("all:") for line in lines for word in line.split()}
    return {"*" if word == "." else word for word in words}


def digest(root: Path, names: Iterable[str]) -> str:
    """Return a SHA-256, in hex, over the names and bytes of files."""
    total = hashlib.sha256()
    for name in names:
        content = hashlib.sha256((root / name).read_bytes()).hexdigest()
        total.update(f"{content}  {name}\n".encode())
    return total.hexdigest()


def documents(folder: Path, top: Path) -> tuple[tuple[str, bytes], ...]:
    """Return licence and README: the package's own, or else those of the nearest folder above it, up to `top`."""
    found: dict[str, tuple[str, bytes]] = {}
    for parent in (folder, *folder.parents):
        for path in sorted(parent.iterdir()):
            kind = _SHIPPED.fullmatch(path.name)
            if kind and path.is_file():
                found.setdefault(kind[1].upper().replace("LICENCE", "LICENSE"), (path.name, path.read_bytes()))
        if parent == top:
            break
    return tuple(sorted(found.values()))


def repository(root: Path) -> Path:
    """Return the top of the repository that a folder lies in, or the folder itself."""
    return next((parent for parent in (root, *root.parents) if (parent / ".git").exists()), root)


def epoch(root: Path) -> int:
    """Return `SOURCE_DATE_EPOCH`, or the time of the last commit that touched a folder, or 1980-01-01."""
    # Another user's checkout is one that git refuses to read, unless told that it may.
    command = ["git", "-c", "safe.directory=*", "-C", str(root), "log", "-1", "--format=%ct", "--", "."]
    return wanted_epoch() or max(_seconds(command), FIRST_EPOCH)


def wanted_epoch() -> int | None:
    """Return `SOURCE_DATE_EPOCH`, if it is set. Raises UsageError where it is no time that an archive can hold."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not FIRST_EPOCH <= int(text) < 1 << 32:
        raise UsageError(
            f"`{text}` is no time in seconds that an archive can hold",
            hint=f"set `SOURCE_DATE_EPOCH` to a number from {FIRST_EPOCH} (1980) on, or unset it",
        )
    return int(text)


def _seconds(command: list[str]) -> int:
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git here
        said = ""
    return int(said or 0)
