"""`verify` with other programs, against the embedded AWS: their input, and the checks of their sessions."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.emulator_clients import Keys, Shell, as_user, with_mfa
from tests.unit import samples
from toolkit.emulator import Emulator, User
from toolkit.errors import (
    CodeMalformed,
    CodeRefused,
    LoginFailed,
    MfaNotProven,
    NotProven,
    OtherProgram,
    OtherUser,
    SessionUnusable,
)
from toolkit.go import targets
from toolkit.mfa.login import Login, prepare
from toolkit.mfa.proof import Proof, require
from toolkit.mfa.verify import verify
from toolkit.model import Check, Release, Target
from toolkit.outputs.manifest import document
from toolkit.settings import VerifySettings

HERE = Target(*targets.native())


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Emulator]:
    """Return an AWS, and point the variables of this process at it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Emulator() as emulator:
        for name, value in Shell(emulator, tmp_path).variables.items():
            monkeypatch.setenv(name, value)
        yield emulator


@pytest.fixture
def alice(aws: Emulator, tmp_path: Path) -> User:
    """Return a user who may work without MFA, with keys in profile `example`."""
    user = aws.add_user("alice", force_mfa=False)
    Shell(aws, tmp_path).profile("example", Keys.of(user))
    return user


def dist(folder: Path, script: str) -> Release:
    """Return a release with a program for this machine: a Python script, in which `desk` is the credentials file."""
    head = f"#!{sys.executable}\nimport json, os, sys\ndesk = os.environ['AWS_SHARED_CREDENTIALS_FILE']\n"
    made = samples.binary(HERE, folder / "bin", content=(head + script).encode())
    made.path.chmod(0o755)
    release = samples.dist(folder / "release", made, targets=(HERE,))
    samples.write_tree(release.root, {"manifest.json": json.dumps(document(release))})
    return release


def write(keys: Keys, expires: datetime | None) -> str:
    """Return a script that writes a profile, as a program would."""
    lines = ["", "[example_mfa]", f"aws_access_key_id = {keys.access_key}", f"aws_secret_access_key = {keys.secret}"]
    lines += [f"aws_session_token = {keys.token}"] if keys.token else []
    lines += [f"x_security_token_expires = {expires.isoformat()}"] if expires else []
    return f"open(desk, 'a').write({chr(10).join(lines)!r})\n"


def login(limit: float = 20) -> Login:
    """Return a login from `example`."""
    return prepare(VerifySettings(profile="example", aws_timeout=limit))


def one(refused: tuple[str, ...]) -> str:
    """Return one code, and no second one."""
    return "" if refused else "123456"


def bad(proof: Proof) -> list[Check]:
    """Return the checks that failed, required or not."""
    return [check for check in proof.checks if not check.ok]


LATER = datetime.now(UTC) + timedelta(hours=5)


