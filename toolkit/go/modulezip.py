"""Unpack the zip of a module. Go checked it, but it comes from an engine: its names and sizes are not trusted."""

from __future__ import annotations

import io
import lzma
import posixpath
import zipfile
import zlib
from pathlib import Path

from toolkit.errors import ImageUnusable, SourceTooLarge
from toolkit.options import SourceLimit

_BAD = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, RuntimeError, NotImplementedError, EOFError,
    FileExistsError, NotADirectoryError,
)  # fmt: skip


def unpack(data: bytes, prefix: str, root: Path, limit: SourceLimit) -> None:
    """Write the files of a module into a new directory, with a go.mod if the module has none.

    `prefix` is `path@version`. Raises SourceTooLarge, ImageUnusable for a zip that is not that module's, or OSError.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = [item for item in archive.infolist() if not item.is_dir()]
            if len(items) > limit.files or sum(item.file_size for item in items) > limit.size:
                raise SourceTooLarge(
                    f"`{prefix}` contains more than {limit.files:,} files or {limit.size:,} bytes",
                    hint="raise the limit with `--max-source`",
                )
            root.mkdir(parents=True)
            for item in items:
                path = root / _name(item.filename, prefix)
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(item) as file, path.open("xb") as out:
                    while chunk := file.read(1 << 20):
                        out.write(chunk)
    except _BAD as error:
        raise ImageUnusable(
            f"the file from the go command is not the zip of `{prefix}`: {error}",
            hint="use an image with the Go project's `go` command, or leave out `--image`",
        ) from None
    if not (root / "go.mod").exists():
        (root / "go.mod").write_text(f"module {prefix.partition('@')[0]}\n", "utf-8")


def _name(name: str, prefix: str) -> str:
    """Return a member's name below its module. Raises ValueError if the member is elsewhere."""
    inside = name.removeprefix(f"{prefix}/")
    if inside == name or posixpath.normpath(inside) != inside or inside.startswith(("/", "..")) or "\\" in inside:
        raise ValueError(f"it contains a member `{name}`")
    return inside
