"""All output of a task: tables, progress and JSON. Data goes to stdout, the rest to stderr, redacted."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self, TextIO

from toolkit.cli.streams import err, is_terminal, out
from toolkit.errors import ToolkitError
from toolkit.go.targets import note
from toolkit.model import Binary, Check, Outcome, Release, Target, Unbuilt
from toolkit.redact import redact
from toolkit.sanitize import hanging, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

    from toolkit.mfa.proof import Proof


def failure(error: ToolkitError) -> str:
    """Return the text of an error: the message, and a hint after a blank line."""
    return f"error[{error.kind}]: {_lines(error)}" + (f"\n\nhint: {_lines(error.hint)}" if error.hint else "")


def error_document(error: ToolkitError) -> str:
    """Return an error as JSON, in one line."""
    details = {
        "kind": error.kind, "message": str(error), "hint": error.hint, "exit_code": error.exit_code,
        "retry": error.retry,
    }  # fmt: skip
    return json.dumps({"error": details})


def size(count: float) -> str:
    """Return a number of bytes for people: `9.4 MB`."""
    return f"{count / 1e6:.1f} MB"


def span(seconds: float) -> str:
    """Return a time for people: `48 s`, `3 min 05 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


class Report:
    """The output of a task, while it runs and at the end. Several threads may call it."""

    def __init__(self, *, as_json: bool = False) -> None:
        """Print JSON instead of tables if `as_json`."""
        self.as_json = as_json
        self._guard = threading.RLock()
        self._running: dict[Target, float] = {}
        self._total = self._done = self._failed = 0
        self._begun = time.monotonic()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin; the display starts with the first compile."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the display."""
        self._stop()

    # ---- progress ----

    def say(self, message: str) -> None:
        """Print a message; lines after the first are indented."""
        self._say(_lines(message))

    def _say(self, text: str) -> None:
        with self._guard:
            if self._live:
                self._live.console.print(text, highlight=False, markup=False, emoji=False, soft_wrap=True)
            else:
                err(text)

    def heading(self, text: str) -> None:
        """Print a heading after an empty line, in bold on a terminal."""
        bold, plain = ("\x1b[1m", "\x1b[0m") if _colours(sys.stderr) else ("", "")
        self._say(f"\n{bold}{_line(text)}{plain}")

    def pause(self, seconds: float, why: str) -> None:
        """Wait, and print the reason: on a terminal with a countdown, otherwise in one line."""
        end = time.monotonic() + seconds
        counting, why = is_terminal(sys.stderr), _line(why)
        if not counting:
            self.say(f"{why}: {span(math.ceil(seconds))}")
        try:
            while (left := end - time.monotonic()) > 0:
                if counting:
                    err(f"\r{why}: {math.ceil(left):2} s ", end="")
                time.sleep(min(left, 1))
        finally:
            if counting:
                err(f"\r{' ' * (len(why) + 7)}\r", end="")

    def plan(self, total: int) -> None:
        """Start counting; on a terminal, start the live display."""
        self._total, self._begun = total, time.monotonic()
        if is_terminal(sys.stderr):
            from rich.live import Live

            self._live = Live(console=_console(stderr=True), get_renderable=self._display, transient=True)
            self._live.start()

    def started(self, target: Target) -> None:
        """Count a pair as running."""
        with self._guard:
            self._running[target] = time.monotonic()

    def finished(self, outcome: Outcome, seconds: float) -> None:
        """Report the outcome of a pair."""
        with self._guard:
            self._running.pop(outcome.target, None)
            self._done += 1
            self._failed += isinstance(outcome, Unbuilt)
            what = size(outcome.size) if isinstance(outcome, Binary) else f"{outcome.reason.value}: {outcome.message}"
            left = self._time_left()
            count = f"[{self._done}/{self._total}]"
            tail = f", {left}" if left and not self._live else ""
            self._say(_line(f"{count} {outcome.target!s}: {what} ({span(seconds)}{tail})"))
        if self._done >= self._total:
            self._stop()  # the next output may be a question

    def _time_left(self) -> str:
        """Estimate from the finished pairs; `""` before the first."""
        rest = self._total - self._done
        if not self._done or not rest:
            return ""
        return f"about {span((time.monotonic() - self._begun) / self._done * rest)} left"

    def _display(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        with self._guard:
            now = time.monotonic()
            grid = Table.grid(padding=(0, 1))
            failed = f", {self._failed} not built" if self._failed else ""
            running = "  ".join(f"{target} {span(now - begun)}" for target, begun in self._running.items())
            bar = ProgressBar(total=self._total, completed=self._done, width=24)
            grid.add_row(bar, f"{self._done}/{self._total} done{failed}", self._time_left())
            outer = Table.grid()
            outer.add_row(grid)
            outer.add_row(Text(_line(f"running: {running}")))
            return outer

    def _stop(self) -> None:
        with self._guard:
            live, self._live = self._live, None
        if live:
            live.stop()

    # ---- results ----

    def line(self, text: object) -> None:
        """Print one line of data."""
        self._stop()
        out(one_line(str(text)))

    def data(self, value: Any) -> None:
        """Print JSON."""
        self._stop()
        out(json.dumps(value, indent=2).replace("\x7f", "\\u007f"))

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table: aligned columns without lines, readable everywhere and easy to `cut`."""
        self._stop()
        rows = [[_line(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        bold, plain = ("\x1b[1m", "\x1b[0m") if _colours(sys.stdout) else ("", "")
        for number, row in enumerate([list(head), *rows]):
            text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            out(text if number else f"{bold}{text}{plain}")

    def targets(self, targets: Iterable[Target], notes: dict[str, str]) -> None:
        """Print all pairs; `notes` is by GOOS."""
        rows = [
            {
                "target": str(target),
                "goos": target.goos,
                "goarch": target.goarch,
                "first_class": target.first_class,
                "builds": not target.refusal,
                "note": target.refusal or notes.get(target.goos, ""),
            }
            for target in targets
        ]
        if self.as_json:
            self.data(rows)
            return
        yes = {True: "yes", False: "no"}
        cells = [
            (row["target"], "yes" if row["first_class"] else "-", yes[bool(row["builds"])], row["note"]) for row in rows
        ]
        self.table(("TARGET", "FIRST-CLASS", "BUILDS", "NOTE"), [tuple(map(str, cell)) for cell in cells])

    def matrix(self, release: Release, manifest: dict[str, Any]) -> None:
        """Print a release: each selected pair, then the failures, then the path."""
        if self.as_json:
            self.data(manifest)
        else:
            self.table(
                ("TARGET", "OUTCOME", "SIZE", "ARCHIVE"), [_row(release, outcome) for outcome in release.outcomes]
            )
        for item in release.unbuilt:
            if not item.reason.is_gos_own:
                self._say(_explained(item))
        refused = sum(item.reason.is_gos_own for item in release.unbuilt)
        failed = len(release.unbuilt) - refused
        parts = [
            f"{len(release.binaries)} built",
            f"{refused} that Go cannot build" if refused else "",
            f"{failed} failed" if failed else "",
        ]
        rebuilt = sum(binary.rebuilt for binary in release.binaries)
        news = f"{rebuilt or 'nothing'} compiled now"
        self._say(f"\n{', '.join(filter(None, parts))}; {news}\nrelease: {one_line(str(release.root))}")

    def checks(self, checks: Iterable[Check]) -> list[Check]:
        """Print the result of each check as soon as it is known, and return them all."""
        done: list[Check] = []
        for each in checks:
            check = dataclasses.replace(each, detail=redact(each.detail, os.environ), fix=redact(each.fix, os.environ))
            done.append(check)
            if not self.as_json:
                mark = "ok  " if check.ok else "FAIL" if check.required else "note"
                first, *rest = map(_line, check.detail.splitlines() or [""])
                out(f"{mark}  {_line(check.name).ljust(20)}  {first}".rstrip())
                for line in (*rest, *([f"-> {_line(check.fix)}"] if check.fix and not check.ok else [])):
                    out(f"{'':28}{line}")
        if self.as_json:
            self.data([dataclasses.asdict(check) for check in done])
        return done

    def proof(self, proof: Proof, **more: str) -> None:
        """Print the proof of a login; as JSON, with the fields of `aws sts get-caller-identity`, or nulls.

        The JSON begins with `more`; the table does not contain it.
        """
        for line in filter(None, proof.said.splitlines()):
            self.say(line)
        if not self.as_json:
            self.checks(proof.checks)
            return
        who = proof.identity
        fields = {"UserId": who and who.user_id, "Account": who and who.account, "Arn": who and who.arn}
        self.data({**more, **fields, "checks": [dataclasses.asdict(check) for check in proof.checks]})


def _row(release: Release, outcome: Outcome) -> tuple[str, str, str, str]:
    if isinstance(outcome, Unbuilt):
        return str(outcome.target), outcome.reason.value, "", outcome.message
    made = [artifact.path.name for artifact in release.of("archive") if artifact.target == outcome.target]
    if libraries := note(outcome.target, outcome.needed):
        made.append(f"({libraries})")
    return str(outcome.target), "built" if outcome.rebuilt else "up to date", size(outcome.size), " ".join(made)


def _explained(item: Unbuilt) -> str:
    lines = [f"{item.target!s}: {item.reason.value}", *(f"    {line}" for line in item.output or (item.message,))]
    return "\n".join(["", *map(_line, [*lines, f"    (full log: {item.log})"] if item.log else lines)])


def _lines(text: object) -> str:
    """Return a text that may quote other programs, safe to print and without passwords in addresses."""
    return hanging(redact(str(text), os.environ))


def _line(text: object) -> str:
    """Return such a text for use within one line."""
    return one_line(redact(str(text), os.environ))


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr)


def _colours(stream: TextIO) -> bool:
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
