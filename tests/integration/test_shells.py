"""`aws-mfa` in the shells that it speaks to: what they offer for the tab key, and what they make of its lines."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.conftest import Desk

READY = "ready> "
# A stand-in that prints what it is given: what the shell has made of the keys that were typed.
ECHO = f"aws-mfa() {{ printf 'got:'; printf '<%s>' \"$@\"; echo; }}\nPS1='{READY}'\n"
ZSH = "autoload -Uz compinit && compinit -u -D\n"
BLANK = "aws-mfa "


@dataclass(frozen=True)
class Keyboard:
    """An interactive shell on a terminal, with profiles to offer."""

    home: Path
    path: str

    def typed(self, shell: str, start: str, *lines: str) -> list[list[str]]:
        """Return the arguments that the shell gives to aws-mfa for each of the lines, in a shell that begins so."""
        for name in (".bashrc", ".zshrc"):
            (self.home / name).write_text(start + ECHO, "utf-8")
        ours, theirs = pty.openpty()
        env = {"HOME": str(self.home), "PATH": self.path, "TERM": "dumb", "LC_ALL": "C"}
        process = subprocess.Popen([shell, "-i"], env=env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        try:
            screens = [self._until_ready(ours)]
            for line in lines:
                os.write(ours, f"{line}\n".encode())
                screens.append(self._until_ready(ours))
        finally:
            process.kill()
            process.wait()
            os.close(ours)
        given = [re.findall(r"^got:(.*?)\r?$", screen, re.MULTILINE) for screen in screens[1:]]
        assert [len(each) for each in given] == [1] * len(lines), screens
        return [re.findall("<(.*?)>", each) for (each,) in given]

    @staticmethod
    def _until_ready(terminal: int) -> str:
        screen, end = b"", time.monotonic() + 10
        while READY.encode() not in screen:
            assert select.select([terminal], [], [], max(0, end - time.monotonic()))[0], screen
            screen += os.read(terminal, 65536)
        return screen.decode("utf-8", "replace")


@pytest.fixture
def keyboard(aws_mfa: str, tmp_path: Path) -> Keyboard:
    """Return a keyboard for a person with a few profiles."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[example]\n", "utf-8")
    (tmp_path / ".aws" / "config").write_text(
        "[default]\n[profile work]\n[profile big team]\n[sso-session zzz]\n", "utf-8"
    )
    return Keyboard(tmp_path, f"{Path(aws_mfa).parent}:{os.environ['PATH']}")


IN_EACH_SHELL = pytest.mark.parametrize(
    ("shell", "start"),
    [
        pytest.param("bash", "source <(aws-mfa completion bash)\n", marks=pytest.mark.needs("bash"), id="bash"),
        pytest.param("zsh", f"{ZSH}source <(aws-mfa completion zsh)\n", marks=pytest.mark.needs("zsh"), id="zsh"),
        pytest.param(
            "zsh",
            f"aws-mfa completion zsh >~/_aws-mfa; fpath=(~ $fpath)\n{ZSH}",
            marks=pytest.mark.needs("zsh"),
            id="zsh, a file of fpath",
        ),
    ],
)


@IN_EACH_SHELL
def test_tab(keyboard: Keyboard, shell: str, start: str) -> None:
    """The tab key completes flags, formats, profiles and shells from the first time on, and no value that is free."""
    lines = ("--form\tj\t", "-s wor\t", "--destination-profile ex\t", "comp\tz\t", "--code \t", "-s zz\t", "-s te\t")
    assert keyboard.typed(shell, start, *(BLANK + line for line in lines)) == [
        ["--format", "json"],
        ["-s", "work"],
        ["--destination-profile", "example"],
        ["completion", "zsh"],
        ["--code"],
        ["-s", "zz"],
        ["-s", "te"],
    ]


@IN_EACH_SHELL
def test_tab_behind_an_equals_sign(keyboard: Keyboard, shell: str, start: str) -> None:
    """A value is completed there too, and the only one there is needs no letter."""
    (keyboard.home / ".aws" / "config").unlink()
    lines = ("--format=j\t", "-d x --source-profile=\t", "--serial=\t")
    assert keyboard.typed(shell, start, *(BLANK + line for line in lines)) == [
        ["--format=json"],
        ["-d", "x", "--source-profile=example"],
        ["--serial="],
    ]


@pytest.mark.needs("fish")
def test_tab_in_fish(keyboard: Keyboard) -> None:
    """Fish offers flags with what they mean, formats, profiles and shells, and neither files nor free values."""
    folder = keyboard.home / ".config" / "fish" / "completions"
    folder.mkdir(parents=True)
    env = {"HOME": str(keyboard.home), "PATH": keyboard.path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    env["AWS_CONFIG_FILE"] = str((keyboard.home / ".aws" / "config").rename(keyboard.home / "elsewhere"))

    def fish(script: str) -> list[str]:
        done = subprocess.run(
            ["fish", "-c", script], cwd=keyboard.home, env=env, capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return done.stdout.splitlines()

    fish(f"aws-mfa completion fish >{folder}/aws-mfa.fish")

    def offered(typed: str) -> list[str]:
        return fish(f"complete -C 'aws-mfa {typed}'")

    assert offered("--for") == [
        "--force\tget a new session even if DST has a valid one",
        "--format\toutput format, see FORMATS (default: profile)",
    ]
    words = {typed: [line.split("\t")[0] for line in offered(typed)] for typed in ("-s ", "-d w", "--format ")}
    assert words["-s "] == ["big team", "default", "example", "work"]
    assert words["-d w"] == ["work"]
    assert words["--format "] == ["credential-process", "env", "fish", "json", "powershell", "profile"]
    assert [line.split("\t")[0] for line in offered("")] == ["completion", "set-serial"]
    assert offered("-q ") == []
    assert [line.split("\t")[0] for line in offered("--format=j")] == ["--format=json"]
    assert offered("completion ") == ["bash", "fish", "zsh"]
    assert offered("--code ") == offered("--serial ") == []


EVAL = 'eval "$({})"; env'


@pytest.mark.parametrize(
    ("shell", "name", "script"),
    [
        pytest.param("sh", "env", EVAL, id="sh"),
        pytest.param("bash", "env", EVAL, marks=pytest.mark.needs("bash"), id="bash"),
        pytest.param("zsh", "env", EVAL, marks=pytest.mark.needs("zsh"), id="zsh"),
        pytest.param("fish", "fish", "{} | source; env", marks=pytest.mark.needs("fish"), id="fish"),
    ],
)
def test_lines_for_a_shell(desk: Desk, shell: str, name: str, script: str) -> None:
    """A shell that takes the lines hands the session on to its programs, and the token of old tools no longer."""
    login = shlex.join((*desk.argv, "--format", name))
    done = desk.shell.run(shell, "-c", script.format(login), AWS_SECURITY_TOKEN="stale")  # noqa: S106 - a canary
    assert done.returncode == 0, done.stderr
    given = dict(re.findall(r"^(AWS_\w+)=(.*)$", done.stdout, re.MULTILINE))
    written = dict(re.findall(r"^(\w+) = (\S+)$", desk.shell.credentials.read_text("utf-8"), re.MULTILINE))
    for key in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"):
        assert given[key.upper()] == written[key]
    assert given["AWS_CREDENTIAL_EXPIRATION"] == written["x_security_token_expires"]
    assert "AWS_SECURITY_TOKEN" not in given
