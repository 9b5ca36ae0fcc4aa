"""`aws-mfa` and a credentials file that cannot be replaced, or not be written: nothing is lost, no code is spent."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Desk
from tests.integration.emulator_clients import Keys, Shell
from tests.integration.test_aws_mfa import SESSION
from toolkit.emulator import Emulator

KILLS = 200 if os.environ.get("CI") else 40
SOMEBODY = 12345  # a user and a group that nobody here is

Space = Callable[[str], tuple[str, ...]]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has neither mounts of files nor owners like these")


@pytest.fixture
def space() -> Iterator[Space]:
    """Return a function that mounts something for some processes only, and returns the words to run one of them."""
    with contextlib.ExitStack() as stack:

        def make(script: str) -> tuple[str, ...]:
            argv = ["unshare", "-m", "sh", "-c", f"{script} && echo done && exec sleep 600"]
            process = stack.enter_context(
                subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            )
            stack.callback(process.kill)
            assert process.stdout
            if process.stdout.readline() != "done\n":
                pytest.skip("nothing can be mounted here")
            return "nsenter", "-t", str(process.pid), "-m"

        yield make


def log_in(desk: Desk, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Log in, by way of another program if words are given."""
    environ = {**desk.environ, **env}
    return subprocess.run([*words, *desk.argv], env=environ, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.needs("unshare", "nsenter")
def test_a_mounted_file(desk: Desk, space: Space) -> None:
    """It is written where it is: nothing can be renamed over a mount point."""
    file = desk.shell.credentials
    file.chmod(0o640)
    before = file.stat()
    done = log_in(desk, *space(f"mount --bind {file} {file}"))
    assert done.returncode == 0, done.stderr
    after = file.stat()
    assert SESSION.search(file.read_bytes())
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert {path.name for path in file.parent.iterdir()} == {"credentials", "code.sh", "asked"}


def test_a_hard_link(desk: Desk) -> None:
    """Both names keep the same file, and a note says so."""
    file, twin = desk.shell.credentials, desk.shell.folder / "twin"
    os.link(file, twin)
    done = log_in(desk)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f"`{file}`") == 1
    assert file.samefile(twin)
    assert SESSION.search(twin.read_bytes())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root writes the files of others")
@pytest.mark.parametrize(("mode", "left"), [(0o600, 0o600), (0o660, 0o660), (0o644, 0o640), (0o400, 0o400)])
def test_the_file_of_another_user(desk: Desk, mode: int, left: int) -> None:
    """It keeps its owner, its group and its mode, and loses only the rights of everybody else."""
    file = desk.shell.credentials
    os.chown(file, SOMEBODY, SOMEBODY)
    file.chmod(mode)
    done = log_in(desk)
    assert done.returncode == 0, done.stderr
    after = file.stat()
    assert (after.st_uid, after.st_gid, after.st_mode & 0o777) == (SOMEBODY, SOMEBODY, left)
    assert done.stderr.count(f"`{file}`") == (mode != left)
    assert SESSION.search(file.read_bytes())


@pytest.mark.needs("chattr")
@pytest.mark.parametrize("name", ["credentials", "."])
@pytest.mark.parametrize("attribute", ["i", "a"])
def test_a_file_or_a_directory_that_may_not_change(desk: Desk, attribute: str, name: str) -> None:
    """An attribute that forbids changes is named before AWS or a person is asked."""
    place = desk.shell.folder / name
    (desk.shell.folder / "asked").touch()
    if subprocess.run(["chattr", f"+{attribute}", place], capture_output=True, check=False).returncode:
        pytest.skip("the file system has no such attributes, or this user may not set them")
    before, calls = desk.shell.credentials.read_bytes(), len(desk.shell.emulator.calls)
    try:
        done = log_in(desk)
    finally:
        subprocess.run(["chattr", f"-{attribute}", place], check=True)
    assert done.returncode == 255
    assert done.stderr.startswith("aws-mfa: error[credentials-unwritable]: ")
    assert f"chattr -{attribute}" in done.stderr
    assert (desk.asked, len(desk.shell.emulator.calls)) == (0, calls)
    assert desk.shell.credentials.read_bytes() == before


