"""Trace a process and its children with strace: programs, environments, opened and changed files."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.settings import ROOT

_CHANGING = "mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat"
_CHANGING += ",truncate,chmod,fchmodat,chown,lchown,fchownat,utimensat,creat"
_CALLS = f"trace=execve,execveat,open,openat,openat2,socket,{_CHANGING}"
_LINE = re.compile(r"(?P<call>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+)")
_PATH = re.compile(r'(?:[\w-]+<(?P<base>[^>]*)>, )?"(?P<path>(?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Trace:
    """The result of a trace."""

    output: str
    programs: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]  # path, arguments, environment
    opened: tuple[Path, ...]
    changed: tuple[Path, ...]
    sockets: tuple[str, ...]


def traced(
    code: str, *args: str, scratch: Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT, packages: bool = False
) -> Trace:
    """Run Python code that may import the toolkit, and installed packages, with its temporary files in a directory."""
    logs = scratch.with_name(f"{scratch.name}-logs")
    for folder in (scratch, logs):
        folder.mkdir()
    surroundings = {**os.environ, "TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    strace = ["strace", "-ff", "-qq", "-v", "-y", "-s", "65535", "-e", _CALLS, "-o", str(logs / "log")]
    bare = () if packages else ("-S",)  # the start of a Python with packages opens hundreds of files
    done = subprocess.run(
        [*strace, sys.executable, *bare, "-c", f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{code}", *args],
        cwd=cwd, env=surroundings, capture_output=True, text=True, check=True, timeout=300 if packages else 30,
    )  # fmt: skip
    lines = [line for log in sorted(logs.iterdir()) for line in log.read_text("utf-8").splitlines()]
    calls = [found for line in lines if (found := _LINE.match(line)) and int(found["result"]) >= 0]
    programs = tuple(_program(found["arguments"]) for found in calls if found["call"].startswith("exec"))
    opening = [found for found in calls if found["call"].startswith("open")]
    changing = [found for found in calls if found["call"] in _CHANGING.split(",")]
    changing += [found for found in opening if re.search(r"O_(?:WRONLY|RDWR|CREAT|TRUNC)", found["arguments"])]
    return Trace(
        done.stdout,
        tuple(program for program in programs if program[0] != sys.executable),
        tuple(path for found in opening for path in _paths(found["arguments"])),
        tuple(path for found in changing for path in _paths(found["arguments"])),
        tuple(found["arguments"] for found in calls if found["call"] == "socket"),
    )


def _program(arguments: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    path, argv, environment = ast.literal_eval(f"({arguments})")
    return path, tuple(argv), tuple(environment)


def _paths(arguments: str) -> list[Path]:
    found = ((match["base"] or "", ast.literal_eval(f'"{match["path"]}"')) for match in _PATH.finditer(arguments))
    return [Path(base, path) for base, path in found]
