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


SERIAL = "arn:aws:iam::123456789012:mfa/alice"


def set_serial(desk: Desk, *words: str, flags: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
    """Write a device into the profile, by way of another program if words are given."""
    argv = [*words, desk.program, "set-serial", "-s", "example", *flags, SERIAL]
    return subprocess.run(argv, env={**desk.environ, **env}, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def config(desk: Desk) -> Path:
    """Return a config file that everybody may read."""
    path = desk.shell.folder / "config"
    path.write_text("# mine\n[profile example]\nregion = eu-west-1\n", "utf-8")
    path.chmod(0o644)
    return path


WITH_SERIAL = f"# mine\n[profile example]\nregion = eu-west-1\nmfa_serial = {SERIAL}\n"


@pytest.mark.needs("unshare", "nsenter")
def test_a_mounted_config_file(desk: Desk, config: Path, space: Space) -> None:
    """It is overwritten in place, and everyone who could read it still can."""
    before = config.stat()
    done = set_serial(desk, *space(f"mount --bind {config} {config}"))
    assert (done.returncode, done.stderr) == (0, f"profile example: `mfa_serial` is in `{config}`\n")
    after = config.stat()
    assert config.read_text("utf-8") == WITH_SERIAL
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert not [path for path in config.parent.iterdir() if path.name.startswith(".aws-mfa")]


def test_a_hard_link_of_the_config_file(desk: Desk, config: Path) -> None:
    """Both names keep the same file, and a note says so."""
    twin = desk.shell.folder / "twin"
    os.link(config, twin)
    done = set_serial(desk)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f"`{config}`") == 2
    assert config.samefile(twin)
    assert twin.read_text("utf-8") == WITH_SERIAL


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root writes the files of others")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o400])
def test_the_config_file_of_another_user(desk: Desk, config: Path, mode: int) -> None:
    """It keeps its owner, its group and its whole mode: a config file is no secret."""
    os.chown(config, SOMEBODY, SOMEBODY)
    config.chmod(mode)
    done = set_serial(desk)
    assert done.returncode == 0, done.stderr
    after = config.stat()
    assert (after.st_uid, after.st_gid, after.st_mode & 0o777) == (SOMEBODY, SOMEBODY, mode)
    assert config.read_text("utf-8") == WITH_SERIAL


def refused(desk: Desk, config: Path, *words: str, says: str, **env: str) -> None:
    """Look that a dry run and a real one end alike, and that the file is as it was."""
    before = config.read_bytes()
    dry, real = (set_serial(desk, *words, flags=flags, **env) for flags in (("--dry-run",), ()))
    assert (dry.returncode, dry.stderr) == (real.returncode, real.stderr)
    assert real.returncode == 255
    assert real.stderr.startswith("aws-mfa: error[config-unwritable]: ")
    assert says in real.stderr
    assert config.read_bytes() == before


@pytest.mark.needs("chattr")
@pytest.mark.parametrize("name", ["config", "."])
@pytest.mark.parametrize("attribute", ["i", "a"])
def test_a_config_file_that_may_not_change(desk: Desk, config: Path, attribute: str, name: str) -> None:
    """An attribute that forbids changes is named, by the dry run too."""
    place = desk.shell.folder / name
    if subprocess.run(["chattr", f"+{attribute}", place], capture_output=True, check=False).returncode:
        pytest.skip("the file system has no such attributes, or this user may not set them")
    try:
        refused(desk, config, says=f"chattr -{attribute}")
    finally:
        subprocess.run(["chattr", f"-{attribute}", place], check=True)


@pytest.mark.needs("unshare", "nsenter")
def test_a_config_file_on_a_read_only_file_system(desk: Desk, config: Path, space: Space) -> None:
    """It is named, with the variable that leads elsewhere."""
    home = desk.shell.folder / "home"
    home.mkdir()
    file = home / "config"
    shutil.copy(config, file)
    words = space(f"mount --bind {home} {home} && mount -o remount,bind,ro {home}")
    refused(desk, config, *words, says="AWS_CONFIG_FILE", AWS_CONFIG_FILE=str(file))
    assert file.read_bytes() == config.read_bytes()


@pytest.mark.needs("setpriv")
def test_a_directory_that_may_not_be_written_to(desk: Desk, config: Path) -> None:
    """That no lock and no new file can be made in it is named."""
    # Modes bind root only without its capabilities.
    words = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    desk.shell.folder.chmod(0o500)
    try:
        refused(desk, config, *words, says=f"cannot create files in `{desk.shell.folder}`")
    finally:
        desk.shell.folder.chmod(0o700)


@pytest.mark.needs("unshare", "nsenter")
def test_killed_in_a_mounted_config_file(desk: Desk, config: Path, space: Space) -> None:
    """Killed at any moment, the next run finds the old text or the new one, whole, and finishes."""
    chance = random.Random(20270117)  # noqa: S311 - a seed makes the same moments again
    others = "".join(f"[profile p{number}]\nregion = eu-west-1\n# a note\n\n" for number in range(40))
    words = space(f"mount --bind {config} {config}")
    ends = {"old": 0, "new": 0}
    write = 0.02
    for number in range(KILLS // 2):
        config.write_text(f"{others}[profile example]\nregion = x\n", "utf-8")
        before = config.read_bytes()
        argv = [*words, desk.program, "set-serial", "-s", "example", SERIAL]
        with subprocess.Popen(argv, env=desk.environ, stderr=subprocess.DEVNULL) as process:
            time.sleep(write * chance.uniform(0.6, 1.4))
            process.send_signal(signal.SIGKILL)
        desk.shell.run(*words, desk.program, "set-serial", "-s", "nobody", SERIAL)  # puts right what was left
        after = config.read_bytes()
        assert after in (before, before + f"mfa_serial = {SERIAL}\n".encode()), number
        ends["new" if after != before else "old"] += 1
        write *= 0.95 if after != before else 1.05
    assert min(ends.values()) > KILLS // 40, ends  # or the moments were not those of the write
    assert set_serial(desk, *words).returncode == 0
    assert not [path for path in config.parent.iterdir() if path.name.startswith(".aws-mfa.config")]


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
