"""`invoke verify` with the real program against an AWS that checks codes: logins that work, and failures."""

from __future__ import annotations

import configparser
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Invoke, invoke_path
from tests.e2e.conftest import Verify
from tests.integration.emulator_clients import Shell, as_user, wrong_code
from toolkit import totp
from toolkit.emulator import Emulator, User
from toolkit.errors import AwsUnreachable, CodeRefused, S3Denied
from toolkit.settings import PREFIX, ROOT

ROWS = ["program", "account", "user", "session key", "expiry", "no further session", "mfa", "s3 ls"]


def rows(text: str) -> dict[str, tuple[str, str]]:
    """Return the result and the detail of each check, by its name."""
    found = re.findall(r"^(ok|FAIL|note) +(\S+(?: \S+)*) {2,}(.*)$", text, re.MULTILINE)
    return {name: (mark, what) for mark, name, what in found}


def test_the_good_way(verify: Verify, desk: Shell, aws: Emulator, alice: User) -> None:
    """A code on standard input gives a session, eight passed checks and exit code 0; other lines of the file stay."""
    before = desk.credentials.read_text("utf-8")
    done = verify(given=alice.device.code())
    assert done.returncode == 0, done.stderr
    table = rows(done.stdout)
    assert list(table) == ROWS
    assert {mark for mark, _ in table.values()} == {"ok"}
    assert table["account"][1] == "123456789012"
    assert table["user"][1] == alice.arn == "arn:aws:iam::123456789012:user/eng/alice"
    assert re.fullmatch(r"ASIA…[A-Z2-7]{4}, issued now", table["session key"][1])
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ, 1[12] h \d\d min from now", table["expiry"][1])
    assert table["s3 ls"][1] == "2 buckets"
    assert re.search(r"\bexample_mfa: .*\b20\d\d-\d\d-\d\dT", done.stderr)
    assert desk.credentials.read_text("utf-8").startswith(before)
    asked = {(call.action, call.status) for call in aws.calls if call.mfa}
    assert asked == {("GetCallerIdentity", 200), ("GetSessionToken", 403), ("GetUser", 200), ("ListBuckets", 200)}


def test_json(verify: Verify, alice: User) -> None:
    """With --json standard output has the fields of `aws sts get-caller-identity`, and the checks."""
    done = verify("--json", "--code", alice.device.code(), "--destination", "elsewhere")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == ["UserId", "Account", "Arn", "checks"]
    assert (told["UserId"], told["Account"], told["Arn"]) == (alice.user_id, "123456789012", alice.arn)
    assert [check["name"] for check in told["checks"]] == ROWS
    assert all(check["ok"] for check in told["checks"])
    assert re.search(r"\belsewhere: .*\b20\d\d-\d\d-\d\dT", done.stderr)


def test_the_code_in_a_variable(verify: Verify, alice: User) -> None:
    """Like all options it is also a variable, and the program does not get it."""
    assert verify(env={f"{PREFIX}CODE": alice.device.code()}).returncode == 0


