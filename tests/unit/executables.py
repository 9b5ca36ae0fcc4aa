"""Executables of a few hundred bytes, each a header as its format's specification has it, and a build info.

`sample(target)` is what a right binary looks like; the functions below it make wrong ones too. `carried` is what a
program carries as data; it stands before the build info, which is how Go's linker lays out most files.
"""

from __future__ import annotations

import struct

from toolkit.model import Target

MAIN = "example.com/tiny"
FRAME = bytes.fromhex("3077af0c9274080241e1c107e6d618e6"), bytes.fromhex("f932433186182072008242104116d8f2")
ELF_MACHINES = {
    "386": (3, 32, "<"),
    "amd64": (62, 64, "<"),
    "arm": (40, 32, "<"),
    "arm64": (183, 64, "<"),
    "loong64": (258, 64, "<"),
    "mips": (8, 32, ">"),
    "mips64": (8, 64, ">"),
    "mips64le": (8, 64, "<"),
    "mipsle": (8, 32, "<"),
    "ppc64": (21, 64, ">"),
    "ppc64le": (21, 64, "<"),
    "riscv64": (243, 64, "<"),
    "s390x": (22, 64, ">"),
}
ELF_OSABI = {"freebsd": 9, "netbsd": 2, "openbsd": 12}
MACHO_CPUS = {"amd64": 0x01000007, "arm64": 0x0100000C}
PE_MACHINES = {"386": (0x14C, 32), "amd64": (0x8664, 64), "arm64": (0xAA64, 64)}
PLAN9_MAGICS = {"386": 0x1EB, "amd64": 0x8A97, "arm": 0x647}
WASM_HOSTS = {"js": b"gojs", "wasip1": b"wasi_snapshot_preview1"}


def sample(target: Target, text: bytes | None = None, go: bytes = b"go1.27.3") -> bytes:
    """Return a correct binary for any current pair, or the same with another module text."""
    text = settings(target) if text is None else text
    made, goarch = blob(text, go), target.goarch
    match target.goos:
        case "darwin":
            data = macho(made, build_version(1, 13), cpu=MACHO_CPUS[goarch])
        case "ios":
            data = macho(made, cpu=MACHO_CPUS[goarch])
        case "windows":
            data = pe(made, *PE_MACHINES[goarch])
        case "aix":
            data = xcoff(made)
        case "plan9":
            data = plan9(made, PLAN9_MAGICS[goarch])
        case "js" | "wasip1":
            data = wasm(framed(text), WASM_HOSTS[target.goos], go=go)
        case goos:
            data = elf(made, *ELF_MACHINES[goarch], osabi=ELF_OSABI.get(goos, 0))
    return data


def settings(target: Target, *, cgo: str = "0", trimpath: str = "true", more: str = "") -> bytes:
    """Return the module text that the go command hands to the linker."""
    lines = (
        f"path\t{MAIN}/cmd/tiny",
        f"mod\t{MAIN}\t(devel)\t",
        f"build\t-trimpath={trimpath}",
        f"build\tCGO_ENABLED={cgo}",
        f"build\tGOARCH={target.goarch}",
        f"build\tGOOS={target.goos}",
    )
    return ("\n".join(lines) + "\n" + more).encode()


def framed(text: bytes) -> bytes:
    """Put the go command's two markers around a module text."""
    return FRAME[0] + text + FRAME[1]


def uleb(number: int) -> bytes:
    """Encode a length, seven bits a byte."""
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + uleb(number >> 7)


def counted(raw: bytes) -> bytes:
    """Put its length before a string."""
    return uleb(len(raw)) + raw


def blob(text: bytes, go: bytes = b"go1.27.3", flags: int = 2) -> bytes:
    """Return what Go's linker writes: magic, pointer size, flags, 16 unused bytes, two strings."""
    return b"\xff Go buildinf:" + bytes([8, flags]) + bytes(16) + counted(go) + counted(framed(text) if text else b"")


