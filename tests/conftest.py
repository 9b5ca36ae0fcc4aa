"""Fixtures for every test: an environment without AWS, and homes that are not the user's."""

from __future__ import annotations

import atexit
import functools
import gc
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path

import platformdirs
import pytest

from toolkit.engines.docker.host import Host
from toolkit.errors import EngineUnavailable
from toolkit.go import toolchain
from toolkit.settings import PREFIX, ROOT

# Read before any test moves HOME, so that caches are kept from one run to the next.
_CACHES = {name: toolchain.go().env[name] for name in ("GOCACHE", "GOMODCACHE", "GOPATH")}
_CACHES["XDG_CACHE_HOME"] = str(platformdirs.user_cache_path())
_OURS = ("AWS_", PREFIX, "DOCKER_", "SOURCE_DATE_EPOCH", "NO_COLOR", "FORCE_COLOR", "GOFLAGS", "GOOS", "GOARCH")

EMPTY_IMAGE = "aws-mfa-toolkit-test-empty"

Invoke = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip for want of a CI program into a failure if CI is set: it would hide that the test did not run."""
    report = yield
    needed = item.get_closest_marker("docker") or item.get_closest_marker("needs")
    if report.skipped and os.environ.get("CI") and needed:
        report.outcome = "failed"
        report.longrepr = f"CI may not skip this: {report.longrepr}"
    return report


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests unless CI is set."""
    slow = [] if os.environ.get("CI") else [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs a missing program."""
    for program in (name for marker in item.iter_markers("needs") for name in marker.args):
        if shutil.which(program) is None:
            pytest.skip(f"`{program}` is not installed")


def pytest_sessionfinish() -> None:
    """Undo the settings of a task that ran in this process: libraries warn about objects that are never collected."""
    atexit.unregister(gc.freeze)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Clear variables that a developer's machine may set, and move HOME away."""
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in {"DOCKER_HOST", "AWS_CA_BUNDLE"}:
            monkeypatch.delenv(name)
    for name, value in {**_CACHES, "HOME": str(tmp_path_factory.mktemp("home"))}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def dead() -> Iterator[str]:
    """Return an address where no server listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture(scope="session")
def tiny() -> Path:
    """Return the directory of a Go program without imports: it compiles only Go's runtime."""
    return ROOT / "tests" / "programs" / "tiny"


@pytest.fixture(scope="session")
def docker_host() -> Iterator[Host]:
    """Return the Docker engine; skip the test if none answers."""
    try:
        host = Host.connect()
    except EngineUnavailable as error:
        pytest.skip(str(error))
    yield host
    subprocess.run(["docker", "rmi", "-f", EMPTY_IMAGE], capture_output=True, check=False)
    host.close()


def drop_caches(host: Host, prefix: str) -> None:
    """Remove the cache volumes for a name of `--build-cache`."""
    for kind, name in (item.split() for item in host.owned()):
        if kind == "volume" and name.startswith(f"{prefix}-"):
            host.remove_volume(name)


@pytest.fixture
def invoke(tmp_path: Path, invoke_in: Invoke) -> Invoke:
    """Return a function that runs `invoke` as users do, with a `dist/` for this test only."""
    return functools.partial(invoke_in, tmp_path / "dist")


@pytest.fixture(scope="session")
def invoke_in() -> Invoke:
    """Return a function that runs `invoke` as users do, with a given `dist/`."""

    def run(
        dist: Path,
        *args: str,
        env: Mapping[str, str] | None = None,
        wrap: Sequence[str] = (),
        given: str = "",
    ) -> subprocess.CompletedProcess[str]:
        surroundings = {**os.environ, **_CACHES, f"{PREFIX}DIST": str(dist), **(env or {})}
        return subprocess.run(
            [*wrap, invoke_path(), *args], cwd=ROOT, env=surroundings, input=given, capture_output=True,
            text=True, check=False, timeout=900,
        )  # fmt: skip

    return run


def invoke_path() -> str:
    """Return the invoke command of the Python that runs the tests."""
    found = shutil.which("invoke", path=str(Path(sys.executable).parent))
    assert found, "invoke is not installed beside this Python"
    return found
