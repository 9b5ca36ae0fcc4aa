"""`doctor` and `verify` call AWS with the keys in the files, and with nothing that botocore would find elsewhere."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.configprovider import DEFAULT_S3_CONFIG_VARS
from botocore.session import Session

from tests.integration.conftest import Desk
from tests.integration.emulator_clients import Keys, Shell, with_mfa
from tests.integration.test_verify import LATER, dist, write
from tests.profiles import table
from tests.unit import samples
from toolkit.doctor import login as doctor
from toolkit.emulator import Call, Clock, Emulator, User
from toolkit.errors import CredentialsUnreadable, ProfileIsRole, ProfileMissing, ProfileUnusable
from toolkit.go import targets
from toolkit.mfa.login import prepare
from toolkit.mfa.proof import require
from toolkit.mfa.verify import verify
from toolkit.model import Check, Target
from toolkit.settings import VerifySettings

HERE = Target(*targets.native())
ROLE = "role_arn = arn:aws:iam::210987654321:role/dev\n"
SERIAL = "mfa_serial = arn:aws:iam::123456789012:mfa/alice\n"
ASKED = {"GetCallerIdentity", "ListMFADevices"}


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Close standard input: reading it fails."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdin", closed)


@pytest.fixture
def clock() -> Clock:
    """Return the clock of AWS."""
    return Clock()


@dataclass(frozen=True)
class Scene:
    """A user with a key in a profile, and the files that a test writes."""

    aws: Emulator
    alice: User
    shell: Shell
    folder: Path
    session: Keys  # the program of `verify` writes it

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls since the session was created."""
        return self.aws.calls[1:]

    def write(self, profile: str, config: str, more: str = "") -> None:
        """Write both files: the key is in the credentials file."""
        self.shell.credentials.write_text("", "utf-8")
        self.shell.profile(profile, Keys.of(self.alice))
        text = self.shell.credentials.read_text("utf-8").strip()
        self.shell.credentials.write_text(f"{text}\n{more}", "utf-8")
        (self.shell.folder / "config").write_text(config, "utf-8")

    def examine(self, profile: str) -> dict[str, Check]:
        """Return the rows of `doctor`."""
        return {row.name: row for row in doctor.examine(profile)}

    def verify(self, profile: str) -> None:
        """Log in with a program that writes a session, and require a proof."""
        login = prepare(VerifySettings(profile=profile, destination="example_mfa", aws_timeout=20))
        made = dist(self.folder, write(self.session, LATER))
        proof = verify(login, made, lambda _: "123456")
        require(proof)
        assert proof.identity
        assert proof.identity.arn == self.alice.arn


