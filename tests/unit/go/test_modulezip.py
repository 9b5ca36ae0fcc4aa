"""The zip of a module, which comes from an engine."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from toolkit.errors import ImageUnusable, SourceTooLarge
from toolkit.go import modulezip
from toolkit.options import SourceLimit

PREFIX = "example.test/x@v1.0.0"


def packed(files: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def unpack(data: bytes, root: Path, limit: SourceLimit | None = None) -> dict[str, bytes]:
    """Return the files that are written."""
    modulezip.unpack(data, PREFIX, root, limit or SourceLimit())
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_module_is_written_without_its_prefix(tmp_path: Path) -> None:
    """The module's go.mod is written too."""
    files = {"go.mod": b"module example.test/x\n", "a/b/x.go": b"package b\n", "..x": b"", "a/...": b""}
    names = [(f"{PREFIX}/{name}", data) for name, data in files.items() if name != "..x"]
    del files["..x"]
    assert unpack(packed(names), tmp_path / "new") == files


def test_a_module_without_a_go_mod_gets_one(tmp_path: Path) -> None:
    """The module is older than go.mod, or its author wrote none."""
    assert unpack(packed([(f"{PREFIX}/x.go", b"")]), tmp_path / "new")["go.mod"] == b"module example.test/x\n"


@pytest.mark.parametrize(
    "name",
    ["x.go", f"{PREFIX}/../x", f"{PREFIX}/a/../../x", f"{PREFIX}//etc/x", f"{PREFIX}/./x", f"{PREFIX}/a\\..\\x",
     "/etc/x", "../x", f"{PREFIX}/..", "example.test/y@v1.0.0/x", f"../{PREFIX}/x"],
)  # fmt: skip
def test_a_name_that_lies_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    """Nothing is written outside the new directory."""
    with pytest.raises(ImageUnusable, match="it contains a member"):
        unpack(packed([(name, b"bad")]), tmp_path / "deep" / "new")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("names", [("x", "x"), ("a", "a/x"), ("a", "a/b/x"), ("a/x", "a")])
def test_two_members_in_one_place_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    """No member replaces another one."""
    data = packed([(f"{PREFIX}/{name}", b"") for name in dict.fromkeys(names)])
    if len(set(names)) == 1:  # zipfile warns about it
        data = packed([(f"{PREFIX}/x", b""), (f"{PREFIX}/y", b"")]).replace(b"/y", b"/x")
    with pytest.raises(ImageUnusable):
        unpack(data, tmp_path / "new")


def _encrypted() -> bytes:
    data = bytearray(packed([(f"{PREFIX}/x", b"some")]))
    for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(start) + at] |= 1
    return bytes(data)


def _corrupt() -> bytes:
    data = bytearray(packed([(f"{PREFIX}/x", bytes(range(256)) * 9)]))
    at = 30 + len(f"{PREFIX}/x")
    data[at : at + 9] = b"\xff" * 9
    return bytes(data)


def _lying() -> bytes:
    data = bytearray(packed([(f"{PREFIX}/x", b"x" * 100_000)]))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 10)
    return bytes(data)


def _unknown_method() -> bytes:
    data = bytearray(packed([(f"{PREFIX}/x", b"some")]))
    for start, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(start) + at] = 77
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"not a zip" * 99, packed([(f"{PREFIX}/x", b"some")])[:-9], _encrypted(), _corrupt(), _lying(),
     _unknown_method()],
    ids=["empty", "short", "other", "cut", "encrypted", "corrupt", "lying", "method"],
)  # fmt: skip
def test_what_is_not_a_right_zip_is_refused(data: bytes, tmp_path: Path) -> None:
    """The error contains the module's name."""
    with pytest.raises(ImageUnusable, match=f"not the zip of `{PREFIX}`"):
        unpack(data, tmp_path / "new")


@pytest.mark.parametrize("limit", [SourceLimit(files=1), SourceLimit(size=99)], ids=["files", "bytes"])
def test_a_module_that_is_too_large_is_not_written(limit: SourceLimit, tmp_path: Path) -> None:
    """The hint is the flag that raises the limit."""
    data = packed([(f"{PREFIX}/x", b"x" * 50), (f"{PREFIX}/y", b"y" * 50)])
    assert unpack(data, tmp_path / "whole", SourceLimit(files=2, size=100))
    with pytest.raises(SourceTooLarge) as caught:
        unpack(data, tmp_path / "new", limit)
    assert "`--max-source`" in caught.value.hint
    assert not (tmp_path / "new").exists()
