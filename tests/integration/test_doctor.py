from __future__ import annotations

import http.server
import re
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import pytest

from tests.integration.emulator_clients import Keys, Shell, with_mfa
from toolkit.doctor import login
from toolkit.emulator import Emulator, Kind, User
from toolkit.emulator.sample_policies import READ_S3
from toolkit.model import Check

CANARY = "hunter2/c4n4ry"
FOREIGN = "arn:aws-cn:iam::123456789012:user/alice"
KEY = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = c4n4ry\n"
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
OLD = "[o]\naws_access_key_id = ASIA1\naws_secret_access_key = c4n4ry\naws_session_token = hunter2/c4n4ry\n"
OTHERS = ("partition", "MFA devices")  # unknown without the user


@dataclass(frozen=True)
class Desk:
    """A machine whose profile `example` can log in to an emulated AWS, until a test changes something."""

    aws: Emulator
    alice: User
    shell: Shell
    patch: pytest.MonkeyPatch

    def set(self, **variables: str) -> None:
        """Set variables."""
        for name, value in variables.items():
            self.patch.setenv(name, value)

    def unset(self, *names: str) -> None:
        """Unset variables."""
        for name in names:
            self.patch.delenv(name, raising=False)

    def write(self, text: str, *, config: bool = False) -> None:
        """Append to a file; `USER` stands for Alice's keys."""
        path = self.shell.folder / ("config" if config else "credentials")
        keys = f"aws_access_key_id = {self.alice.access_key}\naws_secret_access_key = {self.alice.secret}\n"
        path.write_text(path.read_text("utf-8") + text.replace("USER\n", keys), "utf-8")

    def rewrite(self, text: str) -> None:
        """Rewrite the credentials file."""
        self.shell.credentials.write_text("", "utf-8")
        self.write(text)

    def become(self, *devices: Kind) -> None:
        """Give the profile the keys of another user."""
        self.rewrite("")
        self.shell.profile("example", Keys.of(self.aws.add_user("bob", devices=devices)))

    def bad(self, limit: float = 10, profile: str = "example", end: str = "") -> dict[str, Check]:
        """Return the failed rows, except the emulator's address; stop before the row `end`."""
        rows = list(takewhile(lambda row: row.name != end, login.examine(profile, limit)))
        assert CANARY not in "".join(map(str, rows))
        assert "c4n4ry" not in "".join(map(str, rows))
        assert all(row.fix for row in rows if not row.ok)
        return {row.name: row for row in rows if not row.ok and row.name != "endpoint"}

    def only(self, name: str, found: str, fix: str, **more: str) -> Check:
        """Check that only one row fails, with the expected detail and fix."""
        bad = self.bad(**more)  # type: ignore[arg-type] # they are texts
        assert list(bad) == [name], bad
        assert re.search(found, bad[name].detail), bad
        assert re.search(fix, bad[name].fix), bad
        return bad[name]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a machine without problems."""
    folder = tmp_path / "aws"
    folder.mkdir(mode=0o755)
    (folder / "config").write_text("[profile example]\nregion = ap-northeast-1\n", "utf-8")
    with Emulator() as aws:
        alice, shell = aws.add_user("alice", "/eng/"), Shell(aws, folder)
        shell.profile("example", Keys.of(alice))
        shell.credentials.chmod(0o600)
        made = Desk(aws, alice, shell, monkeypatch)
        made.set(**shell.variables, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        made.unset("AWS_DEFAULT_REGION", *PROXIES, "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
        yield made


def test_a_machine_at_which_all_is_well(desk: Desk) -> None:
    """No row fails, all rows are in order, and AWS is only asked for the identity and the devices."""
    rows = list(login.examine("example"))
    assert [row.name for row in rows if not row.ok] == ["endpoint"]
    assert [row.name for row in rows] == [
        "AWS_* variables", "default profile", "AWS files", "file mode", "directory mode", "sections", "old tokens",
        "profile", "endpoint", "proxy", "certificates", "clock", "user", "partition", "MFA devices", "mfa_serial",
    ]  # fmt: skip
    assert [call.action for call in desk.aws.calls] == ["GetCallerIdentity", "GetCallerIdentity", "ListMFADevices"]
    assert list(login.examine("")) == []


FILES: dict[str, tuple[Callable[[Desk], object], str, str, str]] = {
    "keys in variables": (
        lambda desk: desk.set(AWS_ACCESS_KEY_ID="x", AWS_SESSION_TOKEN=CANARY),
        "AWS_* variables", "^AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN: ", "^unset AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN$",
    ),
    "a role in variables": (
        lambda desk: desk.set(AWS_ROLE_ARN="x"),
        "AWS_* variables", "`aws` uses these before any profile", "^unset AWS_ROLE_ARN$",
    ),
    "a default profile that is not there": (
        lambda desk: desk.set(AWS_DEFAULT_PROFILE="nowhere"),
        "default profile", r"^there is no profile `nowhere` \(AWS_DEFAULT_PROFILE\)$", "^unset AWS_DEFAULT_PROFILE$",
    ),
    "a session that is still to be got": (
        lambda desk: desk.set(AWS_DEFAULT_PROFILE="example_mfa"),
        "default profile", "there is no profile `example_mfa`", "^invoke verify --profile example$",
    ),
    "a config file that is not there": (
        lambda desk: desk.set(AWS_CONFIG_FILE="/nowhere/config"),
        "AWS files", "/nowhere/config does not exist", "^unset AWS_CONFIG_FILE$",
    ),
    "a folder in place of a file": (
        lambda desk: desk.set(AWS_CONFIG_FILE=str(desk.shell.folder)),
        "AWS files", "^`.*/aws` is not a file$", "^unset AWS_CONFIG_FILE$",
    ),
    "a file for all": (
        lambda desk: desk.shell.credentials.chmod(0o644),
        "file mode", "^other users have access to it: -rw-r--r--$", "^chmod 600 .*/aws/credentials$",
    ),
    "a folder for all": (
        lambda desk: desk.shell.folder.chmod(0o777),
        "directory mode", "^other users can create files in .*/aws: drwxrwxrwx$", "^chmod go-w .*/aws$",
    ),
    "two sections": (
        lambda desk: desk.write('[profile "example"]\nregion = ap-northeast-1\n', config=True),
        "sections", r"line 1 of .*`\[profile example\]` is the same profile as `\[profile \"example\"\]` in line 3",
        r"^\$\{EDITOR:-vi\} \+1 .*/config$",
    ),
    "a section of the config file without its word": (
        lambda desk: desk.write("[example]\nregion = us-east-1\n", config=True),
        "sections", r"line 3 of .*`\[example\]` must be `\[profile example\]`", r"\+3 .*/config$",
    ),
    "a section of the credentials file with a word": (
        lambda desk: desk.write("[profile example]\nregion = us-east-1\n"),
        "sections", r"line 5 of .*`\[profile example\]` must be `\[example\]`", r"\+5 .*/credentials$",
    ),
    "an old token beside a new one": (
        lambda desk: desk.write(f"{OLD}aws_security_token = {CANARY}\n"),
        "old tokens", r"^`aws_security_token` in `o`: .*\nline 9 of .*: remove `aws_security_token`$",
        r"^\$\{EDITOR:-vi\} \+9 \S+/credentials$",
    ),
    "a session": (
        lambda desk: desk.write(OLD.replace("[o]", "[s]")),
        "profile", "`s` is a session", "^invoke doctor --profile example$",
    ),
    "a session of an old tool": (
        lambda desk: desk.write(OLD.replace("[o]", "[s]").replace("session_token", "security_token")),
        "profile", "`s` is a session", "^invoke doctor --profile example$",
    ),
    "a long-term key with a token": (
        lambda desk: desk.write(f"[s]\n{KEY}aws_session_token = c4n4ry\n"),
        "profile", "together with a session token\nline 8 of .*/credentials: remove `aws_session_token`$",
        r"^\$\{EDITOR:-vi\} \+8 \S+/credentials$",
    ),
    "the key of a session without its token": (
        lambda desk: desk.write("[s]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = c4n4ry\n"),
        "profile", "has a session's key, ASIA…MPLE, but not its token", "^invoke doctor --profile example$",
    ),
    "a key without its secret": (
        lambda desk: desk.write("[s]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"),
        "profile", "has only half of an access key .line 6 of ", "^aws configure --profile=s$",
    ),
    "no key": (
        lambda desk: desk.write("[s]\nregion = x\n"),
        "profile", "has no access key", "^aws configure --profile=s; .*: aws login --profile=s$",
    ),
    "no profile": (
        lambda _: None,
        "profile", "there is no profile `s`", "aws configure --profile=s; .*: aws login --profile=s$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_what_is_wrong_in_files_and_variables(case: str, desk: Desk) -> None:
    """It fails in its own row only, with the command that fixes it, before any call."""
    prepare, name, found, fix = FILES[case]
    prepare(desk)
    end = "other checks" if case == "no profile" or "in place of a file" in case else "endpoint"
    row = desk.only(name, found, fix, profile="s" if name == "profile" else "example", end=end)
    assert row.required is (name == "profile" or "in place of a file" in case)
    assert desk.aws.calls == ()


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        (f"[example]\nx = {CANARY}\n", "line 5 begins section `example` a second time", "+5 "),
        (f"[b]\nx = {CANARY}\nx = {CANARY}\n", "line 7 sets `x` a second time", "+7 "),
        (f"{CANARY}\n", "line 5 is neither a section nor a setting", "+5 "),
        (f"[b]\ns3 =\n  {CANARY}\n", "line 7 is a nested setting without a value", "+7 "),
    ],
)
def test_what_is_there_twice(text: str, where: str, line: str, desk: Desk) -> None:
    """The row names the line, the fix opens an editor there, and rows that depend on the files are unknown."""
    desk.write(text)
    bad = desk.bad()
    row = bad.pop("AWS files")
    assert (row.required, row.detail) == (True, f"cannot read `{desk.shell.credentials}`: {where}")
    assert row.fix == f"${{EDITOR:-vi}} {line}{desk.shell.credentials}"
    assert {name: each.detail for name, each in bad.items()} == {
        "other checks": "unknown: the AWS files cannot be read"
    }


def test_a_token_that_two_rows_tell_of(desk: Desk) -> None:
    """A person removes it in an editor: the fixes of both rows change no line by themselves."""
    desk.write(f"[s]\n{KEY}aws_security_token = {CANARY}\nregion = us-east-1\n")
    before = desk.shell.credentials.read_text("utf-8")
    bad = desk.bad(profile="s", end="endpoint")
    assert list(bad) == ["old tokens", "profile"]
    for row in bad.values():
        assert row.detail.endswith(f"\nline 8 of {desk.shell.credentials}: remove `aws_security_token`")
        subprocess.run(["sh", "-c", row.fix], check=True, env={"EDITOR": "true"})
    assert desk.shell.credentials.read_text("utf-8") == before


def test_a_token_in_the_config_file(desk: Desk) -> None:
    """The row finds it there too."""
    desk.write(f"[profile s]\n{KEY}aws_session_token = {CANARY}\n", config=True)
    row = desk.bad(profile="s", end="endpoint")["profile"]
    assert row.detail.endswith("/config: remove `aws_session_token`")
    assert row.fix == f"${{EDITOR:-vi}} +6 {desk.shell.folder / 'config'}"


NETWORK: dict[str, tuple[Callable[[Desk], object], str, str, str]] = {
    "a region of another partition": (
        lambda desk: desk.set(AWS_REGION="cn-north-1"),
        "partition", r"^the key is in `aws`, but region `cn-north-1` \(AWS_REGION\) is in `aws-cn`$",
        "^unset AWS_REGION$",
    ),
    "a profile of another partition": (
        lambda desk: desk.shell.credentials.write_text(
            desk.shell.credentials.read_text("utf-8") + "region = us-gov-west-1\n", "utf-8"
        ),
        "partition", r"region `us-gov-west-1` \(`region` in the profile\) is in `aws-us-gov`$",
        "^aws configure set region us-east-1 --profile example$",
    ),
    "a key of another partition": (
        lambda desk: desk.aws.override("GetCallerIdentity", {"Arn": FOREIGN}),
        "partition", "^the key is in `aws-cn`, but region `ap-northeast-1` .* is in `aws`$",
        "^aws configure set region cn-north-1 --profile example$",
    ),
    "no region": (
        lambda desk: desk.set(AWS_DEFAULT_REGION="us-est"),
        "partition", r"^unknown region `us-est` \(AWS_DEFAULT_REGION\)$", "^unset AWS_DEFAULT_REGION$",
    ),
    "certificates that are not there": (
        lambda desk: desk.set(AWS_CA_BUNDLE="/nowhere"),
        "certificates", r"^`/nowhere` does not exist \(AWS_CA_BUNDLE\)$", "^unset AWS_CA_BUNDLE$",
    ),
    "a wrong clock": (
        lambda desk: desk.aws.skew(60),
        "clock", "^(59|60|61) s behind AWS; each code is valid for only half a minute$", "^sudo |^w32tm ",
    ),
    "no device": (
        lambda desk: desk.become(),
        "MFA devices", "^none$", "^invoke enroll --profile example$",
    ),
    "a FIDO key alone": (
        lambda desk: desk.become(Kind.FIDO),
        "MFA devices", r":u2f/user/bob/\S+ \(a FIDO key, cannot be used here\)$", "^invoke enroll --profile example$",
    ),
    "the device of another account": (
        lambda desk: desk.write("mfa_serial = arn:aws:iam::210987654321:mfa/alice\n", config=True),
        "mfa_serial", "is in account `210987654321`, but the key is in `123456789012`$",
        "^aws configure set mfa_serial arn:aws:iam::123456789012:mfa/alice --profile example$",
    ),
    "the device of another user": (
        lambda desk: desk.write("mfa_serial = arn:aws:iam::123456789012:mfa/bob\n", config=True),
        "mfa_serial", "^`arn:aws:iam::123456789012:mfa/bob` is not a device of `alice`$",
        "mfa/alice --profile example$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORK)
def test_what_is_wrong_on_the_way_to_aws(case: str, desk: Desk) -> None:
    """It fails in its own row only, with the command that fixes it."""
    prepare, name, found, fix = NETWORK[case]
    prepare(desk)
    desk.only(name, found, fix)


def test_an_address_in_the_config_file(desk: Desk) -> None:
    """The server called instead of AWS is shown without a password, and the fix opens that line."""
    desk.unset("AWS_ENDPOINT_URL")
    desk.write(f"endpoint_url = {desk.aws.url.replace('//', '//a:c4n4ry@')}\n", config=True)
    rows = {row.name: row for row in login.examine("example")}
    place = desk.aws.url.replace("//", "//…@")
    assert rows["endpoint"].detail.splitlines() == [
        f"{place} instead of AWS for STS, IAM, S3 (`endpoint_url` in the config file)",
        f"line 3 of {desk.shell.folder / 'config'}: remove `endpoint_url`",
    ]
    assert "c4n4ry" not in str(rows)
    assert rows["endpoint"].fix == f"${{EDITOR:-vi}} +3 {desk.shell.folder / 'config'}"


@pytest.mark.parametrize(
    "address",
    ["c4n4ry", "user:c4n4ry@127.0.0.1", "http://user:c4n4ry @ho st", "http://user:c4n4ry", f"http://u:{CANARY}@host"],
)
def test_an_address_that_is_none(address: str, desk: Desk) -> None:
    """It fails in the row of its setting, no part of it is shown, and nothing is called."""
    desk.set(AWS_ENDPOINT_URL=address, AWS_ENDPOINT_URL_DYNAMODB="https://a")
    row = next(row for row in login.examine("example") if row.name == "endpoint")
    assert (row.ok, row.required, row.fix) == (False, True, "unset AWS_ENDPOINT_URL")
    assert row.detail == "AWS_ENDPOINT_URL: not an address such as `https://HOST`"
    bad = desk.bad()
    assert tuple(bad) == ("proxy", "clock", "user", *OTHERS)
    assert all(row.detail.startswith("unknown: ") and not row.required for row in bad.values())
    assert "curl" not in str(bad)


def test_an_address_of_one_service_that_is_none(desk: Desk) -> None:
    """The row only names the variable that takes effect."""
    desk.set(AWS_ENDPOINT_URL_IAM="c4n4ry")
    row = next(row for row in login.examine("example") if row.name == "endpoint")
    assert row.detail == "AWS_ENDPOINT_URL_IAM: not an address such as `https://HOST`"
    assert row.fix == "unset AWS_ENDPOINT_URL_IAM"


def test_a_region_that_is_none(desk: Desk) -> None:
    """It prevents all calls, and the row names the region, not an address."""
    desk.set(AWS_REGION="us east")
    rows = {row.name: row for row in login.examine("example")}
    assert "cannot use profile `example`: Provided region_name 'us east'" in rows["endpoint"].detail
    assert rows["endpoint"].fix.startswith("unset AWS_REGION")
    assert rows["partition"].fix == "unset AWS_REGION"
    assert rows["clock"].detail == "unknown: AWS cannot be called"
    assert desk.aws.calls == ()


def test_an_address_of_another_service(desk: Desk) -> None:
    """The row only names the variables of services with another address."""
    desk.unset("AWS_ENDPOINT_URL")
    desk.set(AWS_ENDPOINT_URL_STS=desk.aws.url, AWS_ENDPOINT_URL_IAM=desk.aws.url, AWS_ENDPOINT_URL_DYNAMODB="x")
    row = next(row for row in login.examine("example") if row.name == "endpoint")
    assert row.detail == (f"{desk.aws.url} instead of AWS for STS, IAM (AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_IAM)")
    assert row.fix == "unset AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_IAM"


def test_devices_that_may_not_be_listed(desk: Desk) -> None:
    """They are unknown, which is only a note; the fix proposes the usual serial number."""
    desk.rewrite("")
    desk.shell.profile("example", Keys.of(desk.aws.add_user("carol", policies=[READ_S3])))
    row = desk.only("MFA devices", "^unknown: AWS refused `ListMFADevices`", "mfa_serial arn:.*:mfa/carol --profile")
    assert not row.required
    desk.write("mfa_serial = arn:aws:iam::123456789012:mfa/carol\n", config=True)
    bad = desk.bad()
    assert {name: (row.required, row.fix) for name, row in bad.items()} == dict.fromkeys(
        ("MFA devices", "mfa_serial"), (False, "invoke verify --profile example")
    )
    assert "unknown" in bad["mfa_serial"].detail


def test_a_key_that_aws_does_not_know(desk: Desk) -> None:
    """It may be deleted, or belong to another partition; rows that depend on the user are unknown, not failures."""
    desk.rewrite(f"[example]\n{KEY}")
    bad = desk.bad()
    row = bad.pop("user")
    assert "InvalidClientTokenId" in row.detail
    assert row.fix.startswith("aws configure --profile=example, if the key was deleted; or is the key not in")
    assert tuple(bad) == OTHERS
    assert not any(row.required for row in bad.values())


def test_a_device_tells_the_partition_of_a_key_that_is_not_known(desk: Desk) -> None:
    """AWS does not know keys of another partition, so the row uses the ARN in the profile."""
    desk.rewrite(f"[example]\n{KEY}")
    desk.write("mfa_serial = arn:aws-us-gov:iam::123456789012:mfa/alice\n", config=True)
    bad = desk.bad()
    assert bad["mfa_serial"].detail == "unknown: AWS did not report an IAM user"
    row = bad["partition"]
    assert row.required
    assert row.detail.startswith("`mfa_serial` is in `aws-us-gov`, but region `ap-northeast-1` ")
    assert row.fix == "aws configure set region us-gov-west-1 --profile example"


def test_a_proxy_that_does_not_answer(desk: Desk, dead: str) -> None:
    """The failed call names the proxy without its password; rows without a response are unknown."""
    desk.unset("NO_PROXY", "no_proxy")
    desk.set(HTTP_PROXY=f"http://user:c4n4ry@{dead}")
    bad = desk.bad()
    row = bad.pop("AWS response")
    assert row.required
    assert f"http://…@{dead}" in row.detail
    assert row.fix == f"unset HTTP_PROXY, if AWS can be reached without it; test: curl -m 10 -v {desk.aws.url}"
    assert tuple(bad) == ("user", *OTHERS)
    assert all(row.detail.startswith("unknown: ") and not row.required for row in bad.values())


@pytest.mark.parametrize(
    "address", [f"http://user:{CANARY}@127.0.0.1:1", "http://c4n4ry:x", "http://[::1:c4n4ry", "c4n4ry/x@127.0.0.1:1"]
)
def test_a_proxy_that_is_no_address(address: str, desk: Desk) -> None:
    """No row shows any part of it: any part may be the password."""
    desk.unset("NO_PROXY", "no_proxy")
    desk.set(HTTP_PROXY=address)
    bad = desk.bad()
    assert bad["proxy"].detail == "HTTP_PROXY: not an address such as `http://HOST:PORT`"
    assert (bad["proxy"].required, bad["proxy"].fix) == (True, "unset HTTP_PROXY")


@pytest.mark.needs("openssl")
def test_a_certificate_that_is_not_trusted(desk: Desk, tmp_path: Path) -> None:
    """The fix sets the variable for a company's certificates; with it, the server is trusted."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subject = ["-days", "2", "-subj", "/CN=aws", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        desk.set(AWS_ENDPOINT_URL=f"https://127.0.0.1:{server.server_port}")
        refused = desk.bad()["AWS response"]
        desk.set(AWS_CA_BUNDLE=str(certificate))
        trusted = desk.bad()["AWS response"]
        server.shutdown()
    assert "CERTIFICATE_VERIFY_FAILED" in refused.detail
    assert refused.fix.startswith("export AWS_CA_BUNDLE=FILE, ")
    assert "CERTIFICATE" not in trusted.detail


