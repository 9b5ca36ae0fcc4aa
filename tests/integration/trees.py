"""Small Go programs, each a directory with its expected result."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import IncludeOutside, LinkOutside, NameNotText, ReplacementOutside, SourceError, SpecialFile
from toolkit.model import Reason

SAME = "same bytes as plain Go"
REFUSED = "refused by all"

HELLO = 'package main\n\nfunc main() { println("hi") }\n'
LIBRARY = 'package greet\n\nfunc Hi() { println("hi") }\n'
PACKAGE = '#include "textflag.h"\n%s\nTEXT ·Get(SB), NOSPLIT, $0-8\n\tMOVQ $VALUE, AX\n\tMOVQ AX, ret+0(FP)\n\tRET\n'
WITH_ASSEMBLY = "package main\n\nfunc Get() int64\n\nfunc main() { println(Get()) }\n"


def embedding(patterns: str) -> str:
    """Return a program that embeds files and prints how many of them are at the top."""
    lines = ["package main", "", 'import "embed"', "", f"//go:embed {patterns}", "var f embed.FS", ""]
    return "\n".join([*lines, 'func main() { e, _ := f.ReadDir("."); println(len(e)) }', ""])


def importing(path: str, statement: str) -> str:
    """Return a program that imports a package."""
    return f'package main\n\nimport "{path}"\n\nfunc main() {{ {statement} }}\n'


@dataclass(frozen=True)
class Tree:
    """A directory, without its go.mod, and the expected result of building it.

    `%` in a text stands for the module's path. Names that begin with `../` lie beside the source.
    """

    files: Mapping[str, str | bytes]
    ends: str | type[SourceError] | Reason = SAME
    links: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[str, ...] = ()
    pipes: tuple[str, ...] = ()
    requires: str = ""  # further lines of go.mod
    go_mod: str = "module {module}\n\ngo 1.21\n{requires}"
    plain: bool = True  # whether plain Go can be run: it would wait for a pipe forever
    builds: bool | None = None  # whether plain Go builds what the toolkit refuses

    def write(self, root: Path, module: str) -> Path:
        """Write it below an empty directory and return the source's directory."""
        source = root / "source"
        source.mkdir()
        go_mod = self.go_mod.format(module=module, requires=self.requires)
        for name, text in {"go.mod": go_mod, **self.files}.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.replace("%", module).encode())
        for name in self.directories:
            (source / name).mkdir(parents=True)
        for name, target in self.links.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).symlink_to(target.replace("{source}", str(source)))
        for name in self.pipes:
            os.mkfifo(source / name)
        return source


def _assembly(include: str, **files: str) -> dict[str, str | bytes]:
    return {"main.go": WITH_ASSEMBLY, "a_amd64.s": PACKAGE.replace("%s", include), **files}


GREETING = importing("%/internal/greet", "greet.Hi()")
REPLACED = importing("example.com/y", "println(y.Y)")
VENDORED_Y = "# example.com/y v1.0.0\n## explicit; go 1.21\nexample.com/y\n"
REQUIRES_Y = "require example.com/y v0.0.0\nreplace example.com/y => {place}\n"
REQUIRES_P = "require corp.example/p v1.0.0\n"
VENDORED = {
    "modules.txt": "# corp.example/p v1.0.0\n## explicit; go 1.21\ncorp.example/p\n",
    "corp.example/p/p.go": 'package p\n\nimport _ "embed"\n\n//go:embed p.txt\nvar P string\n',
    "corp.example/p/p.txt": "embedded",
}


def _vendored(directory: str) -> dict[str, str | bytes]:
    files = {f"{directory}/{name}": text for name, text in VENDORED.items()}
    return {"main.go": importing("corp.example/p", "println(p.P)"), **files}


QUOTE = "require rsc.io/quote v1.5.2\n"

