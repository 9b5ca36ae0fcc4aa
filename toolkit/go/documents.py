"""Find the licenses, notices and README of a source for its packages, and read them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from toolkit.errors import LinkOutside, NameNotText, SourceTooLarge
from toolkit.go.reading import is_directory, names, read, real

LIMIT = 1 << 20  # bytes of one document
_TOTAL = 1 << 24
_LICENSE = re.compile(r"(?:(?:UN)?LICEN[CS]E|COPYING|COPYRIGHT|PATENTS)[^\x00-\x1f\\]*", re.IGNORECASE)
_NOTICE = re.compile(r"NOTICE[^\x00-\x1f\\]*", re.IGNORECASE)
_README = re.compile(r"README(?:[-._ ][^\x00-\x1f\\]*)?", re.IGNORECASE)
_ANY = re.compile(r"[^\x00-\x1f\\.][^\x00-\x1f\\]*")
_PLAIN = ("", ".md", ".txt", ".rst", ".markdown", ".adoc", ".asciidoc", ".org", ".textile", ".rdoc", ".html", ".htm")
_ENGLISH = re.compile(r"README[-._]en(?:[-_](?:US|GB))?(?:\.\w+)?", re.IGNORECASE)
_OTHER = re.compile(  # code, data and the copies that editors leave
    r".*~|.*\.(?:go|s|sx|c|cc|cpp|cxx|h|hh|hpp|hxx|m|f|for|f90|swig|swigcxx|syso|a|o|so|dll|exe|mod|sum|work|"
    r"sh|bash|zsh|fish|ps1|bat|cmd|py|rb|pl|php|lua|js|mjs|cjs|jsx|ts|tsx|java|kt|cs|rs|swift|sql|proto|"
    r"json|ya?ml|toml|xml|csv|css|tmpl|tpl|gotmpl|png|jpe?g|gif|svg|ico|orig|rej|bak|swp)",
    re.IGNORECASE,
)
_NOT_SOURCE = {".git", ".hg", ".svn"}

_Named = tuple[str, Path]  # the name in a package, and the file


def documents(package_dir: Path, top: Path) -> tuple[tuple[str, bytes], ...]:
    """Return a package's licenses, notices and README by name, from its directory up to that of the repository.

    The nearest directory with a license provides all licenses, and likewise for notices. Raises LinkOutside,
    SpecialFile, FileUnreadable, NameNotText or SourceTooLarge for a document that cannot be shipped.
    """
    package, top = real(package_dir), real(top)
    folders = [folder for folder in (package, *package.parents) if folder.is_relative_to(top)]
    chosen = [
        *_first(_licenses(folder, top) for folder in folders),
        *_first(_files(folder, _NOTICE) for folder in folders),
        *_readme([_files(folder, _README) for folder in folders]),
    ]
    found = tuple(sorted((_text(name), _read(path, top)) for name, path in chosen))
    if sum(len(data) for _, data in found) > _TOTAL:
        raise SourceTooLarge(f"the documents of `{package}` are larger than {_TOTAL} bytes", hint="remove some of them")
    return found


def is_legal(name: str) -> bool:
    """Whether a file's name is that of a license or notice."""
    return bool(_LICENSE.fullmatch(name) or _NOTICE.fullmatch(name)) and not _OTHER.fullmatch(name)


def _first(groups: Iterable[list[_Named]]) -> list[_Named]:
    return next((group for group in groups if group), [])


def _licenses(folder: Path, top: Path) -> list[_Named]:
    """Return the licenses in a directory, and those in its `LICENSES/`, where REUSE puts them."""
    found = _files(folder, _LICENSE)
    for name in names(folder):
        if name.lower() == "licenses" and is_directory(folder / name):
            below = _files(_followed(folder / name, top), _ANY)
            found += [(f"{name}/{license_name}", path) for license_name, path in below]
    return found


def _readme(folders: list[list[_Named]]) -> list[_Named]:
    """Return one README: the nearest plain one, else the nearest about a topic or in some language."""
    every = [named for group in folders for named in group]
    plain = [[named for named in group if named[0][6:].lower() in _PLAIN] for group in folders]
    best = sorted(_first(plain), key=lambda named: (_PLAIN.index(named[0][6:].lower()), named))
    english = [named for named in every if _ENGLISH.fullmatch(named[0])]
    return (best or english or every)[:1]


def _files(folder: Path, pattern: re.Pattern[str]) -> list[_Named]:
    """Return the files that match a pattern, sorted, without directories and files that nobody reads."""
    wanted = (name for name in names(folder) if pattern.fullmatch(name) and not _OTHER.fullmatch(name))
    return [(name, folder / name) for name in wanted if not is_directory(folder / name)]


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NameNotText(f"the name of the document {os.fsencode(name)!r} is not UTF-8", hint="rename it") from None
    return name


def _read(path: Path, top: Path) -> bytes:
    return read(_followed(path, top), LIMIT)


def _followed(path: Path, top: Path) -> Path:
    """Return the target of a path. Raises LinkOutside unless it is a part of the source."""
    there = real(path)
    if not there.is_relative_to(top) or _NOT_SOURCE & {part.lower() for part in there.relative_to(top).parts}:
        raise LinkOutside(
            f"`{path}` would be packaged, but it is a link to `{there}`, outside the source",
            hint="replace the link with the file, or remove it",
        )
    return there
