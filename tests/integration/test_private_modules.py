"""Modules that only some users may download: from a git server that asks for a password."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.forge import PASSWORD, TOKEN, USER, Forge, serving
from tests.unit.go.tracing import traced
from tests.unit.samples import write_tree
from toolkit.errors import SourceError
from toolkit.go import toolchain

pytestmark = pytest.mark.needs("git")

INVOKE = "from invoke.main import program\nprogram.run(['invoke', *sys.argv[1:]], exit=False)"
MAIN = 'package main\n\nfunc main() { println("private") }\n'
Way = Callable[[Forge], dict[str, str]]


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    """Return a git server with a program and a library."""
    with serving(Forge(tmp_path / "forge"), "127.0.0.1") as forge:
        forge.publish("tool", "v1.0.0", main_go=MAIN)
        forge.publish("lib", "v1.0.0", lib_go='package lib\n\nconst Text = "private"\n')
        yield forge


def configured(forge: Forge, *pairs: tuple[str, str]) -> dict[str, str]:
    """Return variables that configure git."""
    numbered = list(enumerate(pairs))
    keys = {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in numbered}
    values = {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in numbered}
    return {"GOPRIVATE": forge.host, "GIT_CONFIG_COUNT": str(len(pairs)), **keys, **values}


def instead(forge: Forge, userinfo: str = "") -> tuple[str, str]:
    """Return settings that make git use the server instead of a host that does not exist."""
    return f"url.http://{userinfo}{forge.address}/.insteadOf", f"https://{forge.host}/"


def script(path: Path, text: str) -> str:
    """Write a program and return its path."""
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)
    return str(path)


def by_address(forge: Forge) -> dict[str, str]:
    """Pass the password in an address, in variables."""
    return configured(forge, instead(forge, f"{USER}:{PASSWORD}@"))


def by_header(forge: Forge) -> dict[str, str]:
    """Pass it in a header, like continuous integration does."""
    return configured(forge, instead(forge), ("http.extraHeader", f"Authorization: Basic {TOKEN}"))


def by_helper(forge: Forge) -> dict[str, str]:
    """Let a program answer git's question."""
    asked = script(forge.folder / "ask", f"echo {PASSWORD}")
    return {**configured(forge, instead(forge, f"{USER}@")), "GIT_ASKPASS": asked}


def by_file(forge: Forge) -> dict[str, str]:
    """Store it in a user's git configuration, wherever that is."""
    key, value = instead(forge, f"{USER}:{PASSWORD}@")
    write_tree(forge.folder, {"gitconfig": f'[url "{key[4:-10]}"]\n\tinsteadOf = {value}\n'})
    return {"GOPRIVATE": forge.host, "GIT_CONFIG_GLOBAL": str(forge.folder / "gitconfig")}


def by_ssh(forge: Forge) -> dict[str, str]:
    """Reach the repositories with a command instead of ssh."""
    command = script(forge.folder / "ssh", 'for last; do :; done\nexec sh -c "$last"')
    place = f"url.ssh://git@{forge.host}{forge.folder}/bare/.insteadOf"
    return {**configured(forge, (place, f"https://{forge.host}/")), "GIT_SSH_COMMAND": command}


WAYS = [by_address, by_helper, *(pytest.param(way, marks=pytest.mark.slow) for way in (by_header, by_file, by_ssh))]


def importing(forge: Forge, folder: Path, variables: Mapping[str, str]) -> Path:
    """Write a program that imports the library, with its sums."""
    path = f"{forge.host}/lib.git"
    text = f'package main\n\nimport lib "{path}"\n\nfunc main() {{ println(lib.Text) }}\n'
    go_mod = f"module made.example/made\n\ngo 1.21\n\nrequire {path} v1.0.0\n"
    write_tree(folder, {"go.mod": go_mod, "main.go": text})
    done = toolchain.go().run("mod", "tidy", cwd=folder, **variables, GOMODCACHE=str(folder.with_name("elsewhere")))
    assert done.returncode == 0, done.stderr
    forge.served.clear()
    return folder


