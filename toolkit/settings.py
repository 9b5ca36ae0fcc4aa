"""All options of all tasks, each declared once: the source of flags, variables, help and docs/reference.md.

An option's value comes from its flag, or else from a variable named after it (`--jobs` is `AWS_MFA_TOOLKIT_JOBS`), or
else is the default. The declaration of a task reads nothing: a wrong variable must not break `invoke --list`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from toolkit.errors import UsageError
from toolkit.options import (
    Selector,
    SourceLimit,
    command,
    device_name,
    engine_name,
    folder,
    go_version,
    option,
    seconds,
    selector,
    source_limit,
    whole_number,
)

ROOT = Path(__file__).resolve().parent.parent
OWN = str(ROOT / "go-aws-mfa")  # the source of aws-mfa
PREFIX = "AWS_MFA_TOOLKIT_"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The options of every task: none."""

    @classmethod
    def parse(cls, flags: Mapping[str, str | bool | None], environ: Mapping[str, str]) -> Self:
        """Build the value from the flags and the variables.

        Raises UsageError, naming the flag or the variable, for the first invalid text. An empty variable counts as
        unset. An empty flag is a mistake: usually it was meant to contain such a variable.
        """
        values: dict[str, Any] = {}
        for item in dataclasses.fields(cls):
            flag, variable = f"--{item.name.replace('_', '-')}", f"{PREFIX}{item.name.upper()}"
            typed = flags.get(item.name)
            if isinstance(item.default, bool):
                values[item.name] = bool(typed) or environ.get(variable, "").lower() not in {"", "0", "no", "false"}
            elif typed is not None:
                if not str(typed).strip():
                    raise UsageError(f"`{flag}` needs a value", hint="give it a value, or leave it out")
                values[item.name] = _parsed(item.metadata["parse"], str(typed), flag)
            elif environ.get(variable):
                values[item.name] = _parsed(item.metadata["parse"], environ[variable], variable)
        return cls(**values)


def _parsed(parse: Callable[[str], Any], text: str, origin: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"`{text}` {error}", hint=f"change `{origin}`") from None


@dataclass(frozen=True, kw_only=True)
class JsonSettings(Settings):
    """For tasks that can print JSON."""

    json: bool = option("print JSON on standard output", default=False)


@dataclass(frozen=True, kw_only=True)
class DistSettings(Settings):
    """For tasks that read or write build results."""

    dist: Path = option("directory for all output", default=ROOT / "dist", parse=folder, metavar="DIR")


@dataclass(frozen=True, kw_only=True)
class EngineSettings(DistSettings):
    """For tasks that run the go command."""

    engine: str = option(
        "where to run the go command: `docker`, `local`, or `auto` (Docker if an engine answers)",
        default="auto",
        parse=engine_name,
        metavar="ENGINE",
    )
    image: str = option("use this image (must contain `go`) instead of the builder image", metavar="NAME")
    toolchain: str = option(
        "build with this Go version, `go1.21.0` or newer (the pinned one)", parse=go_version, metavar="VERSION"
    )
    build_cache: str = option(
        "build cache: the name of a Docker volume, or a directory for the local engine", metavar="NAME"
    )


@dataclass(frozen=True, kw_only=True)
class CompileSettings(EngineSettings):
    """For tasks that compile."""

    source: str = option(
        "directory of a Go main package, or a main package of a module in the form `path@version`",
        default=OWN,
        metavar="SOURCE",
    )
    max_source: SourceLimit = option(
        "largest source, in bytes and files, such as `1GiB`, `200000` or `1GiB,200000`",
        default=SourceLimit(),
        parse=source_limit,
        metavar="SIZE",
    )
    timeout: float = option(
        "time limit for one pair, such as `90s` or `15m`", default=900.0, parse=seconds, metavar="TIME"
    )


@dataclass(frozen=True, kw_only=True)
class TargetsSettings(JsonSettings, EngineSettings):
    """`invoke targets`."""


