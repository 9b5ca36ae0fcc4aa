"""Everything that can go wrong, as one tree, each kind with the exit code that the command line ends with.

```
ToolkitError                  1   (never raised itself)
├── UsageError                2   an option's value cannot be used
│   └── UnknownTarget         3   no such GOOS, GOARCH or pair
├── SourceError              10   not a Go main package, or a module that cannot be had
├── ToolchainError           11   no Go command, or the pinned Go cannot be had
├── EngineUnavailable        20   the engine that was asked for does not answer
│   ├── EngineForbidden      21   it is there, and refuses this user
│   └── EngineBroken         24   it is there, and fails, or cannot run what we need
├── ImageUnusable            22   the image named with --image cannot run Go
├── EngineLost               23   the engine stopped answering in the middle
├── BuildFailed              30   at least one pair ended without a binary, and not for a reason of Go's own
├── OutputUnwritable         40   a folder or file of ours cannot be written
│   └── DiskFull             41   there is no room left
└── CheckFailed              50   `invoke check` or `invoke doctor` found something
```

A message names what is wrong, with literals in backticks and no full stop; the hint says what to type next.
"""

from __future__ import annotations


class ToolkitError(Exception):
    """The root: a message for a person, a hint, and an exit code a kind."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Keep the hint apart, so that a test or `--json` can look at either."""
        super().__init__(message)
        self.hint = hint


class UsageError(ToolkitError):
    """An option's value cannot be used."""

    exit_code = 2


class UnknownTarget(UsageError):
    """No such GOOS, GOARCH or pair."""

    exit_code = 3


class SourceError(ToolkitError):
    """What was named with `--source` is no Go main package, or cannot be had."""

    exit_code = 10


class ToolchainError(ToolkitError):
    """No Go command on this machine, or the pinned Go version cannot be had."""

    exit_code = 11


class EngineUnavailable(ToolkitError):
    """The engine that was asked for does not answer."""

    exit_code = 20


class EngineForbidden(EngineUnavailable):
    """The engine is there, and refuses this user."""

    exit_code = 21


class EngineBroken(EngineUnavailable):
    """The engine is there, and fails, or runs containers of another system."""

    exit_code = 24


class ImageUnusable(ToolkitError):
    """The image named with `--image` is not there, or cannot run Go."""

    exit_code = 22


class EngineLost(ToolkitError):
    """The engine answered at first, and stopped in the middle of the work."""

    exit_code = 23


class BuildFailed(ToolkitError):
    """At least one pair ended without a binary, and not for a reason of Go's own."""

    exit_code = 30


class OutputUnwritable(ToolkitError):
    """A folder or file that the toolkit has to write cannot be written."""

    exit_code = 40


class DiskFull(OutputUnwritable):
    """There is no room left for what the toolkit has to write."""

    exit_code = 41


class CheckFailed(ToolkitError):
    """`invoke check` or `invoke doctor` found something that has to be mended."""

    exit_code = 50
