"""The program, and a person with an AWS account who uses it."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.emulator_clients import Keys, Shell
from toolkit import totp
from toolkit.emulator import Clock, Emulator, User


@pytest.fixture(scope="session")
def aws_mfa(invoke_in: Invoke, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of aws-mfa."""
    done = invoke_in(tmp_path_factory.mktemp("dist"), "build", "--engine", "local")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def clock() -> Clock:
    """Return a clock at the beginning of a period, which a test can move."""
    return Clock(ahead=totp.seconds_left(time.time()))


@pytest.fixture
def aws(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Return an AWS that nobody asks a proxy for."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Emulator(clock) as emulator:
        yield emulator


@dataclass(frozen=True)
class Desk:
    """A user at a machine, with a command that shows the code of now and counts how often it was asked."""

    shell: Shell
    user: User
    program: str

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line of a login that asks the command for a code."""
        command = f"sh {shlex.quote(str(self.shell.folder / 'code.sh'))}"
        device = ("--serial", self.user.device.serial)
        return (self.program, "-s", "example", "-d", "example_mfa", *device, "--code-command", command)

    @property
    def environ(self) -> dict[str, str]:
        """What leads a program here."""
        return {**os.environ, **self.shell.variables}

    def show(self, code: str, more: str = "") -> None:
        """Let the command show a code, after something more."""
        asked = shlex.quote(str(self.shell.folder / "asked"))
        (self.shell.folder / "code.sh").write_text(f"echo x >> {asked}\n{more}\necho {code}\n", "utf-8")

    @property
    def asked(self) -> int:
        """How often the command was run."""
        path = self.shell.folder / "asked"
        return len(path.read_text("utf-8").split()) if path.exists() else 0

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Start a login."""
        return subprocess.Popen(
            [*self.argv, *more], env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


@pytest.fixture
def desk(aws: Emulator, tmp_path: Path, aws_mfa: str) -> Desk:
    """Return a user with long-term keys in `example`."""
    user = aws.add_user("alice", "/eng/")
    shell = Shell(aws, tmp_path)
    shell.profile("example", Keys.of(user))
    found = Desk(shell, user, aws_mfa)
    found.show(user.device.code())
    return found
