"""What a binary's own bytes say, and each way in which they can contradict the label it would be packaged under.

The executables are made by hand: see `executables`.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from tests.unit.executables import (
    ELF_MACHINES,
    ELF_OSABI,
    FRAME,
    MAIN,
    blob,
    build_version,
    counted,
    elf,
    framed,
    macho,
    pe,
    plan9,
    sample,
    settings,
    uleb,
    wasm,
    wasm_section,
    xcoff,
)
from toolkit.go import check
from toolkit.go.buildinfo import read_build_info
from toolkit.go.check import examine, mismatches
from toolkit.go.headers import Header, read_header
from toolkit.model import BuildInfo, Module, Target

# What `go tool dist list` prints, Go 1.27.3.
PAIRS = """
aix/ppc64 android/386 android/amd64 android/arm android/arm64 darwin/amd64 darwin/arm64 dragonfly/amd64 freebsd/386
freebsd/amd64 freebsd/arm freebsd/arm64 illumos/amd64 ios/amd64 ios/arm64 js/wasm linux/386 linux/amd64 linux/arm
linux/arm64 linux/loong64 linux/mips linux/mips64 linux/mips64le linux/mipsle linux/ppc64 linux/ppc64le linux/riscv64
linux/s390x netbsd/386 netbsd/amd64 netbsd/arm netbsd/arm64 openbsd/386 openbsd/amd64 openbsd/arm openbsd/arm64
openbsd/ppc64 openbsd/riscv64 plan9/386 plan9/amd64 plan9/arm solaris/amd64 wasip1/wasm windows/386 windows/amd64
windows/arm64
"""
TARGETS = tuple(Target(goos, goarch) for goos, _, goarch in (pair.partition("/") for pair in PAIRS.split()))

LINUX = Target("linux", "amd64")
DARWIN = Target("darwin", "arm64")
WINDOWS = Target("windows", "amd64")
FREEBSD = Target("freebsd", "amd64")
NETBSD = Target("netbsd", "amd64")
OPENBSD = Target("openbsd", "amd64")
AIX = Target("aix", "ppc64")
PLAN9 = Target("plan9", "amd64")
JS = Target("js", "wasm")
WASI = Target("wasip1", "wasm")
ONE_OF_EACH = (LINUX, Target("linux", "mips"), DARWIN, WINDOWS, AIX, PLAN9, JS)
WASM_OTHER = b"path\texample.com/other\nmod\texample.com/other\t(devel)\t\nbuild\tGOARCH=wasm\nbuild\tGOOS=js\n"
OTHER = b"path\texample.com/other\nmod\texample.com/other\t(devel)\t\nbuild\tGOOS=linux\nbuild\tGOARCH=amd64\n"


def info_of(text: bytes) -> BuildInfo | None:
    """Return the build info of a binary with this module text."""
    return read_build_info(sample(LINUX, text))


def test_the_public_names_are_these() -> None:
    """Other modules may use two names."""
    assert check.__all__ == ["examine", "mismatches"]


# --- the pairs -------------------------------------------------------------------------------------------------------


def test_the_samples_are_all_the_pairs_of_go() -> None:
    """Go 1.27 has 47 pairs."""
    assert len(set(TARGETS)) == 47


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_right_binary_has_nothing_said_of_it(target: Target) -> None:
    """A binary for a pair passes the check of that pair."""
    assert mismatches(sample(target), target, main=MAIN) == ()


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_no_binary_passes_for_another_pair(target: Target) -> None:
    """A binary for a pair passes the check of no other pair."""
    data = sample(target)
    assert [other for other in TARGETS if not mismatches(data, other)] == [target]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_every_pair_of_today_has_its_header_checked(target: Target) -> None:
    """A correct build info does not make up for a file that is not an executable."""
    assert mismatches(blob(settings(target)), target) == ("is not an executable of a known format",)


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (elf(b""), Header("elf", "x86-64", 64, little_endian=True)),
        (elf(b"", 8, 32, ">"), Header("elf", "mips", 32, little_endian=False)),
        (elf(b"", 8, 64, "<"), Header("elf", "mips", 64, little_endian=True)),
        (elf(b"", 43, 64, ">"), Header("elf", "0x2b", 64, little_endian=False)),
        (elf(b"", osabi=9), Header("elf", "x86-64", 64, little_endian=True, platform="freebsd")),
        (elf(b"", osabi=2), Header("elf", "x86-64", 64, little_endian=True, platform="netbsd")),
        (elf(b"", osabi=12), Header("elf", "x86-64", 64, little_endian=True, platform="openbsd")),
        (
            elf(b"", interpreter=b"/lib/ld.so"),
            Header("elf", "x86-64", 64, little_endian=True, interpreter="/lib/ld.so"),
        ),
        (
            elf(b"", interpreter=b"/lib/ld.so", needed=(b"libc.so.6", b"libm.6")),
            Header("elf", "x86-64", 64, little_endian=True, interpreter="/lib/ld.so", needed=("libc.so.6", "libm.6")),
        ),
        (
            elf(b"", 8, 32, ">", needed=(b"libc.so", b"lib\xff.so")),
            Header("elf", "mips", 32, little_endian=False, needed=("libc.so", "lib\ufffd.so")),
        ),
        (elf(b"", kind=3), Header("elf", "x86-64", 64, little_endian=True)),
        (macho(b""), Header("macho", "arm64", 64, little_endian=True)),
        (macho(b"", cpu=0x12), Header("macho", "0x12", 64, little_endian=True)),
        (pe(b""), Header("pe", "x86-64", 64, little_endian=True, platform="windows")),
        (pe(b"", subsystem=2), Header("pe", "x86-64", 64, little_endian=True, platform="windows")),
        (pe(b"", 0x14C, 32, subsystem=10), Header("pe", "386", 32, little_endian=True)),
        (pe(b"", 0x1C4, 32), Header("pe", "0x1c4", 32, little_endian=True, platform="windows")),
        (pe(b"", flags=0x23), Header("pe", "x86-64", 64, little_endian=True, platform="windows")),
        (xcoff(b""), Header("xcoff", "ppc64", 64, little_endian=False)),
        (plan9(b""), Header("plan9", "x86-64", 64, little_endian=True)),
        (plan9(b"", 0x647), Header("plan9", "arm", 32, little_endian=True)),
        (wasm(b"", b"gojs"), Header("wasm", "wasm", 32, little_endian=True, platform="js")),
        (wasm(b"", b"env"), Header("wasm", "wasm", 32, little_endian=True)),
        (b"\0asm\1\0\0\0", Header("wasm", "wasm", 32, little_endian=True)),
    ],
)
def test_a_header_is_read(data: bytes, header: Header) -> None:
    """Format, machine, bits, byte order, mark and interpreter come from the header alone."""
    assert read_header(data) == header


@pytest.mark.parametrize(
    ("command", "platform", "min_os"),
    [
        (build_version(1, 13), "darwin", "13.0"),
        (build_version(1, 10, 15), "darwin", "10.15"),
        (build_version(2, 17), "ios", "17.0"),
        (build_version(7, 17), "ios", "17.0"),
        (build_version(3, 9), "3", "9.0"),
        (struct.pack("<4I", 0x24, 16, 0x000A_0900, 0), "darwin", "10.9"),
        (struct.pack("<4I", 0x25, 16, 0x000B_0000, 0), "ios", "11.0"),
    ],
)
def test_macho_says_for_which_system_it_is_and_the_least_version(command: bytes, platform: str, min_os: str) -> None:
    """The current command and the two older ones are read."""
    header = read_header(macho(b"", command))
    assert header == Header("macho", "arm64", 64, little_endian=True, platform=platform, min_os=min_os)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"!<arch>\n",
        elf(b"", kind=1),
        elf(b"", kind=4),
        elf(b"").replace(b"ELF\2", b"ELF\3", 1),
        macho(b"", kind=6),
        pe(b"", flags=0x2022),
        pe(b"", flags=0x0020),
        pe(b"").replace(b"PE\0\0", b"NE\0\0", 1),
        xcoff(b"", flags=0),
        xcoff(b"", flags=1),
        struct.pack(">8I", 0x1EB, 100, 100, 0, 0, 0, 0, 0),
    ],
)
def test_what_is_no_executable_has_no_header(data: bytes) -> None:
    """Scripts, archives, object files, libraries, core dumps and impossible sizes are not executables."""
    assert read_header(data) is None


# --- bytes that are not an executable --------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ONE_OF_EACH, ids=str)
def test_a_file_cut_short_is_never_right_and_never_raises(target: Target) -> None:
    """Every truncated binary without its complete build info is reported as wrong."""
    data = sample(target)
    end = data.index(FRAME[1]) + len(FRAME[1])
    assert [size for size in range(end) if not mismatches(data[:size], target)] == []


@pytest.mark.parametrize("target", ONE_OF_EACH, ids=str)
def test_a_damaged_header_never_raises(target: Target) -> None:
    """For any bytes, in any part of the header, the reader returns a result."""
    rng = random.Random(1)  # noqa: S311 - the same bytes in each run, and nothing secret
    good = sample(target)
    for _ in range(1500):
        data = bytearray(good)
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(4, 400) % len(data)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        assert isinstance(mismatches(bytes(data), target), tuple)


@pytest.mark.parametrize("target", ONE_OF_EACH, ids=str)
def test_random_bytes_after_a_magic_number_never_raise(target: Target) -> None:
    """The magic number alone is not an executable with build info."""
    rng = random.Random(2)  # noqa: S311 - the same bytes in each run, and nothing secret
    magic = sample(target)[:8]
    for start in range(len(magic) + 1):
        for _ in range(200):
            assert read_build_info(magic[:start] + rng.randbytes(rng.randrange(500))) is None


def test_an_offset_past_any_file_is_no_more_than_wrong() -> None:
    """A section table beyond the end of the file is read as an empty one."""
    data = bytearray(sample(LINUX))
    data[40:48] = b"\xff" * 8
    assert mismatches(bytes(data), LINUX) == ("has no Go build info",)


def test_a_macho_command_without_size_ends_the_reading() -> None:
    """A command of size 0 does not cause an endless loop."""
    endless = macho(b"", struct.pack("<2I", 0x99, 0), *[b""] * 9999)
    assert read_header(endless) is None


@pytest.mark.parametrize(("sections", "found"), [(0, False), (1, False), (2, True), (0xFFFF_FFFF, True)])
def test_a_macho_segment_has_as_many_sections_as_it_says_and_has_room_for(sections: int, found: bool) -> None:  # noqa: FBT001 - a table's column
    """Bytes after the last section are not a section."""
    data = bytearray(sample(DARWIN)) + b"the rest of the file, of any length"
    struct.pack_into("<I", data, 32 + 72 + 64, sections)
    assert (mismatches(bytes(data), DARWIN) == ()) is found


def test_only_so_many_commands_are_looked_at() -> None:
    """Millions of load commands do not keep the reader busy."""
    idle, mark = struct.pack("<2I", 0x99, 8), build_version(1, 13)
    assert read_header(macho(b"", *[idle] * 100, mark)) == read_header(macho(b"", mark))
    assert read_header(macho(b"", *[idle] * 5000, mark)) == read_header(macho(b""))


def test_only_so_much_of_an_interpreter_is_read() -> None:
    """A path without an end is cut where Linux would refuse it."""
    header = read_header(elf(b"", interpreter=b"/" * 9999))
    assert header is not None
    assert len(header.interpreter) == 4096


def test_only_so_many_sections_are_looked_at() -> None:
    """Millions of empty sections do not keep the reader busy."""
    start, rest = sample(JS)[:8], sample(JS)[8:]
    assert read_build_info(start + wasm_section(0, b"") * 100 + rest) is not None
    assert read_build_info(start + wasm_section(0, b"") * 5000 + rest) is None


def test_only_so_many_blobs_are_looked_at() -> None:
    """Millions of magic strings, or of texts in WebAssembly, do not keep the reader busy."""
    right = blob(settings(LINUX))
    assert read_build_info(b"\xf0NEW" + b"\xff Go buildinf:" * 200 + right) is not None
    assert read_build_info(b"\xf0NEW" + b"\xff Go buildinf:" * 300 + right) is None
    text = framed(settings(JS))
    assert read_build_info(wasm(text, b"gojs", carried=text * 200)) is not None
    assert read_build_info(wasm(text, b"gojs", carried=text * 300)) is None


# --- build info ------------------------------------------------------------------------------------------------------


def test_build_info_is_read_whole() -> None:
    """Go version, main package, main module, dependencies and settings come back in the file's order."""
    text = b"path\texample.com/a/cmd/b\nmod\texample.com/a\tv1.2.3\th1:x=\ndep\texample.com/d\tv0.1.0\th1:y=\n"
    assert info_of(text + b"build\tGOOS=linux\nbuild\t-tags=\nbuild\tGOARCH=arm\n") == BuildInfo(
        go="go1.27.3",
        path="example.com/a/cmd/b",
        main=Module("example.com/a", "v1.2.3", "h1:x="),
        deps=(Module("example.com/d", "v0.1.0", "h1:y="),),
        settings=(("GOOS", "linux"), ("-tags", ""), ("GOARCH", "arm")),
    )


