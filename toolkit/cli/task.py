"""The bridge to Invoke: settings become flags and help, errors become one line, a hint and an exit code."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import gc
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task

from toolkit.cli import streams
from toolkit.cli.report import Report, error_document, failure
from toolkit.errors import ToolkitError, UsageError
from toolkit.go import surroundings
from toolkit.options import selector
from toolkit.settings import ROOT, EngineSettings, JsonSettings, Settings

Body = Callable[[Any, Report], None]

_INTERRUPTED, _TERMINATED = 130, 143


class ToolkitTask(Task):  # type: ignore[type-arg]
    """A task whose flags are the fields of a settings class. A user's error never ends in a traceback."""

    def __init__(self, body: Body, settings: type[Settings], **options: Any) -> None:
        """Store a body that is called with the settings and a `Report`."""
        self.settings = settings
        super().__init__(body, positional=(), auto_shortflags=False, **options)

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: ARG002, FBT001 - Invoke's
        """Return a flag for each field."""
        return [argument(item) for item in dataclasses.fields(self.settings)]

    def __call__(self, *args: Any, **flags: Any) -> None:
        """Run the task's body."""
        del args  # Invoke's context: our tasks run no shell
        _spare_garbage()
        streams.raise_broken_pipes()
        with _clean_exit(as_json=self._as_json(flags)):
            surroundings.complete(os.environ)
            if issubclass(self.settings, EngineSettings):
                surroundings.check(os.environ)
            settings = self.settings.parse(_typed(self.settings, flags), os.environ)
            with Report(as_json=getattr(settings, "json", False)) as report:
                self.body(settings, report)
            streams.finish()
        self.times_called += 1

    def _as_json(self, flags: Mapping[str, Any]) -> bool:
        """Return whether JSON was asked for, even if another option cannot be used."""
        has_json = issubclass(self.settings, JsonSettings)
        return has_json and JsonSettings.parse({"json": flags.get("json")}, os.environ).json


def task(settings: type[Settings] = Settings, **options: Any) -> Callable[[Body], ToolkitTask]:
    """Make a task from a function of settings and a report; `--list` and `--help` show its docstring."""
    return lambda body: ToolkitTask(body, settings, **options)


class Flag(Argument):
    """A flag with a value. Invoke keeps every value; otherwise it would read the second one as a task name.

    Invoke parses with copies, but shows help from the originals, where a list looks like a flag without a value.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Argument:
        """Return the flag to parse with."""
        del memo
        copied = _Typed(names=self.names, attr_name=self.attr_name, kind=list, help=self.help)
        copied.raw_value = None  # Invoke refuses a flag without a value only while this is None
        return copied


class _Typed(Argument):
    def __repr__(self) -> str:
        """Return the name in Invoke's own errors."""
        return f"`--{self.names[0]}`"


def argument(item: dataclasses.Field[Any]) -> Argument:
    """Return the flag of a settings field, with its default in the help."""
    name = item.name.replace("_", "-")
    attribute = item.name if name != item.name else None
    if isinstance(item.default, bool):
        return Argument(names=(name,), attr_name=attribute, kind=bool, default=False, help=item.metadata["help"])
    shown = default_text(item)
    text = item.metadata["help"] + (f" [{shown}]" if shown else "")
    return Flag(names=(name,), attr_name=attribute, help=text)


def default_text(item: dataclasses.Field[Any]) -> str:
    """Return a default as a person would type it, with paths relative to this repository; `""` for none."""
    value = item.default
    if isinstance(value, float):
        return f"{value / 60:g}m" if value >= 60 else f"{value:g}s"  # noqa: PLR2004 - seconds of a minute
    text = str(value) if value else ""
    return str(Path(text).relative_to(ROOT)) if text.startswith(str(ROOT)) else text


def _typed(settings: type[Settings], flags: Mapping[str, Any]) -> dict[str, str | bool | None]:
    """Return each flag's only value; patterns may be spread over several flags, and are joined. Raises UsageError."""
    lists = {item.name for item in dataclasses.fields(settings) if item.metadata["parse"] is selector}
    typed: dict[str, str | bool | None] = {}
    for name, given in flags.items():
        if not isinstance(given, list):
            typed[name] = given
            continue
        if len(given) > 1 and name not in lists:
            raise UsageError(f"`--{name.replace('_', '-')}` was given more than once", hint="give it once")
        blank = not all(text.strip() for text in given)  # an error that `parse` explains
        typed[name] = None if not given else "" if blank else ",".join(given)
    return typed


def _spare_garbage() -> None:
    """Collect garbage rarely, and not at exit: everything that boto3 imports stays, and the system frees it faster.

    This saves a sixth of the time of a short command.
    """
    gc.set_threshold(50_000)
    atexit.register(gc.freeze)


@contextlib.contextmanager
def _clean_exit(*, as_json: bool) -> Iterator[None]:
    """Turn every error that a person, a file or a network can cause into a message and an exit code.

    `as_json` adds the error as JSON in the last line.
    """
    previous = signal.signal(signal.SIGTERM, _terminated)
    try:
        yield
    except ToolkitError as error:
        text = failure(error) + (f"\n{error_document(error)}" if as_json else "")
        raise Exit(text, code=error.exit_code) from None
    except KeyboardInterrupt:
        raise Exit("interrupted", code=_INTERRUPTED) from None
    except BrokenPipeError:
        streams.abandon()  # nobody reads the rest
        raise Exit(code=1) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _terminated(*_: object) -> None:
    raise Exit("terminated", code=_TERMINATED)
