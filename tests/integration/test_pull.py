"""Images that `--image` names, pulled from a registry on this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.fakes import FakeProgress
from tests.integration.registries import Registry, docker, started
from toolkit.engines.docker import image
from toolkit.engines.docker.host import Host
from toolkit.engines.docker.image import Image, named, pinned_digest
from toolkit.engines.docker.volumes import cache_names
from toolkit.errors import ImagePullFailed, ImageUnusable
from toolkit.go.toolchain import pinned

pytestmark = [pytest.mark.docker, pytest.mark.needs("docker-registry")]


@pytest.fixture(scope="module")
def registry(docker_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Return a registry that the Docker engine of this machine can reach."""
    with started(docker_host, tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture(scope="module")
def small(docker_host: Host) -> Iterator[str]:
    """Return the name of a local image of one small file."""
    name = "aws-mfa-toolkit-test-small"
    docker("build", "-q", "-t", name, "-", given=b"FROM scratch\nENV TEST=1\nWORKDIR /made\n")
    assert docker_host.has_image(name)
    yield name
    docker("rmi", "-f", name)


def test_a_missing_image_is_pulled_and_used_by_its_digest(registry: Registry, small: str, docker_host: Host) -> None:
    """Progress is a few lines; the second run pulls nothing, and the digest is the same."""
    name = registry.push(small, "small:1")
    progress = FakeProgress()
    found = named(docker_host, name, progress)
    assert found.digest.startswith("sha256:")
    assert found.digest != found.id
    assert progress.said[0] == f"pulling the image `{name}`"
    assert progress.said[-1].startswith(f"pulled `{name}`: {found.digest}")
    assert len(progress.said) < 5
    again = FakeProgress()
    assert named(docker_host, name, again) == found
    assert not again.said


def test_an_image_is_pulled_by_its_digest(registry: Registry, small: str, docker_host: Host) -> None:
    """The digest is known before; if the image exists, nothing is pulled."""
    name = registry.push(small, "pinned:1")
    digest = named(docker_host, name, FakeProgress()).digest
    docker("rmi", f"{registry.name('pinned')}@{digest}")
    for exact in (f"{registry.name('pinned')}@{digest}", f"{name}@{digest}"):
        progress = FakeProgress()
        found = named(docker_host, exact, progress)
        assert (found.digest, pinned_digest(exact)) == (digest, digest)
        assert bool(progress.said) == (exact != f"{name}@{digest}")


def test_an_image_that_was_made_here_has_its_id_for_a_digest(small: str, docker_host: Host) -> None:
    """No registry knows it, and nothing is pulled."""
    local = "aws-mfa-toolkit-test-local"
    docker("build", "-q", "-t", local, "-", given=b"FROM scratch\nENV TEST=2\nWORKDIR /local\n")
    try:
        found = named(docker_host, local, FakeProgress())
        assert small != local
        assert found == Image(found.id, found.id)
    finally:
        docker("rmi", "-f", local)


@pytest.mark.parametrize(
    ("name", "says", "hint"),
    [
        ("small:none", "manifest unknown", "check the name and the tag"),
        ("none:1", "not found|unknown", "check the name"),
        (f"small@sha256:{'0' * 64}", "manifest unknown|not found", "check the name and the tag"),
        ("SMALL:1", "lowercase", "check the name"),
    ],
)
def test_an_image_that_a_registry_does_not_have_is_an_error(
    name: str, says: str, hint: str, registry: Registry, docker_host: Host
) -> None:
    """The error quotes the engine, with a hint that fits."""
    with pytest.raises(ImagePullFailed, match=says) as caught:
        named(docker_host, registry.name(name), FakeProgress())
    assert str(caught.value).startswith(f"cannot pull the image `{registry.name(name)}`: ")
    assert hint in caught.value.hint


def test_a_registry_that_does_not_answer_is_an_error(dead: str, docker_host: Host) -> None:
    """The hint is to check whether the engine can reach the registry."""
    with pytest.raises(ImagePullFailed, match="refused") as caught:
        named(docker_host, f"localhost:{dead.rpartition(':')[2]}/x:1", FakeProgress())
    assert "can reach that registry" in caught.value.hint


def test_an_image_for_another_platform_is_an_error(registry: Registry, docker_host: Host, small: str) -> None:
    """The hint names the platform of the engine."""
    other = "arm64" if docker_host.goarch == "amd64" else "amd64"
    docker("save", "-o", str(registry.folder / "image.tar"), small)
    made = registry.folder / "other"
    made.mkdir()
    subprocess.run(["tar", "-xf", registry.folder / "image.tar", "-C", made], check=True)
    config = next(path for path in made.glob("*.json") if path.name != "manifest.json")
    text = config.read_text("utf-8").replace(f'"architecture":"{docker_host.goarch}"', f'"architecture":"{other}"')
    config.write_text(text, "utf-8")
    manifest = (made / "manifest.json").read_text("utf-8")
    (made / "manifest.json").write_text(manifest.replace(f"{small}:latest", "aws-mfa-toolkit-test-other:1"), "utf-8")
    packed = subprocess.run(["tar", "-c", "-C", made, "."], check=True, capture_output=True).stdout
    docker("load", given=packed)
    name = registry.push("aws-mfa-toolkit-test-other:1", "other:1")
    docker("rmi", "aws-mfa-toolkit-test-other:1")
    with pytest.raises(ImageUnusable, match=f"is for linux/{other}") as caught:
        named(docker_host, name, FakeProgress())
    assert f"linux/{docker_host.goarch}" in caught.value.hint


def test_a_pull_that_fails_ends_a_command(invoke: Invoke, registry: Registry) -> None:
    """The error has one line, a hint and its exit code."""
    done = invoke("targets", "--image", registry.name("none:1"))
    assert done.returncode == ImagePullFailed.exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert f"error[image-pull-failed]: cannot pull the image `{registry.name('none:1')}`" in done.stderr
    assert "hint: check the name" in done.stderr


def test_a_pulled_image_builds(invoke: Invoke, registry: Registry, tiny: Path, docker_host: Host) -> None:
    """An image with Go is pulled by its name, and compiles with the selected version, in separate caches."""
    builder = image.ensure(docker_host, FakeProgress())
    docker("build", "-q", "-t", "aws-mfa-toolkit-test-go", "-", given=f"FROM {image.name()}\nENV OTHER=1\n".encode())
    name = registry.push("aws-mfa-toolkit-test-go", "go:1")
    docker("rmi", "aws-mfa-toolkit-test-go")
    found = named(docker_host, name, FakeProgress())
    docker("rmi", "-f", found.id)
    assert found.id != builder.id
    done = invoke("build", "--source", str(tiny), "--image", name)
    try:
        assert done.returncode == 0, done.stderr
        assert f"pulled `{name}`: {found.digest}" in done.stderr
        assert Path(done.stdout.strip()).is_file()
        own = {f"volume {volume}" for volume in cache_names(found.id, pinned())}
        assert own <= set(docker_host.owned())
        assert not own & {f"volume {volume}" for volume in cache_names(builder.id, pinned())}
    finally:
        for volume in cache_names(found.id, pinned()):
            docker_host.remove_volume(volume)
