"""How an option is declared, and how its text becomes a value."""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


def option(
    help_text: str,
    *,
    default: Any = "",
    parse: Callable[[str], Any] = str,
    metavar: str = "",
    secret: bool = False,
) -> Any:
    """Declare an option: its help, its default, and its parser.

    `default` is a value, not a text to parse. A parser raises ValueError with the rest of the sentence "`x` …".
    """
    return field(default=default, repr=not secret, metadata={"help": help_text, "parse": parse, "metavar": metavar})


def whole_number(text: str) -> int:
    """Parse a count of at least one."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("is not a whole number of at least 1")
    return int(text)


def seconds(text: str) -> float:
    """Parse a time such as `90`, `90s`, `15m` or `1h` into seconds."""
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1:], 0)
    number = text[:-1] if unit else text
    try:
        value = float(number) * (unit or 1)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise ValueError("is not a time such as `90s`, `15m` or `1h`")
    return value


def folder(text: str) -> Path:
    """Parse a directory's path; `~` is the home directory."""
    try:
        if text:
            return Path(text).expanduser().absolute()
    except RuntimeError:  # an unknown user's home
        pass
    raise ValueError("is not a directory")


def engine_name(text: str) -> str:
    """Parse the name of an engine."""
    if text not in {"auto", "docker", "local"}:
        raise ValueError("is not an engine: `auto`, `docker` or `local`")
    return text


def go_version(text: str) -> str:
    """Parse a Go version that is available as a module."""
    found = re.fullmatch(r"(?:go)?1\.(\d{1,3})\.(\d{1,3})", text, re.ASCII)
    if not found or int(found[1]) < _FIRST_MODULE:
        raise ValueError("is not a Go version from `go1.21.0` on")
    return f"go1.{int(found[1])}.{int(found[2])}"


_FIRST_MODULE = 21  # Go 1.21 is the first that is available as a module


@dataclass(frozen=True)
class SourceLimit:
    """How large a source may be."""

    size: int = 1 << 30  # bytes
    files: int = 200_000

    def __str__(self) -> str:
        """Return it as the user would type it."""
        return f"{self.size // (1 << 20)}MiB,{self.files}"


def source_limit(text: str) -> SourceLimit:
    """Parse a size such as `1GiB`, a number of files, or both with a comma between them."""
    limit = SourceLimit()
    for part in text.split(","):
        found = re.fullmatch(r"(\d{1,12})\s*(?:([KMGT])(?:i?B)?|(B))?", part.strip(), re.ASCII | re.IGNORECASE)
        if not found or not int(found[1]):
            raise ValueError("is not a size such as `1GiB`, or a number of files such as `200000`")
        if found[2] or found[3]:
            limit = replace(limit, size=int(found[1]) << 10 * (" KMGT".index((found[2] or " ").upper())))
        else:
            limit = replace(limit, files=int(found[1]))
    return limit


def device_name(text: str) -> str:
    """Parse the name of a virtual MFA device."""
    if not re.fullmatch(r"[\w+=,.@-]{1,226}", text, re.ASCII):
        raise ValueError("is not a device name: use letters, digits and `_+=,.@-`")
    return text


def command(text: str) -> tuple[str, ...]:
    """Parse a command line into its words, as a shell would; no shell runs it."""
    try:
        if words := tuple(shlex.split(text)):
            return words
    except ValueError:  # a missing closing quote
        pass
    raise ValueError("is not a command")


@dataclass(frozen=True)
class Selector:
    """Patterns for pairs: `linux/*`, `*/arm64`, or one word for all pairs of a GOOS or GOARCH."""

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any pattern."""
        return bool(self.patterns)

    def __call__(self, pair: str) -> bool:
        """Whether any pattern matches a pair in the form `linux/amd64`."""
        return any(self.matches(pattern, pair) for pattern in self.patterns)

    @staticmethod
    def matches(pattern: str, pair: str) -> bool:
        """Whether one pattern matches a pair."""
        words = [pair] if "/" in pattern else pair.split("/")
        return any(fnmatch.fnmatchcase(word, pattern) for word in words)


def selector(text: str) -> Selector:
    """Parse comma-separated patterns."""
    return Selector(tuple(pattern.strip() for pattern in text.split(",") if pattern.strip()))
