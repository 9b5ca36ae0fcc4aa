"""Sources in the form `path@version` that cannot be built: one message each, soon, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.modules import MAIN, Shelf, serving
from tests.unit.samples import write_tree
from toolkit.errors import BuildFailed, ChecksumMismatch, SourceError, ToolkitError, UsageError
from toolkit.go import toolchain

LOCAL = ("--engine", "local")
LINUX = ("--goos", "linux", "--goarch", "amd64")
PACKAGE, NO_DIRECTORY, NAMELESS = "is not a package of a module", "is not a directory", "argument must"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Return a module proxy with a module that has programs, a library, and one program for Windows only."""
    (tmp_path / "proxy").mkdir()
    with serving(Shelf(tmp_path / "proxy"), "local") as shelf:
        shelf.publish(
            "tools", "v1.0.0", cmd__age__main_go=MAIN, lib__lib_go="package lib\n",
            win__main_go=f"//go:build windows\n\n{MAIN}",
            tagged__main_go=f"//go:build never\n\n{MAIN}",
        )  # fmt: skip
        yield shelf


def expect(done: subprocess.CompletedProcess[str], error: type[ToolkitError], says: str, hint: str) -> None:
    """Check that a command ended with one message, in one line or with indented lines below it, and a hint."""
    assert done.returncode == error.exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert len(re.findall(r"^error", done.stderr, re.MULTILINE)) == 1
    assert re.search(says, done.stderr), done.stderr
    assert re.search(rf"^hint: .*{hint}", done.stderr, re.MULTILINE), done.stderr
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stderr)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("{host}/tools/cmd/age@none", PACKAGE, "`@latest`"),
        ("{host}/tools/cmd/age@", PACKAGE, "`@latest`"),
        ("@v1.0.0", PACKAGE, "`@latest`"),
        ("./cmd/age@latest", NO_DIRECTORY, "path@version"),
        ("../age@v1.0.0", NO_DIRECTORY, "path@version"),
        ("/nowhere/age@v1.0.0", NO_DIRECTORY, "path@version"),
        ("-toolexec=/bin/false@v1.0.0", PACKAGE, "`@latest`"),
        ("-C=/@v1.0.0", PACKAGE, "`@latest`"),
        (f"{{host}}/{'a' * 260}@v1.0.0", "cannot download", "."),
        (f"{{host}}/{'a/' * 200}@v1.0.0", "clean package path", "main package of a module"),
        (f"{{host}}/{'a' * 5000}@v1.0.0", PACKAGE, "`@latest`"),
        (f"{{host}}/tools@v{'1' * 5000}", PACKAGE, "`@latest`"),
        ("{host}/a\x1b[31mb@v1.0.0", PACKAGE, "`@latest`"),
        ("{host}/a\nb@v1.0.0", PACKAGE, "`@latest`"),
        ("{host}/a@v1.0.0\u202e", PACKAGE, "`@latest`"),
        ("{host}/tools/cmd/...@latest", PACKAGE, "`@latest`"),
        ("{host}/tools/a b@latest", PACKAGE, "`@latest`"),
        ("{host}/tools/cmd/age@../../x", "disallowed version string|invalid version", "spelling"),
        ("{host}/tools/cmd/age@patch", "no existing version is required", "`@latest`"),
        ("{host}/tools/cmd/age@v9.9.9", "cannot download", "spelling"),
        ("{host}/tools/cmd/old@v1.0.0", "does not contain package", "spelling"),
        ("{host}/tools/lib@v1.0.0", "is not a main package", "func main"),
        ("{host}/tools/tagged@v1.0.0", "build constraints exclude all Go files", "another pair"),
        ("cmd/go@latest", NAMELESS, "main package of a module"),
        ("all@latest", NAMELESS, "main package of a module"),
    ],
    ids=lambda value: ascii(value)[1:41],
)
def test_refused(text: str, says: str, hint: str, shelf: Shelf, invoke: Invoke) -> None:
    """For any text, the result is one message with a hint."""
    text = text.replace("{host}", shelf.host)
    done = invoke("build", f"--source={text}", *LOCAL, *LINUX, env=shelf.variables)
    expect(done, SourceError, says, hint)
    assert len(done.stderr) < 3000


