"""The packages that Go would compile, from answers that may be hostile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes import FakeWorkspace
from tests.unit.samples import LINUX, RECIPE, WINDOWS
from toolkit.errors import ImageUnusable
from toolkit.go import listing
from toolkit.go.listing import Listing
from toolkit.go.workspace import Answer
from toolkit.model import Module, Target

MAIN = {"Dir": "/tree", "ImportPath": "x", "Name": "main", "Module": {"Path": "x", "Dir": "/tree"}, "Target": "/b/x"}


def ask(*rows: Any, code: int = 0, said: str = "", target: Target = LINUX) -> Listing | Answer:
    """Return the result for rows that Go printed."""
    workspace = FakeWorkspace(lambda _, __: Answer(code, "\n".join(map(json.dumps, rows)), said))
    return listing.ask(workspace, RECIPE, target, ".", directory="", env={})


def read(*rows: Any) -> Listing:
    """Return a listing."""
    found = ask(*rows)
    assert isinstance(found, Listing)
    return found


def test_a_question_is_asked_as_a_compile_is_made() -> None:
    """It uses the recipe's variables and build mode, the module's directory, and additional variables."""
    workspace = FakeWorkspace(lambda _, __: Answer(0, json.dumps(MAIN), ""))
    pair = Target("ios", "amd64")
    listing.ask(workspace, RECIPE, pair, "./cmd/x", directory="a/mod", env={"GOFLAGS": "-mod=mod"})
    (asked,) = workspace.asked
    assert asked.args[0] == "list"
    assert {"-e", "-deps", "-buildvcs=false", "-buildmode=exe"} < set(asked.args)
    assert (asked.args[-1], asked.directory) == ("./cmd/x", "a/mod")
    assert asked.env == {**RECIPE.environment(pair), "GOFLAGS": "-mod=mod"}


def test_packages_are_read_without_those_of_go() -> None:
    """The last one is the main package; the files include all that are compiled or embedded."""
    files = {"GoFiles": ["a.go"], "SFiles": ["a.s"], "HFiles": ["a.h"], "EmbedFiles": ["t/x"], "TestGoFiles": ["no.go"]}
    other = {"Dir": "/m/y@v1", "ImportPath": "y", "Name": "y", "Module": {"Path": "y", "Version": "v1", "Dir": "/m/y"}}
    found = read({"ImportPath": "fmt", "Standard": True}, other, {**MAIN, **files})
    assert [package.path for package in found.packages] == ["y", "x"]
    assert (found.main.path, found.main.name, found.program, found.error) == ("x", "main", "x", "")
    assert sorted(found.main.files) == ["a.go", "a.h", "a.s", "t/x"]
    assert found.main.assembly == ("a.s",)
    assert (found.packages[0].module, found.packages[0].module_directory) == (Module("y", "v1"), "/m/y")


def test_a_replaced_module_lies_where_its_replacement_is() -> None:
    """It keeps its name."""
    module = {"Path": "y", "Version": "v1", "Dir": "/no", "Replace": {"Path": "../y", "Dir": "/y"}}
    found = read({**MAIN, "Module": module})
    assert (found.main.module.path, found.main.module_directory) == ("y", "/y")


@pytest.mark.parametrize(
    ("path", "target", "name"),
    [
        ("/b/x", LINUX, "x"), ("C:\\b\\x.exe", WINDOWS, "x"), ("", LINUX, ""), ("/b/linux_arm/x", LINUX, "x"),
        ("/b/x.exe", LINUX, "x.exe"), ("/b/x.exe.exe", WINDOWS, "x.exe"),
    ],
)  # fmt: skip
def test_a_program_is_called_as_go_calls_it(path: str, target: Target, name: str) -> None:
    """Only Windows adds `.exe`, unless the name has it already."""
    found = ask({**MAIN, "Target": path}, target=target)
    assert isinstance(found, Listing)
    assert found.program == name


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"Pos": "x.go:1:2", "Err": "bad", "ImportStack": ["x", "y"]}, "x.go:1:2: bad"),
        ({"Err": "bad", "ImportStack": ["x", "y", "x"]}, "package x\n\timports y\n\timports x: bad"),
        ({"Err": "bad", "ImportStack": ["x"]}, "bad"),
        ({"Err": "bad", "ImportStack": 1}, "bad"),
        ({"Err": "bad"}, "bad"),
        ("bad", "bad"),
        (None, ""),
    ],
)
def test_an_error_is_gos_own(error: Any, words: str) -> None:
    """The error may be that of the main package or of a dependency."""
    assert read({**MAIN, "Error": error}).error == words
    assert read({**MAIN, "ImportPath": "y", "Error": error}, MAIN).error == words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("go: missing Git command. See x\n" * 2, "x: no secure protocol found for repository: missing Git command"),
        (
            "missing Git command in the image",
            "x: no secure protocol found for repository: missing Git command in the image",
        ),
        ("go: downloading x", "x: no secure protocol found for repository"),
    ],
)
def test_a_missing_program_explains_an_error(said: str, words: str) -> None:
    """Go prints, beside its answer, why it could not reach a repository."""
    row = {**MAIN, "Error": {"Err": "x: no secure protocol found for repository"}}
    found = [ask(MAIN, said=said), ask(row, said=said)]
    assert [each.error for each in found if isinstance(each, Listing)] == ["", words]


def test_an_answer_without_packages_is_the_answer() -> None:
    """Go could not read the module, or printed nothing."""
    assert ask(code=1, said="go: no") == Answer(1, "", "go: no")
    assert ask(said="go: nothing") == Answer(0, "", "go: nothing")


def test_a_package_of_go_is_not_a_source() -> None:
    """The answer reports it with the given name."""
    expected = Answer(1, "", "package . is in the standard library")
    assert ask({**MAIN, "ImportPath": "fmt", "Standard": True}) == expected


@pytest.mark.parametrize("output", ["no JSON", "[1]", "{", '{"Dir": 1} x', "1", '"x"', "null", "[" * 100_000])
def test_what_is_not_a_list_of_objects_is_an_unusable_image(output: str) -> None:
    """The Go project's `go` command never prints such output."""
    workspace = FakeWorkspace(lambda _, __: Answer(0, output, ""))
    with pytest.raises(ImageUnusable):
        listing.ask(workspace, RECIPE, LINUX, ".", directory="", env={})


