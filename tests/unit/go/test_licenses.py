from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from toolkit.errors import ToolkitError
from toolkit.go.licenses import collect
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
    unchecked: list[str] = field(default_factory=list)  # GONOSUMDB, by call
    rows: str = ""  # its output, instead of the rows

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Answer like the go command: JSON objects one after another."""
        del directory, fresh
        self.calls.append(args)
        self.unchecked.append((env or {}).get("GONOSUMDB", ""))
        if args == ("env", "GOROOT"):
            return Answer(0, "/go\n", "")
        if self.rows:
            return Answer(1, self.rows, "")
        rows = [{"Path": item.path, "Version": item.version, "Zip": f"/{item.path}.zip"} for item in self.zips]
        return Answer(0, "".join(json.dumps(row, indent="\t") + "\n" for row in rows), "")

    def read(self, path: str) -> bytes | None:
        """Return a file, or a new zip."""
        for module, files in self.zips.items():
            if path == f"/{module.path}.zip":
                packed = io.BytesIO()
                with zipfile.ZipFile(packed, "w") as archive:
                    for name, data in files.items():
                        archive.writestr(f"{module.path}@{module.version}/{name}", data)
                return packed.getvalue()
        return self.files.get(path)


def test_each_module_has_the_texts_of_its_zip() -> None:
    """They are the licenses, notices and patents at its top, sorted by name, and nothing else."""
    files = {"NOTICE": b" two \n", "LICENSE.txt": b"one\n", "PATENTS": b"three", "COPYING-MIT": b"zero"}
    more = {"README.md": b"no", "sub/LICENSE": b"no", "license.go": b"no", "LICENSES": b"no", "main.go": b"no"}
    modules = FakeModules({ONE: {**files, **more}, TWO: {"licence": b"theirs"}})
    assert collect([ONE, TWO], modules) == {
        "Go": "Go's\n",
        "example.test/one v1.0.0": "zero\n\none\n\ntwo\n\nthree",
        "example.test/two/v2 v2.1.0": "theirs",
    }
    assert modules.calls[1:] == [("mod", "download", "-json", "example.test/one@v1.0.0", "example.test/two/v2@v2.1.0")]
    assert modules.unchecked[1:] == ["*"]  # checked before


def test_a_module_without_a_license_has_an_empty_text() -> None:
    """It is not left out; the bytes need not be UTF-8."""
    modules = FakeModules({ONE: {"main.go": b""}, TWO: {"LICENSE": b"\xa9 somebody"}})
    texts = collect([ONE, TWO], modules)
    assert texts["example.test/one v1.0.0"] == ""
    assert texts["example.test/two/v2 v2.1.0"] == "\N{REPLACEMENT CHARACTER} somebody"


def test_without_modules_only_go_is_asked_where_it_is() -> None:
    """A program may link only Go."""
    modules = FakeModules()
    assert collect([], modules) == {"Go": "Go's\n"}
    assert modules.calls == [("env", "GOROOT")]


def test_gos_own_license_may_lie_with_what_it_vendors() -> None:
    """The wheel of Go lacks the file at the top."""
    modules = FakeModules(files={"/go/src/vendor/golang.org/x/crypto/LICENSE": b"the same"})
    assert collect([], modules) == {"Go": "the same"}
    nothing = FakeModules(files={})
    assert collect([], nothing) == {"Go": ""}


def test_a_zip_that_is_gone_has_no_license() -> None:
    """The go command may report a path that does not exist any more."""
    row = {"Path": ONE.path, "Version": ONE.version, "Zip": "/gone.zip"}
    texts = collect([ONE], FakeModules(rows=json.dumps(row)))
    assert texts["example.test/one v1.0.0"] == ""


def test_a_module_that_is_not_there_is_an_error_for_a_person() -> None:
    """Go reports an error instead of a zip; the release is not made without a license."""
    row = {"Path": ONE.path, "Version": ONE.version, "Error": "module lookup disabled by GOPROXY=off"}
    with pytest.raises(ToolkitError, match=r"example\.test/one"):
        collect([ONE], FakeModules(rows=json.dumps(row)))


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"Path": 1', '"x"', "{}" + "[" * 100_000], ids=range(5))
def test_an_answer_that_is_not_gos_is_an_error(text: str) -> None:
    """The go command in a user's image may print anything."""
    with pytest.raises(ToolkitError):
        collect([ONE], FakeModules(rows=text))


def test_a_file_that_is_not_a_zip_is_an_error() -> None:
    """The file that the go command names is not trusted to be a zip."""
    row = {"Path": ONE.path, "Version": ONE.version, "Zip": "/go/LICENSE"}
    with pytest.raises(ToolkitError, match=r"example\.test/one"):
        collect([ONE], FakeModules(rows=json.dumps(row)))


def test_a_license_of_more_than_16_mib_is_left_out() -> None:
    """A zip of a few kilobytes may unpack to any size; nothing of it is read then."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{ONE.path}@{ONE.version}/LICENSE", bytes((1 << 24) + 1))
    row = {"Path": ONE.path, "Version": ONE.version, "Zip": "/large.zip"}
    modules = FakeModules(files={"/large.zip": packed.getvalue()}, rows=json.dumps(row))
    assert collect([ONE], modules)["example.test/one v1.0.0"] == ""
