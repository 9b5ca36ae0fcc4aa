"""Properties of the Docker engine: containers that can only compile, and the data that reaches them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Invoke
from tests.fakes import FakeProgress
from tests.integration.exact import whole
from toolkit.engines import Limits
from toolkit.engines.docker import image
from toolkit.engines.docker.engine import DockerEngine, certificates
from toolkit.engines.docker.host import SOURCE, Host
from toolkit.engines.docker.volumes import cache_names
from toolkit.go import toolchain
from toolkit.model import Recipe, Target
from toolkit.settings import CompileSettings

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(docker_host: Host, tmp_path: Path) -> Iterator[DockerEngine]:
    """Return a running Docker engine with one worker."""
    assert docker_host.goos == "linux"
    started = DockerEngine.start(CompileSettings(dist=tmp_path / "dist"), FakeProgress(), Limits(jobs=1))
    yield started
    started.close()


def inspected(label: Path) -> list[dict[str, Any]]:
    """Return the engine's description of the containers of one `dist/`."""
    ids = _docker("ps", "-aq", "--no-trunc", "--filter", f"label=aws-mfa-toolkit={label}").split()
    found: list[dict[str, Any]] = json.loads(_docker("inspect", *ids)) if ids else []
    return found


def _docker(*args: str) -> str:
    return subprocess.run(["docker", *args], check=True, capture_output=True, text=True).stdout


def test_a_worker_can_only_compile(engine: DockerEngine, tiny: Path, tmp_path: Path) -> None:
    """A worker has no network, no privileges, a read-only root, limits, and nothing of this machine mounted."""
    engine.compile(whole(tiny, tmp_path), Target("linux", "amd64"), Recipe(toolchain.pinned()))
    (worker,) = inspected(tmp_path / "dist")
    config, limits = worker["Config"], worker["HostConfig"]
    assert list(worker["NetworkSettings"]["Networks"]) == ["none"]
    assert config["User"] == "65532:65532"
    assert limits["ReadonlyRootfs"]
    assert limits["CapDrop"] == ["ALL"]
    assert limits["SecurityOpt"] == ["no-new-privileges"]
    assert not limits["Privileged"]
    assert limits["Memory"] > 0
    assert limits["PidsLimit"] > 0
    assert {mount["Type"] for mount in worker["Mounts"]} == {"volume"}
    assert [mount["Destination"] for mount in worker["Mounts"] if not mount["RW"]] == [SOURCE]
    assert not limits["Binds"]