def test_inherited_credentials(verify: Verify, aws: Emulator, alice: User) -> None:
    """Keys, tokens and profiles in the environment change nothing: the login uses the keys of the profile."""
    bob = aws.add_user("bob")
    hostile = {
        "AWS_ACCESS_KEY_ID": bob.access_key,
        "AWS_SECRET_ACCESS_KEY": bob.secret,
        "AWS_SESSION_TOKEN": "a-token",
        "AWS_SECURITY_TOKEN": "a-token",
        "AWS_PROFILE": "nowhere",
        "AWS_DEFAULT_PROFILE": "nowhere",
        "AWS_MFA_CODE": "000000",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/other",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    }
    done = verify("--json", given=alice.device.code(), env=hostile)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == alice.arn
    assert {call.user for call in aws.calls} == {"alice"}


def test_a_command_for_codes(verify: Verify, aws: Emulator, alice: User, tmp_path: Path) -> None:
    """There is no prompt, and after a used code the next one is tried, instead of a failure."""
    spent, good = alice.device.code(), alice.device.code(alice.device.clock() + totp.PERIOD)
    as_user(aws, alice).log_in(SerialNumber=alice.device.serial, TokenCode=spent)
    codes, script = tmp_path / "codes", tmp_path / "op.py"
    codes.write_text(f"{spent}\n{good}\n", "utf-8")
    script.write_text(
        f"import pathlib\npath = pathlib.Path({str(codes)!r})\nfirst, _, rest = path.read_text().partition('\\n')\n"
        "path.write_text(rest)\nprint(first)\n",
        "utf-8",
    )
    done = verify("--totp-command", shlex.join([sys.executable, str(script)]))
    assert done.returncode == 0, done.stderr
    assert codes.read_text("utf-8") == ""
    assert list(rows(done.stdout)) == ROWS
    assert [code for code in (spent, good) if code in done.stdout + done.stderr] == []


@pytest.mark.parametrize("wrong", [False, True])
def test_nothing_secret_is_shown(*, wrong: bool, verify: Verify, desk: Shell, alice: User) -> None:
    """Neither a successful nor a refused login shows a key, a token or the code."""
    code = alice.device.code()
    done = verify(given="000000" if wrong else code)
    assert done.returncode == (CodeRefused.exit_code if wrong else 0)
    shown = done.stdout + done.stderr
    written = configparser.RawConfigParser()
    written.read(desk.credentials)
    kept = [value for section in written.sections() for name, value in written[section].items() if name[:3] == "aws"]
    assert len(kept) == (2 if wrong else 5)
    assert [secret for secret in (*kept, code, "000000", alice.device.seed) if secret in shown] == []


def test_a_changed_program(built: Path, verify: Verify, alice: User, tmp_path: Path, invoke_in: Invoke) -> None:
    """A modified program in `dist/` is not run; it is reported and rebuilt."""
    dist = tmp_path / "dist"
    (path,) = (item for item in (built / "bin").rglob("aws-mfa*") if item.suffix in {"", ".exe"})
    assert invoke_in(dist, "build", "--engine", "local").returncode == 0
    changed = dist / path.relative_to(built)
    good = changed.read_bytes()
    changed.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n", "utf-8")
    done = verify("--dist", str(dist), "--engine", "local", given=alice.device.code())
    assert done.returncode == 0, done.stderr
    assert f"`{changed}` was modified since it was checked; rebuilding" in done.stderr
    assert changed.read_bytes() == good
    assert not (tmp_path / "was-run").exists()


def test_a_program_that_is_not_there(verify: Verify, alice: User, tmp_path: Path) -> None:
    """A missing program is built first."""
    done = verify("--dist", str(tmp_path / "dist"), "--engine", "local", given=alice.device.code())
    assert done.returncode == 0, done.stderr
    assert "[1/1]" in done.stderr


# --- one check fails -------------------------------------------------------------------------------------------------


def only_bad(text: str, name: str) -> str:
    """Return the detail of the only check that failed."""
    table = rows(text)
    assert list(table) == ROWS
    assert [bad for bad, (mark, _) in table.items() if mark != "ok"] == [name]
    return table[name][1]


@pytest.mark.parametrize(
    ("name", "lie"),
    [("account", ("Account", "999999999999")), ("user", ("Arn", "arn:aws:iam::123456789012:user/bob"))],
)
def test_another_user(verify: Verify, aws: Emulator, alice: User, name: str, lie: tuple[str, str]) -> None:
    """A session of another account or user fails with its own exit code."""
    aws.override("GetCallerIdentity", dict([lie]), sessions=True)
    done = verify(given=alice.device.code())
    truth = {"account": "123456789012", "user": alice.arn}[name]
    assert only_bad(done.stdout, name) == f"{lie[1]}, but the key's is {truth}"
    assert done.returncode == 51
    assert f"error[other-user]: the login is not proven: `{name}`" in done.stderr


def test_an_expiry_in_the_past(verify: Verify, desk: Shell, aws: Emulator, alice: User) -> None:
    """The program rejects a session that has expired by AWS's clock, and names the kind of the failure."""
    before = desk.credentials.read_bytes()
    aws.override("GetSessionToken", {"Expiration": "2001-02-03T04:05:06Z"})
    done = verify(given=alice.device.code())
    assert (done.returncode, done.stdout) == (AwsUnreachable.exit_code, "")
    assert desk.credentials.read_bytes() == before


@pytest.mark.parametrize("required", [False, True])
def test_buckets_denied(*, required: bool, verify: Verify, aws: Emulator, alice: User) -> None:
    """A session that may not list buckets is a note, and a failure only with `--require-s3`."""
    sentence = f"User: {alice.arn} is not authorized to perform: s3:ListAllMyBuckets"
    aws.fail("ListBuckets", status=403, code="AccessDenied", message=sentence)
    done = verify(*(["--require-s3"] if required else []), given=alice.device.code())
    found = only_bad(done.stdout, "s3 ls")
    assert found == f"AWS refused `ListBuckets` to profile `example_mfa` (`AccessDenied`): {sentence}"
    assert done.returncode == (S3Denied.exit_code if required else 0)
    assert rows(done.stdout)["s3 ls"][0] == ("FAIL" if required else "note")


def test_a_session_that_is_refused(verify: Verify, aws: Emulator, alice: User) -> None:
    """If STS rejects the session, its owner is unknown: the fields are null, and the run fails."""
    aws.override("GetSessionToken", {"SessionToken": "a-token-of-nobody"})
    done = verify("--json", given=alice.device.code())
    assert done.returncode == 51
    told = json.loads(done.stdout)
    assert [told[name] for name in ("UserId", "Account", "Arn")] == [None, None, None]
    assert {check["name"]: check["ok"] for check in told["checks"]} == {
        "program": True, "account": False, "user": False, "session key": True, "expiry": True,
        "no further session": False, "mfa": False, "s3 ls": False,
    }  # fmt: skip


# --- at a terminal ---------------------------------------------------------------------------------------------------


QUESTIONS = (b"MFA code: ", b"AWS rejected the MFA code. Next code: ")


def at_prompt(desk: Shell, dist: Path, *acts: Callable[[subprocess.Popen[bytes], int], object]) -> tuple[int, str]:
    """Run it on a terminal, act at each prompt for a code, and return exit code and screen."""
    ours, theirs = pty.openpty()
    env = {**os.environ, **desk.variables, f"{PREFIX}DIST": str(dist), "TERM": "xterm"}
    argv = [sys.executable, "-c", "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])", invoke_path()]
    argv += ["verify", "--profile", "example"]
    screen = b""
    with subprocess.Popen(
        argv, cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=None
    ) as process:
        os.close(theirs)
        waiting = list(zip(QUESTIONS, acts, strict=False))
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    screen += os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
            if waiting and waiting[0][0] in screen:
                time.sleep(0.2)  # until the terminal hides input
                waiting.pop(0)[1](process, ours)
        process.wait(10)
    os.close(ours)
    return process.returncode, screen.decode()


def test_the_prompt(desk: Shell, built: Path, alice: User) -> None:
    """A person is prompted, and the input is not shown."""
    code = alice.device.code()
    exit_code, screen = at_prompt(desk, built, lambda _, terminal: os.write(terminal, f"{code}\n".encode()))
    assert exit_code == 0, screen
    assert screen.startswith("MFA code: ")
    assert code not in screen
    assert set(rows(screen.replace("\r", ""))) == set(ROWS)


def test_a_person_with_a_wrong_code(desk: Shell, built: Path, alice: User) -> None:
    """The rejection is shown, followed by a prompt for the next code; neither code is shown."""
    wrong, right = wrong_code(alice), alice.device.code()
    exit_code, screen = at_prompt(
        desk,
        built,
        lambda _, terminal: os.write(terminal, f"{wrong}\n".encode()),
        lambda _, terminal: os.write(terminal, f"{right}\n".encode()),
    )
    assert exit_code == 0, screen
    assert QUESTIONS[1].decode() in screen
    assert [code for code in (wrong, right) if code in screen] == []
    assert set(rows(screen.replace("\r", ""))) == set(ROWS)


def test_ctrl_c_at_the_prompt(desk: Shell, built: Path, aws: Emulator) -> None:
    """Ctrl-C ends it with one word: AWS is not called, and nothing is written."""
    before = {path.name: path.read_bytes() for path in desk.folder.iterdir()}
    exit_code, screen = at_prompt(desk, built, lambda process, _: process.send_signal(signal.SIGINT))
    assert (exit_code, screen) == (130, "MFA code: \r\ninterrupted\r\n")
    assert aws.calls == ()
    assert {path.name: path.read_bytes() for path in desk.folder.iterdir()} == before
