from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import ConfigUnwritable
from toolkit.mfa import configfile

ARN = "arn:aws:iam::123456789012:mfa/alice"


def write(file: Path) -> None:
    """Give profile `example` its device."""
    configfile.check(file, "example", "mfa_serial")
    configfile.write(file, "example", "mfa_serial", ARN)


def test_a_new_file(tmp_path: Path) -> None:
    """A file that is not there is made for its owner only, and so is its folder."""
    file = tmp_path / "home" / ".aws" / "config"
    write(file)
    assert file.read_bytes() == f"[profile example]\nmfa_serial = {ARN}\n".encode()
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(file.parent.iterdir()) == [file]


def test_a_link(tmp_path: Path) -> None:
    """A link stays one; what it leads to keeps its mode, and nothing is left beside it."""
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "file"
    target.write_bytes(b"[profile example]\r\n# mine\r\n")
    target.chmod(0o640)
    link = tmp_path / "config"
    link.symlink_to("there/file")
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == f"[profile example]\r\nmfa_serial = {ARN}\r\n# mine\r\n".encode()
    assert target.stat().st_mode & 0o777 == 0o640
    assert list(target.parent.iterdir()) == [target]


def test_nothing_to_change(tmp_path: Path) -> None:
    """A file that says it already is not written again."""
    file = tmp_path / "config"
    write(file)
    before = file.stat()
    write(file)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("data", [b"[x]\n[x]\n", b"[x]\na = \xff\n"])
def test_a_file_that_cannot_be_edited(data: bytes, tmp_path: Path) -> None:
    """It is left alone, and the person is told what to write."""
    file = tmp_path / "config"
    file.write_bytes(data)
    with pytest.raises(ConfigUnwritable, match="cannot be set safely"):
        configfile.check(file, "example", "mfa_serial")
    with pytest.raises(ConfigUnwritable) as caught:
        configfile.write(file, "example", "mfa_serial", ARN)
    assert caught.value.hint == f"write it yourself: `mfa_serial = {ARN}` below `[profile example]`"
    assert file.read_bytes() == data
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    """A folder in place of the file, or a file in place of a folder, is told before and while it is written."""
    (tmp_path / "config").mkdir()
    (tmp_path / "file").touch()
    for place in (tmp_path / "config", tmp_path / "file" / "config"):
        with pytest.raises(ConfigUnwritable, match="cannot be written"):
            configfile.check(place, "example", "mfa_serial")
        with pytest.raises(ConfigUnwritable, match="cannot be written"):
            configfile.write(place, "example", "mfa_serial", ARN)


def test_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is botocore's: what AWS_CONFIG_FILE says, or the one in the home folder."""
    assert configfile.place() == Path.home() / ".aws" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "c"))
    assert configfile.place() == tmp_path / "c"
    monkeypatch.setenv("AWS_CONFIG_FILE", "~nobody-of-this-name/c")
    assert configfile.place() == Path("~nobody-of-this-name/c")
