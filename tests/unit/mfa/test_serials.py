from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit import samples
from toolkit import errors
from toolkit.go import targets
from toolkit.mfa import serials
from toolkit.model import Binary, Target

ARN = "arn:aws:iam::123456789012:mfa/alice"
SAID = 'echo "aws-mfa: error[config-unwritable]: 書けません" >&2; echo >&2; echo "hint: 直す" >&2; exit 255'


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of the AWS files that the variables name."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def program(folder: Path, script: str) -> Binary:
    """Return a program that notes its arguments, and does what a script says."""
    content = f'#!/bin/sh\necho "$@" >> {folder}/arguments\n{script}\n'.encode()
    made = samples.binary(Target(*targets.native()), folder / "bin", content=content)
    made.path.chmod(0o755)
    return made


def arguments(folder: Path) -> list[str]:
    """Return what the program was run with."""
    return (folder / "arguments").read_text("utf-8").splitlines()


def test_what_is_run(files: Path) -> None:
    """A dry run with some device, and a real one with this device; what is said has nothing that steers a terminal."""
    own = program(files, r'printf "profile x: it is \033[1mthere\n" >&2')
    serials.check(own, "x")
    assert serials.write(own, "x", ARN) == "profile x: it is [1mthere"
    dry, real = arguments(files)
    assert dry.startswith("set-serial -s x --dry-run arn:aws:iam::")
    assert real == f"set-serial -s x {ARN}"


def test_a_failure_of_the_dry_run(files: Path) -> None:
    """It is the program's own, with its hint."""
    with pytest.raises(errors.ConfigUnwritable, match="書けません") as caught:
        serials.check(program(files, SAID), "x")
    assert caught.value.hint == "直す"


@pytest.mark.parametrize(
    ("profile", "config", "credentials", "where"),
    [
        ("example", "", "", "below `[profile example]` in `{}/config`"),
        ("default", "", "", "below `[default]` in `{}/config`"),
        ("my prof", "", "", "below `[profile 'my prof']` in `{}/config`"),
        ("example", "[profile example]\nmfa_serial = x\n", "", "in place of line 2 in `{}/config`"),
        ("example", "", "[example]\n\nmfa_serial = y\n", "in place of line 3 in `{}/credentials`"),
        ("example", "[a]\n[a]\n", "", "below `[profile example]` in `{}/config`"),
    ],
)  # fmt: skip
def test_what_to_write_by_hand(profile: str, config: str, credentials: str, where: str, files: Path) -> None:
    """If the device cannot be written, the hint has the line and the file."""
    (files / "config").write_text(config, "utf-8")
    (files / "credentials").write_text(credentials, "utf-8")
    with pytest.raises(errors.ConfigUnwritable, match="書けません") as caught:
        serials.write(program(files, SAID), profile, ARN)
    assert caught.value.hint == f"write it yourself: `mfa_serial = {ARN}` {where.format(files)}"


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("exit 3", errors.ConfigUnwritable),
        ('echo "error[brand-new]: x" >&2; exit 3', errors.ConfigUnwritable),
        ('echo "error[profile-missing]: x" >&2; exit 253', errors.ProfileMissing),
        ("", errors.NotProven),
    ],
)
def test_the_serial_is_never_lost(script: str, kind: type[errors.ToolkitError], files: Path) -> None:
    """After any failure the hint has the line to write."""
    own = program(files, script)
    if not script:
        own.path.write_bytes(b"another one")
    with pytest.raises(errors.ToolkitError) as caught:
        serials.write(own, "example", ARN)
    assert type(caught.value) is kind
    assert f"`mfa_serial = {ARN}` below `[profile example]`" in caught.value.hint
