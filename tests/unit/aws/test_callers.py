from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from toolkit.aws import callers
from toolkit.aws import files as awsfiles
from toolkit.aws.clients import Caller
from toolkit.errors import ProfileIsSession, ProfileUnusable
from toolkit.mfa import login
from toolkit.settings import VerifySettings

KEYS = "aws_access_key_id = AKIA1\naws_secret_access_key = s\n"
CALLER = Caller("a", "us-east-1")
GOOD = {"Version": 1, "AccessKeyId": "AKIA2", "SecretAccessKey": "c4n4ry"}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of both files."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path


def caller(files: Path, credentials: str, config: str = "") -> Caller:
    """Return the caller of profile `a`."""
    (files / "credentials").write_text(credentials, "utf-8")
    (files / "config").write_text(config, "utf-8")
    found = awsfiles.read()
    return callers.caller(found, "a", found.source("a"))


CONFIG = """[profile a]
region = eu-west-3
services = local
ca_bundle = /certificates
max_attempts = 2
use_fips_endpoint = true
[services local]
s3 =
  endpoint_url = https://s3.example
sts =
  endpoint_url = https://sts.example
"""


def test_a_caller_has_what_the_profile_says(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, region, endpoints, certificates, attempts and FIPS come from the profile."""
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    found = caller(files, f"[a]\n{KEYS}", CONFIG)
    assert (found.name, found.region, found.access_key, found.secret, found.token) == (
        "a",
        "eu-west-3",
        "AKIA1",
        "s",
        "",
    )
    assert found.endpoints == {"sts": "https://sts.example", "iam": "", "s3": "https://s3.example"}
    assert (found.ca_bundle, found.max_attempts, found.use_fips_endpoint) == ("/certificates", 2, True)


@pytest.mark.parametrize(
    ("variables", "endpoints"),
    [
        ({"AWS_ENDPOINT_URL": "https://x"}, ("https://x", "https://x", "https://x")),
        ({"AWS_ENDPOINT_URL_S3": "https://x"}, ("https://sts.example", "", "https://x")),
        (
            {"AWS_ENDPOINT_URL": "https://x", "AWS_ENDPOINT_URL_STS": "https://y"},
            ("https://y", "https://x", "https://x"),
        ),
        ({"AWS_ENDPOINT_URL": "https://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}, ("", "", "")),
        ({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "yes"}, ("https://sts.example", "", "https://s3.example")),
    ],
)
def test_variables_come_before_the_profile(
    variables: dict[str, str], endpoints: tuple[str, str, str], files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint of each service follows the order in which a login resolves it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = caller(files, f"[a]\n{KEYS}", CONFIG)
    assert tuple(found.endpoints[service] for service in ("sts", "iam", "s3")) == endpoints


def test_an_endpoint_in_the_config_file_is_every_services(files: Path) -> None:
    """STS, IAM and S3 use it."""
    found = caller(files, f"[a]\n{KEYS}", "[profile a]\nendpoint_url = https://x\n")
    assert set(found.endpoints.values()) == {"https://x"}


@pytest.mark.parametrize("name", ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
def test_a_variable_that_must_not_be_guessed(name: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value other than `true` or `false` is refused, with the name of its variable."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(ProfileUnusable, match=f"^`{name}` is neither `true` nor `false`$"):
        caller(files, f"[a]\n{KEYS}")


def test_the_long_term_key_of_a_process() -> None:
    """Its key and secret are used."""
    found = callers.of_process(CALLER, f"echo '{json.dumps(GOOD)}'", 10)
    assert (found.access_key, found.secret, found.token, found.region) == ("AKIA2", "c4n4ry", "", "us-east-1")


@pytest.mark.parametrize(
    ("command", "error", "says"),
    [
        ("echo c4n4ry; echo c4n4ry >&2; exit 3", ProfileUnusable, "failed with exit code 3$"),
        ("/nowhere/x", ProfileUnusable, "failed with exit code 127$"),
        ("echo c4n4ry", ProfileUnusable, "printed no keys$"),
        ("printf '\\377'", ProfileUnusable, "printed no keys$"),
        ("yes '[' | head -c 200000", ProfileUnusable, "printed no keys$"),
        ("echo []", ProfileUnusable, "printed no keys$"),
        ("echo '{}'", ProfileUnusable, "printed no keys$"),
        (f"echo '{json.dumps({**GOOD, 'Version': 2})}'", ProfileUnusable, "printed no keys$"),
        (f"echo '{json.dumps({**GOOD, 'AccessKeyId': 1})}'", ProfileUnusable, "printed no keys$"),
        (
            f"echo '{json.dumps({**GOOD, 'SecretAccessKey': 'c4n4ry x'})}'",
            ProfileUnusable,
            "contain characters that keys",
        ),
        (f"echo '{json.dumps({**GOOD, 'SessionToken': 'c4n4ry'})}'", ProfileIsSession, "prints a session, "),
    ],
)
def test_a_process_without_long_term_keys(
    command: str, error: type[Exception], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is refused, and its output is not shown."""
    with pytest.raises(error, match=says) as caught:
        callers.of_process(CALLER, command, 10)
    assert type(caught.value) is error
    assert "c4n4ry" not in "".join((str(caught.value), *capfd.readouterr()))


@pytest.mark.parametrize("command", ["sleep 60", "sleep 60; true", "sleep 60 & exit 0"])
def test_a_process_that_hangs(command: str) -> None:
    """It is killed at the time limit, with its children."""
    begun = time.monotonic()
    with pytest.raises(ProfileUnusable, match=r"did not end within 0\.3 s"):
        callers.of_process(CALLER, command, 0.3)
    assert time.monotonic() - begun < 5


def test_a_process_sees_no_code_and_no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It inherits the environment without our variables, and reads nothing."""
    monkeypatch.setenv("AWS_MFA_CODE", "123456")
    monkeypatch.setenv("AWS_VAULT_BACKEND", "file")
    callers.of_process(CALLER, f"env > {tmp_path}/env; cat > {tmp_path}/given; echo '{json.dumps(GOOD)}'", 10)
    env = (tmp_path / "env").read_text("utf-8")
    assert "123456" not in env
    assert "AWS_VAULT_BACKEND=file" in env
    assert (tmp_path / "given").read_bytes() == b""


@pytest.mark.parametrize(("keys", "runs"), [("", 1), (KEYS, 0)])
def test_a_login_runs_the_process_once_if_there_is_no_key(keys: str, runs: int, files: Path) -> None:
    """A key in the file is used without it."""
    counter = files / "runs"
    command = f"echo x >> {counter}; echo '{json.dumps(GOOD)}'"
    (files / "credentials").write_text(f"[a]\n{keys}credential_process = {command}\n", "utf-8")
    prepared = login.prepare(VerifySettings(profile="a"))
    assert prepared.source.access_key == ("AKIA1" if keys else "AKIA2")
    assert (len(counter.read_text("utf-8").split()) if counter.exists() else 0) == runs


def test_a_process_is_not_run_for_a_destination_that_is_refused(files: Path) -> None:
    """Everything that the files decide is checked first."""
    text = f"[a]\ncredential_process = touch {files}/run\n[a_mfa]\n{KEYS}"
    (files / "credentials").write_text(text, "utf-8")
    with pytest.raises(ProfileUnusable, match="holds long-term keys"):
        login.prepare(VerifySettings(profile="a"))
    assert not (files / "run").exists()
