"""The header of an executable: format, machine, word size, byte order.

Bytes in, values out. No function raises, whatever the bytes: truncated or invalid data reads as None. Offsets and
sizes are in bytes. The numbers come from the formats' specifications (ELF gABI, Mach-O loader.h, PE/COFF, XCOFF64,
Plan 9 a.out(6), WebAssembly core), and the layout from Go's linker.
"""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BROKEN", "Header", "read_header", "text_of", "uvarint"]

_ELF_MACHINES = {3: "386", 8: "mips", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86-64", 183: "arm64", 243: "riscv64"}
_ELF_MACHINES |= {258: "loong64"}
_ELF_OSABI = {2: "netbsd", 9: "freebsd", 12: "openbsd"}  # Go writes 0 for every other system
_ELF_LAYOUTS = {  # bits: the file header, a segment's (type, offset, address, size), a section's (name, offset, size)
    32: ("16xHH8xII8xH2xHH", "III4xI12x", "I12xII16x"),
    64: ("16xHH12xQQ8xH2xHH", "I4xQQ8xQ16x", "I20xQQ24x"),
}
_ET_EXEC, _ET_DYN, _PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PATH_MAX = 2, 3, 1, 2, 3, 4096
_DT_NULL, _DT_NEEDED, _DT_STRTAB = 0, 1, 5
_MACHO_MACHINES = {0x01000007: "x86-64", 0x0100000C: "arm64"}
_MACHO_PLATFORMS = {1: "darwin", 2: "ios", 7: "ios"}  # macOS; a device, its simulator
_MH_EXECUTE, _LC_SEGMENT_64, _LC_BUILD_VERSION = 2, 0x19, 0x32
_LC_VERSION_MIN = {0x24: 1, 0x25: 2}  # instead of LC_BUILD_VERSION in older files: the platform it means
_PE_MACHINES = {0x014C: "386", 0x8664: "x86-64", 0xAA64: "arm64"}
_PE_BITS = {0x010B: 32, 0x020B: 64}  # PE32, PE32+
_PE_WINDOWS = {2: "windows", 3: "windows"}  # subsystem: windowed, console; EFI programs and drivers have others
_PE_KIND, _PE_EXECUTABLE = 0x2002, 0x0002  # the bits for a library and for an executable
_PE_ALIGNMENT, _PE_DATA = 0x00F00000, 0xC0000040  # section flags; initialized data that can be read and written
_XCOFF_EXECUTABLE, _XCOFF_DATA = 0x0002, 0x0040
_PLAN9_MACHINES = {0x01EB: ("386", 32, 32), 0x8A97: ("x86-64", 64, 40), 0x0647: ("arm", 32, 32)}  # … and header size
_WASM_IMPORTS, _WASM_DATA = 2, 11
_WASM_HOSTS = {"js": b"\x04gojs", "wasip1": b"\x16wasi_snapshot_preview1"}  # the module that Go's runtime imports
_MOST = 4096  # load commands or sections that are read: hostile bytes must not cost minutes
BROKEN = (struct.error, LookupError, ValueError)  # exceptions from reading invalid bytes


@dataclass(frozen=True)
class Header:
    """The information for an operating system in the first bytes of an executable."""

    format: str  # "elf", "macho", "pe", "xcoff", "plan9" or "wasm"
    machine: str  # "x86-64", "386", "arm64", …; an unknown one as its number, "0x2b"
    bits: int  # 32 or 64: the width of an address
    little_endian: bool  # the machine's byte order; the header itself may be in the other
    platform: str = ""  # the GOOS in the header; "" if the format does not state it
    interpreter: str = ""  # the path of ELF's dynamic interpreter; "" for a static binary
    needed: tuple[str, ...] = ()  # the shared libraries that ELF's loader searches for
    min_os: str = ""  # the oldest macOS or iOS version that runs it, "13.0"; "" if Mach-O does not state it
    info: tuple[int, int] = field(
        default=(0, 0), compare=False
    )  # start and end of the place where a linker puts Go's build info


def read_header(data: bytes) -> Header | None:
    """Return a file's header, or None if the file is not an executable of a known format."""
    for magic, reader in _READERS.items():
        if data.startswith(magic):
            with contextlib.suppress(*BROKEN):
                return reader(data)
    return None


def _elf(data: bytes) -> Header | None:
    bits, order = {1: 32, 2: 64}[data[4]], {1: "<", 2: ">"}[data[5]]
    head, segment, section = (order + layout for layout in _ELF_LAYOUTS[bits])
    kind, machine, segments_at, sections_at, segments, sections, names = struct.unpack_from(head, data)
    if kind not in (_ET_EXEC, _ET_DYN):
        return None
    interpreter, info, loaded = "", (0, 0), _table(data, segment, segments_at, segments)
    for kind, start, _, _ in loaded:
        if kind == _PT_INTERP:
            interpreter = _text_at(data, start)
    needed = tuple(_needed(data, loaded, order + {32: "II", 64: "QQ"}[bits]))
    rows = _table(data, section, sections_at, sections)
    for name, start, size in rows:
        if data.startswith(b".go.buildinfo\0", rows[names][1] + name):
            info = (start, start + size)
    word = _ELF_MACHINES.get(machine, hex(machine))
    return Header("elf", word, bits, order == "<", _ELF_OSABI.get(data[7], ""), interpreter, needed, info=info)


def _needed(data: bytes, segments: list[tuple[Any, ...]], layout: str) -> Iterator[str]:
    """Yield the shared libraries that the dynamic segment names, in its order."""
    for kind, at, _, length in segments:
        if kind != _PT_DYNAMIC:
            continue
        entries = _table(data, layout, at, min(length // struct.calcsize(layout), _MOST))
        rows = list(itertools.takewhile(lambda row: row[0] != _DT_NULL, entries))
        strings = next((value for tag, value in rows if tag == _DT_STRTAB), -1)
        for sort, start, address, size in segments:
            if sort == _PT_LOAD and address <= strings < address + size:
                names = [start + strings - address + value for tag, value in rows if tag == _DT_NEEDED]
                yield from (_text_at(data, name) for name in names)
                return


def _macho(data: bytes) -> Header | None:
    cpu, kind, commands = struct.unpack_from("<4xI4xII", data)
    if kind != _MH_EXECUTE:
        return None
    at, platform, version, info = 32, 0, 0, (0, 0)
    for _ in range(min(commands, _MOST)):
        command, size = struct.unpack_from("<II", data, at)
        if command == _LC_BUILD_VERSION:
            platform, version = struct.unpack_from("<II", data, at + 8)
        elif command in _LC_VERSION_MIN:
            platform, (version,) = _LC_VERSION_MIN[command], struct.unpack_from("<I", data, at + 8)
        elif command == _LC_SEGMENT_64:
            (sections,) = struct.unpack_from("<I", data, at + 64)
            for name, length, start in _table(data, "<16s24xQI28x", at + 72, min(sections, size // 80)):
                info = (start, start + length) if name == b"__go_buildinfo\0\0" else info
        at += max(size, 8)
    word = _MACHO_PLATFORMS.get(platform, str(platform)) if platform else ""
    least = f"{version >> 16}.{version >> 8 & 0xFF}" if version else ""
    machine = _MACHO_MACHINES.get(cpu, hex(cpu))
    return Header("macho", machine, 64, little_endian=True, platform=word, min_os=least, info=info)


def _pe(data: bytes) -> Header | None:
    (at,) = struct.unpack_from("<I", data, 0x3C)
    signature, machine, sections, size, flags = struct.unpack_from("<4sHH12xHH", data, at)
    magic, subsystem = struct.unpack_from("<H66xH", data, at + 24)
    if signature != b"PE\0\0" or flags & _PE_KIND != _PE_EXECUTABLE:
        return None
    rows = _table(data, "<16xII12xI", at + 24 + size, sections)
    info = next(((start, start + length) for length, start, kind in rows if kind & ~_PE_ALIGNMENT == _PE_DATA), (0, 0))
    word = _PE_MACHINES.get(machine, hex(machine))
    return Header("pe", word, _PE_BITS[magic], little_endian=True, platform=_PE_WINDOWS.get(subsystem, ""), info=info)


def _xcoff(data: bytes) -> Header | None:
    sections, size, flags = struct.unpack_from(">2xH12xHH", data)
    if not flags & _XCOFF_EXECUTABLE:
        return None
    rows = _table(data, ">24xQQ24xI4x", 24 + size, sections)
    info = next(((start, start + length) for length, start, kind in rows if kind == _XCOFF_DATA), (0, 0))
    return Header("xcoff", "ppc64", 64, little_endian=False, info=info)


def _plan9(data: bytes) -> Header | None:
    magic, text, initialized = struct.unpack_from(">III", data)
    machine, bits, size = _PLAN9_MACHINES[magic]
    start, stop = size + text, size + text + initialized
    if stop > len(data):  # four bytes, two of them zero, are a weak sign: the sizes must be possible too
        return None
    return Header("plan9", machine, bits, little_endian=True, info=(start, stop))


def _wasm(data: bytes) -> Header | None:
    at, platform, info = 8, "", (0, 0)
    for _ in range(_MOST):
        if at >= len(data):
            break
        kind = data[at]
        size, at = uvarint(data, at + 1)
        if kind == _WASM_IMPORTS:
            platform = next((goos for goos, host in _WASM_HOSTS.items() if data.find(host, at, at + size) >= 0), "")
        elif kind == _WASM_DATA:
            info = (at, at + size)
        at += size
    return Header("wasm", "wasm", 32, little_endian=True, platform=platform, info=info)


_READERS = {b"\x7fELF": _elf, b"MZ": _pe, b"\x01\xf7": _xcoff, b"\0asm\1\0\0\0": _wasm}  # by a file's first bytes
_READERS |= {b"\xcf\xfa\xed\xfe": _macho}  # 64-bit and little-endian, as all of Go's are
_READERS |= {magic.to_bytes(4, "big"): _plan9 for magic in _PLAN9_MACHINES}


def _table(data: bytes, layout: str, at: int, count: int) -> list[tuple[Any, ...]]:
    """Return `count` records from `at` on; a file that ends early has fewer records, or raises struct.error."""
    return list(struct.iter_unpack(layout, data[at : at + count * struct.calcsize(layout)]))


def uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned LEB128 number at `at`, which must be below 2**35, and the offset after it."""
    value = 0
    for i in range(5):
        value |= (data[at + i] & 0x7F) << 7 * i
        if not data[at + i] & 0x80:
            return value, at + i + 1
    raise ValueError(value)


def _text_at(data: bytes, at: int) -> str:
    return text_of(data[at : at + _PATH_MAX].partition(b"\0")[0])


def text_of(raw: bytes) -> str:
    """Decode bytes that should be UTF-8 but may be anything."""
    return raw.decode(errors="replace")
