"""Standard output and standard error that are closed, full or not read.

A failure of standard output ends the run with one message; a failure of standard error is ignored.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from invoke.exceptions import Exit

from toolkit.errors import StdoutUnwritable

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_HINT = "run it again with standard output open, on a device with free space"


def prepare() -> None:
    """Prepare the streams of this process before Invoke prints anything; do nothing in other processes.

    When the reader is gone, SIGPIPE ends Invoke's own listings, as in `ls | head -1`.
    """
    if "invoke.main" not in sys.modules:
        return
    _occupy()
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    strict = _Strict(1, "wb", closefd=False)
    sys.stdout, sys.stderr = _text(strict, sys.stdout), _text(_Lenient(2, "wb", closefd=False), sys.stderr)
    atexit.register(_last_flush, strict)


def raise_broken_pipes() -> None:
    """From now on raise BrokenPipeError instead of SIGPIPE, so that a task can clean up and set its exit code."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def out(text: str) -> None:
    """Print to standard output. Raises StdoutUnwritable, or BrokenPipeError if the reader is gone."""
    with _unwritable():
        print(text)


def err(text: str, end: str = "\n") -> None:
    """Print to standard error, if that is possible."""
    if sys.stderr is not None:  # `print` would use standard output
        with contextlib.suppress(OSError, ValueError):
            print(text, end=end, file=sys.stderr, flush=True)


def finish() -> None:
    """Flush standard output. Raises as `out` does."""
    with _unwritable():
        sys.stdout.flush()


def abandon() -> None:
    """Discard the buffer of standard output, so that flushing it at exit does not fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; a closed one is not."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


@contextlib.contextmanager
def _unwritable() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:  # full, or closed
        abandon()
        raise _unwritable_stdout(error) from None


def _unwritable_stdout(error: Exception) -> StdoutUnwritable:
    closed = not isinstance(error, OSError) or error.errno == errno.EBADF
    reason = "it is closed" if closed else str(getattr(error, "strerror", error)).lower()
    return StdoutUnwritable(f"cannot write to standard output: {reason}", hint=_HINT)


def _last_flush(stdout: _Strict) -> None:
    """Exit with the right code also if the failure only occurs in Python's own flush, which ignores errors."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        abandon()
    except Exit:
        pass
    if stdout.failed:
        os._exit(StdoutUnwritable.exit_code)


def _occupy() -> None:
    """Open the null device in place of closed standard streams, so that no other file gets their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # it gets the lowest free number; writing to a closed standard output stays an error
            os.set_inheritable(os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY), True)  # noqa: FBT003, PLR2004


def _text(raw: io.FileIO, before: TextIO | None) -> io.TextIOWrapper:
    """Return a text stream like the one before, but without encoding errors."""
    lines = raw.isatty() or isinstance(raw, _Lenient)
    encoding, unbuffered = getattr(before, "encoding", "utf-8"), getattr(before, "write_through", False)
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=lines, write_through=unbuffered)


class _Lenient(io.FileIO):
    """A file that ignores write errors."""

    def write(self, data: Buffer) -> int:
        """Write, or pretend to."""
        with contextlib.suppress(OSError):
            return super().write(data) or len(memoryview(data))
        return len(memoryview(data))


class _Strict(io.FileIO):
    """A file whose failure ends the process, including Invoke itself, with a message instead of a traceback."""

    failed = False

    def write(self, data: Buffer) -> int:
        """Write, or raise Exit; BrokenPipeError is for others to handle."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failed = True
            abandon()
            found = _unwritable_stdout(error)
            err(f"error[{found.kind}]: {found}\n\nhint: {found.hint}")
            raise Exit(code=found.exit_code) from None
