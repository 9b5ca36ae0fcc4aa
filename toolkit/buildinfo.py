"""What Go's linker wrote into a binary about how it was made; `go version -m` prints the same.

Bytes in, values out, and nothing here raises. It reads WebAssembly, plan9/arm and stripped aix/ppc64 too, which is more
than Go's own reader does.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from toolkit.executable import BROKEN, read_header, text_of, uvarint
from toolkit.model import BuildInfo, Module

__all__ = ["read_build_info"]

_MOST_BLOBS = 64  # blobs looked at: hostile bytes must not cost minutes
_BLOB, _BLOB_FLAGS, _BLOB_STRINGS = b"\xff Go buildinf:", 15, 32
_BLOB_INLINE = 0x02  # Go 1.18 and later: the strings themselves follow, not pointers to them
_INFO_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")  # around the module text
_INFO_END = bytes.fromhex("f932433186182072008242104116d8f2")
_PRODUCER = b"\x08language\x01\x02Go"  # in WebAssembly's `producers` section, right before the Go version
_QUOTED = r'"(?:[^"\\]|\\[abfnrtv\\"]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"|`[^`]*`'
_ESCAPE = re.compile(rb"\\(?:x..|u.{4}|U.{8}|.)")
_SETTING = re.compile(rf'({_QUOTED}|[^= \t\r"`]+)=({_QUOTED}|[^ \t\r"`]*)')


def read_build_info(data: bytes) -> BuildInfo | None:
    """Return what Go's linker wrote about how a binary was made, or None where there is nothing to be read.

    It is looked for only where a linker puts it, since a program may carry the same bytes as its own data, or a whole
    other Go program; in a file of a format not known here it is looked for everywhere.
    """
    header = read_header(data)
    start, stop = header.info if header else (0, len(data))
    for go, text in (_in_wasm if header and header.format == "wasm" else _in_blobs)(data, start, stop):
        with contextlib.suppress(ValueError):
            return _parse(go, text)
    return None


def _in_blobs(data: bytes, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    """Yield the Go version and the module text of each blob there that is whole.

    Blobs are aligned to 16 bytes in memory, though not always in the file: in Plan 9's they may stand anywhere.
    """
    for _ in range(_MOST_BLOBS):
        if (at := data.find(_BLOB, start, stop)) < 0:
            return
        start = at + len(_BLOB)
        with contextlib.suppress(*BROKEN):
            go, end = _string(data, at + _BLOB_STRINGS)
            text, _ = _string(data, end)
            if data[at + _BLOB_FLAGS] & _BLOB_INLINE and go.startswith((b"go", b"devel")):
                yield text_of(go), text.removeprefix(_INFO_START).removesuffix(_INFO_END)


def _in_wasm(data: bytes, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    """Yield the same from WebAssembly, which has no blob: the text alone stands among the data, in its frame.

    What a program for another machine says is passed over, since one that a program carries may stand before its own.
    """
    go, producer = b"", data.find(_PRODUCER, stop)
    if producer >= 0:
        with contextlib.suppress(*BROKEN):
            go, _ = _string(data, producer + len(_PRODUCER))
    while (end := data.find(_INFO_END, start, stop)) >= 0:
        begin = data.rfind(_INFO_START, start, end)
        if begin >= 0 and data.find(b"\nbuild\tGOARCH=wasm\n", begin, end) >= 0:
            yield text_of(go), data[begin + len(_INFO_START) : end]
        start = end + len(_INFO_END)


def _parse(go: str, text: bytes) -> BuildInfo:
    """Parse the module text: a line each, its words parted by tabs. A replacement stands for what it replaces.

    A line of a known kind that is not as Go writes it is a ValueError: a list of modules that lacks one misleads.
    """
    path, main = "", Module("")
    deps: list[Module] = []
    settings: list[tuple[str, str]] = []
    for line in text_of(text).split("\n"):
        match line.split("\t"):
            case ["path", word]:
                path = word
            case ["mod", name, version, *rest] if len(rest) <= 1:
                main = Module(name, version, *rest)
            case ["dep", name, version, *rest] if len(rest) <= 1:
                deps.append(Module(name, version, *rest))
            case ["=>", name, version, total]:
                if deps:  # else it is the main module's, which keeps its own name
                    deps[-1] = Module(name, version, total)
            case ["build", *words] if sides := _SETTING.fullmatch("\t".join(words)):
                settings.append((_unquoted(sides[1]), _unquoted(sides[2])))
            case ["path" | "mod" | "dep" | "=>" | "build", *_]:
                raise ValueError(line)
    return BuildInfo(go, path, main, tuple(deps), tuple(settings))


def _unquoted(word: str) -> str:
    """Return a word as it was before Go quoted it."""
    return text_of(_ESCAPE.sub(_unescaped, word[1:-1].encode())) if word.startswith('"') else word.strip("`")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """Return what an escape stands for: as in Python, save that one of two hexadecimal digits is a byte in Go."""
    return escape[0].decode("unicode_escape").encode("latin-1" if escape[0].startswith(rb"\x") else "utf-8")


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes that stand at `at` after their length, and where they end."""
    size, at = uvarint(data, at)
    if at + size > len(data):
        raise ValueError(size)
    return data[at : at + size], at + size
