"""The directories that the go command and the toolkit expect: a home directory, and one for temporary files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from toolkit.errors import OutputUnwritable, UsageError

_PLACES = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOTMPDIR")


def complete(environ: MutableMapping[str, str]) -> None:
    """Set `HOME` and `TMPDIR` if they are missing or invalid, to the same directories as a login and Python do.

    Raises OutputUnwritable if there is no writable directory for temporary files.
    """
    if not environ.get("HOME") and os.name == "posix":
        with contextlib.suppress(RuntimeError):  # the user has no entry in the user database
            environ.pop("HOME", None)
            environ["HOME"] = str(Path.home())
    if environ.get("TMPDIR"):
        try:
            usable = tempfile.gettempdir()
        except FileNotFoundError:
            message = f"cannot write to any temporary directory, neither `{environ['TMPDIR']}` nor the usual ones"
            raise OutputUnwritable(message, hint="set `TMPDIR` to a directory that you can write to") from None
        environ["TMPDIR"] = usable


def check(environ: Mapping[str, str]) -> None:
    """Raise UsageError for a directory that the go command refuses; Go's own message would be about something else."""
    for name in _PLACES:
        for path in environ.get(name, "").split(os.pathsep if name == "GOPATH" else "\0"):
            if name == "GOCACHE" and path == "off":
                raise UsageError("`GOCACHE=off` leaves Go without a build cache", hint="unset `GOCACHE`")
            if path and not Path(path).is_absolute():
                raise UsageError(f"`{name}` must be an absolute path, not `{path}`", hint=f"change or unset `{name}`")
