"""`SHA256SUMS`, over all other files of the release, as `sha256sum -c` reads it."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.model import Artifact, Release
from toolkit.outputs.staging import Staging

NAME = "SHA256SUMS"


def checksums(release: Release, staging: Staging) -> Iterable[Artifact]:
    """Make the file, sorted by name."""
    lines = sorted((artifact.path.name, artifact.sha256) for artifact in release.artifacts)
    text = "".join(f"{digest}  {name}\n" for name, digest in lines)
    return [staging.make("checksums", NAME, text, text.encode)]