def test_a_replacement_stands_for_what_it_replaces() -> None:
    """The listed module is the one that was compiled; the others stay."""
    deps = (
        "dep\ta.b/c\tv1.0.0\th1:c=\ndep\ta.b/d\tv1.0.0\n=>\tfork.d/d\tv1.0.1\th1:f=\ndep\ta.b/e\tv2.0.0\n=>\t./e\t\t\n"
    )
    info = info_of(settings(LINUX, more=deps))
    assert info is not None
    assert info.deps == (
        Module("a.b/c", "v1.0.0", "h1:c="),
        Module("fork.d/d", "v1.0.1", "h1:f="),
        Module("./e", "", ""),
    )


def test_a_replaced_main_module_keeps_its_name() -> None:
    """The main module is found by its path, wherever it came from."""
    info = info_of(b"mod\texample.com/a\tv1.0.0\n=>\t../fork\t(devel)\t\nbuild\tGOOS=linux\n")
    assert info == BuildInfo("go1.27.3", "", Module("example.com/a", "v1.0.0"), (), (("GOOS", "linux"),))


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        (r"""-ldflags="-s -w -X 'a.b=c \"d\" \\e'" """.strip(), ("-ldflags", """-s -w -X 'a.b=c "d" \\e'""")),
        (r'-tags="a\tb\nc\rd\x00e"', ("-tags", "a\tb\nc\rd\0e")),
        (r'-x="caf\u00e9 \U0001f600 é `"', ("-x", "café 😀 é `")),
        (r'-x="\xc3\xa9 \xff \\xff"', ("-x", "é \ufffd \\xff")),
        (r'"a key"=v', ("a key", "v")),
        (r'"=\"="==', ('="=', "=")),
        ('`Xraw \\n`=`a \\"\tb`', ("Xraw \\n", 'a \\"\tb')),
        ('-y=""', ("-y", "")),
        ("-z=", ("-z", "")),
        ("é=a\u00a0b", ("é", "a\u00a0b")),
    ],
)
def test_quoted_keys_and_values_are_unquoted(line: str, setting: tuple[str, str]) -> None:
    """A word that Go quoted is read without the quoting."""
    info = info_of(f"build\t{line}\n".encode())
    assert info is not None
    assert info.settings == (setting,)


