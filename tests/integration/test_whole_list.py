"""The whole list of pairs, once, with a program that imports nothing, and the contents of its release."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.conftest import Invoke
from toolkit.go import buildinfo, check, toolchain
from toolkit.model import Target
from toolkit.settings import ROOT

SOURCE = ROOT / "tests" / "programs" / "tiny"
MAIN = "tiny.example/tiny"
REFUSED = {"android/386", "android/amd64", "android/arm", "ios/arm64"}


@dataclass(frozen=True)
class Release:
    """A release, and the output of its run."""

    dist: Path
    manifest: dict[str, Any]
    said: str

    @property
    def folder(self) -> Path:
        """The directory of its files."""
        return self.dist / "release"

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The manifest's rows, by pair."""
        return {row["target"]: row for row in self.manifest["targets"]}

    @property
    def built(self) -> dict[str, bytes]:
        """The bytes of each binary, by pair."""
        binaries = {pair: row["binary"]["name"] for pair, row in self.rows.items() if row["outcome"] == "built"}
        return {
            pair: (self.dist / "bin" / pair.replace("/", "_") / name).read_bytes() for pair, name in binaries.items()
        }


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, invoke_in: Invoke) -> Release:
    """Run `invoke matrix` for every pair, on the user's default engine."""
    dist = tmp_path_factory.mktemp("whole") / "dist"
    engine = ("--engine", "docker") if os.environ.get("CI") else ()
    done = invoke_in(dist, "matrix", "--source", str(SOURCE), "--json", *engine)
    assert done.returncode == 0, done.stderr
    return Release(dist, json.loads(done.stdout), done.stderr)


def test_every_pair_ends(release: Release) -> None:
    """Each pair of `go tool dist list` is built, except for the four that Go refuses, each with its sentence."""
    known = toolchain.go().run("tool", "dist", "list").stdout.split()
    assert list(release.rows) == known
    unbuilt = {pair: row for pair, row in release.rows.items() if row["outcome"] != "built"}
    assert set(unbuilt) == REFUSED
    assert all(row["reason"] == "needs_external_linker" for row in unbuilt.values())
    assert all("requires external (cgo) linking" in row["message"] for row in unbuilt.values())


def test_native_first(release: Release) -> None:
    """The pair of this machine is compiled before all others; with several jobs it is among the first to end."""
    go = toolchain.go()
    native = f"{go.run('env', 'GOHOSTOS').stdout.strip()}/{go.run('env', 'GOHOSTARCH').stdout.strip()}"
    ended = [line.split()[1].rstrip(":") for line in release.said.splitlines() if line.startswith("[")]
    assert native in ended[: (os.cpu_count() or 1) + 1]


def test_each_binary_passes_only_its_own_check(release: Release) -> None:
    """A binary passes only the check of its pair."""
    for pair, data in release.built.items():
        passed = [other for other in release.built if not check.mismatches(data, _target(other), main=MAIN)]
        assert passed == [pair]


def test_reader_agrees_with_go(release: Release, tmp_path: Path) -> None:
    """The toolkit reads the same build info as `go version -m`, if Go can read it."""
    unread = set()
    for pair, data in release.built.items():
        path = tmp_path / "binary"
        path.write_bytes(data)
        done = toolchain.go().run("version", "-m", str(path))
        info = buildinfo.read_build_info(data)
        assert info
        if done.returncode:
            unread.add(pair)
            continue
        lines = [line.split("\t")[1:] for line in done.stdout.splitlines()[1:]]
        assert done.stdout.splitlines()[0].endswith(f": {info.go}")
        assert [words[1].split("=", 1) for words in lines if words[0] == "build"] == [
            list(item) for item in info.settings
        ]
        assert [words[1] for words in lines if words[0] == "path"] == [info.path]
    assert unread == {"js/wasm", "wasip1/wasm", "aix/ppc64"}  # Go can build these, but cannot read them


def test_reader_agrees_with_lief(release: Release) -> None:
    """The toolkit reads the same header as LIEF, if LIEF knows the format."""
    import lief

    words = {
        "X86_64": "amd64", "AMD64": "amd64", "I386": "386", "X86": "386", "AARCH64": "arm64", "ARM64": "arm64",
        "ARM": "arm", "MIPS": "mips", "PPC64": "ppc64", "S390": "s390x", "RISCV": "riscv64", "LOONGARCH": "loong64",
    }  # fmt: skip
    compared = 0
    for pair, data in release.built.items():
        parsed = lief.parse(list(data[: 1 << 22]))
        if not isinstance(parsed, lief.ELF.Binary | lief.PE.Binary | lief.MachO.Binary):
            continue
        header: Any = parsed.header
        machine = next(
            getattr(header, name) for name in ("machine_type", "machine", "cpu_type") if hasattr(header, name)
        )
        theirs = words[machine.name]
        assert pair.split("/")[1].removesuffix("le").replace("mips64", "mips") == theirs, pair
        compared += 1
    assert compared > 35


