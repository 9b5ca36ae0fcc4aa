from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toolkit import aws
from toolkit.aws import Aws
from toolkit.errors import AwsUnreachable


@pytest.fixture
def _example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let a profile `example` have keys."""
    (tmp_path / "credentials").write_text("[example]\naws_access_key_id = AKIA1\naws_secret_access_key = x\n", "utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def answering(_example: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Aws]]:
    """Return a function that makes an AWS which gives one answer to everything; `example` may call it."""

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

    def start(answer: str) -> Aws:
        Handler.answer = answer
        return Aws(2)

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield start
        server.shutdown()


@pytest.mark.parametrize(
    "listed", ["", "<MFADevices><member><UserName>alice</UserName></member></MFADevices>"], ids=("none", "no serial")
)
def test_devices_that_are_not_told(listed: str, answering: Callable[[str], Aws]) -> None:
    """An answer without what it has to have is none that AWS gives."""
    answer = f"<ListMFADevicesResponse><ListMFADevicesResult>{listed}</ListMFADevicesResult></ListMFADevicesResponse>"
    with pytest.raises(AwsUnreachable, match="the answer to `ListMFADevices` is not one that AWS gives"):
        answering(answer).devices("example", "alice")


@pytest.mark.parametrize(
    ("variables", "settings", "found"),
    [
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, {"region": "c"}, ("a", "AWS_REGION")),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, {"region": "c"}, ("b", "AWS_DEFAULT_REGION")),
        ({"AWS_DEFAULT_REGION": ""}, {"region": "c"}, ("c", "region")),
        ({"AWS_DEFAULT_REGION": ""}, {"region": ""}, ("us-east-1", "")),
    ],
)
def test_the_region_of_calls(variables: dict[str, str], settings: dict[str, str], found: tuple[str, str]) -> None:
    """Variables come before the profile, and what is empty says nothing."""
    assert aws.region(variables, settings) == found


def test_an_empty_region_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Calls go where the profile says."""
    (tmp_path / "config").write_text("[profile example]\nregion = eu-west-3\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    assert Aws(2).addresses("example")["sts"][0] == "https://sts.eu-west-3.amazonaws.com"


@pytest.mark.usefixtures("_example")
def test_where_no_proxy_is_used_is_no_proxy(monkeypatch: pytest.MonkeyPatch, dead: str) -> None:
    """What NO_PROXY names is shown as it is, though it looks like the address of a proxy that was mistyped."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{dead}")
    monkeypatch.setenv("NO_PROXY", f"{dead},127.0.0.1")
    with pytest.raises(AwsUnreachable, match=f'endpoint URL: "http://{dead}/"$'):
        Aws(2).identity("example")
