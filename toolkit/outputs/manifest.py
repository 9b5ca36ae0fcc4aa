"""`manifest.json`: a row for each pair that Go knows, with its JSON Schema.

It contains no time, no machine and no engine: the same source results in the same manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toolkit.go.targets import note
from toolkit.model import Artifact, Binary, Module, Outcome, Release, Target, Unbuilt
from toolkit.outputs.staging import COMPRESSOR, Staging

NAME, SCHEMA_NAME = "manifest.json", "manifest.schema.json"
_SCHEMA = Path(__file__).with_name(SCHEMA_NAME)


def manifest(release: Release, staging: Staging) -> Iterable[Artifact]:
    """Make both files."""
    data = (json.dumps(document(release), indent=2) + "\n").encode()
    schema = _SCHEMA.read_bytes()
    return [
        staging.make("schema", SCHEMA_NAME, schema.decode(), lambda: schema),
        staging.make("manifest", NAME, data.decode(), lambda: data),
    ]


def read(release: Release) -> dict[str, Any]:
    """Return the manifest of a finished release."""
    document: dict[str, Any] = json.loads((release.root / NAME).read_text("utf-8"))
    return document


def document(release: Release) -> dict[str, Any]:
    """Return the manifest, as `manifest.schema.json` describes it."""
    outcomes = {outcome.target: outcome for outcome in release.outcomes}
    source = release.source
    return {
        "$schema": SCHEMA_NAME,
        "name": source.name,
        "version": source.version,
        "toolchain": release.recipe.toolchain,
        "source": {
            "module": _module(source.module),
            "package": source.package,
            "digest": source.digest,
            "epoch": source.epoch,
        },
        "compressor": COMPRESSOR,
        "targets": [_row(release, target, outcomes.get(target)) for target in release.targets],
        "artifacts": [_artifact(artifact) for artifact in release.artifacts],
    }


def _row(release: Release, target: Target, outcome: Outcome | None) -> dict[str, Any]:
    row: dict[str, Any] = {"target": str(target), "goos": target.goos, "goarch": target.goarch}
    row["first_class"] = target.first_class
    needed = outcome.needed if isinstance(outcome, Binary) else ()
    if text := note(target, needed):
        row["note"] = text
    match outcome:
        case None:
            return row | {"outcome": "filtered"}
        case Unbuilt():
            reason, message = outcome.reason.value, outcome.message
            return row | {"outcome": "unbuilt", "reason": reason, "message": message}
        case Binary():
            made = [artifact.path.name for artifact in release.artifacts if artifact.target == target]
            return row | {"outcome": "built", "binary": _binary(outcome), "artifacts": made}


def _binary(binary: Binary) -> dict[str, Any]:
    info = binary.info
    return {
        "name": binary.path.name,
        "size": binary.size,
        "sha256": binary.sha256,
        "fingerprint": binary.fingerprint,
        "build_info": {
            "go": info.go,
            "path": info.path,
            "main": _module(info.main),
            "deps": [_module(dep) for dep in info.deps],
            "settings": dict(info.settings),
        },
    }


def _artifact(artifact: Artifact) -> dict[str, Any]:
    return {
        "kind": artifact.kind,
        "target": str(artifact.target) if artifact.target else None,
        "name": artifact.path.name,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "inputs": artifact.inputs,
    }


def recorded(folder: Path) -> dict[str, Artifact]:
    """Return the files that a release's manifest records, by name; none without a readable release."""
    try:
        rows = json.loads((folder / NAME).read_text("utf-8"))["artifacts"]
        found = [Artifact(row["kind"], folder / row["name"], row["size"], row["sha256"], row["inputs"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {artifact.path.name: artifact for artifact in found if _is_whole(artifact, folder)}


def _is_whole(artifact: Artifact, folder: Path) -> bool:
    words = (artifact.kind, artifact.sha256, artifact.inputs)
    whole = type(artifact.size) is int and all(isinstance(word, str) for word in words)
    return whole and artifact.path.parent == folder


def _module(module: Module) -> dict[str, str]:
    return {"path": module.path, "version": module.version, "sum": module.sum}
