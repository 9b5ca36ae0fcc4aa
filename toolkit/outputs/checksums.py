"""`SHA256SUMS`, over all other files of the release, as `sha256sum -c` reads it."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.model import Artifact, Dist
from toolkit.outputs.staging import Bench

NAME = "SHA256SUMS"


def checksums(dist: Dist, bench: Bench) -> Iterable[Artifact]:
    """Make the file, sorted by name."""
    lines = sorted((artifact.path.name, artifact.sha256) for artifact in dist.artifacts)
    text = "".join(f"{digest}  {name}\n" for name, digest in lines)
    return [bench.make("checksums", NAME, text, text.encode)]
