"""Programs in the form `path@version` are the same as those of `go install -trimpath`, on both engines."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.modules import ENGINES, MAIN, Shelf, installed, made, serving
from toolkit.errors import SourceError
from toolkit.model import Target

KINDS = [pytest.param(kind, marks=[pytest.mark.docker] if kind == "docker" else []) for kind in ENGINES]
LINUX, MAC = Target("linux", "amd64"), Target("darwin", "arm64")
REAL = (
    ("github.com/mitchellh/gox@v1.0.1", LINUX),
    ("filippo.io/mkcert@v1.4.4", MAC),
    ("filippo.io/mkcert@v1.4.4", LINUX),
    ("filippo.io/age/cmd/age@v1.2.0", LINUX),
    ("mvdan.cc/sh/v3/cmd/shfmt@v3.8.0", LINUX),
    ("golang.org/x/tools/cmd/stringer@v0.36.0", LINUX),
)
# All of them only in CI: compiling them for both engines and by hand takes minutes.
PROGRAMS = REAL if os.environ.get("CI") else REAL[:2]
many_cases = pytest.mark.parametrize("kind", KINDS if os.environ.get("CI") else KINDS[:1], indirect=True)
NOTHING_LISTENS = {"DOCKER_HOST": "unix:///nowhere.sock"}


@dataclass(frozen=True)
class Site:
    """An engine, and a module proxy that it can reach."""

    kind: str
    shelf: Shelf
    invoke: Invoke
    folder: Path

    def run(self, package: str) -> subprocess.CompletedProcess[str]:
        """Build a package of a module on the shelf."""
        return self.invoke(*words(package, self.kind), env=self.shelf.variables)

    def build(self, package: str) -> Path:
        """Return the program that it builds."""
        return built(self.run(package))

    def by_go(self, package: str) -> Path | str:
        """Return the program of plain `go install`, or its error message."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        return installed(package, LINUX, folder, {**self.shelf.variables, "GOMODCACHE": str(self.folder / "modules")})


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return the name of an engine."""
    if request.param == "docker":
        request.getfixturevalue("docker_host")
    return str(request.param)


@pytest.fixture
def site(kind: str, tmp_path: Path, invoke: Invoke) -> Iterator[Site]:
    """Return an engine with an empty module proxy."""
    (tmp_path / "proxy").mkdir()
    with serving(Shelf(tmp_path / "proxy"), kind) as shelf:
        yield Site(kind, shelf, invoke, tmp_path)


@pytest.fixture(scope="module")
def by_go(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Target], Path]:
    """Return a function that returns the program of plain `go install` for a public package."""

    @functools.cache
    def run(package: str, target: Target) -> Path:
        program = installed(package, target, tmp_path_factory.mktemp("gopath"))
        assert isinstance(program, Path), program
        return program

    return run


def words(package: str, kind: str, target: Target = LINUX) -> tuple[str, ...]:
    """Return the command that builds a package for a pair."""
    return ("build", "--source", package, "--engine", kind, "--goos", target.goos, "--goarch", target.goarch)


def built(done: subprocess.CompletedProcess[str]) -> Path:
    """Return the program that a command built."""
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.mark.parametrize(("package", "target"), PROGRAMS, ids=lambda value: str(value).rpartition("/")[2])
def test_public_programs(
    kind: str, package: str, target: Target, invoke: Invoke, by_go: Callable[[str, Target], Path]
) -> None:
    """Path, module, every dependency with its sum, DefaultGODEBUG and all other settings are the same."""
    program, theirs = built(invoke(*words(package, kind, target))), by_go(package, target)
    assert program.name == theirs.name
    assert made(program) == made(theirs)
    assert any(line.startswith("mod\t") for line in made(program))


@pytest.mark.needs("unshare")
def test_a_local_compile_needs_no_network(invoke: Invoke) -> None:
    """After everything is downloaded, a missing program is compiled in a network namespace without a device."""
    command = words("filippo.io/mkcert@v1.4.4", "local", MAC)
    program = built(invoke(*command))
    first = program.read_bytes()
    program.unlink()
    assert built(invoke(*command, wrap=("unshare", "--net", "--map-root-user"))).read_bytes() == first


@pytest.mark.docker
def test_a_compile_in_a_container_has_no_network(invoke: Invoke, docker_host: object) -> None:
    """The container for compiling is connected only to the network `none`."""
    assert docker_host
    began = str(time.time())
    built(invoke(*words("filippo.io/mkcert@v1.4.4", "docker", MAC)))
    networks, compiled = events(began)
    assert compiled
    assert {network for container in compiled for network in networks[container]} == {"none"}
    assert ["bridge"] in networks.values()


def events(began: str) -> tuple[dict[str, list[str]], set[str]]:
    """Return the networks of every container since a time, and the containers in which something was compiled."""
    shape = "{{.Type}}|{{.Action}}|{{.Actor.ID}}|{{.Actor.Attributes.container}}|{{.Actor.Attributes.name}}"
    argv = ["docker", "events", "--since", began, "--until", str(time.time()), "--format", shape]
    networks: dict[str, list[str]] = {}
    compiled: set[str] = set()
    for line in subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines():
        kind, action, actor, container, name = line.split("|")
        if (kind, action) == ("network", "connect"):
            networks.setdefault(container, []).append(name)
        if kind == "container" and action.startswith("exec_create: go install -p="):
            compiled.add(actor)
    return networks, compiled


PANICKING = """
package main

