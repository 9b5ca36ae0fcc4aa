"""The parts of this machine that decide how AWS is called: files, variables, proxies, certificates."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import ssl
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.aws import callers, files
from toolkit.aws.profiles import File, Place, Settings
from toolkit.files import is_endless


@dataclass(frozen=True)
class Stored:
    """A file or a directory."""

    path: Path
    mode: int = 0  # 0 if it does not exist
    readable: bool = True

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, not a directory, pipe or device."""
        return stat.S_ISREG(self.mode)


@dataclass(frozen=True)
class Machine:
    """A person's environment. Variables may contain keys and passwords, so they are not shown."""

    system: str  # from `platform.system`; `""` where modes mean nothing
    variables: Mapping[str, str] = field(repr=False)
    credentials: Stored
    folder: Stored  # of the credentials file
    config: Stored
    tools: frozenset[str] = frozenset()  # the installed ones of `_TOOLS`

    def set(self, *names: str) -> list[str]:
        """Return the variables that are set and not empty."""
        return [name for name in names if self.variables.get(name)]

    def path(self, file: File) -> Path:
        """Return the path of one of the two files."""
        return (self.credentials if file is File.CREDENTIALS else self.config).path

    def surplus(self, place: Place, name: str) -> str:
        """Return the instruction to remove a setting."""
        return f"line {place.line} of {self.path(place.file)}: remove `{name}`"


@dataclass(frozen=True)
class Region:
    """The region that is called, and the setting that names it."""

    name: str
    source: str  # "AWS_REGION", "region"; `""` if nothing names it
    partition: str  # "" if botocore does not know it

    def __str__(self) -> str:
        """Return it with the setting that names it, for a sentence."""
        why = said(self.source) if self.source else "the default"
        return f"region `{self.name}` ({why})"


@dataclass(frozen=True)
class Bundle:
    """A file of certificates that is trusted instead of the usual ones."""

    source: str  # "AWS_CA_BUNDLE"
    path: str
    problem: str = ""  # "does not exist"
    count: int = 0

    def __str__(self) -> str:
        """Return it with the setting that names it, for a sentence."""
        if self.problem:
            return f"`{self.path}` {self.problem} ({said(self.source)})"
        return f"{self.count} in {self.path} ({said(self.source)})"


_TOOLS = ("timedatectl", "ntpdate", "sntp")


def said(source: str) -> str:
    """Return a variable or a setting for use in a sentence."""
    return source if source.isupper() else f"`{source}` in the profile"


def look() -> Machine:
    """Return the current state of this machine. Never raises."""
    path = files.place(File.CREDENTIALS)
    return Machine(
        platform.system() if os.name == "posix" else "Windows",
        dict(os.environ),
        _stored(path),
        _stored(path.parent),
        _stored(files.place(File.CONFIG)),
        frozenset(filter(shutil.which, _TOOLS)),
    )


def region(machine: Machine, settings: Settings) -> Region:
    """Return the region of a profile's calls."""
    name, source = callers.region(machine.variables, settings)
    return Region(name, source, partition(name))


def partition(name: str) -> str:
    """Return the partition of a region, `""` if botocore does not know it."""
    from botocore.exceptions import UnknownRegionError

    try:
        return str(_resolver().get_partition_for_region(name))
    except UnknownRegionError:
        return ""


@functools.cache
def _resolver() -> Any:
    """Return the resolver that a botocore session uses, without the files that a session reads."""
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def bundles(machine: Machine, settings: Settings) -> tuple[Bundle, ...]:
    """Return the certificate files that are configured for AWS: for botocore, and for Go."""
    ours = [(name, machine.variables[name]) for name in machine.set("AWS_CA_BUNDLE")]
    setting = settings.text("ca_bundle")
    ours += [("ca_bundle", setting)] if setting and not ours else []
    ours += [(name, machine.variables[name]) for name in machine.set("REQUESTS_CA_BUNDLE") if not ours]
    ours += [(name, machine.variables[name]) for name in machine.set("SSL_CERT_FILE")]
    return tuple(_bundle(*each) for each in ours)


def _bundle(source: str, path: str) -> Bundle:
    if not path.strip() or is_endless(path):
        return Bundle(source, path, "is not a file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
            return Bundle(source, path, count=sum(1 for _ in Path(path).iterdir()))
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        return Bundle(source, path, "contains no certificate in PEM format")
    except (OSError, ValueError) as error:
        return Bundle(source, path, "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read")
    return Bundle(source, path, count=context.cert_store_stats()["x509"])


def _stored(path: Path) -> Stored:
    try:
        mode = path.stat().st_mode
    except OSError:
        return Stored(path)
    return Stored(path, mode, os.access(path, os.R_OK))
