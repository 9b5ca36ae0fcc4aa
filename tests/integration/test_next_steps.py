"""What `aws-mfa` prints to be typed next: it works in the shell and the environment in which it was printed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.conftest import Desk
from tests.integration.hostile import response, serving, session

# What the programs of AWS take before any profile.
KEYS = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY",
)  # fmt: skip
LONG_TERM = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "s" * 40}
ENVIRONMENTS: dict[str, Mapping[str, str]] = {
    "none": {},
    "profile": {"AWS_PROFILE": "example"},
    "profile already": {"AWS_PROFILE": "example_mfa"},
    "default profile": {"AWS_DEFAULT_PROFILE": "example"},
    "both profiles": {"AWS_PROFILE": "example", "AWS_DEFAULT_PROFILE": "gone"},
    "keys": LONG_TERM,
    "keys and profile": {**LONG_TERM, "AWS_PROFILE": "example"},
    "another session": {**LONG_TERM, "AWS_SESSION_TOKEN": "old", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"},
    "old token": {"AWS_SECURITY_TOKEN": "old"},
    "only a session token": {"AWS_SESSION_TOKEN": "old"},
    "web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/gone", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"},
    "keys of the SDK for Go": {"AWS_ACCESS_KEY": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_KEY": "s" * 40},
    "empty keys": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": ""},
}
# Prints the environment, the key that botocore finds, and who that is.
WHO = (
    "import json, os, botocore.session; s = botocore.session.get_session(); "
    "print(json.dumps([dict(os.environ), s.get_credentials().access_key, "
    "s.create_client('sts').get_caller_identity()['Arn']]))"
)
SHELLS = [
    pytest.param("sh", id="sh"),
    pytest.param("zsh", marks=pytest.mark.needs("zsh"), id="zsh"),
    pytest.param("fish", marks=pytest.mark.needs("fish"), id="fish"),
    pytest.param("tcsh", marks=pytest.mark.needs("tcsh"), id="tcsh"),
]


@pytest.fixture
def anything() -> Iterator[str]:
    """Return the address of a server that gives a session for any code."""
    with serving(lambda _: [response(session())]) as server:
        yield server.url


def who(desk: Desk, shell: str, script: str, variables: Mapping[str, str]) -> tuple[dict[str, str], str, str]:
    """Run a script in a shell, and return what a program sees that is started then."""
    asked = shlex.join((sys.executable, "-c", WHO))
    done = desk.shell.run(shell, "-c", f"{script}\n{asked}", **variables)
    assert done.returncode == 0, done.stderr
    environment, key, arn = json.loads(done.stdout)
    return environment, key, arn


def session_key(desk: Desk, profile: str = "example_mfa") -> str:
    """Return the ID of the key of the session that was written."""
    text = desk.shell.credentials.read_text("utf-8").partition(f"[{profile}]\n")[2]
    return text.partition("aws_access_key_id = ")[2].partition("\n")[0]


def steps(desk: Desk, *more: str, **variables: str) -> list[str]:
    """Log in, and return the lines that are printed to be typed."""
    done = desk.shell.run(*desk.argv, *more, **variables)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    lines = done.stderr.splitlines()
    noted = [line for line in lines if line.startswith("aws-mfa: note: ")]
    named = [name for name in KEYS if variables.get(name)]
    assert [name for name in KEYS if any(re.search(rf"\b{name}\b", line) for line in noted)] == named
    return lines[next(at for at, line in enumerate(lines) if line.startswith("profile ")) + 1 :]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("shell", SHELLS)
def test_the_printed_lines(shell: str, environment: str, desk: Desk) -> None:
    """After them a program uses the session, whatever was set before; nothing is unset that is not."""
    variables = {**ENVIRONMENTS[environment], "SHELL": f"/usr/bin/{shell}"}
    lines = steps(desk, **variables)
    seen, key, arn = who(desk, shell, "\n".join(lines), variables)
    assert (key, arn) == (session_key(desk), desk.user.arn)
    assert [name for name in KEYS if seen.get(name)] == []
    assert seen["AWS_DEFAULT_PROFILE"] == "example_mfa"
    assert seen.get("AWS_PROFILE") in {None, "", "example_mfa"}
    assert len(lines) == 1 + sum(bool(variables.get(name)) for name in KEYS) + (
        variables.get("AWS_PROFILE") == "example"
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(
    ("shell", "form", "script"),
    [
        pytest.param("sh", "env", 'eval "$({})"', id="sh"),
        pytest.param("zsh", "env", 'eval "$({})"', marks=pytest.mark.needs("zsh"), id="zsh"),
        pytest.param("fish", "fish", "{} | source", marks=pytest.mark.needs("fish"), id="fish"),
    ],
)
def test_the_lines_for_a_shell(shell: str, form: str, script: str, environment: str, desk: Desk) -> None:
    """A program that is started then uses the session, and no profile is left that another SDK would prefer."""
    variables = ENVIRONMENTS[environment]
    login = shlex.join((*desk.argv, "--format", form))
    seen, key, arn = who(desk, shell, script.format(login), variables)
    assert (key, arn, seen["AWS_ACCESS_KEY_ID"]) == (session_key(desk), desk.user.arn, key)
    assert [name for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN") if name in seen] == []


def test_the_aws_cli_after_the_printed_lines(desk: Desk) -> None:
    """It may do what only a session with MFA may, where keys without MFA were in the variables."""
    variables = {"AWS_ACCESS_KEY_ID": desk.user.access_key, "AWS_SECRET_ACCESS_KEY": desk.user.secret}
    assert desk.shell.cli("s3", "ls", **variables).returncode != 0
    lines = "\n".join(steps(desk, **variables))
    done = desk.shell.run("sh", "-c", f"{lines}\n{shlex.join((*desk.shell.aws_cli, 's3', 'ls'))}", **variables)
    assert done.returncode == 0, done.stderr
    assert "example-data" in done.stdout


NAMES = (
    "it's", 'say "x"', "$(touch x)", "`touch x`", "$HOME", "a\\b", "a\\'b", "a!b", "a!!", "-n", "~", "*", "a & touch x",
    "a | b", "> x", "ü", "例", "{a,b}", "%x", "a=b", "?", "\\", "'", "a,b", "(touch x)", "!$",
)  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_destinations_with_names_for_a_shell(shell: str, desk: Desk, anything: str, tmp_path: Path) -> None:
    """The printed name is one word, or no such profile is written."""
    variables = {"SHELL": f"/bin/{shell}", "AWS_PROFILE": "example", "AWS_ENDPOINT_URL": anything}
    folder = tmp_path / "here"
    folder.mkdir()
    written = 0
    for name in NAMES:
        done = desk.shell.run(*desk.argv, f"-d={name}", **variables)
        assert done.returncode in {0, 253}, done.stderr
        lines = [line for line in done.stderr.splitlines() if "AWS_" in line and not line.startswith("aws-mfa: ")]
        assert bool(lines) is not bool(done.returncode)
        script = "\n".join([f"cd {folder}", *lines, "/usr/bin/env printenv AWS_PROFILE AWS_DEFAULT_PROFILE"])
        if lines:
            ran = desk.shell.run(shell, "-c", script, **{**variables, "HOME": str(folder), "LC_ALL": "C.UTF-8"})
            assert ran.stdout == f"{name}\n{name}\n", (name, lines, ran.stderr)
            written += 1
    assert written > len(NAMES) / 2
    assert list(folder.glob("x")) == []


@pytest.mark.parametrize("shell", SHELLS)
def test_hints_with_names_for_a_shell(shell: str, desk: Desk, tmp_path: Path) -> None:
    """The command in a hint has the name of the profile as one word, be it in a flag."""
    (tmp_path / "bin").mkdir()
    fake, folder = tmp_path / "bin" / "aws", tmp_path / "here"
    fake.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", "utf-8")
    fake.chmod(0o755)
    folder.mkdir()
    env = {**desk.environ, "PATH": f"{fake.parent}:{desk.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    for name in NAMES:
        done = desk.shell.run(desk.program, f"-s={name}", "-d", "d", SHELL=f"/bin/{shell}")
        assert (done.returncode, "error[profile-missing]: " in done.stderr) == (253, True), done.stderr
        hint = done.stderr.splitlines()[-1].partition("create it with: ")[2]
        ran = subprocess.run([shell, "-c", hint], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert ran.stdout == f"configure\n--profile={name}\n", (hint, ran.stderr)
    assert list(folder.glob("x")) == []


@pytest.mark.parametrize(
    "name", ["a;touch x", "a#b", "a\nb", "a\u2028touch x", "a\x85b", "a\x1b[0mb", "a\u202eb", "a  b", "[a]"]
)
@pytest.mark.parametrize("flag", ["-s", "-d"])
def test_names_that_no_profile_has(flag: str, name: str, desk: Desk) -> None:
    """What would be more than one line or more than one section is refused, and is in no hint."""
    done = desk.shell.run(desk.program, f"{flag}={name}", given="123456")
    assert (done.returncode, done.stdout) == (252, "")
    assert done.stderr.startswith("aws-mfa: error[usage]: ")
    assert name not in done.stderr


def test_a_device_that_is_a_user(desk: Desk, tmp_path: Path) -> None:
    """The ARN that is suggested is one word."""
    (tmp_path / "config").write_text("[profile example]\nmfa_serial = arn:aws:iam::123456789012:user/a;touch${IFS}x\n")
    argv = (desk.program, "-s", "example")
    done = desk.shell.run(*argv, given="123456")
    assert "error[device-unusable]: " in done.stderr, done.stderr
    hint = done.stderr.splitlines()[-1]
    assert "'arn:aws:iam::123456789012:mfa/a;touch${IFS}x'" in hint


def test_nothing_is_printed_for_the_other_formats(desk: Desk, anything: str) -> None:
    """What a program reads comes without next steps, and --quiet without notes."""
    for more in (("--format", "json"), ("--format", "env"), ("--format", "credential-process"), ("-q",)):
        done = desk.shell.run(*desk.argv, *more, AWS_PROFILE="example", AWS_ENDPOINT_URL=anything, **LONG_TERM)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_the_lines_in_japanese(desk: Desk) -> None:
    """They are the same: only the sentences are in another language."""
    lines = desk.shell.run(*desk.argv, AWS_PROFILE="example", LC_ALL="ja_JP.UTF-8", **LONG_TERM).stderr.splitlines()[
        -4:
    ]
    assert lines == [
        "unset AWS_ACCESS_KEY_ID", "unset AWS_SECRET_ACCESS_KEY", "export AWS_PROFILE=example_mfa",
        "export AWS_DEFAULT_PROFILE=example_mfa",
    ]  # fmt: skip
