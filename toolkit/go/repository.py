"""The repository that a Go module belongs to, and the time of the last commit that touched the module."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from toolkit.errors import SourceError, UsageError
from toolkit.go import gitdir
from toolkit.go.borrowed import Borrowed, borrowed
from toolkit.go.gitdir import HistoryUnreadable
from toolkit.go.reading import real

FIRST_EPOCH = 315532800  # 1980-01-01, the earliest time a zip can store
LAST_EPOCH = (1 << 32) - 1  # in 2106


@dataclass(frozen=True)
class History:
    """Git's information about a module's directory."""

    top: Path  # the repository's directory, without links; the module's root where no repository tracks its go.mod
    commit_time: int | None  # seconds since 1970, as `git log -1 --format=%ct -- DIRECTORY` prints it
    note: str = ""  # for the user: why the time is unknown, or may differ in a full clone


def history(root: Path) -> History:
    """Return the repository of a module's root directory, and the time of the module's last commit.

    The repository is the nearest one above whose HEAD tracks this go.mod. No part of it is run or obeyed.
    """
    root = real(root)
    reasons: list[str] = []
    for top in (root, *root.parents):
        try:
            if git := gitdir.find(top):
                with borrowed(git) as repository:
                    if repository.ask("ls-tree", "-z", repository.head, "--", _below(top, root / "go.mod")):
                        return _dated(repository, top, root)
                reasons.append(f"the last commit in `{top}` does not contain `{_below(top, root / 'go.mod')}`")
        except (HistoryUnreadable, SourceError) as error:
            reasons.append(str(error))
        except OSError as error:  # such as a name that is too long for the system
            reasons.append(f"cannot read `{top / '.git'}`: {error.strerror}")
    return History(root, None, _undated(reasons[0]) if reasons else "")


def _dated(repository: Borrowed, top: Path, root: Path) -> History:
    try:
        said = repository.ask("log", "-1", "--format=%ct %H", repository.head, "--", _below(top, root))
    except HistoryUnreadable as error:
        return History(top, None, _undated(str(error)))
    found = re.fullmatch(rb"(\d{1,20}) ([0-9a-f]+)\n", said)
    if not found:
        return History(
            top, None, _undated(f"no commit in `{top}` has a valid date for a change to `{_below(top, root)}`")
        )
    note = (
        f"`{top}` is a shallow clone, so packages get the date of its oldest commit; a full clone or "
        "`SOURCE_DATE_EPOCH` results in other archives"
    )
    return History(top, int(found[1]), note if found[2].decode() in repository.shallow else "")


def _below(top: Path, path: Path) -> str:
    return path.relative_to(top).as_posix()


def _undated(reason: str) -> str:
    return f"packages are dated 1980-01-01 because {reason}; set `SOURCE_DATE_EPOCH` to choose the date"


def epoch(commit_time: int | None) -> int:
    """Return the time of packaged files: `SOURCE_DATE_EPOCH`, else the commit's, else 1980-01-01.

    A commit from before 1980 or after 2106 results in the nearest time that an archive can store.
    """
    return wanted_epoch() or min(max(commit_time or 0, FIRST_EPOCH), LAST_EPOCH)


def wanted_epoch() -> int | None:
    """Return `SOURCE_DATE_EPOCH` if it is set. Raises UsageError if no archive can store that time."""
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,10}", text) or not FIRST_EPOCH <= int(text) <= LAST_EPOCH:
        raise UsageError(
            f"`SOURCE_DATE_EPOCH` must be a Unix time from 1980 to 2106, not `{text}`",
            hint=f"`unset SOURCE_DATE_EPOCH`, or set it to a number from {FIRST_EPOCH} to {LAST_EPOCH}",
        )
    return int(text)
