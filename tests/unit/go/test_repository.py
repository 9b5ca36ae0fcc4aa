from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.go.repositories import FILES, FIRST, LATER, commit, git, plain, repository
from tests.unit.samples import write_tree
from toolkit.errors import UsageError
from toolkit.go import borrowed
from toolkit.go.repository import FIRST_EPOCH, LAST_EPOCH, History, epoch, history, wanted_epoch

pytestmark = pytest.mark.needs("git")

Maker = Callable[[Path], Path]

# --- repositories with the same answer as plain git ------------------------------------------------------------------


def packed(folder: Path) -> Path:
    """Put everything in one pack, with a commit graph, and the references in one file."""
    root = repository(folder, "cmd/x")
    git(root, "gc", "--quiet")
    git(root, "commit-graph", "write", "--reachable", "--changed-paths")
    return root


def detached(folder: Path) -> Path:
    """Check out a commit instead of a branch."""
    root = repository(folder, "cmd/x")
    git(root, "checkout", "--quiet", "--detach", "HEAD~")
    return root


def worktree(folder: Path) -> Path:
    """Add a worktree, whose `.git` is a file."""
    repository(folder / "main", "cmd/x")
    git(folder / "main", "worktree", "add", "--quiet", "-b", "other", str(folder / "tree"), "HEAD~")
    return folder / "tree" / "cmd" / "x"


def submodule(folder: Path) -> Path:
    """Add a submodule, whose `.git` is a file, to a repository with a later commit."""
    repository(folder / "library", "cmd/x")
    top = repository(folder / "top")
    git(top, "submodule", "--quiet", "add", str(folder / "library"), "library")
    commit(top, LATER + 1)
    return top / "library" / "cmd" / "x"


def separate(folder: Path) -> Path:
    """Keep the git directory somewhere else."""
    return repository(folder / "top", "cmd/x", f"--separate-git-dir={folder / 'data'}")


def linked(folder: Path) -> Path:
    """Make `.git` a link to the git directory."""
    root = repository(folder / "top", "cmd/x")
    (folder / "top" / ".git").rename(folder / "data")
    (folder / "top" / ".git").symlink_to("../data")
    return root


def borrowing(folder: Path) -> Path:
    """Borrow the objects of another repository, which borrows from a third."""
    repository(folder / "a", "cmd/x")
    git(folder, "clone", "--quiet", "--shared", "a", "b")
    commit(write_tree(folder / "b", {"beside": ""}), LATER + 1)
    git(folder, "clone", "--quiet", "--shared", "b", "c")
    (folder / "c/.git/objects/info/alternates").write_text("# a comment\n\n../../../b/.git/objects\n")
    return folder / "c" / "cmd" / "x"


def replaced(folder: Path) -> Path:
    """Replace two commits by others, as files and packed."""
    root = repository(folder, "cmd/x")
    old = git(root, "rev-parse", "HEAD~")
    git(root, "replace", old, git(root, "commit-tree", "-m", "other", f"{old}^{{tree}}", when=FIRST + 7))
    git(root, "pack-refs", "--all")
    other = git(root, "rev-parse", "HEAD")
    git(root, "replace", other, git(root, "commit-tree", "-m", "o", "-p", old, f"{other}^{{tree}}", when=LATER + 7))
    return root


def grafted(folder: Path) -> Path:
    """Give a commit other parents by a graft."""
    root = repository(folder, "cmd/x")
    write_tree(folder, {".git/info/grafts": f"{git(root, 'rev-parse', 'HEAD')}\n"})
    return root


def merged(folder: Path) -> Path:
    """Merge the commit that touched the module."""
    root = repository(folder, "cmd/x")
    git(root, "checkout", "--quiet", "-b", "side", "HEAD~")
    commit(write_tree(root, {"main.go": "package main\n"}), FIRST + 50)
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-edit", "side", when=LATER + 50)
    return root


def link_as_head(folder: Path) -> Path:
    """Make HEAD a link to a reference, as git once did."""
    root = repository(folder, "cmd/x")
    (folder / ".git" / "HEAD").unlink()
    (folder / ".git" / "HEAD").symlink_to("refs/heads/main")
    return root


