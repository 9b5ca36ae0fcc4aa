"""The engine with hosts and containers that are classes of this file: how it lends, removes, sends and reads."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.unit.samples import LINUX, RECIPE, WINDOWS, source
from toolkit.engines import DEPTH, Closed, CompileError, Limits, TimeLimit
from toolkit.engines.docker.container import Result
from toolkit.engines.docker.engine import DockerEngine, certificates, run_label
from toolkit.engines.docker.host import MODULES, SOURCE
from toolkit.engines.docker.image import Image
from toolkit.engines.docker.volumes import cache_names
from toolkit.errors import DiskFull, EngineLost, ImageUnusable, ToolkitError
from toolkit.go import toolchain, tree
from toolkit.go.toolchain import pinned
from toolkit.go.workspace import Answer as Said
from toolkit.model import Piece, Source
from toolkit.settings import EngineSettings

if TYPE_CHECKING:
    from toolkit.engines.docker.host import Host

Answer = Callable[["FakeContainer", tuple[str, ...]], Result | None]
GIB = 1 << 30


@dataclass(eq=False)
class FakeContainer:
    """A container that answers each command with the result of a function."""

    answer: Answer
    online: bool
    source: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[tuple[tuple[str, ...], Mapping[str, str], str, float]] = field(default_factory=list)
    copied: list[tuple[str, str]] = field(default_factory=list)
    removed: int = 0

    def put(self, folder: str, files: Mapping[str, bytes], folders: tuple[str, ...] = ()) -> None:
        """Take files."""
        del folders
        self.files |= {f"{folder}/{name}": data for name, data in files.items()}

    def put_tar(self, folder: str, chunks: Iterable[bytes]) -> None:
        """Accept the files of a tar."""
        self.files |= {f"{folder}/{name}": data for name, data in unpacked(chunks).items()}

    def copy(self, path: str, folder: str) -> None:
        """Remember the directory to copy."""
        self.copied.append((path, folder))

    def get(self, path: str) -> bytes | None:
        """Return a file."""
        return self.files.get(path)

    def exec(self, argv: tuple[str, ...], env: Mapping[str, str], folder: str, *, seconds: float) -> Result | None:
        """Answer."""
        self.calls.append((argv, env, folder, seconds))
        return self.answer(self, argv)

    def remove(self) -> None:
        """Count the removals."""
        self.removed += 1


def unpacked(chunks: Iterable[bytes]) -> dict[str, bytes]:
    """Return the files of a tar."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as packed:
        return {item.name: packed.extractfile(item).read() for item in packed if item.isfile()}  # type: ignore[union-attr]


@dataclass
class FakeHost:
    """A host that starts fake containers."""

    answer: Answer = lambda _container, _argv: Result(0, "", "")
    cpus: int = 4
    memory: int = 8 * GIB
    goarch: str = "amd64"
    volumes: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    made: list[FakeContainer] = field(default_factory=list)
    asked: list[tuple[str, str, str, str, int]] = field(default_factory=list)
    closed: bool = False

    def run(  # noqa: PLR0913 - as the host has it
        self, image: str, run: str, *, cache: str, modules: str, source: str = "", online: bool, memory: int
    ) -> FakeContainer:
        """Start a container."""
        self.asked.append((image, run, cache, modules, memory))
        self.made.append(FakeContainer(self.answer, online, source))
        return self.made[-1]

    def make_source_volume(self, run: str, tar: Iterable[bytes], image: str) -> str:
        """Make a volume."""
        assert (run, image) == ("/dist", "image")
        name = f"volume-{len(self.volumes)}"
        self.volumes[name] = unpacked(tar)
        return name

    def remove_volume(self, name: str) -> None:
        """Remember it."""
        self.gone.append(name)

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def engine(host: FakeHost, *, cache: str = "", limits: Limits | None = None) -> DockerEngine:
    """Return an engine on a fake host."""
    settings = EngineSettings(dist=Path("/dist"), build_cache=cache)
    return DockerEngine(cast("Host", host), Image("image", "sha256:1"), settings, limits or Limits(jobs=2, seconds=7))


