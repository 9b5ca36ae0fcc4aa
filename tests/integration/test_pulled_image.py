"""Builds with an image from a registry: the same bytes, another fingerprint, and separate caches."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Invoke
from tests.fakes import FakeProgress
from tests.integration.modules import MAIN, Shelf, serving
from tests.integration.registries import Registry, docker, started
from tests.unit.samples import write_tree
from toolkit.engines.docker import image
from toolkit.engines.docker.go import ENVIRONMENT
from toolkit.engines.docker.host import Host
from toolkit.engines.docker.volumes import cache_names
from toolkit.go import toolchain

pytestmark = [pytest.mark.docker, pytest.mark.needs("docker-registry")]

NOTHING_LISTENS = {"DOCKER_HOST": "unix:///nowhere.sock"}
OTHER = "go1.25.1"
SAME = "ENV SAME=1"  # tests that use one image share its caches
slow = pytest.mark.skipif("CI" not in os.environ, reason="compiles in new caches, or downloads toolchains")
POISON = """
package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	modules := os.Getenv("GOMODCACHE")
	_ = filepath.WalkDir(modules, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "main.go" {
			data, _ := os.ReadFile(path)
			_ = os.Chmod(path, 0o644)
			_ = os.WriteFile(path, bytes.ReplaceAll(data, []byte("hi"), []byte("evil")), 0o644)
		}
		return nil
	})
	_ = os.WriteFile(filepath.Join(os.Getenv("GOCACHE"), "poison"), nil, 0o644)
	_ = os.WriteFile(filepath.Join(modules, "poison"), nil, 0o644)
	panic(syscall.Exec("/usr/local/go/bin/go", append([]string{"go"}, os.Args[1:]...), os.Environ()))
}
"""

Derive = Callable[..., str]


@pytest.fixture(scope="module")
def registry(docker_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Return a registry that the Docker engine of this machine can reach."""
    with started(docker_host, tmp_path_factory.mktemp("registry")) as registry:
        yield registry


@pytest.fixture(scope="module")
def derive(registry: Registry, docker_host: Host) -> Iterator[Derive]:
    """Return a function that pushes an image, made from the builder image with some lines of a Dockerfile."""
    made = "aws-mfa-toolkit-test-pulled"
    volumes: set[str] = set()

    def push(name: str, lines: str, folder: Path | None = None, version: str = "") -> str:
        image.ensure(docker_host, FakeProgress(), version)
        text = f"FROM {image.name(version)}\n{lines}\n"
        if folder is None:
            docker("build", "-q", "-t", made, "-", given=text.encode())
        else:
            (folder / "Dockerfile").write_text(text, "utf-8")
            docker("build", "-q", "-t", made, str(folder))
        pushed = registry.push(made, name)
        found = docker_host.find_image(made)
        assert found
        volumes.update(cache_names(found.id, toolchain.pinned()))
        volumes.update(cache_names(found.id, toolchain.pinned(), build_cache="shared"))
        docker("rmi", made)
        return pushed

    yield push
    for volume in volumes:
        docker_host.remove_volume(volume)


def built(done: subprocess.CompletedProcess[str]) -> tuple[bytes, str]:
    """Return the program that a command built, and its fingerprint."""
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    return path.read_bytes(), json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))["fingerprint"]


def test_the_same_bytes_with_another_fingerprint(derive: Derive, invoke: Invoke, tiny: Path) -> None:
    """With the same Go, an image results in the same bytes as the builder image; its digest is fingerprinted."""
    command = ("build", "--source", str(tiny), "--goos", "linux", "--goarch", "amd64")
    plain, fingerprint = built(invoke(*command, "--engine", "docker"))
    name = derive("same:1", SAME)
    done = invoke(*command, "--image", name)
    data, other = built(done)
    assert data == plain
    assert other != fingerprint
    assert f"pulled `{name}`" in done.stderr
    assert "[1/1] linux/amd64" in done.stderr
    record = json.loads(Path(f"{done.stdout.strip()}.json").read_text("utf-8"))
    assert (record["engine"], record["image"]) == ("docker", docker("image", "inspect", "--format", "{{.Id}}", name))
    again = invoke(*command, "--image", name)
    assert built(again) == (data, other)
    assert "[1/1]" not in again.stderr
    assert "pull" not in again.stderr


