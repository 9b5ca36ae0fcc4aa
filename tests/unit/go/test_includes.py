from __future__ import annotations

import posixpath
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from tests.unit.go.assembly import PIECES, SLASH, assembly
from tests.unit.samples import write_tree
from toolkit.errors import IncludeOutside
from toolkit.go import toolchain
from toolkit.go.includes import included, leaves_module, reachable

_MISSING = re.compile(r"#include: open (.*): (?:no such file|not a directory)")


@pytest.mark.parametrize(
    "text",
    [
        '#include "k.h"',
        '# include "k.h"',
        '#include"k.h"',
        '\t#\tinclude\t"k.h"\r\n',
        '/* a "b.h" */#/**/include/* c\n */"k.h" // "d.h"',
        '#define X 1\n#include "k.h"\n',
        '#ifdef NEVER\n#include "k.h"\n#endif',
        r'#include "\x6b.h"',
        r'#include "\153.\u0068"',
        r'#include "\U0000006b.h"',
        '#define I(name) # include name\nI("k.h")',
        '#define H #\nH include "k.h"',
        '#define I(x) x "k.h"\nI(# include)',
        '#define I \\\n# include \\\n"k.h"\nI',
        '#define M $ \\\n"k.h"',
        '#define M3 # include\nM3 "k.h"',
        '#define µ3 # include\nµ3 "k.h"',
        '#define x1e3 # include\nx1e3 "k.h"',
        '\'"\'\n#include "k.h"',
        '\'\n#include "k.h"',
        '"open\n#include "k.h"',
        '"open\\\n#include "k.h"',
        '/*/ "b.h" */ #include "k.h"',
        '"k.h"',
        '$ // price\n"k.h"',
    ],
)
def test_a_name_that_could_be_included_is_found(text: str) -> None:
    """Spacing, comments, escapes, continued lines, conditions and macros do not hide an include."""
    assert included(text.encode()) == ("k.h",)


@pytest.mark.parametrize(
    "text",
    [
        'DATA ·x+0(SB)/8, $"/etc/x"',
        'DATA ·x+0(SB)/8, $ /* c */ "/etc/x"',
        '#line 3 "/x.s"',
        '#line 007\t"/x.s"',
        '// #include "/etc/x"',
        '/* #include "/etc/x" */',
        '/* never closed\n#include "/etc/x"',
        '#include "/etc/x',
        '#include "/etc/\\\nx"',
        r'#include "/etc\q/x"',
        r'#include "/etc/\ud800"',
        r'#include "/etc/\U00110000"',
        r'#include "/etc/\400"',
        r'#include "/etc/\'"',
        '#include "/etc/\\x00"',
        "#include `/etc/x`",
        "#include </etc/x>",
        '#include ""',
    ],
)
def test_a_string_that_cannot_be_included_is_not(text: str) -> None:
    """Data, line directives, comments and strings that Go cannot unquote name no file."""
    assert included(text.encode()) == ()


def test_a_macro_turns_two_letters_into_ascii() -> None:
    """The assembler replaces the middle dot and the division slash in a macro's strings, and nowhere else."""
    assert included(f'#include "{SLASH}etc{SLASH}x·h"'.encode()) == (f"{SLASH}etc{SLASH}x·h", "/etc/x.h")


def test_bytes_that_are_not_utf8_are_names_as_go_reads_them() -> None:
    """An escape is a byte of the name; a raw byte becomes the replacement character."""
    assert included(rb'#include "\xff.h"') == ("\udcff.h",)
    assert included(b'#include "a\xff\xe2\x82.h"') == ("a\ufffd\ufffd\ufffd.h",)
    assert included(b'#include "\xed\xa0\x80"') == ("\ufffd\ufffd\ufffd",)


def test_names_come_once_in_the_files_order() -> None:
    """A file may include many others."""
    assert included(b'#include "b.h"\n#include "a.h"\n#include "b.h"\n') == ("b.h", "a.h")


def test_a_large_file_costs_little() -> None:
    """Long sequences of digits, quotes or open comments do not make the search slow."""
    begun = time.monotonic()
    for part in (b"1", b"$ ", b'"\\', b"/*", b"'", b"/", b'"', b"3 "):
        included(part * 100_000)
    assert time.monotonic() - begun < 10


def _read(names: Mapping[str, bytes]) -> set[str]:
    """Return all names that the files of a package could include, directly or through other files."""
    found: set[str] = set()
    waiting = ["x.s"]
    while waiting:
        for name in included(names.get(waiting.pop(), b"")):
            if name not in found:
                found.add(name)
                waiting.append(posixpath.normpath(name))
    return found


