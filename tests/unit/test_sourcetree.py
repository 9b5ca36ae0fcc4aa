from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from tests.unit.samples import write_tree
from toolkit import sourcetree

PROGRAM: dict[str, str | bytes] = {
    "go.mod": "module example.test/program\n",
    "main.go": "package main\n\nfunc main() {}\n",
    "inner/inner.go": "package inner\n",
    "inner/data.txt": "data\n",
}
README = 'package main\n\nimport _ "embed"\n\n//go:embed README.md\nvar text string\n'


def digest(root: Path) -> str:
    """Return the digest of all that a compile of a folder may read."""
    return sourcetree.digest(root, sourcetree.files(root))


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
