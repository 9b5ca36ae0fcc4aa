from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.exact import LINUX, WINDOWS, Builds, started
from tests.unit.samples import write_tree
from toolkit.errors import LinkOutside, NameNotText, ReplacementOutside, SourceError, SourceTooLarge, UsageError
from toolkit.go import source, toolchain
from toolkit.model import Module, Source
from toolkit.options import SourceLimit

MAIN = "package main\n\nfunc main() {}\n"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """Return the local engine."""
    with started("local", tmp_path_factory.mktemp("engine")) as builds:
        yield builds


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return the directory of a module: a main package at its top, another below, a version and documents."""
    go_mod = "module example.test/program\n\ngo 1.21\n"
    files = {"main.go": MAIN, "go.mod": go_mod, "VERSION": "1.2.0\n", "LICENSE": "ours", "cmd/tool/main.go": MAIN}
    return write_tree(tmp_path / "repository" / "program", files)


def resolve(engine: Builds, text: Path | str) -> Source:
    """Return the source that a text names."""
    return engine.resolve(text).source


def refusal(engine: Builds, text: str | Path) -> SourceError:
    """Return the error for a source."""
    with pytest.raises(SourceError) as caught:
        engine.resolve(text)
    return caught.value


def places(source: Source) -> list[str]:
    """Return the files of a compile."""
    return [piece.place for piece in source.files]


# --- a source that can be built --------------------------------------------------------------------------------------


def test_a_directory_with_a_main_package_is_a_source(
    engine: Builds, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory provides everything that affects the bytes and everything for packaging."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    found = resolve(engine, program)
    assert (found.name, found.directory, found.package) == ("program", "", ".")
    assert (found.module, found.version, found.epoch) == (Module("example.test/program"), "1.2.0", 1_700_000_000)
    assert places(found) == ["go.mod", "main.go"]
    assert [b"".join(piece.chunks()) for piece in found.files][1] == MAIN.encode()
    assert found.documents == (("LICENSE", b"ours"),)
    assert not found.remote


def test_a_program_that_states_its_version_gets_its_digest(engine: Builds, program: Path) -> None:
    """A program with a version in the file VERSION is linked with it; any other program is linked without a stamp."""
    stamped = resolve(engine, program)
    assert stamped.stamps == (("main.sourceDigest", stamped.digest),)
    (program / "VERSION").unlink()
    plain = resolve(engine, program)
    assert (plain.version, plain.stamps, plain.digest) == ("0.0.0", (), stamped.digest)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"1.0\n2.0\n", b"1.0/2.0\n", b"Version: 1.2\n", b"1" * 200])
def test_a_version_file_of_another_kind_is_a_note(content: bytes, engine: Builds, program: Path) -> None:
    """It may have another purpose; the version becomes part of the names of archives."""
    (program / "VERSION").write_bytes(content)
    found = resolve(engine, program)
    assert (found.version, found.stamps) == ("0.0.0", ())
    assert "VERSION` does not contain a version" in found.notes[-1]


@pytest.mark.parametrize("target", ["/etc/hostname", "/proc/self/environ", "../token", ".git/HEAD"])
def test_a_version_is_never_that_of_another_file_of_this_machine(target: str, engine: Builds, program: Path) -> None:
    """It would be published in the names of archives."""
    write_tree(program, {"../token": "s3cr3t\n", ".git/HEAD": "s3cr3t\n"})
    (program / "VERSION").unlink()
    (program / "VERSION").symlink_to(target)
    error = refusal(engine, program)
    assert type(error) is LinkOutside
    assert "`VERSION` is a link" in str(error)


def test_a_version_may_be_a_link_inside_the_source_or_no_file(engine: Builds, program: Path) -> None:
    """It is read from the copy; a directory of that name has another purpose."""
    (program / "VERSION").rename(program / "version.txt")
    (program / "VERSION").symlink_to("version.txt")
    assert resolve(engine, program).version == "1.2.0"
    (program / "VERSION").unlink()
    (program / "VERSION").mkdir()
    assert resolve(engine, program).version == "0.0.0"


def test_a_package_below_its_module_is_built_from_the_modules_top(engine: Builds, program: Path) -> None:
    """Its name is its directory's, its documents are the nearest, and only files that it needs affect the digest."""
    found = resolve(engine, program / "cmd" / "tool")
    assert (found.name, found.directory, found.package) == ("tool", "", "./cmd/tool")
    assert places(found) == ["cmd/tool/main.go", "go.mod"]
    assert (found.version, found.stamps, found.documents) == ("0.0.0", (), (("LICENSE", b"ours"),))
    (program / "main.go").write_text(f"{MAIN}// changed\n")
    assert resolve(engine, program / "cmd" / "tool").digest == found.digest


