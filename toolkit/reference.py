"""Pages that come from the code: docs/reference.md, and the blocks of README.md between markers."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from toolkit import errors
from toolkit.cli import ToolkitTask, default_text
from toolkit.model import Reason
from toolkit.settings import PREFIX, ROOT

_REASONS = {
    Reason.NEEDS_EXTERNAL_LINKER: "Go needs a C toolchain for that system (Go's own reason)",
    Reason.UNSUPPORTED: "Go does not support that pair (Go's own reason)",
    Reason.SOURCE_REFUSED: "Go refuses the source for that pair before anything is compiled",
    Reason.COMPILE_FAILED: "the compiler refused the source",
    Reason.TIMED_OUT: "the compile took longer than `--timeout`",
    Reason.WRONG_BINARY: "the binary is not for that pair, and was not packaged",
    Reason.BUILD_PATH: "the binary contains the directory that it was compiled in, so it is not reproducible",
    Reason.ENGINE_LOST: "the engine stopped answering during the build",
}


def pages(tasks: Mapping[str, ToolkitTask]) -> dict[Path, str]:
    """Return every generated page, whole, by its path."""
    readme = ROOT / "README.md"
    return {ROOT / "docs" / "reference.md": reference(tasks), readme: _filled(readme.read_text("utf-8"), tasks)}


def reference(tasks: Mapping[str, ToolkitTask]) -> str:
    """Return docs/reference.md."""
    parts = ["# Reference", "Written by `invoke docs` from the code; `invoke check` fails where it is out of date."]
    parts += ["## Tasks", *(_task(name, task) for name, task in tasks.items())]
    parts += ["## Exit codes", _exit_codes(), "## Why a pair has no binary", _reasons()]
    return "\n\n".join(parts) + "\n"


def _task(name: str, task: ToolkitTask) -> str:
    parts = [f"### invoke {name}", inspect.cleandoc(task.__doc__ or "")]
    rows = [_option(item) for item in dataclasses.fields(task.settings)]
    if rows:
        parts.append(_table(("flag", "variable", "default", "what it is"), rows))
    return "\n\n".join(parts)


def _option(item: dataclasses.Field[Any]) -> tuple[str, str, str, str]:
    metavar = item.metadata["metavar"]
    flag = f"--{item.name.replace('_', '-')}" + (f" {metavar}" if metavar else "")
    default = "" if isinstance(item.default, bool) else default_text(item)
    return f"`{flag}`", f"`{PREFIX}{item.name.upper()}`", f"`{default}`" if default else "", item.metadata["help"]


def _exit_codes() -> str:
    rows = [("0", "", "success"), ("1", "", "Invoke rejected the command line")]
    named = ((kind, f"{kind.__name__} `{kind.kind}`" if kind.kind else kind.__name__) for kind in kinds())
    rows += [(str(kind.exit_code), name, inspect.getdoc(kind) or "") for kind, name in named if kind.exit_code > 1]
    rows += [("130", "", "Ctrl-C"), ("143", "", "the process was terminated (SIGTERM)")]
    return _table(("code", "error", "meaning"), rows)


def kinds() -> list[type[errors.ToolkitError]]:
    """Return every kind of error, by exit code."""
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ToolkitError)]
    return sorted(found, key=lambda kind: kind.exit_code)


def _reasons() -> str:
    return _table(("reason", "meaning"), [(f"`{reason.value}`", _REASONS[reason]) for reason in Reason])


def _filled(readme: str, tasks: Mapping[str, ToolkitTask]) -> str:
    """Return the README with the text between `<!-- NAME -->` and `<!-- /NAME -->` replaced."""
    rows = [(f"`invoke {name}`", inspect.cleandoc(task.__doc__ or "").split("\n")[0]) for name, task in tasks.items()]
    block = f"<!-- tasks -->\n{_table(('task', 'what it does'), rows)}\n<!-- /tasks -->"
    return re.sub(r"<!-- tasks -->.*<!-- /tasks -->", lambda _: block, readme, flags=re.DOTALL)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
