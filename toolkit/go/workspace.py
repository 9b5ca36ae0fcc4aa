"""A directory beside a go command, on any machine: the place for questions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from toolkit.errors import ImageUnusable


@dataclass(frozen=True)
class Answer:
    """The result of a go command."""

    code: int
    output: str  # standard output
    said: str  # standard error


class Workspace(Protocol):
    """A directory that contains a tree, and a go command that can be run in it."""

    @property
    def root(self) -> str:
        """The directory of the tree, as the go command names it."""

    @property
    def modules(self) -> str:
        """The directory of the module cache, as the go command names it."""

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Run the go command to its end, in a directory of the tree; a command that fails does not raise.

        `fresh` asks for the newest answer of the network, even if this machine has an older one.
        """

    def read(self, path: str) -> bytes | None:
        """Return a file from the machine of the go command, or None if there is none."""


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that the go command printed in a row. Raises ImageUnusable for any other output."""
    decoder, text = json.JSONDecoder(), text.strip()
    try:
        while text:
            row, end = decoder.raw_decode(text)
            yield dict(row)
            text = text[end:].lstrip()
    except (ValueError, TypeError, RecursionError):
        raise ImageUnusable(
            "the `go` command did not print a list of JSON objects",
            hint="use an image with the Go project's `go` command, or leave out `--image`",
        ) from None
