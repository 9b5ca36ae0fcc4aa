"""One archive for each binary: the program, LICENSE, THIRD_PARTY_LICENSES and README, in a directory of that name."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from toolkit.model import Artifact, Binary, Module, Release
from toolkit.outputs.staging import COMPRESSOR, Staging

_LEVEL = 6
_PROGRAM, _TEXT = 0o755, 0o644

Member = tuple[str, int, bytes]  # name, mode, content


def archives(release: Release, staging: Staging) -> Iterable[Artifact]:
    """Make a `.tar.gz` for each binary, or a `.zip` for Windows."""
    # zlib lets other threads run. Each thread loads a program, so more threads than cores would only use more memory.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda binary: _archive(release, staging, binary), release.binaries)


def _archive(release: Release, staging: Staging, binary: Binary) -> Artifact:
    stem = f"{release.source.name}_{release.source.version}_{binary.target.slug}"
    third = ("THIRD_PARTY_LICENSES", third_party(release, binary).encode())
    texts = apart(binary.path.name, [*release.source.documents, third])
    inputs = {
        "stem": stem,
        "program": [binary.path.name, binary.sha256],
        "texts": [[name, content.hex()] for name, content in texts],
        "epoch": release.source.epoch,
        "compressor": [COMPRESSOR, _LEVEL],
    }
    pack = zipped if binary.target.goos == "windows" else tarred

    def data() -> bytes:
        program = (binary.path.name, _PROGRAM, binary.path.read_bytes())
        members = sorted([program, *((name, _TEXT, content) for name, content in texts)])
        return pack([(f"{stem}/{name}", mode, content) for name, mode, content in members], release.source.epoch)

    suffix = ".zip" if pack is zipped else ".tar.gz"
    return staging.make("archive", stem + suffix, inputs, data, target=binary.target)


def apart(program: str, texts: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return texts under names that differ, and not only in case, from the program's and from each other's.

    A text whose name is in use goes into a directory: a program may be named `LICENSE`.
    """
    spare = "docs" if program.lower() == "doc" else "doc"
    files, folders, found = {program.lower()}, set[str](), list[tuple[str, bytes]]()
    for wanted, content in texts:
        name = wanted
        while name.lower() in files | folders or name.lower().partition("/")[0] in files:
            name = f"{spare}/{name}"
        files.add(name.lower())
        folders |= {name.lower().rpartition("/")[0]} - {""}
        found.append((name, content))
    return found


def third_party(release: Release, binary: Binary) -> str:
    """Return the license texts of Go and of each module that is linked into a binary."""
    licenses = dict(release.licenses)
    parts = [f"{binary.path.name} contains parts of the following works, each under the license below its name.\n"]
    for name in ("Go", *(label(module) for module in binary.info.deps)):
        title = (
            f"{name} ({binary.info.go or release.recipe.toolchain}, standard library and runtime)"
            if name == "Go"
            else name
        )
        parts.append(
            f"{'=' * 78}\n{title}\n{'=' * 78}\n\n{licenses.get(name, '').strip() or '(it states no license)'}\n"
        )
    return "\n".join(parts)


def label(module: Module) -> str:
    """Return the name under which a module's license texts are stored."""
    return f"{module.path} {module.version}"


def tarred(members: Sequence[Member], epoch: int) -> bytes:
    """Return a `.tar.gz` with the same bytes on every machine and for every user."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=_LEVEL, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name, mode, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), mode, epoch
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def zipped(members: Sequence[Member], epoch: int) -> bytes:
    """Return a `.zip` with the same bytes on every machine and for every user; its times are UTC, to two seconds."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, mode, content in members:
            member = zipfile.ZipInfo(name, time.gmtime(epoch)[:6])
            member.create_system = 3  # Unix, whatever this machine is: it determines how the mode is read
            member.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, _LEVEL)
    return packed.getvalue()
