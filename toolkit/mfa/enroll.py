"""A first MFA device for a user: made, shown, enabled with two codes, written down, and proven with a third."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from toolkit import totp
from toolkit.aws import Aws
from toolkit.errors import CodesRefused, ProfileUnusable, UsageError
from toolkit.mfa import awsfiles, configfile, login
from toolkit.mfa.devices import Devices, NewDevice, Owner
from toolkit.mfa.login import Login
from toolkit.mfa.making import made, undone, verify_line
from toolkit.mfa.profiles import File
from toolkit.mfa.proof import Proof
from toolkit.mfa.verify import verify
from toolkit.model import Dist
from toolkit.settings import EnrollSettings

_SETTING = "mfa_serial"
_TRIES = 3  # pairs of codes for one device

Turn = Callable[[str], None]  # waits until AWS's next period of codes begins, and is told what for


class Authenticator(Protocol):
    """Whoever keeps the seed of a new device and shows its codes: a person with an app, or a command."""

    def receive(self, device: NewDevice) -> None:
        """Take the seed."""

    def pair(self, turn: Turn) -> tuple[str, str]:
        """Return two codes that follow each other. Raises CodeMalformed or CommandFailed."""

    def another(self, used: tuple[str, ...], turn: Turn) -> str:
        """Return a code that is none of those used. Raises CodeMalformed or CommandFailed."""


class Watch(Protocol):
    """What a person is told meanwhile."""

    def say(self, message: str) -> None:
        """Tell one line."""

    def pause(self, seconds: float, why: str) -> None:
        """Wait, and tell what for and how long."""


@dataclass(frozen=True)
class Request:
    """Who is enrolled. Made by `prepare`."""

    login: Login
    device_name: str  # "" for the user's
    require_s3: bool

    @property
    def profile(self) -> str:
        """The profile with the user's long-term keys."""
        return self.login.source.name


@dataclass(frozen=True)
class Enrolled:
    """The device that is enabled, and what the login with it proved. Made by `enroll`, printed by `report`."""

    serial: str
    proof: Proof


def prepare(settings: EnrollSettings) -> Request:
    """Return what is asked for. Raises UsageError, ProfileUnusable or ConfigUnwritable; calls nobody."""
    if settings.totp_command and settings.show_seed:
        message = "`--show-seed` is for a person, and `--totp-command` takes the place of one"
        raise UsageError(message, hint="leave one of them out")
    prepared = login.prepare(settings)
    configfile.check(configfile.place(), settings.profile, _SETTING)
    return Request(prepared, settings.device_name, settings.require_s3)


def enroll(request: Request, dist: Dist, authenticator: Authenticator, watch: Watch) -> Enrolled:
    """Enroll a user, and log in with this machine's program.

    Raises EnrollmentFailed and its kinds while no device is enabled, ConfigUnwritable, what `verify` raises, and
    throughout AwsRefused, AwsBusy or AwsUnreachable. A device that was made and not enabled is deleted then, or told.
    """
    aws = Aws(request.login.limit)
    caller = request.login.source
    devices = Devices(aws, caller, Owner.of(aws.identity(caller), request.profile))

    def turn(why: str) -> None:
        watch.pause(totp.seconds_left(aws.time(caller)), f"waiting for {why}")

    device = made(devices, request.device_name, watch.say)
    with undone(devices, device, watch.say):
        authenticator.receive(device)
        used = _enabled(devices, device, authenticator, watch, turn)
    watch.say(f"device {device.serial}: enabled")
    file = configfile.place()
    configfile.write(file, request.profile, _SETTING, device.serial)
    watch.say(f"profile {request.profile}: `{_SETTING}` is in `{file}`; from now on: {verify_line(request.profile)}")
    _look_back(request.profile, device.serial, watch)
    turn("a code that is not used up, to log in with")

    def codes(refused: tuple[str, ...]) -> str:
        if refused:
            watch.say("AWS did not take that code")
        return authenticator.another((*used, *refused), turn)

    return Enrolled(device.serial, verify(request.login, dist, codes, require_s3=request.require_s3))


def _enabled(
    devices: Devices, device: NewDevice, authenticator: Authenticator, watch: Watch, turn: Turn
) -> tuple[str, str]:
    """Enable a device, and return the two codes that are used up with it."""
    for left in reversed(range(_TRIES)):
        pair = authenticator.pair(turn)
        try:
            devices.enable(device.serial, pair)
        except CodesRefused as error:
            if not left:
                raise
            watch.say(f"{error}: {error.hint}")
        else:
            break
    return pair


def _look_back(profile: str, serial: str, watch: Watch) -> None:
    """Say so if programs find another serial number than was written: that in the credentials file counts first."""
    try:
        found = awsfiles.read().settings(profile).text(_SETTING)
    except ProfileUnusable as error:
        watch.say(f"profile {profile}: {error}")
        return
    if found != serial:
        place = awsfiles.place(File.CREDENTIALS)
        watch.say(f"profile {profile}: `{place}` says `{_SETTING} = {found}`, which counts before that")