func main() {
	defer func() { println(recover() == nil) }()
	panic(nil)
}
"""


@many_cases
@pytest.mark.parametrize(
    ("line", "debug", "prints"),
    [
        ("go 1.20", "", "true"),
        ("go 1.21", "", "false"),
        ("go 1.21", "//go:debug panicnil=1\n", "true"),
        ("go 1.23\n\ngodebug panicnil=1", "", "false"),  # counts only in the main module
        ("", "", "true"),
    ],
)
def test_settings_follow_the_modules_go_mod(line: str, debug: str, prints: str, site: Site) -> None:
    """A program behaves as after `go install`: the module's lines determine it, not the toolchain's version."""
    path = site.shelf.publish("nil", "v1.0.0", go_mod=f"module {{host}}/nil\n\n{line}\n", main_go=debug + PANICKING)
    program, theirs = site.build(f"{path}@v1.0.0"), site.by_go(f"{path}@v1.0.0")
    assert isinstance(theirs, Path), theirs
    assert [printed(program), printed(theirs)] == [prints, prints]
    assert made(program) == made(theirs)


def printed(program: Path) -> str:
    """Return a program's output on standard error."""
    return subprocess.run([program], capture_output=True, text=True, check=False).stderr.strip()


def test_programs_have_the_names_that_go_gives_them(site: Site) -> None:
    """A major version at the end of a path is not a name; any other last element is."""
    mains = {f"{name}__main_go": MAIN for name in ("cmd__tool__v2", "thing__v1", "cmd__eleven__v11")}
    tools = site.shelf.publish("tools", "v1.0.0", **mains)
    sub = site.shelf.publish("repository/sub/v2", "v2.0.0", main_go=MAIN)
    dotted = site.shelf.publish("app.v3", "v1.0.0", main_go=MAIN)
    names = {
        f"{tools}/cmd/tool/v2@v1.0.0": "tool",
        f"{tools}/thing/v1@v1.0.0": "v1",
        f"{sub}@v2.0.0": "sub",
        f"{tools}/cmd/eleven/v11@v1.0.0": "eleven",
        f"{dotted}@v1.0.0": "app.v3",
    }
    for package, name in names.items():
        assert site.build(package).name == name
        theirs = site.by_go(package)
        assert isinstance(theirs, Path), theirs
        assert theirs.name == name


def test_a_query_is_resolved_in_each_run(site: Site) -> None:
    """The newest version for a query is built, whatever the query returned before."""
    path = site.shelf.publish("tool", "v1.0.0", main_go=MAIN)
    assert f"mod\t{path}\tv1.0.0\t" in "\n".join(made(site.build(f"{path}@latest")))
    site.shelf.publish("tool", "v1.0.1", main_go=MAIN)
    for query in ("latest", "v1", "v1.0", ">v1.0.0", "<v1.1.0", "upgrade"):
        assert f"mod\t{path}\tv1.0.1\t" in "\n".join(made(site.build(f"{path}@{query}"))), query


def test_an_exact_version_is_resolved_once(site: Site) -> None:
    """The second run uses no proxy, no go command and no engine."""
    path = site.shelf.publish("tool", "v1.2.3", main_go=MAIN)
    command = ("matrix", "--source", f"{path}@v1.2.3", "--only", "linux/amd64,plan9/386", "--engine")
    first = site.invoke(*command, site.kind, env=site.shelf.variables)
    assert first.returncode == 0, first.stderr
    site.shelf.asked.clear()
    again = site.invoke(*command, "docker", env={**site.shelf.variables, **NOTHING_LISTENS})
    assert again.returncode == 0, again.stderr
    assert "nothing changed" in again.stderr
    assert "engine:" not in again.stderr
    assert not site.shelf.asked


