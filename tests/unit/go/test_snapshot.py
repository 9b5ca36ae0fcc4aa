"""The files that a snapshot reads in a user's directory, and those of which it only stores the name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.unit.go.privileges import unprivileged
from tests.unit.samples import write_tree
from toolkit.errors import FileUnreadable, ReplacementOutside, SourceTooLarge
from toolkit.go import snapshot
from toolkit.go.snapshot import Entry, Kind, Scope, Snapshot
from toolkit.options import SourceLimit

GO_MOD = "module example.test/program\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Return a module two directories below the top of a repository."""
    return write_tree(tmp_path / "top" / "a" / "mod", {"go.mod": GO_MOD, "main.go": "package main\n"})


def take(module: Path, *replaced: str, without: Path | None = None, limit: SourceLimit | None = None) -> Snapshot:
    """Return a snapshot of a module that is two directories below the top of its repository."""
    top = module.parents[1]
    scope = Scope(top, without, limit or SourceLimit())
    return snapshot.take(module, scope, top.parent / "pack", lambda _: replaced)


def linked(module: Path, target: Path | str) -> Entry:
    """Return a snapshot's entry for a link."""
    (module / "link").symlink_to(target)
    return take(module).entries["link"]


# --- kinds -----------------------------------------------------------------------------------------------------------


def test_files_and_directories_are_taken(module: Path) -> None:
    """Each has its name, mode and bytes; `.` is the module's directory."""
    write_tree(module, {"lib/deep/x.go": "package deep\n", "run": "#!"})
    (module / "run").chmod(0o755)
    taken = take(module)
    assert sorted(taken.entries) == [".", "go.mod", "lib", "lib/deep", "lib/deep/x.go", "main.go", "run"]
    assert [taken.entries[name].kind for name in (".", "lib", "lib/deep")] == [Kind.DIRECTORY] * 3
    assert (taken.entries["run"].executable, taken.entries["main.go"].executable) == (True, False)
    assert [taken.read(name) for name in ("go.mod", "lib/deep/x.go", "lib", "none")] == [
        GO_MOD.encode(), b"package deep\n", None, None,
    ]  # fmt: skip


def test_what_changes_later_does_not_count(module: Path) -> None:
    """The copy is what gets compiled."""
    taken = take(module)
    (module / "main.go").unlink()
    assert taken.read("main.go") == b"package main\n"


@pytest.mark.parametrize("name", sorted(snapshot.HIDDEN))
def test_of_version_control_only_the_name_is_seen(name: str, module: Path) -> None:
    """It may be a directory or, in a worktree, a file."""
    write_tree(module, {f"{name}/config": "secret", f"lib/{name}": "gitdir: secret"})
    taken = take(module)
    assert taken.entries[name] == Entry(Kind.DIRECTORY)
    assert taken.entries[f"lib/{name}"] == Entry(Kind.FILE)
    assert f"{name}/config" not in taken.entries
    assert b"secret" not in taken.pack.read_bytes()


def test_a_pipe_is_seen_and_not_opened(module: Path) -> None:
    """Opening it would wait forever."""
    os.mkfifo(module / "pipe")
    assert take(module).entries["pipe"] == Entry(Kind.SPECIAL)


def test_a_name_that_is_not_utf_8_is_kept(module: Path) -> None:
    """Python's form of the name restores the same bytes."""
    (module / os.fsdecode(b"\xff.go")).write_bytes(b"package main\n")
    taken = take(module)
    assert taken.read("\udcff.go") == b"package main\n"
    assert taken.digest


@pytest.mark.needs("setpriv")
@unprivileged
def test_what_cannot_be_read_is_an_entry(module: Path) -> None:
    """It is an error only if it is needed."""
    write_tree(module, {"file": "x", "folder/x": "x"})
    for name in ("file", "folder"):
        (module / name).chmod(0)
    taken = take(module)
    (module / "folder").chmod(0o700)
    assert taken.entries["file"].kind is Kind.UNREADABLE_FILE
    assert taken.entries["folder"].kind is Kind.UNREADABLE_DIRECTORY


@pytest.mark.needs("setpriv")
@unprivileged
def test_a_module_that_cannot_be_read_is_an_error(module: Path) -> None:
    """The error names the directory."""
    module.chmod(0)
    try:
        with pytest.raises(FileUnreadable, match=str(module)):
            take(module)
    finally:
        module.chmod(0o700)


