"""Both files as botocore parses them: its `configloader` over RawConfigParser, with the lines of all settings."""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from toolkit.aws.profiles.views import KEYS, PLAIN, SERVICES, TOKENS, Fault, File, Place, Reason, Value, View

_HEADER = re.compile(r"\[(.+)\]")
_DEFAULT = "DEFAULT"  # the section whose settings every other one has


@dataclass(frozen=True)
class _Entry:
    """A setting, or the nested settings of a block."""

    value: Value
    nested: Mapping[str, Value] | None = None


_Sections = dict[str, dict[str, _Entry]]


@dataclass(frozen=True)
class InBotocore:
    """Both files. Made by `parse`."""

    broken: Fault | None
    profiles: Mapping[str, Mapping[str, _Entry]] = field(default_factory=dict)  # of the config file
    services: Mapping[str, Mapping[str, _Entry]] = field(default_factory=dict)
    credentials: Mapping[str, Mapping[str, _Entry]] = field(default_factory=dict)
    headers: tuple[tuple[Place, str], ...] = ()  # what is in the brackets, of both files

    def view(self, name: str) -> View:
        """Return botocore's view of a profile."""
        config, credentials = self.profiles.get(name), self.credentials.get(name)
        values = {**_plain(config), **_plain(credentials)}
        keys = next((each for each in (_plain(credentials), _plain(config)) if KEYS[0] in each), None)
        rejected = None
        if keys is not None:  # botocore does not combine the keys of two files
            values = {name: each for name, each in values.items() if name not in (*KEYS, *TOKENS)}
            values |= {name: keys[name] for name in (*KEYS, *TOKENS) if name in keys}
            if KEYS[1] not in keys:
                rejected = Fault(Reason.PARTIAL_KEYS, keys[KEYS[0]].place, KEYS[1])
        if "services" in values:
            named = values["services"]
            section = self.services.get(named.text)
            if not section:
                # A login corrects half of a pair only, so this comes first.
                rejected = Fault(Reason.SERVICES_MISSING, named.place, named.text)
            values |= _endpoints(section or {})
        return View(self.broken, config is not None or credentials is not None, rejected, values)

    def written(self, name: str, setting: str) -> str:
        """Return any setting of a profile, also an unused one; `""` for none."""
        for section in (self.credentials.get(name, {}), self.profiles.get(name, {})):
            if setting in section and section[setting].nested is None:
                return section[setting].value.text
        return ""

    def places(self, name: str, *settings: str) -> Iterator[tuple[Place, str]]:
        """Yield where both files set some of a profile's settings, each with its name."""
        for section in (self.credentials.get(name, {}), self.profiles.get(name, {})):
            yield from ((entry.value.place, setting) for setting, entry in section.items() if setting in settings)

    def endpoint(self, name: str, service: str) -> Value:
        """Return the endpoint_url of any service in the services section that a profile names."""
        section = self.services.get(self.written(name, "services"), {})
        entry = section.get(service)
        return (entry.nested if entry and entry.nested else {}).get("endpoint_url", Value())


def parse(config: bytes, credentials: bytes) -> InBotocore:
    """Return both files."""
    headers: list[tuple[Place, str]] = []
    try:
        found, known = (_sections(*each, headers) for each in ((File.CONFIG, config), (File.CREDENTIALS, credentials)))
    except _Unparsed as error:
        return InBotocore(error.fault)
    profiles: _Sections = {}
    services: _Sections = {}
    for name, values in found.items():
        if name.startswith("profile"):  # `profiles x` too
            profiles |= _named(name, values)
        elif name.startswith("sso-session"):
            continue
        elif name.startswith("services"):
            services |= _named(name, values)
        elif name == "default":
            profiles[name] = values
    return InBotocore(None, profiles, services, known, tuple(headers))


def profile_of(file: File, line: str) -> str:
    """Return the profile that botocore sees in a header, `""` for none."""
    header = _HEADER.match(line)
    name = header[1] if header else ""
    if file is File.CREDENTIALS or name == "default":
        return name
    return next(iter(_named(name, {})), "") if name.startswith("profile") else ""