def blobless(folder: Path) -> Path:
    """Clone without the old files; their names are enough."""
    repository(folder / "full", "cmd/x")
    git(folder / "full", "config", "uploadpack.allowFilter", "true")
    git(folder, "clone", "--quiet", "--filter=blob:none", (folder / "full").as_uri(), "part")
    return folder / "part" / "cmd" / "x"


def ends_above_its_boundary(folder: Path) -> Path:
    """Make a shallow clone that has the commit in question and its parent."""
    commit(repository(folder / "full", "cmd/x") / "..", LATER + 1)
    commit(write_tree(folder / "full", {"cmd/x/new.go": "package main\n"}), LATER + 2)
    git(folder, "clone", "--quiet", "--depth=2", (folder / "full").as_uri(), "part")
    return folder / "part" / "cmd" / "x"


def with_empty_commits(folder: Path) -> Path:
    """Add a commit that changes nothing."""
    root = repository(folder)
    commit(root, LATER)
    return root


def nested(folder: Path) -> Path:
    """Put a `.git` that does not contain the module between the module and its repository."""
    root = repository(folder, "a/b")
    git(folder / "a", "init", "--quiet")
    return root


MAKERS: dict[str, Maker] = {
    "full": lambda folder: repository(folder, "cmd/x"),
    "top": repository,
    "packed": packed,
    "detached": detached,
    "worktree": worktree,
    "submodule": submodule,
    "separate": separate,
    "linked": linked,
    "borrowing": borrowing,
    "sha256": lambda folder: repository(folder, "cmd/x", "--object-format=sha256"),
    "replaced": replaced,
    "grafted": grafted,
    "merged": merged,
    "link as HEAD": link_as_head,
    "blobless": blobless,
    "not at the boundary": ends_above_its_boundary,
    "empty commits": with_empty_commits,
    "magic name": lambda folder: repository(folder, ":(glob)**/[a-z]*"),
    "name like an option": lambda folder: repository(folder, "--all"),
    "name that is not UTF-8": lambda folder: repository(folder, os.fsdecode(b"\xff")),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_time_is_the_one_that_plain_git_prints(make: Maker, tmp_path: Path) -> None:
    """However a repository stores its commits, the answer is that of `git log -1`, without a note."""
    root = make(tmp_path / "it")
    top = Path(git(root, "rev-parse", "--show-toplevel"))
    assert history(root) == History(top, plain(root))


def test_a_nested_repository_without_the_module_is_passed_over(tmp_path: Path) -> None:
    """The repository is the nearest whose HEAD contains this go.mod."""
    assert history(nested(tmp_path)) == History(tmp_path, FIRST)


def test_a_module_named_through_a_link_belongs_to_the_repository_of_its_files(tmp_path: Path) -> None:
    """As in git, the real path of a directory counts."""
    repository(tmp_path / "top", "cmd/x")
    (tmp_path / "link").symlink_to("top/cmd/x")
    assert history(tmp_path / "link") == History(tmp_path / "top", FIRST)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_another_users_checkout_has_its_own_time(tmp_path: Path) -> None:
    """Git refuses to work there; no setting of that user is obeyed, so reading is safe."""
    root = repository(tmp_path, "cmd/x")
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 12345, 12345)
    assert history(root) == History(tmp_path, FIRST)


# --- repositories without a complete answer --------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_has_a_time_and_a_note(depth: int, tmp_path: Path) -> None:
    """Its oldest commit seems to change everything; the note explains that."""
    commit(repository(tmp_path / "full", "cmd/x") / "..", LATER + 1)
    git(tmp_path, "clone", "--quiet", f"--depth={depth}", (tmp_path / "full").as_uri(), "part")
    found = history(tmp_path / "part" / "cmd" / "x")
    assert found.commit_time == plain(tmp_path / "part" / "cmd" / "x") == LATER + 2 - depth
    assert found.note == (
        f"`{tmp_path / 'part'}` is a shallow clone, so packages get the date of its oldest commit; "
        "a full clone or `SOURCE_DATE_EPOCH` results in other archives"
    )