# --- links -----------------------------------------------------------------------------------------------------------


def test_a_link_inside_the_repository_brings_what_it_leads_to(module: Path) -> None:
    """It may be a file, or a directory beside the module; links in there are followed too."""
    write_tree(module.parents[1], {"other/x.go": "x", "third/y.go": "y"})
    (module.parents[1] / "other" / "next").symlink_to("../third")
    assert linked(module, "../../other") == Entry(Kind.LINK, target="../../other")
    taken = take(module)
    assert taken.read("link/x.go") == b"x"
    assert taken.read("link/next/y.go") == b"y"
    assert (taken.depth, taken.above, taken.top) == (2, "a/mod", module.parents[1].resolve())


def test_a_link_to_a_link_leads_to_the_end(module: Path) -> None:
    """Its target is the name at the end of the chain."""
    (module / "second").symlink_to("main.go")
    assert linked(module, "second") == Entry(Kind.LINK, target="main.go")


@pytest.mark.parametrize("target", [".", "..", "../.."])
def test_a_link_to_an_ancestor_ends(target: str, module: Path) -> None:
    """Seen from above, the module keeps the names that it has already."""
    assert linked(module, target) == Entry(Kind.LINK, target=target)
    taken = take(module)
    assert not any(name.endswith("mod/main.go") for name in taken.entries)
    way = {".": "link", "..": "link/mod", "../..": "link/a/mod"}[target]
    assert taken.follow(f"{way}/main.go").endswith("main.go")


@pytest.mark.parametrize("target", ["none", "none/../main.go", "link", "main.go/x"])
def test_a_link_that_leads_nowhere_is_dangling(target: str, module: Path) -> None:
    """A link in a cycle dangles too."""
    assert linked(module, target).kind is Kind.DANGLING


@pytest.mark.parametrize("target", ["/etc/hostname", "/", "../../..", "../../../beside"])
def test_a_link_out_of_the_repository_is_not_followed(target: str, module: Path) -> None:
    """Nothing there is read, and the target is not part of the snapshot."""
    write_tree(module.parents[2], {"beside": "secret"})
    assert linked(module, target) == Entry(Kind.OUTSIDE)
    assert b"secret" not in take(module).pack.read_bytes()


def test_a_link_into_version_control_is_not_followed(module: Path) -> None:
    """It may be anywhere in the repository."""
    write_tree(module.parents[1], {".git/config": "secret"})
    assert linked(module, "../../.git/config") == Entry(Kind.OUTSIDE)
    (module / "link").unlink()
    assert linked(module, "../../.git") == Entry(Kind.OUTSIDE)


def test_the_dist_directory_is_not_part_of_a_source(module: Path) -> None:
    """Neither its name nor the target of a link into it is read."""
    write_tree(module, {"dist/x.go": "x", "distant/x.go": "x"})
    (module / "into").symlink_to("dist/x.go")
    (module / "to").symlink_to("dist")
    taken = take(module, without=module / "dist")
    assert not any(name.split("/")[0] == "dist" for name in taken.entries)
    assert (taken.entries["into"], taken.entries["to"]) == (Entry(Kind.OUTSIDE), Entry(Kind.OUTSIDE))
    assert taken.read("distant/x.go") == b"x"


def test_a_dist_directory_above_what_a_link_leads_to_is_left_out(module: Path) -> None:
    """It is left out of all directories, not only of the module's."""
    write_tree(module.parent, {"dist/x.go": "x", "y.go": "y"})
    (module / "link").symlink_to("..")
    taken = take(module, without=module.parent / "dist")
    assert "../y.go" in taken.entries
    assert not any("dist" in name for name in taken.entries)


# --- follow ----------------------------------------------------------------------------------------------------------


def test_names_are_followed_as_a_system_does_it(module: Path) -> None:
    """A name after `..` is beside the target of a link, not beside the link."""
    write_tree(module, {"deep/er/x": "x", "deep/y": "right", "y": "wrong"})
    (module / "link").symlink_to("deep/er")
    taken = take(module)
    for name in ("link/../y", "./link/.././y", "link/../er/../y", "deep/y"):
        assert taken.follow(name) == "deep/y"
        assert taken.read(name) == (module / name).read_bytes() == b"right"
    assert taken.follow("link") == "deep/er"
    assert taken.follow("none/none") == "none/none"
    assert taken.find("link/none") is None


