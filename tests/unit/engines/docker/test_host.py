from __future__ import annotations

import base64
import hashlib
import http.server
import io
import json
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import docker.errors
import pytest

import docker
from tests.unit.samples import write_tree
from toolkit.engines.docker.connect import without_credentials
from toolkit.engines.docker.container import LABEL
from toolkit.engines.docker.host import MODULES, SOURCE, Host
from toolkit.engines.docker.pull import Found
from toolkit.engines.docker.volumes import cache_names
from toolkit.errors import (
    DiskFull,
    EngineBroken,
    EngineForbidden,
    EngineLost,
    EngineUnavailable,
    ImageUnusable,
    ToolkitError,
    WrongContainers,
)

Daemon = Callable[[Mapping[str, object]], str]
INFO = {"NCPU": 4, "MemTotal": 8 << 30, "OSType": "linux", "Architecture": "aarch64"}
ANSWERS = {"version": {"ApiVersion": "1.45"}, "_ping": "OK", "info": INFO}


# --- connecting to an engine -----------------------------------------------------------------------------------------


@pytest.fixture
def contexts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that writes the docker command's settings, with a context for each address by name."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def write(current: object, **addresses: str) -> None:
        write_tree(tmp_path, {"config.json": json.dumps({"currentContext": current})})
        for name, address in addresses.items():
            meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": address, "SkipTLSVerify": False}}}
            folder = hashlib.sha256(name.encode()).hexdigest()
            write_tree(tmp_path / "contexts" / "meta", {f"{folder}/meta.json": json.dumps(meta)})

    return write