@pytest.fixture(autouse=True)
def _removable(tmp_path: Path) -> Iterator[None]:
    """Make a module cache deletable."""
    yield
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)


@pytest.mark.parametrize("way", WAYS)
def test_a_private_module_is_fetched(way: Way, forge: Forge, invoke: Invoke, tmp_path: Path) -> None:
    """It works with each kind of git authentication; a directory's modules are downloaded, too."""
    variables = way(forge)
    source = importing(forge, tmp_path / "source", variables)
    for text in (f"{forge.host}/tool.git@v1.0.0", str(source)):
        forge.served.clear()
        done = invoke("build", "--engine", "local", "--source", text, env=variables)
        assert done.returncode == 0, done.stderr
        said = subprocess.run([done.stdout.strip()], capture_output=True, text=True, check=False).stderr
        assert said == "private\n"
        assert forge.served or "GIT_SSH_COMMAND" in variables
    written = [path for path in (tmp_path / "dist").rglob("*") if path.is_file()]
    assert not [path for path in written if PASSWORD.encode() in path.read_bytes()]


@pytest.mark.slow
@pytest.mark.needs("strace")
@pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux")
def test_only_a_fetch_gets_what_git_needs(forge: Forge, tmp_path: Path) -> None:
    """No compiler and no compile gets any of it, but git does."""
    variables = {**by_helper(forge), "NETRC": "/netrc", "SSH_AUTH_SOCK": "/socket", "GOAUTH": "/helper"}
    words = (
        "build",
        "--engine",
        "local",
        "--source",
        f"{forge.host}/tool.git@v1.0.0",
        "--dist",
        str(tmp_path / "dist"),
    )
    trace = traced(INVOKE, *words, scratch=tmp_path / "scratch", env=variables, packages=True)
    private = {name for name in variables if name not in {"GOPRIVATE", "GOAUTH"}}
    compiles, fetches = [], []
    for path, argv, environment in trace.programs:
        names = {variable.partition("=")[0] for variable in environment}
        online = private <= names
        assert online or not private & names, argv
        if Path(path).name in {"compile", "link"} or (argv[1:2] == ("install",) and "-n" not in argv):
            compiles.append(argv)
            assert not (online or "GOAUTH=/helper" in environment) or "-V=full" in argv, argv
        elif Path(path).name == "git":
            fetches.append(argv)
            assert online or "ls-tree" in argv or "log" in argv, argv
    assert compiles
    assert fetches


@pytest.mark.parametrize("userinfo", ["", f"{USER}:wrong-{PASSWORD}@", "nobody@"])
def test_a_private_module_that_is_refused_is_an_error(userinfo: str, forge: Forge, invoke: Invoke) -> None:
    """The hint says what to set, and no password is shown; the user is not asked for one."""
    variables = configured(forge, instead(forge, userinfo))
    done = invoke("build", "--engine", "local", "--source", f"{forge.host}/tool.git@v1.0.0", env=variables)
    assert done.returncode == SourceError.exit_code, done.stderr
    assert "set `GOPRIVATE` for a private module" in done.stderr
    assert PASSWORD not in done.stderr
    assert forge.refused
    assert not forge.served


@pytest.mark.docker
@pytest.mark.parametrize("kind", ["module", "directory"])
def test_a_container_without_git_says_what_to_do(
    kind: str, docker_host: object, forge: Forge, invoke: Invoke, tmp_path: Path
) -> None:
    """The builder image has none: the hint is to use this machine's, or a module proxy."""
    del docker_host
    variables = {**by_address(forge), "GOAUTH": f"git {os.sep}nowhere"}
    text = f"{forge.host}/tool.git@v1.0.0"
    if kind == "directory":
        text = str(importing(forge, tmp_path / "source", by_address(forge)))
    done = invoke("build", "--engine", "docker", "--source", text, env=variables)
    assert done.returncode == SourceError.exit_code, done.stderr
    assert done.stderr.count("missing Git command in the image") == 1
    assert "use `--engine local`, which runs this machine's Git" in done.stderr
    assert PASSWORD not in done.stderr
