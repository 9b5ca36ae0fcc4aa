"""The record of a build that Go's linker writes into a binary; `go version -m` prints the same.

Bytes in, values out, and no function raises. It also reads WebAssembly, plan9/arm and stripped aix/ppc64, which Go's
own reader cannot.
"""

from __future__ import annotations

import bisect
import contextlib
import itertools
import operator
import re
import struct
from collections.abc import Iterator

from toolkit.go.headers import BROKEN, read_header, text_of, uvarint
from toolkit.model import BuildInfo, Module

__all__ = ["read_build_info"]

_MOST_BLOBS, _MOST_SEGMENTS = 256, 100_000  # items that are read: hostile bytes must not cost minutes
_BLOB, _BLOB_FLAGS, _BLOB_STRINGS = b"\xff Go buildinf:", 15, 32
_BLOB_INLINE = 0x02  # Go 1.18 and later: the strings themselves follow, not pointers to them
_INFO_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")  # around the module text
_INFO_END = bytes.fromhex("f932433186182072008242104116d8f2")
_ADDRESS_FOLLOWS = b"\0\x41"  # the start of a segment of WebAssembly's only memory: memory 0, i32.const
_PRODUCER = b"\x08language\x01\x02Go"  # in WebAssembly's `producers` section, right before the Go version
_QUOTED = r'"(?:[^"\\]|\\[abfnrtv\\"]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"|`[^`]*`'
_ESCAPE = re.compile(rb"\\(?:x..|u.{4}|U.{8}|.)")
_SETTING = re.compile(rf'({_QUOTED}|[^= \t\r"`]+)=({_QUOTED}|[^ \t\r"`]*)')


def read_build_info(data: bytes) -> BuildInfo | None:
    """Return the linker's record of a build, or None if there is none.

    A program may contain the same bytes as data, or another complete Go program, so only the record at the linker's
    place counts. In a file of an unknown format, the record is searched for everywhere.
    """
    header = read_header(data)
    start, stop = header.info if header else (0, len(data))
    if header and header.format == "wasm":
        found = _in_wasm(data, start, stop)
    else:  # a linker puts it first in its section, and the section first among writable data
        found = _in_blobs(data, start, min(start + len(_BLOB), stop) if header else stop)
    for go, text in found:
        with contextlib.suppress(ValueError):
            return _parse(go, text)
    return None


def _in_blobs(data: bytes, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    """Yield the Go version and the module text of each complete blob that has its magic string."""
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
    """Yield the same from WebAssembly, which has no blob: the framed text is a string variable of the runtime.

    Only the binary's own text is the target of such a variable. The pointers in an embedded program are addresses in
    that program's memory.
    """
    go, producer = b"", data.find(_PRODUCER, stop)
    with contextlib.suppress(*BROKEN):
        go = _string(data, producer + len(_PRODUCER))[0] if producer >= 0 else b""
    with contextlib.suppress(*BROKEN):
        segments = _segments(data, start)
        for begin, end in itertools.islice(_framed(data, start, stop), _MOST_BLOBS):
            _, _, address = _segment(segments, begin)
            if _has_string(data, segments, address, end - begin):
                yield text_of(go), data[begin + len(_INFO_START) : end - len(_INFO_END)]


def _framed(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each module text of a WebAssembly program, including its frame."""
    while (end := data.find(_INFO_END, start, stop)) >= 0:
        begin, start = data.rfind(_INFO_START, start, end), end + len(_INFO_END)
        if begin >= 0 and data.find(b"\nbuild\tGOARCH=wasm\n", begin, end) >= 0:
            yield begin, start


def _segments(data: bytes, at: int) -> list[tuple[int, int, int]]:
    """Return a WebAssembly data section's segments: start, end, and the address of the first byte."""
    count, at = uvarint(data, at)
    segments = []
    for _ in range(min(count, _MOST_SEGMENTS)):
        if data[at : at + 2] != _ADDRESS_FOLLOWS:
            raise ValueError(at)
        address, at = uvarint(data, at + 2)
        size, at = uvarint(data, at + 1)
        segments.append((at, at + size, address))
        at += size
    return segments


def _segment(segments: list[tuple[int, int, int]], at: int) -> tuple[int, int, int]:
    """Return a segment's start and end, and the address of the byte at `at`; LookupError outside all segments."""
    start, stop, address = segments[bisect.bisect_right(segments, at, key=operator.itemgetter(0)) - 1]
    if not start <= at < stop:
        raise LookupError(at)
    return start, stop, address + at - start


def _has_string(data: bytes, segments: list[tuple[int, int, int]], address: int, length: int) -> bool:
    """Return whether a variable has this pointer and length. A segment ends where only zeros follow."""
    wanted = struct.pack("<QQ", address, length).rstrip(b"\0")
    at = segments[0][0] - 1
    while (at := data.find(wanted, at + 1, segments[-1][1])) >= 0:
        with contextlib.suppress(LookupError):
            _, stop, place = _segment(segments, at)
            if place % 8 == 0 and not data[at + len(wanted) : min(at + 16, stop)].strip(b"\0"):
                return True
    return False


def _parse(go: str, text: bytes) -> BuildInfo:
    """Parse the module text: one record a line, with tabs between words. A replacement is used instead of the original.

    A line of a known kind in an unknown format raises ValueError: a list of modules that lacks one is misleading.
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
                if deps:  # otherwise it belongs to the main module, which keeps its name
                    deps[-1] = Module(name, version, total)
            case ["build", *words] if sides := _SETTING.fullmatch("\t".join(words)):
                settings.append((_unquoted(sides[1]), _unquoted(sides[2])))
            case ["path" | "mod" | "dep" | "=>" | "build", *_]:
                raise ValueError(line)
    return BuildInfo(go, path, main, tuple(deps), tuple(settings))


def _unquoted(word: str) -> str:
    """Return a word without Go's quoting."""
    return text_of(_ESCAPE.sub(_unescaped, word[1:-1].encode())) if word.startswith('"') else word.strip("`")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """Return the bytes of an escape: as in Python, except that two hexadecimal digits are a byte in Go."""
    return escape[0].decode("unicode_escape").encode("latin-1" if escape[0].startswith(rb"\x") else "utf-8")


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes at `at`, after their length, and the offset of their end."""
    size, at = uvarint(data, at)
    if at + size > len(data):
        raise ValueError(size)
    return data[at : at + size], at + size