@pytest.mark.parametrize("text", ["program", "./program", "~/program", "program/../program"])
def test_a_directory_may_be_written_in_any_way(
    text: str, engine: Builds, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is relative to the current directory, or to the home directory."""
    monkeypatch.chdir(program.parent)
    monkeypatch.setenv("HOME", str(program.parent))
    monkeypatch.setenv("USERPROFILE", str(program.parent))
    assert resolve(engine, text).name == "program"


def test_a_directory_with_an_at_sign_is_a_directory(engine: Builds, program: Path) -> None:
    """An existing path is never mistaken for a module and its version."""
    there = program.rename(program.with_name("program@v1"))
    assert resolve(engine, there).name == "program"


def test_a_link_to_a_package_is_that_package(engine: Builds, program: Path, tmp_path: Path) -> None:
    """If a link's path is not in a module, its target may be."""
    (tmp_path / "short").symlink_to(program / "cmd" / "tool")
    assert resolve(engine, tmp_path / "short").package == "./cmd/tool"


def test_a_module_replaced_elsewhere_in_the_repository_is_part_of_the_source(engine: Builds, program: Path) -> None:
    """Its relative path is kept; the digest is the same in a copy in another directory."""
    write_tree(program.parent, {"y/go.mod": "module example.test/y\n", "y/y.go": "package y\n"})
    text = 'package main\n\nimport _ "example.test/y"\n\nfunc main() {}\n'
    go_mod = "module example.test/program\n\nrequire example.test/y v0.0.0\n\nreplace example.test/y => ../y\n"
    write_tree(program, {"main.go": text, "go.mod": go_mod})
    assert type(refusal(engine, program)) is ReplacementOutside
    commit(program.parent)
    found = resolve(engine, program)
    assert found.directory == "program"
    assert places(found) == ["program/go.mod", "program/main.go", "y/go.mod", "y/y.go"]
    other = program.parent.rename(program.parent.with_name("elsewhere")) / "program"
    assert resolve(engine, other).digest == found.digest
    assert isinstance(engine.build(other), bytes)


def commit(folder: Path) -> None:
    """Make a directory a repository."""
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.test")
    for args in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "something")):
        subprocess.run(["git", "-C", folder, *args], check=True)


def test_what_one_system_needs_belongs_to_all(engine: Builds, program: Path) -> None:
    """The digest does not depend on the selected pairs."""
    write_tree(program, {"w_windows.go": "package main\n"})
    one, other, both = (engine.resolve(program, *chosen).source for chosen in ((LINUX,), (WINDOWS,), (LINUX, WINDOWS)))
    assert places(one) == ["go.mod", "main.go", "w_windows.go"]
    assert one.digest == other.digest == both.digest


def test_a_pair_that_go_refuses_is_a_reason_of_that_pair(engine: Builds, program: Path) -> None:
    """The refusal has the user's paths; if that pair is the only selected one, there is nothing to build."""
    write_tree(program, {"w_windows.go": 'package main\n\nimport _ "example.test/program/none"\n'})
    found = engine.resolve(program, LINUX, WINDOWS).source
    assert set(found.refusals) == {"windows/amd64"}
    with pytest.raises(SourceError, match=r"example\.test/program/none"):
        engine.resolve(program, WINDOWS)