@pytest.mark.parametrize(
    "line",
    [
        "build\t",
        "build\tGOOS",
        "build\t=linux",
        "build\ta key=v",
        "build\tk=a value",
        'build\tk="open',
        'build\tk="a"b',
        'build\tk="\\q"',
        'build\tk="\\ud800"',
        'build\tk="\\Uffffffff"',
        "mod\texample.com/a",
        "mod\ta\tb\tc\td",
        "dep\texample.com/a",
        "dep\ta\tb\tc\td",
        "=>\ta\tb",
        "path\ta\tb",
    ],
)
def test_a_malformed_line_spoils_the_whole(line: str) -> None:
    """A list of modules or settings that may be incomplete is not a build info."""
    assert info_of(settings(LINUX, more=line + "\n")) is None


def test_unknown_lines_are_ignored() -> None:
    """A newer Go may write lines of kinds that do not exist today."""
    assert info_of(settings(LINUX, more="news\tx\n\nalone\n")) == info_of(settings(LINUX))


def test_text_that_is_not_utf8_is_still_text() -> None:
    """A byte that is not UTF-8 becomes the replacement character."""
    info = info_of(b"path\tb\xff\n")
    assert info is not None
    assert info.path == "b\ufffd"


def test_a_binary_built_without_modules_has_its_go_version() -> None:
    """An empty module text is not an error."""
    assert info_of(b"") == BuildInfo("go1.27.3", "", Module(""))


