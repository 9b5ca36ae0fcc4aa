"""Messages of the go command, in full, without progress, with a hint that fits the cause."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import ChecksumMismatch, SourceError
from toolkit.go.causes import DOWNLOAD, cause
from toolkit.redact import redact

_SILENT = "Go gave no reason"
# Go's progress reports, and its references to documentation.
_PROGRESS = re.compile(
    r"(?:go: )?(?:downloading|extracting|finding|trying upgrade to|creating new go\.mod|found \S+ in|"
    r"(?:added|upgraded|downgraded|removed) \S+ |to add module requirements and sums)(?!.*: )\b.*"
    r"|# .*|go: warning: .*"
    r"|For more information, see .*|If this is a private repository, see .*"
)
_SECURITY = re.compile(r"checksum mismatch|SECURITY ERROR")
_NO_FILES = "build constraints exclude all Go files"
_CGO = '(cgo is off, which also excludes files that `import "C"`)'


def message(said: str) -> str:
    """Return everything that Go reported about a failure, in one or more lines, without a full stop at the end."""
    return "\n".join(line for sentence in _sentences(said) for line in sentence).rstrip(".")


def sentence(said: str) -> str:
    """Return the sentence that best describes the failure, in one line."""
    found = _sentences(said)
    for first, *_ in (lines for lines in found if _SECURITY.search("\n".join(lines))):
        return f"SECURITY ERROR: {first}"
    return " ".join(line.strip() for line in found[0]).rstrip(".")


def source_error(said: str, subject: str) -> SourceError:
    """Return the error for a source or module that Go refused: `subject` is a directory's path, or a module."""
    told = message(said)
    found = cause(told)
    verb = found.verb
    if verb == DOWNLOAD and Path(subject).is_absolute():
        verb += " the modules of"
    text = f"{verb} `{subject}`:{chr(10) if chr(10) in told else ' '}{told}"
    return found.kind(f"SECURITY ERROR: {text}" if found.kind is ChecksumMismatch else text, hint=found.hint)


def relocate(said: str, inside: str, outside: str) -> str:
    """Replace the engine's directory in a message by the user's path to the same files."""
    if not inside.strip("/"):
        return said
    whole = re.compile(rf"(?<![\w./-]){re.escape(inside.rstrip('/'))}(?=$|[^\w.-]|\.(?:\s|$))", re.MULTILINE)
    return whole.sub(lambda _: outside.rstrip("/") or "/", said)


def _sentences(said: str) -> list[list[str]]:
    """Return the lines that belong together: a line, and the indented or completing lines below it."""
    found: list[list[str]] = []
    for line, continues in _lines(said):
        if not continues or not found:
            found.append([line])
        elif found[-1][-1].endswith(":") and len(found[-1]) == 1 and not line.startswith("\t"):
            found[-1][-1] += f" {line}"
        else:
            found[-1].append(f"    {line.strip()}")
    once = {tuple(lines): _unfolded(lines) for lines in found}  # Go reports several failed attempts in the same words
    return list(once.values()) or [_last(said)]


def _lines(said: str) -> Iterator[tuple[str, bool]]:
    """Yield each relevant line, and whether it continues the previous one."""
    before, security = "", False
    for raw in re.split(r"\r*\n", redact(said, os.environ)):
        if not raw.strip() or _PROGRESS.fullmatch(raw.strip()):
            before = "" if raw.startswith("# ") else before
            continue
        line = raw.rstrip().removeprefix("go: ")
        yield line, security or line[0] in " \t" or before.endswith(":")
        security = security or "checksum mismatch" in line  # all following lines explain it
        before = line


def _last(said: str) -> list[str]:
    """Return the last line of an output that contains only progress and warnings."""
    return [line.strip() for line in redact(said, os.environ).split("\n") if line.strip()][-1:] or [_SILENT]


def _unfolded(lines: list[str]) -> list[str]:
    """Return a sentence in one line if its only continuation completes it; mention cgo if cgo matters."""
    if len(lines) == 2 and lines[0].endswith(":"):  # noqa: PLR2004
        lines = [f"{lines[0]} {lines[1].strip()}"]
    return [*lines[:-1], f"{lines[-1]} {_CGO}"] if _NO_FILES in lines[-1] else lines
