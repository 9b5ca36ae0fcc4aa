"""A first MFA device for a user: created, shown, enabled with two codes, saved, and proven with a third."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from toolkit import totp
from toolkit.aws.clients import Aws
from toolkit.errors import CodesRefused, UsageError
from toolkit.mfa import login, serials
from toolkit.mfa.devices import Devices, NewDevice, Owner
from toolkit.mfa.login import Login
from toolkit.mfa.making import made, undone, verify_line
from toolkit.mfa.proof import Proof
from toolkit.mfa.verify import verify
from toolkit.model import Programs, Progress
from toolkit.settings import EnrollSettings

_TRIES = 3  # pairs of codes for one device

Turn = Callable[[str], None]  # waits until AWS's next period of codes begins; its argument says why


class Authenticator(Protocol):
    """Keeps the seed of a new device and shows its codes: a person with an app, or a command."""

    def receive(self, device: NewDevice) -> None:
        """Accept the seed."""

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Return two consecutive codes. Raises CodeMalformed or CommandFailed."""

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Return a code that was not used yet. Raises CodeMalformed or CommandFailed."""


@dataclass(frozen=True)
class Request:
    """An enrollment. Made by `prepare`."""

    login: Login
    device_name: str  # "" for the user's
    require_s3: bool

    @property
    def profile(self) -> str:
        """The profile with the user's long-term keys."""
        return self.login.source.name


@dataclass(frozen=True)
class Enrolled:
    """The enabled device and the proof of the login with it. Made by `enroll`, printed by `report`."""

    serial: str
    proof: Proof


def prepare(settings: EnrollSettings) -> Request:
    """Return the requested enrollment. Raises UsageError or ProfileUnusable; calls nothing."""
    if settings.totp_command and settings.show_seed:
        message = "`--show-seed` is for a person, and `--totp-command` takes the place of one"
        raise UsageError(message, hint="leave one of them out")
    return Request(login.prepare(settings), settings.device_name, settings.require_s3)


def enroll(request: Request, programs: Programs, authenticator: Authenticator, progress: Progress) -> Enrolled:
    """Enroll a user, and log in with this machine's program.

    Raises as `serials.check` does before any call, EnrollmentFailed and its kinds until the device is enabled, then as
    `serials.write` and `verify` do, and at any time AwsRefused, AwsBusy or AwsUnreachable. A device that was created
    but not enabled is then deleted, or reported.
    """
    serials.check(programs.own, request.profile)
    aws = Aws(request.login.limit)
    caller = request.login.source
    devices = Devices(aws, caller, Owner.of(aws.identity(caller), request.profile))

    def turn(why: str) -> None:
        progress.pause(totp.seconds_left(aws.time(caller)), f"waiting for {why}")

    device = made(devices, request.device_name, progress.say)
    with undone(devices, device, progress.say):
        authenticator.receive(device)
        used = _enabled(devices, device, authenticator, progress, turn)
    progress.say(f"device {device.serial}: enabled")
    said = serials.write(programs.own, request.profile, device.serial)
    progress.say(f"{said}; from now on: {verify_line(request.profile)}")
    turn("a code that is not used up, to log in with")

    def codes(refused: tuple[str, ...]) -> str:
        if refused:
            progress.say("AWS rejected the MFA code")
        return authenticator.another((*used, *refused), turn)

    return Enrolled(device.serial, verify(request.login, programs.release, codes, require_s3=request.require_s3))


def _enabled(
    devices: Devices, device: NewDevice, authenticator: Authenticator, progress: Progress, turn: Turn
) -> tuple[str, str]:
    """Enable a device, and return its two codes, which cannot be used again."""
    for left in reversed(range(_TRIES)):
        pair = authenticator.pair(turn)
        try:
            devices.enable(device.serial, pair)
        except CodesRefused as error:
            if not left:
                raise
            progress.say(f"{error}: {error.hint}")
        else:
            break
    return pair