@pytest.mark.parametrize(
    ("go", "known"), [(b"go1.18", True), (b"devel go1.28-abc X:y", True), (b"gccgo", False), (b"", False)]
)
def test_a_go_version_is_what_makes_a_blob_one(go: bytes, known: bool) -> None:  # noqa: FBT001 - a table's column
    """A magic string without a Go version after it is data of the program."""
    assert (read_build_info(elf(blob(settings(LINUX), go))) is not None) is known


@pytest.mark.parametrize(("flags", "known"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_pointers_of_old_go_are_not_followed(flags: int, known: bool) -> None:  # noqa: FBT001 - a table's column
    """Before Go 1.18 the blob contained no strings; the flag of the byte order does not matter."""
    assert (read_build_info(elf(blob(settings(LINUX), flags=flags))) is not None) is known


def test_build_info_may_be_long() -> None:
    """The length of the module text takes as many bytes as it needs."""
    info = info_of(settings(LINUX, more="".join(f"dep\texample.com/d{i}\tv1.0.0\th1:sum=\n" for i in range(999))))
    assert info is not None
    assert len(info.deps) == 999


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff Go buildinf:",
        b"\xff Go buildinf:\x08\x02" + bytes(64),
        b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x08go1.27.3" + b"\xff" * 16,
        b"\xff Go buildinf:\x08\x02" + bytes(16) + b"\x08go1.27.3" + b"\xff\xff\x7f",
        blob(b"build\tnonsense\n"),
    ],
)
def test_a_magic_string_in_a_programs_own_data_is_passed_over(junk: bytes) -> None:
    """In an unknown format, an invalid blob does not hide the one after it."""
    info = read_build_info(b"\xf0NEW" + junk + blob(settings(LINUX)))
    assert info is not None
    assert info.setting("GOOS") == "linux"


