"""A person with an AWS account that insists on MFA, at a machine of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Invoke
from tests.integration.emulator_clients import Keys, Shell
from toolkit import targets
from toolkit.emulator import Clock, Emulator, User

Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def clock() -> Clock:
    """Return AWS's clock, which a test can move."""
    return Clock()


@pytest.fixture
def aws(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Return an AWS of the test's own, which nobody asks a proxy for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Emulator(clock) as emulator:
        yield emulator


@pytest.fixture
def alice(aws: Emulator) -> User:
    """Return a user under a path, with an authenticator app."""
    return aws.add_user("alice", "/eng/")


@pytest.fixture
def desk(aws: Emulator, alice: User, tmp_path: Path) -> Shell:
    """Return a machine whose profile `example` has the long-term keys of Alice, beside other people's lines."""
    shell = Shell(aws, tmp_path)
    shell.credentials.write_text("# mine\n[other]\nregion = eu-west-1\n\n", "utf-8")
    shell.profile("example", Keys.of(alice))
    (tmp_path / "config").write_text("[profile example]\nregion = ap-northeast-1\n", "utf-8")
    return shell


@pytest.fixture(scope="session")
def built(invoke_in: Invoke, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a `dist/` with a release of the program for this machine alone."""
    dist = tmp_path_factory.mktemp("built")
    done = invoke_in(dist, "matrix", "--engine", "local", "--only", "/".join(targets.native()))
    assert done.returncode == 0, done.stderr
    return dist


@pytest.fixture
def verify(desk: Shell, built: Path, invoke_in: Invoke) -> Verify:
    """Return a function that runs `invoke verify --profile example` at that machine."""

    def run(
        *args: str, profile: str = "example", env: dict[str, str] | None = None, **more: Any
    ) -> subprocess.CompletedProcess[str]:
        surroundings = {**desk.variables, **(env or {})}
        return invoke_in(built, "verify", "--profile", profile, *args, env=surroundings, **more)

    return run
