from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.go.repositories import FIRST, git, repository
from tests.unit.samples import write_tree
from toolkit import source, sourcetree, toolchain
from toolkit.errors import SourceError
from toolkit.model import Module

GO_MOD = "module example.test/program\n\ngo 1.21\n"
MAIN = "package main\n\nfunc main() {}\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return the folder of a module: a main package at its top, another below, a version and documents."""
    files = {"main.go": MAIN, "go.mod": GO_MOD, "VERSION": "1.2.0\n", "LICENSE": "ours", "cmd/tool/main.go": MAIN}
    return write_tree(tmp_path / "repository" / "program", files)


def refusal(text: str | Path, workspace: Path = Path()) -> SourceError:
    """Return the error that a source ends in."""
    with pytest.raises(SourceError) as caught:
        source.resolve(str(text), workspace)
    return caught.value


# --- a source that can be built --------------------------------------------------------------------------------------


def test_a_folder_with_a_main_package_is_a_source(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that decides the bytes, and all that packaging needs, comes from the folder."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    found = source.resolve(str(program), Path())
    assert (found.name, found.directory, found.package) == ("program", program, ".")
    assert (found.module, found.version, found.epoch) == (Module("example.test/program"), "1.2.0", 1_700_000_000)
    assert found.files == ("VERSION", "go.mod", "main.go", "cmd/tool/main.go")
    assert found.digest == sourcetree.digest(program, found.files)
    assert found.documents == (("LICENSE", b"ours"),)


def test_a_program_that_states_its_version_is_told_its_digest(program: Path) -> None:
    """The file VERSION is what a program of ours has; any other program is linked without a stamp."""
    stamped = source.resolve(str(program), Path())
    assert stamped.stamps == (("main.sourceDigest", stamped.digest),)
    (program / "VERSION").unlink()
    plain = source.resolve(str(program), Path())
    assert (plain.version, plain.stamps) == ("0.0.0", ())


def test_a_package_below_its_module_is_built_from_the_modules_top(program: Path) -> None:
    """Its name is its folder's, its documents are the nearest, and the whole module decides the digest."""
    found = source.resolve(str(program / "cmd" / "tool"), Path())
    assert (found.name, found.directory, found.package) == ("tool", program, "./cmd/tool")
    assert found.files == source.resolve(str(program), Path()).files
    assert (found.version, found.stamps, found.documents) == ("0.0.0", (), (("LICENSE", b"ours"),))


@pytest.mark.needs("git")
def test_documents_come_from_the_repository_but_not_from_beyond(program: Path) -> None:
    """A licence at the repository's top covers the program; one outside of it does not."""
    repository(program.parent, "program")
    write_tree(program.parent, {"README.md": "the repository's"})
    write_tree(program.parent.parent, {"NOTICE": "somebody's"})
    found = source.resolve(str(program), Path())
    assert found.documents == (("LICENSE", b"ours"), ("README.md", b"the repository's"))


@pytest.mark.needs("git")
def test_the_last_commit_dates_a_source(program: Path) -> None:
    """Packages get the time of the commit that touched it, and there is nothing to explain."""
    repository(program.parent, "program")
    found = source.resolve(str(program), Path())
    assert (found.epoch, found.notes) == (FIRST, ())


@pytest.mark.needs("git")
def test_a_date_that_needs_explaining_has_a_note(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who chose the date with SOURCE_DATE_EPOCH needs no explanation."""
    git(program, "init", "--quiet")
    (note,) = source.resolve(str(program), Path()).notes
    assert "has no commit yet" in note
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert source.resolve(str(program), Path()).notes == ()


@pytest.mark.parametrize("text", ["program", "./program", "~/program", "program/../program"])
def test_a_folder_may_be_written_in_any_way(text: str, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to where the person is, or from their home."""
    monkeypatch.chdir(program.parent)
    monkeypatch.setenv("HOME", str(program.parent))
    monkeypatch.setenv("USERPROFILE", str(program.parent))
    assert source.resolve(text, Path()).name == "program"


def test_go_files_may_hold_any_bytes(program: Path) -> None:
    """Only what they say of packages and embedding is read."""
    (program / "main.go").write_bytes(b"// \xff\npackage main\n")
    assert source.resolve(str(program), Path()).name == "program"


def test_a_folder_with_an_at_sign_is_a_folder(program: Path) -> None:
    """What exists is never taken for a module and its version."""
    there = program.rename(program.with_name("program@v1"))
    assert source.resolve(str(there), Path()).directory == there


@pytest.mark.parametrize(
    ("go_mod", "path", "name"),
    [
        ("module example.test/x/v2\n", "example.test/x/v2", "x"),
        ('// a comment\nmodule "example.test/x" // another\n', "example.test/x", "x"),
        ("module x\n", "x", "x"),
        (f"module example.test/x\ngo {toolchain.pinned().removeprefix('go')}\n", "example.test/x", "x"),
        ("module example.test/x\nreplace a.example/b => ./b\n", "example.test/x", "x"),
        ("module example.test/x\n// replace a.example/b => ../b\n", "example.test/x", "x"),
        ("module example.test/x\nreplace a.example/b => c.example/b v1.0.0 // ../b\n", "example.test/x", "x"),
    ],
)
def test_a_go_mod_may_be_written_in_any_way(go_mod: str, path: str, name: str, program: Path) -> None:
    """A major version is no name; comments and quotes are not part of a path."""
    (program / "go.mod").write_text(go_mod)
    found = source.resolve(str(program), Path())
    assert (found.module, found.name) == (Module(path), name)


# --- a source that cannot --------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """So is a file, and the hint tells what could be named."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "missing", tmp_path / "file"):
        assert str(refusal(path)) == f"`{path}` is no folder"
        assert "path@version" in refusal(path).hint


@pytest.mark.parametrize("text", ["~no-such-user/program", "x" * 5000], ids=["nobody", "long"])
def test_a_name_that_no_folder_can_have_is_an_error(text: str) -> None:
    """Whatever is typed ends in a sentence, not in a traceback."""
    assert text in str(refusal(text))


def test_a_folder_outside_of_any_module_is_an_error(tmp_path: Path) -> None:
    """The hint is the command that makes a module."""
    write_tree(tmp_path, {"main.go": MAIN})
    assert str(refusal(tmp_path)) == f"`{tmp_path}` is in no Go module"
    assert "go mod init" in refusal(tmp_path).hint


@pytest.mark.parametrize("text", ["", "go 1.21\n", "modules example.test/x\n", "\0\xff", "// module example.test/x\n"])
def test_a_go_mod_without_a_module_line_is_an_error(text: str, program: Path) -> None:
    """The file is named, with what its first line has to be."""
    (program / "go.mod").write_text(text, "latin-1")
    assert str(refusal(program)) == f"`{program / 'go.mod'}` names no module"
    assert "module example.com/program" in refusal(program).hint


def test_a_package_that_is_no_program_is_an_error(program: Path) -> None:
    """The message says what the folder holds instead, and the hint names a program near by."""
    write_tree(program / "lib", {"lib.go": "package lib\n", "main_test.go": MAIN, "deep/er/main.go": MAIN})
    error = refusal(program / "lib")
    assert str(error) == f"`{program / 'lib'}` holds package `lib`, not a main package"
    assert error.hint == f"did you mean `{program / 'lib' / 'deep' / 'er'}`?"


def test_a_folder_without_go_files_is_an_error(program: Path) -> None:
    """The hint names the nearest program by name, and without one says what to look for."""
    (program / "empty").mkdir()
    assert str(refusal(program / "empty")) == f"`{program / 'empty'}` holds no Go files"
    assert refusal(program / "empty").hint == "name the folder that holds `func main`"
    (program / "main.go").unlink()
    write_tree(program, {"cmd/a/main.go": MAIN, "cmd/a/b/main.go": MAIN})
    assert refusal(program).hint == f"did you mean `{program / 'cmd' / 'a'}`?"


@pytest.mark.parametrize("version", ["1.999", "1.999.0", "2.0"])
def test_a_source_for_a_newer_go_is_an_error(version: str, program: Path) -> None:
    """It is told before anything is compiled, with the line that would have to be raised."""
    (program / "go.mod").write_text(f"module example.test/x\n\ngo {version}\n")
    error = refusal(program)
    assert str(error) == f"`example.test/x` needs Go {version}, and everything is built with {toolchain.pinned()}"
    assert f"`go{version}`" in error.hint


@pytest.mark.parametrize("place", ["../b", "../../b/c", "/b", "./../b", ".."])
def test_a_replacement_outside_of_the_module_is_an_error(place: str, program: Path) -> None:
    """What lies outside is not sent to an engine, and does not count for the digest."""
    (program / "go.mod").write_text(f"module example.test/x\n\nreplace a.example/b v1.0.0 => {place}\n")
    assert f"replaces a module by `{os.path.normpath(place)}`, which lies outside of it" in str(refusal(program))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"1.0\n2.0\n", b"1.0/2.0\n"])
def test_a_version_that_no_file_can_be_named_after_is_an_error(content: bytes, program: Path) -> None:
    """The version becomes part of the names of archives."""
    (program / "VERSION").write_bytes(content)
    assert "VERSION" in str(refusal(program))


def test_what_is_no_folder_and_has_an_at_sign_is_a_module(tmp_path: Path) -> None:
    """It is left to the go command, or refused where it cannot be one."""
    assert "is no module as `path@version`" in str(refusal("not a module@v1", tmp_path))
