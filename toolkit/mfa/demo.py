"""All steps against the embedded AWS: access denied, a first MFA device, a login, access allowed."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit import totp
from toolkit.aws.clients import Aws, Caller
from toolkit.errors import AwsRefused
from toolkit.go import targets
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.enroll import Authenticator, Turn, enroll, prepare
from toolkit.mfa.login import written
from toolkit.mfa.proof import Proof
from toolkit.model import Outcome, Programs, Progress, Target
from toolkit.settings import EnrollSettings

if TYPE_CHECKING:
    from toolkit.emulator import Clock, User

_PROFILE = "example"
_BEHIND = 2 * totp.PERIOD  # seconds: an enrollment waits for two new codes, at most one period each
_OTHERS = ("AWS_", "MOTO_")  # variables that could lead elsewhere
_MARGIN, _COLUMNS = "   ", 96


@dataclass(frozen=True)
class _Stepped:
    """Passes all messages on, and moves the clock forward instead of waiting."""

    shown: Progress
    clock: Clock

    def say(self, message: str) -> None:
        """Show one line."""
        self.shown.say(message)

    def heading(self, text: str) -> None:
        """Show a heading."""
        self.shown.heading(text)

    def plan(self, total: int) -> None:
        """Show the number of pairs."""
        self.shown.plan(total)

    def started(self, target: Target) -> None:
        """Show that a pair's compile began."""
        self.shown.started(target)

    def finished(self, outcome: Outcome, seconds: float) -> None:
        """Show how a pair ended."""
        self.shown.finished(outcome, seconds)

    def pause(self, seconds: float, why: str) -> None:
        """Move the clock forward."""
        self.clock.step(seconds)
        self.shown.say(f"{why}: both clocks skip ahead by {math.ceil(seconds)} s")


@dataclass
class _App:
    """An authenticator app that follows the emulator's clock, so that nobody has to wait or type."""

    progress: _Stepped
    viewer: Authenticator | None  # sees the QR code; None without a terminal
    _seed: str = field(default="", repr=False)

    def receive(self, device: NewDevice) -> None:
        """Store the seed, and show the QR code that a person would scan."""
        self._seed = device.seed
        if self.viewer:
            self.viewer.receive(device)

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Return the codes of this period and of the next. They are consecutive even on a slow machine."""
        del turn
        now = self.progress.clock()
        self.progress.pause(totp.seconds_left(now), "waiting for a second code")
        return totp.code(self._seed, now), totp.code(self._seed, now + totp.PERIOD)

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Return the current code. The clock first catches up with real time, so that no program finds it wrong."""
        del used, turn
        clock = self.progress.clock
        clock.step(max(0, time.time() - clock()))
        return totp.code(self._seed, clock())


@dataclass
class _Announced:
    """An authenticator, with a heading before the first code of the login."""

    inner: Authenticator
    progress: Progress
    heading: str = ""

    def receive(self, device: NewDevice) -> None:
        """Store the seed."""
        self.inner.receive(device)

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Return two consecutive codes."""
        return self.inner.pair(turn)

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Return a code that is not used yet."""
        if self.heading:
            self.progress.heading(self.heading)
            self.heading = ""
        return self.inner.another(used, turn)


def play(
    programs: Programs,
    viewer: Authenticator | None,
    progress: Progress,
    show: Callable[[Proof], None],
    *,
    interactive: bool = False,
) -> Proof:
    """Run all steps with this machine's program; show and return the proof of the login.

    The viewer sees the QR code and, if it is interactive, types real codes in real time. Raises as `enroll` does.
    Everything is deleted afterwards, however the demo ends. The AWS files of the user are not touched.
    """
    from toolkit.emulator import Clock, Emulator

    paced: Progress
    app: Authenticator
    clock = Clock() if interactive else Clock(ahead=-_BEHIND)
    stepped = _Stepped(progress, clock)
    paced, app = (progress, viewer) if interactive and viewer else (stepped, _App(stepped, viewer))
    with _no_other_aws() as folder, Emulator(clock) as emulator:
        alice = emulator.add_user("alice", "/eng/", devices=())
        _furnish(folder, alice, emulator.environment())
        progress.say(f"Started a local AWS at {emulator.url}. It uses no account and no file in ~/.aws.")
        if paced is stepped:
            progress.say("Its clock and that of the authenticator app skip ahead instead of waiting.")
        try:
            proof = _go(programs, _Announced(app, progress), progress, paced, show)
        finally:
            progress.say("\nStopped the local AWS and deleted everything in it.")
    progress.say(f"With your own account: invoke enroll --profile {_PROFILE}")
    return proof


def _go(
    programs: Programs, app: _Announced, progress: Progress, paced: Progress, show: Callable[[Proof], None]
) -> Proof:
    request = prepare(EnrollSettings(profile=_PROFILE))
    source, destination = request.profile, request.login.destination
    aws = Aws(request.login.limit)
    progress.heading(f"1. Only a key, in an account that requires MFA: aws s3 ls --profile {source}")
    _list(aws, request.login.source, progress)
    progress.heading(f"2. A first MFA device: invoke enroll --profile {source}")
    program = targets.mine(programs.release.binaries).path.name
    app.heading = f"3. A login and its proof: {program} -s {source} -d {destination}"
    enrolled = enroll(request, programs, app, paced)
    show(enrolled.proof)
    progress.heading(f"4. The same with the session: aws s3 ls --profile {destination}")
    _list(aws, written(request.login).caller, progress)
    return enrolled.proof


def _list(aws: Aws, caller: Caller, progress: Progress) -> None:
    """Show the output of `aws s3 ls` for a profile."""
    try:
        lines = list(aws.buckets(caller))
    except AwsRefused as refused:
        lines = textwrap.wrap(str(refused), _COLUMNS - len(_MARGIN), break_on_hyphens=False)
    progress.say(textwrap.indent("\n".join(lines), _MARGIN))


def _furnish(folder: Path, user: User, variables: Mapping[str, str]) -> None:
    """Write AWS files with a user's key, and point this process at them and at the AWS that knows the key."""
    credentials, config = folder / "credentials", folder / "config"
    key = f"aws_access_key_id = {user.access_key}\naws_secret_access_key = {user.secret}\n"
    credentials.touch(mode=0o600)
    credentials.write_text(f"[{_PROFILE}]\n{key}", "utf-8")
    config.write_text(f"[profile {_PROFILE}]\nregion = ap-northeast-1\n", "utf-8")
    os.environ.update(variables)


@contextlib.contextmanager
def _no_other_aws() -> Iterator[Path]:
    """Yield a directory for AWS files; meanwhile this process and its children see no other AWS settings."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="aws-mfa-demo-") as name:
        folder = Path(name)
        try:
            for variable in before:
                if variable.startswith(_OTHERS):
                    del os.environ[variable]
            os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
            os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(folder / "credentials")
            os.environ["AWS_CONFIG_FILE"] = str(folder / "config")
            yield folder
        finally:
            os.environ.clear()
            os.environ.update(before)