def test_settings_are_not_left_in_a_worker(
    engine: DockerEngine, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No container's configuration contains the password in a module proxy's address."""
    monkeypatch.setenv("GOPROXY", "https://someone:secret@proxy.example,direct")
    toolchain.go.cache_clear()
    try:
        assert toolchain.module_settings()["GOPROXY"].endswith("direct")
        engine.compile(whole(tiny, tmp_path), Target("linux", "amd64"), Recipe(toolchain.pinned()))
        assert "secret" not in json.dumps(inspected(tmp_path / "dist"))
    finally:
        toolchain.go.cache_clear()


def test_proxies_of_dockers_configuration_are_not_in_a_worker(
    docker_host: Host, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker passes their passwords to each container; one for compiling has no network to use them."""
    assert docker_host.goos == "linux"
    proxies = {"default": {"httpProxy": "http://someone:secret@proxy.example"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", docker_host.address)
    engine = DockerEngine.start(CompileSettings(dist=tmp_path / "dist"), FakeProgress(), Limits(jobs=1))
    try:
        engine.compile(whole(tiny, tmp_path), Target("linux", "amd64"), Recipe(toolchain.pinned()))
        assert "secret" not in json.dumps(inspected(tmp_path / "dist"))
    finally:
        engine.close()


def test_close_leaves_nothing(engine: DockerEngine, tiny: Path, tmp_path: Path, docker_host: Host) -> None:
    """After a run, no container and no volume of it is left; the caches stay."""
    engine.compile(whole(tiny, tmp_path), Target("linux", "amd64"), Recipe(toolchain.pinned()))
    (worker,) = inspected(tmp_path / "dist")
    own = [mount["Name"] for mount in worker["Mounts"] if mount["Destination"] in {"/build", SOURCE}]
    engine.close()
    assert inspected(tmp_path / "dist") == []
    volumes = _docker("volume", "ls", "-q").split()
    assert not set(own) & set(volumes)
    found = docker_host.find_image(image.name())
    assert found
    assert set(cache_names(found[0], toolchain.pinned())) <= set(volumes)


def test_clean_finds_what_is_left(invoke: Invoke, tmp_path: Path, docker_host: Host) -> None:
    """`invoke clean` removes the containers with this checkout's label, and no others."""
    assert docker_host.has_image(image.name())
    ours, other = f"aws-mfa-toolkit={tmp_path / 'dist'}", "aws-mfa-toolkit=/somewhere/else/dist"
    for label in (ours, other):
        machine = f"aws-mfa-toolkit-machine={platform.node()}"
        _docker("create", "-i", "--label", label, "--label", machine, image.name())
    try:
        done = invoke("clean")
        assert done.returncode == 0, done.stderr
        assert "removed container" in done.stdout
        assert not _docker("ps", "-aq", "--filter", f"label={ours}")
        assert _docker("ps", "-aq", "--filter", f"label={other}")
    finally:
        left = _docker("ps", "-aq", "--filter", f"label={other}").split()
        _docker("rm", *left)


def test_a_run_removes_what_a_killed_one_left(invoke: Invoke, tmp_path: Path, docker_host: Host) -> None:
    """A container that was created but never started removes nothing; another machine's run may be alive."""
    assert docker_host.has_image(image.name())
    label, machine = f"aws-mfa-toolkit={tmp_path / 'dist'}", "aws-mfa-toolkit-machine"
    volume = _docker("volume", "create", "--label", label, "--label", f"{machine}={platform.node()}").strip()
    ours = _docker("create", "--label", label, "--label", f"{machine}={platform.node()}", image.name()).strip()
    other = _docker("create", "--label", label, "--label", f"{machine}=another", image.name()).strip()
    try:
        done = invoke("targets", "--engine", "docker")
        assert done.returncode == 0, done.stderr
        left = _docker("ps", "-aq", "--no-trunc", "--filter", f"label={label}").split()
        assert left == [other]
        assert ours not in left
        assert volume not in _docker("volume", "ls", "-q").split()
    finally:
        _docker("rm", other)


def test_docker_context_is_followed(tmp_path: Path, docker_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without DOCKER_HOST, the engine of the current docker context is used."""
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    _docker("context", "create", "other", "--docker", f"host={address.replace('/var/run/', '/run/')}")
    _docker("context", "use", "other")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    host = Host.connect()
    assert host.cpus == docker_host.cpus
    host.close()


def test_certificates_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate file of this machine is sent."""
    own = tmp_path / "own.pem"
    own.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert certificates() == own.read_bytes()


def test_an_image_that_has_go(engine: DockerEngine, tiny: Path, tmp_path: Path) -> None:
    """With `--image`, a compile results in the same bytes as in the builder image."""
    found = whole(tiny, tmp_path)
    plain = engine.compile(found, Target("linux", "amd64"), Recipe(toolchain.pinned()))
    (tmp_path / "Dockerfile").write_text(f"FROM {image.name()}\nUSER 0\nWORKDIR /elsewhere\nENTRYPOINT []\n", "utf-8")
    _docker("build", "-q", "-t", "aws-mfa-toolkit-test-other", str(tmp_path))
    settings = CompileSettings(dist=tmp_path / "other", image="aws-mfa-toolkit-test-other")
    other = DockerEngine.start(settings, FakeProgress(), Limits(jobs=1))
    try:
        assert other.compile(found, Target("linux", "amd64"), Recipe(toolchain.pinned())) == plain
    finally:
        other.close()
        _docker("rmi", "aws-mfa-toolkit-test-other")
