"""What an executable says about itself: its header, and the build info that Go's linker wrote into it.

Bytes in, values out. A binary is packaged only when both agree with the pair on its label (`mismatches`): the header is
what an operating system looks at; build info tells apart the pairs whose headers are equal, `linux` and `dragonfly`, or
`solaris` and `illumos`. Nothing here raises, whatever the bytes: what is cut short or senseless reads as None. Offsets
and sizes are in bytes. The numbers come from the formats' own specifications (ELF gABI, Mach-O loader.h, PE/COFF,
XCOFF64, Plan 9 a.out(6), WebAssembly core), and what stands where, from Go's linker.
"""

from __future__ import annotations

import contextlib
import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from toolkit.model import BuildInfo, Module, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Header", "mismatches", "read_build_info", "read_header"]

_FORMATS = {"aix": "xcoff", "darwin": "macho", "ios": "macho", "plan9": "plan9", "windows": "pe"}
_FORMATS |= {"js": "wasm", "wasip1": "wasm", "illumos": "elf", "solaris": "elf"}
_FORMATS |= dict.fromkeys(("android", "dragonfly", "freebsd", "linux", "netbsd", "openbsd"), "elf")
_MARKED = {"darwin", "freebsd", "js", "netbsd", "openbsd", "wasip1", "windows"}  # Go always writes these in the header
_ARCHITECTURES = {  # GOARCH: machine, bits, little-endian
    "386": ("386", 32, True),
    "amd64": ("x86-64", 64, True),
    "arm": ("arm", 32, True),
    "arm64": ("arm64", 64, True),
    "loong64": ("loong64", 64, True),
    "mips": ("mips", 32, False),
    "mips64": ("mips", 64, False),
    "mips64le": ("mips", 64, True),
    "mipsle": ("mips", 32, True),
    "ppc64": ("ppc64", 64, False),
    "ppc64le": ("ppc64", 64, True),
    "riscv64": ("riscv64", 64, True),
    "s390x": ("s390x", 64, False),
    "wasm": ("wasm", 32, True),
}
_NAMES = {"elf": "ELF", "macho": "Mach-O", "pe": "PE", "xcoff": "XCOFF", "plan9": "Plan 9", "wasm": "WebAssembly"}

