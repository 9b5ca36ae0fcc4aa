"""The table of config and credentials files: its format, and a column for each reader.

A case is a profile of two files. A file is its lines, or an object with `lines` and how they are written: `encoding`,
`end` (of each line) and `open` (the last line has no end). A case of variables has `differs` where our result is not
the SDK's, with the reason. The Go tests of the package `awsfiles` read the same table.
"""

from __future__ import annotations

import base64
import codecs
import json
import ntpath
import os
import posixpath
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import combining

import pytest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.credentials import ConfigProvider, SharedCredentialProvider
from botocore.exceptions import ConfigParseError, InvalidConfigError, PartialCredentialsError, ProfileNotFound
from botocore.session import Session

from toolkit.aws import profiles
from toolkit.aws.profiles import Fault, Profile, Refused, Value, View
from toolkit.aws.profiles.sdkchecks import integer
from toolkit.aws.profiles.views import KEYS, PLAIN, ROLE_SOURCES, SSO, TOKENS
from toolkit.go import toolchain
from toolkit.settings import ROOT

FOLDER = Path(__file__).parent
Column = dict[str, Any]

_BOOLEANS = ("use_fips_endpoint", "use_dualstack_endpoint", "ignore_configured_endpoint_urls")
_SERVICES = ("services.sts", "services.iam", "endpoint_url")
_MARKS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@dataclass(frozen=True)
class Case:
    """A row of the table."""

    theme: str  # the name of its file
    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What the case is called in reports."""
        return f"{self.theme}: {self.row.get('name', self.row.get('path'))}"

    @property
    def profile(self) -> str:
        """The name of the profile that is read."""
        return str(self.row.get("profile", "example"))

    @property
    def config(self) -> bytes:
        """The config file."""
        return _written(self.row.get("config", []))

    @property
    def credentials(self) -> bytes:
        """The credentials file."""
        return _written(self.row.get("credentials", []))


def cases(kind: str = "files") -> list[Case]:
    """Return all cases of a kind: `files`, `variables` or `paths`."""
    return [
        Case(path.stem, row)
        for path in sorted((FOLDER / kind).glob("*.json"))
        for row in json.loads(path.read_text("utf-8"))
    ]


def _written(file: Sequence[str] | Mapping[str, Any]) -> bytes:
    if not isinstance(file, Mapping):
        file = {"lines": file}
    encoding, end = file.get("encoding", "utf-8"), file.get("end", "\n")
    text = "".join(line + end for line in file["lines"])
    text = text.removesuffix(end) if file.get("open") else text
    return _MARKS.get(encoding, b"") + text.encode("utf-8" if encoding == "utf-8-sig" else encoding)


def by_botocore(case: Case, folder: Path) -> Column:
    """Return what botocore sees of a case; it reads the files in a directory."""
    session = Session(profile=case.profile)
    for name, content in {"config_file": case.config, "credentials_file": case.credentials}.items():
        (folder / name).write_bytes(content)
        session.set_config_variable(name, str(folder / name))
    try:
        scoped = session.get_scoped_config()
    except ProfileNotFound:
        return {"outcome": "missing"}
    except ConfigParseError as error:
        return {"outcome": "broken", "fault": _unparsed(error)}
    try:
        values = _botocore_keys(session, case.profile)
        for service in ("sts", "iam"):
            provider: Any = ConfiguredEndpointProvider(session.full_config, scoped, service, environ={})
            values[f"endpoint_{service}"] = provider.provide() or ""
    except (PartialCredentialsError, InvalidConfigError):
        return {"outcome": "rejected"}
    values |= {
        name: scoped[name] for name in PLAIN if isinstance(scoped.get(name), str) and name not in (*KEYS, *TOKENS)
    }
    values |= {name: str(session.get_config_variable(name)).lower() for name in _BOOLEANS if name in values}
    return {"outcome": "read", "values": _present(values)}


def _botocore_keys(session: Session, profile: str) -> dict[str, str]:
    files = (session.get_config_variable("credentials_file"), session.get_config_variable("config_file"))
    providers: tuple[Any, ...] = (SharedCredentialProvider(files[0], profile), ConfigProvider(files[1], profile))
    found = next((found for found in (provider.load() for provider in providers) if found), None)
    if not found:
        return {}
    return {KEYS[0]: found.access_key, KEYS[1]: found.secret_key, "token": found.token or ""}


def _unparsed(error: ConfigParseError) -> str:
    """Return the reason, the file and the line, as far as botocore reports them."""
    told: Any = error.kwargs
    path, cause = Path(told["path"]), told["error"]
    file = path.name.removesuffix("_file")
    match type(cause).__name__:
        case "DuplicateSectionError":
            return f"duplicate-section {file}:{cause.lineno}"
        case "DuplicateOptionError":
            return f"duplicate-setting {file}:{cause.lineno}"
        case "MissingSectionHeaderError":
            marked = path.read_bytes().startswith(codecs.BOM_UTF8)
            return f"{'byte-order-mark' if marked else 'outside-section'} {file}:{cause.lineno}"
        case "ParsingError":
            return f"not-a-setting {file}:{cause.errors[0][0]}"
        case "UnicodeDecodeError":
            marked = path.read_bytes().startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            return f"{'utf-16' if marked else 'not-text'} {file}"
    return f"nested-line {file}"


def by_sdk(requests: Sequence[Case]) -> list[Column]:
    """Return what the AWS SDK for Go sees of cases, all in one run."""
    asked = [
        {
            "Config": base64.b64encode(case.config).decode(),
            "Credentials": base64.b64encode(case.credentials).decode(),
            "Profile": case.profile,
            "Env": case.row.get("variables"),
        }
        for case in requests
    ]
    with tempfile.TemporaryDirectory() as folder:
        built = toolchain.go().run("build", "-o", f"{folder}/sdkview", ".", cwd=ROOT / "tests" / "programs" / "sdkview")
        assert built.returncode == 0, built.stderr
        said = "\n".join(map(json.dumps, asked))
        done = subprocess.run([f"{folder}/sdkview"], input=said, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def ours(case: Case) -> Column:
    """Return what our reader decides about a case."""
    profile = profiles.read(case.config, case.credentials).profile(case.profile)
    column: Column = {
        "botocore": _shown(profile.botocore.broken or profile.botocore.rejected),
        "sdk": _shown(profile.sdk.broken or profile.sdk.rejected),
        "kinds": list(profile.kinds),
        "differ": list(profile.differences),
        "chain": [f"{hop.ends} {hop.place.file}:{hop.place.line} {hop.name}" for hop in profile.chain],
        "strays": [f"{place.file}:{place.line}" for place in profile.strays],
        "source": _source(profile),
        "destination": _destination(profile),
    }
    return {name: value for name, value in column.items() if value}


def _source(profile: Profile) -> Column:
    try:
        taken = profiles.source(profile)
    except Refused as error:
        return {"refused": _shown(error.fault)}
    notes = [_shown(note) for note in taken.notes]
    return {"values": _placed(taken.values), **({"notes": notes} if notes else {})}


def _destination(profile: Profile) -> str:
    try:
        profiles.destination(profile)
    except Refused as error:
        return _shown(error.fault)
    return ""


def _placed(values: Mapping[str, Value]) -> Mapping[str, str]:
    return {name: f"{value.place.file}:{value.place.line} {_text(value.text)}" for name, value in values.items()}


def _shown(fault: Fault | None) -> str:
    if not fault:
        return ""
    place = f"{fault.place.file}:{fault.place.line}" if fault.place.line else ""
    return " ".join(filter(None, (fault.reason, place, _text(fault.name))))


def botocore_column(view: View) -> Column:
    """Return the column of a view of botocore's, as `by_botocore` does."""
    if view.broken:
        place = view.broken.place
        return {"outcome": "broken", "fault": f"{view.broken.reason} {place.file}:{place.line}"}
    if not view.exists or view.rejected:
        return {"outcome": "rejected" if view.exists else "missing"}
    values = {name: view.text(name) for name in view.values if name not in (*KEYS, *TOKENS)}
    if KEYS[0] in view.values:
        token = next((name for name in reversed(TOKENS) if name in view.values), "")
        values |= {**{name: view.text(name) for name in KEYS}, "token": view.text(token)}
    every = values.get("endpoint_url", "")
    values |= {f"endpoint_{name}": values.pop(f"services.{name}", "") or every for name in ("sts", "iam")}
    return {"outcome": "read", "values": _present(_with_booleans(view, values))}


