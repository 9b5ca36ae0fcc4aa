"""The files of a compile, from listings that may be hostile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.samples import write_tree
from toolkit.errors import (
    FileUnreadable,
    ImageUnusable,
    IncludeOutside,
    LinkOutside,
    NameNotText,
    SourceError,
    SpecialFile,
)
from toolkit.go import filelist, snapshot
from toolkit.go.filelist import FileList
from toolkit.go.listing import Listing, Package
from toolkit.go.snapshot import Entry, Kind, Scope
from toolkit.model import Module

ROOT = "/w/mod"  # the module's directory in the go command's output


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Return a module one directory below the top of its repository."""
    return write_tree(tmp_path / "top" / "mod", {"go.mod": "module x\n", "main.go": "package main\n"})


def listed(module: Path, *files: str, directory: str = ROOT, assembly: tuple[str, ...] = ()) -> FileList:
    """Return the files of a compile if Go listed these files of the main package."""
    taken = snapshot.take(module, Scope(module.parent), module.parents[1] / "pack", lambda _: ())
    found = FileList(taken)
    package = Package(directory, "x", "main", Module("x"), ROOT, (*files, *assembly), assembly)
    found.add_module(())
    found.add(Listing(package, "x", (package,)), ROOT)
    return found


def test_a_compile_gets_what_go_listed_and_the_module_files(module: Path) -> None:
    """It also gets the profile that Go uses for optimization, and nothing else."""
    write_tree(module, {"default.pgo": "p", "go.sum": "", "vendor/modules.txt": "", ".env": "", "lib/go.mod": ""})
    found = listed(module, "main.go")
    assert [piece.place for piece in found.pieces] == [
        "default.pgo", "go.mod", "go.sum", "main.go", "vendor/modules.txt",
    ]  # fmt: skip
    assert b"".join(found.pieces[3].chunks()) == b"package main\n"
    assert found.included_digest == ""


def test_a_package_outside_the_snapshot_is_left_to_go(module: Path) -> None:
    """It is in the module cache, and Go checks it there."""
    assert set(listed(module, "x.go", directory="/modules/y@v1.0.0").origins) == {"go.mod"}
    assert set(listed(module, "x.go", directory="").origins) == {"go.mod"}


def test_the_digest_is_over_places_and_bytes(module: Path) -> None:
    """Files that Go did not list do not matter."""
    first = listed(module, "main.go").digest
    write_tree(module, {"note.txt": "x", "lib.go": "package main\n"})
    assert listed(module, "main.go").digest == first
    assert listed(module, "main.go", "lib.go").digest != first
    (module / "main.go").write_text("package moon\n")
    assert listed(module, "main.go").digest != first


def test_a_file_behind_a_link_is_a_file_in_the_links_place(module: Path) -> None:
    """A compile has no links."""
    write_tree(module.parent, {"other/x.go": "package main\n"})
    (module / "x.go").symlink_to("../other/x.go")
    assert listed(module, "x.go").origins["x.go"] == "../other/x.go"
    assert [piece.place for piece in listed(module, "x.go").pieces] == ["mod/go.mod", "mod/x.go"]


@pytest.mark.parametrize(
    "name",
    ["../../x", "../../../etc/passwd", "/etc/passwd", "none.go", "", "..", "\0", "\ufffd.go", "main.go/x", "?.go"],
)
def test_a_name_that_is_not_in_the_snapshot_is_an_unusable_image(name: str, module: Path) -> None:
    """The Go project's `go` command never lists such a file; a directory is not a file either."""
    with pytest.raises((ImageUnusable, SourceError)) as caught:
        listed(module, name)
    assert type(caught.value) is (SourceError if name == "" else ImageUnusable)


@pytest.mark.parametrize("directory", ["/w/mod/../../etc", "/w/mod/lib", "/w", "mod", "../x", "\0"])
def test_a_directory_that_is_not_in_the_snapshot_gives_no_file(directory: str, module: Path) -> None:
    """No file of this machine is read, whatever the name."""
    write_tree(module.parent, {"main.go": "above"})
    try:
        found = listed(module, "main.go", directory=directory)
    except ImageUnusable:
        return
    assert set(found.origins) == {"go.mod"}


def test_a_name_that_go_cannot_print_is_an_error_of_the_source(module: Path) -> None:
    """Go lists it with U+FFFD instead of the bytes that are not UTF-8."""
    (module / os.fsdecode(b"\xff.go")).write_bytes(b"package main\n")
    with pytest.raises(NameNotText, match="not UTF-8"):
        listed(module, "\ufffd.go")


def test_a_name_with_that_very_character_is_a_file(module: Path) -> None:
    """Such a name is valid UTF-8."""
    write_tree(module, {"\ufffd.go": "package main\n"})
    assert "\ufffd.go" in listed(module, "\ufffd.go").origins


def test_what_is_needed_and_cannot_be_used_is_an_error(module: Path) -> None:
    """Each has its kind of error; files that are not needed may be anything."""
    (module / "out").symlink_to("/etc/hostname")
    (module / "none").symlink_to("nothing")
    (module / "folder").mkdir()
    os.mkfifo(module / "pipe")
    listed(module, "main.go")
    for name, kind in {"out": LinkOutside, "pipe": SpecialFile, "none": SourceError, "folder": SourceError}.items():
        with pytest.raises(SourceError, match=f"`{name}`") as caught:
            listed(module, name)
        assert type(caught.value) is kind
    for unreadable in (Kind.UNREADABLE_FILE, Kind.UNREADABLE_DIRECTORY):
        assert type(filelist.problem("x", Entry(unreadable))) is FileUnreadable
    assert filelist.problem("x", Entry(Kind.FILE)) is None


@pytest.mark.parametrize("target", ["/etc/hostname", "pipe"])
def test_a_profile_that_cannot_be_used_is_an_error(target: str, module: Path) -> None:
    """Go would read it without listing it."""
    os.mkfifo(module / "pipe")
    (module / "default.pgo").symlink_to(target)
    with pytest.raises(SourceError, match=r"`default\.pgo`"):
        listed(module, "main.go")


def test_what_assembly_includes_is_part_of_the_source(module: Path) -> None:
    """It has a separate digest, because Go's build cache does not check it."""
    write_tree(module, {"a.s": '#include "inc/x.h"\n', "inc/x.h": '#include "y.h"\n', "y.h": "// one\n"})
    found = listed(module, "main.go", assembly=("a.s",))
    assert found.included == {"inc/x.h", "y.h"}
    (module / "y.h").write_text("// two\n")
    assert listed(module, "main.go", assembly=("a.s",)).included_digest != found.included_digest != ""


def test_an_include_outside_the_module_is_an_error(module: Path) -> None:
    """The compiler would read a file of this machine."""
    write_tree(module, {"a.s": '#include "../../../etc/hostname"\n'})
    with pytest.raises(IncludeOutside):
        listed(module, assembly=("a.s",))


def test_a_message_of_go_about_what_cannot_be_used_is_explained(module: Path) -> None:
    """The message must contain the complete name."""
    (module / "out.txt").symlink_to("/etc/hostname")
    taken = snapshot.take(module, Scope(module.parent), module.parents[1] / "pack", lambda _: ())
    said = "main.go:3:12: pattern out.txt: cannot embed irregular file out.txt"
    assert [type(error) for error in filelist.implicated(taken, said)] == [LinkOutside]
    assert not list(filelist.implicated(taken, "pattern shout.txt: no matching files; out.txts"))
    assert not list(filelist.implicated(taken, "main.go:3:2: undefined"))