@pytest.fixture
def scene(aws: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scene:
    """Return Alice, and point the variables of this process at her AWS."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "aws"
    folder.mkdir()
    shell = Shell(aws, folder)
    for name, value in shell.variables.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    alice = aws.add_user("alice", "/eng/")
    session = with_mfa(aws, alice).keys
    return Scene(aws, alice, shell, tmp_path, session)


USABLE = {
    "a role of its own": ("default", f"[default]\nregion = eu-west-1\n{ROLE}source_profile = default\n{SERIAL}"),
    "a role of its own in a named profile": ("work", f"[profile work]\n{ROLE}source_profile = work\n{SERIAL}"),
    "a block that is not indented": ("default", "[default]\ns3 =\nmax_concurrent_requests = 10\n"),
    "a block in one line": ("default", "[default]\ns3 = max_concurrent_requests = 10\nregion = eu-west-1\n"),
    "an unknown block": ("default", "[default]\nregion =\n  a = b\nproxies_config =\n  x = y\n"),
    "a quoted name": ("my prof", f"[profile 'my prof']\nregion = eu-west-1\n{SERIAL}"),
    "a name in double quotes": ("prof", f'[profile "prof"]\nregion = eu-west-1\n{SERIAL}'),
    "boto's word for retries": ("work", "[profile work]\nretry_mode = legacy\nmax_attempts = some\n"),
    "settings that are not ours": (
        "work",
        "[profile work]\ndefaults_mode = x\nsts_regional_endpoints = x\ntcp_keepalive = x\nduration_seconds = x\n",
    ),
    "more of them": ("work", "[profile work]\ns3_us_east_1_regional_endpoint = x\naccount_id_endpoint_mode = x\n"),
    "services of nobody": ("work", "[profile work]\nservices = gone\n"),
}


@pytest.mark.parametrize("case", USABLE)
def test_a_key_is_enough(case: str, scene: Scene) -> None:
    """The key of a profile is used for each call, regardless of other settings, and no role is assumed."""
    profile, config = USABLE[case]
    scene.write(profile, config)
    rows = scene.examine(profile)
    assert rows["user"].detail == scene.alice.arn, rows
    assert {call.action for call in scene.calls} == ASKED
    scene.verify(profile)
    assert "AssumeRole" not in {call.action for call in scene.calls}


def test_what_only_some_programs_find_is_reported(scene: Scene) -> None:
    """The doctor names the lines of a quoted section, and of a role that a login does not use."""
    scene.write("my prof", f"[profile 'my prof']\nregion = eu-west-1\n{ROLE}source_profile = my prof\n")
    row = scene.examine("my prof")["sections"]
    config = scene.shell.folder / "config"
    assert row.detail.splitlines() == [
        f"only some programs find `region` (line 2 of `{config}`)",
        f"a login uses the key, not the role of the profile (line 3 of `{config}`)",
    ]
    assert not row.required


REFUSED: dict[str, tuple[str, str, type[ProfileUnusable], str]] = {
    "a token file": (
        f"[default]\n{ROLE}web_identity_token_file = /gone\n", "",
        ProfileIsRole, "credentials of `/gone` (line 3 of ",
    ),
    "a role by way of another profile": (
        f"[default]\n{ROLE}source_profile = base\n", "[base]\naws_access_key_id = x\naws_secret_access_key = y\n",
        ProfileIsRole, "credentials of `base` (line 3 of ",
    ),
    "a loop": (
        f"[default]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = default\n", "",
        ProfileIsRole, "credentials of `b` (line 3 of ",
    ),
    "credentials of a machine": (
        f"[default]\n{ROLE}credential_source = Ec2InstanceMetadata\n", "", ProfileIsRole, "of `Ec2InstanceMetadata`",
    ),
    "a section twice": ("[default]\n[default]\n", "", CredentialsUnreadable, "config`: line 2 begins "),
    "a mark": ("\ufeff[default]\n", "", CredentialsUnreadable, "line 1 begins with a byte order mark"),
    "a lone quotation mark": ("[default]\nx = '\n", "", CredentialsUnreadable, "line 2 has a single quotation mark"),
    "FIPS that might be meant": ("[default]\nuse_fips_endpoint = yes\n", "", ProfileUnusable, "neither `true` nor"),
    "two regions": (
        "[profile default]\nregion = a\n[default]\nregion = b\n", "", ProfileUnusable, "different values of `region`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_profile_that_is_refused(case: str, scene: Scene) -> None:
    """It is refused with its line, by the doctor too, and no call is made with a key."""
    config, more, error, says = REFUSED[case]
    scene.write("default", config, more)
    with pytest.raises(error) as caught:
        scene.verify("default")
    assert type(caught.value) is error
    assert says in str(caught.value)
    rows = scene.examine("default")
    assert [row.required for row in rows.values() if says in row.detail] == [True]
    assert {call.user for call in scene.calls} <= {""}


@pytest.mark.parametrize(
    "config", [f"[profile work]\n{ROLE}source_profile = gone\n", "[profile work]\nlogin_session = x\n"]
)
def test_a_destination_that_is_refused(config: str, scene: Scene) -> None:
    """No program would find a session there."""
    scene.write("default", config)
    with pytest.raises(ProfileUnusable, match=r"`work` .*, which would hide a session \(line 2 of "):
        prepare(VerifySettings(profile="default", destination="work"))
    assert scene.calls == ()


def known_variables() -> list[str]:
    """Return the variables that botocore knows, and others from which it reads keys."""
    rows = (*Session.SESSION_VARIABLES.values(), *DEFAULT_S3_CONFIG_VARS.values())
    found = [name for _, names, *_ in rows for name in ([names] if isinstance(names, str) else names or [])]
    return [
        *found, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_BEARER_TOKEN_STS",
        "AWS_ENDPOINT_URL_DYNAMODB", "AWS_EXECUTION_ENV",
    ]  # fmt: skip


# The variables that decide where and how a login calls AWS: the manual lists them.
MEANT = {
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
}  # fmt: skip


def test_nonsense_in_every_variable(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable that the manual does not list changes a login, its proof, or what the doctor finds out."""
    scene.write("default", "[default]\nregion = eu-west-1\n")
    names = [name for name in known_variables() if name not in MEANT]
    assert len(names) > 40
    for name in names:
        monkeypatch.setenv(name, "nonsense")
    rows = scene.examine("default")
    assert rows["user"].detail == scene.alice.arn
    assert rows["MFA devices"].ok
    scene.verify("default")


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_a_word_that_must_not_be_guessed(name: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused with the name of its variable, and nothing is called."""
    scene.write("default", "")
    monkeypatch.setenv(name, "on")
    with pytest.raises(ProfileUnusable, match=f"`{name}` is neither `true` nor `false`"):
        scene.verify("default")
    row = scene.examine("default")["endpoint"]
    assert (row.required, row.detail) == (True, f"`{name}` is neither `true` nor `false`")
    assert scene.calls == ()


def test_the_endpoint_in_the_profile_is_asked(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof uses the endpoint of the login, though the destination does not name it."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    scene.write("default", f"[default]\nregion = eu-west-1\nendpoint_url = {scene.aws.url}\n")
    assert scene.examine("default")["user"].detail == scene.alice.arn
    scene.verify("default")


def test_the_table_of_files(scene: Scene, monkeypatch: pytest.MonkeyPatch, dead: str) -> None:
    """For all files, the doctor only asks AWS for identity and devices, reads no terminal, runs and changes nothing."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):  # no case may reach another server
        monkeypatch.setenv(name, f"http://{dead}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for service in ("STS", "IAM", "S3"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", scene.aws.url)

    def with_keys(content: bytes) -> bytes:
        content = content.replace(b"AKIAIOSFODNN7EXAMPLE", scene.alice.access_key.encode())
        return content.replace(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scene.alice.secret.encode())

    known = 0
    for case in table.cases():
        files = {"config": with_keys(case.config), "credentials": with_keys(case.credentials)}
        for name, content in files.items():
            (scene.shell.folder / name).write_bytes(content)
        rows = list(doctor.examine(case.profile, 2))
        assert all(row.fix for row in rows if not row.ok), case.id
        assert scene.alice.secret not in str(rows), case.id
        assert {name: (scene.shell.folder / name).read_bytes() for name in files} == files
        known += any(row.name == "user" and row.ok for row in rows)
    assert {call.action for call in scene.calls} == ASKED
    assert sorted(path.name for path in scene.shell.folder.iterdir()) == ["config", "credentials"]
    assert known > 50


# --- with the program ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Real:
    """A login with the real program."""

    desk: Desk
    folder: Path

    def verify(self, profile: str) -> None:
        """Log in, and require a proof."""
        login = prepare(VerifySettings(profile=profile, destination="session", aws_timeout=20))
        made = samples.binary(HERE, self.folder / "bin", content=Path(self.desk.program).read_bytes())
        made.path.chmod(0o755)
        proof = verify(login, samples.dist(self.folder / "release", made), lambda _: self.desk.user.device.code())
        require(proof)
        assert proof.identity
        assert proof.identity.arn == self.desk.user.arn


@pytest.fixture
def real(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Real:
    """Return Alice at a machine whose variables point at her AWS."""
    for name, value in desk.shell.variables.items():
        monkeypatch.setenv(name, value)
    return Real(desk, tmp_path)


CONFIGS: dict[str, tuple[str, Callable[[Emulator], str]]] = {
    "a block that is not indented": ("example", lambda _: "[profile example]\ns3 =\nmax_concurrent_requests = 10\n"),
    "a quoted name": ("my prof", lambda _: f"[profile 'my prof']\n{SERIAL}"),
    "an endpoint in the profile": ("example", lambda aws: f"[profile example]\nendpoint_url = {aws.url}\n"),
    "an endpoint in a services section": (
        "example",
        lambda aws: (
            "[profile example]\nservices = here\n[services here]\n"
            + "".join(f"{name} =\n  endpoint_url = {aws.url}\n" for name in ("sts", "iam", "s3"))
        ),
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_the_program_logs_in_and_is_proven(case: str, real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program and its proof read the files in the same way, and call the same AWS."""
    profile, config = CONFIGS[case]
    if "endpoint" in case:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
    (real.desk.shell.folder / "config").write_text(config(real.desk.shell.emulator), "utf-8")
    if profile != "example":
        real.desk.shell.profile(profile, Keys.of(real.desk.user))
    real.verify(profile)


def test_the_program_and_nonsense_in_variables(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """They change neither the program's login nor its proof."""
    for name in known_variables():
        if name not in MEANT:
            monkeypatch.setenv(name, "nonsense")
    real.verify("example")


def test_the_program_and_a_process(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is run once by the proof and once by the program, and never by the doctor."""
    folder = real.desk.shell.folder
    keys = {"Version": 1, "AccessKeyId": real.desk.user.access_key, "SecretAccessKey": real.desk.user.secret}
    (folder / "keys.json").write_text(json.dumps(keys), "utf-8")
    text = f"[process]\ncredential_process = echo x >> {folder}/runs; cat {folder}/keys.json\n"
    real.desk.shell.credentials.write_text(text, "utf-8")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert not next(row for row in doctor.examine("process") if row.name == "user").required
    assert not (folder / "runs").exists()
    real.verify("process")
    assert (folder / "runs").read_text("utf-8").split() == ["x", "x"]


def test_a_profile_that_is_a_stray_section(scene: Scene) -> None:
    """A section that only looks like the profile is named."""
    scene.write("default", "", "[profile work]\nregion = x\n")
    with pytest.raises(ProfileMissing, match=r"no profile `work`, only a section .* \(line 4 of "):
        scene.verify("work")