def sdk_column(view: View) -> Column:
    """Return the column of a view of the SDK's, as `by_sdk` does."""
    if view.broken or view.rejected or not view.exists:
        return {"outcome": "panic" if view.broken else "rejected" if view.rejected else "missing"}
    values = {name: _text(view.text(name)) for name in view.values}
    if values.get("source_profile"):  # all that could be used in its place
        others = (*KEYS, TOKENS[0], "credential_process", *ROLE_SOURCES[1:], *SSO[1:])
        values = {name: text for name, text in values.items() if name not in others}
    if not all(map(values.get, KEYS)):
        values = {name: text for name, text in values.items() if name not in (*KEYS, TOKENS[0])}
    if "max_attempts" in values:
        values["max_attempts"] = str(integer(values["max_attempts"]) or "")
    present = _present(_with_booleans(view, values))
    return {"outcome": "read", **({"values": present} if present else {})}


def _with_booleans(view: View, values: dict[str, str]) -> dict[str, str]:
    return values | {name: str(view.text(name).lower() == "true").lower() for name in _BOOLEANS if name in view.values}


def _text(text: str) -> str:
    """Return a text that JSON can contain: invalid bytes are replaced one by one, as Go does."""
    return "".join("\ufffd" if "\udc80" <= letter <= "\udcff" else letter for letter in text)


