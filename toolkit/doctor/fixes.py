"""Commands that fix the problems `invoke doctor` finds, in the syntax of this machine's shell. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from toolkit.aws.callers import REGIONS

_CLOCKS = {"Darwin": "sudo sntp -sS time.apple.com", "Windows": "w32tm /resync"}


def unset(system: str, names: Collection[str]) -> str:
    """Return the command that unsets variables; `""` for none."""
    if not names:
        return ""
    if system == "Windows":
        return f"Remove-Item {', '.join(f'Env:{name}' for name in names)}"
    return f"unset {' '.join(names)}"


def edit(system: str, path: Path, line: int) -> str:
    """Return the command that opens a file in an editor, at a line if one is known."""
    if system == "Windows":
        return f'notepad "{path}"' + (f", line {line}" if line else "")
    return f"${{EDITOR:-vi}} {f'+{line} ' if line else ''}{shlex.quote(str(path))}"


def chmod(change: str, path: Path) -> str:
    """Return the command that changes a file's mode."""
    return f"chmod {change} {shlex.quote(str(path))}"


def configure(profile: str, name: str, value: str) -> str:
    """Return the command that writes a setting of a profile."""
    return f"aws configure set {name} {shlex.quote(value)} --profile {shlex.quote(profile)}"


def region(system: str, profile: str, source: str, partition: str) -> str:
    """Return the command that unsets a region, or sets it to one of a partition."""
    if source.startswith("AWS_"):
        return unset(system, [source])
    return configure(profile, "region", REGIONS.get(partition, "REGION"))


def clock(system: str, tools: Collection[str]) -> str:
    """Return the command that sets the clock of a system."""
    if system in _CLOCKS:
        return _CLOCKS[system]
    return "sudo timedatectl set-ntp true" if "timedatectl" in tools else "sudo ntpdate -u pool.ntp.org"
