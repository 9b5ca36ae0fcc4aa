from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.samples import ANDROID, EVERY, JS, LINUX, PLAN9, WINDOWS, binary, dist, failed, refused
from toolkit.cli.report import Report, failure, size, span
from toolkit.errors import ToolkitError, UsageError
from toolkit.mfa.proof import Proof
from toolkit.model import Binary, Check, Progress, Release
from toolkit.outputs.staging import Staging
from toolkit.settings import ROOT

Captured = pytest.CaptureFixture[str]


class Terminal(io.StringIO):
    """A text stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@contextlib.contextmanager
def screen() -> Iterator[Terminal]:
    """Yield a screen that shows both standard output and standard error."""
    terminal = Terminal()
    with contextlib.redirect_stdout(terminal), contextlib.redirect_stderr(terminal):
        yield terminal


@pytest.fixture
def made(tmp_path: Path) -> Release:
    """Return a release with a new binary, an existing one, a refusal and a failure."""
    fresh, found = binary(LINUX, tmp_path), replace(binary(WINDOWS, tmp_path), rebuilt=False)
    bad = failed(PLAN9, message="it broke", output=("line one", "line two"), log=tmp_path / "log.txt")
    archive = Staging(tmp_path).make("archive", "linux.tar.gz", "", lambda: b"", target=LINUX)
    return dist(tmp_path / "release", refused(), fresh, bad, found).plus(archive)


def small(count: float, folder: Path) -> Binary:
    """Return a binary of so many bytes."""
    return replace(binary(LINUX, folder), size=int(count))


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "text"), [(9_449_999, "9.4 MB"), (9_450_001, "9.5 MB"), (0, "0.0 MB"), (1e9, "1000.0 MB")]
)
def test_a_size_is_told_in_megabytes(count: float, text: str) -> None:
    """Binaries can be compared at a glance."""
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.4, "0 s"), (48.4, "48 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (3725, "62 min 05 s")],
)
def test_a_time_is_told_in_minutes_and_seconds(seconds: float, text: str) -> None:
    """Minutes only where there are any."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UsageError("`x` is wrong"), "error[usage]: `x` is wrong"),
        (UsageError("`x` is wrong", hint="type `y`"), "error[usage]: `x` is wrong\n\nhint: type `y`"),
    ],
)
def test_a_failure_is_a_message_and_a_hint_after_a_blank_line(error: ToolkitError, text: str) -> None:
    """Without a hint there is no blank line."""
    assert failure(error) == text


# --- progress -------------------------------------------------------------------------------------------------------


def test_a_report_is_a_watcher() -> None:
    """The lower layers report their progress to it."""
    progress: Progress = Report()
    assert isinstance(progress, Report)


def test_progress_goes_to_standard_error_and_data_to_standard_output(capsys: Captured) -> None:
    """Progress never mixes with data."""
    with Report() as report:
        report.say("engine: local")
        report.line(Path("dist/bin"))
        report.data({"a": [1]})
    captured = capsys.readouterr()
    assert captured.err == "engine: local\n"
    assert captured.out == 'dist/bin\n{\n  "a": [\n    1\n  ]\n}\n'


def test_without_a_screen_each_pair_is_one_plain_line(capsys: Captured, tmp_path: Path) -> None:
    """The count, the outcome and the time of the pair, without colours or cursor movement."""
    with Report() as report:
        report.plan(2)
        report.started(LINUX)
        report.finished(small(2_000_000, tmp_path), 61)
        report.finished(failed(PLAN9, message="it broke"), 2)
    captured = capsys.readouterr()
    first, second = captured.err.splitlines()
    assert first.startswith("[1/2] linux/amd64: 2.0 MB (1 min 01 s, about ")
    assert second == "[2/2] plan9/386: compile_failed: it broke (2 s)"
    assert "\x1b" not in captured.err
    assert captured.out == ""


def test_time_left_is_guessed_from_what_is_done(capsys: Captured) -> None:
    """Each remaining pair is expected to take the average time so far; there is no estimate for the last."""
    report = Report()
    report.plan(4)
    time.sleep(0.6)
    for target in (LINUX, PLAN9, ANDROID, JS):
        report.finished(refused(target), 0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(", about ")[2] for line in lines] == ["2 s left)", "1 s left)", "0 s left)", ""]


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the screen support cursor movement."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.usefixtures("_wide")
def test_on_a_screen_a_display_comes_and_goes(tmp_path: Path) -> None:
    """It shows the running pairs and the counts of finished and failed ones; messages stay above it."""
    with screen() as terminal:
        with Report() as report:
            report.plan(3)
            report.started(LINUX)
            report.started(WINDOWS)
            report.finished(failed(PLAN9, message="[red]it broke[/red]"), 2)
            report.finished(small(1e6, tmp_path), 1)
            shown = settled(terminal, "2/3 done")
        end = terminal.getvalue()
    assert "[1/3] plan9/386: compile_failed: [red]it broke[/red] (2 s)\n" in shown
    assert "2/3 done, 1 not built about " in shown
    assert shown.rstrip().endswith("running: windows/amd64 0 s")
    assert end.endswith("\x1b[2K")  # the display's lines are erased