def remove(git_directory: Path, *names: str) -> None:
    """Remove objects."""
    for name in names:
        (git_directory / "objects" / name[:2] / name[2:]).unlink()


def without_tree(folder: Path) -> None:
    """Remove the tree of the first commit, as in a partial clone with `--filter=tree:0`."""
    remove(folder / ".git", git(folder, "rev-parse", "HEAD~^{tree}"))


def without_tree_of_head(folder: Path) -> None:
    """Remove the tree that would list go.mod."""
    remove(folder / ".git", git(folder, "rev-parse", "HEAD^{tree}"))


def without_commit(folder: Path) -> None:
    """Remove the first commit."""
    remove(folder / ".git", git(folder, "rev-parse", "HEAD~"))


def damaged(folder: Path) -> None:
    """Truncate an object."""
    name = git(folder, "rev-parse", "HEAD")
    path = folder / ".git" / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:20])


def emptied(folder: Path) -> None:
    """Make `.git` an empty directory."""
    shutil.rmtree(folder / ".git")
    (folder / ".git").mkdir()


def without_files(folder: Path) -> None:
    """Store references in a table, as newer versions of git can."""
    write_tree(folder, {".git/HEAD": "ref: refs/heads/.invalid\n", ".git/reftable/tables.list": ""})


def pointing_nowhere(folder: Path) -> None:
    """Make `.git` name a directory that was removed."""
    (folder / ".git").rename(folder / "data")
    write_tree(folder, {".git": "gitdir: gone\n"})


def pointing_at_nothing(folder: Path) -> None:
    """Make `.git` an unrelated file."""
    (folder / ".git").rename(folder / "data")
    write_tree(folder, {".git": "hello"})


def unborn(folder: Path) -> None:
    """Check out a branch without a commit."""
    git(folder, "checkout", "--quiet", "--orphan", "new")


def without_references(folder: Path) -> None:
    """Write something else into HEAD."""
    write_tree(folder, {".git/HEAD": "main\n"})


def untracked(folder: Path) -> None:
    """Commit the removal of go.mod."""
    git(folder, "rm", "--quiet", "--cached", "cmd/x/go.mod")
    git(folder, "commit", "--quiet", "--message=gone")


def other_format(folder: Path) -> None:
    """Name a commit by a hash that is too long for the repository."""
    write_tree(folder, {".git/HEAD": f"{'ab' * 32}\n"})


def in_a_circle(folder: Path) -> None:
    """Make references name each other."""
    write_tree(folder, {".git/refs/heads/main": "ref: refs/heads/b\n", ".git/refs/heads/b": "ref: refs/heads/main\n"})


def long_names(folder: Path) -> None:
    """Give a branch a name that no file system allows."""
    write_tree(folder, {".git/HEAD": f"ref: refs/heads/{'a' * 300}\n"})


def long_pointer(folder: Path) -> None:
    """Name a git directory by a path of many lines."""
    (folder / ".git").rename(folder / "data")
    write_tree(folder, {".git": "gitdir: " + "a\n/" * 9000})


TROUBLE: dict[Callable[[Path], None], str] = {
    without_tree: "git cannot read the history (a partial clone, or damaged): ",
    without_tree_of_head: "git cannot read the history (a partial clone, or damaged): ",
    without_commit: "git cannot read the history (a partial clone, or damaged): ",
    damaged: "git cannot read the history (a partial clone, or damaged): ",
    emptied: "does not lead to a git directory",
    without_files: "as a reftable",
    pointing_nowhere: "does not lead to a git directory",
    pointing_at_nothing: "does not lead to a git directory",
    unborn: "has no commit yet",
    without_references: "does not lead to a commit",
    untracked: "does not contain `cmd/x/go.mod`",
    other_format: "git cannot read the history (a partial clone, or damaged): ",
    in_a_circle: "form a cycle",
    long_names: "`: File name too long",
    long_pointer: "does not lead to a git directory",
}


