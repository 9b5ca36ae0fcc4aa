"""A person with a machine, and an AWS account that requires MFA."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Invoke
from tests.integration.emulator_clients import Keys, Shell
from toolkit.emulator import Clock, Emulator, User
from toolkit.go import targets

Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Scene:
    """The environment that a case of bad input can change before the command runs."""

    aws: Emulator
    user: User  # the owner of the profile's keys
    desk: Shell

    def write(self, text: str | bytes) -> None:
        """Write the credentials file."""
        self.desk.credentials.write_bytes(text if isinstance(text, bytes) else text.encode())

    def add(self, text: str | bytes) -> None:
        """Append to the credentials file."""
        self.write(self.desk.credentials.read_bytes() + (text if isinstance(text, bytes) else text.encode()))

    def configure(self, line: str) -> None:
        """Write a line of the profile's section of the config file."""
        (self.desk.folder / "config").write_text(f"[profile example]\nregion = eu-west-1\n{line}\n", "utf-8")

    def become(self, user: User) -> None:
        """Give the profile another user's keys."""
        self.desk.become(Keys.of(user))


@pytest.fixture
def clock() -> Clock:
    """Return AWS's clock, which a test can move."""
    return Clock()


@pytest.fixture
def aws(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Return an AWS for this test, which is called without a proxy."""
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
    """Return a machine whose profile `example` has Alice's long-term keys; the file has other lines too."""
    shell = Shell(aws, tmp_path)
    shell.credentials.write_text("# mine\n[other]\nregion = eu-west-1\n\n", "utf-8")
    shell.profile("example", Keys.of(alice))
    (tmp_path / "config").write_text("[profile example]\nregion = ap-northeast-1\n", "utf-8")
    return shell


@pytest.fixture
def scene(aws: Emulator, alice: User, desk: Shell) -> Scene:
    """Return Alice at that machine."""
    return Scene(aws, alice, desk)


@pytest.fixture(scope="session")
def built(invoke_in: Invoke, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a `dist/` with a release of the program for this machine only."""
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
