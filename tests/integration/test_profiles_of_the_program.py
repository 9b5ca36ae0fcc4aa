"""The profiles that `aws-mfa` reads: those that programs read differently, and every file of the table."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.conftest import Desk
from tests.profiles import table
from tests.profiles.table import Case
from toolkit.emulator import Emulator, User

_KEYS = ("aws_access_key_id", "aws_secret_access_key")
_KEY = re.compile(rb"\bAKIA\w{9}EXAMPLE\b|(?<=aws_access_key_id = )test\b")
_SECRET = re.compile(rb"[\w/]{30}EXAMPLEKEY\b|(?<=aws_secret_access_key = )(abc=def==|test\b)")
_ERROR = re.compile(r"aws-mfa: error\[([a-z-]+)\]: (.+)\n\nhint: .+\n")
# Files with a key that looks like one and that AWS refuses.
_ONLY_AWS_KNOWS = {"sessions: session key without a token"}
_SESSION = ("AccessKeyId", "SecretAccessKey", "SessionToken")


@dataclass(frozen=True)
class Login:
    """A login with files of its own, and what it left."""

    exit_code: int
    out: str
    said: str
    calls: tuple[str, ...]

    @property
    def refused(self) -> tuple[str, str]:
        """The kind and the sentence of the error; it ended before any call."""
        found = _ERROR.search(self.said)
        assert found, self.said
        assert self.exit_code == (252 if found[1] == "usage" else 253), self.said
        assert (self.out, self.calls) == ("", ()), self.said
        return found[1], found[2]


@dataclass(frozen=True)
class Machine:
    """A home directory of one user."""

    program: str
    aws: Emulator
    user: User
    folder: Path

    def log_in(self, *argv: str, **env: str) -> Login:
        """Log in with the code of now."""
        made = len(self.aws.calls)
        variables = {
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "NO_PROXY": "127.0.0.1",
            **self.aws.environment(),
            **env,
        }
        environ = {**os.environ, **variables}
        done = subprocess.run(
            [self.program, *argv], env=environ, cwd=self.folder, input=self.user.device.code(), capture_output=True,
            text=True, check=False, timeout=20,
        )  # fmt: skip
        calls = tuple(call.action for call in self.aws.calls[made:] if call.user == self.user.name)
        return Login(done.returncode, done.stdout, done.stderr, calls)

    def keys(self, header: str = "[example]") -> str:
        """Return a section with the keys of the user."""
        return f"{header}\naws_access_key_id = {self.user.access_key}\naws_secret_access_key = {self.user.secret}\n"

    def write(self, credentials: str | None = None, config: str = "") -> None:
        """Write both files; credentials are the keys of the user unless others are given."""
        (self.folder / "credentials").write_text(self.keys() if credentials is None else credentials, "utf-8")
        (self.folder / "config").write_text(config, "utf-8")


@pytest.fixture
def machine(desk: Desk, aws: Emulator, tmp_path: Path) -> Machine:
    """Return the machine of a user whose keys are in `example`."""
    folder = tmp_path / "machine"
    folder.mkdir()
    made = Machine(desk.program, aws, desk.user, folder)
    made.write()
    return made


@pytest.mark.parametrize(
    "header", ["[profile 'my prof']", '[profile "my prof"]', "[profile\t'my prof']", "[profile my prof]"]
)
def test_quoted_names(machine: Machine, header: str) -> None:
    """A section that only botocore, or only the SDK, reads as the profile gives its region and its device."""
    serial = machine.user.device.serial
    machine.write(machine.keys("[my prof]"), f"{header}\nregion = eu-west-1\nmfa_serial = {serial}\n")
    login = machine.log_in("-s", "my prof", "-d", "out")
    assert (login.exit_code, login.calls) == (0, ("GetSessionToken",)), login.said
    assert "region = eu-west-1\n" in (machine.folder / "credentials").read_text("utf-8")
    assert "note: " in login.said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_RETRY_MODE", "legacy"), ("AWS_S3_USE_ARN_REGION", "1"), ("AWS_DISABLE_REQUEST_COMPRESSION", "1"),
        ("AWS_DEFAULTS_MODE", "fast"), ("AWS_MAX_ATTEMPTS", "abc"), ("AWS_EC2_METADATA_V1_DISABLED", "1"),
        ("AWS_REQUEST_CHECKSUM_CALCULATION", "never"), ("AWS_PROFILE", "gone"), ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "x"),
    ],
)  # fmt: skip
def test_variables_that_stop_nothing(machine: Machine, name: str, value: str) -> None:
    """A variable that the manual does not list stops no login, whatever it is."""
    login = machine.log_in("-s", "example", "-d", "out", **{name: value})
    assert login.exit_code == 0, login.said


@pytest.mark.parametrize(
    "line",
    [
        "retry_mode = legacy", "defaults_mode = fast", "max_attempts = many", "disable_request_compression = 1",
        "request_checksum_calculation = never", "account_id_endpoint_mode = x", "s3 =\n  addressing_style = path",
    ],
)  # fmt: skip
def test_settings_that_stop_nothing(machine: Machine, line: str) -> None:
    """A setting of the source that the manual does not list stops no login, whatever it is."""
    machine.write(config=f"[profile example]\nregion = eu-west-1\n{line}\n")
    login = machine.log_in("-s", "example", "-d", "out")
    assert login.exit_code == 0, login.said


@pytest.mark.parametrize("line", ["retry_mode = legacy", "max_attempts = many", "services = gone"])
def test_settings_that_would_stop_the_session(machine: Machine, line: str) -> None:
    """A setting of the destination for which a reader refuses the profile is named before any call."""
    machine.write(config=f"[profile out]\nregion = eu-west-1\n{line}\n")
    kind, sentence = machine.log_in("-s", "example", "-d", "out").refused
    assert kind == "profile-unusable"
    assert f"line 3 of `{machine.folder / 'config'}`" in sentence


@pytest.mark.parametrize("where", ["config", "credentials"])
def test_a_role_with_its_own_key(machine: Machine, where: str) -> None:
    """A profile with a key and a role whose source is itself logs in with the key, and a note."""
    role = "role_arn = arn:aws:iam::210987654321:role/dev\nsource_profile = default\n"
    keys = machine.keys("[default]")
    machine.write(keys + role if where == "credentials" else keys, "[default]\n" + role if where == "config" else "")
    login = machine.log_in("-d", "out")
    assert login.exit_code == 0, login.said
    assert "note: " in login.said


def test_a_role_with_another_key(machine: Machine) -> None:
    """A profile with a key and a role that uses another profile is refused, and that profile is named."""
    machine.write(config="[profile example]\nrole_arn = arn:aws:iam::210987654321:role/dev\nsource_profile = base\n")
    kind, sentence = machine.log_in("-s", "example").refused
    assert kind == "profile-is-role"
    assert "`base`" in sentence


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (b"[profile a]\nregion = x\n[profile a]\n", 3),
        (b"\xef\xbb\xbf[default]\nregion = x\n", 1),
        ("[default]\nregion = x\n".encode("utf-16"), 0),
        (b"[default]\nregion = x\nregion = y\n", 3),
        (b"region = x\n[default]\n", 1),
        (b"[default]\ns3 =\n  addressing_style\n", 3),
        (b"[default]\nregion = caf\xe9\n", 2),
        (b"[default]\noutput = '\n", 2),
    ],
)
def test_config_files_that_cannot_be_parsed(machine: Machine, config: bytes, line: int) -> None:
    """A config file that some reader cannot parse is refused before any call, and its line is named."""
    (machine.folder / "config").write_bytes(config)
    kind, sentence = machine.log_in("-s", "example", "-d", "out").refused
    assert kind == "credentials-unreadable"
    assert f"`{machine.folder / 'config'}`" in sentence
    assert not line or f"line {line} " in sentence


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


@pytest.mark.parametrize("spoil", [_pipe, _directory, _loop])
def test_config_files_that_cannot_be_read(machine: Machine, spoil: Callable[[Path], None]) -> None:
    """A config file that is not a regular file, or cannot be opened, is an error before any call."""
    spoil(machine.folder / "config")
    kind, sentence = machine.log_in("-s", "example", "-d", "out").refused
    assert kind == "credentials-unreadable"
    assert f"`{machine.folder / 'config'}`" in sentence


@pytest.mark.needs("setpriv")
def test_a_config_file_without_permission(machine: Machine) -> None:
    """A config file that may not be read is an error before any call."""
    (machine.folder / "config").chmod(0)
    for path in (machine.folder, *machine.folder.parents[:3]):
        path.chmod(0o755)
    before = len(machine.aws.calls)
    env = {**os.environ, "AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "/dev/zero"}
    apart = ("setpriv", "--reuid=65534", "--clear-groups") if os.getuid() == 0 else ()
    program = machine.folder / "program"
    program.write_bytes(Path(machine.program).read_bytes())
    program.chmod(0o755)
    done = subprocess.run(
        [*apart, program, "-s", "example"], env=env, cwd=machine.folder, input="123456", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, len(machine.aws.calls)) == (253, before), done.stderr
    assert "error[credentials-unreadable]: cannot use `config`" in done.stderr


_ROLE = "role_arn = arn:aws:iam::210987654321:role/dev\nsource_profile = gone\n"


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (f"[profile work]\n{_ROLE}", 2),
        (f"[profile 'work']\n{_ROLE}", 2),
        (f'[profile "work"] ; mine\n{_ROLE}', 2),
        (f"[profile  work]\n{_ROLE}", 2),
        (f"[profile\twork]\n{_ROLE}", 2),
        ("[profile work]\nsource_profile = gone\n", 2),
        ("[profile work]\nrole_arn = arn:aws:iam::210987654321:role/dev\ncredential_source = Environment\n", 2),
        ("[profile work]\nlogin_session = arn:aws:iam::123456789012:user/alice\n", 2),
        ("[profile 'work']\nregion = eu-west-1\nsso_session = gone\n", 3),
        ("[profile work]\nsso_start_url = https://x.example\n", 2),
    ],
)
def test_roles_are_not_new_profiles(machine: Machine, config: str, line: int) -> None:
    """A role, SSO or `aws login` is recognized however its section is written, whether its source exists or not."""
    machine.write(config=config)
    before = (machine.folder / "credentials").read_bytes()
    kind, sentence = machine.log_in("-s", "example", "-d", "work").refused
    assert kind == "profile-is-role"
    assert f"line {line} of `{machine.folder / 'config'}`" in sentence
    assert (machine.folder / "credentials").read_bytes() == before
    machine.write(config=config.replace("work", "example"))
    (machine.folder / "credentials").write_text(machine.keys("[other]"), "utf-8")
    kind, sentence = machine.log_in("-s", "example", "-d", "out").refused
    assert kind == "profile-is-role"
    assert f"line {line} of `{machine.folder / 'config'}`" in sentence


@pytest.mark.parametrize("path", ["$HOME/.aws/creds", "${HOME}/.aws/creds", "~/.aws/creds", "$KEYS/creds", "~/$NAME"])
def test_variables_in_paths(machine: Machine, path: str) -> None:
    """A path is expanded as botocore expands it, and no directory called `$HOME` is made."""
    home = machine.folder / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "creds").write_text(machine.keys(), "utf-8")
    env = {"HOME": str(home), "KEYS": str(home / ".aws"), "NAME": ".aws/creds"}
    login = machine.log_in("-s", "example", AWS_SHARED_CREDENTIALS_FILE=path, **env)
    assert login.exit_code == 0, login.said
    assert "[example_mfa]" in (home / ".aws" / "creds").read_text("utf-8")
    assert sorted(path.name for path in machine.folder.iterdir()) == ["config", "credentials", "home"]


@pytest.mark.parametrize("path", ["$GONE/creds", "${GONE}/.aws/creds", "~gone-user/creds", "new/creds", "$EMPTY"])
def test_paths_that_lead_nowhere(machine: Machine, path: str) -> None:
    """A relative path whose directory does not exist is refused before any call, and nothing is made."""
    login = machine.log_in("-s", "example", AWS_SHARED_CREDENTIALS_FILE=path, EMPTY="")
    assert login.refused[0] == "credentials-unreadable"
    assert sorted(path.name for path in machine.folder.iterdir()) == ["config", "credentials"]


@pytest.mark.parametrize(("name", "value"), [("AWS_USE_FIPS_ENDPOINT", "1"), ("AWS_USE_DUALSTACK_ENDPOINT", "yes")])
def test_booleans_are_not_guessed(machine: Machine, name: str, value: str) -> None:
    """A word that botocore takes for false is refused by name before any call, in a variable and in the profile."""
    kind, sentence = machine.log_in("-s", "example", **{name: value}).refused
    assert (kind, f"`{name}`" in sentence) == ("profile-unusable", True)
    setting = name.removeprefix("AWS_").lower()
    machine.write(config=f"[profile example]\n{setting} = {value}\n")
    kind, sentence = machine.log_in("-s", "example").refused
    assert (kind, f"`{setting}`" in sentence, "line 2 of" in sentence) == ("profile-unusable", True, True)


@pytest.mark.parametrize("setting", ["use_fips_endpoint", "use_dualstack_endpoint"])
def test_endpoints_that_exclude_each_other(machine: Machine, setting: str) -> None:
    """FIPS and dual stack are not silently dropped where another endpoint is set."""
    machine.write(config=f"[profile example]\n{setting} = True\n")
    assert machine.log_in("-s", "example").refused[0] == "profile-unusable"
    machine.write(config=f"[profile example]\n{setting} = FALSE\n")
    assert machine.log_in("-s", "example", "--serial", machine.user.device.serial).exit_code == 0


@pytest.mark.parametrize("name", ["gone.pem", "config", "."])
def test_certificates_that_cannot_be_used(machine: Machine, name: str) -> None:
    """A file of certificates that is missing, has none or is not a file is named before any call."""
    kind, sentence = machine.log_in("-s", "example", AWS_CA_BUNDLE=name).refused
    assert (kind, f"`{name}`" in sentence) == ("profile-unusable", True)


def test_readers_that_disagree(machine: Machine) -> None:
    """Two values for one setting are refused, and the line is named."""
    both = "[profile example]\nregion = eu-west-1\n[profile 'example']\nregion = eu-west-2\n"
    machine.write(config=both)
    kind, sentence = machine.log_in("-s", "example").refused
    assert (kind, "`region`" in sentence, "line 4 of" in sentence) == ("profile-unusable", True, True)


@dataclass(frozen=True)
class Row:
    """A case of the table after a login from its profile, or into it."""

    case: Case  # with the files as they are afterwards
    before: bytes
    login: Login


def _as_source(case: Case, machine: Machine) -> Row:
    """Log in from the profile of a case, which has the keys of the user in place of its own."""
    user = machine.user

    def own(text: bytes) -> bytes:
        return _SECRET.sub(user.secret.encode(), _KEY.sub(user.access_key.encode(), text))

    return _run(case, machine, (own(case.config), own(case.credentials)), case.profile, "table_mfa")


def _as_destination(case: Case, machine: Machine) -> Row:
    """Log in into the profile of a case."""
    credentials = case.credentials
    mark = b"" if credentials.endswith(b"\n") or not credentials else b"\n"
    files = (case.config, credentials + mark + machine.keys("[table]").encode())
    return _run(case, machine, files, "table", case.profile)


def _run(case: Case, machine: Machine, files: tuple[bytes, bytes], source: str, destination: str) -> Row:
    config, credentials = machine.folder / "config", machine.folder / "credentials"
    config.write_bytes(files[0])
    credentials.write_bytes(files[1])
    device = ("--serial", machine.user.device.serial, "--endpoint-url", machine.aws.url)
    login = machine.log_in("-s", source, "-d", destination, "--format", "json", *device)
    assert config.read_bytes() == files[0]
    written = _Written(case.theme, {**case.row, "profile": destination}, files[0], credentials.read_bytes())
    return Row(written, files[1], login)


@dataclass(frozen=True)
class _Written(Case):
    config: bytes = b""
    credentials: bytes = b""


@pytest.mark.slow
@pytest.mark.parametrize("end", [_as_source, _as_destination])
def test_every_file_of_the_table(
    aws: Emulator, desk: Desk, tmp_path: Path, end: Callable[[Case, Machine], Row]
) -> None:
    """A login leaves a profile that botocore and the SDK read, or ends with a named error before any call."""
    cases = table.cases()
    machines = []
    for number in range(len(cases)):
        (folder := tmp_path / f"row{number}").mkdir()
        machines.append(Machine(desk.program, aws, aws.add_user(f"user{number}"), folder))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(end, cases, machines))
    good = [row for row in rows if not row.login.exit_code]
    assert len(good) > len(rows) // 10
    for row, by_sdk in zip(good, table.by_sdk([row.case for row in good]), strict=True):
        session = json.loads(row.login.out)
        keys = tuple(session[name] for name in _SESSION)
        botocore = table.by_botocore(row.case, tmp_path)["values"]
        assert (*map(botocore.get, _KEYS), botocore["token"]) == keys, row.case.id
        sdk = by_sdk["values"]
        assert (*map(sdk.get, _KEYS), sdk["aws_session_token"]) == keys, row.case.id
    for row in rows:
        if row.login.exit_code:
            assert row.case.id in _ONLY_AWS_KNOWS or row.login.refused, row.case.id
            assert row.case.credentials == row.before, row.case.id
