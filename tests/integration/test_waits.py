"""The waits of `aws-mfa` are announced and limited, and Ctrl-C ends each of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.integration.conftest import Desk
from tests.integration.emulator_clients import wait_until
from tests.integration.hostile import serving
from tests.integration.test_aws_mfa import SESSION
from tests.integration.test_hostile_aws import silence
from tests.screens import at_terminal
from toolkit.doctor import login
from toolkit.emulator import Emulator
from toolkit.errors import ProfileUnusable
from toolkit.mfa.login import prepare
from toolkit.settings import VerifySettings

SOON = 5.0  # seconds: a wait is announced by then
Signals = tuple[signal.Signals, ...]


@contextlib.contextmanager
def started(
    desk: Desk, *argv: str, stdin: int = subprocess.DEVNULL, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Start the program, with its standard error in a file, and leave none behind."""
    variables = {**desk.environ, **(env or {})}
    with (desk.shell.folder / "err").open("w", encoding="utf-8") as err:
        process = subprocess.Popen(
            argv or desk.argv, env=variables, stdin=stdin, stdout=subprocess.PIPE, stderr=err, text=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def said(desk: Desk) -> str:
    """Return what the program has said on standard error so far."""
    return (desk.shell.folder / "err").read_text("utf-8")


def announced(desk: Desk, words: str, limit: int) -> None:
    """Wait for the note about a wait, which names its limit."""
    begun = time.monotonic()
    wait_until(lambda: words in said(desk))
    assert time.monotonic() - begun < SOON
    assert re.search(rf"^aws-mfa: note: .*{re.escape(words)}.*\b{limit} s", said(desk), re.MULTILINE), said(desk)


def ends(process: subprocess.Popen[str], exit_code: int = 130, number: signal.Signals = signal.SIGINT) -> None:
    """End the program with a signal, and see that it does at once."""
    begun = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == exit_code
    assert time.monotonic() - begun < 3


# --- locks -----------------------------------------------------------------------------------------------------------


def lock_of(desk: Desk, kind: str) -> Path:
    """Return the lock of the file or of the profile: FNV-1a of both names is in its own."""
    if kind == "file":
        return desk.shell.folder / ".aws-mfa.lock"
    number = 0xCBF29CE484222325
    for byte in b"credentials\x00example_mfa":
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return desk.shell.folder / f".aws-mfa.{number:x}.lock"


@contextlib.contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Hold a lock as another user's process would, and give what releases it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


LOCKS = {"file": ("holds the lock of `", 20), "profile": ("is getting a session for profile `example_mfa`", 300)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_another_holds(kind: str, number: signal.Signals, desk: Desk, aws: Emulator) -> None:
    """The wait is announced with its limit, and a signal ends it; neither AWS nor a person was asked."""
    with held(lock_of(desk, kind)), started(desk) as process:
        announced(desk, *LOCKS[kind])
        ends(process, number=number)
    assert (desk.asked, aws.calls) == (0, ())


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_is_released(kind: str, desk: Desk) -> None:
    """Then the login goes on, and the wait was announced once."""
    with held(lock_of(desk, kind)) as release, started(desk) as process:
        announced(desk, *LOCKS[kind])
        release()
        assert process.wait(10) == 0
    assert said(desk).count("waiting for it") == 1
    assert SESSION.search(desk.shell.credentials.read_bytes())


@pytest.mark.slow
def test_a_lock_that_is_never_released(desk: Desk, aws: Emulator) -> None:
    """The lock of the file is waited for no longer than announced; the error names it."""
    begun = time.monotonic()
    with held(lock_of(desk, "file")), started(desk) as process:
        assert process.wait(30) == 255
    assert 19 < time.monotonic() - begun < 25
    assert f"`{lock_of(desk, 'file')}`" in said(desk).partition("error[credentials-unwritable]: ")[2]
    assert (desk.asked, aws.calls) == (0, ())


def test_a_lock_after_the_code(desk: Desk) -> None:
    """A lock that somebody takes while a person types is announced, too; Ctrl-C ends that wait."""
    with contextlib.ExitStack() as stack:
        desk.show(desk.user.device.code(), more="sleep 1")
        process = stack.enter_context(started(desk))
        wait_until(lambda: desk.asked == 1)
        stack.enter_context(held(lock_of(desk, "file")))
        announced(desk, *LOCKS["file"])
        ends(process)


def test_a_short_wait_is_not_announced(desk: Desk) -> None:
    """A lock is held for the moment of a write as a rule."""
    with held(lock_of(desk, "file")) as release, started(desk) as process:
        time.sleep(0.4)
        release()
        assert process.wait(10) == 0
    assert "waiting" not in said(desk)


def test_a_quiet_wait(desk: Desk) -> None:
    """With --quiet nothing is announced, and a signal ends the wait all the same."""
    with held(lock_of(desk, "file")), started(desk, *desk.argv, "--quiet") as process:
        time.sleep(2)
        ends(process)
    assert said(desk) == ""


def test_at_a_terminal(desk: Desk) -> None:
    """A person sees the wait, though standard error is in a file."""
    with held(lock_of(desk, "profile")), at_terminal(desk.argv, desk.environ, files=desk.shell.folder) as screen:
        screen.until("300 s", SOON)
        screen.type("\x03")
        assert screen.end() == 130
    assert said(desk) == ""


# --- AWS, commands and input -----------------------------------------------------------------------------------------


def test_a_silent_server(desk: Desk) -> None:
    """The wait for a response is announced, limited by --timeout, and ended by Ctrl-C."""
    with serving(lambda _: silence()) as server:
        with started(desk, *desk.argv, "--timeout", "4s", env={"AWS_ENDPOINT_URL": server.url}) as process:
            announced(desk, "no response from AWS", 4)
            assert process.wait(10) == 255
        with started(desk, env={"AWS_ENDPOINT_URL": server.url}) as process:
            announced(desk, "no response from AWS", 20)
            ends(process)


@pytest.mark.parametrize("more", ["sleep 60", "sleep 60 & wait", "exec sleep 60", "trap '' INT TERM; sleep 60"])
def test_a_code_command_that_does_not_end(more: str, desk: Desk) -> None:
    """It is announced, and Ctrl-C ends the program, whatever the command has started."""
    desk.show("", more=more)
    with started(desk) as process:
        announced(desk, "`--code-command`", 300)
        ends(process)
    assert "error" not in said(desk)


@pytest.mark.parametrize("command", ["sleep 60", "sleep 60; echo x", "sleep 60 & wait"])
def test_a_process_that_does_not_end(command: str, desk: Desk) -> None:
    """So is a credential_process."""
    desk.shell.credentials.write_text(f"[example]\ncredential_process = {command}\n", "utf-8")
    with started(desk) as process:
        announced(desk, "`credential_process` of profile `example`", 60)
        ends(process)


def test_a_process_that_leaves_a_child(desk: Desk, tmp_path: Path) -> None:
    """A child that holds on to the output of a credential_process is not waited for."""
    keys = {"Version": 1, "AccessKeyId": desk.user.access_key, "SecretAccessKey": desk.user.secret}
    (tmp_path / "keys.json").write_text(json.dumps(keys), "utf-8")
    line = f"sleep 20 & cat {tmp_path / 'keys.json'}"
    desk.shell.credentials.write_text(f"[example]\ncredential_process = {line}\n", "utf-8")
    begun = time.monotonic()
    with started(desk) as process:
        process.wait(10)
    assert time.monotonic() - begun < 5
    assert process.returncode == 0, said(desk)


@pytest.mark.parametrize("is_kept", [False, True])
def test_an_input_in_which_nothing_comes(is_kept: bool, desk: Desk) -> None:  # noqa: FBT001 - a parameter of the test
    """Programs leave standard input open; the wait for a code in it is announced, and Ctrl-C ends it."""
    if is_kept:
        assert desk.shell.run(*desk.argv).returncode == 0
    argv = (desk.program, "-s", "example", "-d", "example_mfa", "--serial", desk.user.device.serial)
    ours, theirs = os.pipe()
    try:
        with started(desk, *argv, stdin=ours) as process:
            announced(desk, "a code on standard input", 300)
            ends(process)
        with started(desk, *argv, stdin=ours) as process:
            announced(desk, "a code on standard input", 300)
            os.write(theirs, f"{desk.user.device.code()}\n".encode())
            assert process.wait(10) == (254 if is_kept else 0), said(desk)  # the code was used
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_next_code(desk: Desk) -> None:
    """Without a terminal too, the wait for it is announced."""
    desk.show("000000")
    with started(desk) as process:
        wait_until(lambda: "the next code comes in" in said(desk))
        assert re.search(
            r"^aws-mfa: note: the next code comes in [0-3]?\d s; waiting for it$", said(desk), re.MULTILINE
        )
        ends(process)
    assert desk.asked == 1


# --- files that never end --------------------------------------------------------------------------------------------


def pipe(path: Path) -> None:
    """Make a named pipe, into which nobody writes."""
    os.mkfifo(path)


def device(path: Path) -> None:
    """Make a link to a file without an end."""
    path.symlink_to("/dev/zero")


FILES = {
    "credentials": ("AWS_SHARED_CREDENTIALS_FILE", "credentials-unreadable"),
    "config": ("AWS_CONFIG_FILE", "credentials-unreadable"),
    "certificates": ("AWS_CA_BUNDLE", "profile-unusable"),
}


@pytest.mark.parametrize("make", [pipe, device, Path.mkdir])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none(
    name: str, make: Callable[[Path], None], desk: Desk, tmp_path: Path, aws: Emulator
) -> None:
    """A pipe, a device or a directory is named at once, and nobody is asked."""
    variable, kind = FILES[name]
    path = tmp_path / "odd"
    make(path)
    begun = time.monotonic()
    with started(desk, env={variable: str(path)}) as process:
        assert process.wait(10) == 253, said(desk)
    assert time.monotonic() - begun < 2
    assert said(desk).startswith(f"aws-mfa: error[{kind}]: ")
    assert f"`{path}`" in said(desk)
    assert (desk.asked, aws.calls) == (0, ())


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_that_is_a_pipe(kind: str, desk: Desk, aws: Emulator) -> None:
    """It is not opened, which would block."""
    os.mkfifo(lock_of(desk, kind))
    with started(desk) as process:
        assert process.wait(5) == 255
    assert "error[credentials-unwritable]: " in said(desk)
    assert (desk.asked, aws.calls) == (0, ())


def test_certificates_of_a_profile_that_are_a_pipe(desk: Desk, tmp_path: Path, aws: Emulator) -> None:
    """So it is where the config file names them."""
    os.mkfifo(tmp_path / "odd")
    (tmp_path / "config").write_text(f"[profile example]\nca_bundle = {tmp_path / 'odd'}\n", "utf-8")
    with started(desk, env={"AWS_CA_BUNDLE": ""}) as process:
        assert process.wait(5) == 253
    assert (desk.asked, aws.calls) == (0, ())


@pytest.mark.parametrize(
    ("variable", "make"),
    [
        ("AWS_CA_BUNDLE", pipe),
        ("AWS_CA_BUNDLE", device),
        ("AWS_CONFIG_FILE", pipe),
        ("AWS_SHARED_CREDENTIALS_FILE", pipe),
    ],
)
def test_the_toolkit_and_such_files(
    variable: str, make: Callable[[Path], None], desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor names it, and a login is refused, at once."""
    make(tmp_path / "odd")
    for name, value in {**desk.shell.variables, variable: str(tmp_path / "odd")}.items():
        monkeypatch.setenv(name, value)
    begun = time.monotonic()
    bad = [row for row in login.examine("example") if row.required and not row.ok]
    assert str(tmp_path / "odd") in "".join(row.detail for row in bad)
    with pytest.raises(ProfileUnusable, match=f"`{tmp_path / 'odd'}`"):
        prepare(VerifySettings(profile="example"))
    assert time.monotonic() - begun < 5


# --- a second signal -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def full() -> Iterator[int]:
    """Give the writing end of a pipe that takes nothing more."""
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(theirs, b"x" * 4096)
    os.set_blocking(theirs, True)
    yield theirs
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)],
)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_second_signal(stream: str, numbers: Signals, desk: Desk) -> None:
    """A program that is stuck at an output nobody reads ends at the second signal, whatever the first one was."""
    streams: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with full() as pipe_end:
        streams[stream] = pipe_end
        argv = [*desk.argv, "--format", "json"] if stream == "stdout" else [desk.program, "-s", "nobody"]
        process = subprocess.Popen(argv, env=desk.environ, stdin=subprocess.DEVNULL, **streams)  # type: ignore[call-overload]
        try:
            if stream == "stdout":
                wait_until(lambda: SESSION.search(desk.shell.credentials.read_bytes()) is not None)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(numbers[0])
            time.sleep(0.5)
            process.send_signal(numbers[1])
            assert process.wait(3) == -numbers[1]
        finally:
            process.kill()
            process.wait()
    if stream == "stdout":
        assert SESSION.search(desk.shell.credentials.read_bytes())
