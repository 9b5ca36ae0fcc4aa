"""The contract of every engine: the local one, and a real Docker engine."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import drop_caches
from tests.fakes import FakeProgress
from tests.integration.exact import whole
from toolkit.engines import Closed, CompileError, Engine, Limits, TimeLimit, choose
from toolkit.engines.docker.host import Host
from toolkit.go import check, licenses, targets, toolchain, tree
from toolkit.model import Module, Recipe, Source, Target
from toolkit.settings import CompileSettings

LINUX = Target("linux", "amd64")
Start = Callable[..., Engine]


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def kind(request: pytest.FixtureRequest) -> str:
    """Return the name of an available engine."""
    if request.param == "docker":
        request.getfixturevalue("docker_host")
    return str(request.param)


@pytest.fixture
def fresh_cache(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the name of an empty build cache: a directory, or a volume that is removed at the end."""
    if kind == "local":
        yield str(tmp_path / "cache")
        return
    host: Host = request.getfixturevalue("docker_host")
    name = f"aws-mfa-toolkit-test-{time.monotonic_ns()}"
    yield name
    drop_caches(host, name)


@pytest.fixture
def start(kind: str, fresh_cache: str, tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts an engine, on request with an empty build cache; all are closed at the end."""
    with contextlib.ExitStack() as opened:

        def begin(*, seconds: float = 600, empty: bool = False) -> Engine:
            settings = CompileSettings(engine=kind, dist=tmp_path / "dist", build_cache=fresh_cache if empty else "")
            return opened.enter_context(choose(settings, FakeProgress(), Limits(jobs=1, seconds=seconds)))

        yield begin


def program(folder: Path, main: str, mod: str = "module made.example/made\n\ngo 1.27\n") -> Source:
    """Return the source of a program with one file."""
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(mod, "utf-8")
    (folder / "main.go").write_text(main, "utf-8")
    return whole(folder, folder.parent)


def recipe() -> Recipe:
    """Return the recipe of the pinned toolchain."""
    return Recipe(toolchain.pinned())


def test_targets(start: Start) -> None:
    """An engine lists the same pairs as `go tool dist list`, with Go's refusals."""
    with start().open(tree.plain(targets.PREFLIGHT), online=False) as workspace:
        known = {str(target): target for target in targets.ask(workspace, recipe()) if not target.broken}
    assert len(known) > 40
    assert known["linux/amd64"].first_class
    assert not known["ios/amd64"].refusal
    refused = {pair for pair, target in known.items() if target.refusal}
    assert refused == {"android/386", "android/amd64", "android/arm", "ios/arm64"}


def test_compile(start: Start, tiny: Path, tmp_path: Path) -> None:
    """A compile returns the bytes of a correct binary for its pair."""
    engine, found = start(), whole(tiny, tmp_path)
    for target in (LINUX, Target("windows", "arm64")):
        data = engine.compile(found, target, recipe())
        assert check.mismatches(data, target, main=found.module.path) == ()


def test_same_bytes_whatever_the_machine_sets(
    start: Start, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of this machine that change what Go builds do not reach a compile."""
    found = whole(tiny, tmp_path)
    plain = start().compile(found, LINUX, recipe())
    (tmp_path / "goenv").write_text("GOAMD64=v4\nGOFLAGS=-tags=other\n", "utf-8")
    for name, value in {"GOAMD64": "v3", "GOFLAGS": "-race", "GOENV": str(tmp_path / "goenv"), "GOOS": "js"}.items():
        monkeypatch.setenv(name, value)
    toolchain.go.cache_clear()
    try:
        assert start().compile(found, LINUX, recipe()) == plain
    finally:
        toolchain.go.cache_clear()


def test_compile_error(start: Start, tmp_path: Path) -> None:
    """The compiler's message about a wrong program is reported in full, and the engine continues."""
    engine = start()
    wrong = program(tmp_path / "wrong", 'package main\n\nfunc main() { println(1 + "x", nowhere) }\n')
    with pytest.raises(CompileError) as caught:
        engine.compile(wrong, LINUX, recipe())
    assert "main.go:3" in str(caught.value)
    assert "undefined: nowhere" in str(caught.value)
    right = program(tmp_path / "right", "package main\n\nfunc main() {}\n")
    assert engine.compile(right, LINUX, recipe())


def test_time_limit(start: Start, tiny: Path, tmp_path: Path) -> None:
    """A compile that takes too long is stopped soon after its limit, and the next one works."""
    engine, found = start(seconds=1.5, empty=True), whole(tiny, tmp_path)
    began = time.monotonic()
    with pytest.raises(TimeLimit):
        engine.compile(found, Target("linux", "s390x"), recipe())  # a whole runtime, in an empty cache
    assert time.monotonic() - began < 15
    wrong = program(tmp_path / "wrong", "package main\n\nfunc main() { nowhere() }\n")
    with pytest.raises((CompileError, TimeLimit)):
        engine.compile(wrong, LINUX, recipe())


def test_no_network_while_compiling(start: Start, tmp_path: Path) -> None:
    """A compile cannot download a module."""
    text = 'package main\n\nimport _ "golang.org/x/example/hello/reverse"\n\nfunc main() {}\n'
    mod = (
        "module made.example/made\n\ngo 1.27\n\nrequire golang.org/x/example/hello v0.0.0-20240205180059-32022caedd6a\n"
    )
    with pytest.raises(CompileError):
        start().compile(program(tmp_path / "absent", text, mod), LINUX, recipe())


def test_an_answer_is_whole(start: Start) -> None:
    """A question returns the exit code, standard output and standard error, in a directory of the tree."""
    files = {"a/go.mod": b"module made.example/made\n\ngo 1.27\n", "a/b/main.go": b"package main\n\nfunc main() {}\n"}
    with start().open(tree.plain(files), online=False) as workspace:
        good = workspace.go("list", "-f", "{{.Dir}}", "./b", directory="a", env=recipe().environment(LINUX))
        bad = workspace.go("list", "./none", directory="a")
        assert workspace.read(f"{workspace.root}/a/go.mod") == files["a/go.mod"]
        assert workspace.read(f"{workspace.root}/none") is None
    assert (good.code, good.output.strip(), good.said) == (0, f"{workspace.root}/a/b", "")
    assert bad.code
    assert "no such file or directory" in bad.said or "directory not found" in bad.said


def test_trees_do_not_see_each_other(start: Start) -> None:
    """Two trees with the same names, sizes and times are not confused by Go's index of directories."""
    engine, names = start(), []
    for name in ("one", "two", "six"):
        files = {"go.mod": b"module made.example/made\n", "main.go": f"package {name}\n".encode()}
        with engine.open(tree.plain(files), online=False) as workspace:
            names.append(workspace.go("list", "-f", "{{.Name}}", ".").output.strip())
    assert names == ["one", "two", "six"]


def test_no_module_comes_without_a_sum(start: Start) -> None:
    """An online question downloads only what its go.sum allows."""
    version = b"v0.0.0-20250915201037-7f05d217867b"
    mod = b"module made.example/made\n\ngo 1.27\n\nrequire golang.org/x/example/hello " + version + b"\n"
    main = b'package main\n\nimport _ "golang.org/x/example/hello/reverse"\n\nfunc main() {}\n'
    with start().open(tree.plain({"go.mod": mod, "main.go": main}), online=True) as workspace:
        said = workspace.go("list", "-deps", ".").said
    assert "missing go.sum entry" in said


def test_notices(start: Start) -> None:
    """License texts include Go's and each module's, and need no network after the modules are downloaded."""
    engine = start()
    with engine.open((), online=True) as workspace:
        assert not workspace.go("mod", "download", "golang.org/x/text@v0.20.0").code
    with engine.open((), online=False) as workspace:
        texts = licenses.collect([Module("golang.org/x/text", "v0.20.0")], workspace)
    assert set(texts) == {"Go", "golang.org/x/text v0.20.0"}
    assert all("Redistribution and use" in text for text in texts.values())


def test_close_ends_a_compile(start: Start, tiny: Path, tmp_path: Path) -> None:
    """Closing an engine stops everything that runs on it, and may be done twice."""
    engine, found = start(empty=True), whole(tiny, tmp_path)
    caught: list[BaseException] = []

    def compile_it() -> None:
        try:
            engine.compile(found, Target("linux", "s390x"), recipe())
        except BaseException as error:  # noqa: BLE001 - the test examines every error
            caught.append(error)

    thread = threading.Thread(target=compile_it)
    thread.start()
    time.sleep(2)
    began = time.monotonic()
    engine.close()
    thread.join(20)
    assert time.monotonic() - began < 10
    assert [type(error) for error in caught] == [Closed]
    engine.close()
