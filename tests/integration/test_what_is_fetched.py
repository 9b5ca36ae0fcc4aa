"""The modules that are downloaded for a source, and those that never are: vendored ones, and unused ones."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.modules import ENGINES, Shelf, serving
from tests.unit.samples import write_tree
from toolkit.errors import SourceError
from toolkit.go import toolchain

KINDS = [pytest.param(kind, marks=[pytest.mark.docker] if kind == "docker" else []) for kind in ENGINES]
many_cases = pytest.mark.parametrize("kind", KINDS if os.environ.get("CI") else KINDS[:1], indirect=True)
Build = Callable[[Mapping[str, str]], "subprocess.CompletedProcess[str]"]
OFFLINE = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GONOSUMDB": "corp.example"}  # GOFLAGS is not passed on
PRIVATE = "corp.example/private"

VENDORED = {
    "go.mod": f"module made.example/made\n\ngo 1.21\n\nrequire {PRIVATE} v1.0.0\n",
    "main.go": f'package main\n\nimport "{PRIVATE}"\n\nfunc main() {{ println(private.Text) }}\n',
    "vendor/modules.txt": f"# {PRIVATE} v1.0.0\n## explicit; go 1.21\n{PRIVATE}\n",
    f"vendor/{PRIVATE}/private.go": 'package private\n\nconst Text = "hi"\n',
    f"vendor/{PRIVATE}/LICENSE": "The licence of a private.\n",
}
DEEPER = {
    "go.mod": "module made.example/made\n\ngo 1.21\n\n"
    f"require (\n\t{PRIVATE} v1.0.0\n\tcorp.example/deep/v2 v2.1.0\n)\n",
    "main.go": f'package main\n\nimport (\n\t"{PRIVATE}"\n\t"corp.example/deep/v2/a"\n)\n\n'
    "func main() { println(private.Text, a.Text) }\n",
    "vendor/modules.txt": f"# {PRIVATE} v1.0.0\n## explicit; go 1.21\n{PRIVATE}\n"
    "# corp.example/deep/v2 v2.1.0\n## explicit; go 1.21\ncorp.example/deep/v2/a\n",
    "vendor/corp.example/deep/v2/a/a.go": 'package a\n\nconst Text = "deep"\n',
    "vendor/corp.example/deep/v2/COPYING": "The licence of what is deep.\n",
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return the name of an engine."""
    if request.param == "docker":
        request.getfixturevalue("docker_host")
    return str(request.param)


@pytest.fixture
def shelf(kind: str, tmp_path: Path) -> Iterator[Shelf]:
    """Return a module proxy that the engine under test can reach."""
    (tmp_path / "proxy").mkdir()
    with serving(Shelf(tmp_path / "proxy"), kind) as shelf:
        yield shelf


