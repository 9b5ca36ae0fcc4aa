"""Modules come from a folder that the go command takes for a module proxy: no network is needed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from toolkit import gomodule, sourcetree, toolchain
from toolkit.errors import SourceError
from toolkit.go.repository import FIRST_EPOCH

MAIN = "package main\n\nfunc main() {}\n"
FILES = {"go.mod": "module example.test/tools\n\ngo 1.21\n", "LICENSE": "theirs", "README.md": "top's"}
FILES |= {"cmd/program/main.go": MAIN, "cmd/program/README.md": "program's", "lib.go": "package tools\n"}


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of an empty module proxy, the only one there is."""
    folder, cache = tmp_path / "proxy", tmp_path / "modules"
    for name, value in {"GOPROXY": folder.as_uri(), "GOSUMDB": "off", "GOMODCACHE": str(cache)}.items():
        monkeypatch.setenv(name, value)
    toolchain.go.cache_clear()
    yield folder
    toolchain.go.cache_clear()
    for path in cache.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)  # the go command makes its folders read-only


def publish(proxy: Path, path: str, version: str, files: Mapping[str, str], time: str = "2023-11-14T22:13:20Z") -> None:
    """Put a version of a module where a go command finds it."""
    folder = proxy / path / "@v"
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{path}@{version}/{name}", text)
    (folder / f"{version}.zip").write_bytes(packed.getvalue())
    (folder / f"{version}.mod").write_text(files.get("go.mod", f"module {path}\n"))
    (folder / f"{version}.info").write_text(
        json.dumps({"Version": version, "Time": time} if time else {"Version": version})
    )
    with (folder / "list").open("a") as listed:
        listed.write(f"{version}\n")


def refusal(text: str, workspace: Path) -> SourceError:
    """Return the error that a module ends in."""
    with pytest.raises(SourceError) as caught:
        gomodule.resolve(text, workspace)
    return caught.value


def test_a_module_is_fetched_checked_and_told(proxy: Path, tmp_path: Path) -> None:
    """Version, sum, time, licence and README are the module's own; `latest` is whatever it stands for."""
    publish(proxy, "example.test/tools", "v1.2.3", FILES)
    publish(proxy, "example.test/tools", "v1.2.4-rc.1", FILES)
    found = gomodule.resolve("example.test/tools/cmd/program@latest", tmp_path / "work")
    assert (found.name, found.package, found.version) == ("program", "example.test/tools/cmd/program", "1.2.3")
    assert (found.module.path, found.module.version, found.module.sum[:3]) == ("example.test/tools", "v1.2.3", "h1:")
    assert (found.epoch, found.stamps) == (1_700_000_000, ())
    assert found.documents == (("LICENSE", b"theirs"), ("README.md", b"program's"))
    assert found.files == ("go.mod", "go.sum")
    assert found.digest == sourcetree.digest(found.directory, found.files)
    assert "example.test/tools v1.2.3" in (found.directory / "go.mod").read_text()


def test_another_version_is_another_source(proxy: Path, tmp_path: Path) -> None:
    """The digest is over the versions and sums that are built; a source resolved again is the same."""
    for version in ("v1.2.3", "v1.2.4"):
        publish(proxy, "example.test/tools", version, FILES)
    texts = [f"example.test/tools/cmd/program@{version}" for version in ("v1.2.3", "v1.2.4", "v1.2.3")]
    first, second, again = (gomodule.resolve(text, tmp_path / "work") for text in texts)
    assert first == again
    assert first.digest != second.digest


def test_latest_means_what_it_means_now(proxy: Path, tmp_path: Path) -> None:
    """Nothing that a run before wrote decides what is built, or its digest."""
    publish(proxy, "example.test/tools", "v1.2.3", FILES)
    old = gomodule.resolve("example.test/tools/cmd/program@latest", tmp_path / "work")
    publish(proxy, "example.test/tools", "v1.2.4", FILES)
    new, fresh = (
        gomodule.resolve("example.test/tools/cmd/program@latest", tmp_path / name) for name in ("work", "fresh")
    )
    assert (old.version, new.version, fresh.version) == ("1.2.3", "1.2.4", "1.2.4")
    assert new.digest == fresh.digest != old.digest