def test_a_vendored_module_brings_its_license(engine: Builds, program: Path) -> None:
    """It does not have to exist anywhere else."""
    text = 'package main\n\nimport _ "corp.invalid/y"\n\nfunc main() {}\n'
    listed = "# corp.invalid/y v1.0.0\n## explicit; go 1.21\ncorp.invalid/y\n"
    go_mod = "module example.test/program\n\ngo 1.21\n\nrequire corp.invalid/y v1.0.0\n"
    files = {
        "main.go": text,
        "go.mod": go_mod,
        "vendor/modules.txt": listed,
        "vendor/corp.invalid/y/y.go": "package y\n",
    }
    write_tree(program, files | {"vendor/corp.invalid/y/LICENSE": "theirs\n", "vendor/corp.invalid/y/NOTICE": "and\n"})
    assert resolve(engine, program).licenses == (("corp.invalid/y v1.0.0", "theirs\n\nand"),)
    assert isinstance(engine.build(program), bytes)


# --- a source that cannot --------------------------------------------------------------------------------------------


def test_a_directory_that_does_not_exist_is_an_error(engine: Builds, tmp_path: Path) -> None:
    """A file is not one either, and the hint lists the alternatives."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "missing", tmp_path / "file"):
        assert str(refusal(engine, path)) == f"`{path}` is not a directory"
        assert "path@version" in refusal(engine, path).hint


@pytest.mark.parametrize("text", ["~no-such-user/program", "x" * 5000, "a\0b"], ids=["nobody", "long", "nul"])
def test_a_name_that_no_directory_can_have_is_an_error(text: str, engine: Builds) -> None:
    """Any input ends in a message, not in a traceback."""
    assert text in str(refusal(engine, text))


def test_a_directory_outside_of_any_module_is_an_error(engine: Builds, tmp_path: Path) -> None:
    """The hint is the command that creates a module."""
    write_tree(tmp_path, {"main.go": MAIN})
    assert str(refusal(engine, tmp_path)) == f"`{tmp_path}` is not in a Go module"
    assert "go mod init" in refusal(engine, tmp_path).hint


@pytest.mark.parametrize("text", ["modules example.test/x\n", "\0\xff", "module x y z\n", "go\n"])
def test_a_go_mod_that_go_cannot_read_is_an_error(text: str, engine: Builds, program: Path) -> None:
    """The error names the file with the user's path."""
    (program / "go.mod").write_text(text, "latin-1")
    assert str(program / "go.mod") in str(refusal(engine, program))


def test_a_go_mod_that_leads_nowhere_is_an_error(engine: Builds, program: Path) -> None:
    """A link that leads out of the repository is an error, too."""
    (program / "go.mod").unlink()
    (program / "go.mod").symlink_to("none")
    assert "go.mod" in str(refusal(engine, program))
    (program / "go.mod").unlink()
    (program / "go.mod").symlink_to("/etc/hostname")
    assert type(refusal(engine, program)) is LinkOutside


def test_a_package_that_is_not_a_program_is_an_error(engine: Builds, program: Path) -> None:
    """The message names the package that the directory contains, and the hint a program near by."""
    write_tree(program / "lib", {"lib.go": "package lib\n", "main_test.go": "package lib\n", "deep/er/main.go": MAIN})
    error = refusal(engine, program / "lib")
    assert str(error) == f"`{program / 'lib'}` contains package `lib`, not a main package"
    assert error.hint == f"did you mean `{program / 'lib' / 'deep' / 'er'}`?"


def test_a_directory_without_go_files_is_an_error(engine: Builds, program: Path) -> None:
    """The hint names a program of the module, or says what to look for."""
    write_tree(program, {"empty/note.txt": ""})
    assert str(refusal(engine, program / "empty")) == f"`{program / 'empty'}` contains no Go files"
    assert "did you mean" in refusal(engine, program / "empty").hint
    (program / "main.go").unlink()
    assert refusal(engine, program).hint == f"did you mean `{program / 'cmd' / 'tool'}`?"
    (program / "cmd" / "tool" / "main.go").unlink()
    assert refusal(engine, program).hint == "use the directory that contains `func main`"


@pytest.mark.parametrize("place", [b"b\xff", b"cmd/\xe9t\xe9"])
def test_a_directory_whose_name_is_not_text_is_an_error(place: bytes, engine: Builds, program: Path) -> None:
    """Go cannot import it, and no message could show its name."""
    write_tree(program, {f"{os.fsdecode(place)}/main.go": "package main\n\nfunc main() {}\n"})
    error = refusal(engine, program / os.fsdecode(place))
    assert type(error) is NameNotText
    assert str(error).isascii()