def compiled(container: FakeContainer, _argv: tuple[str, ...]) -> Result:
    """Answer like a successful compile."""
    env = container.calls[-1][1]
    native = (env["GOOS"], env["GOARCH"]) == ("linux", "amd64")
    below, exe = "" if native else f"/{env['GOOS']}_{env['GOARCH']}", ".exe" if env["GOOS"] == "windows" else ""
    container.files[f"{env['GOPATH']}/bin{below}/program{exe}"] = b"program"
    return Result(0, "", "")


@pytest.fixture
def program(tmp_path: Path) -> Source:
    """Return a source whose files exist."""
    (tmp_path / "pack").write_bytes(b"module x\npackage main\n")
    files = (Piece("m/go.mod", tmp_path / "pack", 0, 9), Piece("m/main.go", tmp_path / "pack", 9, 13))
    return source(files=files, directory="m")


# --- compiling -------------------------------------------------------------------------------------------------------


def test_a_compile_gives_the_bytes(program: Source) -> None:
    """The source is in a volume, the recipe runs in it without a network, and the binary is read from the container."""
    host = FakeHost(compiled)
    assert engine(host).compile(program, LINUX, RECIPE) == b"program"
    (container,) = host.made
    place = f"{DEPTH.strip('/')}/{program.digest[:16]}"
    assert host.volumes == {"volume-0": {f"{place}/m/go.mod": b"module x\n", f"{place}/m/main.go": b"package main\n"}}
    assert (container.source, container.online) == ("volume-0", False)
    ((argv, env, folder, seconds),) = container.calls
    install, *rest = RECIPE.argv(program, LINUX)
    assert argv == ("go", install, "-p=2", *rest)
    assert (folder, seconds) == (f"{SOURCE}/{place}/m", 7)
    modules = f"{MODULES}/go{DEPTH}"
    wanted = {**RECIPE.environment(LINUX), "GOPROXY": f"file://{modules}/cache/download", "GOMAXPROCS": "2"}
    wanted |= {"GOCACHE": "/cache/go", "GOMODCACHE": modules, "HOME": "/build"}
    wanted |= {"GOTMPDIR": "/build/scratch", "TMPDIR": "/build/scratch"}
    assert {name: env[name] for name in wanted} == wanted


def test_a_program_for_another_system_lies_elsewhere(program: Source) -> None:
    """`go install` puts it into a directory with the pair's name."""
    assert engine(FakeHost(compiled)).compile(program, WINDOWS, RECIPE) == b"program"


