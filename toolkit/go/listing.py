"""The packages that Go would compile for a pair, from `go list`. An engine's answer is data and may be hostile."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolkit.go.workspace import Answer, Workspace, documents
from toolkit.model import Module, Recipe, Target

_LISTS = tuple(
    f"{kind}Files" for kind in ("Go", "Cgo", "C", "CXX", "M", "H", "F", "S", "Swig", "SwigCXX", "Syso", "Embed")
)
# Go's report about a missing version control program, and the error that results from it.
_MISSING, _UNREACHED = re.compile(r"missing \w+ command( in the image)?"), "no secure protocol found"
_FIELDS = ("Dir", "ImportPath", "Name", "Standard", "Module", "Target", "Error", *_LISTS)


@dataclass(frozen=True)
class Package:
    """A package that is linked into a program and is not a part of Go."""

    directory: str  # from the go command, with `/`
    path: str  # import path
    name: str
    module: Module
    module_directory: str  # the directory of its module; "" for a vendored one
    files: tuple[str, ...]  # compiled or embedded files, relative to the directory
    assembly: tuple[str, ...] = ()  # those that are assembled
    error: str = ""  # Go's reason for refusing it


@dataclass(frozen=True)
class Listing:
    """A main package and all packages of its program, for one pair."""

    main: Package
    program: str  # Go's name for the executable: "aws-mfa"
    packages: tuple[Package, ...] = field(repr=False)  # including the main package
    missing: str = ""  # Go's message about a version control program that it could not run

    @property
    def error(self) -> str:
        """Go's reason for refusing to build it, or `""`."""
        said = self.main.error or next((package.error for package in self.packages if package.error), "")
        return f"{said}: {self.missing}" if self.missing and _UNREACHED in said else said


def ask(  # noqa: PLR0913 - a question has that many parts, and the last two have names
    workspace: Workspace, recipe: Recipe, target: Target, package: str, *, directory: str, env: Mapping[str, str]
) -> Listing | Answer:
    """Return the packages that Go would compile, or the answer if it contains nothing but an error."""
    argv = ("list", "-e", "-deps", "-buildvcs=false", f"-json={','.join(_FIELDS)}", *recipe.mode(target), package)
    answer = workspace.go(*argv, directory=directory, env={**recipe.environment(target), **env})
    rows = [] if answer.code else list(documents(answer.output))
    if not rows:
        return answer
    found = [_package(row) for row in rows if row.get("Standard") is not True]
    if not found:  # the named package is one of Go's
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
    """Return a text that can be encoded: lone surrogates would turn it into the name of another file."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _program(path: str, target: Target) -> str:
    return posixpath.basename(path.replace("\\", "/")).removesuffix(target.exe)


def below(directory: str, root: str) -> str | None:
    """Return a directory relative to another that contains it, `.` for the same one; None if it is elsewhere."""
    inside = posixpath.relpath(directory, root) if directory else ".."
    return None if inside == ".." or inside.startswith("../") else inside
