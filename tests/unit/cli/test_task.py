from __future__ import annotations

import contextlib
import dataclasses
import errno
import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context
from invoke.exceptions import Exit, ParseError
from invoke.parser.argument import Argument
from invoke.parser.parser import Parser

from tasks import namespace
from toolkit.cli.report import Report
from toolkit.cli.task import ToolkitTask, argument, default_text, task
from toolkit.errors import DiskFull, EngineLost, ToolkitError, UnknownTarget
from toolkit.options import Selector
from toolkit.settings import PREFIX, ROOT, MatrixSettings, Settings, TargetsSettings

FIELDS = [(name, item) for name, each in namespace.tasks.items() for item in dataclasses.fields(each.settings)]


def run(act: Callable[[MatrixSettings, Report], None], **flags: str | bool | None) -> None:
    """Run a task as Invoke does: with a context, and with every flag by its name."""
    task(MatrixSettings)(act)(Context(), **flags)


def ended(error: BaseException) -> Exit:
    """Return the exit of a task whose body raises an exception."""

    def act(settings: MatrixSettings, report: Report) -> None:
        del settings, report
        raise error

    with pytest.raises(Exit) as caught:
        run(act)
    return caught.value


# --- flags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "each"), namespace.tasks.items(), ids=namespace.tasks)
def test_the_flags_of_a_task_are_the_fields_of_its_settings(name: str, each: ToolkitTask) -> None:
    """No flag is declared elsewhere, and none has a short form that could change its meaning."""
    assert name == each.name
    flags = {flag.names: (flag.attr_name or flag.name, flag.kind, flag.help) for flag in each.get_arguments()}
    assert list(flags) == [(item.name.replace("_", "-"),) for item in dataclasses.fields(each.settings)]
    for item in dataclasses.fields(each.settings):
        attribute, kind, text = flags[item.name.replace("_", "-"),]
        assert attribute == item.name
        assert kind is (bool if isinstance(item.default, bool) else str)
        assert (text or "").startswith(item.metadata["help"])


@pytest.mark.parametrize(("name", "item"), FIELDS)
def test_a_default_shows_no_path_of_this_machine(name: str, item: dataclasses.Field[object]) -> None:
    """Help and reference are the same in every checkout."""
    shown = default_text(item)
    assert str(ROOT) not in shown, name
    assert not Path(shown).is_absolute(), name
    assert shown in (argument(item).help or "")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *(("dist", "dist"), ("source", "go-aws-mfa"), ("timeout", "15m"), ("engine", "auto")),
        *(("jobs", ""), ("only", ""), ("image", "")),
    ],
)
def test_a_default_is_shown_as_it_would_be_typed(name: str, shown: str) -> None:
    """It is in brackets after the help; nothing is shown without a default."""
    (item,) = (item for item in dataclasses.fields(MatrixSettings) if item.name == name)
    assert default_text(item) == shown
    assert argument(item).help == item.metadata["help"] + (f" [{shown}]" if shown else "")


def test_invoke_reads_the_flags() -> None:
    """A typed value arrives under the field's name; without one, the variable applies."""
    typed = ["matrix", "--build-cache", "ours", "--first-class", "--only=linux/*"]
    (parsed,) = (each for each in Parser(contexts=namespace.to_contexts()).parse_argv(typed) if each.name)
    flags = {name: flag.value for name, flag in parsed.args.items() if isinstance(flag, Argument)}
    assert (flags["build-cache"], flags["first-class"], flags["only"], flags["jobs"]) == (
        ["ours"],
        True,
        ["linux/*"],
        [],
    )
    attributes = {flag.attr_name or flag.name for flag in parsed.args.values()}
    assert attributes == {item.name for item in dataclasses.fields(MatrixSettings)}


def typed(*argv: str) -> MatrixSettings:
    """Return the settings of `invoke matrix` for some arguments."""
    seen: list[MatrixSettings] = []
    (parsed,) = (each for each in Parser(contexts=namespace.to_contexts()).parse_argv(["matrix", *argv]) if each.name)
    run(lambda settings, _report: seen.append(settings), **parsed.as_kwargs)
    return seen[0]


