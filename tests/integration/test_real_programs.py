"""Real programs: aws-mfa, with the same bytes wherever it is built, and two public ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Invoke
from toolkit.engines.docker.host import Host
from toolkit.go import buildinfo
from toolkit.settings import PREFIX, ROOT

# Compiling the AWS SDK takes most of a minute, so only CI compares formats of every family.
FIVE = ("linux/amd64", "darwin/arm64", "windows/arm64", "aix/ppc64", "wasip1/wasm")
PAIRS = FIVE if os.environ.get("CI") else FIVE[:1]
NOBODY = 65534


@pytest.mark.docker
def test_same_bytes(invoke: Invoke, tmp_path: Path, docker_host: Host) -> None:
    """Both engines, two directories, two users and two build caches result in the same bytes of the real program."""
    assert docker_host.cpus
    only = ("--only", ",".join(PAIRS))
    done = invoke("matrix", *only, "--engine", "docker")
    assert done.returncode == 0, done.stderr
    other = tmp_path / "another folder"
    skipped = shutil.ignore_patterns(".git", "dist", ".*_cache", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, other, ignore=skipped)
    build_as_somebody_else(other, *only)
    for pair in PAIRS:
        slug = pair.replace("/", "_")
        (ours, theirs) = (_binary(dist / "bin" / slug) for dist in (tmp_path / "dist", other / "dist"))
        assert hashlib.sha256(ours).hexdigest() == hashlib.sha256(theirs).hexdigest(), pair


def build_as_somebody_else(checkout: Path, *only: str) -> None:
    """Run the toolkit of another checkout, on the local engine, with the home and the caches of another user."""
    home = checkout / "home"
    home.mkdir()
    user: list[str] = []
    if not os.geteuid():
        # The Python of the tests may be in root's home, which the other user must be able to read.
        looking = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *looking]
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(checkout)], check=True)
    env = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(checkout),  # before the checkout that is installed in this Python
        f"{PREFIX}DIST": str(checkout / "dist"),
    }
    env |= {name: value for name, value in os.environ.items() if name.startswith("SSL_CERT")}
    argv = [*user, sys.executable, "-m", "invoke", "matrix", "--engine", "local", *only]
    done = subprocess.run(argv, cwd=checkout, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _binary(folder: Path) -> bytes:
    (path,) = (path for path in folder.iterdir() if path.suffix != ".json")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("module", "name", "pairs"),
    [
        ("filippo.io/mkcert@v1.4.4", "mkcert", "linux/arm64,darwin/amd64,windows/amd64"),
        (
            "golang.org/x/example/hello@v0.0.0-20250915201037-7f05d217867b",
            "hello",
            "linux/riscv64,freebsd/amd64,plan9/386",
        ),
    ],
)
def test_published_programs(invoke: Invoke, tmp_path: Path, module: str, name: str, pairs: str) -> None:
    """A program in the form `module@version` is built for three pairs; the build info has its version and sum."""
    done = invoke("matrix", "--source", module, "--only", pairs, "--json")
    assert done.returncode == 0, done.stderr
    manifest = json.loads(done.stdout)
    assert manifest["name"] == name
    assert manifest["source"]["module"]["version"] == module.split("@")[1]
    assert manifest["source"]["module"]["sum"].startswith("h1:")
    built = [row for row in manifest["targets"] if row["outcome"] == "built"]
    assert [row["target"] for row in built] == sorted(pairs.split(","))
    for row in built:
        info = buildinfo.read_build_info(_binary(tmp_path / "dist" / "bin" / row["target"].replace("/", "_")))
        assert info
        assert module.startswith(info.main.path)
        assert info.main.sum == manifest["source"]["module"]["sum"]
        (archive,) = row["artifacts"]
        assert archive.startswith(f"{name}_{info.main.version.removeprefix('v')}_")
    again = invoke("matrix", "--source", module, "--only", pairs)
    assert "nothing changed" in again.stderr
