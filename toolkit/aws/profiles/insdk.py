"""Both files as the AWS SDK for Go parses and merges them: its `config/internal/ini` and `config/shared_config.go`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from toolkit.aws.profiles.views import KEYS, PLAIN, ROLE, SERVICES, SSO, TOKENS, Fault, File, Place, Reason, Value, View

_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# The settings that the SDK reads from the credentials file if the profile is in both files. It reads endpoint_url,
# services and ignore_configured_endpoint_urls from the config file only.
_MERGED = (
    *ROLE, *SSO, "mfa_serial", "region", "credential_process", "ec2_metadata_service_endpoint_mode",
    "use_dualstack_endpoint", "use_fips_endpoint", "defaults_mode", "retry_mode", "ca_bundle", "max_attempts",
    "login_session",
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A section of a file, or of both files once they are merged."""

    values: dict[str, Value] = field(default_factory=dict)
    nested: dict[str, dict[str, Value]] = field(default_factory=dict)  # of values without a text
    partial: Fault | None = None

    def text(self, name: str) -> str:
        """Return the text of a setting, `""` for none."""
        return self.values[name].text if name in self.values else ""


@dataclass(frozen=True)
class InSdk:
    """Both files. Made by `parse`."""

    broken: Fault | None
    sections: Mapping[str, Section] = field(default_factory=dict)  # profiles by name, and sections of other kinds

    def view(self, name: str) -> View:
        """Return the SDK's view of a profile, without `rejected`, which needs the whole chain of source profiles."""
        section = self.sections.get(name)
        if not section:
            return View(self.broken)
        values = {key: each for key, each in section.values.items() if key in PLAIN and key != TOKENS[1]}
        services = self.sections.get(f"services {section.text('services')}") if section.text("services") else None
        for key, service in SERVICES.items():
            nested = services.nested.get(service, {}) if services else {}
            if "endpoint_url" in nested:
                values[key] = nested["endpoint_url"]
        return View(exists=True, values=values)


def parse(config: bytes, credentials: bytes) -> InSdk:
    """Return both files."""
    try:
        found, known = _sections(File.CONFIG, config), _sections(File.CREDENTIALS, credentials)
    except _LoneQuote as error:
        return InSdk(error.fault)
    profiles = _profiles(found)
    for name, section in known.items():
        if name.startswith("profile "):
            continue
        profiles[name] = _merged(profiles[name], section) if name in profiles else section
    return InSdk(None, profiles)


def profile_of(file: File, line: str) -> str:
    """Return the profile that the SDK sees in a header, `""` for none."""
    name = _header(line) or ""
    if file is File.CREDENTIALS:
        return "" if name.startswith("profile ") else name
    return name.removeprefix("profile ") if name.startswith("profile ") or go_lower(name) == "default" else ""


def go_lower(text: str) -> str:
    """Return the result of Go's strings.ToLower."""
    return "".join("i" if letter == "İ" else letter.lower() for letter in text)


def _profiles(sections: dict[str, Section]) -> dict[str, Section]:
    """Return the sections of the config file with profiles under their names, without the others."""
    found, renamed = dict(sections), set[str]()
    for name in sorted(sections, key=lambda each: each.encode("utf-8", "surrogateescape")):
        if name in renamed:
            continue
        if name.startswith("profile "):
            profile = name.removeprefix("profile ")
            found[profile] = found.pop(name)
            renamed.add(profile)
        elif not name.startswith(("sso-session ", "services ")) and go_lower(name) != "default":
            del found[name]
    return found


def _merged(section: Section, other: Section) -> Section:
    both = all(name in other.values for name in KEYS)
    names = (*_MERGED, *((*KEYS, TOKENS[0]) if both else ()))
    values = {name: other.values[name] for name in names if name in other.values}
    nested = {name: block for name, block in section.nested.items() if name not in values}
    return Section(section.values | values, nested, other.partial)


class _LoneQuote(Exception):
    def __init__(self, place: Place) -> None:
        self.fault = Fault(Reason.LONE_QUOTE, place)


def _sections(file: File, data: bytes) -> dict[str, Section]:
    """Return the sections of a file. What is not understood is skipped. Raises _LoneQuote, where the SDK panics."""
    parser = _Parser(file)
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), start=1):
        text = line.lstrip(" \t")
        if line.strip(_BLANKS) and not text.startswith(("#", ";")):
            parser.take(Place(file, number), line, text)
    return {name: replace(section, partial=_partial(section)) for name, section in parser.found.items()}


def _partial(section: Section) -> Fault | None:
    for name, other in (KEYS, KEYS[::-1]):
        if name in section.values and other not in section.values:
            return Fault(Reason.PARTIAL_KEYS, section.values[name].place, other)
    return None


class _Parser:
    """A file, line by line."""

    def __init__(self, file: File) -> None:
        self.file = file
        self.found: dict[str, Section] = {}
        self._current: Section | None = None  # settings before the first section are skipped
        self._option = ""

    def take(self, place: Place, line: str, text: str) -> None:
        header = _header(line)
        if header is not None:
            self._current = self.found.setdefault(header, Section()) if header else None
            self._option = ""
        elif text == line:
            name, value = _setting(without_comment(line).rstrip(" \t"))
            if name is not None:
                self._set(name, Value(self._unquoted(place, value), place))
        else:
            self._indented(place, text)

    def _indented(self, place: Place, text: str) -> None:
        """Parse a nested setting, a setting despite its indentation, or a continuation of the value before."""
        name, value = _setting(text)
        if name is not None:
            value = self._unquoted(place, value)
        if not self._current:
            return
        before = self._current.text(self._option)
        if name is None:
            if self._option and before:
                joined = replace(self._current.values[self._option], text=f"{before}\n{text}")
                self._current.values[self._option] = joined
        elif not self._option or before:
            self._set(name, Value(without_comment(value).strip(_BLANKS), place))
        else:
            self._current.nested.setdefault(self._option, {})[name] = Value(value, place)

    def _set(self, name: str, value: Value) -> None:
        if self._current:
            self._option = name
            self._current.values[name] = value
            self._current.nested.pop(name, None)

    def _unquoted(self, place: Place, text: str) -> str:
        plain = unquoted(text)
        if plain is None:
            raise _LoneQuote(place)
        return plain


def _header(line: str) -> str | None:
    text = line.partition("#")[0].partition(";")[0].strip(_BLANKS)
    if not (text.startswith("[") and text.endswith("]")):
        return None
    text = text[1:-1].strip(_BLANKS)
    gap = next((at for at, letter in enumerate(text) if letter in " \t"), 0)
    return f"{text[:gap]} " + text[gap:].lstrip(" \t") if gap else text  # the first gap becomes one blank


def _setting(line: str) -> tuple[str | None, str]:
    at = next((at for at, letter in enumerate(line) if letter in "=:"), -1)
    if at < 0:
        return None, ""
    return go_lower(line[:at].strip(_BLANKS)), line[at + 1 :].strip(_BLANKS)


def without_comment(line: str) -> str:
    """Return a line without the comment that the SDK sees behind its value."""
    for mark in (" #", " ;", "\t#", "\t;"):
        line = line.partition(mark)[0]
    return line


def unquoted(text: str) -> str | None:
    """Return a value without quotation marks around it; None for one that is a lone mark."""
    for mark in "'\"":
        if text.startswith(mark) and text.endswith(mark):
            return text[1:-1] if len(text) > 1 else None
    return text
