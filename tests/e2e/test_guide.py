"""The guide for those who download: every command line of it, run as a new user would, in both languages."""

from __future__ import annotations

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.integration.emulator_clients import Shell
from toolkit import targets
from toolkit.emulator import Emulator


@pytest.fixture
def release(invoke_in: Invoke, tmp_path: Path) -> Iterator[Path]:
    """Return a release with the guide, which is served at the address that the guide names."""
    dist = tmp_path / "dist"
    folder = dist / "release"

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

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
    """Return what stands between fences, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_command_line(language: str, release: Path, aws: Emulator, tmp_path: Path) -> None:
    """From `aws configure` to the list of buckets, each block does what the guide says of it."""
    guide = (release / f"guide.{language}.md").read_text("utf-8")
    assert "https://our-account.signin.aws.amazon.com/console" in guide
    assert "`ap-northeast-1`" in guide
    assert "{" not in guide
    user = aws.add_user("alice", "/eng/")
    desk = Shell(aws, tmp_path / "desk")
    (tmp_path / "desk").mkdir()
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "aws").write_text(f'#!/bin/sh\nexec {sys.executable} -m awscli "$@"\n', "utf-8")
    (bin_ / "aws").chmod(0o755)
    path = f"{bin_}:{os.environ['PATH']}"

    def run(script: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run lines in the desk's folder, with the profile that was exported last."""
        return desk.run("sh", "-ec", f"cd {tmp_path / 'desk'}\n{script}", given=given, PATH=path, NO_PROXY="127.0.0.1")

    version, configure, identity, install, login, buckets = blocks(guide)
    assert run(version).stdout.startswith("aws-cli/")
    keys = f"{user.access_key}\n{user.secret}\nap-northeast-1\njson\n"
    assert run(configure, keys).returncode == 0
    assert user.arn in run(identity).stdout
    denied = run(identity.splitlines()[0] + "\naws s3 ls\n")
    assert "AccessDenied" in denied.stderr
    done = run(install)
    assert done.returncode == 0, done.stderr
    (program,) = (tmp_path / "desk").glob("*/aws-mfa*")
    shutil.copy2(program, bin_)
    logged_in = run(login, f"{user.device.code()}\n")
    assert logged_in.returncode == 0, logged_in.stderr
    listed = run(buckets)
    assert listed.returncode == 0, listed.stderr
    assert "example-data" in listed.stdout


def test_both_guides_say_the_same(release: Path) -> None:
    """Command lines, addresses, tables and headings are those of the other language, in the same order."""
    english, japanese = ((release / f"guide.{language}.md").read_text("utf-8") for language in ("en", "ja"))
    assert blocks(english) == blocks(japanese)
    for pattern in (r"https://\S+", r"^#+ (?:\d\.)?", r"^\| ---"):
        assert re.findall(pattern, english, re.MULTILINE) == re.findall(pattern, japanese, re.MULTILINE)
    assert not re.search(r"[ぁ-ん]", english)
    assert len(re.findall(r"[ぁ-ん]", japanese)) > 500