def test_a_compile_gets_no_secret_of_this_machine(program: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the variables for checking modules, but not those for downloading them."""
    checks = {
        "GOSUMDB": "sums.example",
        "GONOSUMDB": "a.example",
        "GOPRIVATE": "b.example",
        "GOINSECURE": "c.example",
    }
    for name, value in checks.items():
        monkeypatch.setenv(name, value)
    for name in ("GOPROXY", "HTTPS_PROXY", "GIT_SSH_COMMAND", "NETRC", "AWS_SECRET_ACCESS_KEY", "GOAUTH"):
        monkeypatch.setenv(name, "https://user:secret@example.invalid")
    toolchain.go.cache_clear()
    host = FakeHost(compiled)
    try:
        engine(host).compile(program, LINUX, RECIPE)
    finally:
        toolchain.go.cache_clear()
    assert "secret" not in str(host.made[0].calls)
    ((_, env, _, _),) = host.made[0].calls
    assert {name: env[name] for name in checks} == checks
    fixed = {"HOME", "GOCACHE", "GOMODCACHE", "GOTMPDIR", "TMPDIR", "GOPROXY", "GONOPROXY", "GOPATH", "SSL_CERT_FILE"}
    share = {"GOGC", "GOMEMLIMIT", "GOMAXPROCS"}
    assert set(env) == {*RECIPE.environment(LINUX), *checks, *fixed, *share}


def test_a_module_at_the_top_of_its_repository_is_compiled_there(program: Source) -> None:
    """The directory's name has no trailing slash, which the engine would pass on."""
    host = FakeHost(compiled)
    engine(host).compile(replace(program, directory=""), LINUX, RECIPE)
    ((_, _, folder, _),) = host.made[0].calls
    assert folder == f"{SOURCE}/{DEPTH.strip('/')}/{program.digest[:16]}"


def test_a_container_serves_one_compile_after_the_other(program: Source) -> None:
    """It is started once, and the source is sent once; another source has another volume and container."""
    host = FakeHost(compiled)
    made = engine(host)
    for _ in range(3):
        made.compile(program, LINUX, RECIPE)
    assert (len(host.made), len(host.volumes), host.made[0].removed) == (1, 1, 0)
    made.compile(replace(program, digest="f" * 64), LINUX, RECIPE)
    assert [container.source for container in host.made] == ["volume-0", "volume-1"]


def test_a_module_needs_no_source(program: Source) -> None:
    """The go command has it already; the state of the checksum database is copied."""
    host = FakeHost(compiled)
    engine(host).compile(replace(program, files=(), directory=""), LINUX, RECIPE)
    (container,) = host.made
    assert (host.volumes, container.source) == ({}, "")
    ((_, env, folder, _),) = container.calls
    assert folder == "/build"
    assert container.copied == [(f"{MODULES}/go/gopath/pkg/sumdb", f"{env['GOPATH']}/pkg")]


def test_files_that_gos_cache_does_not_see_have_a_cache_for_themselves(program: Source) -> None:
    """The volume is named after them; the modules are the same."""
    host = FakeHost(compiled)
    made = engine(host)
    made.compile(program, LINUX, RECIPE)
    made.compile(replace(program, included="0123456789abcdef"), LINUX, RECIPE)
    (_, _, first, modules, _), (_, _, second, same, _) = host.asked
    assert second == f"{first}-0123456789ab"
    assert modules == same


def test_an_engine_runs_as_many_jobs_as_it_can_carry() -> None:
    """The user may set another number."""
    assert [engine(FakeHost(), limits=Limits(jobs)).jobs for jobs in (None, 3)] == [4, 3]


def test_two_compiles_at_a_time_have_two_containers(program: Source) -> None:
    """No container is lent twice at the same time."""
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
        (Result(1, "", "write x: no space left on device"), DiskFull, "no space left"),
        (Result(137, "", "signal: killed"), EngineLost, "out of memory"),
        (Result(-1, "", ""), EngineLost, "out of memory"),
        (None, TimeLimit, "^$"),
    ],
)
def test_a_compile_that_gives_nothing_says_why(
    result: Result | None, error: type[Exception], message: str, program: Source
) -> None:
    """A problem of the source, the disk, the container or the time limit has its own kind of error."""
    with pytest.raises(error, match=message):
        engine(FakeHost(lambda _container, _argv: result)).compile(program, LINUX, RECIPE)


def test_a_container_past_its_time_is_not_lent_again(program: Source) -> None:
    """It is removed; the next compile has a new one."""
    host = FakeHost(lambda _container, _argv: None)
    made = engine(host)
    for _ in range(2):
        with pytest.raises(TimeLimit):
            made.compile(program, LINUX, RECIPE)
    made.close()
    assert [container.removed for container in host.made] == [1, 1]


def test_a_container_in_which_something_went_wrong_is_removed(program: Source) -> None:
    """Its state is unknown."""

    def answer(_container: FakeContainer, _argv: tuple[str, ...]) -> Result:
        raise EngineLost("it went away")

    host = FakeHost(answer)
    with pytest.raises(EngineLost):
        engine(host).compile(program, LINUX, RECIPE)
    assert host.made[0].removed == 1


def test_a_compile_that_failed_leaves_its_container_to_the_next(program: Source) -> None:
    """An old binary is never mistaken for the new one."""
    host = FakeHost(compiled)
    made = engine(host)
    made.compile(program, LINUX, RECIPE)
    host.made[0].answer = lambda _container, _argv: Result(1, "", "undefined: y")
    with pytest.raises(CompileError):
        made.compile(program, LINUX, RECIPE)
    assert len(host.made) == 1


def test_a_container_has_its_share_of_the_engine(program: Source) -> None:
    """It is the share of memory, with at least half a gigabyte; label and cache are those of the settings."""
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
    """It starts nothing more."""
    host = FakeHost(compiled)
    made = engine(host)
    made.compile(program, LINUX, RECIPE)
    made.close()
    made.close()  # the second time has no effect
    assert ([container.removed for container in host.made], host.closed) == ([1], True)
    assert host.gone == ["volume-0"]
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)


