"""`aws-mfa` and servers that are not AWS, or not as AWS should be: no memory is eaten, nothing is believed or run."""

from __future__ import annotations

import json
import re
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import Desk
from tests.integration.hostile import NEVER, date, relay, response, serving, session, stamp
from tests.integration.test_aws_mfa import SESSION
from toolkit.aws.clients import Aws, Caller
from toolkit.doctor import login
from toolkit.emulator import Emulator
from toolkit.errors import AwsRefused, AwsUnreachable

MANY = b"X-Many: 1\r\n" * 1000
HEAD = b"HTTP/1.1 %s\r\nContent-Type: text/xml\r\n"
BLOCK = b"x" * 65536
MOST_SENT = 64 << 20  # bytes that a server gets rid of at most: the rest waits in buffers
MOST_MEMORY = 150 << 10  # KiB


def endless(begin: bytes, block: bytes = BLOCK) -> Iterator[bytes]:
    """Yield bytes forever."""
    yield begin
    while True:
        yield block


def bomb(begin: bytes) -> Iterator[bytes]:
    """Yield an endless response that is a thousandth of its true size."""
    yield begin
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    while True:
        yield packer.compress(BLOCK * 16)


def drip(begin: bytes) -> Iterator[bytes]:
    """Yield a byte now and then."""
    yield begin
    while True:
        time.sleep(0.1)
        yield b"x"


def silence() -> Iterator[bytes]:
    """Yield nothing for long."""
    time.sleep(NEVER)
    yield b""


@dataclass(frozen=True)
class Case:
    """A response, and how the program ends."""

    answer: Callable[[], Iterator[bytes]]
    kind: str = "aws-unreachable"
    exit_code: int = 255


