from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit import settings
from toolkit.errors import UsageError
from toolkit.options import Selector, command, device_name, engine_name, folder, option, seconds, selector, whole_number
from toolkit.settings import (
    PREFIX,
    ROOT,
    BuildSettings,
    DistSettings,
    DoctorSettings,
    EngineSettings,
    MatrixSettings,
    Settings,
)


def kinds(top: type[Settings] = Settings) -> list[type[Settings]]:
    """Return every settings value."""
    return [top, *(kind for below in top.__subclasses__() for kind in kinds(below))]


# --- flag, variable, default -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "environ", "jobs"),
    [
        ({}, {}, None),
        ({}, {"JOBS": "2"}, 2),
        ({"jobs": "3"}, {}, 3),
        ({"jobs": "3"}, {"JOBS": "2"}, 3),
        ({"jobs": None}, {"JOBS": "2"}, 2),
        ({"jobs": "3"}, {"JOBS": "x"}, 3),
        ({}, {"JOBS": ""}, None),
    ],
)
def test_a_flag_counts_before_its_variable_and_that_before_the_default(
    flags: dict[str, str | None], environ: dict[str, str], jobs: int | None
) -> None:
    """The flag wins; an irrelevant variable is not read, and an empty one counts as unset."""
    variables = {f"{PREFIX}{name}": value for name, value in environ.items()}
    assert MatrixSettings.parse(flags, variables).jobs == jobs


@pytest.mark.parametrize(
    ("typed", "variable", "value"),
    [
        (None, None, False),
        (False, None, False),
        (True, None, True),
        (False, "1", True),
        (False, "yes", True),
        (False, "0", False),
        (False, "", False),
        (True, "0", True),
    ],
)
def test_a_switch_is_on_by_its_flag_or_by_its_variable(
    *, typed: bool | None, variable: str | None, value: bool
) -> None:
    """A switch's variable turns it on unless it is empty or 0."""
    environ = {} if variable is None else {f"{PREFIX}FIRST_CLASS": variable}
    assert MatrixSettings.parse({"first_class": typed}, environ).first_class is value


def test_words_joined_by_underscores_are_one_flag_and_one_variable() -> None:
    """`build_cache` is `--build-cache` and `AWS_MFA_TOOLKIT_BUILD_CACHE`."""

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Wordy(EngineSettings):
        two_words: int = option("two words", default=1, parse=whole_number)

    assert Wordy.parse({}, {"AWS_MFA_TOOLKIT_TWO_WORDS": "2"}).two_words == 2
    assert Wordy.parse({}, {"AWS_MFA_TOOLKIT_BUILD_CACHE": "ours"}).build_cache == "ours"
    with pytest.raises(UsageError) as caught:
        Wordy.parse({"two_words": "x"}, {})
    assert caught.value.hint == "change `--two-words`"


@pytest.mark.parametrize(
    ("flags", "environ", "message", "hint"),
    [
        ({"jobs": "x"}, {}, "`x` is not a whole number of at least 1", "change `--jobs`"),
        ({}, {"JOBS": "x"}, "`x` is not a whole number of at least 1", f"change `{PREFIX}JOBS`"),
        ({"engine": "k"}, {}, "`k` is not an engine: `auto`, `docker` or `local`", "change `--engine`"),
        ({}, {"TIMEOUT": "soon"}, "`soon` is not a time such as `90s`, `15m` or `1h`", f"change `{PREFIX}TIMEOUT`"),
    ],
)
def test_what_cannot_be_used_is_named_with_where_it_came_from(
    flags: dict[str, str], environ: dict[str, str], message: str, hint: str
) -> None:
    """The message contains the text as it was typed; the hint names the flag or the variable to change."""
    with pytest.raises(UsageError) as caught:
        MatrixSettings.parse(flags, {f"{PREFIX}{name}": value for name, value in environ.items()})
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_flag_is_a_mistake_and_an_empty_variable_is_none(text: str) -> None:
    """`--profile "$UNSET"` does not mean the default."""
    with pytest.raises(UsageError, match=r"^`--profile` needs a value$"):
        DoctorSettings.parse({"profile": text}, {"AWS_MFA_TOOLKIT_PROFILE": "example"})
    assert DoctorSettings.parse({}, {"AWS_MFA_TOOLKIT_PROFILE": ""}) == DoctorSettings()


def test_a_wrong_variable_is_no_concern_of_a_declaration() -> None:
    """Tasks can be listed with an invalid variable, and listing them causes no heavy import."""
    heavy = {"docker", "boto3", "rich", "requests", "filelock"}
    command = [sys.executable, "-c", f"import sys, tasks; print({heavy} & set(sys.modules))"]
    environ = {**os.environ, **{f"{PREFIX}{name}": "x" for name in ("JOBS", "ENGINE", "TIMEOUT")}}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("kind", kinds())
def test_every_option_is_declared_whole(kind: type[Settings]) -> None:
    """An option has a help, a parser and a default; its metavar is a word, except for a switch."""
    for item in dataclasses.fields(kind):
        assert item.metadata["help"], item.name
        assert callable(item.metadata["parse"]), item.name
        assert item.default is not dataclasses.MISSING, item.name
        assert bool(item.metadata["metavar"]) is not isinstance(item.default, bool), item.name
        assert item.default is not True, item.name  # a switch can only be turned on