def test_an_engine_says_what_it_is(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its address, its cores and memory, and its architecture in Go's words."""
    address = daemon(ANSWERS)
    monkeypatch.setenv("DOCKER_HOST", address)
    host = Host.connect()
    host.close()
    assert (host.address, host.goos, host.goarch, host.cpus, host.memory) == (address, "linux", "arm64", 4, 8 << 30)


def test_the_engine_of_the_current_context_is_reached(daemon: Daemon, contexts: Callable[..., None]) -> None:
    """The docker command does the same."""
    address = daemon(ANSWERS)
    contexts("ours", ours=address, theirs="tcp://127.0.0.1:1")
    host = Host.connect()
    host.close()
    assert host.address == address


def test_the_context_that_a_variable_names_counts_first(
    daemon: Daemon, contexts: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOCKER_CONTEXT is a variable of the docker command, too."""
    address = daemon(ANSWERS)
    contexts("theirs", ours=address, theirs="tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONTEXT", "ours")
    host = Host.connect()
    host.close()
    assert host.address == address


@pytest.mark.parametrize("current", ["gone", 5, None, ["x"]], ids=str)
def test_a_context_that_does_not_exist_is_an_error(current: object, contexts: Callable[..., None]) -> None:
    """The message names it, or else describes the unusable address; it never says `the current context`."""
    contexts(current, ours="tcp://127.0.0.1:1")
    if current is None:
        contexts("ours", ours="nonsense://")
    with pytest.raises(EngineUnavailable) as caught:
        Host.connect()
    assert type(caught.value) is EngineUnavailable
    assert "current" not in str(caught.value)
    if current == "gone":
        assert str(caught.value) == "the docker context `gone` does not exist or is broken"
        assert caught.value.hint.startswith("`docker context use default`")


def test_a_missing_context_that_a_variable_names_is_an_error(
    contexts: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is to fix the variable."""
    contexts("ours", ours="tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONTEXT", "gone")
    with pytest.raises(EngineUnavailable, match=r"`gone`.*DOCKER_CONTEXT") as caught:
        Host.connect()
    assert "unset DOCKER_CONTEXT" in caught.value.hint


def test_the_engine_of_a_context_is_named_by_its_address(contexts: Callable[..., None], tmp_path: Path) -> None:
    """The user does not have to look up the address of the context."""
    address = f"unix://{tmp_path}/none.sock"
    contexts("ours", ours=address)
    with pytest.raises(EngineUnavailable, match=f"no Docker engine answers at `{address}`"):
        Host.connect()


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://[::1", "tcp://127.0.0.1:99999", "unix://", "unix:///none"])
def test_an_address_that_is_none_is_an_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users type DOCKER_HOST; the message shows its value."""
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(EngineUnavailable, match="DOCKER_HOST") as caught:
        Host.connect()
    assert f"`{address}`" in str(caught.value)


def test_an_engine_that_does_not_answer_is_an_error(nobody: str) -> None:
    """The error comes immediately."""
    with pytest.raises(EngineUnavailable) as caught:
        Host.connect()
    assert type(caught.value) is EngineUnavailable
    assert f"`{nobody}`" in str(caught.value)


def test_an_engine_of_another_system_is_of_no_use(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, so no other engine is used instead."""
    monkeypatch.setenv("DOCKER_HOST", daemon({**ANSWERS, "info": {**INFO, "OSType": "windows"}}))
    with pytest.raises(WrongContainers, match="runs windows containers") as caught:
        Host.connect()
    assert "Linux containers" in caught.value.hint


@pytest.mark.parametrize(
    "info",
    [{}, [], "x", {**INFO, "NCPU": "many"}, {**INFO, "Architecture": None}, {**INFO, "Architecture": "../../x"}],
    ids=str,
)
def test_an_engine_that_describes_itself_oddly_is_broken(
    info: object, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers never become part of a path or a traceback."""
    monkeypatch.setenv("DOCKER_HOST", daemon({**ANSWERS, "info": info}))
    with pytest.raises(EngineBroken, match="not a Docker engine"):
        Host.connect()


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("silent", ["version", "_ping"])
def test_an_engine_that_refuses_this_user_is_forbidden(
    status: int, silent: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authorization plugin, or a proxy in front of the engine, refuses with an HTTP status."""
    address = daemon({**ANSWERS, silent: status})
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(EngineForbidden, match=f"you may not use the Docker engine at `{address}`"):
        Host.connect()


@pytest.mark.parametrize("silent", ["version", "_ping"])
def test_an_engine_that_fails_at_once_is_broken(silent: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error quotes the engine."""
    monkeypatch.setenv("DOCKER_HOST", daemon({name: answer for name, answer in ANSWERS.items() if name != silent}))
    with pytest.raises(EngineBroken, match="500"):
        Host.connect()


# --- requests to an engine -------------------------------------------------------------------------------------------


@dataclass
class FakeApi:
    """The part of the SDK's low-level client that a host uses."""

    raises: Exception | None = None  # when a container is started
    config: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    full: bool = False
    sent: bytes = b""
    images: dict[str, Any] = field(default_factory=dict)  # the engine's description of an image, by name
    left: tuple[dict[str, Any], ...] = ()  # containers
    asked: dict[str, Any] = field(default_factory=dict)

    def reload_config(self, path: str | None = None) -> None:
        """Use another configuration."""

    def create_host_config(self, **config: Any) -> dict[str, Any]:
        """Store the limits of a container."""
        self.config = config
        return config

    def create_container(self, image: str, **made: Any) -> None:
        """Store the arguments for a container."""
        self.made = {"image": image, **made}

    def attach_socket(self, *_: Any, **__: Any) -> io.BytesIO:
        """Return a standard input."""
        return io.BytesIO()

    def start(self, _name: str) -> None:
        """Start the container."""
        if self.raises:
            raise self.raises

    def put_archive(self, _name: str, folder: str, data: bytes | Iterator[bytes]) -> None:
        """Store the directory of files."""
        self.folders.append(folder)
        self.sent = data if isinstance(data, bytes) else b"".join(data)
        if self.full:
            raise docker.errors.APIError("500", explanation="no space left on device")

    def inspect_container(self, _name: str) -> dict[str, dict[str, bool]]:
        """Report that it runs."""
        return {"State": {"Running": True}}

    def remove_container(self, name: str, **_: Any) -> None:
        """Remove it."""
        self.removed.append(name)
        if name.startswith("going"):
            raise docker.errors.APIError("409", explanation="removal is already in progress")

    def wait(self, name: str, *, timeout: float, condition: str) -> None:
        """Wait for its end."""
        assert (timeout, condition) == (10, "removed")
        raise docker.errors.NotFound(name)

    def containers(self, **asked: Any) -> tuple[dict[str, Any], ...]:
        """Return all containers."""
        self.asked = asked
        return self.left

    def inspect_image(self, name: str) -> Any:
        """Describe an image."""
        if name == "x:1:2":
            raise docker.errors.APIError("400", explanation="invalid reference format")
        if name == "broken":
            raise docker.errors.APIError("500", explanation="boom")
        if name not in self.images:
            raise docker.errors.ImageNotFound(name)
        return self.images[name]


@dataclass
class Things:
    """All objects of one kind on an engine."""

    items: tuple[Any, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    gone: str = ""

    def list(self, **asked: Any) -> tuple[Any, ...]:
        """Return all of them."""
        self.asked = asked
        return self.items

    def get(self, name: str) -> Any:
        """Return one of them."""
        for item in self.items:
            if item.name == name:
                return item
        raise docker.errors.NotFound(name)

    def build(self, **asked: Any) -> None:
        """Make one more."""
        self.asked = asked

    def remove(self, name: str, **asked: Any) -> None:
        """Remove one of them."""
        self.gone, self.asked = name, asked


@dataclass
class FakeClient:
    """The part of the SDK's client that a host uses, with objects that only record calls."""

    api: FakeApi = field(default_factory=FakeApi)
    containers: Things = field(default_factory=Things)
    volumes: Things = field(default_factory=Things)
    images: Things = field(default_factory=Things)

    def info(self) -> dict[str, Any]:
        """Describe itself."""
        return INFO


def thing(name: str, happened: list[str], **more: Any) -> Any:
    """Return a container or volume that records its removal."""
    return SimpleNamespace(name=name, remove=lambda **how: happened.append(f"{name} {sorted(how)}"), **more)


def host(client: FakeClient) -> Host:
    """Return a host over a fake client."""
    return Host(cast("docker.DockerClient", client), "tcp://engine.example")


def start(client: FakeClient, *, online: bool = False, memory: int = 1, source: str = "") -> None:
    """Start a container on a fake engine."""
    host(client).run("image", "run", cache="cache", modules="modules", source=source, online=online, memory=memory)


@pytest.mark.parametrize(("online", "network"), [(False, "none"), (True, "bridge")])
def test_a_container_can_do_nothing_but_compile(*, online: bool, network: str) -> None:
    """It has no network except for downloads, no capability, no new privilege, no log, a read-only root, and limits."""
    client = FakeClient()
    start(client, online=online, memory=1 << 30)
    config = client.api.config
    assert config["network_mode"] == network
    assert (config["cap_drop"], config["security_opt"]) == (["ALL"], ["no-new-privileges"])
    assert (config["read_only"], config["auto_remove"]) == (True, True)
    assert (config["mem_limit"], config["memswap_limit"], config["pids_limit"]) == (1 << 30, 1 << 30, 4096)
    assert config["log_config"]["Type"] == "none"
    assert not config.get("privileged")
    assert client.api.made["healthcheck"] == {"test": ["NONE"]}


@pytest.mark.parametrize("source", ["", "source"])
def test_a_container_has_volumes_and_nothing_of_the_host(source: str) -> None:
    """They are an anonymous one, the named caches, and a read-only source; no files of the image are copied there."""
    client = FakeClient()
    start(client, source=source)
    mounts = {mount["Target"]: mount for mount in client.api.config["mounts"]}
    expected: dict[str, tuple[str | None, str | None]] = {
        "/build": (None, "run"),
        "/cache": ("cache", "cache"),
        MODULES: ("modules", "cache"),
    }
    expected |= {SOURCE: ("source", None)} if source else {}
    found = {
        place: (mount["Source"], mount["VolumeOptions"].get("Labels", {}).get(LABEL)) for place, mount in mounts.items()
    }
    assert found == expected
    assert {mount["Type"] for mount in mounts.values()} == {"volume"}
    assert all(mount["VolumeOptions"]["NoCopy"] for mount in mounts.values())
    assert [place for place, mount in mounts.items() if mount.get("ReadOnly")] == ([SOURCE] if source else [])
    assert client.api.folders == ["/build", "/cache", MODULES]
    assert client.api.made["image"] == "image"
    assert client.api.made["labels"] == {LABEL: "run", f"{LABEL}-machine": platform.node()}


def test_two_containers_have_two_names() -> None:
    """Both begin with the label."""
    client, names = FakeClient(), set()
    for _ in range(2):
        start(client)
        names.add(client.api.made["name"])
    assert len(names) == 2
    assert all(name.startswith(f"{LABEL}-") for name in names)


def test_a_container_that_does_not_start_is_removed() -> None:
    """The reason may be an image that cannot run Go, or a full disk."""
    client = FakeClient(FakeApi(raises=docker.errors.APIError("gofmt: executable file not found")))
    with pytest.raises(ImageUnusable):
        start(client)
    assert client.api.removed == [client.api.made["name"]]
    full = FakeClient(FakeApi(full=True))
    with pytest.raises(DiskFull):
        start(full)
    assert full.api.removed == [full.api.made["name"]]


# --- volumes ---------------------------------------------------------------------------------------------------------


def test_caches_belong_to_one_image_and_one_toolchain() -> None:
    """The user may choose a name; only the build cache can be separated further."""
    ids, versions, extras, chosen = ("sha256:1", "sha256:2"), ("go1.27.3", "go1.27.2"), ("", "x"), ("", "ours")
    names = {
        cache_names(image, version, extra, build_cache=name)
        for image in ids
        for version in versions
        for extra in extras
        for name in chosen
    }
    assert len({build for build, _ in names}) == 16
    assert len({modules for _, modules in names}) == 4
    own = hashlib.sha256(b"sha256:1").hexdigest()[:12]
    assert cache_names("sha256:1", "go1.27.3") == (f"{LABEL}-cache-{own}-go1.27.3", f"{LABEL}-modules-{own}-go1.27.3")
    assert cache_names("sha256:1", "go1.27.3", "x", build_cache="ours")[0] == f"ours-{own}-go1.27.3-x"


def test_a_source_is_streamed_into_a_volume() -> None:
    """A container that is never started receives it; the volume has the run's labels and can be removed by name."""
    client = FakeClient(FakeApi(raises=AssertionError("started")))
    name = host(client).make_source_volume("run", iter([b"tar", b"ball"]), "image")
    (mount,) = client.api.config["mounts"]
    assert (mount["Source"], mount["Target"], mount.get("ReadOnly", False)) == (name, SOURCE, False)
    assert mount["VolumeOptions"]["Labels"][LABEL] == "run"
    assert (client.api.folders, client.api.sent) == ([SOURCE], b"tarball")
    assert client.api.made["image"] == "image"
    assert client.api.removed == [client.api.made["name"]]


@pytest.mark.parametrize("error", [DiskFull, OSError, KeyboardInterrupt], ids=str)
def test_a_source_that_cannot_be_sent_leaves_nothing(error: type[BaseException]) -> None:
    """The disk may be full, the source unreadable, or the user may interrupt."""
    happened: list[str] = []

    def broken() -> Iterator[bytes]:
        yield b"x"
        client.volumes = Things((thing(client.api.config["mounts"][0]["Source"], happened),))
        if error is not DiskFull:
            raise error

    client = FakeClient(FakeApi(full=error is DiskFull))
    with pytest.raises((ToolkitError, error)):
        host(client).make_source_volume("run", broken(), "image")
    assert client.api.removed == [client.api.made["name"]]
    assert len(happened) == 1


# --- images ----------------------------------------------------------------------------------------------------------


def test_an_image_is_described_or_missing() -> None:
    """It has its ID and its digests; a failure is the engine's."""
    there = {"Id": "sha256:1", "RepoDigests": ["golang@sha256:2"], "Architecture": "arm64"}
    client = FakeClient(FakeApi(images={"there": there, "local": {"Id": "sha256:3", "RepoDigests": None}, "odd": []}))
    found = host(client)
    assert found.find_image("there") == Found("sha256:1", ("golang@sha256:2",), "arm64")
    assert found.find_image("local") == Found("sha256:3", ())
    assert found.find_image("image") is None
    assert found.find_image("x:1:2") is None
    with pytest.raises(EngineLost, match="boom"):
        found.find_image("broken")
    assert (found.has_image("there"), found.has_image("image")) == (True, False)
    with pytest.raises(EngineLost, match="`odd`"):
        found.find_image("odd")


@pytest.mark.parametrize(
    ("goarch", "runs"), [("arm64", True), ("amd64", False), ("386", True), ("arm", True), ("", True), ("s390x", True)]
)
def test_an_engine_runs_programs_of_its_architecture(goarch: str, *, runs: bool) -> None:
    """A 32-bit program may run as well; a program is tried unless it is known to fail."""
    assert host(FakeClient()).runs(goarch) is runs


def test_an_image_is_built_of_a_context_and_labelled() -> None:
    """Cleaning finds it by its label; a build that fails leaves nothing."""
    client, context = FakeClient(), io.BytesIO(b"tar")
    host(client).make_image("tag", context)
    assert client.images.asked == {
        "fileobj": context,
        "custom_context": True,
        "tag": "tag",
        "rm": True,
        "forcerm": True,
        "labels": {LABEL: "builder"},
        "use_config_proxy": False,
    }


def test_a_build_sends_no_password_of_a_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No registry is used; the SDK alone would send the passwords of all of them."""
    secret = base64.b64encode(b"someone:secret").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"registry.example": {"auth": secret}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sent: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Store the request of a build."""
            sent.append(base64.urlsafe_b64decode(self.headers.get("X-Registry-Config", "")).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.41")
        try:
            with without_credentials(client):
                client.api.build(fileobj=io.BytesIO(), custom_context=True)
            client.api.build(fileobj=io.BytesIO(), custom_context=True)
        finally:
            client.close()
            server.shutdown()
    assert ["secret" in each for each in sent] == [False, True]


def removed_already(**_: Any) -> None:
    """Fail like the engine for a volume that does not exist any more."""
    raise docker.errors.NotFound("gone")


def used(happened: list[str]) -> FakeClient:
    """Return an engine with leftovers."""
    image = SimpleNamespace(id="sha256:1", tags=["builder:1"], short_id="1")
    gone = thing("gone", happened)
    gone.remove = removed_already
    return FakeClient(
        FakeApi(left=({"Id": "1", "Names": ["/one"]}, {"Id": "going", "Names": None}, {"Id": "123"})),
        volumes=Things((thing("two", happened), gone)),
        images=Things((image,)),
    )


def test_only_what_this_checkout_left_is_swept_away() -> None:
    """Objects of other checkouts and machines, caches and images stay; a container that never started is removed."""
    happened: list[str] = []
    client = used(happened)
    assert host(client).sweep(everything=False, run="/dist") == ["container one", "container 123", "volume two"]
    filters = {"label": [f"{LABEL}=/dist", f"{LABEL}-machine={platform.node()}"]}
    assert client.api.asked == {"all": True, "filters": filters}
    assert client.volumes.asked == {"filters": filters}
    assert client.images.asked == {}
    assert client.api.removed == ["1", "going", "123"]
    assert happened == ["two ['force']"]


def test_everything_of_ours_is_swept_away_on_request() -> None:
    """Objects without the label stay."""
    client = used([])
    gone = host(client).sweep(everything=True, run="/dist")
    assert gone == ["container one", "container 123", "volume two", "image builder:1"]
    assert client.api.asked["filters"] == client.volumes.asked["filters"] == {"label": [LABEL]}
    assert client.images.gone == "sha256:1"
    assert client.images.asked == {"force": True}


def test_volumes_are_removed() -> None:
    """A missing volume is not an error."""
    happened: list[str] = []
    client = used(happened)
    client.containers = Things((thing("one", happened),))
    host(client).remove_volume("two")
    host(client).remove_volume("three")
    assert happened == ["two []"]
    assert host(client).owned("mine") == ["container one", "volume two", "volume gone"]
    assert client.containers.asked == {"all": True, "filters": {"label": "mine"}}


def test_an_engine_that_fails_later_is_lost() -> None:
    """The message names the operation."""

    class Failing(FakeClient):
        def info(self) -> dict[str, Any]:
            raise docker.errors.APIError("500", explanation="it is ill")

    with pytest.raises(EngineLost, match="while describing itself: it is ill"):
        host(Failing())