@pytest.mark.needs("unshare", "nsenter")
@pytest.mark.parametrize(
    "mount", ["mount --bind {0} {0} && mount -o remount,bind,ro {0}", "mount -t tmpfs -o ro none {0}"]
)
def test_a_read_only_file_system(desk: Desk, space: Space, mount: str) -> None:
    """It is named before AWS or a person is asked, unless there is a session that can be used again."""
    home = desk.shell.folder / "home"
    home.mkdir()
    shutil.copy(desk.shell.credentials, home)
    file = home / "credentials"
    words = space(mount.format(home))
    calls = len(desk.shell.emulator.calls)
    done = log_in(desk, *words, AWS_SHARED_CREDENTIALS_FILE=str(file))
    if "bind" in mount:
        assert done.stderr.startswith("aws-mfa: error[credentials-unwritable]: ")
        assert "AWS_SHARED_CREDENTIALS_FILE" in done.stderr
    assert done.returncode != 0
    assert (desk.asked, len(desk.shell.emulator.calls)) == (0, calls)
    file.write_bytes(desk.shell.credentials.read_bytes())
    assert log_in(desk, AWS_SHARED_CREDENTIALS_FILE=str(file)).returncode == 0
    if "bind" in mount:
        asked = desk.asked
        assert log_in(desk, *words, AWS_SHARED_CREDENTIALS_FILE=str(file)).returncode == 0
        assert desk.asked == asked


def killed(desk: Desk, words: tuple[str, ...], seconds: float) -> None:
    """Start a login, and kill it after a while."""
    user = desk.user
    argv = [*words, desk.program, "-s", "example", "-d", "example_mfa", "--serial", user.device.serial]
    with subprocess.Popen(argv, env=desk.environ, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(user.device.code().encode())
            process.stdin.close()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)


@pytest.mark.needs("unshare", "nsenter")
def test_killed_in_a_mounted_file(aws: Emulator, aws_mfa: str, tmp_path: Path, space: Space) -> None:
    """Killed at any moment, the next run finds the old text or the new one, whole."""
    chance = random.Random(20270115)  # noqa: S311 - a seed makes the same moments again
    others = "".join(f"[profile{number}]\nregion = eu-west-1\n# a note\n\n" for number in range(40)).encode()
    shell = Shell(aws, tmp_path)
    file = shell.credentials
    file.touch(mode=0o600)
    words = space(f"mount --bind {file} {file}")
    ends = {"old": 0, "new": 0}
    write = 0.02
    for number in range(KILLS):
        user = aws.add_user(f"user{number}")
        file.write_bytes(others)
        shell.profile("example", Keys.of(user))
        before = file.read_bytes()
        killed(Desk(shell, user, aws_mfa), words, write * chance.uniform(0.6, 1.4))
        shell.run(*words, aws_mfa, "-s", "nobody")  # ends with an error, after it has put right what was left
        after = file.read_bytes()
        assert after.startswith(before), number
        assert after == before or SESSION.search(after), (number, after[len(before) :])
        ends["new" if after != before else "old"] += 1
        write *= 0.97 if after != before else 1.03
    assert min(ends.values()) > KILLS // 20, ends  # or the moments were not those of the write
    user = aws.add_user("last")
    file.write_bytes(b"")
    shell.profile("example", Keys.of(user))
    done = shell.run(*words, aws_mfa, "-s", "example", given=user.device.code())
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_size] == ["credentials"]


@pytest.mark.needs("unshare", "nsenter")
def test_killed_on_a_full_disk(aws: Emulator, aws_mfa: str, tmp_path: Path, space: Space) -> None:
    """Whatever room is left, a kill leaves a whole file, and a login that finds too little leaves the old one."""
    chance = random.Random(20270116)  # noqa: S311 - a seed makes the same moments again
    home = tmp_path / "home"
    home.mkdir()
    words = space(f"mount -t tmpfs -o size=64k none {home}")
    inside = Path(f"/proc/{words[2]}/root{home}")
    shell = Shell(aws, home)
    ends = {"old": 0, "new": 0}
    write = 0.02  # seconds until the file is swapped, about, where there is room
    for number in range(KILLS):
        user = aws.add_user(f"user{number}")
        text = f"[example]\naws_access_key_id = {user.access_key}\naws_secret_access_key = {user.secret}\n".encode()
        (inside / "credentials").write_bytes(text)
        pages = number % 12  # that stay free, of the sixteen that there are
        with contextlib.suppress(OSError):
            (inside / "rest").write_bytes(b"x" * (4096 * (15 - pages)))
        killed(Desk(shell, user, aws_mfa), words, write * chance.uniform(0.5, 1.5))
        after = (inside / "credentials").read_bytes()
        assert after == text or (after.startswith(text) and SESSION.search(after)), (number, after)
        ends["new" if after != text else "old"] += 1
        if pages > 6:
            write *= 0.94 if after != text else 1.06
        (inside / "rest").unlink(missing_ok=True)
    assert min(ends.values()) > KILLS // 20, ends