def test_an_image_named_by_its_digest_asks_nobody_again(
    derive: Derive, invoke: Invoke, tiny: Path, docker_host: Host
) -> None:
    """The image is pulled by its digest, and a build that is up to date needs no engine."""
    name = derive("exact:1", SAME)
    docker("pull", "-q", name)
    found = docker_host.find_image(name)
    assert found
    docker("rmi", "-f", found.id)
    (exact,) = found.digests
    command = ("build", "--source", str(tiny), "--goos", "linux", "--goarch", "amd64", "--image", exact)
    first = invoke(*command)
    assert f"pulled `{exact}`" in first.stderr
    again = invoke(*command, env=NOTHING_LISTENS)
    assert built(again) == built(first)
    assert not again.stderr


@slow
def test_a_name_that_means_another_image_builds_again(
    derive: Derive, invoke: Invoke, tiny: Path, docker_host: Host
) -> None:
    """The fingerprint follows the name's current image on the engine, there and back."""
    assert docker_host.cpus
    command = ("build", "--source", str(tiny), "--goos", "linux", "--goarch", "amd64", "--image")
    name = derive("moving:1", SAME)
    data, before = built(invoke(*command, name))
    first = docker("image", "inspect", "--format", "{{.Id}}", name)
    derive("moving:1", "ENV MOVED=1")
    docker("pull", "-q", name)
    moved = invoke(*command, name)
    assert "[1/1] linux/amd64" in moved.stderr
    assert built(moved)[0] == data
    assert built(moved)[1] != before
    docker("tag", first, name)
    assert built(invoke(*command, name)) == (data, before)


def test_what_an_image_leaves_in_its_caches_stays_there(
    derive: Derive, invoke: Invoke, docker_host: Host, tmp_path: Path
) -> None:
    """A `go` that changes cached modules affects only the builds of its image."""
    write_tree(tmp_path / "poison", {"go.mod": "module a.example/poison\n\ngo 1.21\n", "main.go": POISON})
    surroundings = {"GOOS": "linux", "GOARCH": docker_host.goarch, "CGO_ENABLED": "0"}
    done = toolchain.go().run("build", "-o", "go", ".", cwd=tmp_path / "poison", **surroundings)
    assert done.returncode == 0, done.stderr
    name = derive("poison:1", "COPY go /poison/go\nENV PATH=/poison:/usr/local/go/bin", tmp_path / "poison")
    (tmp_path / "proxy").mkdir()
    with serving(Shelf(tmp_path / "proxy"), "docker") as shelf:
        path = shelf.publish("tool", "v1.0.0", main_go=MAIN)
        command = ("build", "--source", f"{path}@v1.0.0", "--goos", "linux", "--goarch", "amd64")
        for cache in ((), ("--build-cache", "shared")):
            bad, _ = built(invoke(*command, *cache, "--image", name, env=shelf.variables))
            good, _ = built(invoke(*command, *cache, "--engine", "docker", env=shelf.variables))
            assert b"evil" in bad
            assert b"evil" not in good
    found, builder = docker_host.find_image(name), image.ensure(docker_host, FakeProgress())
    assert found
    assert [left(docker_host, each) for each in (found.id, builder.id)] == [[True, True], [False, False]]


def left(host: Host, identity: str) -> list[bool]:
    """Return whether the two cache volumes of an image contain the file that the hostile `go` writes."""
    cache, modules = cache_names(identity, toolchain.pinned())
    container = host.run(identity, "test", cache=cache, modules=modules, online=False, memory=1 << 29)
    try:
        return [container.get(f"{ENVIRONMENT[name]}/poison") is not None for name in ("GOCACHE", "GOMODCACHE")]
    finally:
        container.remove()


@slow
def test_an_image_with_another_go_gets_the_wanted_one(derive: Derive, invoke: Invoke, tiny: Path) -> None:
    """The image's Go downloads and verifies it once, and the bytes are the same."""
    command = ("build", "--source", str(tiny), "--goos", "linux", "--goarch", "amd64")
    plain, _ = built(invoke(*command, "--engine", "docker"))
    name = derive("older:1", "ENV OLDER=1", version=OTHER)
    try:
        done = invoke(*command, "--image", name)
        assert built(done)[0] == plain
        assert f"downloading {toolchain.pinned()} for the image `{name}`, which has {OTHER}" in done.stderr
        Path(done.stdout.strip()).unlink()
        again = invoke(*command, "--image", name)
        assert built(again)[0] == plain
        assert "downloading" not in again.stderr
    finally:
        docker("rmi", image.name(OTHER))
