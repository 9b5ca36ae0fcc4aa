"""The output of a command in a container, up to a limit."""

from __future__ import annotations

import contextlib
from typing import Any

_MOST = 64 << 20  # bytes that one command may print


class TooMuch(Exception):
    """A command printed more than any go command does."""


def printed(stream: Any) -> tuple[bytearray, bytearray]:
    """Return standard output and standard error from a stream of the SDK, and close it. Raises TooMuch.

    Pieces are appended to one buffer each, because a hostile command may print one byte at a time.
    """
    output, errors = bytearray(), bytearray()
    try:
        for out, err in stream:
            output += out or b""
            errors += err or b""
            if len(output) + len(errors) > _MOST:
                raise TooMuch(f"more than {_MOST >> 20} MiB")
    finally:
        close(stream)
    return output, errors


def close(stream: Any) -> None:
    """Close a stream of the SDK, which is a part of a response: only closing the response closes the socket."""
    with contextlib.suppress(OSError, ValueError):
        getattr(stream, "_response", stream).close()