@pytest.mark.parametrize(
    ("path", "below", "name"),
    [
        ("example.test/api/v1", ".", "v1"), ("example.test/x", "cmd/v3", "cmd"), ("example.test/x/v2", ".", "x"),
        ("gopkg.in/tiny.v3", ".", "tiny.v3"), ("example.test/x.exe", ".", "x.exe"), ("tiny", ".", "tiny"),
    ],
)  # fmt: skip
def test_a_program_has_the_name_that_go_gives_it(
    path: str, below: str, name: str, engine: Builds, program: Path
) -> None:
    """A major version from v2 on is not a name; the directory's name does not matter."""
    write_tree(program, {"go.mod": f"module {path}\n\ngo 1.21\n", "cmd/v3/main.go": MAIN})
    assert resolve(engine, program / below).name == name
    listed = toolchain.go().run("list", "-f", "{{.Target}}", ".", cwd=program / below, GOPATH=str(program)).stdout
    assert Path(listed.strip()).name == name


def test_imports_in_a_circle_are_listed(engine: Builds, program: Path) -> None:
    """`go build` lists them, and the hint is to remove one."""
    text = 'package {}\n\nimport _ "example.test/program/{}"\n'
    write_tree(program, {"a/a.go": text.format("a", "b"), "b/b.go": text.format("b", "a")})
    (program / "main.go").write_text(f"{text.format('main', 'a')}\nfunc main() {{}}\n")
    error = refusal(engine, program)
    assert str(error).count("    imports ") == 3
    assert str(error).endswith("/a: import cycle not allowed")
    assert "form a cycle" in error.hint


@pytest.mark.parametrize("version", ["1.999", "1.999.0", "2.0"])
def test_a_source_for_a_newer_go_is_an_error(version: str, engine: Builds, program: Path) -> None:
    """It is reported before the first compile, with the flag for another Go."""
    (program / "go.mod").write_text(f"module example.test/x\n\ngo {version}\n")
    error = refusal(engine, program)
    assert f"requires go >= {version}" in str(error)
    assert toolchain.pinned().removeprefix("go") in str(error)
    assert "`--toolchain`" in error.hint


@pytest.mark.parametrize("place", ["../b", "../../b/c", "/b", "./../b", ".."])
def test_a_replacement_outside_of_the_repository_is_an_error(place: str, engine: Builds, program: Path) -> None:
    """Files outside are neither read nor compiled."""
    (program / "go.mod").write_text(f"module example.test/x\n\nreplace a.example/b v1.0.0 => {place}\n")
    error = refusal(engine, program)
    assert type(error) is ReplacementOutside
    assert f"with `{place}`, which is outside the repository" in str(error)


@pytest.mark.parametrize("limit", [SourceLimit(files=3), SourceLimit(size=50)], ids=["files", "bytes"])
def test_a_source_that_is_too_large_is_an_error(limit: SourceLimit, engine: Builds, program: Path) -> None:
    """The hint is the flag that raises the limit."""
    with pytest.raises(SourceTooLarge) as caught:
        source.resolve(str(program), replace(engine.inquiry(), limit=limit))
    assert "`--max-source`" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "dist", "refused"),
    [
        (".", ".", True),
        ("cmd/x", ".", True),
        ("link/cmd", ".", True),
        (".", "link", True),
        (".", "dist", False),
        (".", "cmd", False),
        (".", "..", False),
        ("../none", ".", False),
        ("x@v1.0.0", ".", False),
    ],
)
def test_nothing_is_written_to_a_source(
    text: str, dist: str, *, refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--dist` may be below it or above it, but cannot be the same directory."""
    write_tree(tmp_path / "top", {"go.mod": "module x\n", "cmd/x/main.go": MAIN})
    (tmp_path / "top" / "link").symlink_to(".")
    monkeypatch.chdir(tmp_path / "top")
    if not refused:
        source.check_dist(text, Path(dist))
        return
    with pytest.raises(UsageError, match="`--dist` is the directory of the source"):
        source.check_dist(text, Path(dist))
