"""The go command here is a shell script: what is looked at is what the engine gives it, and makes of its answers."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from tests.unit.samples import DEPENDENCY, GO, LINUX, RECIPE, source
from toolkit.engines import Closed, CompileError, Limits, Share, TimeLimit
from toolkit.engines.local import LocalEngine
from toolkit.errors import DiskFull, SourceError
from toolkit.settings import EngineSettings
from toolkit.toolchain import Go

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the go command of these tests is a shell script")

SHARE = Share(jobs=2, cpus=3, memory=4 << 30)
OUT = 'args="$*"; while [ "$1" != -o ]; do shift; done; out=$2'  # finds where the binary has to go


def engine(folder: Path, script: str, *, seconds: float = 10, env: dict[str, str] | None = None) -> LocalEngine:
    """Return an engine whose go command is a script."""
    path = folder / "go"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    surroundings = {"PATH": os.environ["PATH"], "GOPROXY": "https://modules.example", "GOENV": "theirs"}
    return LocalEngine(Go(path, GO, surroundings), SHARE, Limits(seconds=seconds), env or {})


def built(made: LocalEngine, folder: Path) -> str:
    """Return what a compile gives."""
    return made.compile(source(directory=folder), LINUX, RECIPE).decode()


# --- compiling -------------------------------------------------------------------------------------------------------


def test_a_compile_gives_the_bytes(tmp_path: Path) -> None:
    """Whatever they are, from a folder that is gone afterwards."""
    script = f'{OUT}; printf \'\\377\\000bytes\' > "$out"; echo "$out" > {tmp_path}/where'
    assert engine(tmp_path, script).compile(source(directory=tmp_path), LINUX, RECIPE) == b"\xff\0bytes"
    assert not Path((tmp_path / "where").read_text().strip()).parent.exists()


def test_a_compile_runs_the_recipe(tmp_path: Path) -> None:
    """Its line is the recipe's, kept to the engine's share; it runs in the source's folder."""
    made = built(engine(tmp_path, f'{OUT}; echo "$args|$(pwd)|$out" > "$out"'), tmp_path)
    args, folder, out = made.strip().split("|")
    build, *rest = RECIPE.argv(source(), LINUX, out)
    assert args == " ".join([build, "-p=3", *rest])
    assert Path(folder).samefile(tmp_path)


def test_a_compile_has_the_recipes_variables(tmp_path: Path) -> None:
    """They count before this machine's; no module is fetched; the share and the build cache are set."""
    made = built(engine(tmp_path, f'{OUT}; env > "$out"', env={"GOCACHE": "/cache"}), tmp_path)
    env = dict(line.split("=", 1) for line in made.splitlines())
    wanted = {**RECIPE.environment(LINUX), **SHARE.environment(), "GOPROXY": "off", "GOCACHE": "/cache"}
    assert {name: env[name] for name in wanted} == wanted
    assert env["GOTMPDIR"].startswith(os.path.realpath(env["GOTMPDIR"])[:4])
    assert "HOME" not in env


def test_a_compile_that_fails_says_all_that_it_said(tmp_path: Path) -> None:
    """Both outputs, in their order, whatever bytes they hold."""
    with pytest.raises(CompileError) as caught:
        built(engine(tmp_path, "echo one; echo two >&2; printf '\\377'; exit 1"), tmp_path)
    assert str(caught.value) == "one\ntwo\n\N{REPLACEMENT CHARACTER}"


def test_a_compile_without_a_binary_has_failed(tmp_path: Path) -> None:
    """Whatever its exit code."""
    with pytest.raises(CompileError, match="done"):
        built(engine(tmp_path, "echo done"), tmp_path)


def test_a_compile_without_room_is_a_full_disk(tmp_path: Path) -> None:
    """It is no fault of the source's."""
    with pytest.raises(DiskFull) as caught:
        built(engine(tmp_path, "echo 'write /tmp/x: no space left on device' >&2; exit 1"), tmp_path)
    assert "`invoke clean --all`" in caught.value.hint


def test_a_compile_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """With the compilers it started; what it said until then is told."""
    begun = time.monotonic()
    script = f"echo working; sleep 30 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(TimeLimit, match="working"):
        built(engine(tmp_path, script, seconds=0.3), tmp_path)
    assert time.monotonic() - begun < 5
    assert not alive(int((tmp_path / "child").read_text()))