@pytest.mark.parametrize(
    ("action", "name", "unknown"),
    [
        ("GetCallerIdentity", "AWS response", ("user", *OTHERS)),
        ("ListMFADevices", "MFA devices", ()),
    ],
)
def test_a_network_that_hangs(action: str, name: str, unknown: tuple[str, ...], desk: Desk) -> None:
    """The call ends in time with an error, and rows without a response are unknown."""
    desk.aws.delay(action, 3600, times=9)
    begun = time.monotonic()
    bad = desk.bad(limit=2)
    assert time.monotonic() - begun < 12
    row = bad.pop(name)
    assert row.required
    assert re.search("Read timeout|did not respond within", row.detail)
    assert row.fix == f"curl -m 10 -v {desk.aws.url}"
    assert tuple(bad) == unknown


def test_a_process_is_not_run(desk: Desk, tmp_path: Path) -> None:
    """A `credential_process` may prompt or be slow: the doctor mentions it, and only asks AWS for the time."""
    desk.rewrite(f"[example]\ncredential_process = touch {tmp_path / 'run'}\n")
    rows = {row.name: row for row in login.examine("example")}
    assert rows["profile"].detail == "example: keys from its `credential_process`, which only a login runs"
    assert (rows["profile"].ok, rows["clock"].ok) == (True, True)
    why = "unknown: the keys come from a `credential_process`, which only a login runs"
    assert (rows["user"].required, rows["user"].detail) == (False, why)
    assert not (tmp_path / "run").exists()
    assert [(call.action, call.user) for call in desk.aws.calls] == [("GetCallerIdentity", "")]


def test_a_session_is_looked_at_without_being_used(desk: Desk) -> None:
    """The clock needs no key, and the owner of a session is not useful."""
    desk.rewrite("")
    desk.shell.profile("example", with_mfa(desk.aws, desk.alice).keys)
    before = len(desk.aws.calls)
    bad = desk.bad()
    assert tuple(bad) == ("profile", "user", *OTHERS)
    assert bad["profile"].fix == "aws configure --profile=NAME, with a new name and the long-term keys"
    assert [call.user for call in desk.aws.calls[before:]] == [""]
