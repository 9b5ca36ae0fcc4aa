"""`aws-mfa` among its own kind and at bad moments: many at once, killed ones, and what it gives away."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.conftest import Desk
from tests.integration.emulator_clients import Keys, Shell
from toolkit import totp
from toolkit.emulator import Clock, Emulator

KILLS = 500
MANY, ROUNDS = 20, 5
SESSION = re.compile(
    rb"\[example_mfa\]\n(?:region = \S+\n)?aws_access_key_id = ASIA[A-Z2-7]{16}\naws_secret_access_key = \S{40}\n"
    rb"aws_session_token = \S{100,}\n"
)


def test_many_at_once(desk: Desk, aws: Emulator, clock: Clock) -> None:
    """Of twenty that start together one asks for a code and for a session, and the others take what it got."""
    before = desk.shell.credentials.read_bytes()
    for turn in range(ROUNDS):
        desk.shell.credentials.write_bytes(before)  # the session of the round before is gone
        desk.show(desk.user.device.code(), more="sleep 0.3")
        made, asked = len(aws.calls), desk.asked
        started = [desk.start("--format", "json") for _ in range(MANY)]
        ended = [(*process.communicate(timeout=60), process.returncode) for process in started]
        assert [exit_code for _, _, exit_code in ended] == [0] * MANY, (turn, ended[0])
        assert len({json.dumps(_keys(out)) for out, _, _ in ended}) == 1
        assert [call.action for call in aws.calls[made:]].count("GetSessionToken") == 1
        assert desk.asked - asked == 1
        clock.step(totp.PERIOD)


def _keys(text: str) -> list[str]:
    return sorted(re.findall(r"ASIA[A-Z2-7]{16}", text))


def test_a_killed_one_blocks_nobody(desk: Desk) -> None:
    """If a process is killed while it asks for a code, the one that waits for it asks at once."""
    desk.show("", more="sleep 8 >/dev/null 2>&1")
    first = desk.start()
    end = time.monotonic() + 10
    while not desk.asked:
        assert time.monotonic() < end
        time.sleep(0.01)
    desk.show(desk.user.device.code())
    second = desk.start()
    time.sleep(0.3)
    assert second.poll() is None
    begun = time.monotonic()
    first.kill()
    _, said = second.communicate(timeout=10)
    assert second.returncode == 0, said
    assert desk.asked == 2
    assert time.monotonic() - begun < 5
    first.communicate()


def test_killed_at_any_moment(aws: Emulator, aws_mfa: str, tmp_path: Path) -> None:
    """Killed five hundred times at random moments, it leaves the old file or the new one, whole; and the next works."""
    chance = random.Random(20270115)  # noqa: S311 - a seed makes the same moments again
    others = "".join(f"[profile{number}]\nregion = eu-west-1\n# a note\n\n" for number in range(40)).encode()
    shell = Shell(aws, tmp_path)
    ends = {"old": 0, "new": 0}
    write = 0.015  # seconds until the file is swapped, about: that depends on the machine, and on what else it does
    for number in range(KILLS):
        user = aws.add_user(f"user{number}")
        shell.credentials.write_bytes(others)
        shell.profile("example", Keys.of(user))
        before = shell.credentials.read_bytes()
        argv = [aws_mfa, "-s", "example", "-d", "example_mfa", "--serial", user.device.serial]
        with subprocess.Popen(
            argv, env={**os.environ, **shell.variables}, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdin
            process.stdin.write(user.device.code().encode())
            process.stdin.close()
            time.sleep(write * chance.uniform(0.6, 1.4))
            process.send_signal(signal.SIGKILL)
        after = shell.credentials.read_bytes()
        assert after.startswith(before), number
        assert after == before or SESSION.search(after), (number, after[len(before) :])
        ends["new" if after != before else "old"] += 1
        write *= 0.97 if after != before else 1.03
    assert min(ends.values()) > KILLS // 20, ends  # or the moments were not those of the write
    user = aws.add_user("last")
    shell.become(Keys.of(user))
    argv = [aws_mfa, "-s", "example", "-d", "example_mfa"]
    assert shell.run(*argv, given=user.device.code()).returncode == 0
    kept = [path for path in tmp_path.iterdir() if path.name != "credentials" and path.stat().st_size]
    assert kept == []


@pytest.mark.parametrize(
    ("form", "encoding"),
    [
        ("{0} {1}\n", "utf-8"),
        ("\ufeff{0}{1}\r\n", "utf-8"),
        ("\ufeff{0}{1}\r\n", "utf-16-le"),
        ("{0}{1}\r\n", "utf-16-be"),
    ],
)
def test_a_code_as_pasted(desk: Desk, form: str, encoding: str) -> None:
    """Standard input may bring blanks, marks, and the UTF-16 of Windows PowerShell."""
    code = desk.user.device.code()
    given = form.format(code[:3], code[3:]).encode(encoding)
    argv = [desk.program, "-s", "example", "-d", "example_mfa", "--serial", desk.user.device.serial]
    done = subprocess.run(argv, env=desk.environ, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SESSION.search(desk.shell.credentials.read_bytes())


@pytest.mark.parametrize("form", ["env", "fish", "powershell", "json", "credential-process", "profile"])
@pytest.mark.parametrize("value", ["ASIA';touch${IFS}x;'", 'x";touch x;"', "a b;#c"])
@pytest.mark.parametrize("element", ["AccessKeyId", "SecretAccessKey", "SessionToken"])
def test_what_the_file_cannot_hold_is_not_printed(
    aws: Emulator, desk: Desk, element: str, value: str, form: str
) -> None:
    """A server that writes commands into a session gets them neither into the file nor into a shell."""
    aws.override("GetSessionToken", {element: value})
    before = desk.shell.credentials.read_bytes()
    done = desk.shell.run(*desk.argv, "--format", form)
    assert (done.returncode, done.stdout) == (255, ""), done.stderr
    assert "error[credentials-unwritable]: " in done.stderr
    assert desk.shell.credentials.read_bytes() == before


FULL = """
mkdir small; {mount}; cp -p credentials small/
({fill}; exec "$@"); ended=$?
rm -f small/rest; cp -pR small after; exit $ended
"""


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("", id="limit"),
        pytest.param("size=64k", id="disk", marks=pytest.mark.needs("unshare")),
        pytest.param("size=64k,nr_inodes=3", id="inodes", marks=pytest.mark.needs("unshare")),
    ],
)
def test_full_disk(desk: Desk, tmp_path: Path, options: str) -> None:
    """Where nothing more can be written the old file stays, alone, and nobody is asked for a code."""
    apart = ("unshare", "-rm") if options else ()
    mount, fill, reason = ":", "ulimit -f 1", "file too large"
    if options:
        mount = f"mount -t tmpfs -o {options} none small"
        fill, reason = "cat /dev/zero >small/rest 2>/dev/null", "no space left on device"
        if subprocess.run([*apart, "mount", "-t", "tmpfs", "none", str(tmp_path)], check=False).returncode:
            pytest.skip("nothing can be mounted here")
    desk.shell.credentials.write_text(desk.shell.credentials.read_text("utf-8") + "# a note\n" * 300, "utf-8")
    before = desk.shell.credentials.read_bytes()
    argv = (*apart, "sh", "-c", FULL.format(mount=mount, fill=fill), "-", *desk.argv, "--quiet")
    env = {**desk.environ, "AWS_SHARED_CREDENTIALS_FILE": "small/credentials"}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    why = rf"aws-mfa: error\[credentials-unwritable\]: .*{reason}.*\n\nhint: .+\n"
    assert re.fullmatch(why, done.stderr), done.stderr
    assert not re.search(rf"(AKIA|ASIA)\w+|[\w+/]{{40}}|{desk.user.device.code()}", done.stderr)
    assert (done.returncode, done.stdout, desk.asked) == (255, "", 0)
    assert {path.name: path.read_bytes() for path in (tmp_path / "after").iterdir()} == {"credentials": before}


@pytest.mark.needs("strace")
def test_what_reaches_the_disk(desk: Desk, tmp_path: Path) -> None:
    """A new file is on the disk before it takes the old one's name, and the directory is at the end."""
    seen = tmp_path / "seen"
    strace = ("strace", "-ff", "-ttt", "-y", "-e", "trace=write,fsync,rename,renameat,renameat2", "-o", str(seen))
    done = subprocess.run([*strace, *desk.argv], env=desk.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = re.escape(str(tmp_path))
    # Each thread has a file of its own, with the times: in one for all, calls at the same time tear each other's lines.
    calls = sorted(line for path in tmp_path.glob("seen.*") for line in path.read_text("utf-8").splitlines())
    steps = re.findall(
        rf"(\w+)\([^\n]*?{folder}(?:/(\.aws-mfa-\d+\.tmp))?[>\"][^\n]*= \d+$", "\n".join(calls), re.MULTILINE
    )
    names = [name.removesuffix("at2").removesuffix("at") for name, _ in steps]
    assert names == ["write", "fsync", "write", "fsync", "rename", "fsync"]  # the first two only try whether it works
    assert [bool(temporary) for _, temporary in steps] == [True, True, True, True, True, False]


@pytest.mark.needs("strace")
def test_a_disk_that_fails(desk: Desk) -> None:
    """What the disk does not take for good is no new file."""
    before = desk.shell.credentials.read_bytes()
    strace = ("strace", "-f", "-qq", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "-o", os.devnull)
    done = subprocess.run([*strace, *desk.argv], env=desk.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 255, done.stderr
    assert "error[credentials-unwritable]: " in done.stderr
    assert desk.shell.credentials.read_bytes() == before


@pytest.mark.needs("strace")
def test_no_locks(desk: Desk) -> None:
    """Where the system has no locks, as some network drives have none, it works for itself, and writes all the same."""
    others = desk.shell.folder / ".aws-mfa-1.tmp"  # may be that of one that is at work
    others.touch()
    strace = ("strace", "-f", "-qq", "-e", "trace=flock", "-e", "inject=flock:error=ENOSYS", "-o", os.devnull)
    done = subprocess.run([*strace, *desk.argv], env=desk.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SESSION.search(desk.shell.credentials.read_bytes())
    assert others.exists()


@pytest.mark.needs("unshare")
def test_no_home(desk: Desk, tmp_path: Path) -> None:
    """A user without a home, as containers have them, gets an error, and no keys land in the current directory."""
    apart = ("unshare", "--user", "--map-user=54321")
    if subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("no user can be made up here")
    env = {name: value for name, value in desk.environ.items() if name not in {"HOME", "AWS_SHARED_CREDENTIALS_FILE"}}
    done = subprocess.run([*apart, *desk.argv], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 253, done.stderr
    assert "error[credentials-unreadable]: " in done.stderr
    assert "AWS_SHARED_CREDENTIALS_FILE" in done.stderr
    assert not (tmp_path / ".aws").exists()


FORMATS = ("profile", "json", "env", "fish", "powershell", "credential-process")


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_secret_on_standard_error(desk: Desk, aws: Emulator, clock: Clock, name: str) -> None:
    """Whatever the format, keys are on standard output alone, and only in those made to carry them."""
    done = desk.start("--format", name)
    out, said = done.communicate(timeout=20)
    assert done.returncode == 0, said
    written = dict(re.findall(r"^(aws_\w+) = (\S+)$", desk.shell.credentials.read_text("utf-8"), re.MULTILINE))
    code = desk.user.device.code()
    secrets = [written["aws_secret_access_key"], written["aws_session_token"], desk.user.secret, desk.user.access_key]
    assert [secret for secret in (*secrets, code) if secret in said] == []
    assert (written["aws_session_token"] in out) is (name != "profile")
    assert desk.user.secret not in out
    clock.step(2 * totp.PERIOD)
    aws.fail("GetSessionToken", status=403, code="AccessDenied", message=f"{desk.user.secret} {code} no")
    failed = desk.start("--format", name, "--force")
    out, said = failed.communicate(timeout=20)
    assert (failed.returncode, out) == (254, "")
    assert [secret for secret in (*secrets, code) if secret in said] == []


def test_what_children_are_given(desk: Desk, tmp_path: Path) -> None:
    """The command that shows codes learns no code, and nothing but the credentials file keeps a secret."""
    told = tmp_path / "told"
    env = {**desk.environ, "AWS_MFA_CODE": "", "AWS_SESSION_TOKEN": "canary-token"}
    script = f"tr '\\0' '\\n' < /proc/$PPID/cmdline > {told}; env >> {told}"
    desk.show(desk.user.device.code(), more=script)
    done = subprocess.run([*desk.argv], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "AWS_MFA_CODE" not in told.read_text("utf-8")
    written = dict(re.findall(r"^(aws_\w+) = (\S+)$", desk.shell.credentials.read_text("utf-8"), re.MULTILINE))
    secrets = [desk.user.secret, written["aws_secret_access_key"], written["aws_session_token"]]
    holding = [
        path.name
        for path in tmp_path.rglob("*")
        if path.is_file() and any(secret in path.read_text("utf-8") for secret in secrets)
    ]
    assert holding == ["credentials"]


def test_a_session_that_lasts_is_used_again(desk: Desk, aws: Emulator) -> None:
    """A second login asks neither a person nor AWS, and is fast enough for every prompt of a shell."""
    _, said = (first := desk.start()).communicate(timeout=20)
    assert first.returncode == 0, said
    calls, asked = len(aws.calls), desk.asked
    env = {**desk.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}  # nobody is there
    again = subprocess.run(desk.argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert (len(aws.calls), desk.asked) == (calls, asked)


def test_credential_process(desk: Desk, tmp_path: Path) -> None:
    """The AWS CLI takes a session from it as it takes one from any credential_process."""
    line = f"{shlex.join(desk.argv)} --format credential-process"
    (tmp_path / "config").write_text(f"[profile mfa]\ncredential_process = {line}\n", "utf-8")
    listed = desk.shell.run(sys.executable, "-m", "awscli", "s3", "ls", "--profile", "mfa")
    assert listed.returncode == 0, listed.stderr
    assert "example-data" in listed.stdout
