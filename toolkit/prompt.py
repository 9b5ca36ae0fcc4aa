"""Asking a person; with `report`, what stands between the toolkit and a terminal."""

from __future__ import annotations

import getpass
import sys

from toolkit.errors import CodeMalformed


def code() -> str:
    """Return an MFA code: typed, without being shown, or else the first line of standard input.

    Raises CodeMalformed where there is none.
    """
    try:
        text = getpass.getpass("MFA code: ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        text = ""
    except KeyboardInterrupt:
        sys.stderr.write("\n")  # what is said next has a line of its own
        raise
    if not text.strip():
        raise CodeMalformed("there is no MFA code", hint="type it when asked, or: echo 123456 | invoke verify …")
    return text