@pytest.mark.parametrize("spoil", TROUBLE, ids=lambda spoil: spoil.__name__)
def test_a_time_that_is_not_known_has_a_reason(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    """The note explains the date 1980 and how to choose another one."""
    root = repository(tmp_path, "cmd/x")
    spoil(tmp_path)
    found = history(root)
    assert found.commit_time is None
    assert found.note.startswith("packages are dated 1980-01-01 because ")
    assert TROUBLE[spoil] in found.note
    assert found.note.endswith("; set `SOURCE_DATE_EPOCH` to choose the date")
    assert "\n" not in found.note
    assert len(found.note) < 500


def test_the_top_is_known_where_only_the_history_is_not(tmp_path: Path) -> None:
    """HEAD is enough to find the repository."""
    root = repository(tmp_path, "cmd/x")
    without_tree(tmp_path)
    assert history(root).top == tmp_path


def test_a_repository_above_that_does_not_know_the_module_is_not_its_own(tmp_path: Path) -> None:
    """Some users keep their home directory in git; it is unrelated to the programs they build."""
    repository(tmp_path, "dotfiles")
    root = write_tree(tmp_path / "src" / "x", FILES)
    found = history(root)
    assert (found.top, found.commit_time) == (root, None)
    assert "`src/x/go.mod`" in found.note


def test_a_module_outside_any_repository_needs_no_note(tmp_path: Path) -> None:
    """There is no history."""
    assert history(write_tree(tmp_path, FILES)) == History(tmp_path, None)


def test_a_machine_without_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The build continues without a date."""
    root = repository(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "because `git` is not installed; " in history(root).note


def test_a_git_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time limit bounds the cost of a repository."""
    root = repository(tmp_path / "top")
    (write_tree(tmp_path, {"bin/git": "#!/bin/sh\nexec sleep 60\n"}) / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(borrowed, "SECONDS", 0.2)
    assert "took longer than 0.2 seconds" in history(root).note


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory for temporary directories."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize("spoil", [lambda _: None, without_tree, damaged], ids=["good", "missing", "damaged"])
def test_nothing_is_left_behind(spoil: Callable[[Path], None], tmp_path: Path, scratch: Path) -> None:
    """The empty repository is removed, whether or not git failed."""
    root = repository(tmp_path / "top", "cmd/x")
    spoil(tmp_path / "top")
    history(root)
    assert not list(scratch.iterdir())


def test_a_full_disk_is_a_reason(tmp_path: Path, scratch: Path) -> None:
    """Without a temporary directory, there is a note instead of a date."""
    root = repository(tmp_path / "top")
    scratch.rmdir()
    assert "cannot make a temporary directory" in history(root).note


# --- the epoch -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("commit_time", "expected"),
    [(None, FIRST_EPOCH), (0, FIRST_EPOCH), (FIRST, FIRST), (1 << 40, LAST_EPOCH)],
)
def test_the_epoch_is_the_commits_within_what_a_zip_can_store(commit_time: int | None, expected: int) -> None:
    """A commit of the seventies, and a source without commits, have the time 1980-01-01."""
    assert epoch(commit_time) == expected


@pytest.mark.parametrize("text", ["315532800", "1700000000", "4294967295"])
def test_source_date_epoch_counts_before_any_commit(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any time that both kinds of archive can store is accepted."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert epoch(FIRST) == wanted_epoch() == int(text)


@pytest.mark.parametrize(
    "text",
    ["0", "315532799", "4294967296", "-1", "1.5", "now", " 1700000000", "٣", pytest.param("9" * 5000, id="long")],
)
def test_a_source_date_epoch_that_no_archive_can_store_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid variable is reported, never ignored."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(UsageError, match="must be a Unix time from 1980 to 2106") as caught:
        wanted_epoch()
    assert f"`{text}`" in str(caught.value)
    assert caught.value.hint.startswith("`unset SOURCE_DATE_EPOCH`")


def test_an_empty_source_date_epoch_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every variable, empty means unset."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert wanted_epoch() is None
