"""The checks of `invoke check`, which CI runs before the tests: tools, English, and generated pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from toolkit.dev import wordlist
from toolkit.errors import CheckFailed
from toolkit.go import toolchain
from toolkit.model import Check
from toolkit.settings import ROOT

_GO_SOURCE = ROOT / "go-aws-mfa"
_STATICCHECK = ROOT / "tests" / "programs" / "staticcheck" / "go.mod"  # pins its version


def tools() -> Iterator[Check]:
    """Run each tool and the word list, and yield each result."""
    tools = Path(sys.executable).parent
    for name, argv in {
        "ruff format": (tools / "ruff", "format", "--check", "."),
        "ruff check": (tools / "ruff", "check", "."),
        "mypy": (sys.executable, "-m", "mypy"),
        "import-linter": (tools / "lint-imports",),
    }.items():
        yield _check(name, _said(tuple(map(str, argv)), ROOT))
    go = toolchain.go()
    goroot = Path(go.run("env", "GOROOT").stdout.strip())
    unformatted = _said((str(goroot / "bin" / "gofmt"), "-l", "."), _GO_SOURCE, always=True)
    yield _check("gofmt", unformatted, "gofmt -w go-aws-mfa")
    vetted = go.run("vet", "./...", cwd=_GO_SOURCE)
    yield _check("go vet", vetted.stderr if vetted.returncode else "")
    path = os.pathsep.join((str(goroot / "bin"), os.environ.get("PATH", "")))  # staticcheck runs the go command
    analyzed = go.run("tool", f"-modfile={_STATICCHECK}", "staticcheck", "./...", cwd=_GO_SOURCE, PATH=path)
    yield _check("staticcheck", (analyzed.stdout + analyzed.stderr).strip() if analyzed.returncode else "")
    yield english(ROOT)


def english(root: Path, later: tuple[str, ...] = wordlist.LATER) -> Check:
    """Search all texts below a directory for words to avoid; files whose path begins as in `later` are skipped."""
    return _check("English", "\n".join(wordlist.findings(root, later)), "use the suggested words")


def pages(wanted: Mapping[Path, str]) -> Iterator[Check]:
    """Check that the generated pages are up to date."""
    for path, text in wanted.items():
        same = path.exists() and path.read_text("utf-8") == text
        yield _check(str(path.relative_to(ROOT)), "" if same else "is out of date", "invoke docs")


def write(wanted: Mapping[Path, str]) -> None:
    """Write generated pages."""
    for path, text in wanted.items():
        path.write_text(text, "utf-8")


def require(checks: Iterable[Check]) -> None:
    """Raise CheckFailed if a required check failed."""
    bad = [check for check in checks if check.required and not check.ok]
    if bad:
        count = f"{len(bad)} check{'s' if len(bad) > 1 else ''} failed"
        raise CheckFailed(f"{count}: {', '.join(f'`{check.name}`' for check in bad)}", hint=bad[0].fix)


def _check(name: str, said: str, fix: str = "") -> Check:
    return Check(name, ok=not said, detail=said or "ok", fix=fix)


def _said(argv: tuple[str, ...], cwd: Path, *, always: bool = False) -> str:
    """Return the output of a command if it failed, or `always`."""
    try:
        done = subprocess.run(
            argv, cwd=cwd, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return f"`{argv[0]}` is not installed: python3 -m pip install -e '.[check]'"
    return (done.stdout + done.stderr).strip() if done.returncode or always else ""
