"""Mistakes and broken environments: each gives one clear line, a hint and an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import EMPTY_IMAGE, Invoke
from toolkit import errors
from toolkit.engines.docker.host import Host
from toolkit.settings import ROOT

TINY = str(ROOT / "tests" / "programs" / "tiny")
NOWHERE = {"DOCKER_HOST": "unix:///nowhere.sock"}


@dataclass(frozen=True)
class Case:
    """A command, its preparation and its expected end. `{tmp}` is a directory for this test; no server listens at `{dead}`."""

    name: str
    args: tuple[str, ...]
    error: type[errors.ToolkitError]
    says: str  # a pattern for the one line
    hint: str  # a pattern for the hint
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda _: None
    docker: bool = False


def _write(**files: str) -> Callable[[Path], None]:
    def prepare(tmp: Path) -> None:
        for name, text in files.items():
            path = tmp / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    return prepare


def _dist_is_a_file(tmp: Path) -> None:
    (tmp / "dist").write_text("", "utf-8")


def _silent_socket(tmp: Path) -> None:
    """Leave a socket without a listener, as a stopped engine does."""
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp / "docker.sock"))


def _image_without_go(tmp: Path) -> None:
    (tmp / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n", "utf-8")
    subprocess.run(["docker", "build", "-q", "-t", EMPTY_IMAGE, str(tmp)], check=True, capture_output=True)


MODULE = "module made.example/made\n\ngo 1.27\n"
LOCAL = ("--engine", "local")
DOCKER = ("--engine", "docker")
CASES = (
    Case("goos", ("build", "--goos", "linx", *LOCAL), errors.UnknownTarget, "unknown GOOS `linx`", "`linux`"),
    Case("goarch", ("build", "--goarch", "amd46", *LOCAL), errors.UnknownTarget, "unknown GOARCH `amd46`", "`amd64`"),
    Case(
        "pair", ("build", "--goos", "plan9", "--goarch", "arm64", *LOCAL), errors.UnknownTarget, "unknown pair `plan9/arm64`",
        "`plan9/386`, `plan9/amd64`, `plan9/arm`",
    ),
    Case("pattern", ("matrix", "--only", "linx/*", *LOCAL), errors.UnknownTarget, r"`linx/\*` matches no pair", "`linux`"),
    Case(
        "empty selection", ("matrix", "--only", "plan9/*", "--first-class", *LOCAL), errors.UsageError, "no pair is selected",
        "`--only`",
    ),
    Case("jobs x", ("matrix", "--jobs", "x"), errors.UsageError, "`x` is not a whole number", "`--jobs`"),
    Case("jobs 0", ("matrix", "--jobs", "0"), errors.UsageError, "`0` is not a whole number", "`--jobs`"),
    Case(
        "variable", ("matrix",), errors.UsageError, "`x` is not a whole number", "`AWS_MFA_TOOLKIT_JOBS`",
        env={"AWS_MFA_TOOLKIT_JOBS": "x"},
    ),
    Case("timeout", ("build", "--timeout", "soon"), errors.UsageError, "`soon` is not a time", "`--timeout`"),
    Case("engine", ("build", "--engine", "podman"), errors.UsageError, "`podman` is not an engine", "`--engine`"),
    Case("image and local", ("build", "--image", "x", *LOCAL), errors.UsageError, "`--image` is for", "`--image`"),
    Case(
        "epoch", ("build", *LOCAL), errors.UsageError, "`SOURCE_DATE_EPOCH` must be a Unix time from 1980 to 2106, not `yesterday`", "SOURCE_DATE_EPOCH",
        env={"SOURCE_DATE_EPOCH": "yesterday"},
    ),
    Case("no folder", ("build", "--source", "{tmp}/none", *LOCAL), errors.SourceError, "none` is not a directory", "path@version"),
    Case("no module", ("build", "--source", "{tmp}", *LOCAL), errors.SourceError, "is not in a Go module", "go mod init"),
    Case(
        "library", ("build", "--source", "{tmp}", *LOCAL), errors.SourceError, "package `lib`, not a main package",
        "func main", prepare=_write(go_mod=MODULE, lib_go="package lib\n"),
    ),
    Case(
        "main elsewhere", ("build", "--source", "{tmp}", *LOCAL), errors.SourceError, "contains no Go files",
        "did you mean `.*cmd/x`", prepare=_write(go_mod=MODULE, cmd__x__main_go="package main\n\nfunc main() {}\n"),
    ),
    Case(
        "newer Go", ("build", "--source", "{tmp}", *LOCAL), errors.SourceError, "requires go >= 1.99", "--toolchain",
        prepare=_write(go_mod="module made.example/made\n\ngo 1.99\n", main_go="package main\n\nfunc main() {}\n"),
    ),
    Case(
        "no such module", ("build", "--source", "golang.org/x/nosuch/cmd@v1.0.0", *LOCAL), errors.SourceError,
        "cannot download `golang.org/x/nosuch/cmd@v1.0.0`", "GOPRIVATE|spelling",
    ),
    Case(
        "no such version", ("build", "--source", "golang.org/x/tools/cmd/stringer@v99.0.0", *LOCAL),
        errors.SourceError, "cannot download `golang.org/x/tools/cmd/stringer@v99.0.0`", "GOPRIVATE|version",
    ),
    Case(
        "library module", ("build", "--source", "golang.org/x/text@v0.20.0", *LOCAL), errors.SourceError,
        "golang.org/x/text is not a main package", "func main",
    ),
    Case(
        "no such requirement", ("build", "--source", "{tmp}", *LOCAL), errors.SourceError, "should be v0 or v1, not v9",
        "fix line 5 of go.mod", prepare=_write(
            go_mod=MODULE + "\nrequire golang.org/x/text v9.9.9\n", main_go="package main\n\nfunc main() {}\n"
        ),
    ),
    Case(
        "compile error", ("build", "--source", "{tmp}", *LOCAL), errors.BuildFailed, "undefined: nowhere", "logs/",
        prepare=_write(go_mod=MODULE, main_go="package main\n\nfunc main() { nowhere() }\n"),
    ),
    Case(
        "endless compile", ("build", "--source", TINY, "--timeout", "0.3s", "--build-cache", "{tmp}/cache", *LOCAL),
        errors.BuildFailed, "exceeded its time limit", "--timeout|run the same command again|logs/",
    ),
    Case(
        "Go's own reason", ("build", "--source", TINY, "--goos", "ios", "--goarch", "arm64", *LOCAL),
        errors.BuildFailed, r"requires external \(cgo\) linking", "C toolchain",
    ),
    Case(
        "Docker not running", ("build", "--source", TINY, *DOCKER), errors.EngineUnavailable,
        "no Docker engine answers", "--engine local", env={"DOCKER_HOST": "unix://{tmp}/docker.sock"},
        prepare=_silent_socket,
    ),
    Case(
        "DOCKER_HOST nowhere", ("build", "--source", TINY, *DOCKER), errors.EngineUnavailable,
        "no Docker engine answers at `tcp://127.0.0.1:[0-9]+` .DOCKER_HOST.", "unset DOCKER_HOST",
        env={"DOCKER_HOST": "tcp://{dead}"},
    ),
    Case(
        "DOCKER_HOST nonsense", ("build", "--source", TINY, *DOCKER), errors.EngineUnavailable,
        "no Docker engine answers at `nonsense`", "unset DOCKER_HOST", env={"DOCKER_HOST": "nonsense"},
    ),
    Case(
        "no image", ("build", "--source", TINY, "--image", "aws-mfa-toolkit-test-none"), errors.ImagePullFailed,
        "cannot pull the image `aws-mfa-toolkit-test-none`", "docker|name|registry", docker=True,
    ),
    Case(
        "image without go", ("build", "--source", TINY, "--image", EMPTY_IMAGE), errors.ImageUnusable,
        "has no `go` on its PATH", "--image", prepare=_image_without_go, docker=True,
    ),
    Case(
        "dist not writable", ("build", "--source", TINY, *LOCAL), errors.OutputUnwritable, "cannot write `.*dist",
        "--dist", prepare=_dist_is_a_file,
    ),
    Case(
        "output not writable", ("build", "--source", TINY, "--output", "{tmp}/file", *LOCAL), errors.OutputUnwritable,
        "cannot write `.*file", "--dist|folder", prepare=_write(file="x"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=[pytest.mark.docker] if case.docker else []) for case in CASES]
)
def test_bad_input(case: Case, invoke: Invoke, tmp_path: Path, dead: str, request: pytest.FixtureRequest) -> None:
    """Bad input ends with one line, a hint and its own exit code, without a traceback."""
    if case.docker:
        request.getfixturevalue("docker_host")
    case.prepare(tmp_path)
    env = {name: value.replace("{tmp}", str(tmp_path)).replace("{dead}", dead) for name, value in case.env.items()}
    done = invoke(*(word.replace("{tmp}", str(tmp_path)) for word in case.args), env=env)
    expect(done, case.error, case.says, case.hint)


def expect(done: subprocess.CompletedProcess[str], error: type[errors.ToolkitError], says: str, hint: str) -> None:
    """Check the end of a command."""
    assert done.returncode == error.exit_code, done.stderr
    assert not done.stdout
    assert "Traceback" not in done.stderr
    *_, blank, last = done.stderr.rstrip("\n").split("\n")
    named = f"error[{error.kind}]: "
    found = re.search(rf"^{re.escape(named)}.*(?:\n    .*)*$", done.stderr, re.MULTILINE)  # Go may print several lines
    assert found, done.stderr
    message = found[0]
    assert re.search(says, message), done.stderr
    assert not message.endswith(".")
    assert blank == ""
    assert last.startswith("hint: ")
    assert re.search(hint, last), last


@pytest.fixture
def broken_go(tmp_path: Path) -> dict[str, str]:
    """Return variables that select a go command without a network."""
    go = tmp_path / "site" / "go" / "bin" / "go"
    go.parent.mkdir(parents=True)
    (go.parent.parent / "__init__.py").write_text("", "utf-8")
    go.write_text("#!/bin/sh\necho 'go: download go9: no such host' >&2\nexit 1\n", "utf-8")
    go.chmod(0o755)
    return {"PYTHONPATH": str(tmp_path / "site")}


def test_no_toolchain(invoke: Invoke, broken_go: dict[str, str]) -> None:
    """A go command that cannot switch to the pinned version is reported, with a hint."""
    done = invoke("build", "--source", TINY, *LOCAL, env=broken_go)
    expect(done, errors.ToolchainError, "cannot download go1.*no such host", "GOPROXY")


def test_nothing_can_be_built(invoke: Invoke, broken_go: dict[str, str]) -> None:
    """`invoke doctor` fails if neither engine works, and shows the command that fixes it."""
    done = invoke("doctor", env={**broken_go, **NOWHERE})
    assert done.returncode == errors.CheckFailed.exit_code, done.stderr
    assert "no Docker engine answers" in done.stdout
    assert "no such host" in done.stdout
    assert "error[check-failed]: 1 check failed: `engine`" in done.stderr


@pytest.mark.parametrize("args", [("--engine", "docker"), ("--engine", "auto"), ("--image", "golang")], ids=str)
def test_no_permission(invoke: Invoke, tmp_path: Path, args: tuple[str, ...]) -> None:
    """An engine that refuses this user is an error with `--engine docker`; otherwise the local engine is used."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))
        unix.listen()
        path.chmod(0)
        # Modes restrict root only without its capabilities.
        wrap = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
        env = {"DOCKER_HOST": f"unix://{path}"}
        done = invoke("build", "--source", TINY, *args, env=env, wrap=wrap)
    said = f"you may not use the Docker engine at `unix://{path}`: permission denied"
    if "auto" not in args:
        expect(done, errors.EngineForbidden, said, "usermod -aG docker")
        return
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if "engine: " in line)
    assert f"engine: local ({said}; to use Docker: run `sudo usermod -aG docker $USER`" in line


