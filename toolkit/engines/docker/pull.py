"""Pull an image, with coarse progress. Messages of engines and registries are not trusted to be well formed."""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from toolkit.engines.docker.errors import translated
from toolkit.errors import DiskFull, ImagePullFailed, ImageUnusable
from toolkit.redact import redact

if TYPE_CHECKING:
    import docker

_EVERY = 5.0  # seconds between two lines of progress
_SILENCE = 300.0  # seconds until the next event of a pull; the SDK would wait forever
_DONE = {"Pull complete", "Already exists"}
_LONGEST = 500  # characters that are shown of a registry's message
_LAYERS = 1000  # layers whose progress is followed: an image has 127 at most
_HINTS = {
    r"no matching manifest|does not match the (specified|requested) platform": (
        "use an image for {platform}, or another engine"
    ),
    r"dial tcp|no such host|[Tt]imeout|deadline exceeded|did not answer|TLS|x509|EOF|connection re|unreachable": (
        "check that the Docker engine can reach that registry, then run the same command again"
    ),
    r"denied|unauthorized|authentication|no basic auth|Credentials|credential": (
        "check the name; for a private image: `{login}`"
    ),
    r"not found|manifest unknown|does not exist|invalid reference|[Ii]nvalid|NAME_UNKNOWN": (
        "check the name and the tag: `docker pull {name}` says the same"
    ),
}


class Found(NamedTuple):
    """An image that an engine has."""

    id: str
    digests: tuple[str, ...]  # as `REPOSITORY@sha256:…`; empty for an image that no registry knows
    goarch: str = ""


def pull(
    api: docker.APIClient, name: str, wanted: str, say: Callable[[str], None], *, silence: float = _SILENCE
) -> str:
    """Pull an image for a platform, the engine's own by default, and return its digest, `sha256:…`.

    The engine would wait forever for a registry that accepts a connection and then sends nothing. `silence` is the
    maximum number of seconds between two events.

    Raises ImagePullFailed with the engine's message, or DiskFull.
    """
    import docker.errors

    progress, digest = Layers(name), ""
    say(f"pulling the image `{name}`")
    with translated("pulling an image"):
        try:
            for event in _events(lambda: api.pull(name, stream=True, decode=True, platform=wanted or None), silence):
                if not isinstance(event, dict):
                    continue
                if error := _error(event):
                    raise failed(name, error, wanted)
                if line := progress.line(event):
                    say(line)
                if found := re.fullmatch(r"Digest: (sha256:[0-9a-f]{64})", str(event.get("status", ""))):
                    digest = found[1]
        except queue.Empty:
            raise failed(name, f"the registry did not answer within {silence:.0f} s", wanted) from None
        except (docker.errors.DockerException, docker.errors.StreamParseError, ValueError) as error:
            raise failed(name, str(getattr(error, "explanation", None) or error), wanted) from None
    say(progress.summary(digest))
    return digest


def _events(start: Callable[[], Iterator[Any]], silence: float) -> Iterator[Any]:
    """Yield the events of a pull, which runs in a separate thread. Raises queue.Empty after `silence` seconds."""
    happened: queue.SimpleQueue[tuple[Any, Exception | None]] = queue.SimpleQueue()
    end = object()

    def follow() -> None:
        try:
            for event in start():
                happened.put((event, None))
            happened.put((end, None))
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits for the events
            happened.put((end, error))

    threading.Thread(target=follow, daemon=True).start()
    while (found := happened.get(timeout=silence))[0] is not end:
        yield found[0]
    if found[1]:
        raise found[1]


def failed(name: str, said: str, wanted: str = "") -> ImageUnusable | DiskFull:
    """Return an error with the engine's message, and a hint that fits it."""
    words = redact(" ".join(said.split()), os.environ)
    if "no space left on device" in words:
        return DiskFull(
            f"no space left on device for the image `{name}` on the Docker engine",
            hint="`invoke clean --all` or `docker system prune` frees space; then run the same command again",
        )
    words = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    first, _, rest = name.partition("/")
    registry = first if rest and re.search(r"[.:]|^localhost$", first) else ""
    hint = next((text for pattern, text in _HINTS.items() if re.search(pattern, words)), "try `docker pull {name}`")
    login, platform = f"docker login {registry}".strip(), wanted or "the engine's platform"
    hint = hint.format(name=name, login=login, platform=platform)
    return ImagePullFailed(f"cannot pull the image `{name}`: {words.rstrip('.')}", hint=hint)


def _error(event: dict[str, Any]) -> str:
    if "error" not in event and "errorDetail" not in event:
        return ""
    detail = event.get("errorDetail")
    return str(event.get("error") or (detail.get("message") if isinstance(detail, dict) else "") or "no reason given")


class Layers:
    """The progress lines of a pull: one every few seconds, not one for each event."""

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        """Start to follow a pull."""
        self._name, self._now, self._last = name, now, now()
        self._layers: dict[str, tuple[int, int]] = {}  # bytes downloaded, and in total, by layer
        self._done: set[str] = set()

    def line(self, event: dict[str, Any]) -> str:
        """Return the line to print after an event, usually an empty one."""
        layer, detail = str(event.get("id", "")), event.get("progressDetail")
        if layer and (layer in self._layers or len(self._layers) < _LAYERS):
            self._follow(layer, str(event.get("status", "")), detail if isinstance(detail, dict) else {})
        if self._now() - self._last < _EVERY or not self._layers:
            return ""
        self._last = self._now()
        return f"pulling `{self._name}`: {self._amount()}"

    def summary(self, digest: str) -> str:
        """Return the line to print at the end."""
        amount = f" ({self._amount()})" if self._layers else ""
        return f"pulled `{self._name}`{f': {digest}' if digest else ''}{amount}"

    def _follow(self, layer: str, status: str, detail: dict[str, Any]) -> None:
        if status in _DONE:
            self._done.add(layer)
        if status in _DONE or status in {"Pulling fs layer", "Waiting"}:
            self._layers.setdefault(layer, (0, 0))
        current, total = detail.get("current"), detail.get("total")
        if status == "Downloading" and isinstance(current, int) and isinstance(total, int):
            self._layers[layer] = (current, total)
        elif status in {"Download complete", *_DONE} and layer in self._layers:
            _, total = self._layers[layer]
            self._layers[layer] = (total, total)

    def _amount(self) -> str:
        current, total = (sum(numbers) / 1e6 for numbers in zip(*self._layers.values(), strict=True))
        return f"{len(self._done)} of {len(self._layers)} layers, {current:.0f} of {total:.0f} MB"
