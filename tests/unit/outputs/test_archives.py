from __future__ import annotations

import dataclasses
import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.samples import DEPENDENCY, LINUX, PLAN9, WINDOWS, binary, dist, names, refused, source
from toolkit.model import Artifact, Module, Release
from toolkit.outputs.archives import apart, archives, label, tarred, third_party, zipped
from toolkit.outputs.staging import Staging

EPOCH = 1_700_000_000
STEM = "program_1.2.0_linux_amd64"


def release(folder: Path, **changes: Any) -> Release:
    """Return a release of three pairs, one of them for Windows, and one that was refused."""
    built = [binary(target, folder / "bin", DEPENDENCY) for target in (LINUX, PLAN9, WINDOWS)]
    return dist(folder / "release", refused(), *built, **changes)


def packed(made: Release, folder: Path, **old: Artifact) -> dict[str, Artifact]:
    """Return the archives of a release, by name, made in a directory."""
    folder.mkdir()
    before = {artifact.path.name: artifact for artifact in old.values()}
    return {artifact.path.name: artifact for artifact in archives(made, Staging(folder, before))}


def members(path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the members of a tar archive, in order."""
    with tarfile.open(path) as tar:
        yield from tar


@pytest.fixture
def umask() -> Iterator[None]:
    """Restore the umask that a test changes."""
    before = os.umask(0)
    os.umask(before)
    yield
    os.umask(before)


def test_there_is_an_archive_for_each_binary(tmp_path: Path) -> None:
    """There is a zip for Windows and a tar.gz for all others, each with its pair; unbuilt pairs have none."""
    made = packed(release(tmp_path), tmp_path / "new")
    assert {name: artifact.target for name, artifact in made.items()} == {
        "program_1.2.0_linux_amd64.tar.gz": LINUX,
        "program_1.2.0_plan9_386.tar.gz": PLAN9,
        "program_1.2.0_windows_amd64.zip": WINDOWS,
    }
    assert {artifact.kind for artifact in made.values()} == {"archive"}
    assert names(tmp_path / "new") == sorted(made)


def test_a_tar_holds_the_program_and_its_texts(tmp_path: Path) -> None:
    """They are in a directory with the archive's name, sorted, without an owner, with fixed modes and times."""
    made = packed(release(tmp_path), tmp_path / "new")
    rows = [
        (member.name, member.mode, member.uid, member.gid, member.uname, member.gname, member.mtime, member.isreg())
        for member in members(made[f"{STEM}.tar.gz"].path)
    ]
    modes = {"LICENSE": 0o644, "README.md": 0o644, "THIRD_PARTY_LICENSES": 0o644, "program": 0o755}
    assert rows == [(f"{STEM}/{name}", mode, 0, 0, "", "", EPOCH, True) for name, mode in modes.items()]


def test_a_tar_holds_the_very_bytes(tmp_path: Path) -> None:
    """The unpacked program is the checked one."""
    made = packed(release(tmp_path), tmp_path / "new")
    with tarfile.open(made[f"{STEM}.tar.gz"].path) as tar:
        contents = {name.split("/")[1]: (tar.extractfile(name) or io.BytesIO()).read() for name in tar.getnames()}
    assert contents["program"] == b"a program"
    assert (contents["LICENSE"], contents["README.md"]) == (b"do as you like\n", b"read me\n")
    assert b"example.test/dependency v1.2.3" in contents["THIRD_PARTY_LICENSES"]


def test_a_zip_for_windows_holds_the_same(tmp_path: Path) -> None:
    """Its program ends in .exe, its modes apply if it is unpacked on Unix, and its times are UTC."""
    made = packed(release(tmp_path), tmp_path / "new")
    with zipfile.ZipFile(made["program_1.2.0_windows_amd64.zip"].path) as archive:
        rows = {item.filename.split("/")[1]: item for item in archive.infolist()}
        assert archive.read(rows["program.exe"]) == b"a program"
    assert list(rows) == ["LICENSE", "README.md", "THIRD_PARTY_LICENSES", "program.exe"]
    assert {item.filename.split("/")[0] for item in rows.values()} == {"program_1.2.0_windows_amd64"}
    assert {item.date_time for item in rows.values()} == {(2023, 11, 14, 22, 13, 20)}
    assert {item.create_system for item in rows.values()} == {3}
    assert [rows[name].external_attr >> 16 for name in ("program.exe", "LICENSE")] == [
        stat.S_IFREG | 0o755,
        stat.S_IFREG | 0o644,
    ]
    assert {item.compress_type for item in rows.values()} == {zipfile.ZIP_DEFLATED}


@pytest.mark.usefixtures("umask")
def test_archives_are_equal_wherever_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes do not depend on the directory, times and modes of files, or the umask."""
    first = packed(release(tmp_path / "a"), tmp_path / "first")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    os.umask(0o077)
    other = release(tmp_path / "b" / "deeper")
    for item in other.binaries:
        item.path.chmod(0o600)
        os.utime(item.path, (1, 1))
    second = packed(other, tmp_path / "second")
    assert {name: item.path.read_bytes() for name, item in first.items()} == {
        name: item.path.read_bytes() for name, item in second.items()
    }


def test_a_compressed_tar_states_neither_name_nor_time(tmp_path: Path) -> None:
    """The gzip header is the same for every archive."""
    data = packed(release(tmp_path), tmp_path / "new")[f"{STEM}.tar.gz"].path.read_bytes()
    assert data[:8] == b"\x1f\x8b\x08\0\0\0\0\0"
    assert len(gzip.decompress(data)) % tarfile.RECORDSIZE == 0


@pytest.mark.parametrize("epoch", [315532800, 1_700_000_001, (1 << 32) - 1])
def test_any_time_that_a_source_may_have_can_be_held(epoch: int) -> None:
    """A tar stores it to the second, a zip to two seconds."""
    content = [("folder/file", 0o644, b"content")]
    with tarfile.open(fileobj=io.BytesIO(tarred(content, epoch))) as tar:
        assert tar.getmember("folder/file").mtime == epoch
    with zipfile.ZipFile(io.BytesIO(zipped(content, epoch))) as archive:
        assert archive.infolist()[0].date_time[0] in {1980, 2023, 2106}


def test_a_long_name_is_no_traceback() -> None:
    """An author may choose any name for a document."""
    name = f"{STEM}/README.{'x' * 120}"
    with tarfile.open(fileobj=io.BytesIO(tarred([(name, 0o644, b"")], EPOCH))) as tar:
        assert tar.getnames() == [name]


@pytest.mark.parametrize(
    ("program", "texts", "expected"),
    [
        ("tool", ["LICENSE", "README"], ["LICENSE", "README"]),
        ("LICENSE", ["LICENSE", "README"], ["doc/LICENSE", "README"]),
        ("readme.md", ["LICENSE", "README.md"], ["LICENSE", "doc/README.md"]),
        ("THIRD_PARTY_LICENSES", ["THIRD_PARTY_LICENSES"], ["doc/THIRD_PARTY_LICENSES"]),
        ("licenses", ["LICENSES/MIT.txt"], ["doc/LICENSES/MIT.txt"]),
        ("tool", ["LICENSE", "License", "license"], ["LICENSE", "doc/License", "doc/doc/license"]),
        ("tool", ["LICENSES/MIT.txt", "licenses"], ["LICENSES/MIT.txt", "doc/licenses"]),
        ("doc", ["COPYING", "copying"], ["COPYING", "docs/copying"]),
    ],
)
def test_no_two_members_have_one_name(program: str, texts: list[str], expected: list[str]) -> None:
    """Unpacking must not replace one file by another, even on a file system that ignores case."""
    assert [name for name, _ in apart(program, [(text, b"") for text in texts])] == expected


def test_a_program_called_license_is_packed_beside_its_license(tmp_path: Path) -> None:
    """The program keeps its name, which is a command."""
    made = release(tmp_path)
    built = made.binaries[0]
    renamed = dataclasses.replace(built, path=built.path.rename(built.path.with_name("LICENSE")))
    made = dataclasses.replace(made, outcomes=(renamed,))
    path = packed(made, tmp_path / "new")[f"{STEM}.tar.gz"].path
    found = {member.name.removeprefix(f"{STEM}/"): member.mode for member in members(path)}
    assert found == {"LICENSE": 0o755, "README.md": 0o644, "THIRD_PARTY_LICENSES": 0o644, "doc/LICENSE": 0o644}


# --- reused files ----------------------------------------------------------------------------------------------------


def test_an_unchanged_archive_is_taken_over(tmp_path: Path) -> None:
    """The same inputs result in the same file."""
    first = packed(release(tmp_path), tmp_path / "first")
    second = packed(release(tmp_path), tmp_path / "second", **first)
    assert all(first[name].path.samefile(second[name].path) for name in first)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": source(epoch=1_700_000_002)},
        {"source": source(documents=(("LICENSE", b"do as you like\n"), ("README.md", b"read it\n")))},
        {"source": source(documents=(("LICENSE", b"do as you like\n"), ("README.txt", b"read me\n")))},
        {"licenses": (("Go", "another licence\n"),)},
    ],
)
def test_an_archive_is_made_anew_when_what_is_in_it_changes(changes: dict[str, Any], tmp_path: Path) -> None:
    """Time, texts and their names affect its bytes."""
    first = packed(release(tmp_path), tmp_path / "first")
    second = packed(release(tmp_path, **changes), tmp_path / "second", **first)
    assert not any(first[name].path.samefile(second[name].path) for name in first)
    assert all(first[name].sha256 != second[name].sha256 for name in first)


def test_only_the_archive_of_a_changed_binary_is_made_anew(tmp_path: Path) -> None:
    """The others are reused."""
    first = packed(release(tmp_path), tmp_path / "first")
    changed = binary(LINUX, tmp_path / "bin", DEPENDENCY, content=b"another")
    after = release(tmp_path)
    after = dataclasses.replace(after, outcomes=(changed, *after.outcomes[2:]))
    changed.path.write_bytes(b"another")
    second = packed(after, tmp_path / "second", **first)
    assert [name for name in first if not first[name].path.samefile(second[name].path)] == [f"{STEM}.tar.gz"]


# --- licenses --------------------------------------------------------------------------------------------------------


def test_third_party_licences_are_gos_and_each_modules(tmp_path: Path) -> None:
    """Each work has its name and its text, Go first, and Go's version is the binary's."""
    text = third_party(release(tmp_path), binary(LINUX, tmp_path, DEPENDENCY))
    assert text.startswith("program contains parts of the following works")
    go = "Go (go1.27.3, standard library and runtime)"
    assert [line for line in text.splitlines() if "v1.2.3" in line or "Go (" in line] == [go, label(DEPENDENCY)]
    assert text.index("Go's license") < text.index(label(DEPENDENCY)) < text.index("its license")


def test_a_module_without_a_licence_is_told(tmp_path: Path) -> None:
    """A missing license must not look like permission."""
    silent = Module("example.test/silent", "v0.1.0")
    text = third_party(release(tmp_path), binary(LINUX, tmp_path, silent))
    assert text.endswith("(it states no license)\n")
    assert "\nexample.test/silent v0.1.0\n" in text


def test_only_what_is_linked_in_is_listed(tmp_path: Path) -> None:
    """A binary without dependencies contains only Go; if it states no Go version, the recipe's is used."""
    plain = binary(LINUX, tmp_path)
    silent = dataclasses.replace(plain, info=dataclasses.replace(plain.info, go=""))
    text = third_party(release(tmp_path), silent)
    assert "dependency" not in text
    assert "Go (go1.27.3, standard library and runtime)" in text
    other = dataclasses.replace(plain, info=dataclasses.replace(plain.info, go="go1.99.0"))
    assert "Go (go1.99.0, " in third_party(release(tmp_path), other)
