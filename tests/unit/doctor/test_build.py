from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from toolkit.doctor.build import _auto, _docker, _proxies, examine
from toolkit.engines.docker import image
from toolkit.go import toolchain
from toolkit.model import Check
from toolkit.settings import DoctorSettings

Daemon = Callable[[Mapping[str, object]], str]


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Check]]:
    """Return a function that returns the doctor's check of a variable."""

    def examined(value: str, name: str = "HTTPS_PROXY") -> Check:
        monkeypatch.setenv(name, value)
        toolchain.go.cache_clear()
        return next(check for check in _proxies() if check.name == name)

    yield examined
    toolchain.go.cache_clear()


@pytest.mark.parametrize(
    "value",
    [
        "http://user:hunter2@proxy.example:3128",
        "https://hunter2@proxy.example",
        "socks5://user:hunter2@proxy.example:1080/",
        "user:hunter2@proxy.example:3128",
        "http://user:a@hunter2@proxy.example:3128",
        "http://user:a,hunter2@proxy.example:3128",
        "http://user:a/hunter2@proxy.example:3128",
        "user:hunter2/b@proxy.example:3128",
    ],
)
def test_a_password_is_not_shown(value: str, proxy: Callable[..., Check]) -> None:
    """People paste the doctor's output into issues; the host is still shown."""
    check = proxy(value)
    assert "hunter2" not in check.detail
    assert "proxy.example" in check.detail
    assert check.ok


def test_each_of_several_module_proxies_is_shown_without_its_password(proxy: Callable[..., Check]) -> None:
    """Commas and bars separate them."""
    check = proxy("https://a:hunter2@one.example,https://b:hunter2@two.example|direct", "GOPROXY")
    assert check.detail == "https://…@one.example,https://…@two.example|direct"


@pytest.mark.parametrize(
    "value",
    [
        "http://localhost:3128",
        "http://127.0.0.1:3128",
        "https://user:password@[::1]:3128",
        "socks5://LOCALHOST:1080",
        "localhost:3128",
        "127.0.0.1:3128",
    ],
)
def test_a_proxy_on_the_loopback_is_flagged(value: str, proxy: Callable[..., Check]) -> None:
    """A container has its own loopback interface; the check is a note."""
    check = proxy(value)
    assert (check.ok, check.required) == (False, False)
    assert "`--engine local`" in check.fix


def test_a_module_proxy_on_the_loopback_is_flagged_too(proxy: Callable[..., Check]) -> None:
    """Its position among others does not matter."""
    assert not proxy("https://modules.example|http://127.0.0.1:8081,direct", "GOPROXY").ok
    assert proxy("https://modules.example|direct", "GOPROXY").ok


def test_what_is_not_reached_through_a_proxy_is_no_proxy(proxy: Callable[..., Check]) -> None:
    """The loopback is right in NO_PROXY, and settings without an address are shown unchanged."""
    assert proxy("localhost,127.0.0.1,http://localhost", "NO_PROXY").ok
    assert proxy("private.example", "GOPRIVATE").detail == "private.example"


@pytest.mark.parametrize("value", ["http://[::1:3128", "http://", "://", "http://host:port"])
def test_an_address_that_is_none_is_shown_all_the_same(value: str, proxy: Callable[..., Check]) -> None:
    """People run the doctor when something is mistyped."""
    assert proxy(value).detail == value


@pytest.mark.parametrize(
    ("go", "docker", "taken"),
    [(True, True, "docker"), (False, True, "docker"), (True, False, "local"), (False, False, "none")],
)
def test_the_engine_that_would_be_taken_is_told(*, go: bool, docker: bool, taken: str) -> None:
    """Docker if it responds, else this machine's Go; the check only fails without both."""
    check = _auto(Check("toolchain", ok=go, detail=""), Check("docker engine", ok=docker, detail=""))
    assert check.detail.startswith(taken)
    assert check.ok is (taken != "none")
    assert check.required


@pytest.mark.parametrize(
    ("named", "answer", "said"),
    [
        ("", {"Id": "1"}, ("present", True)),
        ("", 404, ("built on first use", True)),
        ("ours", {"Id": "1"}, ("present", True)),
        ("ours", 404, ("missing", False)),
    ],
)
def test_an_image_that_was_named_has_to_be_there(
    named: str, answer: object, said: tuple[str, bool], daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The builder image is built if it is missing; an image from `--image` is not."""
    info = {"NCPU": 4, "MemTotal": 8e9, "OSType": "linux", "Architecture": "x86_64"}
    answers = {"version": {"ApiVersion": "1.45"}, "_ping": "OK", "info": info, "json": answer}
    monkeypatch.setenv("DOCKER_HOST", daemon(answers))
    check, name = _docker(DoctorSettings(image=named)), named or image.name()
    assert (check.ok, check.required, check.fix) == (said[1], False, f"docker pull {name}")
    assert check.detail.endswith(f"linux/amd64, 4 cores, 8 GB; image {name}: {said[0]}")


def test_everything_that_building_needs_is_looked_at(nobody: str, tmp_path: Path) -> None:
    """The rows are toolchain, engines and disk space; without Docker the checks pass if there is a Go."""
    found = {check.name: check for check in examine(DoctorSettings(dist=tmp_path / "not" / "there"))}
    assert list(found)[:3] == ["toolchain", "docker engine", "engine"]
    assert found["toolchain"].detail.startswith(f"{toolchain.pinned()} ")
    assert nobody in found["docker engine"].detail
    assert found["docker engine"].fix == "fix or unset DOCKER_HOST; or use `--engine local`"
    assert found["engine"].ok
    assert found["disk space (dist)"].detail.endswith(f"GB free at {tmp_path}")
    assert "disk space (cache)" in found
    assert [check.name for check in found.values() if check.required] == ["engine"]
