from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import docker.errors
import pytest

from toolkit.engines.docker.pull import Layers, failed, pull
from toolkit.errors import DiskFull, EngineLost, ImagePullFailed

if TYPE_CHECKING:
    import docker

DIGEST = f"sha256:{'a' * 64}"
EVENTS: list[Any] = [
    {"status": "Pulling from library/golang", "id": "1.27"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "one"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "two"},
    {"status": "Downloading", "progressDetail": {"current": 5_000_000, "total": 50_000_000}, "id": "one"},
    {"status": "Download complete", "progressDetail": {}, "id": "one"},
    {"status": "Pull complete", "progressDetail": {}, "id": "one"},
    {"status": "Already exists", "progressDetail": {}, "id": "two"},
    {"status": f"Digest: {DIGEST}"},
    {"status": "Status: Downloaded newer image for golang:1.27"},
]


@dataclass
class FakeApi:
    """The part of the SDK's client that pulls."""

    events: Iterable[Any] = ()
    raises: Exception | None = None
    asked: dict[str, Any] = field(default_factory=dict)

    def pull(self, name: str, **asked: Any) -> Iterator[Any]:
        """Return the events."""
        self.asked = {"name": name, **asked}
        if self.raises:
            raise self.raises
        return iter(self.events)


def pulled(api: FakeApi, said: list[str] | None = None) -> str:
    """Pull an image from a fake engine."""
    return pull(cast("docker.APIClient", api), "golang:1.27", "linux/arm64", ([] if said is None else said).append)


def test_a_pull_gives_the_digest_and_a_line_at_each_end() -> None:
    """The platform is the engine's; a fast pull prints no line for each event."""
    api, said = FakeApi(EVENTS), list[str]()
    assert pulled(api, said) == DIGEST
    assert api.asked == {"name": "golang:1.27", "stream": True, "decode": True, "platform": "linux/arm64"}
    assert said == [
        "pulling the image `golang:1.27`",
        f"pulled `golang:1.27`: {DIGEST} (2 of 2 layers, 50 of 50 MB)",
    ]


def test_a_slow_pull_is_told_every_few_seconds() -> None:
    """It prints layers and megabytes."""
    clock = iter(range(0, 1000, 2))
    progress = Layers("x", lambda: next(clock))
    lines = [line for event in EVENTS[1:7] if (line := progress.line(event))]
    assert lines == ["pulling `x`: 0 of 2 layers, 5 of 50 MB", "pulling `x`: 2 of 2 layers, 50 of 50 MB"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        "text",
        None,
        [],
        {"status": None, "id": None},
        {"status": "Downloading", "progressDetail": "x", "id": "x"},
        {"status": "Downloading", "progressDetail": {"current": "1", "total": None}, "id": "x"},
        {"status": "Digest: sha256:short"},
        {"status": ["x"], "progressDetail": [], "id": {}},
    ],
    ids=str,
)
def test_an_odd_event_is_passed_over(event: Any) -> None:
    """An engine may send anything."""
    assert pulled(FakeApi([event])) == ""


def test_progress_follows_a_limited_number_of_layers() -> None:
    """An endless list of layers does not fill the memory."""
    progress = Layers("x")
    for number in range(5000):
        progress.line({"status": "Pulling fs layer", "progressDetail": {}, "id": str(number)})
    assert "of 1000 layers" in progress.summary("")


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("manifest for x not found: manifest unknown: manifest unknown", "check the name and the tag"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "docker login"),
        ("unauthorized: authentication required", "docker login"),
        ("Credentials store error: docker-credential-x not installed", "docker login"),
        ('Get "http://x/v2/": dial tcp 127.0.0.1:1: connect: connection refused', "can reach that registry"),
        ("Get x: net/http: TLS handshake timeout", "can reach that registry"),
        ('Get "http://x/v2/": context deadline exceeded', "can reach that registry"),
        ("x509: certificate signed by unknown authority", "can reach that registry"),
        ("no matching manifest for linux/arm64 in the manifest list entries", "an image for linux/arm64"),
        ("repository name must be lowercase: invalid reference format", "check the name and the tag"),
        ("the engine is upset", "docker pull"),
    ],
)
@pytest.mark.parametrize("way", ["event", "detail", "raised"])
def test_a_pull_that_fails_says_why_in_the_engines_words(said: str, hint: str, way: str) -> None:
    """The error is one line, with a hint that fits it."""
    events = {"event": {"error": said}, "detail": {"errorDetail": {"message": said}}}
    api = FakeApi([events[way]]) if way in events else FakeApi(raises=docker.errors.APIError("404", explanation=said))
    with pytest.raises(ImagePullFailed) as caught:
        pulled(api)
    assert str(caught.value) == f"cannot pull the image `golang:1.27`: {said}"
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "event", [{"error": None}, {"errorDetail": None}, {"errorDetail": "x"}, {"error": ""}], ids=str
)
def test_a_failure_without_a_reason_is_one(event: dict[str, Any]) -> None:
    """It is never mistaken for a success."""
    with pytest.raises(ImagePullFailed, match="no reason given"):
        pulled(FakeApi([event]))


@pytest.mark.parametrize("said", [0, 3])
def test_a_registry_that_says_nothing_is_an_error(said: int) -> None:
    """The engine would wait forever; a pull with events may take any time."""
    done = threading.Event()

    def events() -> Iterator[Any]:
        for event in EVENTS[:said]:
            time.sleep(0.05)
            yield event
        done.wait()

    api = cast("docker.APIClient", FakeApi(events()))
    with pytest.raises(ImagePullFailed, match="did not answer within 0 s") as caught:
        pull(api, "golang:1.27", "", lambda _: None, silence=0.1)
    done.set()
    assert "can reach that registry" in caught.value.hint


def test_other_failures_of_a_pull() -> None:
    """These are a full disk, a broken connection, and an endless or secret text."""
    with pytest.raises(DiskFull):
        pulled(FakeApi([{"error": "write /x: no space left on device"}]))
    with pytest.raises(EngineLost):
        pulled(FakeApi(raises=ConnectionResetError()))
    with pytest.raises(ImagePullFailed):
        pulled(FakeApi(raises=docker.errors.StreamParseError("not JSON")))
    shown = str(failed("x", "get https://user:secret@registry.example/v2:\n" + "long " * 9999))
    assert len(shown) < 600
    assert "secret" not in shown
    assert "\n" not in shown


@pytest.mark.parametrize(
    ("name", "login"),
    [
        ("registry.example/x", "`docker login registry.example`"),
        ("localhost:5000/x", "`docker login localhost:5000`"),
        ("me/x", "`docker login`"),
        ("x", "`docker login`"),
    ],
)
def test_a_private_image_needs_a_login_at_its_registry(name: str, login: str) -> None:
    """A name without a registry is on Docker Hub."""
    assert login in failed(name, "denied").hint
