"""The text of an AWS config file, in which a profile gets one setting and every other letter stays. Pure.

Lines are told apart as configparser does, which reads the file for botocore. Whatever that judges otherwise is noticed:
it parses the new text too, and nothing but the setting may be another.
"""

from __future__ import annotations

import configparser
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_PLAIN = re.compile(r"[\w.@+=,:/%-]+", re.ASCII)  # names that need no quotes in `[profile …]`
_HEADER = re.compile(r"\[(.+)\]")
_UP_TO_VALUE = re.compile(r"[^=:]*[=:][^\S\r\n]*")


@dataclass(frozen=True)
class Entry:
    """An option or a section's header: its line, and those that go on with its value."""

    indent: str
    section: str  # what is in the brackets of the section that it is in, or begins
    option: str  # "" for a header
    first: int  # number of its line, from 0
    end: int  # number of the line after its last


def edited(text: str, profile: str, name: str, value: str) -> str:
    """Return a config file's text with one setting of a profile put in or changed; ends of lines are as they were.

    Raises ValueError where botocore cannot parse it, or would read anything else otherwise than before.
    """
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
    found = [entry for entry in entries(lines) if profile_of(entry.section) == profile]
    own = [entry for entry in found if entry.section == found[-1].section]  # of two such sections the last one counts
    section = own[-1].section if own else header(profile)
    after = "".join(_with(lines, own, section, f"{name} = {value}", value))
    wanted = _parsed(text)
    wanted.setdefault(section, dict(wanted[configparser.DEFAULTSECT]))[name] = value
    if _parsed(after) != wanted:
        raise ValueError
    return after


def header(profile: str) -> str:
    """Return what is in the brackets of a new section for a profile."""
    if profile == "default":
        return profile
    return f"profile {profile if _PLAIN.fullmatch(profile) else shlex.quote(profile)}"


def profile_of(section: str) -> str:
    """Return the profile that a section is about, as botocore sees it; `""` for none."""
    if section == "default":
        return section
    try:
        words = shlex.split(section) if section.startswith("profile") else []
    except ValueError:
        return ""
    return words[1] if len(words) == 2 else ""  # noqa: PLR2004 - the word `profile` and the name


def entries(lines: Sequence[str]) -> Iterator[Entry]:
    """Yield headers and options as configparser finds them: what is indented deeper goes on with the option before."""
    section, now = "", None
    for number, line in enumerate(lines):
        text = line.strip()
        if not text or text.startswith(("#", ";")):
            continue
        indent = line[: len(line) - len(line.lstrip())]
        if now and now.option and len(indent) > len(now.indent):
            now = replace(now, end=number + 1)
            continue
        if now:
            yield now
        begun = _HEADER.match(text)
        section = begun[1] if begun else section
        now = Entry(indent, section, "" if begun else re.split("[=:]", text)[0].strip().lower(), number, number + 1)
    if now:
        yield now


def _with(lines: list[str], own: Sequence[Entry], section: str, setting: str, value: str) -> list[str]:
    end = next((_end(line) for line in lines if _end(line)), "\n")
    if not own:
        blank = [end] if lines and lines[-1].strip() else []
        return [*_ended(lines, end), *blank, f"[{section}]{end}", f"{setting}{end}"]
    name = setting.partition(" ")[0]
    for entry in own:
        if entry.option == name:
            line, rest = lines[entry.first], lines[entry.first + 1 : entry.end]
            begun = _UP_TO_VALUE.match(line)
            told = [each for each in rest if not each.strip() or each.lstrip().startswith(("#", ";"))]
            changed = f"{begun.group() if begun else ''}{value}{_end(line)}"
            return [*lines[: entry.first], changed, *told, *lines[entry.end :]]
    last = own[-1]
    # Indented as what it follows, it takes no line that comes after for a part of its value.
    return [*_ended(lines[: last.end], end), f"{last.indent}{setting}{end}", *lines[last.end :]]


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _ended(lines: list[str], end: str) -> list[str]:
    return [*lines[:-1], lines[-1] + end] if lines and not _end(lines[-1]) else lines


def _parsed(text: str) -> dict[str, dict[str, str]]:
    """Return all settings by section, as botocore's parser reads them. Raises ValueError."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text.replace("\r\n", "\n").replace("\r", "\n"))
    except configparser.Error:
        raise ValueError from None
    found = {name: dict(values) for name, values in parser.items()}
    for name in parser.sections():
        for value in found[name].values():
            nested = [line for line in value.splitlines() if line.strip()] if value.startswith("\n") else []
            if any("=" not in line for line in nested):  # botocore takes them for settings of their own
                raise ValueError
    return found
