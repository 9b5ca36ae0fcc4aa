"""What lies in a source's folder: the files that a compile may read, and their digest."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

_SKIPPED_FOLDERS = {".git", ".hg", ".svn", "node_modules"}
_SHIPPED = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|README)([.-].*)?", re.IGNORECASE)
_PROSE = re.compile(rf"{_SHIPPED.pattern}|(CHANGELOG|CONTRIBUTING)([.-].*)?", re.IGNORECASE)


def files(root: Path) -> Iterator[str]:
    """Yield all that a compile may read, relative to a module's root: the module without its tests.

    A nested module is left out too, unless go.mod puts it in the place of another. So is prose, that a new README does
    not relink everything, unless the program embeds it.
    """
    replaced = [path.as_posix() for path in replacements(root / "go.mod")]
    found: list[str] = []
    for folder, names, here in os.walk(root):
        inside = Path(folder).relative_to(root)
        names[:] = sorted(
            name
            for name in names
            if name not in _SKIPPED_FOLDERS
            and (not (root / inside / name / "go.mod").exists() or _holds((inside / name).as_posix(), replaced))
        )
        found += [(inside / name).as_posix() for name in sorted(here) if (root / inside / name).is_file()]
    embedded = set(_embedded(root, found))
    for path in found:
        prose = _PROSE.fullmatch(path.rpartition("/")[2]) and not path.endswith(".go")
        if not path.endswith("_test.go") and (not prose or _is_embedded(path, embedded)):
            yield path


def replacements(go_mod: Path) -> list[Path]:
    """Return the folders by which a go.mod replaces modules, relative to its own or absolute."""
    text = re.sub(r"//.*", "", go_mod.read_text("utf-8", errors="replace")) if go_mod.is_file() else ""
    words = [word.strip('"`') for word in re.findall(r"=>\s*(\S+)", text)]
    return [
        Path(os.path.normpath(word)) for word in words if word.startswith(("./", "../", "/")) or word in {".", ".."}
    ]


def _holds(folder: str, paths: Iterable[str]) -> bool:
    """Tell whether a folder is one of some paths, or above one."""
    return any(f"{path}/".startswith(f"{folder}/") for path in paths)


def _embedded(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """Yield what Go files embed, as patterns relative to the root."""
    for path in paths:
        if path.endswith(".go"):
            text = (root / path).read_text("utf-8", errors="replace")
            for line in re.findall(r"^[ \t]*//go:embed[ \t]+(.*)$", text, re.MULTILINE):
                words = (word.strip('"`').removeprefix("all:") for word in line.split())
                yield from (posixpath.normpath(posixpath.join(posixpath.dirname(path), word)) for word in words)


def _is_embedded(path: str, patterns: Iterable[str]) -> bool:
    """Tell whether a pattern matches a file or a folder above it."""
    parts = path.split("/")
    above = [".", *("/".join(parts[:count]) for count in range(1, len(parts) + 1))]
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in above)


def digest(root: Path, names: Iterable[str]) -> str:
    """Return a SHA-256, in hex, over the names and bytes of files."""
    total = hashlib.sha256()
    for name in names:
        content = hashlib.sha256((root / name).read_bytes()).hexdigest()
        total.update(content.encode() + b"  " + os.fsencode(name) + b"\n")
    return total.hexdigest()
