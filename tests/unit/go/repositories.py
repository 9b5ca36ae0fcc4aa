"""Git repositories for tests: made with plain git, by a fictional author, at fixed times."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.unit.samples import write_tree

GO_MOD = "module example.test/tiny\n\ngo 1.21\n"
FILES: dict[str, str | bytes] = {"go.mod": GO_MOD, "main.go": "package main\n\nfunc main() {}\n"}
FIRST, LATER = 1_600_000_000, 1_600_000_100


def git(folder: Path, *args: str, when: int = FIRST) -> str:
    """Run git at a time, and return its output."""
    who = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "nobody")
    who |= dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "nobody@example.test")
    env = {**os.environ, **who, "GIT_AUTHOR_DATE": "1000000000 +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
    argv: list[str | Path] = ["git", "-c", "protocol.file.allow=always", "-c", "safe.directory=*", "-C", folder, *args]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path, when: int) -> str:
    """Commit everything in a repository, and return the commit's hash."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=something", when=when)
    return git(folder, "rev-parse", "HEAD")


def repository(top: Path, below: str = ".", *options: str) -> Path:
    """Make a repository with a module, last changed at FIRST, and a later commit beside it; return the module."""
    top.mkdir(parents=True, exist_ok=True)
    git(top, "init", "--quiet", "--initial-branch=main", *options)
    write_tree(top / below, FILES)
    commit(top, FIRST)
    if below != ".":
        commit(write_tree(top, {"README.md": "beside"}), LATER)
    return top / below


def plain(root: Path) -> int:
    """Return the time that plain git prints."""
    return int(git(root, "log", "-1", "--format=%ct", "--", "."))