TREES = {
    # Embedded files, where Go decides.
    "embed: a directory with a test file": Tree(
        {"main.go": embedding("templates"), "templates/handler_test.go": "package x\n", "templates/a.txt": "a"}
    ),
    "embed: below node_modules": Tree(
        {"main.go": embedding("node_modules/htmx/htmx.js"), "node_modules/htmx/htmx.js": "x"}
    ),
    "embed: quoted names with spaces": Tree({"main.go": embedding('"a b.txt" `c d`'), "a b.txt": "1", "c d/x": "2"}),
    "embed: what quotes hide": Tree({"main.go": embedding('"a b.txt" `c d`/*'), "a b.txt": "1", "c d/x": "2"}, REFUSED),
    "embed: no hidden files": Tree({"main.go": embedding("d"), "d/.h": "1", "d/_i": "2", "d/j": "3"}),
    "embed: hidden files with all:": Tree({"main.go": embedding("all:d"), "d/.h": "1", "d/_i": "2", "d/j": "3"}),
    "embed: all there is": Tree({"main.go": embedding("*"), "a.txt": "1", ".b": "2", "c/d": "3"}),
    "embed: prose": Tree({"main.go": embedding("*.md LICENSE"), "README.md": "1", "LICENSE": "2", "b.md": "3"}),
    "embed: a pattern over directories": Tree({"main.go": embedding("*/x.css"), "a/x.css": "1", "b/x.css": "2"}),
    "embed: nothing matches": Tree({"main.go": embedding("*.css")}, REFUSED),
    "embed: a nested module": Tree(
        {"main.go": embedding("web"), "web/j": "1", "web/n/go.mod": "module x\n", "web/n/f": "2"}
    ),
    "embed: a file called .git": Tree({"main.go": embedding("web/*"), "web/.git": "x", "web/j": "1"}, REFUSED),
    "embed: a directory called .hg": Tree({"main.go": embedding("all:web"), "web/.hg/x": "x", "web/j": "1"}),
    "embed: an empty directory": Tree({"main.go": embedding("web/*"), "web/j": "1"}, REFUSED, directories=("web/e",)),
    "embed: names that differ in case alone": Tree({"main.go": embedding("d"), "d/A": "1", "d/a": "1"}, REFUSED),
    "embed: by another system alone": Tree(
        {
            "main.go": HELLO,
            "w_windows.go": embedding("w").replace("func main()", "func other()"),
            "w/a": "1",
            "l/a": "2",
        }
    ),
    # Links.
    "link: out of an embedded directory": Tree(
        {"main.go": embedding("web"), "web/j": "1"}, links={"web/style.css": "/etc/hostname", "web/d": "/etc"}
    ),
    "link: out, embedded by name": Tree(
        {"main.go": embedding("web/l"), "web/j": "1"}, LinkOutside, links={"web/l": "/etc/hostname"}
    ),
    "link: inside, embedded by name": Tree(
        {"main.go": embedding("web/l"), "web/j": "1"}, REFUSED, links={"web/l": "j"}
    ),
    "link: a package inside": Tree(
        {"main.go": GREETING, "shared/greet/g.go": LIBRARY}, links={"internal/greet": "../shared/greet"}
    ),
    "link: a chain of packages inside": Tree(
        {"main.go": GREETING, "a/g.go": LIBRARY}, links={"internal/greet": "../b", "b": "c", "c": "./a"}
    ),
    "link: a package outside": Tree(
        {"main.go": GREETING, "../other/greet/g.go": LIBRARY}, LinkOutside, links={"internal": "../other"}, builds=True
    ),
    "link: a vendored package outside": Tree(
        {"main.go": REPLACED, "vendor/modules.txt": VENDORED_Y, "../y/y.go": "package y\n\nconst Y = 4\n"},
        LinkOutside,
        links={"vendor/example.com/y": "../../../y"},
        requires="require example.com/y v1.0.0\n",
        builds=True,
    ),
    "link: the list of vendored modules outside": Tree(
        {"main.go": REPLACED, "../m.txt": VENDORED_Y, "vendor/example.com/y/y.go": "package y\n\nconst Y = 4\n"},
        LinkOutside,
        links={"vendor/modules.txt": "../../m.txt"},
        requires="require example.com/y v1.0.0\n",
        builds=True,
    ),
    "link: a Go file inside by an absolute path": Tree(
        {"main.go": HELLO.replace('"hi"', "X"), "other/x.txt": "package main\n\nconst X = 1\n"},
        links={"x.go": "{source}/other/x.txt"},
    ),
    "link: two packages in one directory": Tree(
        {
            "main.go": importing("%/a", "a.Hi()").replace('import "%/a"', 'import (\n\ta "%/a"\n\t_ "%/b"\n)'),
            "a/a.go": LIBRARY,
        },
        links={"b": "a"},
    ),
    "link: a Go file outside": Tree(
        {"main.go": HELLO.replace('"hi"', "X"), "../other/x.go": "package main\n\nconst X = 1\n"},
        LinkOutside,
        links={"x.go": "../other/x.go"},
        builds=True,
    ),
    "link: a Go file inside by another name": Tree(
        {"main.go": HELLO.replace('"hi"', "X"), "other/x.txt": "package main\n\nconst X = 1\n"},
        links={"x.go": "other/x.txt"},
    ),
    "link: a Go file that leads nowhere": Tree({"main.go": HELLO}, REFUSED, links={"x.go": "nowhere"}),
    "link: what editors and tools leave": Tree(
        {"main.go": HELLO}, links={".#main.go": "me@host.123", "bazel-out": "/var/tmp/x", "loop": "loop", "up": ".."}
    ),
    "link: go.mod outside": Tree(
        {"main.go": HELLO, "../other.mod": "module %\n\ngo 1.21\n", "go.mod": ""}, LinkOutside, builds=True
    ),
    "link: default.pgo outside": Tree({"main.go": HELLO}, LinkOutside, links={"default.pgo": "/etc/hostname"}),
    # Files that assembly files include.
    "include: beside": Tree(_assembly('#include "k.h"', **{"k.h": "#define VALUE 7\n"})),
    "include: any name": Tree(_assembly('#include "k.inc"', **{"k.inc": "#define VALUE 7\n"})),
    "include: nested, from the package's directory": Tree(
        _assembly(
            '# /*x*/ include"sub/_k.h"', **{"sub/_k.h": '#include "k_plan9.h"\n', "k_plan9.h": "#define VALUE 9\n"}
        )
    ),
    "include: of the directory above": Tree(
        {
            "main.go": importing("%/asm", "println(asm.Get())"),
            "inc/k.h": "#define VALUE 7\n",
            "asm/a.go": "package asm\n\nfunc Get() int64\n",
            "asm/a_amd64.s": PACKAGE.replace("%s", '#include "../inc/k.h"'),
        }
    ),
    "include: above a linked package": Tree(
        {
            "main.go": importing("%/asm", "println(asm.Get())"),
            "lib/inc/k.h": "#define VALUE 7\n",
            "lib/asm/a.go": "package asm\n\nfunc Get() int64\n",
            "lib/asm/a_amd64.s": PACKAGE.replace("%s", '#include "../inc/k.h"'),
        },
        links={"asm": "lib/asm"},
    ),
    "include: in place of one of Go's": Tree(
        _assembly("", **{"textflag.h": "#define NOSPLIT 4\n#define VALUE 12\n"}),
    ),
    "include: of a directory of version control": Tree(
        _assembly('#include ".git/k.h"', **{".git/k.h": "#define VALUE 7\n"}), IncludeOutside, builds=True
    ),
    "include: absolute": Tree(_assembly('#include "/etc/hostname"'), IncludeOutside),
    "include: absolute by an escape": Tree(_assembly('#include "\\x2fetc/hostname"'), IncludeOutside),
    "include: made by a macro": Tree(_assembly('#define M(x) # x "/etc/hostname"\nM(include)'), IncludeOutside),
    "include: above the module": Tree(
        _assembly('#include "../k.h"', **{"../k.h": "#define VALUE 7\n"}), IncludeOutside, builds=True
    ),
    "include: a link out of the module": Tree(
        _assembly('#include "k.h"', **{"../k.h": "#define VALUE 7\n"}),
        LinkOutside,
        links={"k.h": "../k.h"},
        builds=True,
    ),
    # Go's messages about a module.
    "module: no go.sum": Tree(
        {"main.go": importing("rsc.io/quote", "println(quote.Hello())")}, REFUSED, requires=QUOTE
    ),
    "module: an empty vendor directory": Tree({"main.go": HELLO}, REFUSED, directories=("vendor",), requires=QUOTE),
    "module: replaced by a directory inside": Tree(
        {"main.go": REPLACED, "y/go.mod": "module example.com/y\n", "y/y.go": "package y\n\nconst Y = 4\n"},
        requires=REQUIRES_Y.format(place="./y"),
    ),
    "module: replaced by a directory that is a link": Tree(
        {"main.go": REPLACED, "z/go.mod": "module example.com/y\n", "z/y.go": "package y\n\nconst Y = 4\n"},
        requires=REQUIRES_Y.format(place="./y"),
        links={"y": "z"},
    ),
    "module: replaced by a directory inside, out of the module and back": Tree(
        {"main.go": REPLACED, "y/go.mod": "module example.com/y\n", "y/y.go": "package y\n\nconst Y = 4\n"},
        requires=REQUIRES_Y.format(place="../source/y//."),
    ),
    "module: replaced by a directory outside": Tree(
        {"main.go": REPLACED, "../y/go.mod": "module example.com/y\n", "../y/y.go": "package y\n\nconst Y = 4\n"},
        ReplacementOutside,
        requires=REQUIRES_Y.format(place="../y"),
        builds=True,
    ),
    "module: replaced by a link to outside": Tree(
        {"main.go": REPLACED, "../y/go.mod": "module example.com/y\n", "../y/y.go": "package y\n\nconst Y = 4\n"},
        ReplacementOutside,
        requires=REQUIRES_Y.format(place="./y"),
        links={"y": "../y"},
        builds=True,
    ),
    "module: vendored, with an embedded file": Tree(_vendored("vendor"), requires=REQUIRES_P),
    "module: vendored, behind a link": Tree(_vendored("third"), requires=REQUIRES_P, links={"vendor": "third"}),
    "module: vendored outside": Tree(
        _vendored("../third"), LinkOutside, requires=REQUIRES_P, links={"vendor": "../third"}, builds=True
    ),
    "module: a requirement whose path begins with replace": Tree(
        {"main.go": HELLO, "y/go.mod": "module replace.example.com/x\n", "y/y.go": "package x\n"},
        requires="require replace.example.com/x v0.0.0\nreplace replace.example.com/x => ./y\n",
    ),
    "module: named in a block": Tree({"main.go": HELLO}, go_mod="module (\n\t{module}\n)\n"),
    "module: a program called x.exe": Tree({"main.go": HELLO}, go_mod="module {module}/x.exe\n\ngo 1.21\n"),
    "module: a path in quotes, and lines that end as on Windows": Tree(
        {"main.go": HELLO}, go_mod='module "{module}" // Deprecated: no\r\n\r\ngo 1.21\r\n'
    ),
    "module: a byte order mark in go.mod": Tree({"main.go": HELLO}, REFUSED, go_mod="\ufeffmodule {module}\n"),
    "module: unknown directive": Tree({"main.go": HELLO}, REFUSED, requires="requires x\n"),
    "module: a newer Go": Tree({"main.go": HELLO}, REFUSED, go_mod="module {module}\n\ngo 1.99\n"),
    "module: a hundred thousand empty lines": Tree({"main.go": HELLO}, go_mod="module {module}\n" + "\n" * 120_000),
    "module: another module's .go files below": Tree(
        {"main.go": HELLO, "tools/go.mod": "module x\n", "tools/t.go": "package nonsense nonsense\n"}
    ),
    # What a package is.
    "package: a byte order mark": Tree({"main.go": b"\xef\xbb\xbf" + HELLO.encode()}),
    "package: `package main` in a comment": Tree(
        {"lib.go": "// Package main\n/*\npackage main\n*/\npackage lib\n"}, SourceError, builds=True
    ),
    "package: a generator beside a library": Tree(
        {"lib.go": "package lib\n", "gen.go": "//go:build ignore\n\npackage main\n\nfunc main() {}\n"},
        SourceError,
        builds=True,
    ),
    "package: only cgo": Tree({"main.go": 'package main\n\nimport "C"\n\nfunc main() {}\n'}, REFUSED),
    "package: a test file that Go cannot read": Tree({"main.go": HELLO, "x_test.go": "pack main\n"}, REFUSED),
    "package: imports in a circle": Tree(
        {
            "main.go": importing("%/a", "a.A()"),
            "a/a.go": 'package a\n\nimport "%/b"\n\nfunc A() { b.B() }\n',
            "b/b.go": 'package b\n\nimport "%/a"\n\nfunc B() { a.A() }\n',
        },
        REFUSED,
    ),
    "package: a test file of another package": Tree({"main.go": HELLO, "x_test.go": "package other\n"}, REFUSED),
    "package: two packages": Tree({"main.go": HELLO, "x.go": "package other\n"}, REFUSED),
    "package: a directory called x.go": Tree({"main.go": HELLO}, directories=("x.go",)),
    "package: compiler's refusal": Tree({"main.go": HELLO.replace('"hi"', "1 + nowhere")}, REFUSED),
    "package: a byte order mark before a build constraint": Tree(
        {"main.go": HELLO, "x.go": b"\xef\xbb\xbf//go:build never\n\npackage main\n\nnonsense\n"}
    ),
    "package: a comment in the package clause": Tree(
        {"main.go": "/* package x */package/**/main; func main() { println() }\n"}
    ),
    "package: UTF-16": Tree({"main.go": HELLO.encode("utf-16")}, REFUSED),
    "package: a profile that is a directory": Tree({"main.go": HELLO}, REFUSED, directories=("default.pgo",)),
    "package: a profile that is none": Tree({"main.go": HELLO, "default.pgo": "nonsense"}, REFUSED),
    # Odd files.
    "file: a name that is not UTF-8": Tree(
        {"main.go": HELLO, os.fsdecode(b"x\xff.go"): "package main\n"}, NameNotText, builds=True
    ),
    "file: a name that is not UTF-8, which nobody needs": Tree({"main.go": HELLO, os.fsdecode(b"x\xff.txt"): "x"}),
    "file: names of all kinds": Tree(
        {"main.go": embedding("web"), "web/é ü.txt": "1", "web/-x": "2", "web/a@b+c.txt": "3", "web/日本": "4"}
    ),
    "file: a pipe in place of a Go file": Tree({"main.go": HELLO}, SpecialFile, pipes=("x.go",), plain=False),
    "file: a pipe that nobody needs": Tree({"main.go": embedding("web"), "web/j": "1"}, pipes=("x.txt", "web/p")),
    "file: `//line` with a relative name": Tree(
        {"main.go": 'package main\n\n//line ../e/foo.y:10\nfunc main() { panic("x") }\n'},
        Reason.BUILD_PATH,
        builds=True,
    ),
    "file: `//line` far up": Tree(
        {"main.go": f'package main\n\n//line {"../" * 9}e/foo.y:10\nfunc main() {{ panic("x") }}\n'},
        Reason.BUILD_PATH,
        builds=True,
    ),
    "file: `/*line*/` with a name that climbs out": Tree(
        {"main.go": 'package main\n\nfunc main() { /*line a/../../e/x.go:1:1*/ panic("x") }\n'},
        Reason.BUILD_PATH,
        builds=True,
    ),
    "file: `#line` in an assembly file": Tree(
        _assembly('#define VALUE 7\n#line 10 "../e/foo.y"'), Reason.BUILD_PATH, builds=True
    ),
    "file: `//line` below the package": Tree(
        {"main.go": 'package main\n\n//line foo.y:10\nfunc main() { panic("x") }\n'}
    ),
}
