"""Ask git about the objects of an untrusted repository, from an empty repository that only borrows them.

Git obeys the configuration, hooks and attributes of the repository that it runs in, and some of them are commands. It
therefore runs in a repository and an environment that this module makes.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolkit.go import gitdir
from toolkit.go.gitdir import HASH, GitDirectory, HistoryUnreadable

SECONDS = 120
_PASSED = ("PATH", "SYSTEMROOT")
_ENVIRONMENT = {
    "GIT_ALLOC_LIMIT": "256m",  # an object of a gigabyte may take little space in a pack
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Borrowed:
    """An empty repository that borrows the objects of another."""

    path: Path
    head: str  # the commit that the other repository has checked out
    shallow: frozenset[str]  # commits whose parents it does not have

    def ask(self, *args: str) -> bytes:
        """Return git's output. Raises HistoryUnreadable with git's reason if git fails."""
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        try:
            done = subprocess.run(
                ["git", "--no-pager", *args],
                cwd=self.path,
                env={**passed, **_ENVIRONMENT, "GIT_DIR": str(self.path)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise HistoryUnreadable(f"git took longer than {SECONDS} seconds to read the history") from None
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            raise HistoryUnreadable("`git` is not installed" if missing else f"cannot run `git`: {error}") from None
        if done.returncode:
            raise HistoryUnreadable(_reason(done.stderr.decode(errors="replace"), done.returncode))
        return done.stdout


@contextlib.contextmanager
def borrowed(git: GitDirectory) -> Iterator[Borrowed]:
    """Make the empty repository, and remove it afterwards."""
    head = gitdir.head(git)
    shallow = re.findall(rb"^%b$" % HASH.encode(), gitdir.lines(git, "shallow"), re.MULTILINE)
    with contextlib.ExitStack() as stack:
        try:
            path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aws-mfa-"))).resolve()
            _write(path, git, head, shallow)
        except OSError as error:
            raise HistoryUnreadable(f"cannot make a temporary directory: {error.strerror}") from None
        yield Borrowed(path, head, frozenset(commit.decode() for commit in shallow))


def _write(path: Path, git: GitDirectory, head: str, shallow: list[bytes]) -> None:
    """Write the few files that make a directory a repository, and those that change how git reads commits."""
    stores = [os.fsencode(store.as_posix()) for store in gitdir.stores(git)]
    if any(b"\n" in store for store in stores):
        raise HistoryUnreadable(f"the path of `{git.top}` contains a line break")
    grafts = re.findall(
        rb"^%b(?: %b)*$" % (HASH.encode(), HASH.encode()), gitdir.lines(git, "info/grafts"), re.MULTILINE
    )
    replaced = [b"%b refs/replace/%b" % (new, old) for old, new in gitdir.replacements(git).items()]
    sha256 = len(head) > 40  # noqa: PLR2004  # digits of a SHA-1
    config = f"[core]\nrepositoryformatversion = {int(sha256)}\nbare = true\n[protocol]\nallow = never\n"
    files = {
        "HEAD": [b"ref: refs/heads/none"],
        "config": [config.encode(), b"[extensions]\nobjectformat = sha256" if sha256 else b""],
        "objects/info/alternates": stores,
        "refs/heads/.keep": [],
        "packed-refs": replaced,
        "shallow": shallow,
        "info/grafts": grafts,
    }
    for name, parts in files.items():
        if parts or name.endswith(".keep"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(b"".join(part + b"\n" for part in parts))


def _reason(said: str, code: int) -> str:
    """Return git's last error message as a clause."""
    complaints = re.findall(r"^(?:fatal|error): (.*)$", said, re.MULTILINE) or [f"exit code {code}"]
    return f"git cannot read the history (a partial clone, or damaged): {complaints[-1][:200]}"
