"""`invoke demo`: all steps without an account, without a prompt, and without leftovers."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.conftest import Invoke, invoke_path
from tests.e2e.test_bad_input import expect
from tests.screens import at_terminal, qr_codes
from toolkit import errors
from toolkit.settings import PREFIX

NO_TERMINAL = ("setsid", "--wait")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home directory with AWS files, and beside it a directory for temporary files."""
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    (tmp_path / "tmp").mkdir()
    for name, text in {
        "credentials": "[example]\naws_access_key_id = AKIACANARY\n",
        "config": "not = a file\n",
    }.items():
        (tmp_path / "home" / ".aws" / name).write_text(text, "utf-8")
    return tmp_path / "home"


@pytest.fixture
def hostile(home: Path) -> dict[str, str]:
    """Return the variables of a user who is logged in elsewhere, with a proxy that does not exist."""
    return {
        "HOME": str(home), "TMPDIR": str(home.parent / "tmp"), "AWS_ACCESS_KEY_ID": "AKIACANARY",
        "AWS_SECRET_ACCESS_KEY": "canary", "AWS_SESSION_TOKEN": "canary", "AWS_PROFILE": "elsewhere",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "xx-nowhere-1", "MOTO_ACCOUNT_ID": "1",
        "HTTP_PROXY": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1",
    }  # fmt: skip


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return the files of a directory, with their modification times."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def test_the_whole_way(built: Path, invoke_in: Invoke, home: Path, hostile: dict[str, str]) -> None:
    """All steps run regardless of this machine's AWS settings, and nothing is left afterwards."""
    before = files(home)
    done = invoke_in(built, "demo", env=hostile, wrap=NO_TERMINAL)
    assert done.returncode == 0, done.stderr
    one, two, three, four = re.split(r"^\d\. ", done.stderr, flags=re.MULTILINE)[1:]
    assert "`AccessDenied`" in one
    assert "explicit deny" in one
    assert "mfa/alice: enabled" in two
    assert len(re.findall(r"skip ahead by \d+ s", two)) == 2
    assert re.search(r"\bexample_mfa: .*\b20\d\d-\d\d-\d\dT", three)
    assert "clock of this computer" not in three
    assert "\n   example-data\n   example-logs\n" in four
    assert re.findall(r"^(\w+) ", done.stdout, re.MULTILINE) == ["ok"] * 8
    assert files(home) == before
    assert list((home.parent / "tmp").iterdir()) == []
    assert "canary" not in (done.stdout + done.stderr).lower()


def test_json(built: Path, invoke_in: Invoke, hostile: dict[str, str]) -> None:
    """With `--json` standard output only contains the proof."""
    done = invoke_in(built, "demo", "--json", env=hostile, wrap=NO_TERMINAL)
    told = json.loads(done.stdout)
    assert told["Arn"] == "arn:aws:iam::123456789012:user/eng/alice"
    assert {check["name"]: check["ok"] for check in told["checks"]}["mfa"] is True


def test_on_a_terminal(built: Path, hostile: dict[str, str], home: Path) -> None:
    """The QR code on the screen can be scanned; headings are bold; the text contains no secret."""
    with at_terminal([invoke_path(), "demo"], {**hostile, f"{PREFIX}DIST": str(built)}) as screen:
        assert screen.end() == 0, screen.written
    (text,) = qr_codes(screen.written, light=False)
    found = re.fullmatch(r"otpauth://totp/Amazon%20Web%20Services:alice@\d{12}\?secret=([A-Z2-7]{64})&issuer=.*", text)
    assert found
    assert found[1] not in screen.written
    assert "\x1b[1m2. A first MFA device" in screen.written
    assert list((home.parent / "tmp").iterdir()) == []


def test_a_person_who_leaves(built: Path, hostile: dict[str, str], home: Path) -> None:
    """`--interactive` prompts for codes; Ctrl-C leaves nothing behind."""
    with at_terminal([invoke_path(), "demo", "--interactive"], {**hostile, f"{PREFIX}DIST": str(built)}) as screen:
        screen.until("First code")
        (folder,) = (home.parent / "tmp").iterdir()
        assert {path.name for path in folder.iterdir()} == {"config", "credentials"}
        assert "are set on" not in screen.written
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
    assert screen.written.endswith("Stopped the local AWS and deleted everything in it.\ninterrupted\n")
    assert list((home.parent / "tmp").iterdir()) == []


def test_nobody_there(built: Path, invoke_in: Invoke, hostile: dict[str, str]) -> None:
    """Without a terminal, `--interactive` is refused before anything starts."""
    done = invoke_in(built, "demo", "--interactive", env=hostile, wrap=NO_TERMINAL)
    expect(done, errors.NoTerminal, "there is no terminal", "without `--interactive`")