def settled(terminal: Terminal, text: str) -> str:
    """Wait until a text is on a screen, and return the whole screen."""
    for _ in range(100):
        if text in terminal.getvalue():
            break
        time.sleep(0.02)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize(
    ("show", "text"),
    [
        (lambda report: report.line("program"), "program\n"),
        (lambda report: report.data(1), "1\n"),
        (lambda report: report.table(("A",), [("1",)]), "1\n"),
        (lambda report: report.finished(refused(JS), 1), "\x1b[2K"),  # the display's lines are erased
    ],
    ids=["line", "data", "table", "the last pair"],
)
def test_results_end_the_display(show: Callable[[Report], None], text: str) -> None:
    """The display does not overwrite the final output."""
    with screen() as terminal, Report() as report:
        report.plan(1)
        show(report)
        drawn = terminal.getvalue()
        report.say("done")
    assert drawn.endswith(text)
    assert terminal.getvalue() == f"{drawn}done\n"


# --- waiting ---------------------------------------------------------------------------------------------------------


def test_a_pause_on_a_screen() -> None:
    """It counts down in one line, which is erased at the end, also after Ctrl-C."""
    with screen() as terminal:
        begun = time.monotonic()
        Report().pause(1.2, "waiting for a code")
        assert 1.2 <= time.monotonic() - begun < 3
    counted, wiped = "\rwaiting for a code:  2 s \rwaiting for a code:  1 s ", f"\r{' ' * 25}\r"
    assert terminal.getvalue() == counted + wiped


def test_a_pause_elsewhere(capsys: Captured) -> None:
    """It prints one line."""
    Report().pause(0.1, "waiting for a code")
    assert capsys.readouterr().err == "waiting for a code: 1 s\n"


# --- tables ----------------------------------------------------------------------------------------------------------


def test_a_table_is_aligned_columns_without_lines(capsys: Captured) -> None:
    """Each column is as wide as its widest cell, and no line ends in blanks."""
    Report().table(("A", "BB", "C"), [("1", "2", ""), ("333", "4", "5")])
    assert capsys.readouterr().out == "A    BB  C\n1    2\n333  4   5\n"


def test_a_table_without_rows_is_its_head(capsys: Captured) -> None:
    """An empty table is not an error."""
    Report().table(("A", "BB"), [])
    assert capsys.readouterr().out == "A  BB\n"


@pytest.mark.parametrize(
    ("name", "value", "bold"), [("TERM", "xterm", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False)]
)
def test_a_head_is_bold_where_somebody_can_see_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, *, bold: bool
) -> None:
    """On a terminal, unless NO_COLOR is set or the terminal has no colours."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    with screen() as terminal:
        Report().table(("A",), [("1",)])
    assert terminal.getvalue() == ("\x1b[1mA\x1b[0m\n1\n" if bold else "A\n1\n")


def test_pairs_are_listed_with_what_is_known_of_them(capsys: Captured) -> None:
    """The note is Go's refusal, or else the note of the system."""
    Report().targets((ANDROID, JS, LINUX), {"js": "no network", "android": "never shown"})
    assert capsys.readouterr().out.splitlines() == [
        "TARGET       FIRST-CLASS  BUILDS  NOTE",
        f"android/arm  -            no      {ANDROID.refusal}",
        "js/wasm      -            yes     no network",
        "linux/amd64  yes          yes",
    ]


def test_pairs_are_listed_as_json(capsys: Captured) -> None:
    """The JSON has the same data, one row for each pair."""
    Report(as_json=True).targets(EVERY, {"js": "no network"})
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {
        "target": "android/arm",
        "goos": "android",
        "goarch": "arm",
        "first_class": False,
        "builds": False,
        "note": ANDROID.refusal,
    }
    assert [row["note"] for row in rows[1:3]] == ["no network", ""]
    assert len(rows) == len(EVERY)


# --- a release -------------------------------------------------------------------------------------------------------


