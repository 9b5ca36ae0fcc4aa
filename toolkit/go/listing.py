"""What Go would compile for a pair: `go list`, asked and read. What an engine answers is data, and may be hostile."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.go.workspace import Answer, Workspace, documents
from toolkit.model import Module, Recipe, Target

_LISTS = tuple(
    f"{kind}Files" for kind in ("Go", "Cgo", "C", "CXX", "M", "H", "F", "S", "Swig", "SwigCXX", "Syso", "Embed")
)
# What Go says, beside its answer, of git and the like, and the error that it makes of that.
_MISSING, _UNREACHED = re.compile(r"missing \w+ command( in the image)?"), "no secure protocol found"
_FIELDS = ("Dir", "ImportPath", "Name", "Standard", "Module", "Target", "Error", *_LISTS)


@dataclass(frozen=True)
class Package:
    """A package that is linked into a program, and not Go's own."""

    directory: str  # as the go command names it, with `/`
    path: str  # import path
    name: str
    module: Module
    module_directory: str  # where its module lies; "" for a vendored one
    files: tuple[str, ...]  # those that are compiled or embedded, relative to the directory
    assembly: tuple[str, ...] = ()  # those of them that are assembled
    error: str = ""  # why Go refuses it, in its own words


@dataclass(frozen=True)
class Listing:
    """A main package, and all that it is made of, for one pair."""

    main: Package
    program: str  # what Go calls the executable: "aws-mfa"
    packages: tuple[Package, ...] = field(repr=False)  # the main package too
    missing: str = ""  # a program for version control that Go could not run, in its own words

    @property
    def error(self) -> str:
        """Why Go refuses to build it, `""` if it does not."""
        said = self.main.error or next((package.error for package in self.packages if package.error), "")
        return f"{said}: {self.missing}" if self.missing and _UNREACHED in said else said


def ask(  # noqa: PLR0913 - a question has that many parts, and the last two have names
    workspace: Workspace, recipe: Recipe, target: Target, package: str, *, directory: str, env: Mapping[str, str]
) -> Listing | Answer:
    """Return what Go would compile of a package; the answer itself where it has nothing to say but an error."""
    argv = ("list", "-e", "-deps", "-buildvcs=false", f"-json={','.join(_FIELDS)}", *recipe.mode(target), package)
    answer = workspace.go(*argv, directory=directory, env={**recipe.environment(target), **env})
    rows = [] if answer.code else list(documents(answer.output))
    if not rows:
        return answer
    found = [_package(row) for row in rows if row.get("Standard") is not True]
    if not found:  # a package of Go's own was named
        return Answer(1, "", f"package {package} is in the standard library")
    missing = _MISSING.search(answer.said)
    return Listing(found[-1], _program(_text(rows[-1], "Target"), target), tuple(found), missing[0] if missing else "")


def _package(row: Mapping[str, Any]) -> Package:
    module = _object(row, "Module")
    origin = _object(module, "Replace") or module
    lists = {name: _names(row, name) for name in _LISTS}
    return Package(
        directory=_text(row, "Dir").replace("\\", "/"),
        path=_text(row, "ImportPath"),
        name=_text(row, "Name"),
        module=Module(_text(module, "Path"), _text(module, "Version")),
        module_directory=_text(origin, "Dir").replace("\\", "/"),
        files=tuple(name for names in lists.values() for name in names),
        assembly=lists["SFiles"],
        error=_error(row.get("Error")),
    )


def _error(error: Any) -> str:
    if not error:
        return ""
    if not isinstance(error, dict):
        return _clean(str(error))
    position, stack = _text(error, "Pos"), _names(error, "ImportStack")
    if not position and len(stack) > 1:  # as `go build` prints it
        position = "package " + "\n\timports ".join(stack)
    return f"{position}: {_text(error, 'Err')}" if position else _text(error, "Err")


def _object(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _names(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    return tuple(map(_clean, value)) if isinstance(value, list) else ()


def _text(row: Mapping[str, Any], name: str) -> str:
    return _clean(row.get(name, ""))


def _clean(value: Any) -> str:
    """Return a text that can be encoded: lone surrogates would be the names of other files."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _program(path: str, target: Target) -> str:
    return posixpath.basename(path.replace("\\", "/")).removesuffix(target.exe)


def below(directory: str, root: str) -> str | None:
    """Return a directory relative to another that it lies in, `.` for the same one; None if it lies elsewhere."""
    inside = posixpath.relpath(directory, root) if directory else ".."
    return None if inside == ".." or inside.startswith("../") else inside


def first_without_error(listings: Iterable[Listing]) -> Listing | None:
    """Return a listing that Go would build."""
    return next((listing for listing in listings if not listing.error), None)