def test_a_container_that_starts_while_the_engine_is_closed_is_removed_too(program: Source) -> None:
    """Nothing is left behind, even if it was created late."""
    host = FakeHost(compiled)
    made = engine(host)
    made.close()
    with pytest.raises(Closed):
        made.compile(replace(program, files=(), directory=""), LINUX, RECIPE)
    with pytest.raises(Closed), made.open((), online=True):
        pass
    assert [(container.removed, container.calls) for container in host.made] == [(1, []), (1, [])]


def test_a_volume_that_is_made_while_the_engine_is_closed_is_removed_too(program: Source) -> None:
    """Sending a source of many files takes a moment."""

    @dataclass
    class Slow(FakeHost):
        def make_source_volume(self, run: str, tar: Iterable[bytes], image: str) -> str:
            made.close()
            return super().make_source_volume(run, tar, image)

    host = Slow(compiled)
    made = engine(host)
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)
    assert host.gone == list(host.volumes) == ["volume-0"]
    assert host.made == []


def test_a_volume_that_cannot_be_removed_does_not_keep_an_engine_from_closing(program: Source) -> None:
    """The next run removes it."""

    @dataclass
    class Stuck(FakeHost):
        def remove_volume(self, name: str) -> None:
            raise EngineLost(f"{name} is in use")

    host = Stuck(compiled)
    made = engine(host)
    made.compile(program, LINUX, RECIPE)
    made.close()
    assert host.closed


def test_what_fails_because_the_engine_is_closed_is_not_a_failure(program: Source) -> None:
    """A run that is stopped has no failed pairs."""
    host = FakeHost()
    made = engine(host)

    def answer(_container: FakeContainer, _argv: tuple[str, ...]) -> Result:
        made.close()
        raise EngineLost("it went away")

    host.answer = answer
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)
    assert host.made[0].removed


@pytest.mark.parametrize("method", ["run", "make_source_volume"])
def test_what_fails_to_start_because_the_engine_is_closed_is_not_a_failure(method: str, program: Source) -> None:
    """The connection ends while something is being created."""
    host = FakeHost(compiled)
    made = engine(host)

    def broken(*_args: object, **_named: object) -> None:
        made.close()
        raise EngineLost("it went away")

    setattr(host, method, broken)
    with pytest.raises(Closed):
        made.compile(program, LINUX, RECIPE)
    if method == "run":
        with pytest.raises(Closed), made.open((), online=True):
            pass


def test_a_question_that_fails_because_the_engine_is_closed_is_not_a_failure() -> None:
    """The source is not blamed for it."""
    host = FakeHost()
    made = engine(host)

    def answer(_container: FakeContainer, _argv: tuple[str, ...]) -> Result:
        made.close()
        raise EngineLost("it went away")

    host.answer = answer
    with pytest.raises(Closed), made.open((), online=False) as workspace:
        workspace.go("list")
    assert host.made[0].removed


# --- the rest --------------------------------------------------------------------------------------------------------


def test_a_question_has_a_container_for_itself() -> None:
    """Its tree has a unique path, and is removed afterwards."""
    host = FakeHost(lambda _container, _argv: Result(3, "out", "outerr", "err"))
    made, roots = engine(host), []
    for _ in range(2):
        with made.open(tree.plain({"a/go.mod": b"module x\n"}), online=False) as workspace:
            assert workspace.go("list", directory="a", env={"GOOS": "js"}) == Said(3, "out", "err")
            assert workspace.read(f"{workspace.root}/a/go.mod") == b"module x\n"
            assert workspace.read("relative") is None
            roots.append(workspace.root)
    assert len(set(roots)) == 2
    assert [(container.online, container.removed) for container in host.made] == [(False, 1), (False, 1)]
    ((argv, env, folder, _),) = host.made[0].calls
    assert (argv, folder) == (("go", "list"), f"{roots[0]}/a")
    assert (env["GOTOOLCHAIN"], env["GOENV"], env["GOFLAGS"], env["GOWORK"]) == (pinned(), "off", "", "off")
    assert env["GOOS"] == "js"


