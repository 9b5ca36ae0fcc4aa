from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from botocore.configprovider import DEFAULT_S3_CONFIG_VARS
from botocore.session import Session

from toolkit.aws.clients import Aws, Caller
from toolkit.errors import AwsRefused, AwsUnreachable

KEYS = Caller("example", "eu-west-3", "AKIA1", "x")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Caller]]:
    """Return a function that starts an AWS with one response to every call, and returns a caller for it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        answer = ""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.answer)))
            self.end_headers()
            self.wfile.write(self.answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    def start(answer: str) -> Caller:
        Handler.answer = answer
        address = f"http://127.0.0.1:{server.server_port}"
        return replace(KEYS, endpoints=dict.fromkeys(("sts", "iam", "s3"), address))

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield start
        server.shutdown()


@pytest.mark.parametrize(
    "listed", ["", "<MFADevices><member><UserName>alice</UserName></member></MFADevices>"], ids=("none", "no serial")
)
def test_devices_that_are_not_told(listed: str, answering: Callable[[str], Caller]) -> None:
    """A response without a required field is unexpected."""
    answer = f"<ListMFADevicesResponse><ListMFADevicesResult>{listed}</ListMFADevicesResult></ListMFADevicesResponse>"
    with pytest.raises(AwsUnreachable, match="unexpected response to `ListMFADevices`"):
        Aws(2).devices(answering(answer), "alice")


SEED = "<SerialNumber>a</SerialNumber><Base32StringSeed>c4n4ry</Base32StringSeed>"
DEVICE = f"<CreateVirtualMFADeviceResult><VirtualMFADevice>{SEED}</VirtualMFADevice></CreateVirtualMFADeviceResult>"
ODD = (
    "", "{", "<", "<a/>", "\x00", "<ErrorResponse/>", "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn/>",
    "<GetUserResponse><GetUserResult><User/></GetUserResult></GetUserResponse>",
    f"<CreateVirtualMFADeviceResponse>{DEVICE}</CreateVirtualMFADeviceResponse>",
)  # fmt: skip


@pytest.mark.parametrize("answer", ODD)
def test_odd_responses_are_sentences(answer: str, answering: Callable[[str], Caller]) -> None:
    """Any invalid response gives one of our errors, which does not quote it."""
    aws, caller = Aws(2), answering(answer)
    calls: tuple[Callable[[], object], ...] = (
        lambda: aws.identity(caller), lambda: aws.session(caller), lambda: aws.user(caller),
        lambda: aws.new_device(caller, "a"), lambda: aws.devices(caller, "a"),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(AwsUnreachable) as caught:
            call()
        assert "c4n4ry" not in str(caught.value)


def test_no_variable_decides_how_calls_are_made(
    monkeypatch: pytest.MonkeyPatch, answering: Callable[[str], Caller]
) -> None:
    """Invalid values in every variable that botocore knows, and a profile that does not exist, change nothing."""
    listed = [each for _, names, _, _ in Session.SESSION_VARIABLES.values() for each in as_list(names)]
    of_s3 = [each for _, names, _, _ in DEFAULT_S3_CONFIG_VARS.values() for each in as_list(names)]
    more = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"]
    more += ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_EXECUTION_ENV", "AWS_BEARER_TOKEN_STS"]
    assert len(listed) > 30
    plain = Aws(2).addresses(KEYS)
    for name in (*listed, *of_s3, *more):
        monkeypatch.setenv(name, "nonsense")
    assert Aws(2).addresses(KEYS) == plain
    answer = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn><Account>b</Account><UserId>c</UserId>"
    caller = answering(f"{answer}</GetCallerIdentityResult></GetCallerIdentityResponse>")
    assert Aws(2).identity(caller).arn == "a"
    assert Aws(2).time(caller) > 0
    with pytest.raises(AwsUnreachable):  # this server does not respond to it
        Aws(2).devices(caller, "a")


def as_list(names: str | list[str] | None) -> list[str]:
    """Return the names of variables."""
    return [names] if isinstance(names, str) else names or []


@pytest.mark.parametrize(
    ("caller", "address"),
    [
        (KEYS, "https://sts.eu-west-3.amazonaws.com"),
        (replace(KEYS, use_fips_endpoint=True, region="us-east-1"), "https://sts-fips.us-east-1.amazonaws.com"),
        (replace(KEYS, use_dualstack_endpoint=True), "https://sts.eu-west-3.api.aws"),
        (replace(KEYS, region="cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_usual_address(caller: Caller, address: str) -> None:
    """It follows from the region, FIPS and dual stack."""
    assert Aws(2).addresses(caller)["sts"] == (address, address)


@pytest.mark.parametrize("address", ["c4n4ry", "http://user:c4n4ry @ho st", "http://u:c4n4ry/x@host"])
def test_an_endpoint_that_is_not_an_address(address: str) -> None:
    """It is not called, and not shown: any part of it may be a password."""
    caller = replace(KEYS, endpoints={"sts": address})
    assert Aws(2).addresses(caller)["sts"][0] == ""
    with pytest.raises(AwsRefused, match="the endpoint of STS for profile `example` is not an address") as caught:
        Aws(2).identity(caller)
    assert "c4n4ry" not in str(caught.value)


def test_where_no_proxy_is_used_is_no_proxy(monkeypatch: pytest.MonkeyPatch, dead: str) -> None:
    """A host in NO_PROXY is shown unchanged, though it looks like a mistyped proxy address."""
    monkeypatch.setenv("NO_PROXY", f"{dead},127.0.0.1")
    with pytest.raises(AwsUnreachable, match=f'endpoint URL: "http://{dead}/"$'):
        Aws(2).identity(replace(KEYS, endpoints={"sts": f"http://{dead}"}))


def test_keys_are_not_shown() -> None:
    """A caller only shows part of its key ID, and lists its secrets."""
    caller = Caller("a", "us-east-1", "AKIA1", "c4n4ry", "hunter2", {"sts": "http://a:c4n4ry@b"})
    assert "c4n4ry" not in repr(caller)
    assert "hunter2" not in repr(caller)
    assert caller.secrets == ("c4n4ry", "hunter2")
    assert replace(caller, access_key="AKIA123456789WXYZ").shown_key == "AKIA…WXYZ"
