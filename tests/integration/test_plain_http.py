"""Addresses that are not encrypted: only this computer is called at one, unless `--allow-http` is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.integration.conftest import Desk
from tests.integration.hostile import Hostile, relay, serving
from tests.integration.test_aws_mfa import SESSION
from tests.integration.test_verify import dist
from toolkit.doctor import login as doctor
from toolkit.emulator import Emulator
from toolkit.errors import EndpointInsecure
from toolkit.mfa import enroll
from toolkit.mfa.login import prepare
from toolkit.mfa.proof import require
from toolkit.mfa.verify import verify
from toolkit.model import Check
from toolkit.settings import EnrollSettings, VerifySettings

PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
INSECURE = (
    "http://aws.example", "HTTP://AWS.EXAMPLE", "http://10.0.0.1:4566", "http://128.0.0.1", "http://127.0.0.1.nip.example/",
    "http://localhost.example", "http://localhost@evil.example", "http://localhost:80@evil.example",
    "http://127.0.0.1%40evil.example", "http://0.0.0.0:4566", "http://[::]:4566", "http://[fe80::1]:4566",
    "http://127.1:4566", "http://2130706433", "http://0x7f000001", "http://user:hunter2@aws.example/",
)  # fmt: skip
UNUSABLE = (
    "ftp://aws.example", "localhost:4566", "aws.example", "https://", "http://", "https://:443", "http://[::1",
    "//aws.example", "http://aws.example:port", "http://evil.example\\@localhost", "file:///etc/passwd",
    "http:/localhost",
)  # fmt: skip


@pytest.fixture
def trap(aws: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    """Return a proxy that would see every call to another computer, and passes it on to the embedded AWS."""
    with serving(relay(aws.url)) as server:
        for name in PROXIES:
            monkeypatch.setenv(name, server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield server


WAYS: dict[str, Callable[[Desk, str], tuple[tuple[str, ...], dict[str, str]]]] = {
    "flag": lambda _, url: (("--endpoint-url", url), {}),
    "variable": lambda _, url: ((), {"AWS_ENDPOINT_URL": url}),
    "variable of STS": lambda _, url: ((), {"AWS_ENDPOINT_URL_STS": url}),
    "variable of IAM": lambda _, url: ((), {"AWS_ENDPOINT_URL_IAM": url}),
    "profile": lambda desk, url: written(desk, f"[profile example]\nendpoint_url = {url}\n"),
    "services": lambda desk, url: written(desk, SERVICES.format("sts", url)),
    "services of IAM": lambda desk, url: written(desk, SERVICES.format("iam", url)),
}
SERVICES = "[profile example]\nservices = here\n[services here]\n{} =\n  endpoint_url = {}\n"


def written(desk: Desk, config: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Let an address be in the config file alone."""
    (desk.shell.folder / "config").write_text(config, "utf-8")
    return (), {"AWS_ENDPOINT_URL": ""}


def refused(desk: Desk, way: str, url: str, trap: Hostile) -> str:
    """Log in in vain: no call is made, nobody is asked, nothing is written. Return what was said."""
    more, env = WAYS[way](desk, url)
    before, calls = desk.shell.credentials.read_bytes(), len(desk.shell.emulator.calls)
    done = desk.shell.run(*desk.argv, *more, **env)
    assert (done.returncode, done.stdout) == (252 if "error[usage]" in done.stderr else 253, ""), done.stderr
    assert trap.requests == []
    assert (desk.asked, len(desk.shell.emulator.calls)) == (0, calls)
    assert desk.shell.credentials.read_bytes() == before
    assert "hunter2" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("url", INSECURE)
def test_addresses_that_others_can_listen_to(url: str, desk: Desk, trap: Hostile) -> None:
    """What only looks like this computer is another one."""
    said = refused(desk, "variable", url, trap)
    assert said.startswith(("aws-mfa: error[endpoint-insecure]: ", "aws-mfa: error[profile-unusable]: "))
    assert ("--allow-http" in said) is ("[endpoint-insecure]" in said)


@pytest.mark.parametrize("way", WAYS)
def test_wherever_the_address_is_written(way: str, desk: Desk, trap: Hostile) -> None:
    """Every place counts, and one of the two services is enough."""
    assert refused(desk, way, "http://aws.example", trap).startswith("aws-mfa: error[endpoint-insecure]: ")


@pytest.mark.parametrize("url", UNUSABLE)
def test_what_is_no_address(url: str, desk: Desk, trap: Hostile) -> None:
    """It is refused before any call, wherever it is written, and `--allow-http` does not help."""
    assert refused(desk, "variable", url, trap).startswith("aws-mfa: error[profile-unusable]: ")
    assert refused(desk, "flag", url, trap).startswith("aws-mfa: error[usage]: ")
    assert refused(desk, "profile", url, trap).startswith("aws-mfa: error[profile-unusable]: ")


