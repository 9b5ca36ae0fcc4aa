"""The engine over hosts and containers that are classes of this file: what it lends, drops, sends and gives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.unit.samples import DEPENDENCY, LINUX, RECIPE, source, write_tree
from toolkit.engines import Closed, CompileError, Limits, TimeLimit
from toolkit.engines.docker import DockerEngine, certificates, run_label
from toolkit.engines.docker_container import Result
from toolkit.engines.docker_volumes import cache_names
from toolkit.errors import DiskFull, EngineLost, ImageUnusable, SourceError, ToolkitError
from toolkit.model import Source
from toolkit.settings import EngineSettings
from toolkit.toolchain import pinned

if TYPE_CHECKING:
    from toolkit.engines.docker_host import Host

Answer = Callable[["FakeContainer", tuple[str, ...]], Result | None]
GIB = 1 << 30


@dataclass(eq=False)
class FakeContainer:
    """A container that answers each command with what a function returns."""

    answer: Answer
    online: bool
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[tuple[tuple[str, ...], Mapping[str, str], str, float]] = field(default_factory=list)
    sent: int = 0
    removed: int = 0
    holds: str = ""

    def put(self, folder: str, files: Mapping[str, bytes], folders: tuple[str, ...] = ()) -> None:
        """Take files."""
        del folders
        self.sent += 1
        self.files |= {f"{folder}/{name}": data for name, data in files.items()}

    def get(self, path: str) -> bytes | None:
        """Give a file."""
        return self.files.get(path)

    def exec(self, argv: tuple[str, ...], env: Mapping[str, str], folder: str, *, seconds: float) -> Result | None:
        """Answer."""
        self.calls.append((argv, env, folder, seconds))
        return self.answer(self, argv)

    def remove(self) -> None:
        """Count how often it was removed."""
        self.removed += 1


@dataclass
class FakeHost:
    """A host that starts fake containers."""

    answer: Answer = lambda _container, _argv: Result(0, "", "")
    cpus: int = 4
    memory: int = 8 * GIB
    made: list[FakeContainer] = field(default_factory=list)
    asked: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    closed: bool = False

    def run(  # noqa: PLR0913 - as the host has it
        self, image: str, run: str, *, cache: str, modules: str, online: bool, memory: int
    ) -> FakeContainer:
        """Start a container."""
        self.asked.append((image, run, cache, modules, memory))
        self.made.append(FakeContainer(self.answer, online))
        return self.made[-1]

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def engine(host: FakeHost, *, cache: str = "", limits: Limits | None = None) -> DockerEngine:
    """Return an engine on a fake host."""
    settings = EngineSettings(dist=Path("/dist"), build_cache=cache)
    return DockerEngine(cast("Host", host), "image", settings, limits or Limits(jobs=2, seconds=7))


def compiled(container: FakeContainer, argv: tuple[str, ...]) -> Result:
    """Answer as a compile that goes well."""
    container.files[argv[argv.index("-o") + 1]] = b"program"
    return Result(0, "", "")


@pytest.fixture
def program(tmp_path: Path) -> Source:
    """Return a source whose files are there."""
    return source(directory=write_tree(tmp_path, {"go.mod": "module x\n", "main.go": "package main\n"}))


# --- compiling -------------------------------------------------------------------------------------------------------


def test_a_compile_gives_the_bytes(program: Source) -> None:
    """The source is sent, the recipe runs in it without a network, and the binary is fetched."""
    host = FakeHost(compiled)
    assert engine(host).compile(program, LINUX, RECIPE) == b"program"
    (container,) = host.made
    assert container.files["/build/go/source/main.go"] == b"package main\n"
    assert not container.online
    ((argv, env, folder, seconds),) = container.calls
    out = argv[argv.index("-o") + 1]
    build, *rest = RECIPE.argv(program, LINUX, out)
    assert argv == ("go", build, "-p=2", *rest)
    assert (folder, seconds) == ("/build/go/source", 7)
    wanted = {**RECIPE.environment(LINUX), "GOPROXY": "off", "GOMAXPROCS": "2"}
    wanted |= {"GOCACHE": "/cache/go", "GOMODCACHE": "/modules/go", "HOME": "/build"}
    wanted |= {"GOTMPDIR": "/build/scratch", "TMPDIR": "/build/scratch"}
    assert {name: env[name] for name in wanted} == wanted


def test_a_container_serves_one_compile_after_the_other(program: Source) -> None:
    """It is started once, and the source is sent once, until there is another."""
    host = FakeHost(compiled)
    made = engine(host)
    for _ in range(3):
        made.compile(program, LINUX, RECIPE)
    assert (len(host.made), host.made[0].sent, host.made[0].removed) == (1, 1, 0)
    made.compile(source(directory=program.directory, digest="other"), LINUX, RECIPE)
    assert (len(host.made), host.made[0].sent) == (1, 2)


def test_an_engine_runs_as_many_jobs_as_it_can_carry() -> None:
    """Or as many as were asked for."""
    assert [engine(FakeHost(), limits=Limits(jobs)).jobs for jobs in (None, 3)] == [4, 3]


def test_two_compiles_at_a_time_have_two_containers(program: Source) -> None:
    """None is lent twice."""
    both = threading.Barrier(2, timeout=10)

    def answer(container: FakeContainer, argv: tuple[str, ...]) -> Result:
        both.wait()
        return compiled(container, argv)

    host = FakeHost(answer)
    made = engine(host)
    threads = [threading.Thread(target=made.compile, args=(program, LINUX, RECIPE)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(container.calls) for container in host.made] == [1, 1]


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (Result(1, "", "# x\nundefined: y\n"), CompileError, "undefined: y"),
        (Result(0, "", "said nothing of it"), CompileError, "said nothing of it"),
        (Result(1, "", "write x: no space left on device"), DiskFull, "no room left"),
        (Result(137, "", "signal: killed"), EngineLost, "out of memory"),
        (Result(-1, "", ""), EngineLost, "out of memory"),
        (None, TimeLimit, "^$"),
    ],
)
def test_a_compile_that_gives_nothing_says_why(
    result: Result | None, error: type[Exception], message: str, program: Source
) -> None:
    """The source's fault, the disk's, the container's end and the time limit are told apart."""
    with pytest.raises(error, match=message):
        engine(FakeHost(lambda _container, _argv: result)).compile(program, LINUX, RECIPE)


