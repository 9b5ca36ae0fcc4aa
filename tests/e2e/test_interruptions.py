"""Ctrl-C, SIGTERM, SIGKILL and two runs at once: nothing is lost, and nothing is left behind."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke, drop_caches, invoke_path
from tests.fakes import FakeProgress
from toolkit.engines.docker import image
from toolkit.engines.docker.container import LABEL
from toolkit.engines.docker.engine import run_label
from toolkit.engines.docker.host import Host
from toolkit.engines.docker.volumes import cache_names
from toolkit.go.toolchain import pinned
from toolkit.settings import PREFIX, ROOT

TINY = str(ROOT / "tests" / "programs" / "tiny")
Start = Callable[..., "subprocess.Popen[str]"]
Mine = Callable[[], list[str]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts `invoke matrix` with an empty build cache, and returns while it compiles."""
    running: list[subprocess.Popen[str]] = []

    def start(*args: str, wait: float = 0.0, until: str = "engine:") -> subprocess.Popen[str]:
        argv = [invoke_path(), "matrix", "--source", TINY, "--only", "linux/*", *args]
        env = {**os.environ, f"{PREFIX}DIST": str(tmp_path / "dist")}
        process = subprocess.Popen(
            argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        running.append(process)
        assert process.stderr
        while until not in process.stderr.readline():
            assert process.poll() is None
        time.sleep(wait)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def mine(docker_host: Host, tmp_path: Path) -> Mine:
    """Return a function that lists everything on the engine that belongs to the runs of this test only."""
    return functools.partial(docker_host.owned, f"{LABEL}={run_label(tmp_path / 'dist')}")


@pytest.mark.parametrize("wait", [0.0, 0.7, 2.0])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_locally(begin: Start, tmp_path: Path, number: signal.Signals, wait: float) -> None:
    """Ctrl-C or SIGTERM ends the run and its compilers at once, with its exit code and one word."""
    process = begin("--engine", "local", "--build-cache", str(tmp_path / "cache"), wait=wait)
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert err.splitlines()[-1] in {"interrupted", "terminated"}
    assert "Traceback" not in err
    assert not out
    assert not _commands_of(str(tmp_path))
    assert not list(tmp_path.glob("dist/.release-*"))


@pytest.mark.docker
@pytest.mark.parametrize("wait", [0.0, 0.1, 0.2, 0.4, 0.8, 1.5])
def test_interrupted_in_docker(begin: Start, docker_host: Host, mine: Mine, wait: float) -> None:
    """Ctrl-C removes the containers of the run and their volumes."""
    process = begin("--engine", "docker", "--build-cache", "aws-mfa-toolkit-test-interrupted", wait=wait)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "interrupted"
    try:
        assert mine() == []
    finally:
        drop_caches(docker_host, "aws-mfa-toolkit-test-interrupted")


@pytest.mark.docker
def test_killed_in_docker(begin: Start, docker_host: Host, mine: Mine, invoke: Invoke) -> None:
    """The containers of a killed run end soon, and `invoke clean` removes everything that is left."""
    process = begin("--engine", "docker", "--build-cache", "aws-mfa-toolkit-test-killed", wait=1.5)
    assert mine()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while mine() and time.monotonic() < deadline:
        time.sleep(0.3)
    done = invoke("clean")
    assert done.returncode == 0, done.stderr
    assert mine() == []
    drop_caches(docker_host, "aws-mfa-toolkit-test-killed")


def test_killed_at_any_moment(invoke: Invoke, tmp_path: Path) -> None:
    """After a kill at any moment the next run finds a complete release, the old one or the new one, and finishes."""
    args = ("--source", TINY, "--engine", "local")
    assert invoke("matrix", "--only", "linux/amd64,linux/arm64", *args).returncode == 0
    release = tmp_path / "dist" / "release"
    argv = [invoke_path(), "matrix", *args, "--only"]
    env = {**os.environ, f"{PREFIX}DIST": str(tmp_path / "dist")}
    # Each run must create a different release than the one before, without compiling.
    for turn, moment in enumerate((0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)):
        only = ("linux/amd64", "linux/arm64")[turn % 2]
        process = subprocess.Popen(
            [*argv, only], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(moment)
        process.kill()
        process.wait()
        done = invoke("matrix", "--only", only, *args)
        assert done.returncode == 0, done.stderr
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=release, check=True)
        assert len(list(release.iterdir())) == 4
        assert {path.name for path in (tmp_path / "dist").iterdir()} == {".lock", "bin", "release", "state"}


def test_two_runs_at_once(begin: Start, tmp_path: Path) -> None:
    """A second run on the same `dist/` waits, says so, and succeeds."""
    first = begin("--engine", "local", "--build-cache", str(tmp_path / "cache"), wait=0.5)
    second = begin("--engine", "local", until="waiting for it to finish")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=20)
    _, err = second.communicate(timeout=600)
    assert second.returncode == 0, err
    assert "13 built" in err


def _forget(host: Host, cache: str) -> None:
    """Remove a build cache."""
    host.remove_volume(cache_names(image.ensure(host, FakeProgress()).id, pinned(), build_cache=cache)[0])


def _commands_of(text: str) -> list[str]:
    """Return the command lines of processes whose environment contains a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text in path.read_text("utf-8", errors="replace"):
                found.append(path.with_name("cmdline").read_text("utf-8", errors="replace"))
        except OSError:
            continue
    return [line for line in found if "/compile" in line or "/link" in line or "build" in line]
