"""What is to be built: a folder with a Go main package, or one of a module named as `path@version`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from toolkit import gomodule, sourcetree
from toolkit.errors import SourceError
from toolkit.go.documents import documents
from toolkit.go.repository import epoch, history, wanted_epoch
from toolkit.model import Module, Source
from toolkit.toolchain import pinned, version_key


def resolve(text: str, workspace: Path) -> Source:
    """Return the source that a person named.

    A module is fetched, checked and resolved by the go command; the small module that requires it is made in
    `workspace`. Raises SourceError for what is no Go main package, cannot be had, or needs another Go.
    """
    if "@" in text and not os.path.lexists(text):
        return gomodule.resolve(text, workspace)
    try:
        folder = Path(text).expanduser().absolute()
        there = folder.is_dir()
    except (OSError, RuntimeError):  # a name too long, a home of nobody
        there = False
    if not there:
        raise SourceError(
            f"`{text}` is no folder", hint="name one with a Go main package, or a module as `path@version`"
        )
    return _from_folder(folder)


def _from_folder(folder: Path) -> Source:
    root = next((parent for parent in (folder, *folder.parents) if (parent / "go.mod").is_file()), None)
    if root is None:
        raise SourceError(f"`{folder}` is in no Go module", hint="run `go mod init` there")
    path = _check_go_mod(root / "go.mod")
    _check_main_package(folder)
    files = tuple(sourcetree.files(root))
    digest = sourcetree.digest(root, files)
    version = _version(folder / "VERSION")
    past = history(root)
    return Source(
        name=gomodule.program_name(path if folder == root else folder.name),
        directory=root,
        package="." if folder == root else f"./{folder.relative_to(root).as_posix()}",
        module=Module(path),
        version=version or "0.0.0",
        digest=digest,
        epoch=epoch(past.commit_time),
        files=files,
        # A program that states its version in a file of ours is one that is made to tell its digest too.
        stamps=(("main.sourceDigest", digest),) if version else (),
        documents=documents(folder, past.top),
        notes=(past.note,) if past.note and wanted_epoch() is None else (),
    )


def _check_go_mod(path: Path) -> str:
    """Return the module's path, if it is one that can be built from its own folder alone, with the pinned Go."""
    text = path.read_text("utf-8", errors="replace")
    module = re.search(r'^module\s+"?([^\s"]+)', text, re.MULTILINE)
    if not module:
        raise SourceError(
            f"`{path}` names no module", hint="its first line has to be such as `module example.com/program`"
        )
    language = re.search(r"^go\s+(\S+)", text, re.MULTILINE)
    if language and version_key(language[1]) > version_key(pinned()):
        raise gomodule.newer_go(module[1], language[1])
    outside = [folder for folder in sourcetree.replacements(path) if folder.is_absolute() or ".." in folder.parts]
    if outside:
        raise SourceError(
            f"`{path}` replaces a module by `{outside[0]}`, which lies outside of it",
            hint="move that folder inside, or require a released version",
        )
    return module[1]


def _version(path: Path) -> str:
    """Return the version that a source states in its file, or `""` where it has none."""
    if not path.is_file():
        return ""
    version = path.read_text("utf-8", errors="replace").strip()
    if not re.fullmatch(r"[0-9A-Za-z.+~-]+", version):
        raise SourceError(f"`{path}` holds no version", hint="it has to be one word, such as `1.2.3`")
    return version


def _check_main_package(folder: Path) -> None:
    names = _packages(folder)
    if "main" in names:
        return
    what = f"holds package `{min(names)}`, not a main package" if names else "holds no Go files"
    message = f"`{folder}` {what}"
    near = sorted(path for pattern in ("*", "*/*") for path in folder.glob(pattern) if "main" in _packages(path))
    raise SourceError(message, hint=f"did you mean `{near[0]}`?" if near else "name the folder that holds `func main`")


def _packages(folder: Path) -> set[str]:
    """Return the names of the packages that the Go files of a folder say they belong to."""
    paths = (path for path in folder.glob("*.go") if not path.name.endswith("_test.go"))
    texts = (path.read_text("utf-8", errors="replace") for path in paths)
    return {found[1] for text in texts if (found := re.search(r"^package\s+(\w+)", text, re.MULTILINE))}