def test_what_lies_below_a_directory_is_found(module: Path) -> None:
    """A directory whose name has the same beginning is another one."""
    write_tree(module, {"a/x": "", "a/b/y": "", "ab/z": ""})
    assert take(module).below("a") == ["a/b", "a/b/y", "a/x"]


# --- replaced modules ------------------------------------------------------------------------------------------------


def test_a_replaced_module_in_the_repository_is_taken(module: Path) -> None:
    """Its path above the module is kept."""
    write_tree(module.parent, {"y/go.mod": "module example.test/y\n"})
    taken = take(module, "../y")
    assert taken.read("../y/go.mod") == b"module example.test/y\n"
    assert (taken.depth, taken.above) == (1, "mod")


def test_a_replaced_module_behind_a_link_is_taken(module: Path) -> None:
    """It also has the name that go.mod uses."""
    write_tree(module.parents[1], {"real/go.mod": "module example.test/y\n"})
    (module.parent / "short").symlink_to("../real")
    assert take(module, "../short").read("../short/go.mod") == b"module example.test/y\n"


@pytest.mark.parametrize(("place", "depth"), [("../mod/y", 1), ("y/.", 0), ("./z/../y", 0), ("../../top/mod/y", 2)])
def test_a_replaced_module_below_is_taken_once(place: str, depth: int, module: Path) -> None:
    """Only its shortest name is used; if a path leaves the module and comes back, the snapshot begins there."""
    write_tree(module, {"y/go.mod": "module example.test/y\n"})
    place = place.replace("top", module.parent.name)
    taken = take(module, place)
    assert taken.shortest(f"{place}/go.mod") == "y/go.mod"
    assert taken.entries["y"].kind is Kind.DIRECTORY
    assert taken.depth == depth


@pytest.mark.parametrize("place", ["../../../b", "/b", "../../..", "../../.git/x", "away"])
def test_a_replaced_module_elsewhere_is_an_error(place: str, module: Path) -> None:
    """It names the file and the directory."""
    (module / "away").symlink_to("/usr")
    with pytest.raises(ReplacementOutside, match=f"replaces a module with `{place}`, which is outside"):
        take(module, place)


def test_who_returns_the_replaced_directories_gets_the_go_mod(module: Path) -> None:
    """The bytes are those of the snapshot, or none if there is no go.mod."""
    seen: list[bytes] = []

    def ask(go_mod: bytes) -> Iterable[str]:
        seen.append(go_mod)
        return ()

    snapshot.take(module, Scope(module), module.parent / "pack", ask)
    (module / "go.mod").unlink()
    snapshot.take(module, Scope(module), module.parent / "pack", ask)
    assert seen == [GO_MOD.encode(), b""]


# --- limits and digest -----------------------------------------------------------------------------------------------


def test_a_source_may_be_as_large_as_its_limit(module: Path) -> None:
    """One more file or byte is an error."""
    entries, size = len(take(module).entries), sum(entry.size for entry in take(module).entries.values())
    take(module, limit=SourceLimit(size=size, files=entries))
    for limit in (SourceLimit(size=size - 1), SourceLimit(files=entries - 1)):
        with pytest.raises(SourceTooLarge) as caught:
            take(module, limit=limit)
        assert "`--max-source`" in caught.value.hint


def test_a_file_without_end_stops_at_the_limit(module: Path) -> None:
    """A sparse file of a terabyte fills no disk."""
    with (module / "big").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SourceTooLarge):
        take(module, limit=SourceLimit(size=5 << 20))
    assert (module.parents[2] / "pack").stat().st_size <= 6 << 20


CHANGES: dict[str, Callable[[Path], object]] = {
    "bytes": lambda module: (module / "main.go").write_text("package moon\n"),
    "name": lambda module: (module / "main.go").rename(module / "other.go"),
    "mode": lambda module: (module / "main.go").chmod(0o755),
    "new": lambda module: (module / "empty").mkdir(),
    "link": lambda module: (module / "link").symlink_to("main.go"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_digest_is_over_names_kinds_modes_and_bytes(change: Callable[[Path], object], module: Path) -> None:
    """The module's path and the times of its files do not matter."""
    (module / "main.go").chmod(0o644)
    before = take(module).digest
    os.utime(module / "main.go", (1, 1))
    assert take(module).digest == before
    change(module)
    assert take(module).digest != before
