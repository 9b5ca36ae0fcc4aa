"""Words and phrases that this project avoids, and the plain ones to use instead; `invoke check` searches every text.

The table contains only patterns that are wrong wherever they appear in prose. Words that are sometimes right, such as
`hold` or `take`, are left to the reviewer. Literals in backticks are not searched.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

_PLAIN = {  # a regular expression for whole words, in any case: the suggestion
    r"albeit|amiss|betimes|shall": "(use a modern word)",
    r"amidst|whilst": "among, while",
    r"anew": "again",
    r"at all(?=[.,;:)]|$)": "(leave it out)",
    r"be had": "be downloaded, be found",
    r"broken off|break(?:s|ing)? off": "interrupt, stop",
    r"can not": "cannot",
    r"folders?": "directory",
    r"for ever": "forever",
    r"hereby|thereby|herein|therein|wherein|thereof|whereof": "(name the thing)",
    r"(?<!there )is no (?!longer\b|more\b|less\b|such\b)": "is not a, unknown",
    r"licenc(?:es?|ed|ing)": "license",
    r"mend(?:s|ed|ing)?": "fix",
    r"needs not": "does not have to",
    r"none of its own": "none",
    r"of (?:ours|our own|theirs)": "(leave it out)",
    r"perchance|whence|thence|hitherto|lest|ere|nought|naught|unto|upon": "(use a modern word)",
    r"(?:no|some|any) room|room (?:left|for)": "space",
    r"(?:is|are|was|were|be|been|being) told": "is shown, is reported",
    r"tells? (?:of|whether|which|what|why|how)|tell(?:s|ing)? (?:apart|a person|people)": "report, show, distinguish",
    r"(?:said|told) otherwise": "(name the default)",
    r"without a word|in silence": "silently, without output",
    r"who(?:so)?(?:m)?ever": "anyone, the user",
}
_WORDS = (rf"(?P<w{number}>\b(?:{each})(?!\w))" for number, each in enumerate(_PLAIN))
_WRONG = re.compile("|".join(_WORDS), re.IGNORECASE)
_LITERAL = re.compile(r"`[^`\n]*`")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]")
_GO_COMMENT = re.compile(r"(?:^|\s)// (.*)")
# Files whose texts are not in plain English yet, by the beginnings of their paths; none at the moment.
LATER: tuple[str, ...] = ()

Text = tuple[int, str]  # the number of its first line, and one or more lines


def strings(source: str) -> Iterator[Text]:
    """Yield the comments and all string literals of a Python file."""
    yield from _comments(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def docstrings(source: str) -> Iterator[Text]:
    """Yield the comments and docstrings of a Python file: the other strings of a test are data."""
    yield from _comments(source)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, text


def go_comments(source: str) -> Iterator[Text]:
    """Yield the line comments of a Go file."""
    for number, line in enumerate(source.splitlines(), 1):
        if found := _GO_COMMENT.search(line):
            yield number, found[1]


def prose(source: str) -> Iterator[Text]:
    """Yield the lines of a text, except for Japanese ones and those of fenced code."""
    fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and not _JAPANESE.search(line):
            yield number, line


FILES: Mapping[str, Callable[[str], Iterator[Text]]] = {  # pattern of paths: the texts of such a file
    "*.md": prose,
    "docs/*.md": prose,
    "go-aws-mfa/*.md": prose,
    "docker/*.Dockerfile": prose,
    "tasks.py": strings,
    "toolkit/**/*.py": strings,
    "toolkit/outputs/*.txt": prose,
    "toolkit/outputs/*.json": prose,
    "tests/**/*.py": docstrings,
    "go-aws-mfa/**/*.go": go_comments,
    "go-aws-mfa/internal/**/*.txt": prose,
}


def findings(root: Path, later: tuple[str, ...] = LATER) -> Iterator[str]:
    """Yield `FILE:LINE: WORD -> SUGGESTION` for each word to avoid, except in paths that begin as in `later`."""
    for pattern, texts in FILES.items():
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            if name.startswith(later) or path == Path(__file__):
                continue
            for line, word, suggestion in sorted(_in_file(path.read_text("utf-8"), texts)):
                yield f"{name}:{line}: {word} -> {suggestion}"


def _in_file(source: str, texts: Callable[[str], Iterator[Text]]) -> Iterator[tuple[int, str, str]]:
    suggestions = tuple(_PLAIN.values())
    for first, text in texts(source):
        hidden = _LITERAL.sub(lambda literal: "`" * len(literal[0]), text)
        for found in _WRONG.finditer(hidden):
            number = int((found.lastgroup or "w0")[1:])
            yield first + text.count("\n", 0, found.start()), found[0].strip(), suggestions[number]


def _comments(source: str) -> Iterator[Text]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
