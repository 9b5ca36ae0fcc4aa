"""The whole way without an AWS account: denied, a first MFA device, a login, allowed; against the embedded AWS."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from toolkit import targets, totp
from toolkit.aws import Aws, Caller
from toolkit.errors import AwsRefused
from toolkit.mfa.devices import NewDevice
from toolkit.mfa.enroll import Authenticator, Turn, Watch, enroll, prepare
from toolkit.mfa.login import written
from toolkit.mfa.proof import Proof
from toolkit.model import Programs
from toolkit.settings import EnrollSettings

if TYPE_CHECKING:
    from toolkit.emulator import Clock, User

_PROFILE = "example"
_BEHIND = 2 * totp.PERIOD  # seconds: an enrollment waits for two new codes, and for each a period at most
_OTHERS = ("AWS_", "MOTO_")  # variables that could lead elsewhere
_MARGIN, _COLUMNS = "   ", 96


class Audience(Watch, Protocol):
    """Who watches."""

    def heading(self, text: str) -> None:
        """Tell what comes next."""

    def proof(self, proof: Proof, **more: str) -> None:
        """Show how the login was proven."""


@dataclass(frozen=True)
class _Stepped:
    """Tells everything to somebody else, and sets the clock on in place of waiting."""

    audience: Audience
    clock: Clock

    def say(self, message: str) -> None:
        """Tell one line."""
        self.audience.say(message)

    def pause(self, seconds: float, why: str) -> None:
        """Set the clock on."""
        self.clock.step(seconds)
        self.audience.say(f"{why}: both clocks are set on by {math.ceil(seconds)} s")


@dataclass
class _App:
    """An authenticator app that keeps step with the emulator's clock, so that nobody has to wait or type."""

    watch: _Stepped
    viewer: Authenticator | None  # who is shown the QR code; nobody where there is no terminal
    _seed: str = field(default="", repr=False)

    def receive(self, device: NewDevice) -> None:
        """Take the seed, and show the QR code that it would be scanned from."""
        self._seed = device.seed
        if self.viewer:
            self.viewer.receive(device)

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Return the codes of this period and of the next. However slow this machine is, one follows the other."""
        del turn
        now = self.watch.clock()
        self.watch.pause(totp.seconds_left(now), "waiting for a second code")
        return totp.code(self._seed, now), totp.code(self._seed, now + totp.PERIOD)

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Return the code of now: what the clock is still behind is made up for, so that no program finds it wrong."""
        del used, turn
        clock = self.watch.clock
        clock.step(max(0, time.time() - clock()))
        return totp.code(self._seed, clock())


@dataclass
class _Announced:
    """An authenticator, with a heading before the first code that is for the login."""

    inner: Authenticator
    audience: Audience
    heading: str

    def receive(self, device: NewDevice) -> None:
        """Take the seed."""
        self.inner.receive(device)

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Return two codes that follow each other."""
        return self.inner.pair(turn)

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Return a code that is none of those used."""
        if self.heading:
            self.audience.heading(self.heading)
            self.heading = ""
        return self.inner.another(used, turn)


def play(programs: Programs, viewer: Authenticator | None, audience: Audience, *, interactive: bool = False) -> Proof:
    """Go the whole way with this machine's program, and return what the login proved.

    The viewer is shown the QR code and, if it is interactive, has to type true codes at true times. Raises what
    `enroll` does. What is made is gone afterwards, however it ends; the AWS files of whoever runs it are not touched.
    """
    from toolkit.emulator import Clock, Emulator

    watch: Watch
    app: Authenticator
    clock = Clock() if interactive else Clock(ahead=-_BEHIND)
    stepped = _Stepped(audience, clock)
    watch, app = (audience, viewer) if interactive and viewer else (stepped, _App(stepped, viewer))
    with _no_other_aws() as folder, Emulator(clock) as emulator:
        alice = emulator.add_user("alice", "/eng/", devices=())
        _furnish(folder, alice, emulator.environment())
        audience.say(f"An AWS of our own, at {emulator.url}: no account is used, and no file in ~/.aws.")
        if watch is stepped:
            audience.say("Where a person would wait, its clock and that of the authenticator app are set on.")
        try:
            proof = _go(programs, app, audience, watch)
        finally:
            audience.say("\nThis AWS is gone again, with all that was made in it.")
    audience.say(f"With an account of your own: invoke enroll --profile {_PROFILE}")
    return proof


def _go(programs: Programs, app: Authenticator, audience: Audience, watch: Watch) -> Proof:
    request = prepare(EnrollSettings(profile=_PROFILE))
    source, destination = request.profile, request.login.destination
    aws = Aws(request.login.limit)
    audience.heading(f"1. A key alone, in an account that forces MFA: aws s3 ls --profile {source}")
    _list(aws, request.login.source, audience)
    audience.heading(f"2. A first MFA device: invoke enroll --profile {source}")
    program = targets.mine(programs.dist.binaries).path.name
    heading = f"3. A login, and its proof: {program} -s {source} -d {destination}"
    enrolled = enroll(request, programs, _Announced(app, audience, heading), watch)
    audience.proof(enrolled.proof)
    audience.heading(f"4. The same with the session: aws s3 ls --profile {destination}")
    _list(aws, written(request.login).caller, audience)
    return enrolled.proof


def _list(aws: Aws, caller: Caller, audience: Audience) -> None:
    """Tell what `aws s3 ls` gives to a profile."""
    try:
        lines = list(aws.buckets(caller))
    except AwsRefused as refused:
        lines = textwrap.wrap(str(refused), _COLUMNS - len(_MARGIN), break_on_hyphens=False)
    audience.say(textwrap.indent("\n".join(lines), _MARGIN))


def _furnish(folder: Path, user: User, variables: Mapping[str, str]) -> None:
    """Make AWS files with a user's key, and let this process find them, and the AWS that knows the key."""
    credentials, config = folder / "credentials", folder / "config"
    key = f"aws_access_key_id = {user.access_key}\naws_secret_access_key = {user.secret}\n"
    credentials.touch(mode=0o600)
    credentials.write_text(f"[{_PROFILE}]\n{key}", "utf-8")
    config.write_text(f"[profile {_PROFILE}]\nregion = ap-northeast-1\n", "utf-8")
    os.environ.update(variables)


@contextlib.contextmanager
def _no_other_aws() -> Iterator[Path]:
    """Give a folder, which is all that this process and what it starts know of AWS meanwhile."""
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