@pytest.mark.parametrize(
    ("argv", "only", "skip"),
    [
        (("--only", "a", "--only", "b"), ("a", "b"), ()),
        (("--only=a,b", "--json", "--only", "c", "--skip=d"), ("a", "b", "c"), ("d",)),
        (("--skip", "a", "--skip=b,", "--skip", "a"), (), ("a", "b", "a")),
        (("--only", "build"), ("build",), ()),  # also the name of a task
        ((), (), ()),
    ],
)
def test_patterns_can_be_given_in_several_flags(argv: tuple[str, ...], only: object, skip: object) -> None:
    """`--only a --only b` is `--only a,b`."""
    settings = typed(*argv)
    assert (settings.only.patterns, settings.skip.patterns) == (only, skip)


ONCE = [item.name for item in dataclasses.fields(MatrixSettings) if not isinstance(item.default, bool | Selector)]


@pytest.mark.parametrize("name", ONCE)
def test_any_other_flag_is_given_once(name: str) -> None:
    """Two values are an error that names the flag, even if they are equal, and quotes neither."""
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(Exit) as caught:
        typed(flag, "1", "--first-class", f"{flag}=1")
    assert caught.value.code == 2
    assert caught.value.message == f"error[usage]: `{flag}` was given more than once\n\nhint: give it once"


def test_a_switch_can_be_repeated() -> None:
    """Repeating it is not a contradiction."""
    assert typed("--json", "--first-class", "--json").json


@pytest.mark.parametrize("argv", [("--only", "", "--only", "a"), ("--only=a", "--only= ")])
def test_an_empty_value_among_several_is_refused(argv: tuple[str, ...]) -> None:
    """A shell variable for a pattern is probably not set."""
    with pytest.raises(Exit, match="`--only`"):
        typed(*argv)


@pytest.mark.parametrize("argv", [("--only",), ("--jobs", "--json"), ("--json", "--source")])
def test_a_flag_without_a_value_is_refused(argv: tuple[str, ...]) -> None:
    """Invoke's own error names the flag as typed."""
    flag = next(word for word in argv if word != "--json")
    with pytest.raises(ParseError, match=f"^Flag `{flag}` needed value"):
        typed(*argv)


def test_help_and_completion_show_flags_with_values() -> None:
    """The help shows a flag that is parsed as a list with a text value."""
    (context,) = (each for each in namespace.to_contexts() if each.name == "matrix")
    shown = dict(context.help_tuples())
    assert {"--only=STRING", "--jobs=STRING", "--json"} <= shown.keys()
    assert {"--only", "--jobs", "--json"} <= set(context.flag_names())


# --- running ---------------------------------------------------------------------------------------------------------


def test_a_body_gets_settings_and_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flags and variables are read when the task runs, and `--json` reaches the report."""
    seen: list[tuple[MatrixSettings, Report]] = []
    monkeypatch.setenv(f"{PREFIX}JOBS", "3")
    run(lambda settings, report: seen.append((settings, report)), json=True, only=None)
    ((settings, report),) = seen
    assert settings == MatrixSettings(jobs=3, json=True)
    assert report.as_json


def test_a_task_without_json_has_a_report_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings without `--json` print tables."""
    seen: list[bool] = []
    monkeypatch.setenv(f"{PREFIX}JSON", "1")
    each = task()(lambda settings, report: seen.append(report.as_json or type(settings) is not Settings))
    each(Context())
    assert seen == [False]
    assert each.times_called == 1


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (
            UnknownTarget("unknown GOOS `x`", hint="try `y`"),
            "error[unknown-target]: unknown GOOS `x`\n\nhint: try `y`",
            2,
        ),
        (DiskFull("no room"), "error[disk-full]: no room", 40),
        (KeyboardInterrupt(), "interrupted", 130),
    ],
    ids=["hint", "plain", "Ctrl-C"],
)
def test_what_a_person_or_a_machine_caused_ends_without_a_traceback(
    error: BaseException, message: str, code: int
) -> None:
    """Invoke prints the message, and ends with the code of the error's kind."""
    found = ended(error)
    assert (found.message, found.code) == (message, code)
    assert found.__suppress_context__


@pytest.mark.parametrize("flags", [{"json": True}, {"json": True, "jobs": "x"}], ids=["body", "flag"])
def test_an_error_is_json_too(flags: dict[str, Any]) -> None:
    """With `--json` the last line of standard error is the error, even if another flag is wrong."""

    def act(settings: MatrixSettings, report: Report) -> None:
        del settings, report
        raise EngineLost("`x` is gone", hint="try again")

    with pytest.raises(Exit) as caught:
        run(act, **flags)
    text, _, line = str(caught.value.message).rpartition("\n")
    error = json.loads(line)["error"]
    assert text == f"error[{error['kind']}]: {error['message']}\n\nhint: {error['hint']}"
    wanted = ("usage", 2, False) if "jobs" in flags else ("engine-lost", 20, True)
    assert (error["kind"], error["exit_code"], error["retry"]) == wanted
    assert caught.value.code == error["exit_code"]


