"""`invoke demo --interactive`, with a person who does not wait: the codes of real time, against the embedded AWS."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit import samples
from toolkit import targets, totp
from toolkit.errors import LoginFailed
from toolkit.mfa.demo import play
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.enroll import Turn
from toolkit.mfa.proof import Proof
from toolkit.model import Programs, Target


@dataclass
class Phone:
    """A person with a phone. AWS takes the codes of the periods beside this one too, so that nobody has to wait."""

    seed: str = ""
    asked: int = 0

    def receive(self, device: NewDevice) -> None:
        """Scan."""
        self.seed = device.seed

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Type the code of the period before, and of this one."""
        del turn
        self.asked += 1
        return totp.code(self.seed, time.time() - totp.PERIOD), totp.code(self.seed, time.time())

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Type the code of the next period."""
        del used, turn
        self.asked += 1
        return totp.code(self.seed, time.time() + totp.PERIOD)


@dataclass
class Audience:
    """Remembers what is told."""

    said: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    def say(self, message: str) -> None:
        """Remember a line."""
        self.said.append(message)

    def heading(self, text: str) -> None:
        """Remember a heading."""
        self.said.append(text)

    def pause(self, seconds: float, why: str) -> None:
        """Remember for how long somebody would have to wait."""
        del why
        self.pauses.append(seconds)

    def proof(self, proof: Proof, **more: str) -> None:
        """Remember a proof."""
        del more
        self.proofs.append(proof)


def test_true_codes_at_true_times(aws_mfa: str, tmp_path: Path) -> None:
    """The person's codes are those that are taken, by a clock that is not moved; and they are told to wait."""
    script = b"#!/bin/sh\ncat > " + str(tmp_path / "given").encode() + b"\n"
    made = samples.binary(Target(*targets.native()), tmp_path / "bin", content=script)
    made.path.chmod(0o755)
    phone, audience = Phone(), Audience()
    programs = Programs(samples.dist(tmp_path / "release", made), samples.made(Path(aws_mfa)))
    with pytest.raises(LoginFailed, match="profile `example_mfa` has no keys"):  # it is a program that writes none
        play(programs, phone, audience, interactive=True)
    assert phone.asked == 2
    assert len(audience.pauses) == 1
    assert 0 < audience.pauses[0] <= totp.PERIOD
    (given,) = (tmp_path / "given").read_text("utf-8").split()
    assert totp.code(phone.seed, time.time() + totp.PERIOD) == given or totp.code(phone.seed, time.time()) == given
    assert "mfa/alice: enabled" in "\n".join(audience.said)
    assert "are set on" not in "\n".join(audience.said)
