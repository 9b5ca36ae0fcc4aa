"""For a directory, each engine makes the same bytes as plain Go, or refuses it for a reason from a short list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.exact import Builds, plain, started
from tests.integration.trees import REFUSED, SAME, TREES, Tree
from toolkit.errors import SourceError
from toolkit.model import Reason, Unbuilt


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directories for plain Go's caches and results."""
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module", params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def builds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """Return an available engine."""
    if request.param == "docker":
        request.getfixturevalue("docker_host")
    with started(request.param, tmp_path_factory.mktemp("builds")) as ready:
        yield ready


@pytest.mark.parametrize("name", TREES)
def test_as_plain_go(name: str, builds: Builds, scratch: Path, tmp_path: Path) -> None:
    """Both have the same result: the same bytes, a refusal, or an error of the toolkit from the table."""
    tree, module = TREES[name], f"example.com/t{list(TREES).index(name)}"
    if name == "link: go.mod outside":
        directory = _linked_go_mod(tree, tmp_path, module)
    else:
        directory = tree.write(tmp_path, module)
    before = _listed(directory)
    theirs = plain(directory, scratch) if tree.plain else ""
    ours = builds.build(directory)
    if tree.ends == SAME:
        assert isinstance(theirs, bytes), theirs
        assert ours == theirs
    elif tree.ends == REFUSED:
        assert isinstance(theirs, str)
        assert isinstance(ours, SourceError) or (isinstance(ours, Unbuilt) and ours.reason is Reason.COMPILE_FAILED)
    elif isinstance(tree.ends, Reason):
        assert isinstance(ours, Unbuilt)
        assert ours.reason is tree.ends
    else:
        assert type(ours) is tree.ends, ours
    if tree.builds:
        assert isinstance(theirs, bytes), theirs
    assert _listed(directory) == before


def _linked_go_mod(tree: Tree, root: Path, module: str) -> Path:
    directory = tree.write(root, module)
    (directory / "go.mod").unlink()
    (directory / "go.mod").symlink_to("../other.mod")
    return directory


def _listed(directory: Path) -> set[tuple[str, int]]:
    """Return all names below a directory, with their modification times."""
    return {(str(path), path.lstat().st_mtime_ns) for path in directory.rglob("*")}


def test_what_is_known_asks_nobody(builds: Builds, tmp_path: Path) -> None:
    """Resolving a directory again runs no go command; after a change of a file that Go reads, it does."""
    directory = Tree({"main.go": "package main\n\nfunc main() {}\n", "note.txt": "1"}).write(
        tmp_path, "example.com/known"
    )
    first = builds.resolve(directory)
    asked = builds.asked
    assert builds.resolve(directory).source.digest == first.source.digest
    assert builds.asked == asked
    (directory / "note.txt").write_text("2")
    assert builds.resolve(directory).source.digest == first.source.digest
    assert builds.asked > asked
    (directory / "main.go").write_text("package main\n\nfunc main() { println() }\n")
    assert builds.resolve(directory).source.digest != first.source.digest


def test_an_included_file_is_never_stale(builds: Builds, scratch: Path, tmp_path: Path) -> None:
    """Go's build cache does not check a file that an assembly file includes; each version has a separate binary."""
    tree = TREES["include: of the directory above"]
    directory = tree.write(tmp_path, "example.com/stale")
    made = []
    for value in (7, 8, 7):
        (directory / "inc" / "k.h").write_text(f"#define VALUE {value}\n")
        shutil.rmtree(scratch / "cache", ignore_errors=True)
        made.append(builds.build(directory))
        assert made[-1] == plain(directory, scratch)
    assert made[0] == made[2] != made[1]


def test_a_file_saved_meanwhile_changes_nothing(builds: Builds, tmp_path: Path) -> None:
    """The fingerprinted files are compiled, even if the directory changes later."""
    directory = Tree({"main.go": 'package main\n\nfunc main() { println("twenty-one") }\n'}).write(
        tmp_path, "example.com/saved"
    )
    found = builds.resolve(directory)
    (directory / "main.go").write_text('package main\n\nfunc main() { println("twenty-two") }\n')
    (directory / "more.go").write_text("package main\n\nnonsense\n")
    made = builds.compiled(found)
    assert isinstance(made, bytes)
    assert b"twenty-one" in made
    assert b"twenty-two" not in made
