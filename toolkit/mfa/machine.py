"""What there is on this machine that decides how AWS is called: files, variables, proxies, certificates."""

from __future__ import annotations

import functools
import os
import platform
import re
import shutil
import ssl
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.files import is_endless
from toolkit.mfa import awsfiles, callers
from toolkit.mfa.configtext import Entry, entries, profile_of
from toolkit.mfa.profiles import File, Settings


@dataclass(frozen=True)
class Stored:
    """A file or a folder."""

    path: Path
    mode: int = 0  # 0 where it is not there
    readable: bool = True
    entries: tuple[Entry, ...] = ()  # sections and names of settings, without their values

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no folder, pipe or device."""
        return stat.S_ISREG(self.mode)


@dataclass(frozen=True)
class Setting:
    """Where a setting stands."""

    path: Path
    line: int
    name: str

    def __str__(self) -> str:
        """Return what to do about one that must not be there."""
        return f"line {self.line} of {self.path}: `{self.name}` has to be removed there"


@dataclass(frozen=True)
class Machine:
    """A person's surroundings. Variables may hold keys and passwords, so they are not shown."""

    system: str  # as `platform.system` has it; `""` where modes mean nothing
    variables: Mapping[str, str] = field(repr=False)
    credentials: Stored
    folder: Stored  # that it is in
    config: Stored
    tools: frozenset[str] = frozenset()  # those of `_TOOLS` that are there

    def set(self, *names: str) -> list[str]:
        """Return those of the variables that are set to something."""
        return [name for name in names if self.variables.get(name)]

    def settings(self, profiles: Collection[str], *options: str) -> list[Setting]:
        """Return where both files have settings of profiles."""
        return [
            Setting(file.path, entry.first + 1, entry.option)
            for file in (self.credentials, self.config)
            for entry in file.entries
            if entry.option in options
            and (entry.section if file is self.credentials else profile_of(entry.section)) in profiles
        ]


@dataclass(frozen=True)
class Region:
    """Where AWS is called, and what says so."""

    name: str
    source: str  # "AWS_REGION", "region"; `""` where nothing does
    partition: str  # "" where botocore knows of none

    def __str__(self) -> str:
        """Return it with what says so, for a sentence."""
        why = said(self.source) if self.source else "as none is set"
        return f"region `{self.name}` ({why})"


@dataclass(frozen=True)
class Bundle:
    """A file of certificates that is trusted in place of the usual ones."""

    source: str  # "AWS_CA_BUNDLE"
    path: str
    problem: str = ""  # "is not there"
    count: int = 0

    def __str__(self) -> str:
        """Return it with what says so, for a sentence."""
        if self.problem:
            return f"`{self.path}` {self.problem} ({said(self.source)})"
        return f"{self.count} in {self.path} ({said(self.source)})"


_TOOLS = ("timedatectl", "ntpdate", "sntp")


def said(source: str) -> str:
    """Return a variable or a setting as sentences have it."""
    return source if source.isupper() else f"`{source}` in the profile"


def look() -> Machine:
    """Return what there is now. Never raises."""
    path = awsfiles.place(File.CREDENTIALS)
    return Machine(
        platform.system() if os.name == "posix" else "Windows",
        dict(os.environ),
        _stored(path),
        _stored(path.parent),
        _stored(awsfiles.place(File.CONFIG)),
        frozenset(filter(shutil.which, _TOOLS)),
    )


def region(machine: Machine, settings: Settings) -> Region:
    """Return the region of a profile's calls."""
    name, source = callers.region(machine.variables, settings)
    return Region(name, source, partition(name))


def partition(name: str) -> str:
    """Return the partition of a region, `""` where botocore knows none."""
    from botocore.exceptions import UnknownRegionError

    try:
        return str(_resolver().get_partition_for_region(name))
    except UnknownRegionError:
        return ""


@functools.cache
def _resolver() -> Any:
    """Return what a session of botocore has for this, without the files that a session reads."""
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def bundles(machine: Machine, settings: Settings) -> tuple[Bundle, ...]:
    """Return the files of certificates that are named for AWS: for botocore, and for Go."""
    ours = [(name, machine.variables[name]) for name in machine.set("AWS_CA_BUNDLE")]
    setting = settings.text("ca_bundle")
    ours += [("ca_bundle", setting)] if setting and not ours else []
    ours += [(name, machine.variables[name]) for name in machine.set("REQUESTS_CA_BUNDLE") if not ours]
    ours += [(name, machine.variables[name]) for name in machine.set("SSL_CERT_FILE")]
    return tuple(_bundle(*each) for each in ours)


def _bundle(source: str, path: str) -> Bundle:
    if not path.strip() or is_endless(path):
        return Bundle(source, path, "is no file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
            return Bundle(source, path, count=sum(1 for _ in Path(path).iterdir()))
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return Bundle(source, path, "has no certificate in PEM format")
    except (OSError, ValueError) as error:
        return Bundle(source, path, "is not there" if isinstance(error, FileNotFoundError) else "cannot be read")
    return Bundle(source, path, count=context.cert_store_stats()["x509"])


def _stored(path: Path) -> Stored:
    try:
        mode = path.stat().st_mode
    except OSError:
        return Stored(path)
    readable = os.access(path, os.R_OK)
    return Stored(path, mode, readable, tuple(_entries(path)) if readable and path.is_file() else ())


def _entries(path: Path) -> Iterable[Entry]:
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ()
    return entries(re.split(r"\r\n|\r|\n", text))
