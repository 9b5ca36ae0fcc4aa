"""The questions about a source, their number, and the handling of damaged memory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import TREE, FakeGo, FakeWorkspace
from tests.integration.exact import Memory
from tests.unit.samples import ANDROID, LINUX, RECIPE, WINDOWS, write_tree
from toolkit.errors import ImageUnusable, LinkOutside, SourceError
from toolkit.go import asking, snapshot
from toolkit.go.asking import Inquiry, Known
from toolkit.go.snapshot import Scope, Snapshot
from toolkit.go.tree import Node
from toolkit.go.workspace import Answer, Workspace


@dataclass
class Engine:
    """Opens workspaces with a script as the go command."""

    answers: dict[str, str] = field(default_factory=dict)  # Go's output, by GOOS, instead of a program
    opened: list[bool] = field(default_factory=list)  # whether online
    edit: str = "{}"
    said: str = ""  # Go's message if it cannot read the module

    @contextlib.contextmanager
    def open(self, nodes: Iterable[Node], online: bool) -> Iterator[Workspace]:  # noqa: FBT001 - as in Engine
        """Open a workspace."""
        list(nodes)
        self.opened.append(online)
        yield FakeWorkspace(self._answer)

    def _answer(self, args: tuple[str, ...], env: Mapping[str, str]) -> Answer:
        if self.said:
            return Answer(1, "", self.said)
        if args[:2] == ("mod", "edit"):
            return Answer(0, self.edit, "")
        if env.get("GOOS") in self.answers:
            return Answer(0, self.answers[env["GOOS"]], "")
        return FakeGo()(args, env)


@pytest.fixture
def engine() -> Engine:
    """Return an engine that knows one program."""
    return Engine()


@pytest.fixture
def inquiry(engine: Engine, tmp_path: Path) -> Inquiry:
    """Return an inquiry about two pairs, of which only one is built."""
    return Inquiry(engine.open, Memory(), RECIPE, (LINUX, WINDOWS), (LINUX,), tmp_path, tmp_path / "dist")


@pytest.fixture
def taken(tmp_path: Path) -> Snapshot:
    """Return a snapshot of the program that the go command knows."""
    files = {"go.mod": "module example.test/tiny\n", "main.go": "package main\n"}
    module = write_tree(tmp_path / "tiny", files)
    (module / "out").symlink_to("/etc/hostname")
    return snapshot.take(module, Scope(module), tmp_path / "pack", lambda _: ())


def refused(words: str) -> str:
    """Return Go's output for a program that it refuses."""
    row = {"Dir": TREE, "ImportPath": "x", "Name": "main", "Module": {"Path": "x", "Dir": TREE}}
    return json.dumps({**row, "Error": {"Err": words}})


def test_a_snapshot_is_asked_about_once(engine: Engine, inquiry: Inquiry, taken: Snapshot) -> None:
    """Go's answers from memory are the same, even after JSON."""
    first = asking.known(inquiry, taken, ".", ())
    assert (first.name, first.module) == ("tiny", "example.test/tiny")
    assert dict(first.files) == {"go.mod": "go.mod", "main.go": "main.go"}
    known = json.loads(json.dumps(inquiry.memory.known))  # type: ignore[attr-defined]
    assert asking.known(replace(inquiry, memory=Memory(known)), taken, ".", ()) == first
    assert engine.opened == [True]


def test_another_question_is_asked_again(engine: Engine, inquiry: Inquiry, taken: Snapshot) -> None:
    """It is another one for another package, toolchain, image or list of pairs; the pairs to build do not matter."""
    asking.known(inquiry, taken, ".", ())
    asking.known(replace(inquiry, chosen=(WINDOWS,)), taken, ".", ())
    assert len(engine.opened) == 1
    others = [
        replace(inquiry, recipe=replace(RECIPE, toolchain="go1.26.0")),
        replace(inquiry, recipe=replace(RECIPE, image="sha256:1")),
        replace(inquiry, targets=(LINUX,)),
    ]
    for number, other in enumerate(others, 2):
        asking.known(other, taken, ".", ())
        assert len(engine.opened) == number


def test_modules_are_downloaded_once_in_a_run(engine: Engine, inquiry: Inquiry, taken: Snapshot) -> None:
    """A question about a pair downloads its modules; after an answer from memory, they may be missing."""
    asking.known(inquiry, taken, ".", ())
    asking.fetch(inquiry, taken, ".", (LINUX, WINDOWS))
    assert engine.opened == [True]
    later = replace(inquiry, fetched=set())
    for _ in range(2):
        asking.known(later, taken, ".", ())
        asking.fetch(later, taken, ".", (LINUX,))
    assert engine.opened == [True, True]