@pytest.fixture
def source(kind: str, invoke: Invoke, tmp_path: Path) -> Build:
    """Return a function that builds the directory `source`, with some variables."""

    def build(variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return invoke("build", "--source", str(tmp_path / "source"), "--engine", kind, env=variables)

    return build


def third_parties(dist: Path) -> str:
    """Return the licenses in the only archive of a release."""
    (path,) = (dist / "release").glob("*.tar.gz")
    with tarfile.open(path) as archive:
        (name,) = (name for name in archive.getnames() if name.endswith("/THIRD_PARTY_LICENSES"))
        file = archive.extractfile(name)
        assert file
        return file.read().decode()


@pytest.mark.parametrize(
    ("more", "licenses"),
    [
        ({}, {"corp.example/private v1.0.0": "The licence of a private."}),
        (DEEPER, {"corp.example/deep/v2 v2.1.0": "The licence of what is deep."}),
    ],
    ids=["one module", "a package below a major version"],
)
def test_vendored_modules_are_not_downloaded(
    more: dict[str, str], licenses: dict[str, str], kind: str, invoke: Invoke, tmp_path: Path
) -> None:
    """Modules that exist nowhere else build without a proxy, and their licenses are in the archive."""
    source = write_tree(tmp_path / "source", VENDORED | more)
    done = invoke("matrix", "--source", str(source), "--engine", kind, "--only", "linux/amd64", env=OFFLINE)
    assert done.returncode == 0, done.stderr
    texts = third_parties(tmp_path / "dist")
    for title, text in licenses.items():
        assert re.search(rf"{re.escape(title)}\W[\s\S]*{re.escape(text)}", texts), texts
    (program,) = (tmp_path / "dist" / "bin" / "linux_amd64").glob("made")
    assert subprocess.run([program], capture_output=True, text=True, check=False).stderr.startswith("hi")


@many_cases
@pytest.mark.parametrize(
    ("modules", "says"),
    [
        ("# corp.example/other v1.0.0\n## explicit\n", "inconsistent vendoring"),
        (f"# {PRIVATE} v1.0.1\n## explicit; go 1.21\n{PRIVATE}\n", "inconsistent vendoring"),
        ("", "inconsistent vendoring"),
    ],
    ids=["another module", "another version", "nothing"],
)
def test_an_incomplete_vendor_directory_is_an_error(
    modules: str, says: str, shelf: Shelf, source: Build, tmp_path: Path
) -> None:
    """The error is Go's, with the command that completes the directory, and no proxy is used instead."""
    write_tree(tmp_path / "source", VENDORED | {"vendor/modules.txt": modules})
    done = source({**shelf.variables, "GONOSUMDB": "corp.example"})
    assert done.returncode == SourceError.exit_code, done.stderr
    assert says in done.stderr
    assert "go mod vendor" in done.stderr
    assert not shelf.asked


@many_cases
def test_a_vendored_package_that_is_missing_is_an_error(shelf: Shelf, source: Build, tmp_path: Path) -> None:
    """It is not downloaded instead of the missing one."""
    write_tree(tmp_path / "source", {name: text for name, text in VENDORED.items() if f"/{PRIVATE}/" not in name})
    done = source({**shelf.variables, "GONOSUMDB": "corp.example"})
    assert done.returncode == SourceError.exit_code, done.stderr
    assert "import lookup disabled by -mod=vendor" in done.stderr
    assert not shelf.asked


def test_a_module_that_only_an_unused_tag_imports_may_be_missing(shelf: Shelf, kind: str, invoke: Invoke) -> None:
    """As with `go install`, nothing is downloaded for inactive tags or for other systems."""
    needs = "".join(f"\t{{host}}/{name} v1.0.0\n" for name in ("used", "tagged", "mac"))
    shelf.publish("used", "v1.0.0", used_go='package used\n\nconst Text = "hi"\n')
    for name in ("tagged", "mac"):
        shelf.publish(name, "v1.0.0", x_go=f"package {name}\n")
    path = shelf.publish(
        "tool", "v1.0.0",
        go_mod=f"module {{host}}/tool\n\ngo 1.21\n\nrequire (\n{needs})\n",
        main_go='package main\n\nimport "{host}/used"\n\nfunc main() { println(used.Text) }\n',
        tagged_go='//go:build never\n\npackage main\n\nimport _ "{host}/tagged"\n',
        mac_go='//go:build darwin\n\npackage main\n\nimport _ "{host}/mac"\n',
    )  # fmt: skip
    for name in ("tagged", "mac"):
        (shelf.folder / shelf.host / name / "@v" / "v1.0.0.zip").unlink()
    command = ("--source", f"{path}@v1.0.0", "--engine", kind)
    done = invoke("build", *command, "--goos", "linux", "--goarch", "amd64", env=shelf.variables)
    assert done.returncode == 0, done.stderr
    fetched = {name.split("/")[2] for name in shelf.asked if name.endswith(".zip")}
    assert fetched == {"tool", "used"}
    done = invoke("build", *command, "--goos", "darwin", "--goarch", "arm64", env=shelf.variables)
    assert done.returncode == SourceError.exit_code, done.stderr
    assert f"{shelf.host}/mac@v1.0.0" in done.stderr


@pytest.mark.skipif("CI" not in os.environ, reason="downloads a large program's modules, and compiles it")
def test_as_much_is_downloaded_as_for_go_install(invoke: Invoke, tmp_path: Path) -> None:
    """An empty cache gets as many modules as with `go install`, although build tags could make it need more."""
    package = "github.com/golang-migrate/migrate/v4/cmd/migrate@latest"
    ours, theirs = tmp_path / "cache", tmp_path / "modules"
    ours.mkdir()
    theirs.mkdir()
    done = invoke("build", "--source", package, "--engine", "local", env={"XDG_CACHE_HOME": str(ours)})
    assert done.returncode == 0, done.stderr
    said = toolchain.go().run("install", "-n", package, cwd=tmp_path, GOMODCACHE=str(theirs), CGO_ENABLED="0")
    assert said.returncode == 0, said.stderr
    assert zips(ours) == zips(theirs)


def zips(cache: Path) -> set[str]:
    """Return the modules in a cache, without Go's own."""
    found = cache.glob("**/cache/download/**/*.zip")
    names = {path.as_posix().rpartition("/cache/download/")[2] for path in found}
    return {name for name in names if not name.startswith("golang.org/toolchain/")}


@pytest.mark.parametrize("goarch", ["arm64", "amd64"] if os.environ.get("CI") else ["arm64"])
def test_a_program_that_loads_libraries_without_cgo(goarch: str, kind: str, invoke: Invoke) -> None:
    """It is built, with a note about the libraries that it needs."""
    package = "github.com/ebitengine/purego/examples/libc@v0.8.4"
    done = invoke("build", "--source", package, "--engine", kind, "--goos", "linux", "--goarch", goarch)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^linux/{goarch}: needs .*libc\.so\.6.* at run time$", done.stderr, re.MULTILINE), done.stderr