def test_a_module_may_be_older_than_go_mod(proxy: Path, tmp_path: Path) -> None:
    """What a proxy made up for it is no file of its own."""
    publish(proxy, "example.test/old", "v0.1.0", {"main.go": MAIN})
    assert gomodule.resolve("example.test/old@v0.1.0", tmp_path / "work").name == "old"


def test_a_time_comes_from_the_variable_or_from_the_module(
    proxy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module whose proxy states no time has 1980-01-01."""
    publish(proxy, "example.test/tools", "v1.2.3", FILES, time="")
    text = "example.test/tools/cmd/program@v1.2.3"
    assert gomodule.resolve(text, tmp_path).epoch == FIRST_EPOCH
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert gomodule.resolve(text, tmp_path).epoch == 1_600_000_000


def test_a_package_that_is_no_program_is_an_error(proxy: Path, tmp_path: Path) -> None:
    """The message says what it is, and the hint where programs often are."""
    publish(proxy, "example.test/tools", "v1.2.3", FILES)
    error = refusal("example.test/tools@v1.2.3", tmp_path)
    assert str(error) == "`example.test/tools` is package `tools`, not a main package"
    assert "`cmd/`" in error.hint


def test_a_module_that_replaces_others_is_an_error(proxy: Path, tmp_path: Path) -> None:
    """`go install` refuses it too: its replacements would not count."""
    replaced = f"{FILES['go.mod']}\nreplace a.example/b => c.example/b v1.0.0\n"
    publish(proxy, "example.test/tools", "v1.2.3", {**FILES, "go.mod": replaced})
    error = refusal("example.test/tools/cmd/program@v1.2.3", tmp_path)
    assert "`example.test/tools@v1.2.3` replaces modules" in str(error)
    assert "folder" in error.hint


def test_a_module_for_a_newer_go_is_an_error(proxy: Path, tmp_path: Path) -> None:
    """The message names both versions, and the hint the line to raise."""
    publish(proxy, "example.test/tools", "v1.2.3", {**FILES, "go.mod": "module example.test/tools\n\ngo 1.999.0\n"})
    error = refusal("example.test/tools/cmd/program@v1.2.3", tmp_path)
    assert f"needs Go 1.999.0, and everything is built with {toolchain.pinned()}" in str(error)
    assert "`go1.999.0`" in error.hint


@pytest.mark.parametrize("text", ["example.test/missing@v1.0.0", "fmt@latest", "-u@latest"])
def test_what_cannot_be_had_is_an_error_in_gos_words(text: str, proxy: Path, tmp_path: Path) -> None:
    """One line of what Go said is passed on, with where Go looks."""
    assert proxy.name == "proxy"
    error = refusal(text, tmp_path)
    assert str(error).startswith(f"`{text}` cannot be had: ")
    assert "GOPROXY" in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "@v1",
        "example.test/x@",
        "example.test/x@v1@v2",
        "a b@v1",
        "example.test//x@v1",
        "/x@v1",
        "x@v 1",
        "x@$(id)",
        "a;b@v1",
    ],
)
def test_what_is_no_module_and_version_is_an_error(text: str, tmp_path: Path) -> None:
    """Nothing is run for it."""
    assert str(refusal(text, tmp_path)) == f"`{text}` is no module as `path@version`"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("import_path", "name"),
    [
        ("example.test/program", "program"),
        ("example.test/program/v2", "program"),
        ("example.test/program/cmd/tool", "tool"),
        ("example.test/v2go", "v2go"),
        ("program", "program"),
        ("v2", "v2"),
    ],
)
def test_a_program_is_named_as_go_install_names_it(import_path: str, name: str) -> None:
    """The last element that is no major version."""
    assert gomodule.program_name(import_path) == name