def test_a_release_is_a_table_then_what_failed_then_where_it_is(
    made: Release, tmp_path: Path, capsys: Captured
) -> None:
    """The table goes to stdout; excerpts of failures, counts and the path go to stderr."""
    Report().matrix(made, {})
    captured = capsys.readouterr()
    assert [line.split() for line in captured.out.splitlines()] == [
        ["TARGET", "OUTCOME", "SIZE", "ARCHIVE"],
        ["android/arm", "needs_external_linker", *ANDROID.refusal.split()],
        ["linux/amd64", "built", "0.0", "MB", "linux.tar.gz"],
        ["plan9/386", "compile_failed", "it", "broke"],
        ["windows/amd64", "up", "to", "date", "0.0", "MB"],
    ]
    failure_ = f"\nplan9/386: compile_failed\n    line one\n    line two\n    (full log: {tmp_path / 'log.txt'})\n"
    counts = "\n2 built, 1 that Go cannot build, 1 failed; 1 compiled now\n"
    assert captured.err == f"{failure_}{counts}release: {made.root}\n"


def test_a_row_has_the_note_of_its_pair(tmp_path: Path, capsys: Captured) -> None:
    """The required libraries, or a note that the system has no network, follow the archive."""
    needy = replace(binary(LINUX, tmp_path), needed=("libc.so.6",))
    Report().matrix(dist(tmp_path, needy, binary(JS, tmp_path), binary(WINDOWS, tmp_path)), {})
    assert [line.split("MB")[1].strip() for line in capsys.readouterr().out.splitlines()[1:]] == [
        "(needs libc.so.6 at run time)",
        "(builds, but has no network access)",
        "",
    ]


def test_a_release_is_printed_as_its_manifest(made: Release, capsys: Captured) -> None:
    """With `--json` standard output only contains the manifest; stderr is the same."""
    Report(as_json=True).matrix(made, {"name": "program"})
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"name": "program"}
    assert "release: " in captured.err


def test_a_release_in_which_nothing_was_new_says_so(made: Release, capsys: Captured) -> None:
    """Counts of zero are not shown."""
    Report().matrix(replace(made, outcomes=(made.binaries[1],)), {})
    assert "\n1 built; nothing compiled now\nrelease: " in capsys.readouterr().err


def test_a_failure_without_an_excerpt_is_its_sentence(made: Release, capsys: Captured) -> None:
    """A failure without a log does not mention one."""
    Report().matrix(replace(made, outcomes=(failed(PLAN9, message="it broke"),)), {})
    assert capsys.readouterr().err.startswith("\nplan9/386: compile_failed\n    it broke\n\n0 built, 1 failed; ")


# --- checks ----------------------------------------------------------------------------------------------------------

CHECKS = (
    Check("one", ok=True, detail="fine", fix="never shown"),
    Check("two", ok=False, detail="first\nsecond", fix="type this"),
    Check("three", ok=False, detail="", required=False),
)


def test_checks_are_told_one_after_the_other(capsys: Captured) -> None:
    """A check passes, fails or is a note; the fix is below a check that did not pass."""
    assert Report().checks(iter(CHECKS)) == list(CHECKS)
    assert capsys.readouterr().out.splitlines() == [
        "ok    one                   fine",
        "FAIL  two                   first",
        f"{'':28}second",
        f"{'':28}-> type this",
        "note  three",
    ]


def test_a_check_is_told_as_soon_as_it_is_known(capsys: Captured) -> None:
    """The results of fast checks are visible while slow ones run."""
    told: list[str] = []

    def slow() -> Iterator[Check]:
        for check in CHECKS:
            yield check
            told.append(capsys.readouterr().out[6:11].strip())

    Report().checks(slow())
    assert told == ["one", "two", "three"]


def test_checks_are_printed_as_json(capsys: Captured) -> None:
    """The JSON contains all checks, printed at the end."""
    Report(as_json=True).checks(iter(CHECKS))
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["one", "two", "three"]
    assert rows[1] == {"name": "two", "ok": False, "detail": "first\nsecond", "fix": "type this", "required": True}


# --- text of others --------------------------------------------------------------------------------------------------