def test_a_container_past_its_time_is_not_lent_again(program: Source) -> None:
    """It is gone; the next compile has a new one."""
    host = FakeHost(lambda _container, _argv: None)
    made = engine(host)
    for _ in range(2):
        with pytest.raises(TimeLimit):
            made.compile(program, LINUX, RECIPE)
    made.close()
    assert [container.removed for container in host.made] == [1, 1]


def test_a_container_in_which_something_went_wrong_is_removed(program: Source) -> None:
    """Nobody knows what state it is in."""

    def answer(_container: FakeContainer, _argv: tuple[str, ...]) -> Result:
        raise EngineLost("it went away")

    host = FakeHost(answer)
    with pytest.raises(EngineLost):
        engine(host).compile(program, LINUX, RECIPE)
    assert host.made[0].removed == 1


def test_a_compile_that_failed_leaves_its_container_to_the_next(program: Source) -> None:
    """An old binary is never taken for the new one's."""
    host = FakeHost(compiled)
    made = engine(host)
    made.compile(program, LINUX, RECIPE)
    host.made[0].answer = lambda _container, _argv: Result(1, "", "undefined: y")
    with pytest.raises(CompileError):
        made.compile(program, LINUX, RECIPE)
    assert len(host.made) == 1


def test_a_container_has_its_share_of_the_engine(program: Source) -> None:
    """Of memory, with half a gigabyte at least; label and cache are those of the settings."""
    host = FakeHost(compiled)
    engine(host, cache="ours").compile(program, LINUX, RECIPE)
    caches = cache_names("image", pinned(), build_cache="ours")
    assert host.asked == [("image", "/dist", *caches, 8 * GIB * 9 // 10 // 2)]
    small = FakeHost(compiled, memory=GIB // 2)
    engine(small).compile(program, LINUX, RECIPE)
    assert small.asked == [("image", "/dist", *cache_names("image", pinned()), GIB // 2)]
    assert run_label(Path("/dist")) == "/dist"


# --- the end ---------------------------------------------------------------------------------------------------------


def test_a_closed_engine_has_removed_all_it_started(program: Source) -> None:
    """And starts nothing more."""
    host = FakeHost(compiled)
    made = engine(host)
    made.compile(program, LINUX, RECIPE)
    made.close()
    made.close()  # twice is as good as once
    assert ([container.removed for container in host.made], host.closed) == ([1], True)
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)


def test_a_container_that_starts_while_the_engine_is_closed_is_removed_too(program: Source) -> None:
    """Nothing is left behind, however late it came."""
    host = FakeHost(compiled)
    made = engine(host)
    made.close()
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)
    assert [(container.removed, container.calls) for container in host.made] == [(1, [])]


def test_what_fails_because_the_engine_is_closed_is_told_as_that(program: Source) -> None:
    """A run that is broken off has no failed pairs."""
    host = FakeHost()
    made = engine(host)

    def answer(_container: FakeContainer, _argv: tuple[str, ...]) -> Result:
        made.close()
        raise EngineLost("it went away")

    host.answer = answer
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)
    assert host.made[0].removed


# --- the rest --------------------------------------------------------------------------------------------------------


def test_modules_are_fetched_in_a_container_with_a_network(program: Source) -> None:
    """It has this machine's module settings, serves nothing else, and is gone afterwards."""
    host = FakeHost()
    engine(host).fetch(program)
    (container,) = host.made
    assert (container.online, container.removed) == (True, 1)
    ((argv, env, folder, _),) = container.calls
    assert (argv, folder) == (("go", "mod", "download"), "/build/go/source")
    assert env["GOPROXY"] != "off"
    assert (env["GOTOOLCHAIN"], env["GOENV"], env["GOFLAGS"], env["GOWORK"]) == (pinned(), "off", "", "off")


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (
            Result(1, "", "go: no network\n"),
            SourceError,
            "the modules of `example.test/program` cannot be had: no network",
        ),
        (Result(1, "", 'go: exec: "git": executable file not found in $PATH\n'), SourceError, '"git": executable file'),
        (Result(127, "", "go: not today\n"), SourceError, "cannot be had: not today"),
        (Result(126, "", 'exec: "go": executable file not found'), ImageUnusable, "the image `image` has no `go`"),
        (None, EngineLost, "`go mod` in a container did not end within 900 s"),
        (
            Result(127, "", 'exec: "go": executable file not found in $PATH'),
            ImageUnusable,
            "the image `image` has no `go`",
        ),
    ],
)
def test_modules_that_cannot_be_had_are_told_with_why(
    result: Result | None, error: type[ToolkitError], message: str, program: Source
) -> None:
    """And the container is gone all the same."""
    host = FakeHost(lambda _container, _argv: result)
    with pytest.raises(error) as caught:
        engine(host).fetch(program)
    assert message in str(caught.value)
    assert host.made[0].removed == 1


