"""Check that a binary matches its label: its header and its build info must agree with the pair.

An operating system reads the header. Build info distinguishes the pairs whose headers are equal: `linux` and
`dragonfly`, or `solaris` and `illumos`.
"""

from __future__ import annotations

from collections.abc import Iterator

from toolkit.go.buildinfo import read_build_info
from toolkit.go.headers import Header, read_header
from toolkit.model import BuildInfo, Findings, Target

__all__ = ["examine", "mismatches"]

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
_LIBC = {  # by GOOS: the libraries that Go's packages link there even without cgo
    "illumos": {"libc.so", "libpthread.so", "libsendfile.so", "libsocket.so"},
    "openbsd": {"libc.so", "libpthread.so"},
    "solaris": {"libc.so", "libpthread.so", "libsendfile.so", "libsocket.so"},
}
_NAMES = {"elf": "ELF", "macho": "Mach-O", "pe": "PE", "xcoff": "XCOFF", "plan9": "Plan 9", "wasm": "WebAssembly"}


def examine(data: bytes, target: Target, *, main: str = "", toolchain: str = "") -> Findings:
    """Return a binary's own statements, and how it differs from the result of `CGO_ENABLED=0 go build -trimpath`.

    `main` is the path of the main module that it must come from, and `toolchain` the Go version. For a GOOS or GOARCH
    of a newer Go that these tables do not contain, only the build info is checked, so that a new pair does not have to
    wait for a new toolkit.
    """
    header, info = read_header(data), read_build_info(data)
    wrong = [*_header_mismatches(header, target), *_info_mismatches(info, target, main)]
    if info and toolchain and info.go not in {"", toolchain}:
        wrong.append(f"was built by `{info.go}`, not by `{toolchain}`")
    if header and header.interpreter and target.goos == "linux" and not (info and info.setting("CGO_ENABLED") == "0"):
        wrong.append(f"needs the dynamic interpreter `{header.interpreter}`")
    usual = _LIBC.get(target.goos, set())
    needed = tuple(name for name in header.needed if name not in usual) if header else ()
    return Findings(tuple(wrong), info, needed)


def mismatches(data: bytes, target: Target, *, main: str = "") -> tuple[str, ...]:
    """Return each way in which a binary differs from its label; none means that it matches."""
    return examine(data, target, main=main).wrong


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


def _info_mismatches(info: BuildInfo | None, target: Target, main: str) -> Iterator[str]:
    if info is None:
        yield "has no Go build info"
        return
    wanted = {"GOOS": target.goos, "GOARCH": target.goarch, "CGO_ENABLED": "0", "-trimpath": "true"}
    for name, value in wanted.items():
        if (found := info.setting(name)) != value:
            yield f"states `{name}={found}`, not `{name}={value}`" if found else f"does not state `{name}={value}`"
    if main and info.main.path != main:
        yield f"comes from the module `{info.main.path}`, not from `{main}`"