NEEDING = 'package main\n\nimport "{host}/dep"\n\nfunc main() { println(dep.X) }\n'


@many_cases
@pytest.mark.parametrize("wrong", ["{host}/dep v1.0.0 h1:" + "A" * 43 + "=\n", "nonsense\n"], ids=["wrong", "nonsense"])
def test_what_go_install_does_not_read_does_not_matter(wrong: str, site: Site) -> None:
    """A module's go.sum, its vendored packages, a workspace, and its toolchain line are ignored."""
    site.shelf.publish("dep", "v1.0.0", dep_go="package dep\n\nconst X = 1\n")
    lines = "module {host}/tool\n\ngo 1.21\n\ntoolchain go1.99.0\n\nrequire {host}/dep v1.0.0\n"
    path = site.shelf.publish(
        "tool", "v1.0.0", go_mod=lines, main_go=NEEDING, go_sum=wrong, go_work="go 1.21\n\nuse ./nowhere\n",
        vendor__modules_txt="nonsense\n",
    )  # fmt: skip
    program, theirs = site.build(f"{path}@v1.0.0"), site.by_go(f"{path}@v1.0.0")
    assert isinstance(theirs, Path), theirs
    assert made(program) == made(theirs)


DEPRECATED = "// Deprecated: use other.example instead.\nmodule {host}/old\n\ngo 1.21\n\n"


def test_what_authors_say_of_a_version_is_reported_once(site: Site) -> None:
    """Each run quotes the author about a retracted version and a deprecated module."""
    path = site.shelf.publish("old", "v1.0.0", main_go=MAIN)
    site.shelf.publish("old", "v1.0.1", main_go=MAIN)
    site.shelf.publish("old", "v1.1.0", go_mod=f"{DEPRECATED}retract v1.0.0 // It loses files.\n", main_go=MAIN)
    for _ in range(2):  # the second time from memory
        done = site.run(f"{path}@v1.0.0")
        built(done)
        assert done.stderr.count(f"`{path}@v1.0.0` was retracted by its author: It loses files.") == 1
        assert done.stderr.count(f"`{path}` is deprecated: use other.example instead.") == 1
    done = site.run(f"{path}@v1.0.1")
    built(done)
    assert "retracted" not in done.stderr
    assert done.stderr.count("is deprecated") == 1


@many_cases
@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("retract [v1.0.0, v1.0.9] // All lose files.", "was retracted by its author: All lose files."),
        ("retract v1.0.0", "was retracted by its author\n"),
        ("retract (\n\tv1.0.0 // One reason.\n\t[v0.9.0, v1.0.5] // Another.\n)", "One reason.; Another."),
        ("retract v1.0.0 // \x1b[31mred\x07", "was retracted by its author: "),
        ("// First line,\n// and second.\nretract v1.0.0", "was retracted by its author: First line, and second.\n"),
        (f"retract v1.0.0 // {'long' * 1000}", f"was retracted by its author: {'long' * 125}…\n"),
    ],
    ids=["a range", "no reason", "two reasons", "control characters", "two lines", "long"],
)
def test_retractions(line: str, says: str, site: Site) -> None:
    """The cases are a range, no reason, several reasons, and reasons that would fill or change a terminal."""
    path = site.shelf.publish("old", "v1.0.0", main_go=MAIN)
    site.shelf.publish("old", "v1.1.0", go_mod=f"module {{host}}/old\n\ngo 1.21\n\n{line}\n", main_go=MAIN)
    done = site.run(f"{path}@v1.0.0")
    built(done)
    assert says in done.stderr
    assert not {"\x1b", "\x07"} & set(done.stderr)
    assert done.stderr.count("retracted by") == 1


@many_cases
@pytest.mark.parametrize(
    "line",
    [
        "exclude {host}/other v1.0.0",
        "exclude (\n\t{host}/other v1.0.0\n\t{host}/other v1.0.1\n)",
        "replace {host}/other => {host}/fork v1.0.0",
        "replace {host}/other => ./other",
    ],
)
def test_what_go_install_refuses_is_refused(line: str, site: Site) -> None:
    """Such a go.mod would mean something else as that of the main module."""
    path = site.shelf.publish("tool", "v1.0.0", go_mod=f"module {{host}}/tool\n\ngo 1.21\n\n{line}\n", main_go=MAIN)
    says = f"more {line.split(maxsplit=1)[0]} directives"
    assert says in str(site.by_go(f"{path}@v1.0.0"))
    done = site.run(f"{path}@v1.0.0")
    assert done.returncode == SourceError.exit_code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
