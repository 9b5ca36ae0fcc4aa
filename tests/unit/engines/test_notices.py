from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from toolkit.engines.notices import collect
from toolkit.errors import ToolkitError
from toolkit.go.workspace import Answer
from toolkit.model import Module

ONE, TWO = Module("example.test/one", "v1.0.0", "h1:1"), Module("example.test/two/v2", "v2.1.0", "h1:2")


@dataclass
class FakeModules:
    """A go command and its module cache: zips by module, and files by path."""

    zips: Mapping[Module, Mapping[str, bytes]] = field(default_factory=dict)
    root = modules = "/"
    files: Mapping[str, bytes] = field(default_factory=lambda: {"/go/LICENSE": b"Go's\n"})
    calls: list[tuple[str, ...]] = field(default_factory=list)
    rows: str = ""  # what it prints in place of them

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Answer as the go command does: JSON objects one after another."""
        del directory, env, fresh
        self.calls.append(args)
        if args == ("env", "GOROOT"):
            return Answer(0, "/go\n", "")
        if self.rows:
            return Answer(1, self.rows, "")
        rows = [{"Path": item.path, "Version": item.version, "Zip": f"/{item.path}.zip"} for item in self.zips]
        return Answer(0, "".join(json.dumps(row, indent="\t") + "\n" for row in rows), "")

    def read(self, path: str) -> bytes | None:
        """Return a file, or a zip packed now."""
        for module, files in self.zips.items():
            if path == f"/{module.path}.zip":
                packed = io.BytesIO()
                with zipfile.ZipFile(packed, "w") as archive:
                    for name, data in files.items():
                        archive.writestr(f"{module.path}@{module.version}/{name}", data)
                return packed.getvalue()
        return self.files.get(path)


def test_each_module_has_the_texts_of_its_zip() -> None:
    """Licences, notices and patents at its top, in the order of their names; nothing else."""
    files = {"NOTICE": b" two \n", "LICENSE.txt": b"one\n", "PATENTS": b"three", "COPYING-MIT": b"zero"}
    more = {"README.md": b"no", "sub/LICENSE": b"no", "license.go": b"no", "LICENSES": b"no", "main.go": b"no"}
    modules = FakeModules({ONE: {**files, **more}, TWO: {"licence": b"theirs"}})
    assert collect([ONE, TWO], modules) == {
        "Go": "Go's\n",
        "example.test/one v1.0.0": "zero\n\none\n\ntwo\n\nthree",
        "example.test/two/v2 v2.1.0": "theirs",
    }
    assert modules.calls[1:] == [("mod", "download", "-json", "example.test/one@v1.0.0", "example.test/two/v2@v2.1.0")]


def test_a_module_without_a_licence_has_an_empty_text() -> None:
    """It is not passed over, and its bytes need not be UTF-8."""
    modules = FakeModules({ONE: {"main.go": b""}, TWO: {"LICENSE": b"\xa9 somebody"}})
    texts = collect([ONE, TWO], modules)
    assert texts["example.test/one v1.0.0"] == ""
    assert texts["example.test/two/v2 v2.1.0"] == "\N{REPLACEMENT CHARACTER} somebody"


def test_without_modules_only_go_is_asked_where_it_is() -> None:
    """A program may link nothing but Go."""
    modules = FakeModules()
    assert collect([], modules) == {"Go": "Go's\n"}
    assert modules.calls == [("env", "GOROOT")]


def test_gos_own_licence_may_lie_with_what_it_vendors() -> None:
    """The wheel of Go leaves the file at the top out."""
    modules = FakeModules(files={"/go/src/vendor/golang.org/x/crypto/LICENSE": b"the same"})
    assert collect([], modules) == {"Go": "the same"}
    nothing = FakeModules(files={})
    assert collect([], nothing) == {"Go": ""}


def test_a_zip_that_is_gone_holds_no_licence() -> None:
    """The go command may say where it was."""
    row = {"Path": ONE.path, "Version": ONE.version, "Zip": "/gone.zip"}
    texts = collect([ONE], FakeModules(rows=json.dumps(row)))
    assert texts["example.test/one v1.0.0"] == ""


def test_a_module_that_cannot_be_had_is_an_error_for_a_person() -> None:
    """Go states an error in place of a zip; a release without a licence is not made of that."""
    row = {"Path": ONE.path, "Version": ONE.version, "Error": "module lookup disabled by GOPROXY=off"}
    with pytest.raises(ToolkitError, match=r"example\.test/one"):
        collect([ONE], FakeModules(rows=json.dumps(row)))


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"Path": 1', '"x"', "{}" + "[" * 100_000], ids=range(5))
def test_an_answer_that_is_not_gos_is_an_error(text: str) -> None:
    """In an image of somebody's, the go command may print anything."""
    with pytest.raises(ToolkitError):
        collect([ONE], FakeModules(rows=text))


def test_a_zip_that_is_none_is_an_error() -> None:
    """Neither is what it hands over trusted to be a zip."""
    row = {"Path": ONE.path, "Version": ONE.version, "Zip": "/go/LICENSE"}
    with pytest.raises(ToolkitError, match=r"example\.test/one"):
        collect([ONE], FakeModules(rows=json.dumps(row)))
