"""The source to build: a directory with a Go main package, or a package of a module in the form `path@version`."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import NameNotText, SourceError, UsageError
from toolkit.go import asking, documents, module, repository, snapshot, tree
from toolkit.go.asking import Inquiry, Known
from toolkit.go.filelist import problem
from toolkit.go.snapshot import Kind, Scope, Snapshot
from toolkit.model import Module, Source, Target

_PATH = re.compile(r"[.~/\\]|[A-Za-z]:[/\\]")  # the start of a directory's path, but never of a package's


@dataclass(frozen=True)
class Found:
    """A source, and a function that downloads the modules that pairs need, if the engine does not have them."""

    source: Source
    fetch: Callable[[Sequence[Target]], None]


def resolve(text: str, inquiry: Inquiry) -> Found:
    """Return the source that the user named.

    Raises SourceError if it is not a Go main package, cannot be downloaded, or needs another Go.
    """
    if "@" in text and not _PATH.match(text) and not os.path.lexists(text):
        found = module.resolve(text, inquiry)
        return Found(found, lambda targets: module.fetch(found.package, inquiry, targets))
    try:
        directory = Path(text).expanduser().absolute()
        there = directory.is_dir()
    except (OSError, RuntimeError, ValueError):  # a name that is too long, an unknown user's home, a NUL
        there = False
    if not there:
        raise SourceError(
            f"`{text}` is not a directory",
            hint="use a directory with a Go main package, or a module in the form `path@version`",
        )
    return _from_directory(directory, inquiry)


def check_dist(text: str, dist: Path) -> None:
    """Raise UsageError if `--dist` is the directory of the module: the toolkit never writes to a source."""
    try:
        directory = Path(text).expanduser().absolute()
        _, root = _module_root(directory)
        same = directory.is_dir() and root.resolve() == dist.resolve()
    except (SourceError, OSError, RuntimeError, ValueError):  # not a directory of a module
        return
    if same:
        raise UsageError(
            f"`--dist` is the directory of the source: `{root}`", hint="use another one, such as `--dist dist`"
        )


def _from_directory(directory: Path, inquiry: Inquiry) -> Found:
    directory, root = _module_root(directory)
    history = repository.history(root)
    scope = Scope(history.top, inquiry.dist, inquiry.limit)
    replaced: list[str] = []

    def ask_replaced(go_mod: bytes) -> list[str]:
        replaced[:] = asking.replaced(inquiry, root, go_mod)
        return replaced

    taken = snapshot.take(root, scope, inquiry.work / "source", ask_replaced)
    _check_go_mod(taken, root)
    package = "." if directory == root else f"./{directory.relative_to(root).as_posix()}"
    _check_text(f"{taken.above}/{package}")
    known = asking.known(inquiry, taken, package, replaced)
    version, notes = _version(taken, posixpath.normpath(f"{package}/VERSION"))
    pieces = (taken.piece(origin, tree.place_of(taken, place)) for place, origin in known.files.items())
    found = Source(
        name=known.name,
        package=package,
        module=Module(known.module),
        version=version or "0.0.0",
        digest=known.digest,
        epoch=repository.epoch(history.commit_time),
        files=tuple(sorted(pieces, key=lambda piece: piece.place)),
        directory=taken.above,
        included=known.included,
        refusals=known.refusals,
        # A program with a file that states its version has a variable for its digest too.
        stamps=(("main.sourceDigest", known.digest),) if version else (),
        documents=documents.documents(directory, history.top),
        licenses=_vendored(taken, known),
        notes=(*filter(None, (history.note,)), *notes),
    )
    return Found(found, lambda targets: asking.fetch(inquiry, taken, package, targets))


def _module_root(directory: Path) -> tuple[Path, Path]:
    """Return a directory and that of its module; if its path is not in a module, its link target may be."""
    for start in (directory, directory.resolve()):
        for parent in (start, *start.parents):
            if os.path.lexists(parent / "go.mod"):
                return start, parent
    raise SourceError(f"`{directory}` is not in a Go module", hint="run `go mod init` there")


def _check_go_mod(taken: Snapshot, root: Path) -> None:
    entry = taken.find("go.mod")
    if entry is None:
        raise SourceError(f"`{root / 'go.mod'}` leads nowhere", hint="check the target of the link")
    if error := problem(str(root / "go.mod"), entry):
        raise error


def _check_text(name: str) -> None:
    """Raise NameNotText for a directory whose name Go or an engine cannot use."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = name.removeprefix("/")
        raise NameNotText(f"the name of the directory {os.fsencode(name)!r} is not UTF-8", hint="rename it") from None


def _version(taken: Snapshot, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the version that a source states in its file, or `""`, and a note if that version is unusable.

    Raises LinkOutside: the version becomes public, so it never comes from another file of this machine.
    """
    entry = taken.find(name)
    if entry and entry.kind is Kind.OUTSIDE and (error := problem(name, entry)):
        raise error
    there = entry is not None and entry.kind is Kind.FILE
    start = next(iter(taken.piece(taken.follow(name), name).chunks()), b"") if there else b""
    text = start[:1000].decode("utf-8", "replace").strip()
    if not text or re.fullmatch(r"[0-9A-Za-z.+~-]{1,100}", text):
        return text, ()
    path = taken.root / name
    return "", (f"`{path}` does not contain a version of one word, such as `1.2.3`; using 0.0.0",)


def _vendored(taken: Snapshot, known: Known) -> tuple[tuple[str, str], ...]:
    """Return the licenses of vendored modules, by path and version."""
    names = [(title, posixpath.split(name), name) for title, top in known.vendored for name in taken.below(top)]
    texts = [
        (title, (taken.read(name) or b"").decode("utf-8", "replace").strip())
        for title, (directory, base), name in names
        if directory == f"vendor/{title.split(' ')[0]}" and documents.is_legal(base)
    ]
    return tuple((title, "\n\n".join(text for owner, text in texts if owner == title)) for title, _ in known.vendored)
