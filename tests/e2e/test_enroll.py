"""`invoke enroll` at a real terminal: scans the QR code from the screen, types codes, and proves the login."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Invoke, invoke_path
from tests.integration.emulator_clients import Keys, Shell, assert_nowhere
from tests.scanner import seed_of
from tests.screens import Screen, at_terminal, qr_codes
from toolkit import totp
from toolkit.emulator import Clock, Emulator, User
from toolkit.errors import CodesRefused
from toolkit.settings import PREFIX

SERIAL = "arn:aws:iam::123456789012:mfa/alice"


@pytest.fixture
def clock() -> Clock:
    """Return a clock that a test can move, at the beginning of a period."""
    return Clock(ahead=totp.seconds_left(time.time()))


@pytest.fixture
def alice(aws: Emulator) -> User:
    """Return a user who must use MFA and has no device."""
    return aws.add_user("alice", "/eng/", devices=())


@pytest.fixture
def home(aws: Emulator, alice: User) -> Iterator[Shell]:
    """Return a machine with Alice's keys, in an otherwise empty directory."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(aws, Path(folder))
        shell.profile("example", Keys.of(alice))
        (shell.folder / "config").write_text("# mine\n[profile example]\nregion = ap-northeast-1\n", "utf-8")
        yield shell


@dataclass(frozen=True)
class Run:
    """The ways to start `invoke enroll --profile example`."""

    home: Shell
    dist: Path
    user: User
    clock: Clock

    @contextlib.contextmanager
    def __call__(
        self,
        *args: str,
        debug: bool = False,
        files: Path | None = None,
        own: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> Iterator[Screen]:
        """Start it at a new terminal, with its standard streams there or in `files`."""
        variables = {"COLORFGBG": "", **self.home.variables, **(env or {}), f"{PREFIX}DIST": str(self.dist)}
        argv = [invoke_path(), *(["--debug"] if debug else []), "enroll", "--profile", "example", *args]
        with at_terminal(argv, variables, files=files, own=own) as screen:
            yield screen

    def type_codes(self, screen: Screen, seed: str) -> None:
        """Type the codes of this period and of the next, and a third one a few seconds later, when prompted."""
        screen.type(f"{totp.code(seed, self.clock())}\n")
        screen.until("Next code")
        self.clock.step(totp.seconds_left(self.clock()) + totp.PERIOD - 2.5)
        screen.type(f"{totp.code(seed, self.clock())}\n")
        screen.until("Third code, to log in")
        screen.type(f"{totp.code(seed, self.clock())}\n")


@pytest.fixture
def enroll(home: Shell, built: Path, alice: User, clock: Clock) -> Run:
    """Return a function that starts it."""
    return Run(home, built, alice, clock)


def seed_on(screen: str, *, light: bool = False) -> str:
    """Return the seed in the only QR code on a screen."""
    (text,) = qr_codes(screen, light=light)
    assert text.startswith("otpauth://totp/Amazon%20Web%20Services:alice@123456789012?secret=")
    assert text.endswith("&issuer=Amazon%20Web%20Services")
    seed = seed_of(text)
    assert re.fullmatch("[A-Z2-7]{64}", seed)
    return seed


def test_the_good_way(enroll: Run, tmp_path: Path, invoke_in: Invoke) -> None:
    """With redirected streams the dialog is on the terminal; neither the streams nor any file contains the seed."""
    with enroll("--json", files=tmp_path, debug=True) as screen:
        shown = screen.until("First code")
        seed = seed_on(shown)
        assert seed == seed_on(shown, light=True)
        enroll.type_codes(screen, seed)
        exit_code = screen.end()
    out, err = ((tmp_path / name).read_text("utf-8") for name in ("out", "err"))
    assert exit_code == 0, err
    told = json.loads(out)
    assert list(told) == ["serial", "UserId", "Account", "Arn", "checks"]
    assert (told["serial"], told["Arn"]) == (enroll.user.device.serial, enroll.user.arn) == (SERIAL, enroll.user.arn)
    assert all(check["ok"] for check in told["checks"])
    assert f"device {SERIAL}: enabled\n" in err
    assert re.search(r"^waiting for a code that is not used up, to log in with: \d s$", err, re.MULTILINE)
    assert (enroll.home.folder / "config").read_text("utf-8") == (
        f"# mine\n[profile example]\nregion = ap-northeast-1\nmfa_serial = {SERIAL}\n"
    )
    assert seed == enroll.user.device.seed
    assert seed not in screen.written
    assert_nowhere(seed, tmp_path, enroll.home.folder, Path.home(), enroll.dist)
    enroll.clock.step(30)
    code = enroll.user.device.code()
    again = invoke_in(enroll.dist, "verify", "--profile", "example", env=enroll.home.variables, given=code)
    assert again.returncode == 0, again.stderr


def test_standard_error_is_the_terminal(enroll: Run) -> None:
    """It is, if the process has no other terminal. `s` shows the seed as text; an invalid code prompts again."""
    with enroll(own=False) as screen:
        seed = seed_on(screen.until("First code"))
        spelt = " ".join(seed[start : start + 4] for start in range(0, 64, 4))
        assert spelt not in screen.written
        screen.type("s\n")
        screen.until(f"Seed: {spelt}\n")
        screen.type("12345\n")
        screen.until("an MFA code is six digits")
        enroll.type_codes(screen, seed)
        assert screen.end() == 0, screen.written
    assert "waiting for a code that is not used up, to log in with:  1 s" in screen.written
    assert re.search(r"^ok +s3 ls +2 buckets$", screen.written, re.MULTILINE)
    assert enroll.user.device.seed == seed


@pytest.mark.parametrize(
    ("light", "env"), [(False, {}), (True, {"COLORFGBG": "0;15"}), (False, {"COLORFGBG": "15;0"})], ids=str
)
def test_ctrl_c_at_the_first_code(*, light: bool, env: dict[str, str], enroll: Run) -> None:
    """Without colours the QR code suits the background. Ctrl-C reports the state in AWS and the next step."""
    with enroll("--show-seed", env={"NO_COLOR": "1", **env}) as screen:
        seed = seed_on(screen.until("First code"), light=light)
        assert "\x1b" not in screen.written
        assert f"Seed: {seed[:4]} {seed[4:8]} " in screen.written
        screen.type("\x03")
        assert screen.end() == 130
    assert screen.written.endswith(
        f"device {SERIAL}: left in AWS, but not enabled and unusable; start over with: "
        "invoke enroll --profile example --device-name alice-2; or, as an administrator: "
        f"aws iam delete-virtual-mfa-device --serial-number {SERIAL}\n"
        "interrupted\n"
    )


def test_wrong_codes(enroll: Run) -> None:
    """After AWS rejects two codes the person can type others, three times in total."""
    with enroll() as screen:
        screen.until("First code")
        for attempt in range(1, 4):
            screen.type("000000\n")
            screen.until_times("Next code", attempt)
            screen.type("000001\n")
            if attempt < 3:
                screen.until_times("First code", attempt + 1)
        assert screen.end() == CodesRefused.exit_code
    assert screen.written.count(f"AWS rejected the two codes for `{SERIAL}`") == 3
    assert f"device {SERIAL}: left in AWS, but not enabled" in screen.written


def test_a_command(enroll: Run, invoke_in: Invoke, aws: Emulator, tmp_path: Path) -> None:
    """Without a terminal a command stores the seed and prints codes. The clock skips ahead, so that nobody waits."""
    script = tmp_path / "vault.py"
    script.write_text(
        "import pathlib, sys, time\n"
        "from toolkit import totp\n"
        "seed, folder = sys.stdin.readline().strip(), pathlib.Path(sys.argv[1])\n"
        "(folder / 'asked').touch()\n"
        "while not (folder / 'now').exists():\n    time.sleep(0.01)\n"
        "print(totp.code(seed, float((folder / 'now').read_text())))\n"
        "(folder / 'now').unlink()\n",
        "utf-8",
    )
    done = threading.Event()

    def answer() -> None:
        while not done.wait(0.01):
            if (tmp_path / "asked").exists():
                (tmp_path / "asked").unlink()
                enroll.clock.step(totp.seconds_left(enroll.clock()) - 1.5)
                (tmp_path / "now.new").write_text(str(enroll.clock()), "utf-8")
                (tmp_path / "now.new").replace(tmp_path / "now")

    clerk = threading.Thread(target=answer)
    clerk.start()
    try:
        line = f"{sys.executable} {script} {tmp_path}"
        args = ("enroll", "--profile", "example", "--totp-command", line)
        ended = invoke_in(enroll.dist, *args, env=enroll.home.variables, wrap=("setsid", "--wait"))
    finally:
        done.set()
        clerk.join()
    assert ended.returncode == 0, ended.stderr
    assert enroll.user.device.seed not in ended.stdout + ended.stderr
    assert [call.action for call in aws.calls].count("EnableMFADevice") == 1
    assert_nowhere(enroll.user.device.seed, tmp_path, enroll.home.folder, Path.home(), enroll.dist)