@dataclass(frozen=True, kw_only=True)
class BuildSettings(CompileSettings):
    """`invoke build`."""

    goos: str = option("operating system to build for (this machine's)", metavar="GOOS")
    goarch: str = option("architecture to build for (this machine's)", metavar="GOARCH")
    output: Path | None = option("also copy the program into this directory", default=None, parse=folder, metavar="DIR")


@dataclass(frozen=True, kw_only=True)
class MatrixSettings(JsonSettings, CompileSettings):
    """`invoke matrix`."""

    only: Selector = option(
        "only these pairs: `linux/*,darwin/*`", default=Selector(), parse=selector, metavar="PATTERNS"
    )
    skip: Selector = option("not these pairs: `js/*,plan9`", default=Selector(), parse=selector, metavar="PATTERNS")
    first_class: bool = option("only the pairs that Go calls first-class", default=False)
    alias: str = option("for the guide: the account's alias", default="ALIAS", metavar="NAME")
    region: str = option("for the guide: the region to use", default="ap-northeast-1", metavar="NAME")
    profile: str = option("for the guide: the profile name to use", default="example", metavar="NAME")
    download: str = option(
        "for the guide: the address of the directory with these files", default="https://DOWNLOAD", metavar="URL"
    )
    jobs: int | None = option(
        "number of parallel compiles (the engine's cores)", default=None, parse=whole_number, metavar="N"
    )


@dataclass(frozen=True, kw_only=True)
class CleanSettings(DistSettings):
    """`invoke clean`."""

    all: bool = option("also remove all builds, caches and builder images, of every checkout", default=False)


@dataclass(frozen=True, kw_only=True)
class CallSettings(Settings):
    """For tasks that call AWS."""

    allow_http: bool = option("also call an unencrypted address of another computer", default=False)


@dataclass(frozen=True, kw_only=True)
class LoginSettings(CallSettings, JsonSettings, CompileSettings):
    """For tasks that log in."""

    profile: str = option("the profile with the long-term keys", default="default", metavar="NAME")
    destination: str = option("the profile for the session (the source profile's name plus `_mfa`)", metavar="NAME")
    require_s3: bool = option("fail if the session may not list buckets", default=False)
    aws_timeout: float = option(
        "time limit for AWS to answer, such as `10s`", default=60.0, parse=seconds, metavar="TIME"
    )


@dataclass(frozen=True, kw_only=True)
class VerifySettings(LoginSettings):
    """`invoke verify`."""

    code: str = option(
        "the MFA code; other users can see it on the command line, so prefer the prompt or standard input",
        metavar="CODE",
        secret=True,
    )
    totp_command: tuple[str, ...] = option(
        "command that prints the MFA code, such as `op item get AWS --otp`; run again for the next code if AWS rejects "
        "one",
        default=(),
        parse=command,
        metavar="COMMAND",
    )


@dataclass(frozen=True, kw_only=True)
class EnrollSettings(LoginSettings):
    """`invoke enroll`."""

    device_name: str = option("name of the MFA device (the user's name)", parse=device_name, metavar="NAME")
    totp_command: tuple[str, ...] = option(
        "command that replaces the authenticator app: run for each code with the seed on standard input, it must store "
        "the seed and print six digits",
        default=(),
        parse=command,
        metavar="COMMAND",
    )
    show_seed: bool = option("show the seed as text too, for apps that cannot scan", default=False)


@dataclass(frozen=True, kw_only=True)
class DemoSettings(JsonSettings, CompileSettings):
    """`invoke demo`."""

    interactive: bool = option("scan the QR code with a phone and type real codes, in real time", default=False)


@dataclass(frozen=True, kw_only=True)
class DoctorSettings(CallSettings, JsonSettings, EngineSettings):
    """`invoke doctor`."""

    profile: str = option("also check that this profile can log in", metavar="NAME")


@dataclass(frozen=True, kw_only=True)
class DocsSettings(Settings):
    """`invoke docs`."""

    check: bool = option("change nothing; fail if a page is out of date", default=False)
