from __future__ import annotations

import hashlib
from pathlib import Path

from tests.unit.samples import dist
from toolkit.outputs.checksums import checksums
from toolkit.outputs.staging import Staging


def test_checksums_are_over_all_files_so_far(tmp_path: Path) -> None:
    """There is one line for each file, sorted by name, with the digest of its bytes, as `sha256sum -c` reads it."""
    staging = Staging(tmp_path)
    made = [staging.make("archive", name, name, name.encode) for name in ("b.zip", "B.tar.gz", "a.tar.gz")]
    (artifact,) = checksums(dist(tmp_path).plus(*made), staging)
    assert artifact.path == tmp_path / "SHA256SUMS"
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("B.tar.gz", "a.tar.gz", "b.zip")]
    assert artifact.path.read_text() == "".join(lines)
    assert (artifact.kind, artifact.target) == ("checksums", None)