def once(body: bytes | str, status: str = "200 OK", **headers: str) -> Callable[[], Iterator[bytes]]:
    """Return a response of one piece."""
    return lambda: iter([response(body, status, **headers)])


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "{0}">]><GetSessionTokenResponse>{1}</GetSessionTokenResponse>'
ERROR = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>"
RESPONSES = {
    "endless body": Case(lambda: endless(HEAD % b"200 OK" + b"\r\n<GetSessionTokenResponse>")),
    "endless element": Case(lambda: endless(HEAD % b"200 OK" + b"\r\n" + session().partition("t" * 120)[0].encode())),
    "endless refusal": Case(lambda: endless(HEAD % b"403 Forbidden" + b"\r\n" + ERROR.encode())),
    "endless failure": Case(lambda: endless(HEAD % b"500 No" + b"\r\n" + ERROR.encode()), "aws-busy", 254),
    "endless chunks": Case(
        lambda: endless(HEAD % b"200 OK" + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + BLOCK + b"\r\n")
    ),
    "long body announced": Case(lambda: endless(HEAD % b"200 OK" + b"Content-Length: 99999999999\r\n\r\n<a>")),
    "gzip bomb": Case(lambda: bomb(HEAD % b"200 OK" + b"Content-Encoding: gzip\r\n\r\n")),
    "gzip bomb in a refusal": Case(lambda: bomb(HEAD % b"403 Forbidden" + b"Content-Encoding: gzip\r\n\r\n")),
    "endless header": Case(lambda: endless(HEAD % b"200 OK" + b"X-Long: ")),
    "endless headers": Case(lambda: endless(HEAD % b"200 OK", MANY)),
    "endless promises": Case(lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    "endless trailers": Case(
        lambda: endless(HEAD % b"200 OK" + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", MANY)
    ),
    "dripping body": Case(lambda: drip(HEAD % b"200 OK" + b"\r\n<GetSessionTokenResponse>")),
    "dripping header": Case(lambda: drip(HEAD % b"200 OK" + b"X-Slow: ")),
    "silence": Case(silence),
    "nothing": Case(lambda: iter([])),
    "no HTTP": Case(lambda: iter([b"220 mail.example ESMTP\r\n"])),
    "empty body": Case(once("")),
    "login page": Case(once("<!doctype html><title>Sign in</title><p>Welcome")),
    "nested deeply": Case(once("<a>" * 300_000)),
    "entities": Case(once(LAUGHS.format("&a;" * 1000, "&b;" * 1000))),
    "half a session": Case(once(re.sub("<SessionToken>.*</SessionToken>", "", session()))),
    "empty elements": Case(once(re.sub(">[st]+<", "><", session())), "credentials-unwritable"),
}  # fmt: skip


def run(desk: Desk, url: str, *more: str) -> tuple[int, str, str, int]:
    """Log in at a server, and return the exit code, both outputs and the most memory that was used, in KiB."""
    env = {**desk.environ, "AWS_ENDPOINT_URL": url}
    out, err = (desk.shell.folder / name for name in ("out", "err"))
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen([*desk.argv, *more], env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        used = 0
        while process.poll() is None:
            used = max(used, peak_memory(process.pid, desk.argv[0]))
            time.sleep(0.002)
    return process.returncode, out.read_text("utf-8"), err.read_text("utf-8"), used


def peak_memory(pid: int, program: str) -> int:
    """Return the most memory that a process has used so far, in KiB; 0 before it runs the program or after its end.

    The `ru_maxrss` of a child includes the memory of its parent, from the moment between fork and exec.
    """
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0
    found = dict(line.split(":", 1) for line in text.splitlines())
    is_started = found["Name"].strip() == Path(program).name[:15]
    return int(found.get("VmHWM", "0 kB").split()[0]) if is_started else 0


@pytest.mark.parametrize("name", RESPONSES)
def test_what_is_no_session(name: str, desk: Desk) -> None:
    """It ends in time, within a little memory, with one sentence; the file stays as it was."""
    case, before = RESPONSES[name], desk.shell.credentials.read_bytes()
    begun = time.monotonic()
    with serving(lambda _: case.answer()) as server:
        exit_code, out, said, memory = run(desk, server.url, "--timeout", "3s")
        assert server.sent < MOST_SENT
    assert time.monotonic() - begun < 10
    assert said.splitlines()[-3].startswith(f"aws-mfa: error[{case.kind}]: "), said
    assert "request body" not in said
    assert (exit_code, out) == (case.exit_code, "")
    assert memory < MOST_MEMORY
    assert memory or not name.startswith("endless")  # it was measured
    assert desk.shell.credentials.read_bytes() == before


NOW = datetime.now(UTC).replace(microsecond=0)
HOURS = timedelta(hours=12)
YEARS = timedelta(days=14 * 365)


@pytest.mark.parametrize(
    ("expiration", "at"),
    [
        ("0001-01-01T00:00:00Z", date(NOW)),
        ("1970-01-01T00:00:00Z", date(NOW)),
        (stamp(NOW - HOURS), date(NOW)),
        (stamp(NOW - HOURS), ""),
        (stamp(NOW - HOURS), "yesterday"),
        (stamp(NOW + YEARS - timedelta(seconds=1)), date(NOW + YEARS)),
        (stamp(NOW + HOURS), date(NOW + YEARS)),
        (stamp(NOW - YEARS - HOURS), date(NOW - YEARS)),
        ("never", date(NOW)),
        ("99999-01-01T00:00:00Z", date(NOW)),
        ("2096-02-30T00:00:00Z", date(NOW)),
        ("-2096-01-01T00:00:00Z", date(NOW)),
        ("4000000000", ""),
        (" ", date(NOW)),
    ],
)
def test_a_session_that_is_over(expiration: str, at: str, desk: Desk) -> None:
    """A session that has ended by the clock of the server itself, or that has no end, is not from AWS."""
    before = desk.shell.credentials.read_bytes()
    headers = {"Date": at} if at else {}
    with serving(lambda _: [response(session(expiration), **headers)]) as server:
        exit_code, _, said, _ = run(desk, server.url)
    assert exit_code == 255
    assert "aws-mfa: error[aws-unreachable]: " in said
    assert desk.shell.credentials.read_bytes() == before


@pytest.mark.parametrize(
    ("expiration", "at"),
    [
        (stamp(NOW + YEARS + HOURS), date(NOW + YEARS)),
        (stamp(NOW - YEARS + HOURS), date(NOW - YEARS)),
        (stamp(NOW + HOURS), ""),
        (stamp(NOW + HOURS), "yesterday"),
        ((NOW + HOURS).strftime("%Y-%m-%dT%H:%M:%S.5Z"), date(NOW)),
        ((NOW + HOURS).strftime("%Y-%m-%dT%H:%M:%S+00:00"), date(NOW)),
    ],
)
def test_a_session_by_the_clock_of_the_server(expiration: str, at: str, desk: Desk) -> None:
    """It is accepted, however wrong the clock of this computer is: it is years behind here, or ahead."""
    headers = {"Date": at} if at else {}
    with serving(lambda _: [response(session(expiration), **headers)]) as server:
        exit_code, _, said, _ = run(desk, server.url)
    assert exit_code == 0, said
    assert "the clock of this computer" in said or abs(NOW.year - int(expiration[:4])) < 2
    assert f"x_security_token_expires = {expiration[:18]}" in desk.shell.credentials.read_text("utf-8")


@pytest.mark.parametrize("expiration", ["9999-12-31T23:59:59Z", stamp(NOW + timedelta(days=3))])
def test_a_session_that_lasts_for_ever(expiration: str, desk: Desk) -> None:
    """No session of AWS lasts longer than 36 hours, so this one is not used again."""
    with serving(lambda _: [response(session(expiration), Date=date(NOW))]) as server:
        assert run(desk, server.url)[0] == 0
        assert run(desk, server.url)[0] == 0
        assert [request.action for request in server.requests] == ["GetSessionToken"] * 2
    assert desk.asked == 2


@pytest.mark.parametrize("seconds", [36 * 3600 - 60, 3600])
def test_a_session_of_aws_is_used_again(seconds: int, desk: Desk) -> None:
    """The longest one that AWS gives is, and a short one."""
    expiration = stamp(datetime.now(UTC) + timedelta(seconds=seconds))
    with serving(lambda _: [response(session(expiration))]) as server:
        assert run(desk, server.url)[0] == 0
        assert run(desk, server.url)[0] == 0
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["300 No", "301 No", "302 No", "303 No", "304 No", "305 No", "307 No", "308 No"])
def test_redirections(status: str, desk: Desk) -> None:
    """Nothing is sent to where a server leads: the code and the signature are for the server that was named."""
    with serving(lambda _: [response(session())]) as other:
        for there in (other.url, f"//127.0.0.1:{other.port}/", "ftp://aws.example/", "::"):
            with serving(lambda _, to=there: [response("", status, Location=to)]) as server:  # type: ignore[misc]
                exit_code, _, said, _ = run(desk, server.url)
                assert [request.action for request in server.requests] == ["GetSessionToken"]
            assert (exit_code, "error[aws-unreachable]: " in said) == (255, True), said
        assert other.requests == []


# --- what is printed, and what a shell makes of it -------------------------------------------------------------------

EVIL = (
    "ASIA';touch${IFS}x;'",
    "ASIA$(touch${IFS}x)",
    "ASIA`touch${IFS}x`",
    'ASIA";touch${IFS}x;"',
    "ASIA'\\''",
    "ASIA|x",
)
SHELLS = {"env": 'eval "$({})"', "fish": "{} | source", "json": "{}", "credential-process": "{}", "profile": "{}"}


def kept(desk: Desk, **changed: str) -> str:
    """Write a session as the program keeps one, with some other values, and return its key."""
    key = "ASIAKEPTKEPTKEPTKEPT"
    values = {"aws_access_key_id": key, "aws_secret_access_key": "s" * 40, "aws_session_token": "t" * 120, **changed}
    values["x_security_token_expires"] = stamp(datetime.now(UTC) + timedelta(hours=6))
    origin = (desk.user.access_key, changed.get("serial", desk.user.device.serial), values["aws_access_key_id"])
    values["x_aws_mfa_source"] = " ".join(origin)
    lines = "".join(f"{name} = {value}\n" for name, value in values.items() if name != "serial")
    with desk.shell.credentials.open("a", encoding="utf-8") as file:
        file.write(f"[example_mfa]\n{lines}")
    return key


def shell(desk: Desk, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the printed lines in a shell, in a directory."""
    line = SHELLS[name].format(" ".join(f"'{word}'" for word in (*desk.argv, "--format", name)))
    words = ["fish" if name == "fish" else "sh", "-c", f"cd '{folder}' && {line}"]
    env = {**desk.environ, "HOME": str(folder)}
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.needs("fish")
@pytest.mark.parametrize("form", SHELLS)
@pytest.mark.parametrize("value", EVIL)
@pytest.mark.parametrize("name", ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"])
def test_a_kept_session_with_commands_in_it(name: str, value: str, form: str, desk: Desk, tmp_path: Path) -> None:
    """Somebody else wrote it: it is not used, or as one word; nothing of it is run."""
    kept(desk, **{name: value})
    folder = tmp_path / "here"
    folder.mkdir()
    done = shell(desk, form, folder)
    if re.search("[\"'\\\\]", value):
        assert value not in done.stdout + done.stderr
    assert done.returncode in {0, 253}, done.stderr
    assert [path for path in folder.rglob("*") if path.name == "x"] == []


@pytest.mark.parametrize("form", ["env", "fish", "powershell"])
def test_a_region_with_commands_in_it(form: str, desk: Desk) -> None:
    """It is in no line for a shell, where no region is set either; another one is."""
    kept(desk, region="x';touch${IFS}x;touch' 'x;'")
    none = {"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}
    done = desk.shell.run(*desk.argv, "--format", form, **none)
    assert (done.returncode, "touch" in done.stdout) == (0, False), done.stderr
    text = desk.shell.credentials.read_text("utf-8")
    desk.shell.credentials.write_text(text.replace("x';touch${IFS}x;touch' 'x;'", "eu-west-3"), "utf-8")
    assert "'eu-west-3'" in desk.shell.run(*desk.argv, "--format", form, **none).stdout


def test_a_kept_session_is_used(desk: Desk) -> None:
    """Without commands in it, such a session is used: the tests above would show nothing otherwise."""
    key = kept(desk)
    done = desk.shell.run(*desk.argv, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["AccessKeyId"] == key
    assert desk.asked == 0


ARN = "arn:aws:iam::123456789012:user/{}"


@pytest.mark.parametrize(
    "name", ["a;touch${IFS}x", "$(touch${IFS}x)", "a'b", "a\x1b[31mb", "a\u202eb", "a&#10;aws-mfa: b"]
)
@pytest.mark.parametrize("more", [(), ("--serial", "phone"), ("--serial", "a")])
def test_a_hostile_name_of_a_user(name: str, more: tuple[str, ...], desk: Desk, aws: Emulator, tmp_path: Path) -> None:
    """A hint contains the name of a user as one word or omits it; no line has a control character."""
    aws.override("GetCallerIdentity", {"Arn": ARN.format(name)})
    argv = [desk.program, "-s", "example", "-d", "example_mfa", *more]
    done = subprocess.run(argv, env=desk.environ, input="123456", capture_output=True, text=True, check=False)
    assert done.returncode in {253, 254}, done.stderr
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stderr) is None
    assert all(re.match("aws-mfa: (note|error)|hint: |$", line) for line in done.stderr.splitlines()), done.stderr
    hint = next(line for line in done.stderr.splitlines() if line.startswith("hint: ")).partition(": ")[2]
    for command in re.findall(r"aws(?:-mfa)? .*$", hint):
        subprocess.run(["sh", "-c", f"aws() {{ :; }}; {command}"], cwd=tmp_path, check=False, timeout=20)
    assert not (tmp_path / "x").exists()


DEVICES = (
    "<ListMFADevicesResponse><ListMFADevicesResult><MFADevices>{}</MFADevices><IsTruncated>false</IsTruncated>"
    "</ListMFADevicesResult></ListMFADevicesResponse>"
)
WHO = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/alice</Arn><UserId>A</UserId>"
    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def test_names_of_devices_that_are_commands(desk: Desk, tmp_path: Path) -> None:
    """Where devices are listed to choose from, each is one word, so that it can be pasted."""
    names = ["arn:aws:iam::123456789012:mfa/ab;touch${IFS}x", "arn:aws:iam::123456789012:mfa/ab$(touch${IFS}x)"]
    listed = DEVICES.format("".join(f"<member><SerialNumber>{name}</SerialNumber></member>" for name in names))
    bodies = {"GetCallerIdentity": WHO, "ListMFADevices": listed}
    with serving(lambda request: [response(bodies[request.action])]) as server:
        argv = (desk.program, "-s", "example", "--serial", "ab")
        done = desk.shell.run(*argv, given="123456", AWS_ENDPOINT_URL=server.url)
    assert "error[device-unknown]: " in done.stderr, done.stderr
    quoted = done.stderr.splitlines()[0].partition("MFA devices: ")[2]
    printed = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {quoted}"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert printed.stdout.splitlines() == names
    assert not (tmp_path / "x").exists()


# --- keys that were copied from a page -------------------------------------------------------------------------------

INVISIBLE = (
    "\u200b",
    "\u00a0",
    "\u00ad",
    "\ufeff",
    "\u202e",
    "\u2060",
    "\u0410",
    "\u0660",
    "\uff21",
    "\u00e9",
    "\u2028",
)


@pytest.mark.parametrize("mark", INVISIBLE, ids=lambda mark: f"U+{ord(mark):04X}")
@pytest.mark.parametrize("name", ["aws_access_key_id", "aws_secret_access_key"])
def test_a_key_with_an_invisible_character(name: str, mark: str, desk: Desk, aws: Emulator) -> None:
    """The line is named, by the program and by the doctor; neither AWS nor a person is asked."""
    text = re.sub(f"(?<={name} = ....)", mark, desk.shell.credentials.read_text("utf-8"), count=1)
    desk.shell.credentials.write_text(text, "utf-8")
    number = 2 + (name == "aws_secret_access_key")
    done = desk.shell.run(*desk.argv)
    assert (done.returncode, desk.asked, aws.calls) == (253, 0, ())
    assert done.stderr.startswith("aws-mfa: error["), done.stderr
    assert f"line {number} " in done.stderr
    assert mark not in done.stderr


def test_the_doctor_and_an_invisible_character(desk: Desk, aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row of the profile names the line, and the key is not used."""
    for name, value in desk.shell.variables.items():
        monkeypatch.setenv(name, value)
    key = desk.user.access_key
    desk.shell.credentials.write_text(
        desk.shell.credentials.read_text("utf-8").replace(key, f"{key[:4]}\u200b{key[4:]}")
    )
    rows = {row.name: row for row in login.examine("example")}
    assert (rows["profile"].ok, rows["profile"].required) == (False, True)
    assert "`aws_access_key_id`" in rows["profile"].detail
    assert "(line 2 of " in rows["profile"].detail
    assert "invisible" in rows["profile"].fix
    assert all(not call.user for call in aws.calls)


@pytest.mark.parametrize("key", ["AKIA\u200bIOSFODNN7EXAMP", "AKIA IOSFODNN7", "AKIA\u0001", "\u0410KIAIOSFODNN7EXAMP"])
def test_a_process_that_prints_such_a_key(key: str, desk: Desk, aws: Emulator, tmp_path: Path) -> None:
    """The process is named; the key is not shown."""
    (tmp_path / "keys.json").write_text(json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": "s" * 40}))
    desk.shell.credentials.write_text(f"[example]\ncredential_process = cat {tmp_path / 'keys.json'}\n")
    done = desk.shell.run(*desk.argv)
    assert (done.returncode, desk.asked, aws.calls) == (253, 0, ())
    assert "error[credential-process-failed]: " in done.stderr, done.stderr
    assert key not in done.stderr


# --- locks -----------------------------------------------------------------------------------------------------------


def test_a_lock_that_is_a_dangling_link(desk: Desk, aws: Emulator, tmp_path: Path) -> None:
    """Nothing is made where it leads, and nobody is asked."""
    away = tmp_path / "away"
    away.mkdir()
    (desk.shell.folder / ".aws-mfa.lock").symlink_to(away / "made")
    done = desk.shell.run(*desk.argv)
    assert (done.returncode, desk.asked, aws.calls) == (255, 0, ())
    assert "error[credentials-unwritable]: " in done.stderr
    assert ".aws-mfa.lock`" in done.stderr
    assert list(away.iterdir()) == []


# --- the toolkit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [name for name in RESPONSES if name.startswith(("endless b", "endless r", "gzip", "long"))]
)
def test_the_toolkit_and_long_responses(name: str) -> None:
    """Its own calls read no more than the program does."""
    with serving(lambda _: RESPONSES[name].answer()) as server:
        caller = Caller(
            "example", "us-east-1", "AKIAIOSFODNN7EXAMPLE", "s" * 40, endpoints={"sts": server.url}, max_attempts=1
        )
        with pytest.raises((AwsUnreachable, AwsRefused)) as caught:
            Aws(5).identity(caller)
        assert server.sent < MOST_SENT
    assert "longer than" in str(caught.value) or "not one that AWS gives" in str(caught.value)


def test_a_relay_changes_nothing(desk: Desk, aws: Emulator) -> None:
    """A login through a server that only passes on what it is given works: the servers above are no hindrance."""
    with serving(relay(aws.url)) as server:
        exit_code, _, said, _ = run(desk, server.url)
    assert exit_code == 0, said
    assert SESSION.search(desk.shell.credentials.read_bytes())
