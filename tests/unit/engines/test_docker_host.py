from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import docker.errors
import pytest

from tests.unit.samples import write_tree
from toolkit.engines.docker_container import LABEL
from toolkit.engines.docker_host import Host
from toolkit.errors import DiskFull, EngineBroken, EngineLost, EngineUnavailable, ImageUnusable

if TYPE_CHECKING:
    import docker

Daemon = Callable[[Mapping[str, object]], str]
INFO = {"NCPU": 4, "MemTotal": 8 << 30, "OSType": "linux", "Architecture": "aarch64"}
ANSWERS = {"version": {"ApiVersion": "1.45"}, "_ping": "OK", "info": INFO}


# --- reaching an engine ----------------------------------------------------------------------------------------------


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


def test_an_engine_tells_what_it_is(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its address, its cores and memory, and its architecture in Go's words."""
    address = daemon(ANSWERS)
    monkeypatch.setenv("DOCKER_HOST", address)
    host = Host.connect()
    host.close()
    assert (host.address, host.goos, host.goarch, host.cpus, host.memory) == (address, "linux", "arm64", 4, 8 << 30)


def test_the_engine_of_the_current_context_is_reached(daemon: Daemon, contexts: Callable[..., None]) -> None:
    """As the docker command would."""
    address = daemon(ANSWERS)
    contexts("ours", ours=address, theirs="tcp://127.0.0.1:1")
    host = Host.connect()
    host.close()
    assert host.address == address


def test_the_context_that_a_variable_names_counts_first(
    daemon: Daemon, contexts: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOCKER_CONTEXT is the docker command's too."""
    address = daemon(ANSWERS)
    contexts("theirs", ours=address, theirs="tcp://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_CONTEXT", "ours")
    host = Host.connect()
    host.close()
    assert host.address == address


@pytest.mark.parametrize("current", ["gone", 5, None, ["x"]], ids=str)
def test_a_context_that_is_not_there_is_an_error(current: object, contexts: Callable[..., None]) -> None:
    """An engine that was taken away may still be named in the docker command's settings."""
    contexts(current, ours="tcp://127.0.0.1:1")
    if current is None:
        contexts("ours", ours="nonsense://")
    with pytest.raises(EngineUnavailable):
        Host.connect()


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://[::1", "tcp://127.0.0.1:99999", "unix://", "unix:///none"])
def test_an_address_that_is_none_is_an_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST is typed by people; what it holds is shown to them."""
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(EngineUnavailable, match="DOCKER_HOST") as caught:
        Host.connect()
    assert f"`{address}`" in str(caught.value)


def test_an_engine_that_does_not_answer_is_an_error(nobody: str) -> None:
    """It is found out at once."""
    with pytest.raises(EngineUnavailable) as caught:
        Host.connect()
    assert type(caught.value) is EngineUnavailable
    assert f"`{nobody}`" in str(caught.value)


def test_an_engine_of_another_system_is_of_no_use(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, and so nothing takes its place."""
    monkeypatch.setenv("DOCKER_HOST", daemon({**ANSWERS, "info": {**INFO, "OSType": "windows"}}))
    with pytest.raises(EngineBroken, match="runs windows containers") as caught:
        Host.connect()
    assert "Linux containers" in caught.value.hint


@pytest.mark.parametrize("silent", ["version", "_ping"])
def test_an_engine_that_fails_at_once_is_broken(silent: str, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words are passed on."""
    monkeypatch.setenv("DOCKER_HOST", daemon({name: answer for name, answer in ANSWERS.items() if name != silent}))
    with pytest.raises(EngineBroken, match="500"):
        Host.connect()


# --- what is asked of an engine --------------------------------------------------------------------------------------


@dataclass
class FakeApi:
    """The part of the SDK's low-level client that a host uses."""

    raises: Exception | None = None  # when a container is started
    config: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    full: bool = False

    def create_host_config(self, **config: Any) -> dict[str, Any]:
        """Keep the limits of a container."""
        self.config = config
        return config

    def create_container(self, image: str, **made: Any) -> None:
        """Keep what a container is made of."""
        self.made = {"image": image, **made}

    def attach_socket(self, *_: Any, **__: Any) -> io.BytesIO:
        """Give a standard input."""
        return io.BytesIO()

    def start(self, _name: str) -> None:
        """Start the container."""
        if self.raises:
            raise self.raises

    def put_archive(self, _name: str, folder: str, _data: bytes) -> None:
        """Keep where files were put."""
        self.folders.append(folder)
        if self.full:
            raise docker.errors.APIError("500", explanation="no space left on device")

    def remove_container(self, name: str, **_: Any) -> None:
        """Remove it."""
        self.removed.append(name)


@dataclass
class Things:
    """What an engine has of one kind."""

    items: tuple[Any, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    gone: str = ""

    def list(self, **asked: Any) -> tuple[Any, ...]:
        """Return all of it."""
        self.asked = asked
        return self.items

    def get(self, name: str) -> Any:
        """Return one of it."""
        for item in self.items:
            if item.name == name:
                return item
        raise docker.errors.ImageNotFound(name) if name == "image" else docker.errors.NotFound(name)

    def create(self, name: str, **asked: Any) -> None:
        """Make one more."""
        self.asked = {"name": name, **asked}

    def build(self, **asked: Any) -> None:
        """Make one more."""
        self.asked = asked

    def remove(self, name: str, **asked: Any) -> None:
        """Remove one of it."""
        self.gone, self.asked = name, asked


@dataclass
class FakeClient:
    """The part of the SDK's client that a host uses, over things that only say what happened to them."""

    api: FakeApi = field(default_factory=FakeApi)
    containers: Things = field(default_factory=Things)
    volumes: Things = field(default_factory=Things)
    images: Things = field(default_factory=Things)

    def info(self) -> dict[str, Any]:
        """Tell what it is."""
        return INFO


def thing(name: str, happened: list[str], **more: Any) -> Any:
    """Return a container or volume that notes down how it is removed."""
    return SimpleNamespace(name=name, remove=lambda **how: happened.append(f"{name} {sorted(how)}"), **more)


def host(client: FakeClient) -> Host:
    """Return a host over a fake client."""
    return Host(cast("docker.DockerClient", client), "tcp://engine.example")


@pytest.mark.parametrize(("online", "network"), [(False, "none"), (True, "bridge")])
def test_a_container_can_do_nothing_but_compile(*, online: bool, network: str) -> None:
    """No network but for fetching, no capability, no new privilege, a root that cannot be written, limits on all."""
    client = FakeClient()
    host(client).run("image", "run", "cache", online=online, memory=1 << 30)
    config = client.api.config
    assert config["network_mode"] == network
    assert (config["cap_drop"], config["security_opt"]) == (["ALL"], ["no-new-privileges"])
    assert (config["read_only"], config["auto_remove"]) == (True, True)
    assert (config["mem_limit"], config["memswap_limit"], config["pids_limit"]) == (1 << 30, 1 << 30, 4096)
    assert not config.get("privileged")


def test_a_container_has_three_volumes_and_nothing_of_the_host() -> None:
    """One of its own, the build cache that was named, and the modules; each is labelled as whose it is."""
    client = FakeClient()
    host(client).run("image", "run", "cache", online=False, memory=1)
    mounts = {mount["Target"]: mount for mount in client.api.config["mounts"]}
    assert {mount["Type"] for mount in mounts.values()} == {"volume"}
    assert [mounts[place]["Source"] for place in ("/build", "/cache", "/modules")] == [
        None,
        "cache",
        f"{LABEL}-modules",
    ]
    labels = [mounts[place]["VolumeOptions"]["Labels"][LABEL] for place in ("/build", "/cache", "/modules")]
    assert labels == ["run", "cache", "cache"]
    assert client.api.folders == ["/build", "/cache", "/modules"]
    assert client.api.made["image"] == "image"


def test_two_containers_have_two_names() -> None:
    """Both begin with ours."""
    client, names = FakeClient(), set()
    for _ in range(2):
        host(client).run("image", "run", "cache", online=False, memory=1)
        names.add(client.api.made["name"])
    assert len(names) == 2
    assert all(name.startswith(f"{LABEL}-") for name in names)


def test_a_container_that_does_not_start_is_removed() -> None:
    """Whether its image cannot run Go, or the engine has no room."""
    client = FakeClient(FakeApi(raises=docker.errors.APIError("gofmt: executable file not found")))
    with pytest.raises(ImageUnusable):
        host(client).run("image", "run", "cache", online=False, memory=1)
    assert client.api.removed == [client.api.made["name"]]
    full = FakeClient(FakeApi(full=True))
    with pytest.raises(DiskFull):
        host(full).run("image", "run", "cache", online=False, memory=1)
    assert full.api.removed == [full.api.made["name"]]


def test_an_image_is_there_or_not() -> None:
    """A failure to tell is the engine's."""
    client = FakeClient(images=Things((SimpleNamespace(name="there"),)))
    assert host(client).has_image("there")
    assert not host(client).has_image("image")


def test_an_image_is_built_of_a_context_and_labelled() -> None:
    """So that cleaning finds it; nothing of a build that fails is left."""
    client, context = FakeClient(), io.BytesIO(b"tar")
    host(client).make_image("tag", context)
    assert client.images.asked == {
        "fileobj": context,
        "custom_context": True,
        "tag": "tag",
        "rm": True,
        "forcerm": True,
        "labels": {LABEL: "builder"},
    }


def used(happened: list[str]) -> FakeClient:
    """Return an engine on which something was left behind."""
    image = SimpleNamespace(id="sha256:1", tags=["builder:1"], short_id="1")
    return FakeClient(
        containers=Things((thing("one", happened),)),
        volumes=Things((thing("two", happened),)),
        images=Things((image,)),
    )


def test_only_what_this_checkout_left_is_swept_away() -> None:
    """Nothing of another one's, no cache and no image; a stopped container counts too."""
    happened: list[str] = []
    client = used(happened)
    assert host(client).sweep(everything=False, run="/dist") == ["container one", "volume two"]
    assert client.containers.asked == {"all": True, "filters": {"label": f"{LABEL}=/dist"}}
    assert client.volumes.asked == {"filters": {"label": f"{LABEL}=/dist"}}
    assert client.images.asked == {}
    assert happened == ["one ['force', 'v']", "two ['force']"]


def test_everything_of_ours_is_swept_away_on_request() -> None:
    """And nothing that does not carry our label."""
    client = used([])
    assert host(client).sweep(everything=True, run="/dist") == ["container one", "volume two", "image builder:1"]
    assert client.containers.asked["filters"] == client.volumes.asked["filters"] == {"label": LABEL}
    assert client.images.gone == "sha256:1"
    assert client.images.asked == {"force": True}


def test_volumes_are_made_and_removed() -> None:
    """With a label that cleaning finds; one that is gone is as good as removed."""
    happened: list[str] = []
    client = used(happened)
    host(client).make_volume("new")
    assert client.volumes.asked == {"name": "new", "labels": {LABEL: "cache"}}
    host(client).remove_volume("two")
    host(client).remove_volume("three")
    assert happened == ["two []"]
    assert host(client).owned("mine") == ["container one", "volume two"]
    assert client.containers.asked == {"all": True, "filters": {"label": "mine"}}


def test_an_engine_that_fails_later_is_lost() -> None:
    """What was being done is told."""

    class Failing(FakeClient):
        def info(self) -> dict[str, Any]:
            raise docker.errors.APIError("500", explanation="it is ill")

    with pytest.raises(EngineLost, match="asked what it is: it is ill"):
        host(Failing())
