"""A company's module proxy, with a certificate that only this company trusts."""

from __future__ import annotations

import base64
import contextlib
import http.server
import io
import ipaddress
import json
import os
import ssl
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.exact import started
from toolkit.errors import SourceError
from toolkit.go import toolchain
from toolkit.go.buildinfo import read_build_info

MODULE = "corp.example/greeting"


@dataclass
class Proxy:
    """A module proxy with one module, at a version that no cache can have."""

    certificate: Path
    version: str = field(default_factory=lambda: f"v1.0.{time.time_ns() // 1000}")
    asked: list[str] = field(default_factory=list)
    port: int = 0
    password: str = ""  # required for every request, unless it is empty

    @property
    def authorization(self) -> str:
        """The header that a request needs then."""
        return f"Basic {base64.b64encode(f'reader:{self.password}'.encode()).decode()}"

    def answer(self, path: str) -> bytes | None:
        """Return the response for a path."""
        self.asked.append(path)
        mod = f"module {MODULE}\n\ngo 1.21\n".encode()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(f"{MODULE}@{self.version}/go.mod", mod)
            archive.writestr(f"{MODULE}@{self.version}/greeting.go", 'package greeting\n\nconst Text = "hello"\n')
        info = json.dumps({"Version": self.version, "Time": "2026-01-01T00:00:00Z"}).encode()
        known = {".info": info, ".mod": mod, ".zip": packed.getvalue()}
        found = [data for end, data in known.items() if path == f"/{MODULE}/@v/{self.version}{end}"]
        return found[0] if found else None


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """Return this machine's address, as the engine under test sees it."""
    if request.node.callspec.params["kind"] == "local":
        return "127.0.0.1"
    request.getfixturevalue("docker_host")
    network = json.loads(
        subprocess.run(["docker", "network", "inspect", "bridge"], check=True, capture_output=True).stdout
    )
    subnet = ipaddress.ip_network(network[0]["IPAM"]["Config"][0]["Subnet"])  # the engine may omit its gateway
    ours = subprocess.run(["hostname", "-I"], check=True, capture_output=True, text=True).stdout.split()
    for address in ours:
        if ipaddress.ip_address(address) in subnet:
            return address
    pytest.skip("the engine's network is not on this machine")


@pytest.fixture
def proxy(address: str, tmp_path: Path) -> Iterator[Proxy]:
    """Serve a module over HTTPS, with a self-signed certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subject = ["-days", "2", "-subj", "/CN=proxy", "-addext", f"subjectAltName=IP:{address}"]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    served = Proxy(certificate)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer one request."""
            known = not served.password or self.headers.get("Authorization") == served.authorization
            data = served.answer(self.path) if known else None
            self.send_response(401 if not known else 404 if data is None else 200)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with http.server.ThreadingHTTPServer((address, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        served.port = server.server_port
        threading.Thread(target=server.serve_forever).start()
        yield served
        server.shutdown()


@pytest.mark.parametrize("kind", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_settings_of_this_machine_reach_the_engine(
    kind: str, address: str, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Module proxy, checksum database exceptions and certificates are those of this machine."""
    folder = prepared(address, proxy, tmp_path, monkeypatch)
    with fresh_go(), started(kind, tmp_path) as builds:
        data = builds.build(folder)
    assert isinstance(data, bytes)
    assert f"/{MODULE}/@v/{proxy.version}.zip" in proxy.asked
    info = read_build_info(data)
    assert info
    assert [(dep.path, dep.version) for dep in info.deps] == [(MODULE, proxy.version)]


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        *(("local", "NETRC"), ("local", "GOAUTH"), pytest.param("local", "GOPROXY", marks=pytest.mark.slow)),
        pytest.param("docker", "GOPROXY", marks=pytest.mark.docker),
        pytest.param("docker", "NETRC", marks=[pytest.mark.docker, pytest.mark.slow]),
    ],
)
def test_a_proxy_that_asks_for_a_password(  # noqa: PLR0913, PLR0917 - a row and four fixtures
    kind: str, way: str, address: str, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local engine uses this machine's; a container uses the one in an address, or the hint says what to do."""
    folder = prepared(address, proxy, tmp_path, monkeypatch)
    proxy.password, host = "c4n4ry-password", f"{address}:{proxy.port}"
    helper, netrc = tmp_path / "helper", tmp_path / "netrc"
    helper.write_text(f"#!/bin/sh\nprintf 'https://{host}\\n\\nAuthorization: {proxy.authorization}\\n\\n'\n", "utf-8")
    helper.chmod(0o755)
    netrc.write_text(f"machine {host} login reader password {proxy.password}\n", "utf-8")
    named = {"NETRC": str(netrc), "GOAUTH": str(helper), "GOPROXY": f"https://reader:{proxy.password}@{host}"}
    monkeypatch.setenv(way, named[way])
    with fresh_go(), started(kind, tmp_path) as builds:
        data = builds.build(folder)
    if (kind, way) == ("docker", "NETRC"):
        assert isinstance(data, SourceError)
        assert "401 Unauthorized" in str(data)
        assert "`--engine local`" in data.hint
    else:
        assert isinstance(data, bytes)
        assert f"/{MODULE}/@v/{proxy.version}.zip" in proxy.asked


def prepared(address: str, proxy: Proxy, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the variables of a user of the proxy without any cached files, and write a program that needs it."""
    for name, value in {
        "GOPROXY": f"https://{address}:{proxy.port}",
        "GONOSUMDB": "corp.example",
        "SSL_CERT_FILE": str(proxy.certificate),
        "GOMODCACHE": str(folder / "modules"),
        "XDG_CACHE_HOME": str(folder / "caches"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with fresh_go():
        source = program(folder / "program", proxy.version)
    proxy.asked.clear()
    monkeypatch.setenv("GOMODCACHE", str(folder / "empty"))
    return source


@pytest.fixture(autouse=True)
def _removable(tmp_path: Path) -> Iterator[None]:
    """Make module caches deletable."""
    yield
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)


@contextlib.contextmanager
def fresh_go() -> Iterator[None]:
    """Look for the go command again, in the current environment, and afterwards in the later one."""
    toolchain.go.cache_clear()
    try:
        yield
    finally:
        toolchain.go.cache_clear()


def program(folder: Path, version: str) -> Path:
    """Write a program that needs the module, with its sums."""
    folder.mkdir()
    (folder / "go.mod").write_text(f"module made.example/made\n\ngo 1.27\n\nrequire {MODULE} {version}\n", "utf-8")
    text = f'package main\n\nimport "{MODULE}"\n\nfunc main() {{ println(greeting.Text) }}\n'
    (folder / "main.go").write_text(text, "utf-8")
    done = toolchain.go().run("mod", "tidy", cwd=folder, **{name: os.environ[name] for name in ("SSL_CERT_FILE",)})
    assert done.returncode == 0, done.stderr
    return folder
