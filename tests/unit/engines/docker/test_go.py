from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from tests.fakes import FakeProgress
from toolkit.engines.docker.container import Result
from toolkit.engines.docker.go import download, prepare
from toolkit.engines.docker.host import MODULES
from toolkit.errors import ImageUnusable, ToolchainError
from toolkit.go import toolchain

if TYPE_CHECKING:
    from toolkit.engines.docker.container import Container

Answer = Callable[[tuple[str, ...], Mapping[str, str]], Result | None]
WANTED = "go1.27.3"


@dataclass(eq=False)
class FakeContainer:
    """A container with a function as its go command."""

    answer: Answer
    online: bool
    files: dict[str, bytes] = field(default_factory=dict)
    calls: list[Mapping[str, str]] = field(default_factory=list)
    removed: bool = False

    def put(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Take files."""
        self.files |= {f"{folder}/{name}": data for name, data in files.items()}

    def get(self, path: str) -> bytes | None:
        """Return a file."""
        return self.files.get(path)

    def exec(self, argv: tuple[str, ...], env: Mapping[str, str], _folder: str, *, seconds: float) -> Result | None:
        """Answer."""
        assert argv[0] == "go"
        assert seconds > 0
        self.calls.append(env)
        return self.answer(argv[1:], {**env, "online": str(self.online)})

    def remove(self) -> None:
        """Remember it."""
        self.removed = True


@dataclass
class FakeStart:
    """Starts such containers."""

    answer: Answer
    made: list[FakeContainer] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def __call__(self, *, online: bool) -> Container:
        """Return a new one."""
        self.made.append(FakeContainer(self.answer, online, dict(self.files)))
        return cast("Container", self.made[-1])


def said(text: str, code: int = 0, errors: str = "") -> Result:
    """Return the result of a command."""
    return Result(code, text, errors)


def version(text: str, code: int = 0) -> Answer:
    """Return a go command with only one answer."""
    return lambda _args, _env: said(f"go version {text} linux/amd64\n", code)


def switching(own: str, *, cached: bool) -> Answer:
    """Return a go command that becomes another version if it has it, or if it is online."""

    def answer(args: tuple[str, ...], env: Mapping[str, str]) -> Result:
        assert args == ("version",)
        wanted = env["GOTOOLCHAIN"]
        if wanted == "local":
            return said(f"go version {own} linux/amd64\n")
        there = cached or env["online"] == "True"
        return said(f"go version {wanted} linux/amd64\n") if there else said("", 1, "go: module lookup disabled\n")

    return answer


def test_an_image_that_has_the_wanted_go_needs_no_network() -> None:
    """It prints no line and downloads nothing."""
    start, progress = FakeStart(version(WANTED)), FakeProgress()
    prepare(start, "image", WANTED, b"pem", progress)
    assert [(item.online, item.removed, len(item.calls)) for item in start.made] == [(False, True, 1)]
    assert not progress.said


@pytest.mark.parametrize("cached", [True, False])
def test_another_go_downloads_the_wanted_one_once(*, cached: bool) -> None:
    """It uses the certificates of this machine, in a container that is used for nothing else."""
    start, progress = FakeStart(switching("go1.26.1", cached=cached)), FakeProgress()
    prepare(start, "image", WANTED, b"pem", progress)
    assert [item.online for item in start.made] == ([False] if cached else [False, True])
    assert all(item.removed for item in start.made)
    if not cached:
        assert progress.said == [f"downloading {WANTED} for the image `image`, which has go1.26.1"]
        (env,) = start.made[1].calls
        assert start.made[1].files[env["SSL_CERT_FILE"]] == b"pem"
        assert env["GOPROXY"].startswith("http")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (version("go1.20.14"), "has go1.20.14, which cannot download go1.27.3"),
        (version("go1.21rc2"), "has go1.21rc2, which cannot download"),
        (version("devel +abc"), "does not print its version"),
        (version(WANTED, code=1), "does not print its version"),
        (version("go1" * 99), "does not print its version|cannot download"),
        (lambda _args, _env: said(""), "does not print its version"),
        (lambda _args, _env: None, "did not finish within 60 s"),
        (lambda _args, _env: said("", 127, 'exec: "go": executable file not found in $PATH'), "has no `go`"),
        (lambda _args, _env: said("", 126, 'exec: "go": executable file not found in $PATH'), "has no `go`"),
    ],
)
def test_an_image_without_a_usable_go_is_an_error(answer: Answer, says: str) -> None:
    """The error names the image, and the container is removed."""
    start = FakeStart(answer)
    with pytest.raises(ImageUnusable, match=says) as caught:
        prepare(start, "image", WANTED, b"pem", FakeProgress())
    assert "`image`" in str(caught.value)
    assert all(item.removed for item in start.made)


def test_a_go_that_cannot_be_downloaded_is_an_error() -> None:
    """The error quotes the go command; a false claim of success is not trusted."""

    def refusing(_args: tuple[str, ...], env: Mapping[str, str]) -> Result:
        own = env["GOTOOLCHAIN"] == "local"
        return (
            said("go version go1.26.1 linux/amd64\n") if own else said("", 1, "go: download go1.27.3: no such host\n")
        )

    for answer in (refusing, version("go1.26.1")):
        start = FakeStart(answer)
        with pytest.raises(ToolchainError, match=r"the image `image` cannot download go1\.27\.3: ") as caught:
            prepare(start, "image", WANTED, b"pem", FakeProgress())
        assert "GOPROXY" in caught.value.hint
        assert all(item.removed for item in start.made)


# --- the zip of another toolchain ------------------------------------------------------------------------------------

ZIP = f"{MODULES}/go/x.zip"


def test_a_toolchain_is_downloaded_in_a_container() -> None:
    """The module is downloaded online, and the zip is read from the container."""

    def answer(args: tuple[str, ...], env: Mapping[str, str]) -> Result:
        assert args == ("mod", "download", "-json", "golang.org/toolchain@v0.0.1-go1.24.5.linux-arm64")
        assert (env["online"], env["GOTOOLCHAIN"]) == ("True", "local")
        return said(json.dumps({"Zip": ZIP}))

    start = FakeStart(answer, files={ZIP: b"zip"})
    assert download(start, "image", "go1.24.5", "arm64", b"pem") == b"zip"
    assert [item.removed for item in start.made] == [True]


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (said(json.dumps({"Error": "no such version"}), 1), "no such version"),
        (said("", 1, "go: no such host\n"), "no such host"),
        (said("no JSON"), "cannot download"),
        (said("[" * 100_000), "cannot download"),
        (said("[]"), "cannot download"),
        (said(json.dumps({"Zip": 5})), "cannot download"),
        (said(json.dumps({"Zip": "/etc/passwd"})), "cannot download"),
        (said(json.dumps({"Zip": f"{MODULES}/none.zip"})), "cannot download"),
        (said(json.dumps({"Zip": ZIP}), 1), "cannot download"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_toolchain_that_cannot_be_downloaded_is_an_error(result: Result, says: str) -> None:
    """Only a file of the module cache is accepted, whatever the command printed."""
    start = FakeStart(lambda _args, _env: result, files={ZIP: b"zip", "/etc/passwd": b"x"})
    with pytest.raises(ToolchainError, match=says):
        download(start, "image", "go1.24.5", "arm64", b"pem")
    assert [item.removed for item in start.made] == [True]


@pytest.mark.parametrize("named", ["", "https://proxy.example"])
def test_the_network_is_asked_at_gos_own_proxy_or_the_users(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no go command here to name one; the empty module volume is never used as a proxy."""

    def nothing() -> toolchain.Go:
        raise ToolchainError("there is no go command on this machine")

    monkeypatch.setattr(toolchain, "go", nothing)
    monkeypatch.setenv("GOPROXY", named)
    start = FakeStart(switching("go1.26.0", cached=False))
    prepare(start, "golang", WANTED, b"", FakeProgress())
    assert start.made[-1].online
    assert start.made[-1].calls[0]["GOPROXY"] == named
    assert start.made[0].calls[0]["GOPROXY"].startswith("file:")