@pytest.mark.parametrize(
    "data",
    [
        elf(blob(settings(LINUX)), carried=blob(OTHER)),
        elf(blob(settings(LINUX)), 8, 32, ">", carried=blob(OTHER)),
        macho(blob(settings(LINUX)), carried=blob(OTHER)),
        pe(blob(settings(LINUX)), carried=blob(OTHER)),
        xcoff(blob(settings(LINUX)), carried=blob(OTHER)),
        plan9(blob(settings(LINUX)), carried=blob(OTHER)),
        wasm(framed(settings(JS)), b"gojs", carried=framed(OTHER)),
        wasm(framed(settings(JS)), b"gojs", carried=framed(WASM_OTHER)),
        wasm(framed(settings(JS)), b"gojs", carried=wasm(framed(WASM_OTHER), b"gojs")),
        wasm(framed(settings(JS)), b"gojs", carried=wasm(framed(WASM_OTHER), b"gojs", at=0x2000) + bytes(40)),
        wasm(framed(settings(JS)), b"gojs", carried=elf(blob(OTHER))),
        wasm(framed(settings(WASI)) + wasm(framed(WASM_OTHER), b"gojs"), b"wasi_snapshot_preview1").replace(
            struct.pack("<QQ", 0x1000, len(framed(settings(WASI)) + wasm(framed(WASM_OTHER), b"gojs"))).rstrip(b"\0"),
            struct.pack("<QQ", 0x1000, len(framed(settings(WASI)))).rstrip(b"\0"),
        ),
    ],
)
def test_another_program_carried_as_data_is_passed_over(data: bytes) -> None:
    """Only the build info at the linker's place is the binary's, whatever comes before or after it."""
    info = read_build_info(data)
    assert info is not None
    assert info.main.path == MAIN


@pytest.mark.parametrize("make", [elf, macho, pe, xcoff, plan9])
def test_build_info_that_is_not_the_first_of_its_section_is_data(make: Callable[[bytes], bytes]) -> None:
    """A linker puts the blob first; an embedded one does not replace a damaged one."""
    own = blob(settings(LINUX))
    assert read_build_info(make(own + blob(OTHER))) is not None
    assert read_build_info(make(own.replace(b"go1.27.3", b"no1.27.3") + blob(OTHER))) is None
    assert read_build_info(make(bytes(16) + blob(OTHER))) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (struct.pack("<Q", 0x1000), struct.pack("<Q", 0x1001)),
        (struct.pack("<Q", 0x1000), struct.pack("<Q", 0x0100_1000)),
        (struct.pack("<QH", 0x1000, len(framed(settings(JS)))), struct.pack("<QH", 0x1000, 9)),
        (b"\0\x41" + uleb(0x1000), b"\0\x41" + uleb(0x1008)),
        (b"\0\x41" + uleb(0x1000), b"\1\x41" + uleb(0x1000)),
    ],
)
def test_wasm_build_info_has_a_variable_that_points_to_it(old: bytes, new: bytes) -> None:
    """A text whose address and length are in no string variable is data of the program."""
    data = wasm(framed(settings(JS)), b"gojs")
    assert data.count(old) == 1
    assert read_build_info(data) is not None
    assert read_build_info(data.replace(old, new)) is None