def test_a_default_stands_as_it_is() -> None:
    """Without flags and variables every task has its defaults, with the type that the parser returns."""
    plain = MatrixSettings.parse({}, {})
    assert plain == MatrixSettings()
    assert plain.dist == ROOT / "dist"
    assert (plain.engine, plain.timeout, plain.only, plain.jobs) == ("auto", 900.0, Selector(), None)
    assert plain.source == str(ROOT / "go-aws-mfa")
    assert plain.skip == Selector()
    assert BuildSettings.parse({}, {}).output is None
    assert BuildSettings.parse({"output": "x"}, {}).output == Path.cwd() / "x"


def test_patterns_are_parsed_as_such() -> None:
    """One selects pairs, and one leaves them out."""
    parsed = MatrixSettings.parse({"only": "linux/*,js", "skip": "arm"}, {})
    assert (parsed.only, parsed.skip) == (Selector(("linux/*", "js")), Selector(("arm",)))


WHOLE = "is not a whole number|Exceeds the limit"

# --- parsers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (whole_number, "1", 1),
        (whole_number, "016", 16),
        (seconds, "90", 90.0),
        (seconds, "0.5s", 0.5),
        (seconds, "90s", 90.0),
        (seconds, "1.5m", 90.0),
        (seconds, "2h", 7200.0),
        (engine_name, "auto", "auto"),
        (engine_name, "docker", "docker"),
        (engine_name, "local", "local"),
        (folder, "/a/b", Path("/a/b")),
        (folder, "a", Path.cwd() / "a"),
        (selector, "linux/*, darwin ,,js/wasm,", Selector(("linux/*", "darwin", "js/wasm"))),
        (selector, " , ", Selector()),
    ],
)
def test_a_text_becomes_a_value(parse: Callable[[str], Any], text: str, value: object) -> None:
    """Each parser accepts the values that its help describes."""
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "sentence", "text"),
    [
        *((whole_number, WHOLE, text) for text in ("", "0", "-1", "1.5", "x", "²", "٣", " 1", "9" * 5000)),
        *(
            (seconds, "is not a time", text)
            for text in ("", "s", "0", "-1s", "0m", "inf", "nan", "infh", "1d", "1e400", "m15")
        ),
        *((engine_name, "is not an engine", text) for text in ("", "Docker", "podman")),
        (folder, "is not a directory", ""),
    ],
)
def test_a_text_that_means_nothing_is_refused(parse: Callable[[str], Any], sentence: str, text: str) -> None:
    """A parser raises only ValueError, with the rest of the sentence that begins with the text."""
    with pytest.raises(ValueError, match=f"^{sentence}"):
        parse(text)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory may have the form that a shell would expand, even without a shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert folder("~/dist") == tmp_path / "dist"


def test_the_home_of_nobody_is_no_folder() -> None:
    """`~` without a home and the name of an unknown user are usage errors, not tracebacks."""
    with pytest.raises(UsageError, match="`~no-such-user/dist`"):
        DistSettings.parse({"dist": "~no-such-user/dist"}, {})


# --- selectors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "pair", "matches"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64", "linux/arm64", False),
        ("linux/*", "linux/arm64", True),
        ("*/arm64", "linux/arm64", True),
        ("*/arm", "linux/arm64", False),
        ("linux", "linux/arm64", True),
        ("arm64", "linux/arm64", True),
        ("arm", "linux/arm64", False),
        ("arm*", "linux/arm64", True),
        ("mips*", "linux/mips64le", True),
        ("*bsd", "netbsd/386", True),
        ("Linux", "linux/amd64", False),
        ("*", "js/wasm", True),
        ("[jp]*", "js/wasm", True),
    ],
)
def test_a_pattern_with_a_slash_means_the_pair_and_one_without_either_word(
    pattern: str, pair: str, *, matches: bool
) -> None:
    """`linux` and `arm64` each mean all pairs with that word; case matters."""
    assert Selector.matches(pattern, pair) is matches


def test_a_selector_is_any_of_its_patterns() -> None:
    """One matching pattern is enough; without patterns nothing matches, and the selector is false."""
    chosen = selector("linux/arm64,windows")
    assert [pair for pair in ("linux/arm64", "windows/386", "linux/386") if chosen(pair)] == [
        "linux/arm64",
        "windows/386",
    ]
    assert chosen
    assert not Selector()
    assert not Selector()("linux/amd64")


def test_the_root_is_where_the_tasks_are() -> None:
    """Defaults do not depend on the current directory."""
    assert (settings.ROOT / "tasks.py").is_file()


@pytest.mark.parametrize("text", ["alice", "a.b-c_d@e+f=g,h", "x" * 226])
def test_a_device_name(text: str) -> None:
    """Every name that IAM accepts is valid."""
    assert device_name(text) == text


@pytest.mark.parametrize("text", ["", "my phone", "a/b", "é", "x" * 227, "a\n"])
def test_no_device_name(text: str) -> None:
    """No other name is valid."""
    with pytest.raises(ValueError, match="is not a device name"):
        device_name(text)


def test_a_command() -> None:
    """A shell would split it into words, at least one."""
    assert command("sh -c 'a \"b\"' c") == ("sh", "-c", 'a "b"', "c")
    for text in ("", "  ", "pass 'x"):
        with pytest.raises(ValueError, match="is not a command"):
            command(text)
