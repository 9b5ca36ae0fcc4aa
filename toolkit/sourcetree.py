"""What lies in a source's folder: the files a compile may read, their digest and time, licence and README."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from toolkit.errors import UsageError

FIRST_EPOCH = 315532800  # 1980-01-01, the earliest time a zip can hold
LAST_EPOCH = (1 << 32) - 1  # in 2106
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


def documents(folder: Path, top: Path) -> tuple[tuple[str, bytes], ...]:
    """Return licence and README: the package's own, or else those of the nearest folder above it, up to `top`."""
    found: dict[str, tuple[str, bytes]] = {}
    for parent in (folder, *folder.parents):
        for path in sorted(parent.iterdir()):
            kind = _SHIPPED.fullmatch(path.name)
            if kind and path.is_file() and path.suffix != ".go":
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
    trusting = ("-c", "safe.directory=*", "-c", "log.showSignature=false")
    command = ["git", *trusting, "-C", str(root), "log", "-1", "--format=%ct", "--", "."]
    return wanted_epoch() or min(max(_seconds(command), FIRST_EPOCH), LAST_EPOCH)


def wanted_epoch() -> int | None:
    """Return `SOURCE_DATE_EPOCH`, if it is set. Raises UsageError where it is no time that an archive can hold."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or not FIRST_EPOCH <= int(text) <= LAST_EPOCH:
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
    return int(said) if said.isdigit() else 0