@pytest.mark.parametrize(("at", "known"), [(0x1000, True), (0x1004, False), (0x10_0000, True), (0x7FFF_FFF8, True)])
def test_a_wasm_variable_is_aligned(at: int, known: bool) -> None:  # noqa: FBT001 - a table's column
    """Pointers are aligned to their size, wherever in memory they are."""
    assert (read_build_info(wasm(framed(settings(JS)), b"gojs", at=at)) is not None) is known


def test_build_info_need_not_be_aligned_in_the_file() -> None:
    """Plan 9's data directly follows its text, wherever that ends."""
    assert read_build_info(plan9(blob(OTHER), carried=bytes(7))) is not None


def test_an_executable_without_its_section_has_no_build_info() -> None:
    """A blob elsewhere in the file does not count."""
    data = elf(blob(OTHER))
    assert read_build_info(data) is not None
    assert read_build_info(data.replace(b".go.buildinfo", b".go.somewhere")) is None


def test_a_file_of_an_unknown_format_is_searched_whole() -> None:
    """The build info is read even in a new, unknown format."""
    info = read_build_info(b"\xf0NEW" + bytes(13) + blob(OTHER) + bytes(50))
    assert info is not None
    assert info.main.path == "example.com/other"


@pytest.mark.parametrize("go", [b"go1.27.3", b"go1.28 X:much", b""])
def test_wasm_has_its_go_version_from_its_producers(go: bytes) -> None:
    """The version is in a separate section, which a tool may have removed."""
    data = wasm(framed(settings(JS)), b"gojs", go=go)
    info = read_build_info(data[:8] + wasm_section(0, b"\4" * 20) + data[8:])
    assert info is not None
    assert (info.go, info.path) == (go.decode(), f"{MAIN}/cmd/tiny")


def test_wasm_markers_in_a_programs_own_data_are_passed_over() -> None:
    """A program that reads such build info contains both markers."""
    for own in (FRAME[0], FRAME[1], FRAME[0] + FRAME[1], FRAME[1] + FRAME[0]):
        assert mismatches(wasm(framed(settings(JS)), b"gojs", carried=own), JS, main=MAIN) == ()


# --- mismatches, with one problem in each case -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "target", "sentence"),
    [
        (pe(blob(settings(LINUX))), LINUX, "is PE, not ELF"),
        (elf(blob(settings(WINDOWS))), WINDOWS, "is ELF, not PE"),
        (elf(blob(settings(DARWIN)), 183), DARWIN, "is ELF, not Mach-O"),
        (elf(blob(settings(AIX)), 21, 64, ">"), AIX, "is ELF, not XCOFF"),
        (elf(blob(settings(PLAN9))), PLAN9, "is ELF, not Plan 9"),
        (plan9(blob(settings(LINUX))), LINUX, "is Plan 9, not ELF"),
        (macho(blob(settings(WINDOWS)), cpu=0x01000007), WINDOWS, "is Mach-O, not PE"),
        (elf(blob(settings(LINUX)), 183), LINUX, "is ELF for `arm64`, not for `x86-64`"),
        (elf(blob(settings(LINUX)), 62, 32), LINUX, "is 32-bit, not 64-bit"),
        (elf(blob(settings(Target("linux", "mipsle"))), 8, 64), Target("linux", "mipsle"), "is 64-bit, not 32-bit"),
        (
            elf(blob(settings(Target("linux", "mips"))), 8, 32),
            Target("linux", "mips"),
            "is little-endian, not big-endian",
        ),
        (
            elf(blob(settings(Target("linux", "mipsle"))), 8, 32, ">"),
            Target("linux", "mipsle"),
            "is big-endian, not little-endian",
        ),
        (elf(blob(settings(LINUX)), osabi=9), LINUX, "is marked for `freebsd`, not for `linux`"),
        (elf(blob(settings(FREEBSD)), osabi=12), FREEBSD, "is marked for `openbsd`, not for `freebsd`"),
        (elf(blob(settings(FREEBSD))), FREEBSD, "is not marked for `freebsd`"),
        (elf(blob(settings(NETBSD))), NETBSD, "is not marked for `netbsd`"),
        (elf(blob(settings(OPENBSD))), OPENBSD, "is not marked for `openbsd`"),
        (macho(blob(settings(DARWIN)), build_version(2, 17)), DARWIN, "is marked for `ios`, not for `darwin`"),
        (macho(blob(settings(DARWIN))), DARWIN, "is not marked for `darwin`"),
        (
            macho(blob(settings(Target("ios", "arm64"))), build_version(1, 13)),
            Target("ios", "arm64"),
            "is marked for `darwin`, not for `ios`",
        ),
        (pe(blob(settings(WINDOWS)), subsystem=10), WINDOWS, "is not marked for `windows`"),
        (wasm(framed(settings(JS)), b"wasi_snapshot_preview1"), JS, "is marked for `wasip1`, not for `js`"),
        (wasm(framed(settings(JS)), b"env"), JS, "is not marked for `js`"),
        (wasm(framed(settings(WASI)), b"env"), WASI, "is not marked for `wasip1`"),
        (elf(b""), LINUX, "has no Go build info"),
        (wasm(b"", b"gojs"), JS, "has no Go build info"),
        (elf(blob(settings(Target("dragonfly", "amd64")))), LINUX, "states `GOOS=dragonfly`, not `GOOS=linux`"),
        (elf(blob(settings(Target("linux", "386")))), LINUX, "states `GOARCH=386`, not `GOARCH=amd64`"),
        (elf(blob(settings(LINUX, cgo="1"))), LINUX, "states `CGO_ENABLED=1`, not `CGO_ENABLED=0`"),
        (elf(blob(settings(LINUX, trimpath="false"))), LINUX, "states `-trimpath=false`, not `-trimpath=true`"),
        (elf(blob(settings(LINUX).replace(b"build\t-trimpath=true\n", b""))), LINUX, "does not state `-trimpath=true`"),
        (elf(blob(settings(LINUX).replace(b"build\tGOOS=linux\n", b""))), LINUX, "does not state `GOOS=linux`"),
        (
            elf(blob(settings(LINUX).replace(b"mod\texample.com/tiny", b"mod\texample.com/x"))),
            LINUX,
            "comes from the module `example.com/x`, not from `example.com/tiny`",
        ),
    ],
)
def test_each_wrong_thing_is_told_alone(data: bytes, target: Target, sentence: str) -> None:
    """If one thing is wrong, exactly that one is reported."""
    assert mismatches(data, target, main=MAIN) == (sentence,)