_ELF_MACHINES = {3: "386", 8: "mips", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86-64", 183: "arm64", 243: "riscv64"}
_ELF_MACHINES |= {258: "loong64"}
_ELF_OSABI = {2: "netbsd", 9: "freebsd", 12: "openbsd"}  # Go writes 0 for every other system
_ELF_LAYOUTS = {  # bits: the file header, a segment's (type, offset, size), a section's (name, offset, size)
    32: ("16xHH8xII8xH2xHH", "II8xI12x", "I12xII16x"),
    64: ("16xHH12xQQ8xH2xHH", "I4xQ16xQ16x", "I20xQQ24x"),
}
_ET_EXEC, _ET_DYN, _PT_INTERP, _PATH_MAX = 2, 3, 3, 4096
_MACHO_MACHINES = {0x01000007: "x86-64", 0x0100000C: "arm64"}
_MACHO_PLATFORMS = {1: "darwin", 2: "ios", 7: "ios"}  # macOS; a device, its simulator
_MH_EXECUTE, _LC_SEGMENT_64, _LC_BUILD_VERSION = 2, 0x19, 0x32
_LC_VERSION_MIN = {0x24: 1, 0x25: 2}  # what stood for LC_BUILD_VERSION in older files: the platform it means
_PE_MACHINES = {0x014C: "386", 0x8664: "x86-64", 0xAA64: "arm64"}
_PE_BITS = {0x010B: 32, 0x020B: 64}  # PE32, PE32+
_PE_WINDOWS = {2: "windows", 3: "windows"}  # subsystem: windowed, console; EFI programs and drivers have others
_PE_KIND, _PE_EXECUTABLE = 0x2002, 0x0002  # the bits for a library and for an executable
_PE_ALIGNMENT, _PE_DATA = 0x00F00000, 0xC0000040  # section flags; initialized data that can be read and written
_XCOFF_EXECUTABLE, _XCOFF_DATA = 0x0002, 0x0040
_PLAN9_MACHINES = {0x01EB: ("386", 32, 32), 0x8A97: ("x86-64", 64, 40), 0x0647: ("arm", 32, 32)}  # … and header size
_WASM_IMPORTS, _WASM_DATA = 2, 11
_WASM_HOSTS = {"js": b"\x04gojs", "wasip1": b"\x16wasi_snapshot_preview1"}  # the module that Go's runtime imports
_MOST, _MOST_BLOBS = 4096, 64  # load commands or sections, and blobs, looked at: hostile bytes must not cost minutes
_BROKEN = (struct.error, LookupError, ValueError)  # what reading senseless bytes can raise

_BLOB, _BLOB_FLAGS, _BLOB_STRINGS = b"\xff Go buildinf:", 15, 32
_BLOB_INLINE = 0x02  # Go 1.18 and later: the strings themselves follow, not pointers to them
_INFO_START = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")  # around the module text
_INFO_END = bytes.fromhex("f932433186182072008242104116d8f2")
_PRODUCER = b"\x08language\x01\x02Go"  # in WebAssembly's `producers` section, right before the Go version
_QUOTED = r'"(?:[^"\\]|\\[abfnrtv\\"]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8})*"|`[^`]*`'
_ESCAPE = re.compile(rb"\\(?:x..|u.{4}|U.{8}|.)")
_SETTING = re.compile(rf'({_QUOTED}|[^= \t\r"`]+)=({_QUOTED}|[^ \t\r"`]*)')


@dataclass(frozen=True)
class Header:
    """What the first bytes of an executable tell an operating system."""

    format: str  # "elf", "macho", "pe", "xcoff", "plan9" or "wasm"
    machine: str  # "x86-64", "386", "arm64", …; one that is not known here as its number, "0x2b"
    bits: int  # 32 or 64: the width of an address
    little_endian: bool  # the machine's byte order; the header itself may be in the other
    platform: str = ""  # the GOOS that the header is marked for; "" where the format does not say
    interpreter: str = ""  # the path of ELF's dynamic interpreter; "" for a static binary
    min_os: str = ""  # the least macOS or iOS version that runs it, "13.0"; "" where Mach-O does not say
    info: tuple[int, int] = field(default=(0, 0), compare=False)  # from, to: where a linker puts Go's build info


def read_header(data: bytes) -> Header | None:
    """Return what a file's header says, or None when it is no executable of a format known here."""
    for magic, reader in _READERS.items():
        if data.startswith(magic):
            with contextlib.suppress(*_BROKEN):
                return reader(data)
    return None


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


def mismatches(data: bytes, target: Target, *, main: str = "") -> tuple[str, ...]:
    """Return each way in which a binary is not what `CGO_ENABLED=0 go build -trimpath` makes for `target`.

    Each ends a sentence that begins with the binary's name; none at all means that it is right. `main` is the path of
    the main module that it must come from. Where a newer Go has brought a GOOS or GOARCH that the tables here lack, the
    build info alone is checked: a new pair must not have to wait for a new toolkit.
    """
    return (*_header_mismatches(read_header(data), target), *_info_mismatches(read_build_info(data), target, main))


def _header_mismatches(header: Header | None, target: Target) -> Iterator[str]:
    if target.goos not in _FORMATS or target.goarch not in _ARCHITECTURES:
        return
    if header is None:
        yield "is not an executable of a known format"
        return
    name, wanted = _NAMES[header.format], _NAMES[_FORMATS[target.goos]]
    machine, bits, little = _ARCHITECTURES[target.goarch]
    if name != wanted:
        yield f"is {name}, not {wanted}"
    elif header.platform and header.platform != target.goos:
        yield f"is marked for `{header.platform}`, not for `{target.goos}`"
    elif not header.platform and target.goos in _MARKED:
        yield f"is not marked for `{target.goos}`"
    if header.machine != machine:
        yield f"is {name} for `{header.machine}`, not for `{machine}`"
    if header.bits != bits:
        yield f"is {header.bits}-bit, not {bits}-bit"
    if header.little_endian != little:
        yield "is little-endian, not big-endian" if header.little_endian else "is big-endian, not little-endian"
    if header.interpreter and target.goos == "linux":
        yield f"needs the dynamic interpreter `{header.interpreter}`"


def _info_mismatches(info: BuildInfo | None, target: Target, main: str) -> Iterator[str]:
    if info is None:
        yield "has no Go build info"
        return
    wanted = {"GOOS": target.goos, "GOARCH": target.goarch, "CGO_ENABLED": "0", "-trimpath": "true"}
    for name, value in wanted.items():
        if (found := info.setting(name)) != value:
            yield f"says `{name}={found}`, not `{name}={value}`" if found else f"does not say `{name}={value}`"
    if main and info.main.path != main:
        yield f"comes from the module `{info.main.path}`, not from `{main}`"


def _elf(data: bytes) -> Header | None:
    bits, order = {1: 32, 2: 64}[data[4]], {1: "<", 2: ">"}[data[5]]
    head, segment, section = (order + layout for layout in _ELF_LAYOUTS[bits])
    kind, machine, segments_at, sections_at, segments, sections, names = struct.unpack_from(head, data)
    if kind not in (_ET_EXEC, _ET_DYN):
        return None
    interpreter, info = "", (0, 0)
    for kind, start, _ in _table(data, segment, segments_at, segments):
        if kind == _PT_INTERP:
            interpreter = _text(data[start : start + _PATH_MAX].partition(b"\0")[0])
    rows = _table(data, section, sections_at, sections)
    for name, start, size in rows:
        if data.startswith(b".go.buildinfo\0", rows[names][1] + name):
            info = (start, start + size)
    word = _ELF_MACHINES.get(machine, hex(machine))
    return Header("elf", word, bits, order == "<", _ELF_OSABI.get(data[7], ""), interpreter, info=info)


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
        size, at = _uvarint(data, at + 1)
        if kind == _WASM_IMPORTS:
            platform = next((goos for goos, host in _WASM_HOSTS.items() if data.find(host, at, at + size) >= 0), "")
        elif kind == _WASM_DATA:
            info = (at, at + size)
        at += size
    return Header("wasm", "wasm", 32, little_endian=True, platform=platform, info=info)


_READERS = {b"\x7fELF": _elf, b"MZ": _pe, b"\x01\xf7": _xcoff, b"\0asm\1\0\0\0": _wasm}  # by a file's first bytes
_READERS |= {b"\xcf\xfa\xed\xfe": _macho}  # 64-bit and little-endian, as all of Go's are
_READERS |= {magic.to_bytes(4, "big"): _plan9 for magic in _PLAN9_MACHINES}


def _in_blobs(data: bytes, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    """Yield the Go version and the module text of each blob there that is whole.

    Blobs are aligned to 16 bytes in memory, though not always in the file: in Plan 9's they may stand anywhere.
    """
    for _ in range(_MOST_BLOBS):
        if (at := data.find(_BLOB, start, stop)) < 0:
            return
        start = at + len(_BLOB)
        with contextlib.suppress(*_BROKEN):
            go, end = _string(data, at + _BLOB_STRINGS)
            text, _ = _string(data, end)
            if data[at + _BLOB_FLAGS] & _BLOB_INLINE and go.startswith((b"go", b"devel")):
                yield _text(go), text.removeprefix(_INFO_START).removesuffix(_INFO_END)


def _in_wasm(data: bytes, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
    """Yield the same from WebAssembly, which has no blob: the text alone stands among the data, in its frame.

    What a program for another machine says is passed over, since one that a program carries may stand before its own.
    """
    go, producer = b"", data.find(_PRODUCER, stop)
    if producer >= 0:
        with contextlib.suppress(*_BROKEN):
            go, _ = _string(data, producer + len(_PRODUCER))
    while (end := data.find(_INFO_END, start, stop)) >= 0:
        begin = data.rfind(_INFO_START, start, end)
        if begin >= 0 and data.find(b"\nbuild\tGOARCH=wasm\n", begin, end) >= 0:
            yield _text(go), data[begin + len(_INFO_START) : end]
        start = end + len(_INFO_END)


def _parse(go: str, text: bytes) -> BuildInfo:
    """Parse the module text: a line each, its words parted by tabs. A replacement stands for what it replaces.

    A line of a known kind that is not as Go writes it is a ValueError: a list of modules that lacks one misleads.
    """
    path, main = "", Module("")
    deps: list[Module] = []
    settings: list[tuple[str, str]] = []
    for line in _text(text).split("\n"):
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
    return _text(_ESCAPE.sub(_unescaped, word[1:-1].encode())) if word.startswith('"') else word.strip("`")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """Return what an escape stands for: as in Python, save that one of two hexadecimal digits is a byte in Go."""
    return escape[0].decode("unicode_escape").encode("latin-1" if escape[0].startswith(rb"\x") else "utf-8")


def _table(data: bytes, layout: str, at: int, count: int) -> list[tuple[Any, ...]]:
    """Return `count` records from `at` on; a file that ends before they do has fewer, or is a struct.error."""
    return list(struct.iter_unpack(layout, data[at : at + count * struct.calcsize(layout)]))


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the bytes that stand at `at` after their length, and where they end."""
    size, at = _uvarint(data, at)
    if at + size > len(data):
        raise ValueError(size)
    return data[at : at + size], at + size


def _uvarint(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned LEB128 number at `at`, which must be below 2**35, and where it ends."""
    value = 0
    for i in range(5):
        value |= (data[at + i] & 0x7F) << 7 * i
        if not data[at + i] & 0x80:
            return value, at + i + 1
    raise ValueError(value)


def _text(raw: bytes) -> str:
    """Decode what should be UTF-8 and need not be: a file may hold anything."""
    return raw.decode(errors="replace")
