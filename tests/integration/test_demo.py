"""`invoke demo --interactive` against the embedded AWS, with codes of the real time and a person who does not wait."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes import FakeProgress
from tests.unit import samples
from toolkit import totp
from toolkit.errors import LoginFailed
from toolkit.go import targets
from toolkit.mfa.demo import play
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.enroll import Turn
from toolkit.mfa.proof import Proof
from toolkit.model import Programs, Target


@dataclass
class Phone:
    """A person with a phone. AWS also accepts the codes of the adjacent periods, so nobody has to wait."""

    seed: str = ""
    asked: int = 0

    def receive(self, device: NewDevice) -> None:
        """Scan."""
        self.seed = device.seed

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Type the codes of the previous period and of this one."""
        del turn
        self.asked += 1
        return totp.code(self.seed, time.time() - totp.PERIOD), totp.code(self.seed, time.time())

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Type the code of the next period."""
        del used, turn
        self.asked += 1
        return totp.code(self.seed, time.time() + totp.PERIOD)


def _never(proof: Proof) -> None:
    raise AssertionError(proof)


def test_true_codes_at_true_times(aws_mfa: str, tmp_path: Path) -> None:
    """The login uses the person's codes, the clock does not skip, and the person has to wait."""
    script = b"#!/bin/sh\ncat > " + str(tmp_path / "given").encode() + b"\n"
    made = samples.binary(Target(*targets.native()), tmp_path / "bin", content=script)
    made.path.chmod(0o755)
    phone, progress = Phone(), FakeProgress()
    programs = Programs(samples.dist(tmp_path / "release", made), samples.made(Path(aws_mfa)))
    with pytest.raises(LoginFailed, match="profile `example_mfa` has no keys"):  # the program writes no keys
        play(programs, phone, progress, _never, interactive=True)
    assert phone.asked == 2
    ((seconds, _),) = progress.paused
    assert 0 < seconds <= totp.PERIOD
    (given,) = (tmp_path / "given").read_text("utf-8").split()
    assert totp.code(phone.seed, time.time() + totp.PERIOD) == given or totp.code(phone.seed, time.time()) == given
    assert "mfa/alice: enabled" in "\n".join(progress.said)
    assert "clocks skip" not in "\n".join(progress.said)
