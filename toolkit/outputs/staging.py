"""The place where the files of a release are made, each only if something that affects its bytes has changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from toolkit.files import sha256, writing
from toolkit.model import Artifact, Target

# The compressors, with their versions: the same members result in the same bytes only with the same compressor.
COMPRESSOR = f"zlib {zlib.ZLIB_RUNTIME_VERSION}"

_MODE = 0o644  # of a released file, whatever the umask: a web server must be able to read it


@cache
def code(folder: Path = Path(__file__).parent) -> str:
    """Return a SHA-256, in hex, over the code and templates of the outputs: a change of them makes new files."""
    files = sorted(folder.rglob("*"), key=Path.as_posix)
    total = hashlib.sha256()
    for path in files:
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes().replace(b"\r\n", b"\n")  # git may have changed line endings
            total.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return total.hexdigest()


@dataclass(frozen=True)
class Staging:
    """A directory that becomes the release, beside the existing release."""

    root: Path
    old: Mapping[str, Artifact] = field(default_factory=dict)  # the files that the last release recorded, by name

    def make(
        self, kind: str, name: str, inputs: object, data: Callable[[], bytes], *, target: Target | None = None
    ) -> Artifact:
        """Return a file's artifact, from the last release if the same `inputs` made it.

        `inputs` is JSON: everything that affects the bytes of `data`, except for the toolkit's own code. Raises
        OutputUnwritable or DiskFull.
        """
        key = hashlib.sha256(json.dumps([inputs, code()], sort_keys=True).encode()).hexdigest()
        path, before = self.root / name, self.old.get(name)
        with writing(path):
            if before and before.inputs == key and before.path.is_file() and sha256(before.path) == before.sha256:
                _take_over(before.path, path)
                path.chmod(_MODE)
                return Artifact(kind, path, before.size, before.sha256, key, target)
            content = data()
            path.write_bytes(content)
            path.chmod(_MODE)
        return Artifact(kind, path, len(content), hashlib.sha256(content).hexdigest(), key, target)


def _take_over(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:  # a file system without hard links
        shutil.copyfile(old, new)