DAMAGES: dict[str, Any] = {
    "none": None, "number": 1, "text": "x", "list": [], "empty": {}, "files": {"files": ["main.go"]},
    "file": {"files": {"main.go": 1}}, "missing": {"files": {"main.go": "../../x"}}, "refusal": {"refusals": {"a": []}},
    "name": {"name": 1}, "vendored": {"vendored": [1]}, "more": {"more": 1}, "included": {"included": 1},
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_memory_that_is_damaged_is_not_used(damage: Any, inquiry: Inquiry, taken: Snapshot) -> None:
    """Go is asked again, and the correct answer is remembered."""
    first = asking.known(inquiry, taken, ".", ())
    memory = inquiry.memory
    assert isinstance(memory, Memory)
    ((name, record),) = memory.known.items()
    memory.known[name] = {**record, **damage} if isinstance(damage, dict) and damage else damage
    assert asking.known(inquiry, taken, ".", ()) == first
    assert Known.of(memory.known[name]) == first


def test_a_refusal_of_one_pair_is_kept(engine: Engine, inquiry: Inquiry, taken: Snapshot) -> None:
    """It has the user's path instead of the engine's."""
    engine.answers["windows"] = refused(f"{TREE}/main.go:1:1: bad")
    found = asking.known(inquiry, taken, ".", ())
    assert found.refusals == {"windows/amd64": f"{taken.root}/main.go:1:1: bad"}
    with pytest.raises(SourceError, match="bad"):
        asking.known(replace(inquiry, chosen=(WINDOWS,)), taken, ".", ())
    asking.known(replace(inquiry, chosen=(WINDOWS, LINUX)), taken, ".", ())


def test_a_refusal_of_all_chosen_pairs_is_an_error(inquiry: Inquiry) -> None:
    """Pairs that Go cannot build for any source do not count."""
    refusals = {"linux/amd64": "x.go:1:1: bad"}
    with pytest.raises(SourceError, match="bad"):
        asking.check_refusals(replace(inquiry, chosen=(LINUX, ANDROID)), refusals, "x")
    asking.check_refusals(replace(inquiry, chosen=(ANDROID,)), refusals, "x")
    asking.check_refusals(replace(inquiry, chosen=(LINUX, WINDOWS)), refusals, "x")


def test_a_refusal_that_comes_of_a_link_names_the_link(engine: Engine, inquiry: Inquiry, taken: Snapshot) -> None:
    """In Go's snapshot the link leads nowhere; for the user it leads out of the repository."""
    engine.answers["linux"] = refused("main.go:3:12: pattern out: cannot embed irregular file out")
    with pytest.raises(LinkOutside):
        asking.known(inquiry, taken, ".", ())
    engine.said = "go: open out: no such file or directory"
    with pytest.raises(LinkOutside):
        asking.known(replace(inquiry, memory=Memory()), taken, ".", ())


def test_a_failure_of_go_is_not_remembered(engine: Engine, inquiry: Inquiry, taken: Snapshot) -> None:
    """The network may be available the next time."""
    engine.said = "go: dial tcp: no route to host"
    with pytest.raises(SourceError):
        asking.known(inquiry, taken, ".", ())
    engine.said = ""
    assert asking.known(inquiry, taken, ".", ()).name == "tiny"


def test_replaced_directories_are_asked_about_once_and_offline(engine: Engine, inquiry: Inquiry) -> None:
    """A module that replaces another one is not a directory."""
    new = [{"New": {"Path": "../y"}}, {"New": {"Path": "example.test/z", "Version": "v1.0.0"}}]
    engine.edit = json.dumps({"Replace": new})
    for _ in range(2):
        assert asking.replaced(inquiry, Path("/mod"), b"module x\n") == ["../y"]
    assert engine.opened == [False]
    asking.replaced(inquiry, Path("/mod"), b"module y\n")
    assert len(engine.opened) == 2


def test_what_an_image_said_of_a_go_mod_is_not_believed_for_another(engine: Engine, inquiry: Inquiry) -> None:
    """A named image is not trusted, so its answers are used only for that image."""
    engine.edit = json.dumps({"Replace": [{"New": {"Path": "/etc"}}]})
    hostile = replace(inquiry, recipe=replace(RECIPE, image="sha256:1"))
    assert asking.replaced(hostile, Path("/mod"), b"module x\n") == ["/etc"]
    engine.edit = "{}"
    for image in ("sha256:2", ""):
        assert asking.replaced(replace(inquiry, recipe=replace(RECIPE, image=image)), Path("/mod"), b"module x\n") == []


@pytest.mark.parametrize("rows", [1, "x", [1], [{}], [{"New": 1}], [{"New": {"Path": 1}}], [{"New": {}}]])
def test_a_hostile_answer_about_replaced_directories_is_an_unusable_image(
    rows: Any, engine: Engine, inquiry: Inquiry
) -> None:
    """The Go project's `go` command never prints such an answer."""
    engine.edit = json.dumps({"Replace": rows})
    with pytest.raises(ImageUnusable):
        asking.replaced(inquiry, Path("/mod"), b"module x\n")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\\b", "a:b", "a\nb", "a*b"])
def test_a_name_that_no_program_can_have_is_an_error(name: str) -> None:
    """It would be invalid on some system."""
    with pytest.raises(SourceError, match="cannot be the name of a program"):
        asking.program_name(name, Path("/x"))


def test_a_program_without_a_name_is_called_as_its_directory() -> None:
    """Go reports no name if it refuses to install."""
    assert asking.program_name("", Path("/a/tool")) == "tool"