def test_pairs_are_asked_for_where_a_main_package_is() -> None:
    """The preflight's files are sent, and Go is asked about each pair in their folder."""

    def answer(_container: FakeContainer, argv: tuple[str, ...]) -> Result:
        row = '[{"GOOS": "linux", "GOARCH": "386", "CgoSupported": true, "FirstClass": false}]'
        refusal = "go: linux/386 requires external (cgo) linking\n"
        return Result(0, row, row) if argv[1] == "tool" else Result(1, "", refusal)

    host = FakeHost(answer)
    (target,) = engine(host).targets()
    assert (str(target), target.refusal) == ("linux/386", "linux/386 requires external (cgo) linking")
    (container,) = host.made
    assert "/build/go/preflight/main.go" in container.files
    assert {folder for _, _, folder, _ in container.calls} == {"/build/go/preflight"}
    assert (container.calls[1][1]["GOOS"], container.calls[1][1]["GOARCH"]) == ("linux", "386")


def test_licences_are_read_out_of_a_container(program: Source) -> None:
    """Go says there where they are."""

    def answer(container: FakeContainer, argv: tuple[str, ...]) -> Result:
        container.files["/go/LICENSE"] = b"Go's"
        row = f'{{"Path": "{DEPENDENCY.path}", "Version": "{DEPENDENCY.version}", "Zip": "/none.zip"}}'
        return Result(0, "/go\n" if argv[1] == "env" else row, "")

    host = FakeHost(answer)
    texts = engine(host).notices(program, [DEPENDENCY])
    assert texts == {"Go": "Go's", "example.test/dependency v1.2.3": ""}
    assert {folder for _, _, folder, _ in host.made[0].calls} == {"/build/go/source"}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_are_those_that_this_machine_is_told_to_trust(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company may have its own authority; a variable that names no file is passed over."""
    for other in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(other, str(tmp_path / "missing"))
    monkeypatch.setenv(name, str(tmp_path / "ours.pem"))
    (tmp_path / "ours.pem").write_bytes(b"ours")
    assert certificates() == b"ours"


def test_without_a_word_certificates_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it keeps them, there are some."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    assert b"-----BEGIN CERTIFICATE-----" in certificates()
    assert "SSL_CERT_FILE" not in os.environ


def test_certificates_are_sent_along_with_the_source(
    program: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go is told where they are."""
    (tmp_path / "ours.pem").write_bytes(b"ours")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ours.pem"))
    host = FakeHost()
    engine(host).fetch(program)
    (container,) = host.made
    assert container.files[container.calls[0][1]["SSL_CERT_FILE"]] == b"ours"
