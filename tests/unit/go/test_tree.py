"""The files of a tree for a go command; a tar of it is equivalent to a directory."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from tests.unit.go.privileges import unprivileged
from tests.unit.samples import write_tree
from toolkit.go import snapshot, tree
from toolkit.go.snapshot import Scope, Snapshot
from toolkit.go.tree import Node
from toolkit.model import Piece

SECRET = b"PASSWORD=1"


@pytest.fixture
def taken(tmp_path: Path) -> Snapshot:
    """Return a snapshot with one name of each kind."""
    files: dict[str, str | bytes] = {"top/mod/go.mod": "module x\n", "top/mod/main.go": "package main\n"}
    files |= {"top/y/y.go": "package y\n", "top/mod/lib/a.s": "TEXT\n", "top/mod/.env": SECRET, "outside": SECRET}
    root = write_tree(tmp_path, files)
    module = root / "top" / "mod"
    for name, target in {"y": "../y", "lib/up.go": "../main.go", "none": "nothing", "out": "../../outside"}.items():
        (module / name).symlink_to(target)
    os.mkfifo(module / "pipe")
    (module / os.fsdecode(b"\xff.go")).write_bytes(b"package main\n")
    (module / ("n" * 90) / ("m" * 90)).mkdir(parents=True)
    return snapshot.take(module, Scope(root / "top"), tmp_path / "pack", lambda _: ())


def described(root: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return the kind and content of everything in a directory."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in root.rglob("*"):
        kind = stat.S_IFMT(path.lstat().st_mode)
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(root))] = (kind, content)
    return found


def described_tar(data: bytes) -> dict[str, tuple[int, bytes | str]]:
    """Return the same for a tar."""
    kinds = {tarfile.REGTYPE: stat.S_IFREG, tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}
    found: dict[str, tuple[int, bytes | str]] = {}
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            assert member.name not in found
            if member.islnk():
                assert found[member.linkname] == (stat.S_IFREG, b"")  # it comes first
                found[member.name] = found[member.linkname]
            else:
                found[member.name] = (kinds[member.type], member.linkname or (file.read() if file else b""))
    return found


def test_a_tar_is_the_same_as_a_written_directory(taken: Snapshot, tmp_path: Path) -> None:
    """Names, kinds, links and bytes are the same, for any bytes and any length of a name."""
    (tmp_path / "written").mkdir()
    tree.write(tree.asked(taken), tmp_path / "written")
    assert described(tmp_path / "written") == described_tar(b"".join(tree.tar(tree.asked(taken), owner=0)))


def test_a_question_shows_no_byte_of_what_is_not_code(taken: Snapshot) -> None:
    """There is not even the name of `.env`, where nothing can embed it, nor of files outside the repository."""
    data = b"".join(tree.tar(tree.asked(taken), owner=0))
    found = described_tar(data)
    assert SECRET not in data
    assert "mod/.env" not in found
    assert found["mod/main.go"] == (stat.S_IFREG, b"package main\n")
    assert found["mod/lib/a.s"] == (stat.S_IFREG, b"TEXT\n")
    assert b"outside" not in data


def test_links_lead_inside_or_nowhere(taken: Snapshot) -> None:
    """Links are relative; a pipe becomes something else that cannot be opened."""
    found = described_tar(b"".join(tree.tar(tree.asked(taken), owner=0)))
    links = {name: content for name, (kind, content) in found.items() if kind == stat.S_IFLNK}
    nowhere = dict.fromkeys(("mod/none", "mod/out", "mod/pipe"), "aws-mfa-toolkit-nowhere")
    assert links == {"mod/y": "../y", "mod/lib/up.go": "../main.go", **nowhere}


def test_what_code_is_a_link_to_is_read(tmp_path: Path) -> None:
    """Go reads a file of any name through a link with the name of a code file."""
    module = write_tree(tmp_path / "mod", {"main.txt": "package main\n", "other.txt": "other"})
    (module / "main.go").symlink_to("main.txt")
    (module / "note").symlink_to("other.txt")
    taken = snapshot.take(module, Scope(module), tmp_path / "pack", lambda _: ())
    found = described_tar(b"".join(tree.tar(tree.asked(taken), owner=0)))
    assert found["main.txt"][1] == b"package main\n"
    assert "other.txt" not in found


def test_names_that_go_looks_at_stay(tmp_path: Path) -> None:
    """Go resolves embed patterns, and finds object files and profiles, by name; no other name decides anything."""
    files = {
        "main.go": "package main\n", "a.syso": "object", "default.pgo": "profile", "notes.txt": "text",
        "web/web.go": "package web\n//go:embed all:static\n", "web/.env": "secret", "web/static/deep/x": "text",
        "data/x": "text", "shared/one/x": "text", "shared/two/x": "text", "up/x": "text", "alone": "text",
        "none": "text",
    }  # fmt: skip
    module = write_tree(tmp_path / "mod", files)
    (module / "web" / "link").symlink_to("../shared/one")
    (module / "web" / "file").symlink_to("../alone")
    (module / "shared" / "one" / "further").symlink_to("../../up")
    taken = snapshot.take(module, Scope(module), tmp_path / "pack", lambda _: ())
    found = described_tar(b"".join(tree.tar(tree.asked(taken), owner=0)))
    assert {name for name, (kind, _) in found.items() if kind == stat.S_IFREG} == {
        "main.go", "a.syso", "default.pgo", "web/web.go", "web/.env", "web/static/deep/x", "shared/one/x", "up/x",
        "alone",
    }  # fmt: skip


@pytest.mark.needs("setpriv")
@unprivileged
def test_what_the_user_cannot_read_the_go_command_cannot_read(tmp_path: Path) -> None:
    """It can be deleted afterwards."""
    module = write_tree(tmp_path / "mod", {"x.go": "x", "lib/x.go": "x"})
    for name in ("x.go", "lib"):
        (module / name).chmod(0)
    taken = snapshot.take(module, Scope(module), tmp_path / "pack", lambda _: ())
    (module / "lib").chmod(0o700)
    root = tmp_path / "written"
    root.mkdir()
    tree.write(tree.asked(taken), root)
    modes = [stat.S_IMODE((root / name).stat().st_mode) for name in ("x.go", "lib")]
    tree.unseal(tree.asked(taken), root)
    assert modes == [0, 0]
    assert [os.access(root / name, os.R_OK | os.X_OK) for name in ("x.go", "lib")] == [True, True]


def test_a_compile_gets_regular_files(tmp_path: Path) -> None:
    """Each has the bytes of its place in a pack."""
    (tmp_path / "pack").write_bytes(b"onetwo")
    pieces = [Piece("a/b/one", tmp_path / "pack", 0, 3), Piece("two", tmp_path / "pack", 3, 3)]
    found = described_tar(b"".join(tree.tar(tree.compiled(pieces), owner=0)))
    folders = dict.fromkeys(("a", "a/b"), (stat.S_IFDIR, b""))
    assert found == {**folders, "a/b/one": (stat.S_IFREG, b"one"), "two": (stat.S_IFREG, b"two")}


def test_directories_come_first_and_once() -> None:
    """A tree may name them or not, in any order."""
    nodes = [Node("a/b/x"), Node("a", tarfile.DIRTYPE), Node("a/y"), Node("a/b", tarfile.DIRTYPE), Node("./z")]
    assert [node.name for node in tree.with_parents(nodes)] == ["a", "a/b", "a/b/x", "a/y", "./z"]


def test_a_tar_belongs_to_its_user_and_lies_below_its_directory() -> None:
    """The engine's go command may run as any user."""
    data = b"".join(tree.tar(tree.plain({"a/x": b"1"}), owner=1234, below="deep/er"))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
    assert [(member.name, member.uid, member.gid) for member in members] == [
        ("deep/er/a", 1234, 1234), ("deep/er/a/x", 1234, 1234),
    ]  # fmt: skip


def test_empty_files_are_few() -> None:
    """An engine creates a link faster than a file, and a file may have a thousand links; other files are not linked."""
    nodes = [Node(f"d/{number}") for number in range(2500)]
    others = [Node("sealed", mode=0), Node("full", data=b"1"), Node("link", tarfile.SYMTYPE, 0o777, link="d/1")]
    data = b"".join(tree.tar([*others, *nodes], owner=0, below="deep"))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        members = archive.getmembers()
    assert sum(member.islnk() for member in members) == 2497
    assert {member.name: member.mode for member in members if member.isreg() and not member.size} == {
        "deep/sealed": 0, "deep/d/0": 0o644, "deep/d/1000": 0o644, "deep/d/2000": 0o644,
    }  # fmt: skip


def test_a_large_file_is_handed_on_in_parts(tmp_path: Path) -> None:
    """No chunk is much larger than a megabyte."""
    with (tmp_path / "pack").open("wb") as file:
        file.truncate(10 << 20)
    parts = list(tree.tar(tree.compiled([Piece("big", tmp_path / "pack", 0, 10 << 20)]), owner=0))
    assert len(parts) > 5
    assert max(map(len, parts)) <= 3 << 20