def test_json_can_come_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """`AWS_MFA_TOOLKIT_JSON` has the same effect."""
    monkeypatch.setenv(f"{PREFIX}JSON", "1")
    assert '"kind": "disk-full"' in str(ended(DiskFull("full")).message)


def test_a_wrong_flag_ends_before_the_body_begins() -> None:
    """Errors in settings are reported like errors of the body."""
    with pytest.raises(Exit) as caught:
        run(lambda _settings, _report: pytest.fail("begun"), jobs="x")
    assert caught.value.code == 2
    assert caught.value.message == "error[usage]: `x` is not a whole number of at least 1\n\nhint: change `--jobs`"


@pytest.mark.parametrize(("name", "value"), [("GOCACHE", "off"), ("HOME", "relative"), ("GOPATH", "go")])
def test_a_directory_that_go_refuses_ends_a_task_that_runs_go(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable; a task that runs no go command ignores it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(Exit, match=f"`{name}") as caught:
        run(lambda _settings, _report: pytest.fail("begun"))
    assert caught.value.code == 2
    task()(lambda _settings, _report: None)(Context())


def test_a_task_has_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if HOME is not set, as in a service."""
    monkeypatch.delenv("HOME")
    seen: list[str] = []
    run(lambda _settings, _report: seen.append(os.environ.get("HOME", "")))
    assert Path(*seen).is_dir()


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), ValueError("closed file")])
def test_a_full_standard_output_ends_a_task(error: Exception) -> None:
    """The buffer is flushed before the task counts as done."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise error

    with contextlib.redirect_stdout(Full()), pytest.raises(Exit) as caught:
        run(lambda _settings, report: report.line("text"))
    assert (caught.value.code, str(caught.value.message)[:24]) == (40, "error[stdout-unwritable]")


def test_a_defect_of_the_toolkit_has_its_traceback() -> None:
    """Unexpected exceptions are not hidden."""

    def act(settings: MatrixSettings, report: Report) -> None:
        raise ZeroDivisionError(settings, report)

    with pytest.raises(ZeroDivisionError):
        run(act)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM to catch")
def test_being_told_to_end_unwinds_the_run() -> None:
    """SIGTERM exits with 143 after everything was closed, and the previous handler is restored."""
    closed: list[str] = []
    before = signal.getsignal(signal.SIGTERM)

    def act(settings: MatrixSettings, report: Report) -> None:
        del settings, report
        with contextlib.ExitStack() as stack:
            stack.callback(closed.append, "engine")
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()

    with pytest.raises(Exit) as caught:
        run(act)
    assert (caught.value.message, caught.value.code, closed) == ("terminated", 143, ["engine"])
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_reader_who_has_enough_ends_the_run_quietly(tmp_path: Path) -> None:
    """`invoke targets | head` prints no error, not even when Python flushes the rest."""

    def act(settings: MatrixSettings, report: Report) -> None:
        del settings
        report.line("before")
        raise BrokenPipeError

    with (tmp_path / "out").open("w") as out, contextlib.redirect_stdout(out), pytest.raises(Exit) as caught:
        run(act)
    assert (caught.value.message or "", caught.value.code) == ("", 1)
    assert (tmp_path / "out").read_text() == ""  # the rest was discarded


def test_a_report_is_closed_whatever_happens() -> None:
    """A live display left on a terminal would hide the message."""
    reports: list[Report] = []

    def act(settings: MatrixSettings, report: Report) -> None:
        del settings
        reports.append(report)
        raise ToolkitError("no")

    with pytest.raises(Exit):
        run(act)
    assert len(reports) == 1


def test_a_task_is_told_by_its_docstring() -> None:
    """`invoke --list` and `invoke --help` show the function's docstring."""

    def act(settings: TargetsSettings, report: Report) -> None:
        """Do something."""

    assert task(TargetsSettings)(act).__doc__ == "Do something."
    assert task(TargetsSettings)(act).name == "act"
