"""The files below `dist/`: checked binaries, the release and how it replaces the previous one, and a lock.

```
dist/bin/OS_ARCH/NAME          a checked binary, and NAME.json: the facts of its build
dist/bin/own/NAME              our own program, while another one of the same name is in use
dist/release/                  exactly the pairs that `invoke matrix` selected
dist/state/                    the list of pairs, license texts, logs of failed compiles
dist/work/                     files of the current run, with permissions only for its user
dist/.lock                     locked during a build
```
A run can be interrupted at any time: each of these is then the old one or the new one, but never half of one.
"""

from __future__ import annotations

import contextlib
import filecmp
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolkit.errors import OutputUnwritable
from toolkit.files import DIRECTORY, make_directory, make_private_directory, write, writing
from toolkit.model import Binary, BuildInfo, Findings, Source, Target


@dataclass(frozen=True)
class DistFolder:
    """One `dist/` directory."""

    root: Path

    @property
    def release(self) -> Path:
        """The directory of the release."""
        return self.root / "release"

    @property
    def state(self) -> Path:
        """The directory of files that only the toolkit reads."""
        return self.root / "state"

    @property
    def work(self) -> Path:
        """The directory of files that only the current run needs; it exists during the run."""
        return self.root / "work"

    @contextlib.contextmanager
    def lock(self, waiting: Callable[[str], None]) -> Iterator[None]:
        """Lock this directory. Calls `waiting` once, with a sentence, if another process has locked it."""
        from filelock import FileLock, Timeout

        path = self.root / ".lock"
        with writing(self.root):
            make_directory(self.root)
        _refuse_other_files(path)
        with writing(path):
            path.touch(mode=0o644)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting(f"another run is using `{self.root}`; waiting for it to finish")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    # ---- binaries ----

    def binary_path(self, source: Source, target: Target) -> Path:
        """Return the path of a program."""
        return self.root / "bin" / target.slug / (source.name + target.exe)

    def keep(  # noqa: PLR0913 - a binary, its label and what its bytes say
        self,
        source: Source,
        target: Target,
        fingerprint: str,
        data: bytes,
        info: BuildInfo,
        *,
        needed: tuple[str, ...] = (),
        made: Mapping[str, str] | None = None,
    ) -> Binary:
        """Write a checked binary, the facts of its build, and the engine's facts about it."""
        path = self.binary_path(source, target)
        binary = Binary(target, path, len(data), hashlib.sha256(data).hexdigest(), fingerprint, info, needed)
        record = {**(made or {}), "fingerprint": fingerprint, "sha256": binary.sha256}
        write(path, data, mode=0o755)
        write(path.with_name(f"{source.name}.json"), json.dumps(record, indent=1).encode())
        return binary

    def keep_own(self, binary: Binary) -> Binary:
        """Return a copy of aws-mfa that no other program of the same name replaces."""
        path = self.root / "bin" / "own" / binary.path.name
        write(path, binary.path.read_bytes(), mode=0o755)
        return replace(binary, path=path)

    def find(
        self,
        source: Source,
        target: Target,
        fingerprint: str,
        tell: Callable[[str], None],
        examine: Callable[[bytes], Findings],
    ) -> Binary | None:
        """Return the binary with this fingerprint, if its bytes are still the checked ones.

        The record can be changed together with the binary, so the bytes are hashed and examined again. Calls `tell`
        with a sentence if there is a problem with them.
        """
        path = self.binary_path(source, target)
        try:
            record = json.loads(path.with_name(f"{source.name}.json").read_text("utf-8"))
            if record["fingerprint"] != fingerprint or not path.is_file():
                return None
            data = path.read_bytes()
            changed = record["sha256"] != (digest := hashlib.sha256(data).hexdigest())
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        found = examine(data)
        if changed or found.wrong or found.info is None:
            what = "was modified since it was checked" if changed or not found.wrong else found.wrong[0]
            tell(f"`{path}` {what}; rebuilding")
            return None
        return Binary(target, path, len(data), digest, fingerprint, found.info, found.needed, rebuilt=False)

    def keep_log(self, target: Target, text: str) -> Path:
        """Write the complete output of a failed compile."""
        path = self.state / "logs" / f"{target.slug}.txt"
        write(path, text.encode())
        return path

    # ---- small values ----

    def recall(self, name: str) -> Any:
        """Return the value that was remembered under a name, or None if it cannot be read."""
        path = self.state / f"{name}.json"
        try:
            return json.loads(path.read_text("utf-8")) if path.is_file() else None
        except (OSError, ValueError, RecursionError):
            return None

    def remember(self, name: str, value: Any) -> None:
        """Keep a value for later runs."""
        write(self.state / f"{name}.json", json.dumps(value, indent=1).encode())

    # ---- the release ----

    def settle(self) -> None:
        """Finish or undo a swap that was interrupted."""
        next_, old = self._beside("next"), self._beside("old")
        with writing(self.root):
            if next_.exists():
                self._swap()
            elif old.exists() and not self.release.exists():
                old.rename(self.release)
            for left in (old, self._beside("new")):
                shutil.rmtree(left, ignore_errors=True)
        self.sweep()

    def make_work(self) -> None:
        """Make the directory of a run. Other users may not enter it, because it contains copies of sources."""
        with writing(self.work):
            make_private_directory(self.work)

    def sweep(self) -> None:
        """Remove the files that only the run needed."""
        for parent, _, _ in os.walk(self.work):  # some directories are unreadable on purpose
            with contextlib.suppress(OSError):
                Path(parent).chmod(0o700)
        shutil.rmtree(self.work, ignore_errors=True)

    def identity(self) -> int | None:
        """Return a number that differs for another release, or None if there is no release."""
        return self.release.stat().st_ino if self.release.is_dir() else None

    @contextlib.contextmanager
    def new_release(self) -> Iterator[Path]:
        """Provide an empty directory; if the block succeeds, it becomes the release, unless it is identical."""
        new = self._beside("new")
        with writing(new):
            make_directory(new)
        try:
            yield new
            if _same(new, self.release):
                with writing(self.release):
                    self.release.chmod(DIRECTORY)
            else:
                with writing(new):
                    new.rename(self._beside("next"))
                    self._swap()
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _beside(self, word: str) -> Path:
        return self.root / f".release-{word}"

    def _swap(self) -> None:
        next_, old = self._beside("next"), self._beside("old")
        if self.release.exists():
            shutil.rmtree(old, ignore_errors=True)
            self.release.rename(old)
        next_.rename(self.release)
        shutil.rmtree(old, ignore_errors=True)


def _refuse_other_files(path: Path) -> None:
    """Raise OutputUnwritable for anything but a regular file with one name: opening it could damage another file."""
    with writing(path), contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
            raise OutputUnwritable(
                f"`{path}` is not a regular file", hint="remove it, or use another directory with `--dist`"
            )


def _same(new: Path, old: Path) -> bool:
    """Whether two directories contain the same files; a file from the last release is the same file."""
    if not old.is_dir() or {path.name for path in new.iterdir()} != {path.name for path in old.iterdir()}:
        return False
    pairs = ((path, old / path.name) for path in new.iterdir())
    return all(ours.samefile(theirs) or filecmp.cmp(ours, theirs, shallow=False) for ours, theirs in pairs)
