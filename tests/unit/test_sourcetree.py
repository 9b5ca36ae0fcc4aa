from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.samples import write_tree
from toolkit import sourcetree
from toolkit.errors import UsageError
from toolkit.sourcetree import FIRST_EPOCH

PROGRAM: dict[str, str | bytes] = {
    "go.mod": "module example.test/program\n",
    "main.go": "package main\n\nfunc main() {}\n",
    "inner/inner.go": "package inner\n",
    "inner/data.txt": "data\n",
}
LONG = pytest.param("9" * 5000, id="long")
README = 'package main\n\nimport _ "embed"\n\n//go:embed README.md\nvar text string\n'


def digest(root: Path) -> str:
    """Return the digest of all that a compile of a folder may read."""
    return sourcetree.digest(root, sourcetree.files(root))


def git(folder: Path, *args: str, when: int = 1_500_000_000) -> str:
    """Run git as nobody, at a time, and return what it said."""
    who = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "nobody")
    who |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "nobody@example.test")
    env = {**os.environ, **who, "GIT_AUTHOR_DATE": "1000000000 +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
    return subprocess.run(["git", "-C", folder, *args], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout


def commit(folder: Path, when: int) -> None:
    """Commit all that lies in a repository."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=something", when=when)


# --- files and their digest ------------------------------------------------------------------------------------------


def test_files_are_what_a_compile_may_read(tmp_path: Path) -> None:
    """Tests, prose, nested modules and the folders of tools are left out; names are sorted, folder by folder."""
    left_out = ["main_test.go", "README.md", "LICENSE", "NOTICE.txt", "CHANGELOG.md", "contributing", "inner/COPYING"]
    left_out += [".git/config", ".hg/x.go", ".svn/x.go", "node_modules/x/x.go", "nested/go.mod", "nested/x.go"]
    kept = [".env", "LICENSES", "README.go", "a b.txt", "license_key.go", "readme_not.txt"]
    write_tree(tmp_path, PROGRAM | dict.fromkeys((*left_out, *kept), ""))
    assert list(sourcetree.files(tmp_path)) == [
        *sorted([*kept, "go.mod", "main.go"]),
        "inner/data.txt",
        "inner/inner.go",
    ]


@pytest.mark.parametrize("name", ["main.go", "go.mod", "inner/data.txt", "inner/inner.go"])
def test_a_digest_changes_with_a_file(name: str, tmp_path: Path) -> None:
    """Another byte in what is compiled or may be embedded is another source."""
    before = digest(write_tree(tmp_path, PROGRAM))
    assert digest(write_tree(tmp_path, {name: "changed"})) != before


@pytest.mark.parametrize("name", ["new.go", "inner/new.txt", "vendor/x/x.go", ".hidden"])
def test_a_digest_changes_with_a_new_file(name: str, tmp_path: Path) -> None:
    """What may be embedded counts, hidden or not."""
    before = digest(write_tree(tmp_path, PROGRAM))
    assert digest(write_tree(tmp_path, {name: ""})) != before


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "readme", "LICENSE", "LICENCE.txt", "inner/NOTICE", "CHANGELOG.md", "CONTRIBUTING.md"),
        *("main_test.go", "inner/inner_test.go", ".git/HEAD"),
    ],
)
def test_a_digest_stays_with_what_is_not_compiled(name: str, tmp_path: Path) -> None:
    """A commit to prose or tests relinks nothing."""
    before = digest(write_tree(tmp_path, PROGRAM))
    assert digest(write_tree(tmp_path, {name: "new"})) == before


def test_a_digest_stays_with_a_nested_module(tmp_path: Path) -> None:
    """A folder with a go.mod of its own is another module."""
    before = digest(write_tree(tmp_path, PROGRAM))
    assert digest(write_tree(tmp_path, {"nested/go.mod": "", "nested/deep/x.go": ""})) == before


def test_a_module_nested_and_replaced_by_its_folder_is_compiled_in(tmp_path: Path) -> None:
    """A `replace` by a folder inside the module makes that folder part of the source."""
    replaced = "module example.test/program\n\nrequire example.test/y v0.0.0\n\nreplace example.test/y => ./y\n"
    files = {"go.mod": replaced, "y/go.mod": "module example.test/y\n", "y/y.go": "package y\n"}
    before = digest(write_tree(tmp_path, PROGRAM | files))
    assert digest(write_tree(tmp_path, {"y/y.go": "package y\n\nconst Y = 1\n"})) != before


def test_a_digest_tells_names_from_bytes(tmp_path: Path) -> None:
    """Two files that swap their names are another source; the folder that they lie in is not looked at."""
    one = write_tree(tmp_path / "one", {"a": "1", "b": "2"})
    other = write_tree(tmp_path / "other", {"a": "2", "b": "1"})
    same = write_tree(tmp_path / "same", {"a": "1", "b": "2"})
    assert digest(one) == digest(same) != digest(other)
    lines = [f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in (("a", b"1"), ("b", b"2"))]
    assert digest(one) == hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse the name")
def test_a_name_that_is_not_unicode_is_a_name_too(tmp_path: Path) -> None:
    """Linux lets a file be called anything."""
    write_tree(tmp_path, {**PROGRAM, os.fsdecode(b"\xff.txt"): "1"})
    assert len(digest(tmp_path)) == 64


@pytest.mark.parametrize(
    "lines",
    [
        "//go:embed README.md",
        "//go:embed LICENSE README.md",
        '//go:embed "README.md"',
        "//go:embed `README.md`",
        "//go:embed *.md",
        "//go:embed all:*",
        "//go:embed *",
    ],
)
def test_a_readme_that_is_embedded_is_compiled_in(lines: str, tmp_path: Path) -> None:
    """Prose counts where the program carries it."""
    embeds = README.replace("//go:embed README.md", lines)
    before = digest(write_tree(tmp_path, {**PROGRAM, "README.md": "old", "text.go": embeds}))
    assert digest(write_tree(tmp_path, {"README.md": "new"})) != before


def test_a_readme_embedded_from_a_group_is_compiled_in(tmp_path: Path) -> None:
    """A directive may be indented, as gofmt does it within `var (…)`."""
    embeds = 'package main\n\nimport _ "embed"\n\nvar (\n\t//go:embed README.md\n\ttext string\n)\n'
    write_tree(tmp_path, {**PROGRAM, "README.md": "", "text.go": embeds})
    assert "README.md" in sourcetree.files(tmp_path)


@pytest.mark.parametrize("pattern", ["inner/README.md", "inner", "inner/*.md", "*/README.md"])
def test_a_readme_embedded_from_above_is_compiled_in(pattern: str, tmp_path: Path) -> None:
    """A pattern may reach into folders below the file that states it."""
    embeds = README.replace("README.md", pattern)
    write_tree(tmp_path, {**PROGRAM, "inner/README.md": "", "text.go": embeds})
    assert "inner/README.md" in sourcetree.files(tmp_path)


@pytest.mark.parametrize("text", ["// //go:embed README.md\n", 'var s = "//go:embed README.md"\n'])
def test_a_word_about_embedding_embeds_nothing(text: str, tmp_path: Path) -> None:
    """Only a directive counts, and only one in a file that is compiled into that folder's package."""
    write_tree(tmp_path, {**PROGRAM, "README.md": "", "text.go": f"package main\n{text}", "inner/text.go": README})
    assert "README.md" not in list(sourcetree.files(tmp_path))


# --- documents -------------------------------------------------------------------------------------------------------


def test_documents_are_the_nearest_of_their_kind(tmp_path: Path) -> None:
    """The package's own licence counts before the module's; what it lacks comes from above; the top is the end."""
    write_tree(tmp_path, {"NOTICE": "outside"})
    write_tree(tmp_path / "top", dict.fromkeys(("LICENSE", "README.md", "COPYING"), "top's"))
    write_tree(tmp_path / "top", {"cmd/x/Licence.txt": "x's", "cmd/README": "cmd's", "cmd/x/main.go": ""})
    assert sourcetree.documents(tmp_path / "top" / "cmd" / "x", tmp_path / "top") == (
        ("COPYING", b"top's"),
        ("Licence.txt", b"x's"),
        ("README", b"cmd's"),
    )


def test_a_folder_is_no_document(tmp_path: Path) -> None:
    """Only files are shipped, and of two of a kind in one folder the first by name."""
    write_tree(tmp_path, {"LICENSE/MIT": "", "README.txt": "2", "README.md": "1", "main.go": ""})
    assert sourcetree.documents(tmp_path, tmp_path) == (("README.md", b"1"),)


def test_code_is_no_document(tmp_path: Path) -> None:
    """A package about licences is not licensed by its own source."""
    write_tree(tmp_path, {"LICENSE": "ours", "README.md": "ours", "cmd/license.go": "", "cmd/readme.go": ""})
    assert sourcetree.documents(tmp_path / "cmd", tmp_path) == (("LICENSE", b"ours"), ("README.md", b"ours"))


def test_a_repository_begins_where_git_says(tmp_path: Path) -> None:
    """`.git` may be a folder or, in a worktree, a file; without one, a folder is its own top."""
    write_tree(tmp_path, {"a/.git": "gitdir: elsewhere\n", "a/b/c/main.go": "", "d/main.go": ""})
    assert sourcetree.repository(tmp_path / "a" / "b" / "c") == tmp_path / "a"
    assert sourcetree.repository(tmp_path / "d") == tmp_path / "d"


# --- time ------------------------------------------------------------------------------------------------------------


def test_the_epoch_is_that_of_the_last_commit_to_the_source(tmp_path: Path) -> None:
    """A later commit to anything else leaves every archive as it is."""
    git(tmp_path, "init", "--quiet")
    commit(write_tree(tmp_path, {"program/main.go": "1"}), 1_600_000_000)
    commit(write_tree(tmp_path, {"program/main.go": "2"}), 1_600_000_001)
    commit(write_tree(tmp_path, {"README.md": ""}), 1_600_000_002)
    assert sourcetree.epoch(tmp_path / "program") == 1_600_000_001


def test_the_epoch_does_not_depend_on_how_somebody_likes_their_log(tmp_path: Path) -> None:
    """`log.showSignature` adds lines to what git says; the time is still the time."""
    git(tmp_path, "init", "--quiet")
    git(write_tree(tmp_path, {"main.go": ""}), "add", "--all")
    stamp = "nobody <nobody@example.test> 1600000000 +0000"
    text = f"tree {git(tmp_path, 'write-tree')}author {stamp}\ncommitter {stamp}\n"
    text += "gpgsig -----BEGIN PGP SIGNATURE-----\n no\n -----END PGP SIGNATURE-----\n\nsigned\n"
    write_tree(tmp_path, {"signed": text, "gpg": "#!/bin/sh\necho 'gpg: no such key' >&2\nexit 1\n"})
    (tmp_path / "gpg").chmod(0o755)
    git(tmp_path, "update-ref", "HEAD", git(tmp_path, "hash-object", "-t", "commit", "-w", "signed").strip())
    git(tmp_path, "config", "gpg.program", str(tmp_path / "gpg"))
    git(tmp_path, "config", "log.showSignature", "true")
    assert sourcetree.epoch(tmp_path) == 1_600_000_000


def test_the_epoch_is_no_earlier_than_a_zip_can_hold(tmp_path: Path) -> None:
    """A commit of the seventies, and a source without any commit, have the time 1980-01-01."""
    assert sourcetree.epoch(tmp_path) == FIRST_EPOCH
    git(tmp_path, "init", "--quiet")
    assert sourcetree.epoch(tmp_path) == FIRST_EPOCH
    commit(write_tree(tmp_path, {"main.go": ""}), 100_000_000)
    assert sourcetree.epoch(tmp_path) == FIRST_EPOCH


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_the_epoch_of_another_users_checkout_is_its_own(tmp_path: Path) -> None:
    """In a container, or under sudo, git refuses it unless told otherwise."""
    git(tmp_path, "init", "--quiet")
    commit(write_tree(tmp_path, {"main.go": ""}), 1_600_000_000)
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 12345, 12345)
    assert sourcetree.epoch(tmp_path) == 1_600_000_000


def test_without_git_there_is_an_epoch_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine may have no git at all."""
    git(tmp_path, "init", "--quiet")
    commit(write_tree(tmp_path, {"main.go": ""}), 1_600_000_000)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sourcetree.epoch(tmp_path) == FIRST_EPOCH


@pytest.mark.parametrize("text", ["315532800", "1700000000", "4294967295"])
def test_source_date_epoch_counts_before_any_commit(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any time that both kinds of archive can hold may be asked for."""
    git(tmp_path, "init", "--quiet")
    commit(write_tree(tmp_path, {"main.go": ""}), 1_600_000_000)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert sourcetree.epoch(tmp_path) == sourcetree.wanted_epoch() == int(text)


@pytest.mark.parametrize(
    "text",
    ["0", "315532799", "4294967296", "-1", "1.5", "now", " 1700000000", "٣", pytest.param("9" * 5000, id="long")],
)
def test_a_source_date_epoch_that_no_archive_can_hold_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong variable is told, never passed over."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(UsageError, match="is no time in seconds") as caught:
        sourcetree.wanted_epoch()
    assert f"`{text}`" in str(caught.value)
    assert "SOURCE_DATE_EPOCH" in caught.value.hint


def test_an_empty_source_date_epoch_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with every variable, empty means that nobody asks."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    assert sourcetree.wanted_epoch() is None
