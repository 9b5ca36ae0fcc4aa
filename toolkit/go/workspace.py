"""A directory beside a go command, wherever that runs: what questions are asked in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from toolkit.errors import ImageUnusable


@dataclass(frozen=True)
class Answer:
    """How a go command ended."""

    code: int
    output: str  # standard output
    said: str  # standard error


class Workspace(Protocol):
    """A directory that holds a tree, and a go command that can be run in it."""

    @property
    def root(self) -> str:
        """Where the tree lies, as the go command names it."""

    @property
    def modules(self) -> str:
        """Where the module cache lies, as the go command names it."""

    def go(self, *args: str, directory: str = "", env: Mapping[str, str] | None = None, fresh: bool = False) -> Answer:
        """Run the go command to its end, in a directory of the tree; it never raises for a command that failed.

        `fresh` asks for the newest answer of the network, where an older one on this machine might do.
        """

    def read(self, path: str) -> bytes | None:
        """Return a file that lies where the go command runs; None where there is none."""


def documents(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects that the go command printed one after another. Raises ImageUnusable for anything else."""
    decoder, text = json.JSONDecoder(), text.strip()
    try:
        while text:
            row, end = decoder.raw_decode(text)
            yield dict(row)
            text = text[end:].lstrip()
    except (ValueError, TypeError, RecursionError):
        raise ImageUnusable(
            "the `go` command printed something that is not a list of JSON objects",
            hint="use an image with the go command of the Go project, or leave out `--image`",
        ) from None
