"""The guide for users who download the program: runs every command line as a new user would, in both languages."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.emulator_clients import Shell, as_user
from tests.scanner import qr_code_in, seed_of
from toolkit import totp
from toolkit.emulator import Emulator, User
from toolkit.go import targets


@pytest.fixture
def release(invoke_in: Invoke, tmp_path: Path) -> Iterator[Path]:
    """Return a release with the guide, served at the address in the guide."""
    dist = tmp_path / "dist"
    folder = dist / "release"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        args = ("--download", f"http://127.0.0.1:{server.server_port}", "--profile", "work", "--alias", "our-account")
        done = invoke_in(dist, "matrix", "--engine", "local", "--only", "/".join(targets.native()), *args)
        assert done.returncode == 0, done.stderr
        yield folder
        server.shutdown()
        thread.join()


def blocks(guide: str) -> list[str]:
    """Return the code blocks, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


@pytest.fixture
def now() -> float:
    """Return the time of the AWS, which does not advance, so that no code expires."""
    return time.time()


@pytest.fixture
def aws(now: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Return an AWS at that time, which is called without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Emulator(lambda: now) as emulator:
        yield emulator


def codes(seed: str, now: float) -> tuple[str, str, str]:
    """Return the codes of the previous, this and the next period; AWS accepts them all now."""
    before, this, next_ = (totp.code(seed, now + periods * totp.PERIOD) for periods in (-1, 0, 1))
    return before, this, next_


def enroll_by_boto3(desk: Shell, user: User, now: float) -> str:
    """Do step 2 with boto3, and return an unused code."""
    aws = as_user(desk.emulator, user)
    made = aws("iam", "create_virtual_mfa_device", VirtualMFADeviceName=user.name)["VirtualMFADevice"]
    first, second, third = codes(made["Base32StringSeed"].decode(), now)
    pair = {"AuthenticationCode1": first, "AuthenticationCode2": second}
    aws("iam", "enable_mfa_device", UserName=user.name, SerialNumber=made["SerialNumber"], **pair)
    return third


def enroll_by_aws_cli(desk: Shell, user: User, now: float) -> str:
    """Do step 2 with the AWS CLI and a picture of the QR code, and return an unused code."""
    keys = {"AWS_ACCESS_KEY_ID": user.access_key, "AWS_SECRET_ACCESS_KEY": user.secret}
    picture = desk.folder / "qr.png"
    create = ("create-virtual-mfa-device", "--virtual-mfa-device-name", user.name, "--bootstrap-method", "QRCodePNG")
    made = desk.cli("iam", *create, "--outfile", str(picture), "--output", "json", **keys)
    serial = json.loads(made.stdout)["VirtualMFADevice"]["SerialNumber"]
    seed = seed_of(qr_code_in(picture.read_bytes()))
    first, second, third = codes(seed, now)
    pair = ("--authentication-code1", first, "--authentication-code2", second)
    done = desk.cli("iam", "enable-mfa-device", "--user-name", user.name, "--serial-number", serial, *pair, **keys)
    assert done.returncode == 0, done.stderr
    return third


ENROLLED = {"en": enroll_by_boto3, "ja": enroll_by_aws_cli}


@pytest.mark.parametrize("language", ENROLLED)
def test_every_command_line(language: str, release: Path, aws: Emulator, now: float, tmp_path: Path) -> None:
    """From a user without a device to the list of buckets, each block does what the guide says."""
    guide = (release / f"guide.{language}.md").read_text("utf-8")
    assert "https://our-account.signin.aws.amazon.com/console" in guide
    assert "`ap-northeast-1`" in guide
    assert "{" not in guide
    user = aws.add_user("alice", "/eng/", devices=())
    desk = Shell(aws, tmp_path / "desk")
    (tmp_path / "desk").mkdir()
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} -m awscli "$@"\n', "utf-8")
    (bin_ / "aws").chmod(0o755)
    path = f"{bin_}:{os.environ['PATH']}"

    def run(script: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run lines in the desk's directory, with the profile that was exported last."""
        return desk.run("sh", "-ec", f"cd {tmp_path / 'desk'}\n{script}", given=given, PATH=path)

    version, configure, identity, install, login, buckets = blocks(guide)
    assert run(version).stdout.startswith("aws-cli/")
    unused = ENROLLED[language](desk, user, now)
    keys = f"{user.access_key}\n{user.secret}\nap-northeast-1\njson\n"
    assert run(configure, keys).returncode == 0
    assert user.arn in run(identity).stdout
    denied = run(identity.splitlines()[0] + "\naws s3 ls\n")
    assert "AccessDenied" in denied.stderr
    done = run(install)
    assert done.returncode == 0, done.stderr
    (program,) = (tmp_path / "desk").glob("*/aws-mfa*")
    shutil.copy2(program, bin_)
    logged_in = run(login, f"{unused}\n")
    assert logged_in.returncode == 0, logged_in.stderr
    listed = run(buckets)
    assert listed.returncode == 0, listed.stderr
    assert "example-data" in listed.stdout
    script = "import boto3; print([each['Name'] for each in boto3.client('s3').list_buckets()['Buckets']])"
    python = run(f"{buckets.splitlines()[0]}\n{sys.executable} -c {shlex.quote(script)}\n")
    assert python.stdout == "['example-data', 'example-logs']\n", python.stderr


def test_both_guides_say_the_same(release: Path) -> None:
    """Both languages have the same command lines, addresses, tables and headings, in the same order."""
    english, japanese = ((release / f"guide.{language}.md").read_text("utf-8") for language in ("en", "ja"))
    assert blocks(english) == blocks(japanese)
    for pattern in (r"https://\S+", r"^#+ (?:\d\.)?", r"^\| ---"):
        assert re.findall(pattern, english, re.MULTILINE) == re.findall(pattern, japanese, re.MULTILINE)
    assert not re.search(r"[ぁ-ん]", english)
    assert len(re.findall(r"[ぁ-ん]", japanese)) > 500