def test_a_program_of_somebody_else(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """Any program that writes a real session passes."""
    proof = verify(login(), dist(tmp_path, write(with_mfa(aws, alice).keys, LATER)), one)
    assert bad(proof) == []
    assert proof.identity
    assert (proof.identity.arn, proof.identity.user_id) == (alice.arn, alice.user_id)
    require(proof)


def test_only_the_program_is_bad(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """A program that differs from the release fails even if it logs in, because people download another one."""
    made = dist(tmp_path, write(with_mfa(aws, alice).keys, LATER))
    path = made.root / "manifest.json"
    path.write_text(path.read_text("utf-8").replace(made.binaries[0].sha256, "f" * 64), "utf-8")
    proof = verify(login(), made, one)
    assert [check.name for check in bad(proof)] == ["program"]
    with pytest.raises(OtherProgram):
        require(proof)


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"targets": [{"target": "plan9/arm"}]}'])
def test_a_release_that_says_nothing(aws: Emulator, alice: User, tmp_path: Path, text: str | None) -> None:
    """Without a release, or if it lacks this machine's pair, there is nothing to compare: that is a note."""
    made = dist(tmp_path, write(with_mfa(aws, alice).keys, LATER))
    path = made.root / "manifest.json"
    path.unlink() if text is None else path.write_text(text, "utf-8")
    proof = verify(login(), made, one)
    assert [(check.name, check.required) for check in bad(proof)] == [("program", False)]


@pytest.mark.parametrize("place", [("name",), ("build_info", "path"), ("build_info", "main", "path")], ids=str)
def test_a_release_of_another_program(aws: Emulator, alice: User, tmp_path: Path, place: tuple[str, ...]) -> None:
    """A release from `--source` says nothing about this program, so it is a note, as without a release."""
    made = dist(tmp_path, write(with_mfa(aws, alice).keys, LATER))
    other = document(made)
    row = other if len(place) == 1 else other["targets"][0]["binary"]
    for step in place[:-1]:
        row = row[step]
    row[place[-1]] = "other"
    other["targets"][0]["binary"]["sha256"] = "f" * 64
    samples.write_tree(made.root, {"manifest.json": json.dumps(other)})
    proof = verify(login(), made, one)
    assert [(check.name, check.required) for check in bad(proof)] == [("program", False)]
    require(proof)


def test_only_the_session_key_is_bad(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """A valid session from before proves nothing about this login."""
    made = dist(tmp_path, write(with_mfa(aws, alice).keys, LATER))
    assert bad(verify(login(), made, one)) == []
    proof = verify(login(), dist(tmp_path, "pass\n"), one)
    assert [check.name for check in bad(proof)] == ["session key"]
    assert bad(proof)[0].detail.endswith(", the same as before this login")
    with pytest.raises(SessionUnusable, match="not proven: `session key`"):
        require(proof)


def test_long_term_keys_are_no_session(alice: User, tmp_path: Path) -> None:
    """Copied long-term keys belong to the same user and can list buckets, but two checks detect them."""
    proof = verify(login(), dist(tmp_path, write(Keys.of(alice), LATER)), one)
    assert [check.name for check in bad(proof)] == ["session key", "no further session"]
    assert [check.detail for check in bad(proof)] == [
        f"AKIA…{alice.access_key[-4:]}, but a session's begins with ASIA",
        "granted, so these are not session credentials",
    ]  # fmt: skip


def test_only_mfa_is_bad(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """Only IAM detects a session that was created without a code."""
    proof = verify(login(), dist(tmp_path, write(as_user(aws, alice).log_in().keys, LATER)), one)
    assert [check.name for check in bad(proof)] == ["mfa"]
    assert bad(proof)[0].detail == "IAM rejects the session, so it was created without an MFA code"
    with pytest.raises(MfaNotProven):
        require(proof)


def test_only_the_further_session_is_bad(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """A refusal with another message does not prove that the keys belong to a session."""
    keys = with_mfa(aws, alice).keys
    aws.fail("GetSessionToken", status=403, code="AccessDenied", message="no")
    proof = verify(login(), dist(tmp_path, write(keys, LATER)), one)
    assert [check.name for check in bad(proof)] == ["no further session"]
    with pytest.raises(SessionUnusable):
        require(proof)


def test_only_the_expiry_is_bad(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """A session past its stored expiry fails, though AWS still accepts it."""
    ended = datetime.now(UTC) - timedelta(minutes=61)
    proof = verify(login(), dist(tmp_path, write(with_mfa(aws, alice).keys, ended)), one)
    assert [check.name for check in bad(proof)] == ["expiry"]
    assert bad(proof)[0].detail.endswith("1 h 01 min ago")


def test_an_expiry_that_nobody_wrote_down(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """Other programs do not store it: that is a note, not a failure."""
    proof = verify(login(), dist(tmp_path, write(with_mfa(aws, alice).keys, None)), one)
    assert [(check.name, check.required) for check in bad(proof)] == [("expiry", False)]
    require(proof)


def test_a_session_of_somebody_else(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """A session of another user of the account fails."""
    assert alice.arn.endswith("/alice")
    bob = aws.add_user("bob")
    proof = verify(login(), dist(tmp_path, write(with_mfa(aws, bob).keys, LATER)), one)
    assert [check.name for check in bad(proof)] == ["user"]
    with pytest.raises(OtherUser):
        require(proof)


def test_what_a_program_is_given(aws: Emulator, alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the flags, the code on standard input and AWS's address, but no variable with keys or codes."""
    secret = {
        "AWS_ACCESS_KEY_ID": "canary", "AWS_SECRET_ACCESS_KEY": "canary", "AWS_SESSION_TOKEN": "canary",
        "AWS_PROFILE": "canary", "AWS_DEFAULT_PROFILE": "canary", "AWS_MFA_CODE": "canary",
        "AWS_MFA_TOOLKIT_CODE": "canary", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "canary", "AWS_BEARER": "canary",
    }  # fmt: skip
    keys = with_mfa(aws, alice).keys
    for name, value in secret.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_IAM", aws.url)
    monkeypatch.setenv("LANG", "ja_JP.UTF-8")
    told = tmp_path / "told.json"
    note = f"json.dump([sys.argv[1:], sys.stdin.read(), dict(os.environ)], open({str(told)!r}, 'w'))\n"
    script = note + "print('a note', file=sys.stderr)\n" + write(keys, LATER)
    proof = verify(login(), dist(tmp_path, script), lambda _: " 654321\n")
    argv, given, environ = json.loads(told.read_text("utf-8"))
    assert (argv, given) == (["-s", "example", "-d", "example_mfa"], "654321\n")
    assert "canary" not in environ.values()
    assert "654321" not in json.dumps([argv, environ])
    assert environ["AWS_ENDPOINT_URL"] == environ["AWS_ENDPOINT_URL_IAM"] == aws.url
    assert environ["AWS_CONFIG_FILE"] == str(tmp_path / "config")
    assert (environ["LANG"], "LC_ALL" in environ) == ("ja_JP.UTF-8", "LC_ALL" in os.environ)
    assert proof.said == "a note"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("sys.exit('no luck')", "`program` failed with exit code 1: no luck"),
        ("sys.exit('first this\\nthen that\\n')", "`program` failed with exit code 1:\nfirst this\nthen that$"),
        ("sys.exit(3)", "`program` failed with exit code 3 and no output"),
        ("sys.exit(sys.stdin.read())", r"`program` failed with exit code 1: \*\*\*"),
        ("sys.exit(open(desk).read())", r"aws_secret_access_key = \*\*\*"),
        ("sys.exit('x\\x1b[31m')", r"exit code 1: x\[31m"),
        ("pass", "the program reported a login, but profile `example_mfa` has no keys"),
    ],
)
@pytest.mark.usefixtures("alice")
def test_a_program_that_fails(tmp_path: Path, script: str, sentence: str) -> None:
    """Its last lines are shown, without secrets and control characters."""
    with pytest.raises(LoginFailed, match=sentence) as caught:
        verify(login(), dist(tmp_path, script), one)
    assert type(caught.value) is LoginFailed
    assert caught.value.hint


@pytest.mark.usefixtures("alice")
def test_a_program_that_cannot_be_run(tmp_path: Path) -> None:
    """A program that the system cannot run is an error with a reason."""
    made = dist(tmp_path, "")
    made.binaries[0].path.chmod(0o644)
    with pytest.raises(LoginFailed, match=r"cannot run `.*`: permission denied"):
        verify(login(), made, one)


@pytest.mark.usefixtures("alice")
def test_a_program_that_was_changed(tmp_path: Path) -> None:
    """A program modified after its check is never run, even if it was modified while a code was typed."""
    made = dist(tmp_path, f"open({str(tmp_path / 'was-run')!r}, 'w')\n")

    def ask(_: tuple[str, ...]) -> str:
        path = made.binaries[0].path
        path.write_bytes(path.read_bytes() + b"#")
        return "123456"

    assert hashlib.sha256(made.binaries[0].path.read_bytes()).hexdigest() == made.binaries[0].sha256
    with pytest.raises(NotProven, match="is not the program that was built and checked"):
        verify(login(), made, ask)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.usefixtures("alice")
def test_a_program_that_does_not_end(tmp_path: Path) -> None:
    """It gets SIGTERM before SIGKILL, so that it can remove its temporary file."""
    script = f"""
import signal, time
def end(*_):
    open({str(tmp_path / "ended")!r}, 'w')
    sys.exit(1)
signal.signal(signal.SIGTERM, end)
time.sleep(60)
"""
    with pytest.raises(LoginFailed, match=r"got no response from AWS within 0\.5 s"):
        verify(login(limit=0.5), dist(tmp_path, script), one)
    assert (tmp_path / "ended").exists()


def test_a_malformed_code_reaches_nobody(aws: Emulator, alice: User, tmp_path: Path) -> None:
    """A code is checked before the program runs and before AWS is called."""
    made = dist(tmp_path, f"open({str(tmp_path / 'was-run')!r}, 'w')\n")
    with pytest.raises(CodeMalformed, match="an MFA code is six digits"):
        verify(login(), made, lambda _: alice.secret)
    assert aws.calls == ()
    assert not (tmp_path / "was-run").exists()


REFUSING = """
with open(desk + '.codes', 'a') as codes:
    codes.write(sys.stdin.read())
if len(open(desk + '.codes').read().split()) < {taken}:
    sys.exit('aws-mfa: error[code-refused]: no')
"""


@pytest.mark.parametrize(("taken", "there"), [(1, 9), (2, 9), (3, 9), (4, 9), (2, 1), (3, 2)])
def test_codes_that_are_refused(aws: Emulator, alice: User, tmp_path: Path, taken: int, there: int) -> None:
    """Up to three codes are tried while there are others; their source gets the list of rejected codes."""
    script = REFUSING.format(taken=taken) + write(with_mfa(aws, alice).keys, LATER)
    codes = [f"00000{number}" for number in range(there)]
    told: list[tuple[str, ...]] = []

    def give(refused: tuple[str, ...]) -> str:
        told.append(refused)
        return codes[len(refused)] if len(refused) < there else ""

    if taken <= min(there, 3):
        require(verify(login(), dist(tmp_path, script), give))
    else:
        with pytest.raises(CodeRefused, match="no"):
            verify(login(), dist(tmp_path, script), give)
    tried = codes[: min(taken, 3)]
    assert (tmp_path / "credentials.codes").read_text("utf-8").split() == tried
    assert told[: len(tried)] == [tuple(codes[:number]) for number in range(len(tried))]