class _Failing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Respond as an engine with an internal error."""
        self.send_error(500, "the graph driver is upset")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Log nothing."""


@pytest.mark.parametrize("engine", ["docker", "auto"])
def test_engine_that_fails(invoke: Invoke, engine: str) -> None:
    """An engine that responds with a failure is an error; there is no fallback to another engine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Failing) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            env = {"DOCKER_HOST": f"tcp://127.0.0.1:{server.server_port}"}
            done = invoke("build", "--source", TINY, "--engine", engine, env=env)
        finally:
            server.shutdown()
    expect(done, errors.EngineBroken, "the Docker engine at .* fails: 500", "check the log of the engine")


@pytest.mark.docker
def test_engine_lost(invoke: Invoke, tmp_path: Path, docker_host: Host) -> None:
    """If an engine dies during a build, each pair gets that reason, and the run that exit code."""
    assert docker_host.cpus
    if os.geteuid() or not shutil.which("dockerd"):
        pytest.skip("only root can start a second engine, where there is a dockerd")
    with second_engine(tmp_path) as (address, process):
        env = {"DOCKER_HOST": address}
        # By then Go has answered all questions, and its license is known.
        done = invoke("matrix", "--source", TINY, "--only", "linux/amd64", *DOCKER, env=env)
        assert done.returncode == 0, done.stderr
        threading.Timer(8, process.kill).start()
        done = invoke("matrix", "--source", TINY, "--only", "linux/*", *DOCKER, "--json", env=env)
    assert done.returncode == errors.EngineLost.exit_code, done.stderr
    assert "Traceback" not in done.stderr
    rows = {row["target"]: row for row in json.loads(done.stdout)["targets"]}
    lost = [row for row in rows.values() if row.get("reason") == "engine_lost"]
    assert len(lost) >= 5
    assert {row["outcome"] for pair, row in rows.items() if pair.startswith("linux/")} <= {"built", "unbuilt"}
    *_, message, _, hint, document = done.stderr.rstrip("\n").split("\n")
    assert re.search(
        r"error\[[a-z-]+\]: \d+ of 13 pairs were not built: the Docker engine (stopped answering|failed)", message
    )
    assert "run the same command again" in hint
    assert json.loads(document)["error"]["retry"]


@contextlib.contextmanager
def second_engine(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a separate Docker engine in a separate network: two in one network would use the same bridge."""
    address = f"unix://{tmp_path}/second.sock"
    folders = [f"--data-root={tmp_path}/data", f"--exec-root={tmp_path}/exec", f"--pidfile={tmp_path}/pid"]
    argv = ["unshare", "--net", "dockerd", *folders, "-H", address, "--iptables=false", "--ip-masq=false"]
    with (tmp_path / "dockerd.log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            for _ in range(100):
                if not subprocess.run(
                    ["docker", "-H", address, "version"], capture_output=True, check=False
                ).returncode:
                    break
                time.sleep(0.3)
            yield address, process
        finally:
            process.kill()
            process.wait()
            _end_leftovers(tmp_path)


def _end_leftovers(tmp_path: Path) -> None:
    """Clean up after a killed engine: stop its containerd with its containers, and remove their mounts."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError, ProcessLookupError):
            if str(tmp_path).encode() in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
    time.sleep(0.5)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text("utf-8").splitlines() if str(tmp_path) in line]
    for mount in sorted(mounts, reverse=True):
        subprocess.run(["umount", "-l", mount], check=False)


def test_full_disk(invoke: Invoke, tmp_path: Path) -> None:
    """If the disk is full during a compile, the run ends with an error about space, and leaves no partial file."""
    if os.geteuid():
        pytest.skip("only root can mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], check=True)
    try:
        cache = str(tmp_path / "cache")
        env = {"AWS_MFA_TOOLKIT_DIST": str(small / "dist")}
        done = invoke("build", "--source", TINY, "--build-cache", cache, *LOCAL, env=env)
        expect(done, errors.DiskFull, "no space left on device", "clean")
        assert not [path for path in (small / "dist" / "bin").rglob("*") if path.is_file()]
    finally:
        subprocess.run(["umount", str(small)], check=True)