def test_all_that_is_wrong_is_told_at_once() -> None:
    """The user does not have to build again to see the second problem."""
    assert mismatches(elf(b"", 40, 32, ">", osabi=2, interpreter=b"/ld"), LINUX) == (
        "is marked for `netbsd`, not for `linux`",
        "is ELF for `arm`, not for `x86-64`",
        "is 32-bit, not 64-bit",
        "is big-endian, not little-endian",
        "has no Go build info",
        "needs the dynamic interpreter `/ld`",
    )


def test_a_program_instead_of_wasm_has_the_wrong_machine_too() -> None:
    """WebAssembly is both a format and a machine."""
    assert mismatches(elf(blob(settings(JS)), 40, 32), JS) == (
        "is ELF, not WebAssembly",
        "is ELF for `arm`, not for `wasm`",
    )


def test_without_a_main_module_any_will_do() -> None:
    """The main module is checked only if one is given."""
    data = elf(blob(OTHER + b"build\tCGO_ENABLED=0\nbuild\t-trimpath=true\n"))
    assert mismatches(data, LINUX) == ()
    assert mismatches(data, LINUX, main=MAIN) != ()


@pytest.mark.parametrize("target", [Target("android", "arm64"), Target("openbsd", "amd64"), Target("solaris", "amd64")])
def test_an_interpreter_is_wrong_on_linux_only(target: Target) -> None:
    """Android, OpenBSD and Solaris have no static programs: Go's binaries name an interpreter there."""
    osabi = 12 if target.goos == "openbsd" else 0
    machine = 183 if target.goarch == "arm64" else 62
    data = elf(blob(settings(target)), machine, osabi=osabi, interpreter=b"/usr/libexec/ld.so", kind=3)
    assert mismatches(data, target) == ()


def test_an_interpreter_is_right_where_plain_go_makes_one() -> None:
    """Some programs load shared libraries without cgo; one with cgo was linked by another linker."""
    without, with_cgo = (blob(settings(LINUX, cgo=cgo)) for cgo in "01")
    assert mismatches(elf(without, interpreter=b"/lib/ld.so"), LINUX) == ()
    assert mismatches(elf(with_cgo, interpreter=b"/lib/ld.so"), LINUX) == (
        "states `CGO_ENABLED=1`, not `CGO_ENABLED=0`",
        "needs the dynamic interpreter `/lib/ld.so`",
    )


