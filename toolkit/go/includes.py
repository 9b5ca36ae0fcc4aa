"""Find the files that an assembly file could include, and check that they are in its module.

`go list` does not report included files, so the toolkit has to find them. Only the assembler knows which `#include` it
reaches, because macros can produce one from pieces. This module therefore counts every string that could be the name
in an `#include` and never misses one; the few strings that are not such names match no file.

The rules are those of Go's `cmd/asm/internal/lex`. Bytes that are not UTF-8 become lone surrogates in a name, as in
Python's file names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator

from toolkit.errors import IncludeOutside
from toolkit.go.snapshot import HIDDEN

__all__ = ["included", "leaves_module", "reachable"]

_TOKEN = re.compile(
    rb"""(?sx)
    (?P<comment> //[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<string> "(?:\\[^\n]|[^"\\\n])*+\\?"? )
    | (?P<rune> '(?:\\[^\n]|[^'\\\n])*+\\?'? )
    | (?P<slash> / )
    | (?P<run> [^"'/]+ )
    """
)
_BLANK = b" \t\r"  # a newline is a token
_NUMBER = re.compile(rb"(?<![\w\x80-\xff])[0-9]+\Z")  # `M3` and `µ3` are names of macros
_PIECE = re.compile(
    r"""(?x)
    (?P<plain> [^\\"]+ )
    | \\ (?P<letter> [abfnrtv\\"] )
    | \\ (?P<octal> [0-3][0-7]{2} )
    | \\ x (?P<byte> [0-9A-Fa-f]{2} )
    | \\ u (?P<short> (?![Dd][89A-Fa-f]) [0-9A-Fa-f]{4} )
    | \\ U (?P<long> (?!0000[Dd][89A-Fa-f]) 00(?:0[0-9A-Fa-f]|10) [0-9A-Fa-f]{4} )
    """
)
_LETTERS = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))
_IN_MACROS = str.maketrans(
    {"\u00b7": ".", "\u2215": "/"}
)  # characters that become ASCII in a macro's body and arguments
_UNREAD = HIDDEN | {".."}
_DRIVE = re.compile(r"[A-Za-z]:")


def included(text: bytes) -> tuple[str, ...]:
    """Return each name that an assembly or header file could include, once each and in the file's order.

    A string after `$` or a number is not such a name: it belongs to `DATA` or `#line`.
    """
    found: dict[str, None] = {}
    operand = False  # whether the previous token is `$` or a number
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "comment":
                continue
            case "run":
                tail = token[0].rstrip(_BLANK)
                operand = operand if not tail else tail.endswith(b"$") or bool(_NUMBER.search(tail))
                continue
            case "string" if not operand:
                found |= dict.fromkeys(_names(token[0]))
        operand = False
    return tuple(found)


def leaves_module(name: str, package: str) -> bool:
    """Return whether an include uses an absolute path, or one above the module root.

    `package` is the package's directory relative to that root. A path counts if it is absolute on any system, because
    the same source is compiled on each of them.
    """
    path = name.replace("\\", "/")
    place = posixpath.normpath(posixpath.join(package, path))
    return path.startswith("/") or bool(_DRIVE.match(path)) or place.split("/")[0] == ".."


def reachable(package: str, files: Iterable[str], read: Callable[[str], bytes | None]) -> tuple[str, ...]:
    """Return the files that `files` include, directly or through other files, as sorted paths in the module.

    `files` and `package` are relative to the module root, and `read` returns None for a file that the module does not
    have. The assembler searches for such a file in its own directories, which contain `textflag.h` and `go_asm.h`; a
    name with `..` could lead out of those to anywhere. Raises IncludeOutside for such a name, for one that leaves the
    module, and for one in a directory of version control, which is never read.
    """
    reached: set[str] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        for name in included(read(path) or b""):
            outside = leaves_module(name, package)
            there = () if outside else _places(name, package, read)
            if outside or (not there and _UNREAD.intersection(re.split(r"[/\\]", name))):
                raise IncludeOutside(
                    f"`{path}` includes `{name}`, which is not a file of its module",
                    hint="copy the file into the module and include it by a relative path",
                )
            waiting += [place for place in there if place not in reached]
            reached.update(there)
    return tuple(sorted(reached))


def _places(name: str, package: str, read: Callable[[str], bytes | None]) -> tuple[str, ...]:
    """Return the files of the module that a name may mean; on Windows a backslash separates directories."""
    paths = {posixpath.normpath(posixpath.join(package, each)) for each in (name, name.replace("\\", "/"))}
    return tuple(sorted(path for path in paths if read(path) is not None))


def _names(literal: bytes) -> Iterator[str]:
    """Yield the meanings of a string literal in a file and in a macro."""
    text = literal.decode(errors="surrogateescape")
    for each in (text, text.translate(_IN_MACROS)):
        name = _unquoted(each)
        if name and "\0" not in name:
            yield name


def _unquoted(literal: str) -> str | None:
    """Return the result of Go's strconv.Unquote for a literal in double quotes, or None if that fails."""
    pieces, at = [], 1
    while piece := _PIECE.match(literal, at):
        pieces.append(_meaning(piece))
        at = piece.end()
    return b"".join(pieces).decode(errors="surrogateescape") if literal[at:] == '"' else None


def _meaning(piece: re.Match[str]) -> bytes:
    if plain := piece["plain"]:  # Go replaces each byte that is not UTF-8
        return re.sub("[\ud800-\udfff]", "\ufffd", plain).encode()
    if letter := piece["letter"]:
        return _LETTERS[letter].encode()
    if digits := piece["short"] or piece["long"]:
        return chr(int(digits, 16)).encode()
    return bytes([int(piece["octal"], 8) if piece["octal"] else int(piece["byte"], 16)])