def elf(  # noqa: PLR0913 - an ELF file has this many things to be wrong about
    info: bytes,
    machine: int = 62,
    bits: int = 64,
    order: str = "<",
    *,
    osabi: int = 0,
    kind: int = 2,
    interpreter: bytes = b"",
    needed: tuple[bytes, ...] = (),
    carried: bytes = b"",
) -> bytes:
    """Return an ELF file with the sections `.rodata` and `.go.buildinfo`, and PT_INTERP and PT_DYNAMIC if asked for."""
    word, sizes = ("Q", (64, 56, 64)) if bits == 64 else ("I", (52, 32, 40))
    names = b"\0.rodata\0.go.buildinfo\0.shstrtab\0"
    strings = b"".join(name + b"\0" for name in (b"", *needed))
    places = [strings.index(b"\0" + name + b"\0") + 1 for name in needed]
    tags = [(21, 0), *((1, place) for place in places), (5, 0x9000), (0, 0), (1, 1)]
    dynamic = b"".join(struct.pack(order + "2" + word, *tag) for tag in tags)
    more = [(3, 0, interpreter + b"\0")] if interpreter else []
    more += [(2, 0x8000, dynamic), (1, 0x9000, strings)] if needed else []
    segments = len(more) + 1
    table = sizes[0] + sizes[1] * segments
    at = table + sizes[2] * 4
    starts = (at, at + len(carried), at + len(carried + info), at + len(carried + info + names))
    head = bytes([0x7F, 0x45, 0x4C, 0x46, bits // 32, 1 if order == "<" else 2, 1, osabi]) + bytes(8)
    head += struct.pack(order + "HHI3" + word, kind, machine, 1, 0x1000, sizes[0], table)
    head += struct.pack(order + "I6H", 0, sizes[0], sizes[1], segments, sizes[2], 4, 3)
    start = starts[3]
    for number, address, raw in ((1, 0x4000, info), *more):
        where = (starts[1] if raw is info else start, address, address, len(raw), len(raw))
        start += 0 if raw is info else len(raw)
        fields = (number, 6, *where, 1) if bits == 64 else (number, *where, 6, 1)
        head += struct.pack(order + ("II6Q" if bits == 64 else "8I"), *fields)
    rows = ((0, 0, 0, b""), (1, 1, starts[0], carried), (9, 1, starts[1], info), (23, 3, starts[2], names))
    for name, sort, start, raw in rows:
        address = 0x4000 if raw is info else 0
        head += struct.pack(order + f"II4{word}II2{word}", name, sort, 2, address, start, len(raw), 0, 0, 1, 0)
    return head + carried + info + names + b"".join(raw for _, _, raw in more)


def build_version(platform: int, major: int, minor: int = 0) -> bytes:
    """Return the Mach-O command LC_BUILD_VERSION: platform, least version, SDK version, no tools."""
    return struct.pack("<6I", 0x32, 24, platform, major << 16 | minor << 8, 26 << 16, 0)


def macho(info: bytes, *more: bytes, cpu: int = 0x0100000C, kind: int = 2, carried: bytes = b"") -> bytes:
    """Return a 64-bit Mach-O file: an empty `__PAGEZERO`, a `__DATA` of three sections, and more commands."""
    size, extra = 72 + 3 * 80, b"".join(more)
    at = 32 + 72 + size + len(extra)
    head = struct.pack("<8I", 0xFEEDFACF, cpu, 0, kind, 2 + len(more), 72 + size + len(extra), 0, 0)
    head += struct.pack("<II16s4Q4I", 0x19, 72, b"__PAGEZERO", 0, 0x1000, 0, 0, 0, 0, 0, 0)
    length = len(carried) + len(info)
    head += struct.pack("<II16s4Q4I", 0x19, size, b"__DATA", 0x1000, length, at, length, 3, 3, 3, 0)
    for name, raw in ((b"__data", carried), (b"__go_buildinfo", info), (b"__bss", b"")):
        head += struct.pack("<16s16sQQ8I", name, b"__DATA", 0x1000, len(raw), at, 0, 0, 0, 0, 0, 0, 0)
        at += len(raw)
    return head + extra + carried + info


def pe(  # noqa: PLR0913 - a PE file has this many things to be wrong about
    info: bytes,
    machine: int = 0x8664,
    bits: int = 64,
    *,
    subsystem: int = 3,
    flags: int = 0x22,
    carried: bytes = b"",
) -> bytes:
    """Return a PE file of a read-only section with `carried`, and a writable one with the build info."""
    stub = b"MZ" + bytes(0x3A) + struct.pack("<I", 0x80) + bytes(0x40)
    size = 240 if bits == 64 else 224
    optional = struct.pack("<H66xH", 0x20B if bits == 64 else 0x10B, subsystem).ljust(size - 132, b"\0")
    optional += struct.pack("<I128x", 16)
    head = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 2, 0, 0, 0, size, flags) + optional
    at = len(stub) + len(head) + 2 * 40
    for name, raw, kind in ((b".rdata", carried, 0x40000040), (b".data", info, 0xC0600040)):
        head += struct.pack("<8s6IHHI", name, len(raw), 0x1000, len(raw), at, 0, 0, 0, 0, kind)
        at += len(raw)
    return stub + head + carried + info


def xcoff(info: bytes, *, flags: int = 2, carried: bytes = b"") -> bytes:
    """Return a 64-bit XCOFF file of a text section with `carried`, and a data section with the build info."""
    head = struct.pack(">HHiQHHi", 0x1F7, 2, 0, 0, 120, flags, 0) + bytes(120)
    at = len(head) + 2 * 72
    for name, raw, kind in ((b".text", carried, 0x20), (b".data", info, 0x40)):
        head += struct.pack(">8s6Q4I", name, 0, 0, len(raw), at, 0, 0, 0, 0, kind, 0)
        at += len(raw)
    return head + carried + info


def plan9(info: bytes, magic: int = 0x8A97, *, carried: bytes = b"") -> bytes:
    """Return a Plan 9 executable with `carried` as its text and the build info as its data."""
    entry = bytes(8) if magic & 0x8000 else b""
    return struct.pack(">8I", magic, len(carried), len(info), 0, 0, 0x1000, 0, 0) + entry + carried + info


def wasm_section(kind: int, raw: bytes) -> bytes:
    """Return one section of a WebAssembly module."""
    return bytes([kind]) + counted(raw)


def wasm(info: bytes, module: bytes, *, go: bytes = b"go1.27.3", carried: bytes = b"", at: int = 0x1000) -> bytes:
    """Return a WebAssembly module that imports one function of `module`.

    Its memory contains, from `at` on, what is carried, the build info, and a string variable that points to it.
    """
    text = (carried + info).ljust(-(-len(carried + info) // 8) * 8, b"\0")
    variable = struct.pack("<QQ", at + len(carried), len(info)).rstrip(b"\0") if info else b""
    producers = counted(b"producers") + b"\1" + counted(b"language") + b"\1" + counted(b"Go") + counted(go)
    return b"".join(
        (
            b"\0asm\1\0\0\0",
            wasm_section(1, b"\1\x60\0\0"),
            wasm_section(2, b"\1" + counted(module) + counted(b"f") + b"\0\0"),
            wasm_section(11, b"\2" + segment(16, b"before") + segment(at, text + variable)),
            wasm_section(0, producers) if go else b"",
        )
    )


def segment(at: int, raw: bytes) -> bytes:
    """Return a segment of WebAssembly's memory."""
    return b"\0\x41" + uleb(at) + b"\x0b" + counted(raw)