@pytest.mark.parametrize("way", WAYS)
def test_allowed(way: str, desk: Desk, trap: Hostile) -> None:
    """With --allow-http the address is called, as the proxy sees."""
    more, env = WAYS[way](desk, "http://aws.example")
    if way in {"variable of IAM", "services of IAM"}:
        env = {**env, "AWS_ENDPOINT_URL_STS": desk.shell.emulator.url}
        more = (*more, "--serial", "alice")  # found by a call of IAM
    done = desk.shell.run(*desk.argv, *more, "--allow-http", **env)
    assert done.returncode == 0, done.stderr
    assert {urlsplit(request.target).hostname for request in trap.requests} == {"aws.example"}
    assert SESSION.search(desk.shell.credentials.read_bytes())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]", "user:hunter2@127.0.0.1"]
)
def test_this_computer(host: str, desk: Desk, trap: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is called without --allow-http, and through no proxy: that could be on another computer."""
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy")
    url = f"http://{host}:{urlsplit(desk.shell.emulator.url).port}"
    done = desk.shell.run(*desk.argv, AWS_ENDPOINT_URL=url)
    assert done.returncode == 0, done.stderr
    assert trap.requests == []


# --- the toolkit -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kit:
    """The toolkit at a desk."""

    desk: Desk
    trap: Hostile
    folder: Path
    patch: pytest.MonkeyPatch

    def rows(self, *, allow_http: bool = False) -> dict[str, Check]:
        """Return what the doctor finds."""
        return {row.name: row for row in doctor.examine("example", allow_http=allow_http)}


@pytest.fixture
def kit(desk: Desk, trap: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Return the toolkit at a desk whose AWS is at an address that is not encrypted."""
    for name, value in {**desk.shell.variables, "AWS_ENDPOINT_URL": "http://aws.example"}.items():
        monkeypatch.setenv(name, value)
    return Kit(desk, trap, tmp_path, monkeypatch)


@pytest.mark.parametrize("url", INSECURE)
def test_the_doctor_and_such_addresses(url: str, kit: Kit) -> None:
    """Its row of the endpoint is bad, and names no password; nothing is called."""
    kit.patch.setenv("AWS_ENDPOINT_URL", url)
    rows = kit.rows()
    assert (rows["endpoint"].ok, rows["endpoint"].required) == (False, True)
    assert "would not be encrypted" in rows["endpoint"].detail or "not an address" in rows["endpoint"].detail
    assert rows["endpoint"].fix
    assert "hunter2" not in str(rows)
    assert kit.trap.requests == []


@pytest.mark.parametrize("url", UNUSABLE)
def test_the_doctor_and_what_is_no_address(url: str, kit: Kit) -> None:
    """The row says so, even with --allow-http; nothing is called."""
    kit.patch.setenv("AWS_ENDPOINT_URL", url)
    row = kit.rows(allow_http=True)["endpoint"]
    assert (row.ok, row.required) == (False, True)
    assert kit.trap.requests == []


@pytest.mark.parametrize("service", ["STS", "IAM", "S3"])
def test_verify_and_enroll_refuse(service: str, kit: Kit) -> None:
    """One service at such an address is enough, and the error has its own kind."""
    kit.patch.setenv("AWS_ENDPOINT_URL", kit.desk.shell.emulator.url)
    kit.patch.setenv(f"AWS_ENDPOINT_URL_{service}", "http://user:hunter2@aws.example")
    for act in (
        lambda: prepare(VerifySettings(profile="example")),
        lambda: enroll.prepare(EnrollSettings(profile="example")),
    ):
        with pytest.raises(EndpointInsecure) as caught:
            act()
        assert (caught.value.kind, caught.value.exit_code) == ("endpoint-insecure", 60)
        assert "--allow-http" in caught.value.hint
        assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert kit.trap.requests == []


def test_the_doctor_may_be_allowed(kit: Kit) -> None:
    """Its calls then go there."""
    rows = kit.rows(allow_http=True)
    assert rows["user"].detail == kit.desk.user.arn
    assert {urlsplit(request.target).hostname for request in kit.trap.requests} == {"aws.example"}


def test_a_proxy_on_another_computer(kit: Kit) -> None:
    """Botocore sends even what is for this computer to a proxy; only one on this computer may get it."""
    kit.patch.setenv("AWS_ENDPOINT_URL", kit.desk.shell.emulator.url)
    kit.patch.delenv("NO_PROXY")
    kit.patch.delenv("no_proxy")
    assert kit.rows()["user"].ok
    for name in PROXIES:
        kit.patch.setenv(name, "http://user:hunter2@proxy.example:3128")
    row = kit.rows()["endpoint"]
    assert (row.ok, row.required) == (False, True)
    assert "NO_PROXY" in row.fix
    assert "hunter2" not in f"{row}"
    with pytest.raises(EndpointInsecure):
        prepare(VerifySettings(profile="example"))


def test_verify_may_be_allowed(kit: Kit) -> None:
    """It allows it to the program, too."""
    login = prepare(VerifySettings(profile="example", aws_timeout=20, allow_http=True))
    command = "import subprocess; sys.exit(subprocess.run([{!r}, *sys.argv[1:]]).returncode)\n"
    proof = verify(login, dist(kit.folder, command.format(kit.desk.program)), lambda _: kit.desk.user.device.code())
    require(proof)
    assert {urlsplit(request.target).hostname for request in kit.trap.requests} == {"aws.example"}
