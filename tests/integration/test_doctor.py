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
from toolkit.emulator import Emulator, Kind, User
from toolkit.emulator.policies import READ_S3
from toolkit.mfa import doctor
from toolkit.model import Check

CANARY = "hunter2/c4n4ry"
FOREIGN = "arn:aws-cn:iam::123456789012:user/alice"
KEY = "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = c4n4ry\n"
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
OLD = "[o]\naws_access_key_id = ASIA1\naws_secret_access_key = c4n4ry\naws_session_token = hunter2/c4n4ry\n"
OTHERS = ("partition", "MFA devices")  # which nobody can know without the user


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
        """Take variables away."""
        for name in names:
            self.patch.delenv(name, raising=False)

    def write(self, text: str, *, config: bool = False) -> None:
        """Write behind what is in a file; `USER` stands for the keys of Alice."""
        path = self.shell.folder / ("config" if config else "credentials")
        keys = f"aws_access_key_id = {self.alice.access_key}\naws_secret_access_key = {self.alice.secret}\n"
        path.write_text(path.read_text("utf-8") + text.replace("USER\n", keys), "utf-8")

    def rewrite(self, text: str) -> None:
        """Write the credentials file anew."""
        self.shell.credentials.write_text("", "utf-8")
        self.write(text)

    def become(self, *devices: Kind) -> None:
        """Let the profile have the keys of another user."""
        self.rewrite("")
        self.shell.profile("example", Keys.of(self.aws.add_user("bob", devices=devices)))

    def bad(self, limit: float = 10, profile: str = "example", end: str = "") -> dict[str, Check]:
        """Return what is found amiss, beside the address of the emulator; no further than a row if one is named."""
        rows = list(takewhile(lambda row: row.name != end, doctor.examine(profile, limit)))
        assert CANARY not in "".join(map(str, rows))
        assert "c4n4ry" not in "".join(map(str, rows))
        assert all(row.mend for row in rows if not row.good)
        return {row.name: row for row in rows if not row.good and row.name != "endpoint"}

    def only(self, name: str, found: str, mend: str, **more: str) -> Check:
        """Look whether one row alone is bad, and says what it has to."""
        bad = self.bad(**more)  # type: ignore[arg-type] # they are texts
        assert list(bad) == [name], bad
        assert re.search(found, bad[name].found), bad
        assert re.search(mend, bad[name].mend), bad
        return bad[name]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Return a machine at which all is well."""
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
    """Nothing is amiss, every row is there in its order, and nobody was asked for more than who and which devices."""
    rows = list(doctor.examine("example"))
    assert [row.name for row in rows if not row.good] == ["endpoint"]
    assert [row.name for row in rows] == [
        "AWS_* variables", "default profile", "AWS files", "file mode", "folder mode", "sections", "old tokens",
        "profile", "endpoint", "proxy", "certificates", "clock", "user", "partition", "MFA devices", "mfa_serial",
    ]  # fmt: skip
    assert [call.action for call in desk.aws.calls] == ["GetCallerIdentity", "GetCallerIdentity", "ListMFADevices"]
    assert list(doctor.examine("")) == []


FILES: dict[str, tuple[Callable[[Desk], object], str, str, str]] = {
    "keys in variables": (
        lambda desk: desk.set(AWS_ACCESS_KEY_ID="x", AWS_SESSION_TOKEN=CANARY),
        "AWS_* variables", "^AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN: ", "^unset AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN$",
    ),
    "a role in variables": (
        lambda desk: desk.set(AWS_ROLE_ARN="x"),
        "AWS_* variables", "taken by `aws` before any profile", "^unset AWS_ROLE_ARN$",
    ),
    "a default profile that is not there": (
        lambda desk: desk.set(AWS_DEFAULT_PROFILE="nowhere"),
        "default profile", r"^`nowhere`, which is not there \(AWS_DEFAULT_PROFILE\)$", "^unset AWS_DEFAULT_PROFILE$",
    ),
    "a session that is still to be got": (
        lambda desk: desk.set(AWS_DEFAULT_PROFILE="example_mfa"),
        "default profile", "`example_mfa`, which is not there", "^invoke verify --profile example$",
    ),
    "a config file that is not there": (
        lambda desk: desk.set(AWS_CONFIG_FILE="/nowhere/config"),
        "AWS files", "/nowhere/config, which is not there", "^unset AWS_CONFIG_FILE$",
    ),
    "a folder in place of a file": (
        lambda desk: desk.set(AWS_CONFIG_FILE=str(desk.shell.folder)),
        "AWS files", "^`.*/aws` is no file$", "^unset AWS_CONFIG_FILE$",
    ),
    "a file for all": (
        lambda desk: desk.shell.credentials.chmod(0o644),
        "file mode", "^others have access to it: -rw-r--r--$", "^chmod 600 .*/aws/credentials$",
    ),
    "a folder for all": (
        lambda desk: desk.shell.folder.chmod(0o777),
        "folder mode", "^others can put files into .*/aws: drwxrwxrwx$", "^chmod go-w .*/aws$",
    ),
    "two sections": (
        lambda desk: desk.write('[profile "example"]\nregion = ap-northeast-1\n', config=True),
        "sections", r"line 1 of .*`\[profile example\]` is the same profile as `\[profile \"example\"\]` in line 3",
        r"^\$\{EDITOR:-vi\} \+1 .*/config$",
    ),
    "a section of the config file without its word": (
        lambda desk: desk.write("[example]\nregion = us-east-1\n", config=True),
        "sections", r"line 3 of .*`\[example\]` has to be `\[profile example\]` there", r"\+3 .*/config$",
    ),
    "a section of the credentials file with a word": (
        lambda desk: desk.write("[profile example]\nregion = us-east-1\n"),
        "sections", r"line 5 of .*`\[profile example\]` has to be `\[example\]` there", r"\+5 .*/credentials$",
    ),
    "an old token beside a new one": (
        lambda desk: desk.write(f"{OLD}aws_security_token = {CANARY}\n"),
        "old tokens", r"^`aws_security_token` in `o`: .*\nline 9 of .*: `aws_security_token` has to be removed there$",
        r"^\$\{EDITOR:-vi\} \+9 \S+/credentials$",
    ),
    "a session": (
        lambda desk: desk.write(OLD.replace("[o]", "[s]")),
        "profile", "`s` is a session already", "^invoke doctor --profile example$",
    ),
    "a session of an old tool": (
        lambda desk: desk.write(OLD.replace("[o]", "[s]").replace("session_token", "security_token")),
        "profile", "`s` is a session already", "^invoke doctor --profile example$",
    ),
    "a long-term key with a token": (
        lambda desk: desk.write(f"[s]\n{KEY}aws_session_token = c4n4ry\n"),
        "profile", "the token of a session\nline 8 of .*/credentials: `aws_session_token` has to be removed there$",
        r"^\$\{EDITOR:-vi\} \+8 \S+/credentials$",
    ),
    "the key of a session without its token": (
        lambda desk: desk.write("[s]\naws_access_key_id = ASIAIOSFODNN7EXAMPLE\naws_secret_access_key = c4n4ry\n"),
        "profile", "has the key of a session, ASIA…MPLE, without its token", "^invoke doctor --profile example$",
    ),
    "a key without its secret": (
        lambda desk: desk.write("[s]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"),
        "profile", "has only half of an access key .line 6 of ", "^aws configure --profile=s$",
    ),
    "no key": (
        lambda desk: desk.write("[s]\nregion = x\n"),
        "profile", "has no access key", "^add one with: aws configure --profile=s; .*: aws login --profile=s$",
    ),
    "no profile": (
        lambda _: None,
        "profile", "there is no profile `s`", "aws configure --profile=s; .*: aws login --profile=s$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_what_is_wrong_in_files_and_variables(case: str, desk: Desk) -> None:
    """It is told in its own row and no other one, with the command that mends it, before anybody is called."""
    prepare, name, found, mend = FILES[case]
    prepare(desk)
    end = "rest" if case == "no profile" or "in place of a file" in case else "endpoint"
    row = desk.only(name, found, mend, profile="s" if name == "profile" else "example", end=end)
    assert row.needed is (name == "profile" or "in place of a file" in case)
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
    """It is told with its line, an editor is opened there, and what hangs on the files is not taken for good."""
    desk.write(text)
    bad = desk.bad()
    row = bad.pop("AWS files")
    assert (row.needed, row.found) == (True, f"`{desk.shell.credentials}` cannot be read: {where}")
    assert row.mend == f"${{EDITOR:-vi}} {line}{desk.shell.credentials}"
    assert {name: each.found for name, each in bad.items()} == {"rest": "not known: the AWS files cannot be read"}


def test_a_token_that_two_rows_tell_of(desk: Desk) -> None:
    """It is removed by a person: whoever follows both rows changes no line but the one that both tell of."""
    desk.write(f"[s]\n{KEY}aws_security_token = {CANARY}\nregion = us-east-1\n")
    before = desk.shell.credentials.read_text("utf-8")
    bad = desk.bad(profile="s", end="endpoint")
    assert list(bad) == ["old tokens", "profile"]
    for row in bad.values():
        assert row.found.endswith(f"\nline 8 of {desk.shell.credentials}: `aws_security_token` has to be removed there")
        subprocess.run(["sh", "-c", row.mend], check=True, env={"EDITOR": "true"})
    assert desk.shell.credentials.read_text("utf-8") == before


def test_a_token_in_the_config_file(desk: Desk) -> None:
    """It is found there as well."""
    desk.write(f"[profile s]\n{KEY}aws_session_token = {CANARY}\n", config=True)
    row = desk.bad(profile="s", end="endpoint")["profile"]
    assert row.found.endswith("/config: `aws_session_token` has to be removed there")
    assert row.mend == f"${{EDITOR:-vi}} +6 {desk.shell.folder / 'config'}"


NETWORK: dict[str, tuple[Callable[[Desk], object], str, str, str]] = {
    "a region of another partition": (
        lambda desk: desk.set(AWS_REGION="cn-north-1"),
        "partition", r"^the key is of `aws`, and region `cn-north-1` \(AWS_REGION\) is of `aws-cn`$",
        "^unset AWS_REGION$",
    ),
    "a profile of another partition": (
        lambda desk: desk.shell.credentials.write_text(
            desk.shell.credentials.read_text("utf-8") + "region = us-gov-west-1\n", "utf-8"
        ),
        "partition", r"region `us-gov-west-1` \(`region` in the profile\) is of `aws-us-gov`$",
        "^aws configure set region us-east-1 --profile example$",
    ),
    "a key of another partition": (
        lambda desk: desk.aws.lie("GetCallerIdentity", {"Arn": FOREIGN}),
        "partition", "^the key is of `aws-cn`, and region `ap-northeast-1` .* is of `aws`$",
        "^aws configure set region cn-north-1 --profile example$",
    ),
    "no region": (
        lambda desk: desk.set(AWS_DEFAULT_REGION="us-est"),
        "partition", r"^region `us-est` \(AWS_DEFAULT_REGION\) is none that is known$", "^unset AWS_DEFAULT_REGION$",
    ),
    "certificates that are not there": (
        lambda desk: desk.set(AWS_CA_BUNDLE="/nowhere"),
        "certificates", r"^`/nowhere` is not there \(AWS_CA_BUNDLE\)$", "^unset AWS_CA_BUNDLE$",
    ),
    "a wrong clock": (
        lambda desk: desk.aws.skew(60),
        "clock", "^(59|60|61) s behind AWS; codes are right for half a minute only$", "^sudo |^w32tm ",
    ),
    "no device": (
        lambda desk: desk.become(),
        "MFA devices", "^none$", "^invoke enroll --profile example$",
    ),
    "a FIDO key alone": (
        lambda desk: desk.become(Kind.FIDO),
        "MFA devices", r":u2f/user/bob/\S+ \(a FIDO key, of no use here\)$", "^invoke enroll --profile example$",
    ),
    "the device of another account": (
        lambda desk: desk.write("mfa_serial = arn:aws:iam::210987654321:mfa/alice\n", config=True),
        "mfa_serial", "is of account `210987654321`, and the key of `123456789012`$",
        "^aws configure set mfa_serial arn:aws:iam::123456789012:mfa/alice --profile example$",
    ),
    "the device of another user": (
        lambda desk: desk.write("mfa_serial = arn:aws:iam::123456789012:mfa/bob\n", config=True),
        "mfa_serial", "^`arn:aws:iam::123456789012:mfa/bob` is no device of `alice`$", "mfa/alice --profile example$",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NETWORK)
def test_what_is_wrong_on_the_way_to_aws(case: str, desk: Desk) -> None:
    """It is told in its own row and no other one, with the command that mends it."""
    prepare, name, found, mend = NETWORK[case]
    prepare(desk)
    desk.only(name, found, mend)


def test_an_address_in_the_config_file(desk: Desk) -> None:
    """Whoever is called in place of AWS is told, without a password, and the command opens that line."""
    desk.unset("AWS_ENDPOINT_URL")
    desk.write(f"endpoint_url = {desk.aws.url.replace('//', '//a:c4n4ry@')}\n", config=True)
    rows = {row.name: row for row in doctor.examine("example")}
    place = desk.aws.url.replace("//", "//…@")
    assert rows["endpoint"].found.splitlines() == [
        f"{place}, in place of AWS, for STS, IAM, S3 (`endpoint_url` in the config file)",
        f"line 3 of {desk.shell.folder / 'config'}: `endpoint_url` has to be removed there",
    ]
    assert "c4n4ry" not in str(rows)
    assert rows["endpoint"].mend == f"${{EDITOR:-vi}} +3 {desk.shell.folder / 'config'}"


@pytest.mark.parametrize(
    "address",
    ["c4n4ry", "user:c4n4ry@127.0.0.1", "http://user:c4n4ry @ho st", "http://user:c4n4ry", f"http://u:{CANARY}@host"],
)
def test_an_address_that_is_none(address: str, desk: Desk) -> None:
    """It is told in the row of its setting, without any part of it, and nobody is called."""
    desk.set(AWS_ENDPOINT_URL=address, AWS_ENDPOINT_URL_DYNAMODB="https://a")
    row = next(row for row in doctor.examine("example") if row.name == "endpoint")
    assert (row.good, row.needed, row.mend) == (False, True, "unset AWS_ENDPOINT_URL")
    assert row.found == "AWS_ENDPOINT_URL: not an address such as `https://HOST`"
    bad = desk.bad()
    assert tuple(bad) == ("proxy", "clock", "user", *OTHERS)
    assert all(row.found.startswith("not known: ") and not row.needed for row in bad.values())
    assert "curl" not in str(bad)


def test_an_address_of_one_service_that_is_none(desk: Desk) -> None:
    """The variable that counts for it is blamed, and no other one."""
    desk.set(AWS_ENDPOINT_URL_IAM="c4n4ry")
    row = next(row for row in doctor.examine("example") if row.name == "endpoint")
    assert row.found == "AWS_ENDPOINT_URL_IAM: not an address such as `https://HOST`"
    assert row.mend == "unset AWS_ENDPOINT_URL_IAM"


def test_a_region_that_is_none(desk: Desk) -> None:
    """It keeps everybody from being called, and no address is blamed for it."""
    desk.set(AWS_REGION="us east")
    rows = {row.name: row for row in doctor.examine("example")}
    assert "`example` cannot be used: Provided region_name 'us east'" in rows["endpoint"].found
    assert rows["endpoint"].mend.startswith("unset AWS_REGION")
    assert rows["partition"].mend == "unset AWS_REGION"
    assert rows["clock"].found == "not known: AWS cannot be called"
    assert desk.aws.calls == ()


def test_an_address_of_another_service(desk: Desk) -> None:
    """Only the variables of services that are called elsewhere are blamed."""
    desk.unset("AWS_ENDPOINT_URL")
    desk.set(AWS_ENDPOINT_URL_STS=desk.aws.url, AWS_ENDPOINT_URL_IAM=desk.aws.url, AWS_ENDPOINT_URL_DYNAMODB="x")
    row = next(row for row in doctor.examine("example") if row.name == "endpoint")
    assert row.found == (f"{desk.aws.url}, in place of AWS, for STS, IAM (AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_IAM)")
    assert row.mend == "unset AWS_ENDPOINT_URL_STS AWS_ENDPOINT_URL_IAM"


def test_devices_that_may_not_be_listed(desk: Desk) -> None:
    """They are not known, which is neither good nor bad; the usual serial number is proposed."""
    desk.rewrite("")
    desk.shell.profile("example", Keys.of(desk.aws.add_user("carol", policies=[READ_S3])))
    row = desk.only("MFA devices", "^not known: AWS refused `ListMFADevices`", "mfa_serial arn:.*:mfa/carol --profile")
    assert not row.needed
    desk.write("mfa_serial = arn:aws:iam::123456789012:mfa/carol\n", config=True)
    bad = desk.bad()
    assert {name: (row.needed, row.mend) for name, row in bad.items()} == dict.fromkeys(
        ("MFA devices", "mfa_serial"), (False, "invoke verify --profile example")
    )
    assert "not known" in bad["mfa_serial"].found


def test_a_key_that_aws_does_not_know(desk: Desk) -> None:
    """It may be deleted, or of another partition; what follows from the user is not known, and is no second failure."""
    desk.rewrite(f"[example]\n{KEY}")
    bad = desk.bad()
    row = bad.pop("user")
    assert "InvalidClientTokenId" in row.found
    assert row.mend.startswith("aws configure --profile=example, if the key was deleted; or is it one of another")
    assert tuple(bad) == OTHERS
    assert not any(row.needed for row in bad.values())


def test_a_device_tells_the_partition_of_a_key_that_is_not_known(desk: Desk) -> None:
    """AWS knows no key of another partition, so the ARN in the profile is what gives it away."""
    desk.rewrite(f"[example]\n{KEY}")
    desk.write("mfa_serial = arn:aws-us-gov:iam::123456789012:mfa/alice\n", config=True)
    bad = desk.bad()
    assert bad["mfa_serial"].found == "not known: AWS did not tell of an IAM user"
    row = bad["partition"]
    assert row.needed
    assert row.found.startswith("`mfa_serial` is of `aws-us-gov`, and region `ap-northeast-1` ")
    assert row.mend == "aws configure set region us-gov-west-1 --profile example"


def test_a_proxy_that_does_not_answer(desk: Desk, dead: str) -> None:
    """The call that failed names the proxy, without its password; what nobody answered is not known."""
    desk.unset("NO_PROXY", "no_proxy")
    desk.set(HTTP_PROXY=f"http://user:c4n4ry@{dead}")
    bad = desk.bad()
    row = bad.pop("answer")
    assert row.needed
    assert f"http://…@{dead}" in row.found
    assert row.mend == f"unset HTTP_PROXY, if AWS can be reached without; see: curl -m 10 -v {desk.aws.url}"
    assert tuple(bad) == ("user", *OTHERS)
    assert all(row.found.startswith("not known: ") and not row.needed for row in bad.values())


@pytest.mark.parametrize(
    "address", [f"http://user:{CANARY}@127.0.0.1:1", "http://c4n4ry:x", "http://[::1:c4n4ry", "c4n4ry/x@127.0.0.1:1"]
)
def test_a_proxy_that_is_no_address(address: str, desk: Desk) -> None:
    """Nothing of it is shown, in no row: any part may be the password."""
    desk.unset("NO_PROXY", "no_proxy")
    desk.set(HTTP_PROXY=address)
    bad = desk.bad()
    assert bad["proxy"].found == "HTTP_PROXY: not an address such as `http://HOST:PORT`"
    assert (bad["proxy"].needed, bad["proxy"].mend) == (True, "unset HTTP_PROXY")


@pytest.mark.needs("openssl")
def test_a_certificate_that_is_not_trusted(desk: Desk, tmp_path: Path) -> None:
    """The variable that names a company's certificates is what to set; set so, its server is trusted."""
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
        refused = desk.bad()["answer"]
        desk.set(AWS_CA_BUNDLE=str(certificate))
        trusted = desk.bad()["answer"]
        server.shutdown()
    assert "CERTIFICATE_VERIFY_FAILED" in refused.found
    assert refused.mend.startswith("export AWS_CA_BUNDLE=FILE, ")
    assert "CERTIFICATE" not in trusted.found


