"""Run tests of permissions: modes restrict root only without two of its capabilities."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

_DROPPED = "-dac_override,-dac_read_search"
_CHILD = "RUNS_UNPRIVILEGED"  # no fixture removes this name


def unprivileged(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test in a process without the capabilities that let root read everything."""

    @functools.wraps(test)
    def run(**given: object) -> None:
        if os.geteuid() or os.environ.get(_CHILD):
            test(**given)
            return
        drop = ("setpriv", f"--bounding-set={_DROPPED}", f"--inh-caps={_DROPPED}")
        with tempfile.TemporaryDirectory() as folder:
            words = ("-q", "-p", "no:cacheprovider", f"--basetemp={folder}/child")
            argv = [*drop, sys.executable, "-m", "pytest", *words, f"{test.__code__.co_filename}::{test.__name__}"]
            done = subprocess.run(argv, env={**os.environ, _CHILD: "1"}, capture_output=True, text=True, check=False)
        assert "1 passed" in done.stdout, done.stdout + done.stderr

    return run