# Each is shown as its letters, in order.
HOSTILE = {
    "escape": "a\x1b[2J\x1b]0;title\x07b",
    "8-bit": "a\x9b2Jb\x9d0;t\x9cc",
    "null and delete": "a\x00\x08\x7fb",
    "return": "safe\rgone\r",
    "bidi": "a\u202egnp\u202c\u2066b\u2069\u200fc\u061c",
    "invisible": "a\u200b\u200d\ufeff\u00adb\U000e0041",
    "lines": "a\nb\u2028c\u2029d\x85e\x0bf\x0cg",
    "half a letter": "a\udc9bb\ud800",
    "tab": "a\tb",
    "markup": "[bold]a[/bold] :warning: [link=x]",
    "forged": "a\nok    checked\n\nhint: `rm -rf`",
}
WRITERS: dict[str, Callable[[Report, str], object]] = {
    "say": lambda report, text: report.say(text),
    "heading": lambda report, text: report.heading(text),
    "pause": lambda report, text: report.pause(0.01, text),
    "line": lambda report, text: report.line(text),
    "table": lambda report, text: report.table(("A", "B"), [(text, "end")]),
    "checks": lambda report, text: report.checks([Check("name", ok=False, detail=text, fix=text)]),
    "a check's name": lambda report, text: report.checks([Check(text, ok=True, detail="")]),
    "finished": lambda report, text: report.finished(failed(PLAN9, message=text), 1),
    "a pair": lambda report, text: report.finished(failed(replace(PLAN9, goos=text), message=""), 1),
    "targets": lambda report, text: report.targets([replace(LINUX, goarch=text, refusal=text)], {}),
    "matrix": lambda report, text: report.matrix(
        dist(Path(text.replace("\0", "")), failed(PLAN9, message=text, output=(text,), log=Path("log"))), {}
    ),
    "proof": lambda report, text: report.proof(Proof(said=text, checks=(), identity=None)),
    "failure": lambda report, text: report.say(failure(ToolkitError(text, hint=text))),
}
ONE_LINE = {"line", "heading", "pause", "a check's name", "finished", "a pair"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", WRITERS)
def test_text_of_others_controls_no_terminal(name: str, text: str, capsys: Captured) -> None:
    """Only letters, spaces and our own line ends are printed, whatever a source, an image or a server sends."""
    WRITERS[name](Report(), text)
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert "a" in shown
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    if name in ONE_LINE:
        assert len(shown.strip().splitlines()) == 1
    assert not re.search(r"^(ok|hint: `rm)", shown, re.MULTILINE) or name in {"a check's name", "proof", "failure"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_cell_is_one_line(text: str, capsys: Captured) -> None:
    """A row is always one line, and its columns stay aligned."""
    Report().table(("A", "B"), [(text, "end"), ("x", "end")])
    head, row, other = capsys.readouterr().out.split("\n")[:3]
    assert head.index("B") == row.index("end") == other.index("end")


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_display_shows_letters_only(text: str) -> None:
    """Messages above it and pairs in it neither move the cursor nor use markup."""
    with screen() as terminal, Report() as report:
        report.plan(2)
        report.started(replace(LINUX, goos=f"{text}!"))
        report.say(f"{text}?")
        shown = settled(terminal, "!/amd64")
    assert all(letter.isprintable() or letter in "\n\r" for letter in shown)
    assert (":warning:" in text) == (":warning:" in shown)
    assert ("[link=x]" in text) == ("[link=x]?" in shown)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_is_faithful_and_harmless(text: str, capsys: Captured) -> None:
    """The JSON keeps every letter, and consists of ASCII."""
    report = Report(as_json=True)
    report.data(text)
    report.checks([Check("name", ok=True, detail=text)])
    out = capsys.readouterr().out
    assert out.isascii()
    assert out.replace("\n", "").isprintable()
    first, rest = out.split("\n", 1)
    assert json.loads(first) == json.loads(rest)[0]["detail"] == text


def test_no_address_is_printed_with_its_password(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are redacted in messages, rows and JSON that quote the value of a variable."""
    monkeypatch.setenv("GOPROXY", "http://u:hunter2/SS@host")
    for name in WRITERS.keys() - {"line", "matrix"}:
        WRITERS[name](Report(), "GOPROXY=http://u:hunter2/SS@host")
    Report(as_json=True).checks([Check("a", ok=True, detail="http://u:hunter2/SS@host")])
    captured = capsys.readouterr()
    assert "hunter2" not in captured.out + captured.err


def test_a_terminal_gets_no_control_sequence_from_others() -> None:
    """On a real terminal, hostile text neither moves the cursor nor sets the title."""
    ours, theirs = pty.openpty()
    code = (
        "from toolkit.cli.report import *; from toolkit.model import Check\n"
        "report, text = Report(), 'a\\x1b[2J\\x9b2J\\x1b]0;t\\x07\\u202eb'\n"
        "report.say(text); report.line(text); report.table(['A'], [[text]]); report.heading(text)\n"
        "report.checks([Check('c', ok=True, detail=text)]); report.say(failure(ToolkitError(text, hint=text)))\n"
    )
    env = {**os.environ, "NO_COLOR": "1", "TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, stdout=theirs, stderr=theirs, check=False)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.returncode == 0, shown
    assert shown.count("a[2J2J]0;tb") == 7
    assert all(letter.isprintable() or letter in "\r\n" for letter in shown)