def test_an_engine_forgets_what_has_ended(tmp_path: Path) -> None:
    """The number of a process is soon another one's, which closing must not end."""
    made = engine(tmp_path, f"{OUT}; echo > $out")
    built(made, tmp_path)
    assert not made._running  # noqa: SLF001 - there is no safe way to see it but this


def alive(process: int) -> bool:
    """Tell whether a process still runs, a moment after it was told to end."""
    for _ in range(100):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat")
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return False  # ended, though nobody has asked how yet
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True


def test_a_closed_engine_ends_what_runs_and_begins_nothing(tmp_path: Path) -> None:
    """A run that is broken off does not wait for compiles."""
    made = engine(tmp_path, f"touch {tmp_path}/begun; sleep 30")
    raised: list[BaseException] = []

    def compile_() -> None:
        try:
            built(made, tmp_path)
        except Closed as error:
            raised.append(error)

    thread = threading.Thread(target=compile_)
    thread.start()
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    made.close()
    made.close()  # twice is as good as once
    thread.join(5)
    assert len(raised) == 1
    with pytest.raises(Closed):
        built(made, tmp_path)


# --- the rest --------------------------------------------------------------------------------------------------------


def test_it_is_the_pinned_go_with_all_of_this_machine() -> None:
    """Jobs as asked for, or as many as the machine carries; the build cache may be named."""
    made = LocalEngine.start(EngineSettings(), Limits())
    assert 1 <= made.jobs <= (os.cpu_count() or 1)
    assert LocalEngine.start(EngineSettings(), Limits(jobs=5)).jobs == 5


def test_a_build_cache_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home folder; a relative one is relative to where the person is."""
    monkeypatch.chdir(tmp_path)
    made = LocalEngine.start(EngineSettings(build_cache="cache"), Limits())
    assert made._env == {"GOCACHE": str(tmp_path / "cache")}  # noqa: SLF001 - a compile would have to run to see it


def test_modules_are_fetched_by_the_go_command(tmp_path: Path) -> None:
    """In the source's folder, with this machine's settings."""
    engine(tmp_path, f'echo "$*|$(pwd)|$GOPROXY" > {tmp_path}/said').fetch(source(directory=tmp_path))
    args, folder, proxy = (tmp_path / "said").read_text().strip().split("|")
    assert (args, proxy) == ("mod download", "https://modules.example")
    assert Path(folder).samefile(tmp_path)


def test_modules_that_cannot_be_had_are_an_error_of_the_source(tmp_path: Path) -> None:
    """The module is named, with what Go said."""
    with pytest.raises(SourceError) as caught:
        engine(tmp_path, "echo 'go: no network.' >&2; exit 1").fetch(source(directory=tmp_path))
    assert str(caught.value) == "the modules of `example.test/program` cannot be had: no network"
    assert "GOPROXY" in caught.value.hint


def test_pairs_are_asked_for_where_a_main_package_is(tmp_path: Path) -> None:
    """Go refuses to link only there."""
    rows = [{"GOOS": "linux", "GOARCH": arch, "CgoSupported": True, "FirstClass": False} for arch in ("386", "arm")]
    script = f"""
[ "$1" = tool ] && echo '{json.dumps(rows)}' && exit
grep -q '^package main' main.go && [ -f go.mod ] || exit
[ "$GOARCH" = arm ] && echo "go: $GOOS/$GOARCH requires external (cgo) linking, but cgo is not enabled" >&2
exit 1
"""
    first, second = engine(tmp_path, script).targets()
    assert (str(first), first.refusal, first.cgo_supported) == ("linux/386", "", True)
    assert second.refusal == "linux/arm requires external (cgo) linking, but cgo is not enabled"


def test_licences_come_from_gos_own_folders(tmp_path: Path) -> None:
    """The go command says where they are, and runs where the source is."""
    (tmp_path / "LICENSE").write_text("Go's")
    row = json.dumps({"Path": DEPENDENCY.path, "Version": DEPENDENCY.version, "Zip": f"{tmp_path}/none.zip"})
    script = f"[ $1 = env ] && echo {tmp_path} && exit; pwd > where; echo '{row}'"
    texts = engine(tmp_path, script).notices(source(directory=tmp_path), [DEPENDENCY])
    assert texts == {"Go": "Go's", "example.test/dependency v1.2.3": ""}
    assert (tmp_path / "where").exists()