@pytest.mark.parametrize(
    ("target", "libraries", "needed"),
    [
        (LINUX, (), ()),
        (LINUX, (b"libc.so.6",), ("libc.so.6",)),
        (NETBSD, (b"libc.so", b"libpthread.so"), ("libc.so", "libpthread.so")),
        (OPENBSD, (b"libc.so", b"libpthread.so"), ()),
        (OPENBSD, (b"libc.so", b"libX11.so"), ("libX11.so",)),
        (Target("solaris", "amd64"), (b"libc.so", b"libsocket.so", b"libsendfile.so"), ()),
        (Target("illumos", "amd64"), (b"libc.so", b"libm.so"), ("libm.so",)),
        (Target("android", "arm64"), (b"libandroid.so",), ("libandroid.so",)),
    ],
)
def test_libraries_that_plain_go_does_not_need_are_found(
    target: Target, libraries: tuple[bytes, ...], needed: tuple[str, ...]
) -> None:
    """Libraries that Go always links on a system are left out."""
    machine, bits, order = ELF_MACHINES[target.goarch]
    data = elf(blob(settings(target)), machine, bits, order, osabi=ELF_OSABI.get(target.goos, 0), needed=libraries)
    assert examine(data, target).needed == needed


@pytest.mark.parametrize("target", [DARWIN, WINDOWS, AIX, JS, PLAN9], ids=str)
def test_no_other_format_needs_libraries(target: Target) -> None:
    """Mach-O and PE binaries always link libraries of their system."""
    assert examine(sample(target), target).needed == ()


def test_a_dynamic_segment_that_leads_nowhere_needs_nothing() -> None:
    """Hostile tables end the search."""
    data = elf(blob(settings(LINUX)), needed=(b"libc.so.6",))
    assert examine(data, LINUX).needed == ("libc.so.6",)
    assert examine(data.replace(struct.pack("<QQ", 5, 0x9000), struct.pack("<QQ", 5, 0x9999)), LINUX).needed == ()
    assert examine(data.replace(struct.pack("<QQ", 5, 0x9000), struct.pack("<QQ", 6, 0x9000)), LINUX).needed == ()
    assert examine(data.replace(struct.pack("<QQ", 1, 1), struct.pack("<QQ", 1, 1 << 60)), LINUX).needed == ("",)


def test_a_binary_of_another_go_is_wrong() -> None:
    """The version is checked if one is given and the binary states one."""
    assert examine(sample(LINUX), LINUX, toolchain="go1.27.3").wrong == ()
    assert examine(sample(LINUX), LINUX, toolchain="go1.27.4").wrong == ("was built by `go1.27.3`, not by `go1.27.4`",)


@pytest.mark.parametrize("platform", [2, 7])
def test_an_ios_binary_may_be_marked_or_not(platform: int) -> None:
    """A device and a simulator are both iOS; Go's linker marks neither."""
    target = Target("ios", "amd64")
    assert mismatches(macho(blob(settings(target)), build_version(platform, 17), cpu=0x01000007), target) == ()


@pytest.mark.parametrize("target", [Target("haiku", "amd64"), Target("linux", "sparc64")])
def test_a_pair_of_a_newer_go_is_judged_by_its_build_info(target: Target) -> None:
    """An unknown GOOS or GOARCH does not fail, unless the build info belongs to another pair."""
    newest = b"\xf0NEW" + blob(settings(target))
    assert mismatches(newest, target) == ()
    assert mismatches(newest, LINUX) != ()
    assert mismatches(b"\xf0NEW" + blob(settings(LINUX)), target) != ()


def test_a_new_pair_of_known_halves_is_checked_whole() -> None:
    """A pair that is new only in its combination has a header that can be checked."""
    target = Target("freebsd", "riscv64")
    assert mismatches(elf(blob(settings(target)), 243, osabi=9), target) == ()
    assert mismatches(elf(blob(settings(target)), 62, osabi=9), target) == ("is ELF for `x86-64`, not for `riscv64`",)


def test_a_length_of_too_many_bytes_is_no_length() -> None:
    """A WebAssembly section with an endless size makes the file invalid."""
    assert read_header(b"\0asm\1\0\0\0" + b"\0" + b"\xff" * 20) is None
    assert read_header(b"\0asm\1\0\0\0" + b"\0" + counted(bytes(300))) is not None