def _present(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in sorted(values) if values[name]}


def resolved(case: Case) -> Column:
    """Return the settings of calls to AWS, including variables."""
    profile = profiles.read(case.config, case.credentials).profile(case.profile)
    try:
        calls = profiles.resolve(profiles.settings(profile), case.row["variables"])
    except Refused as error:
        return {"outcome": "rejected", "fault": _shown(error.fault)}
    values = {name: str(value).lower() if value is True else str(value or "") for name, value in vars(calls).items()}
    return {"outcome": "read", "values": _present(values)}


def expanded(case: Case) -> str:
    """Return a path as botocore expands it on a system."""
    system = ntpath if case.row.get("system") == "Windows" else posixpath
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            patch.delenv(name)
        for name, value in case.row["variables"].items():
            patch.setenv(name, value)
        path: str = case.row["path"]
        found: str = system.expanduser(system.expandvars(path))
    return found


def like_sdk(ours: Column, sdk: Column) -> bool:
    """Return whether two columns of variables agree, as far as the SDK reports.

    It stops at a file of certificates that does not exist, and reports nothing else.
    """
    if ours["outcome"] != sdk["outcome"]:
        return False
    told = {name: value for name, value in sdk.get("values", {}).items() if value != "false"}
    values = ours.get("values", {})
    if "ca_bundle" in told:
        values = {"ca_bundle": values.get("ca_bundle")}
    return bool(values == told)


def like_recorded(column: Column, recorded: Column) -> Column:
    """Return a column without the line of a fault where botocore does not report the line."""
    if "fault" in column and ":" not in recorded.get("fault", ":"):
        return column | {"fault": column["fault"].partition(":")[0]}
    return column


def dumped(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a file of the table: lines of files one by one, and each column in a line."""
    return "[\n" + ",\n".join("  {\n" + ",\n".join(_fields(row)) + "\n  }" for row in rows) + "\n]\n"


def _fields(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        text = _json(value)
        if isinstance(value, list) and len(value) > 1:
            lines = ",\n".join(f"      {_json(line)}" for line in value)
            text = f"[\n{lines}\n    ]"
        yield f'    "{name}": {text}'


def _json(value: object) -> str:
    """Return a value as JSON with invisible letters escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(
        letter if letter.isprintable() and not combining(letter) else json.dumps(letter)[1:-1] for letter in text
    )
