"""A source named as `path@version`: fetched, checked and resolved by the go command, as `go install` would."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
from pathlib import Path
from typing import Any

from toolkit import sourcetree
from toolkit.errors import SourceError
from toolkit.go.documents import documents
from toolkit.go.repository import epoch
from toolkit.model import Module, Source
from toolkit.toolchain import complaint, go, pinned

_FILES = ("go.mod", "go.sum")


def resolve(text: str, workspace: Path) -> Source:
    """Return the source for `path@version`; the version may be any that the go command knows, such as `latest`.

    Raises SourceError.
    """
    path, _, version = text.partition("@")
    if not re.fullmatch(r"[\w.~-]+(/[\w.~+-]+)*", path) or not re.fullmatch(r"[\w.+-]+", version):
        raise SourceError(
            f"`{text}` is no module as `path@version`",
            hint="write it such as `example.com/cmd/program@v1.2.3`, or `@latest`",
        )
    folder = workspace / re.sub(r"[^\w.@-]", "_", text)
    folder.mkdir(parents=True, exist_ok=True)
    # A module of our own that requires the named one: with it the go command picks the same versions as for
    # `go install path@version`, and can be asked to build for any pair.
    (folder / "go.mod").write_text("module source.invalid\n\ngo 1.21\n", "utf-8")
    (folder / "go.sum").unlink(missing_ok=True)
    _checked(go().run("get", "-tool", text, cwd=folder), text)
    package = json.loads(_checked(go().run("list", "-json=Name,ImportPath,Module", path, cwd=folder), text))
    if package["Name"] != "main":
        raise SourceError(
            f"`{path}` is package `{package['Name']}`, not a main package",
            hint="name the package that holds `func main`, often under `cmd/`",
        )
    return _source(package["ImportPath"], package["Module"], folder)


def program_name(import_path: str) -> str:
    """Return what the go command would call the program: the last element that is no major version."""
    *_, parent, last = ("", *import_path.split("/"))
    return parent if parent and re.fullmatch(r"v\d+", last) else last


def newer_go(what: str, wanted: str) -> SourceError:
    """Return the error for a source that the pinned Go is too old for."""
    hint = f"raise the `toolchain` line of `go-aws-mfa/go.mod` to `go{wanted.removeprefix('go')}` or newer"
    return SourceError(
        f"`{what}` needs Go {wanted.removeprefix('go')}, and everything is built with {pinned()}", hint=hint
    )


def _checked(done: subprocess.CompletedProcess[str], text: str) -> str:
    if not done.returncode:
        return done.stdout
    newer = re.search(r"requires go >= ([\w.]+)", done.stderr)
    if newer:
        raise newer_go(text, newer[1])
    raise SourceError(
        f"`{text}` cannot be had: {complaint(done.stderr)}",
        hint="check the spelling and the version; GOPROXY and GOPRIVATE say where Go looks",
    )


def _source(import_path: str, found: dict[str, Any], folder: Path) -> Source:
    path, version, directory = found["Path"], found["Version"], Path(found["Dir"])
    go_mod = directory / "go.mod"
    if go_mod.exists() and re.search(r"^\s*replace\b", go_mod.read_text("utf-8"), re.MULTILINE):
        raise SourceError(
            f"`{path}@{version}` replaces modules in its go.mod, so that `go install` refuses it too",
            hint="clone it and name the folder",
        )
    sums = (folder / "go.sum").read_text("utf-8")
    total = re.search(rf"^{re.escape(path)} {re.escape(version)} (h1:\S+)$", sums, re.MULTILINE)
    committed = datetime.datetime.fromisoformat(found["Time"]).timestamp() if found.get("Time") else 0
    return Source(
        name=program_name(import_path),
        directory=folder,
        package=import_path,
        module=Module(path, version, total[1] if total else ""),
        version=version.removeprefix("v"),
        digest=sourcetree.digest(folder, _FILES),
        epoch=epoch(int(committed)),
        files=_FILES,
        documents=documents(directory / import_path.removeprefix(path).strip("/"), directory),
    )