@pytest.mark.parametrize("online", [True, False])
def test_only_an_online_question_has_this_machines_settings(online: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001 - a parameter of the test
    """It gets the module proxy, and the variables for private modules, except for files and sockets of this machine."""
    monkeypatch.setenv("GOPROXY", "https://modules.example")
    for name in ("GIT_CONFIG_COUNT", "SSH_AUTH_SOCK", "NETRC", "GOAUTH", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "theirs")
    toolchain.go.cache_clear()
    host = FakeHost()
    try:
        with engine(host).open((), online) as workspace:
            workspace.go("list")
    finally:
        toolchain.go.cache_clear()
    ((_, env, _, _),) = host.made[0].calls
    assert host.made[0].online == online
    assert (env["GOPROXY"] == "https://modules.example") == online
    assert ("GIT_CONFIG_COUNT" in env) == online
    assert env["GONOPROXY"] == ("" if online else "none")
    assert not {"SSH_AUTH_SOCK", "NETRC", "GOAUTH", "AWS_SECRET_ACCESS_KEY"} & set(env)


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (Result(126, "", 'exec: "go": executable file not found'), ImageUnusable, "has no `go` on its PATH"),
        (Result(127, "", 'exec: "go": executable file not found in $PATH'), ImageUnusable, "has no `go` on its PATH"),
        (None, EngineLost, "`go list` in a container did not finish within 900 s"),
    ],
)
def test_a_question_that_nobody_answers_is_an_error(
    result: Result | None, error: type[ToolkitError], message: str
) -> None:
    """A missing `go` is the image's fault, a timeout is not; the container is removed in both cases."""
    host = FakeHost(lambda _container, _argv: result)
    with pytest.raises(error) as caught, engine(host).open((), online=True) as workspace:
        workspace.go("list")
    assert message in str(caught.value)
    assert host.made[0].removed == 1


def test_what_a_go_command_says_is_an_answer() -> None:
    """The message may also be that another program is missing."""
    said = Result(1, "", 'go: exec: "git": executable file not found in $PATH\n', "git is missing")
    with engine(FakeHost(lambda _container, _argv: said)).open((), online=True) as workspace:
        assert workspace.go("list") == Said(1, "", "git is missing")


@pytest.mark.parametrize(
    ("said", "placed"),
    [
        ("go: missing Git command. See https://go.dev/s/gogetcmd\n", "go: missing Git command in the image\n"),
        ('exec: "hg": executable file not found in $PATH', 'exec: "hg": executable file not found in the image'),
        ('{"Err": "exec: \\"git\\": executable file not found in $PATH"}',) * 2,
        ("no required module", "no required module"),
    ],
)
def test_a_program_that_is_missing_is_missing_in_the_image(said: str, placed: str) -> None:
    """It may be available on this machine."""
    placed = placed.replace("$PATH", "the image")
    with engine(FakeHost(lambda _container, _argv: Result(1, said, "", said))).open((), online=True) as workspace:
        assert workspace.go("list") == Said(1, placed, placed)


def test_only_an_image_that_was_named_has_a_digest() -> None:
    """It is part of the fingerprint then; each binary's record names the image."""
    plain = engine(FakeHost())
    settings = EngineSettings(dist=Path("/dist"), image="golang:1.27")
    named = DockerEngine(cast("Host", FakeHost()), Image("image", "sha256:1"), settings, Limits())
    assert (plain.digest, named.digest) == ("", "sha256:1")
    assert plain.record == {"engine": "docker", "image": "image"}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_are_those_that_this_machine_trusts(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company may add its own authority; a variable that names no file is ignored."""
    for other in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(other, str(tmp_path / "missing"))
    monkeypatch.setenv(name, str(tmp_path / "ours.pem"))
    (tmp_path / "ours.pem").write_bytes(b"ours")
    assert certificates() == b"ours"


def test_without_a_word_certificates_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """They exist on every system."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    assert b"-----BEGIN CERTIFICATE-----" in certificates()
    assert "SSL_CERT_FILE" not in os.environ


def test_certificates_are_there_for_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable contains their path."""
    (tmp_path / "ours.pem").write_bytes(b"ours")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ours.pem"))
    host = FakeHost()
    with engine(host).open((), online=True) as workspace:
        workspace.go("list")
    (container,) = host.made
    assert container.files["/build/ca.pem"] == b"ours"
    assert container.calls[0][1]["SSL_CERT_FILE"] == "/build/ca.pem"