class _Unparsed(Exception):
    def __init__(self, reason: Reason, file: File, line: int, name: str = "") -> None:
        self.fault = Fault(reason, Place(file, line), name)


def _plain(section: Mapping[str, _Entry] | None) -> dict[str, Value]:
    return {name: each.value for name, each in (section or {}).items() if name in PLAIN and each.nested is None}


def _endpoints(section: Mapping[str, _Entry]) -> dict[str, Value]:
    found = {name: (section[service].nested or {}) for name, service in SERVICES.items() if service in section}
    return {name: nested["endpoint_url"] for name, nested in found.items() if "endpoint_url" in nested}


def _named(header: str, values: dict[str, _Entry]) -> _Sections:
    try:
        words = shlex.split(header)
    except ValueError:
        return {}
    return {words[1]: values} if len(words) == 2 else {}  # noqa: PLR2004 - the kind and the name


def _decoded(file: File, data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _Unparsed(Reason.UTF16, file, 1)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _Unparsed(Reason.NOT_TEXT, file, _undecodable(data)) from None
    if text.startswith("\ufeff"):
        raise _Unparsed(Reason.BYTE_ORDER_MARK, file, 1)
    return text


def _undecodable(data: bytes) -> int:
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", data), start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return 1


def _sections(file: File, data: bytes, headers: list[tuple[Place, str]]) -> _Sections:
    """Return the settings by section as RawConfigParser does in its strict mode. Raises _Unparsed."""
    parser = _Parser(file, headers)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _decoded(file, data)), start=1):
        parser.take(number, line)
    if parser.odd:
        raise _Unparsed(Reason.NOT_A_SETTING, file, parser.odd)
    defaults = parser.found.pop(_DEFAULT)
    return {
        name: {setting: _entry(file, lines) for setting, lines in {**defaults, **values}.items()}
        for name, values in parser.found.items()
    }


class _Parser:
    """A file, line by line."""

    def __init__(self, file: File, headers: list[tuple[Place, str]]) -> None:
        self.file, self.headers = file, headers
        self.found: dict[str, dict[str, list[tuple[int, str]]]] = {_DEFAULT: {}}
        self.odd = 0  # the first line that is not a setting: Python continues, and raises it at the end
        self._section = self._option = ""
        self._indent = 0

    def take(self, number: int, line: str) -> None:
        text = line.strip()
        if text.startswith(("#", ";")):
            return
        indent = len(line) - len(line.lstrip())
        if self._option and (not text or indent > self._indent):
            self.found[self._section][self._option].append((number, text))
        elif text:
            self._indent = indent
            header = _HEADER.match(text)
            if header:
                self._begin(number, header[1])
            elif not self._section:
                raise _Unparsed(Reason.OUTSIDE_SECTION, self.file, number)
            else:
                self._set(number, text)

    def _begin(self, number: int, name: str) -> None:
        if name in self.found and name != _DEFAULT:
            raise _Unparsed(Reason.DUPLICATE_SECTION, self.file, number, name)
        self.found.setdefault(name, {})
        self.headers.append((Place(self.file, number), name))
        self._section, self._option = name, ""

    def _set(self, number: int, text: str) -> None:
        parts = re.split("[=:]", text, maxsplit=1)
        name = parts[0].rstrip().lower()
        if len(parts) == 1 or not name:
            self.odd = self.odd or number
        if len(parts) == 1:
            return
        if name in self.found[self._section]:
            raise _Unparsed(Reason.DUPLICATE_SETTING, self.file, number, name)
        self.found[self._section][name] = [(number, parts[1].strip())]
        self._option = name


def _entry(file: File, lines: list[tuple[int, str]]) -> _Entry:
    text = "\n".join(line for _, line in lines).rstrip()
    value = Value(text, Place(file, lines[0][0]))
    return _Entry(value, dict(_nested(file, lines)) if text.startswith("\n") else None)


def _nested(file: File, lines: list[tuple[int, str]]) -> Iterator[tuple[str, Value]]:
    for number, line in lines:
        for part in filter(str.strip, line.splitlines()):
            name, equals, text = part.partition("=")
            if not equals:
                raise _Unparsed(Reason.NESTED_LINE, file, number)
            yield name.strip(), Value(text.strip(), Place(file, number))
