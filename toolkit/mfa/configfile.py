"""The AWS config file on disk: read, judged and replaced in one step, by way of `configtext`."""

from __future__ import annotations

import locale
import os
import tempfile
from pathlib import Path

from toolkit.errors import ConfigUnwritable
from toolkit.mfa.configtext import edited, header


def place() -> Path:
    """Return the path of the config file, which need not be there."""
    from botocore.session import Session

    return Path(os.path.expanduser(os.path.expandvars(Session().get_config_variable("config_file"))))  # noqa: PTH111 - Path's raises for `~nobody`


def write(file: Path, profile: str, name: str, value: str) -> None:
    """Give a profile a setting, through links and in one step. Raises ConfigUnwritable; the file is as it was then."""
    target, temporary = file.resolve(), ""
    try:
        before = _read(target)
        after = _edited(file, before, profile, name, value)
        if after == before:
            return
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # only its owner may read it
        with os.fdopen(handle, "wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            Path(temporary).chmod(target.stat().st_mode & 0o777)
        Path(temporary).replace(target)
    except OSError as error:
        raise _unwritable(file, error, _by_hand(profile, name, value)) from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def check(file: Path, profile: str, name: str) -> None:
    """Raise ConfigUnwritable if a profile could not be given that setting. Changes nothing."""
    target = file.resolve()
    hint = "mend its owner or mode, or name another file with AWS_CONFIG_FILE"
    try:
        _edited(file, _read(target), profile, name, "x")
    except OSError as error:
        raise _unwritable(file, error, hint) from None
    above = next(parent for parent in target.parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ConfigUnwritable(f"`{file}` cannot be written: `{above}` does not let you", hint=hint)


def _read(target: Path) -> bytes:
    return target.read_bytes() if target.exists() else b""


def _edited(file: Path, data: bytes, profile: str, name: str, value: str) -> bytes:
    encoding = locale.getpreferredencoding(False)  # noqa: FBT003 - what botocore reads the file with
    try:
        return edited(data.decode(encoding), profile, name, value).encode(encoding)
    except ValueError:
        message = f"`{file}` is written in a way in which `{name}` of profile `{profile}` cannot be set safely"
        raise ConfigUnwritable(message, hint=_by_hand(profile, name, value)) from None


def _unwritable(file: Path, error: OSError, hint: str) -> ConfigUnwritable:
    return ConfigUnwritable(f"`{file}` cannot be written: {(error.strerror or str(error)).lower()}", hint=hint)


def _by_hand(profile: str, name: str, value: str) -> str:
    return f"write it yourself: `{name} = {value}` below `[{header(profile)}]`"
