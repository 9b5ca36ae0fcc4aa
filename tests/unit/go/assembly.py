"""Small random assembly files that include others in every way that cmd/asm's preprocessor allows."""

from __future__ import annotations

from random import Random

SLASH = "\u2215"  # the division slash, which means a slash in a macro
# Names as they appear in a source; most do not exist, and the assembler reports that.
LITERALS = (
    '"a.h"', '"b.h"', r'"\x61.h"', r'"\142.h"', r'"\u0061.h"', r'"\U00000062.h"', '"./a.h"', '"sub/c.h"',
    f'"sub{SLASH}c.h"', '"sub/c·h"', r'"sub\u2215c.h"', '"../up.h"', '"none.h"', '"/none/x.h"',
)  # fmt: skip
# Headers that end or begin within a directive.
PIECES = {
    "b.h": "#define INB # include\n", "sub/c.h": '// no "x.h"\n', "hash.h": "#", "part.h": "# include",
    "name.h": '"a.h"\n', "three.h": "# line 3", "money.h": "$", "nest.h": '#include "sub/c.h"\n',
}  # fmt: skip
_WORDS = (
    "#", "#", "include", "include", "# include", "#define", "M0", "M1", "M2", "M3", "N", "INB", "x", "y", "$", "3", "(",
    ")", ",", "\\", "\n", "\n", "/*", "*/", "//", "'\"'", "'", '"', "µ3", "é 3", "\u00a0", "\\\n", "#line 3", "3x",
    "M0()", "M1(", "M2(", "#undef M0", "#ifdef N", "#else", "#endif", "0x10", "1e3", ".5", "\f",
)  # fmt: skip


def assembly(random: Random) -> str:
    """Return a file of a few lines: most are correct, some are random tokens."""
    return "".join(_line(random) + random.choice(("\n", "\n", "\n", "\r\n", "")) for _ in range(random.randint(1, 4)))


def _line(random: Random) -> str:
    name = random.choice((*LITERALS, *(f'"{piece}"' for piece in PIECES)))
    gap = random.choice(("", " ", "\t", "/**/", '/*"z.h"*/', " \\\n"))
    macro = f"M{random.randint(0, 3)}"
    right = (
        f"#include{gap}{name}",
        f"#{gap}include{gap}{name} // {name}",
        f"{gap}#include {name}",
        f"#define {macro} #{gap}include{gap}{name}",
        f"#define {macro} #\n{macro}{gap}include {name}",
        f"#define {macro}(x) # include{gap}x\n{macro}({name})",
        f"#define {macro}(x) {gap}x {name}\n{macro}(# include)",
        f"#define {macro}(x, y) x include y\n{macro}(#, {name})",
        f"#define {macro} \\\n{gap}# include {name}\n{macro}",
        f"#define {macro}() # include {name}\n{macro}()",
        f"{macro}",
        f"{macro}({name})",
        f"INB{gap}{name}",
        f"{name}",
        f"#line 3{gap}{name}",
        f"DATA ·x+0(SB)/8, ${gap}{name}",
        f"#ifdef N\n#include {name}\n#else\n#include {name}\n#endif",
        f"#define N {random.choice(_WORDS)}",
    )
    if random.random() < 0.85:
        return random.choice(right)
    return gap.join(random.choice((*_WORDS, name)) for _ in range(random.randint(1, 7)))