@pytest.mark.parametrize(
    ("action", "name", "unknown"),
    [
        ("GetCallerIdentity", "answer", ("user", *OTHERS)),
        ("ListMFADevices", "MFA devices", ()),
    ],
)
def test_a_network_that_hangs(action: str, name: str, unknown: tuple[str, ...], desk: Desk) -> None:
    """The end comes in time, says so, and whatever was not found out is not taken for good."""
    desk.aws.delay(action, 3600, times=9)
    begun = time.monotonic()
    bad = desk.bad(limit=2)
    assert time.monotonic() - begun < 12
    row = bad.pop(name)
    assert row.needed
    assert re.search("Read timeout|no answer within", row.found)
    assert row.mend == f"curl -m 10 -v {desk.aws.url}"
    assert tuple(bad) == unknown


def test_a_process_is_not_run(desk: Desk, tmp_path: Path) -> None:
    """A `credential_process` may prompt or take long: the doctor mentions it, and asks AWS for the time only."""
    desk.rewrite(f"[example]\ncredential_process = touch {tmp_path / 'run'}\n")
    rows = {row.name: row for row in doctor.examine("example")}
    assert rows["profile"].found == "example: keys of its `credential_process`, which only a login runs"
    assert (rows["profile"].good, rows["clock"].good) == (True, True)
    why = "not known: the keys come from a `credential_process`, which only a login runs"
    assert (rows["user"].needed, rows["user"].found) == (False, why)
    assert not (tmp_path / "run").exists()
    assert [(call.action, call.user) for call in desk.aws.calls] == [("GetCallerIdentity", "")]


def test_a_session_is_looked_at_without_being_used(desk: Desk) -> None:
    """The clock needs no key; whose a session is would not help."""
    desk.rewrite("")
    desk.shell.profile("example", with_mfa(desk.aws, desk.alice).keys)
    before = len(desk.aws.calls)
    bad = desk.bad()
    assert tuple(bad) == ("profile", "user", *OTHERS)
    assert bad["profile"].mend == "aws configure --profile=NAME, with a new name and the long-term keys"
    assert [call.user for call in desk.aws.calls[before:]] == [""]
