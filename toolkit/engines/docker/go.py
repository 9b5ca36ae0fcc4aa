"""Go versions in containers: find the version of an image, and let Go download and verify another one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Protocol

from toolkit.engines import DEPTH
from toolkit.engines.docker.container import OTHER_IMAGE, WORK, Container, Result
from toolkit.engines.docker.host import CACHE, MODULES, SCRATCH
from toolkit.errors import ImageUnusable, ToolchainError
from toolkit.go import toolchain
from toolkit.model import Progress

CERTIFICATES = f"{WORK}/ca.pem"
ENVIRONMENT = {
    "HOME": WORK,
    "GOCACHE": f"{CACHE}/go",
    "GOMODCACHE": f"{MODULES}/go{DEPTH}",
    "GOTMPDIR": SCRATCH,
    "TMPDIR": SCRATCH,
    "GOPROXY": f"file://{MODULES}/go{DEPTH}/cache/download",
    "GONOPROXY": "none",  # private modules are there too
    "GOPATH": f"{MODULES}/go/gopath",  # the last known state of the checksum database
    "GOENV": "off",
    "GOWORK": "off",
    "GOFLAGS": "",
    "SSL_CERT_FILE": CERTIFICATES,
}
ONLINE = {"GOPROXY": "", "GONOPROXY": ""}  # use Go's defaults, unless this machine sets others
_SHORT = 60.0  # seconds for a command that downloads nothing
_LONG = 900.0  # seconds for downloading a toolchain
_OLDEST = (1, 21, 0)  # the first Go that can download another
_NO_NETWORK = "check GOPROXY, GOSUMDB and the network: `invoke doctor`"


# How Go reports that it cannot run git or a similar program.
_NO_PROGRAM = re.compile(
    r"(missing \w+ command)\. See https://go\.dev/s/gogetcmd|(executable file not found) in \$PATH"
)


def placed(said: str) -> str:
    """Return Go's output, with the image named as the place where a program is missing."""
    return _NO_PROGRAM.sub(lambda found: f"{found[1] or found[2]} in the image", said)


class Start(Protocol):
    """Start a container of one image, with caches that only this image uses, offline or online."""

    def __call__(self, *, online: bool) -> Container:
        """Return a container; the caller removes it."""


def prepare(start: Start, image: str, version: str, certificates: bytes, progress: Progress) -> None:
    """Make sure that a named image can run a Go version offline; download it into its module volume if necessary.

    Raises ImageUnusable if the image has no Go 1.21 or newer, and ToolchainError if the version cannot be downloaded.
    """
    container = start(online=False)
    try:
        own = _version(_go(container, image, ("version",), {"GOTOOLCHAIN": "local"}))
        if own == version:
            return
        if toolchain.version_key(own) < _OLDEST:
            what = (
                f"has {own}, which cannot download {version}" if own else "has a `go` that does not print its version"
            )
            raise ImageUnusable(f"the image `{image}` {what}", hint=OTHER_IMAGE)
        if _version(_go(container, image, ("version",), {"GOTOOLCHAIN": version})) == version:
            return
    finally:
        container.remove()
    progress.say(f"downloading {version} for the image `{image}`, which has {own}")
    container = start(online=True)
    try:
        done = _online(container, image, ("version",), {"GOTOOLCHAIN": version}, certificates)
    finally:
        container.remove()
    if _version(done) != version:
        why = toolchain.complaint(done.said)
        raise ToolchainError(f"the image `{image}` cannot download {version}: {why}", hint=_NO_NETWORK)


def download(start: Start, image: str, version: str, goarch: str, certificates: bytes) -> bytes:
    """Return the zip of a Linux toolchain, downloaded and checked against Go's checksum database in a container.

    Raises ToolchainError.
    """
    name = toolchain.module("linux", goarch, version)
    container = start(online=True)
    try:
        env = {"GOTOOLCHAIN": "local"}
        done = _online(container, image, ("mod", "download", "-json", name), env, certificates)
        try:
            answer = json.loads(done.output)
            path = answer["Zip"] if not done.code else None
        except (ValueError, KeyError, TypeError, RecursionError):
            path = None
        data = container.get(path) if isinstance(path, str) and path.startswith(f"{MODULES}/") else None
    finally:
        container.remove()
    if data is None:
        found = re.search(r'"Error": "(.*)"', done.output)
        why = toolchain.complaint(found[1] if found else done.said)
        raise ToolchainError(f"cannot download `{name}`: {why}", hint=_NO_NETWORK)
    return data


def _online(
    container: Container, image: str, args: tuple[str, ...], env: Mapping[str, str], certificates: bytes
) -> Result:
    container.put(WORK, {CERTIFICATES.rpartition("/")[2]: certificates})
    return _go(container, image, args, {**ONLINE, **toolchain.module_settings(), **env}, seconds=_LONG)


def _go(
    container: Container, image: str, args: tuple[str, ...], env: Mapping[str, str], *, seconds: float = _SHORT
) -> Result:
    done = container.exec(("go", *args), {**ENVIRONMENT, **env}, WORK, seconds=seconds)
    if done is None:
        raise ImageUnusable(
            f"`go {args[0]}` in the image `{image}` did not finish within {seconds:.0f} s", hint=OTHER_IMAGE
        )
    if done.code in {126, 127} and "executable file not found" in done.said:
        raise ImageUnusable(f"the image `{image}` has no `go` on its PATH", hint=OTHER_IMAGE)
    return done


def _version(done: Result) -> str:
    """Return the version that `go version` printed, or nothing."""
    found = re.match(r"go version (go\d[\w.-]{0,60})\b", done.output)
    return found[1] if found and not done.code else ""