HOSTILE = [None, 1, 1.5, True, "x", [], [1], ["x", None], {}, {"x": 1}, [["x"]], {"Dir": 1, "Path": [], "Replace": "x"}]


@pytest.mark.parametrize("field", ["Dir", "ImportPath", "Name", "Standard", "Module", "Target", "Error", "GoFiles"])
@pytest.mark.parametrize("value", HOSTILE, ids=map(str, HOSTILE))
def test_a_value_of_another_kind_is_not_a_traceback(field: str, value: Any) -> None:
    """It is read as a missing text, or refused."""
    try:
        found = ask({**MAIN, field: value})
    except ImageUnusable:
        return
    if isinstance(found, Listing):
        texts = (found.main.directory, found.main.path, found.main.name, found.main.error, *found.main.files)
        assert all(isinstance(text, str) for text in texts)


def test_every_text_can_be_encoded() -> None:
    """Lone surrogates would turn a text into the name of another file, which is not UTF-8."""
    found = read({**MAIN, "Dir": "/\ud800", "GoFiles": ["\udcff.go"], "Error": {"Err": "\udc80"}})
    for text in (found.main.directory, *found.main.files, found.error):
        assert text.encode().decode() == text


@pytest.mark.parametrize(
    ("directory", "root", "expected"),
    [
        ("/w/a", "/w", "a"),
        ("/w", "/w", "."),
        ("/w/a/../b", "/w", "b"),
        ("/w/../x", "/w", None),
        ("/wide", "/w", None),
        ("/", "/w", None),
        ("", "/w", None),
        ("/w/..a", "/w", "..a"),
    ],
)
def test_a_directory_lies_below_another_or_elsewhere(directory: str, root: str, expected: str | None) -> None:
    """Complete names count, and `..` is followed."""
    assert listing.below(directory, root) == expected