def test_what_the_assembler_opens_was_found(tmp_path: Path) -> None:
    """For any file, the search finds every name that Go's assembler opens."""
    asm = toolchain.go().run("tool", "-n", "asm").stdout.strip()
    write_tree(tmp_path, {"pkg/" + name: text for name, text in PIECES.items()})
    looked_for = 0
    for seed in range(100):
        text = assembly(Random(seed)).encode()  # noqa: S311 - the same hundred each time
        (tmp_path / "pkg" / "x.s").write_bytes(text)
        argv = (asm, "-p", "main", "-o", "x.o", "x.s")
        said = subprocess.run(argv, cwd=tmp_path / "pkg", capture_output=True, text=True, check=False).stderr
        names = _read({**{name: each.encode() for name, each in PIECES.items()}, "x.s": text})
        for path in _MISSING.findall(said):
            looked_for += 1
            assert path in {posixpath.normpath(name).lstrip("/") for name in names}, seed
    assert looked_for > 15


# --- the target of a name --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "package", "leaves"),
    [
        ("k.h", "", False),
        ("k.h", ".", False),
        ("../inc/k.h", "asm", False),
        ("../../k.h", "a/b", False),
        ("./../k.h", "asm", False),
        ("..h/k.h", "", False),
        ("a:b.h", "", True),
        ("../k.h", "", True),
        ("..", "", True),
        ("../../k.h", "asm", True),
        ("../../mod/asm/k.h", "asm", True),
        ("x/../../k.h", "", True),
        ("/etc/x", "asm", True),
        ("//host/share/x", "asm", True),
        (r"\\host\share\x", "asm", True),
        (r"\x", "asm", True),
        (r"C:\x", "asm", True),
        ("c:/x", "asm", True),
        ("c:x", "asm", True),
        (r"..\..\x", "asm", True),
        (r"..\x", "asm", False),
    ],
)
def test_a_name_leaves_the_module_if_it_is_absolute_or_climbs_out(name: str, package: str, *, leaves: bool) -> None:
    """Paths of POSIX and of Windows count on every system."""
    assert leaves_module(name, package) is leaves


FILES = {
    "asm/a.s": b'#include "textflag.h"\n#include "../inc/k.h"\n',
    "inc/k.h": b'#include "own.h"\n#include "sub/./n.h"\n',
    "inc/own.h": b'#include "wrong.h"\n',
    "asm/own.h": b'#include "a.s"\n#include "../inc/k.h"\n',
    "asm/sub/n.h": b"",
    "asm/b.s": b'#include "own.h"\n',
    "asm/alone.h": b"",
}


def test_what_is_included_is_found_through_other_files() -> None:
    """A nested name is relative to the package's directory, and a file that includes itself causes no endless loop."""
    found = reachable("asm", ["asm/a.s"], FILES.get)
    assert found == ("asm/a.s", "asm/own.h", "asm/sub/n.h", "inc/k.h")
    assert reachable("asm", ["asm/alone.h", "asm/none.s"], FILES.get) == ()


def test_a_package_at_the_root_is_found_too() -> None:
    """The root is the empty path or a dot."""
    files = {"x.s": b'#include "inc/k.inc"', "inc/k.inc": b""}
    assert reachable("", ["x.s"], files.get) == reachable(".", ["x.s"], files.get) == ("inc/k.inc",)


def test_a_backslash_parts_directories_on_windows() -> None:
    """The list contains both meanings of a name."""
    files = {"x.s": rb'#include "inc\\k.h"', "inc/k.h": b""}
    assert reachable("", ["x.s"], files.get) == ("inc/k.h",)
    assert reachable("", ["x.s"], {**files, r"inc\k.h": b""}.get) == ("inc/k.h", r"inc\k.h")


@pytest.mark.parametrize(
    ("include", "package"),
    [
        ('"/etc/x"', "asm"),
        (r'"\x2fetc/x"', "asm"),
        (r'"\057etc/x"', "asm"),
        (r'"\u002fetc/x"', "asm"),
        ('"../../up.h"', "asm"),
        ('"c:/x"', "asm"),
        (r'"\\\\host\\x"', "asm"),
        (f'"{SLASH}etc{SLASH}x"', "asm"),
        ('"../../../etc/x"', "a/b/c"),
        ('"sub/../gone.h"', "asm"),
        (r'"..\\gone.h"', "asm"),
        ('".git/x"', "asm"),
        ('"../.svn/x"', "asm"),
    ],
)
def test_an_include_that_is_not_in_the_module_is_an_error(include: str, package: str) -> None:
    """The error names file and include; the assembler would search for a missing file above its own directories."""
    files = {f"{package}/a.s": b'#include "k.h"', f"{package}/k.h": f"#define I(x) # include x\nI({include})".encode()}
    with pytest.raises(IncludeOutside, match=r"`.*/k.h` includes `.*`, which is not a file of its module") as caught:
        reachable(package, [f"{package}/a.s"], files.get)
    assert caught.value.kind == "include-outside"