def test_manifest_keeps_its_schema(release: Release) -> None:
    """The manifest conforms to its schema and contains no data of this machine."""
    schema = json.loads((release.folder / "manifest.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = (release.folder / "manifest.json").read_text("utf-8")
    jsonschema.validate(json.loads(text), schema)
    assert json.loads(text) == release.manifest
    assert str(ROOT) not in text


def test_sha256sum_accepts(release: Release) -> None:
    """`sha256sum -c` accepts SHA256SUMS, which names every other file."""
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=release.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in release.folder.iterdir()} - {"SHA256SUMS"}
    assert {line.split(": ")[0] for line in done.stdout.splitlines()} == names
    assert len(names) == 43 + 2


def test_tar_and_unzip_accept(release: Release, tmp_path: Path) -> None:
    """The standard tools unpack all archives into one directory, and the result is the checked binary."""
    for pair, data in release.built.items():
        (name,) = release.rows[pair]["artifacts"]
        path, out = release.folder / name, tmp_path / pair.replace("/", "_")
        out.mkdir()
        unpack = (
            ["unzip", "-q", str(path), "-d", str(out)]
            if name.endswith(".zip")
            else ["tar", "-xzf", str(path), "-C", str(out)]
        )
        subprocess.run(unpack, check=True)
        (top,) = out.iterdir()
        assert top.name == name.removesuffix(".zip").removesuffix(".tar.gz")
        program = top / release.rows[pair]["binary"]["name"]
        assert program.read_bytes() == data
        assert os.access(program, os.X_OK)
        assert {"LICENSE", "THIRD_PARTY_LICENSES", "README.md"} <= {file.name for file in top.iterdir()}
        shutil.rmtree(out)


def test_members_tell_nothing_of_the_builder(release: Release) -> None:
    """Members of archives have no owner, one time and fixed modes."""
    times = set()
    for artifact in release.manifest["artifacts"]:
        path = release.folder / artifact["name"]
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as tar:
                members = tar.getmembers()
            assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
            assert {m.mode for m in members} == {0o755, 0o644}
            times |= {m.mtime for m in members}
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                assert {item.external_attr >> 16 & 0o777 for item in archive.infolist()} == {0o755, 0o644}
    assert times == {release.manifest["source"]["epoch"]}


def test_nothing_changed(release: Release, invoke_in: Invoke) -> None:
    """A second run starts no engine, reports that nothing changed, and leaves the very same release."""
    before = (release.folder / "manifest.json").stat().st_ino
    # An engine that could not be started shows that none is started.
    env = {"DOCKER_HOST": "unix:///nowhere.sock"}
    done = invoke_in(release.dist, "matrix", "--source", str(SOURCE), "--engine", "docker", env=env)
    assert done.returncode == 0, done.stderr
    assert "nothing changed" in done.stderr
    assert (release.folder / "manifest.json").stat().st_ino == before


@pytest.mark.parametrize("damage", ["binary", "archive", "deleted archive", "record"])
def test_damage_is_mended(release: Release, invoke_in: Invoke, damage: str, tmp_path: Path) -> None:
    """A damaged or deleted file is noticed and made again, with the same bytes."""
    dist = tmp_path / "dist"
    shutil.copytree(release.dist, dist)
    sums = (dist / "release" / "SHA256SUMS").read_bytes()
    binary = dist / "bin" / "linux_amd64" / "tiny"
    archive = dist / "release" / "tiny_0.0.0_linux_amd64.tar.gz"
    path = {"binary": binary, "record": binary.with_name("tiny.json")}.get(damage, archive)
    if damage.startswith("deleted"):
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    done = invoke_in(dist, "matrix", "--source", str(SOURCE))
    assert done.returncode == 0, done.stderr
    assert (dist / "release" / "SHA256SUMS").read_bytes() == sums
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert f"{digest}  {archive.name}\n".encode() in sums


def test_build_and_matrix_share_binaries(release: Release, invoke_in: Invoke) -> None:
    """`invoke build` uses the binaries of `invoke matrix`, without an engine."""
    env = {"DOCKER_HOST": "unix:///nowhere.sock"}
    args = ("--source", str(SOURCE), "--goos", "plan9", "--goarch", "arm", "--engine", "docker")
    done = invoke_in(release.dist, "build", *args, env=env)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == release.dist / "bin" / "plan9_arm" / "tiny"


def test_selection_is_all_there_is(release: Release, invoke_in: Invoke, tmp_path: Path) -> None:
    """A release contains exactly the selected pairs; the other pairs are rows marked as filtered."""
    dist = tmp_path / "dist"
    shutil.copytree(release.dist, dist)
    args = ("--source", str(SOURCE), "--only", "linux/*,plan9", "--skip", "*/arm,linux/mips*", "--json")
    done = invoke_in(dist, "matrix", *args)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["targets"]
    assert len(rows) == 47
    kept = {row["target"] for row in rows if row["outcome"] != "filtered"}
    wanted = {pair for pair in release.rows if pair.startswith(("linux/", "plan9/"))}
    assert kept == {pair for pair in wanted if not pair.endswith("/arm") and "mips" not in pair}
    files = {path.name for path in (dist / "release").iterdir()}
    assert len(files) == len(kept) + 3


def _target(pair: str) -> Target:
    goos, goarch = pair.split("/")
    return Target(goos, goarch)