def test_a_program_for_one_system_only(shelf: Shelf, invoke: Invoke) -> None:
    """Packages are listed for the target's pair, not this machine's: refused for Linux, built for Windows."""
    package = f"{shelf.host}/tools/win@v1.0.0"
    command = ("build", "--source", package, *LOCAL)
    expect(
        invoke(*command, *LINUX, env=shelf.variables),
        SourceError,
        "build constraints exclude all Go files",
        "another pair",
    )
    done = invoke(*command, "--goos", "windows", "--goarch", "arm64", env=shelf.variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/win.exe")


def test_a_program_for_one_system_only_in_a_matrix(shelf: Shelf, invoke: Invoke) -> None:
    """Each pair that Go refuses is a row with Go's message; if these are all pairs, it is an error of the source."""
    command = ("matrix", "--source", f"{shelf.host}/tools/win@v1.0.0", *LOCAL, "--json", "--only")
    done = invoke(*command, "linux/amd64,windows/amd64,darwin/arm64", env=shelf.variables)
    assert done.returncode == BuildFailed.exit_code, done.stderr
    rows = {row["target"]: row for row in json.loads(done.stdout)["targets"] if row["outcome"] != "filtered"}
    assert {pair: row["outcome"] for pair, row in rows.items()} == {
        "linux/amd64": "unbuilt", "windows/amd64": "built", "darwin/arm64": "unbuilt"
    }  # fmt: skip
    for pair in ("linux/amd64", "darwin/arm64"):
        assert rows[pair]["reason"] == "source_refused"
        assert "build constraints exclude all Go files" in json.dumps(rows[pair])
    assert re.search(r"^hint: .*`--skip`", done.stderr, re.MULTILINE), done.stderr
    done = invoke(*command, "linux/amd64,darwin/arm64", env=shelf.variables)
    expect(done, SourceError, "build constraints exclude all Go files", "another pair")


def test_a_matrix_without_a_pair_for_a_module(shelf: Shelf, invoke: Invoke) -> None:
    """An empty selection is a usage error before any download."""
    done = invoke(
        "matrix", "--source", f"{shelf.host}/tools/win@v1.0.0", *LOCAL, "--only", "linux/*", "--skip", "linux/*"
    )
    assert done.returncode == UsageError.exit_code, done.stderr
    assert not shelf.asked


@pytest.mark.parametrize("kept", ["go.sum", "go.mod in go.sum"])
def test_a_module_that_was_tampered_with(kept: str, shelf: Shelf, invoke: Invoke, tmp_path: Path) -> None:
    """A directory's go.sum is checked, even without the checksum database."""
    path = shelf.publish("greeting", "v1.0.0", greeting_go='package greeting\n\nconst Text = "hi"\n')
    wrong = f"{path} v1.0.0{'/go.mod' if kept != 'go.sum' else ''} h1:{'A' * 43}=\n"
    files = {
        "go.mod": f"module made.example/made\n\ngo 1.21\n\nrequire {path} v1.0.0\n",
        "go.sum": wrong,
        "main.go": f'package main\n\nimport "{path}"\n\nfunc main() {{ println(greeting.Text) }}\n',
    }
    source = write_tree(tmp_path / "source", files)
    done = invoke("build", "--source", str(source), *LOCAL, *LINUX, env=shelf.variables)
    expect(done, ChecksumMismatch, "SECURITY ERROR", "authors")
    assert f"error[{ChecksumMismatch.kind}]: " in done.stderr
    assert not (tmp_path / "dist" / "bin").is_dir() or not os.listdir(tmp_path / "dist" / "bin")  # noqa: PTH208


def test_a_proxy_that_changes_a_version(shelf: Shelf, invoke: Invoke, tmp_path: Path) -> None:
    """A resolved version is not replaced by other bytes with the same name."""
    path = shelf.publish("tool", "v1.0.0", main_go=MAIN)
    command = ("build", "--source", f"{path}@v1.0.0", *LOCAL, *LINUX)
    program = Path(invoke(*command, env=shelf.variables).stdout.strip())
    before = program.read_bytes()
    shelf.publish("tool", "v1.0.0", main_go=MAIN.replace("hi", "evil"))
    program.unlink()
    done = invoke(*command, env=shelf.variables)
    assert done.returncode == 0, done.stderr
    assert program.read_bytes() == before
    assert tmp_path in program.parents


def test_a_module_cache_that_was_tampered_with(shelf: Shelf, invoke: Invoke, tmp_path: Path) -> None:
    """The user's module cache is checked like any proxy: other bytes are replaced or refused, and never compiled."""
    good = 'package greeting\n\nconst Text = "harmless"\n'
    path = shelf.publish("greeting", "v1.0.0", greeting_go=good)
    files = {
        "go.mod": f"module made.example/made\n\ngo 1.21\n\nrequire {path} v1.0.0\n",
        "main.go": f'package main\n\nimport "{path}"\n\nfunc main() {{ println(greeting.Text) }}\n',
    }
    source, cache = write_tree(tmp_path / "source", files), tmp_path / "cache"
    variables = {**shelf.variables, "GOMODCACHE": str(cache)}
    done = toolchain.go().run("mod", "tidy", cwd=source, **variables, GOFLAGS="-modcacherw")
    assert done.returncode == 0, done.stderr
    published = shelf.folder / path / "@v" / "v1.0.0.zip"
    shelf.publish("greeting", "v1.0.0", greeting_go=good.replace("harmless", "changed!"))
    bad, kept = published.read_bytes(), cache / "cache" / "download" / path / "@v" / "v1.0.0.zip"
    published.write_bytes(kept.read_bytes())
    kept.write_bytes(bad)
    command = ("build", "--source", str(source), *LOCAL, *LINUX)
    done = invoke(*command, env=variables)
    assert done.returncode == 0, done.stderr
    program = Path(done.stdout.strip()).read_bytes()
    assert b"harmless" in program
    assert b"changed!" not in program
