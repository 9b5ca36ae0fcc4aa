from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.unit.samples import ANDROID, DEPENDENCY, EVERY, JS, LINUX, PLAN9, WINDOWS, binary, dist, failed, refused
from toolkit.model import Reason, Release
from toolkit.outputs.manifest import document, manifest, read, recorded
from toolkit.outputs.staging import COMPRESSOR, Staging

SCHEMA = json.loads(Path(manifest.__code__.co_filename).with_name("manifest.schema.json").read_text("utf-8"))


def release(folder: Path) -> Release:
    """Return a release with a row of each kind: two built, one failed, one refused, two not selected."""
    built = [binary(target, folder / "bin", DEPENDENCY) for target in (LINUX, WINDOWS)]
    (folder / "new").mkdir()
    staging = Staging(folder / "new")
    made = [staging.make("archive", f"{item.target.slug}.x", "", lambda: b"1", target=item.target) for item in built]
    return dist(folder / "release", refused(), built[0], failed(PLAN9), built[1]).plus(*made)


@pytest.fixture
def good(tmp_path: Path) -> dict[str, Any]:
    """Return a correct manifest."""
    return document(release(tmp_path))


def valid(value: object) -> bool:
    """Return whether a value conforms to the schema, by the rules of Draft 2020-12."""
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(value)


def test_there_is_a_row_for_each_pair_that_go_knows(good: dict[str, Any]) -> None:
    """Its state is built or unbuilt, or filtered if it was not selected, in Go's order."""
    assert [(row["target"], row["outcome"]) for row in good["targets"]] == [
        ("android/arm", "unbuilt"),
        ("js/wasm", "filtered"),
        ("linux/amd64", "built"),
        ("plan9/386", "unbuilt"),
        ("plan9/arm", "filtered"),
        ("windows/amd64", "built"),
    ]
    assert [row["first_class"] for row in good["targets"]] == [target.first_class for target in EVERY]


def test_a_row_says_how_a_pair_ended(good: dict[str, Any]) -> None:
    """A binary has its own statements and files, an unbuilt pair a reason with Go's sentence, and some pairs a note."""
    android, js, linux = good["targets"][:3]
    assert (android["reason"], android["message"]) == ("needs_external_linker", ANDROID.refusal)
    assert js == {
        "target": str(JS),
        "goos": "js",
        "goarch": "wasm",
        "first_class": False,
        "note": "builds, but has no network access",
        "outcome": "filtered",
    }
    assert linux["artifacts"] == ["linux_amd64.x"]
    assert linux["binary"]["name"] == "program"
    assert linux["binary"]["build_info"]["deps"] == [
        {"path": "example.test/dependency", "version": "v1.2.3", "sum": "h1:sum"}
    ]
    assert linux["binary"]["build_info"]["settings"]["GOOS"] == "linux"


def test_a_note_names_the_libraries_that_a_program_needs(tmp_path: Path) -> None:
    """A pair's row lists the libraries that must be installed for the program."""
    needy = replace(binary(LINUX, tmp_path), needed=("libdl.so.2", "libc.so.6"))
    made = document(dist(tmp_path, needy, binary(WINDOWS, tmp_path)))
    assert valid(made)
    assert {row["target"]: row["note"] for row in made["targets"] if "note" in row} == {
        "js/wasm": "builds, but has no network access",
        "linux/amd64": "needs libdl.so.2, libc.so.6 at run time",
    }


def test_a_manifest_states_what_everything_was_made_from(good: dict[str, Any]) -> None:
    """It contains source, toolchain and compressor, but no time, machine or engine."""
    assert (good["name"], good["version"], good["toolchain"]) == ("program", "1.2.0", "go1.27.3")
    assert good["source"]["module"] == {"path": "example.test/program", "version": "", "sum": ""}
    assert good["compressor"] == COMPRESSOR
    assert [(row["name"], row["target"]) for row in good["artifacts"]] == [
        ("linux_amd64.x", "linux/amd64"),
        ("windows_amd64.x", "windows/amd64"),
    ]
    assert str(Path.cwd()) not in json.dumps(good)


def test_the_schema_is_one() -> None:
    """It is a valid schema of Draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_manifest_is_as_its_schema_says(good: dict[str, Any]) -> None:
    """Rows of every kind are described."""
    jsonschema.Draft202012Validator(SCHEMA).validate(good)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_in_the_schema(reason: Reason, tmp_path: Path) -> None:
    """A new reason has to be described too."""
    assert valid(document(dist(tmp_path, failed(LINUX, reason))))


def _set(value: object, *path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(whole: Any) -> None:
        for step in path[:-1]:
            whole = whole[step]
        whole[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "harm",
    [
        *(lambda whole, key=key: whole.pop(key) for key in SCHEMA["required"]),
        *(lambda whole, key=key: whole["source"].pop(key) for key in ("module", "package", "digest", "epoch")),
        *(lambda whole, key=key: whole["targets"][2].pop(key) for key in ("target", "goos", "binary", "artifacts")),
        *(lambda whole, key=key: whole["targets"][3].pop(key) for key in ("reason", "message", "outcome")),
        *(lambda whole, key=key: whole["artifacts"][0].pop(key) for key in ("kind", "sha256", "inputs", "target")),
        *(lambda whole, key=key: whole["targets"][2]["binary"].pop(key) for key in ("name", "sha256", "build_info")),
        _set("now", "made"),
        _set("x", "targets", 2, "machine"),
        _set("x", "targets", 1, "reason"),
        _set("x", "artifacts", 0, "url"),
        _set("x", "targets", 2, "binary", "path"),
        _set([], "targets"),
        _set("maybe", "targets", 1, "outcome"),
        _set("built", "targets", 3, "outcome"),
        _set("tired", "targets", 3, "reason"),
        _set("linux", "targets", 0, "target"),
        _set("yes", "targets", 0, "first_class"),
        _set("0" * 63, "source", "digest"),
        _set("G" * 64, "artifacts", 0, "sha256"),
        _set(0, "source", "epoch"),
        _set("devel", "toolchain"),
        _set("sum", "source", "module", "sum"),
        _set(0, "targets", 2, "binary", "size"),
        _set("wheel", "artifacts", 0, "kind"),
        _set(1, "targets", 2, "binary", "build_info", "settings", "GOOS"),
    ],
)
def test_a_broken_manifest_is_refused(harm: Callable[[dict[str, Any]], None], good: dict[str, Any]) -> None:
    """A missing, additional or invalid field does not conform to the schema."""
    broken = copy.deepcopy(good)
    harm(broken)
    assert valid(good)
    assert broken != good
    assert not valid(broken)


# --- the files -------------------------------------------------------------------------------------------------------


def test_the_manifest_lies_beside_its_schema(tmp_path: Path) -> None:
    """The schema is the file that `$schema` names, with the same bytes as in the repository."""
    made = release(tmp_path)
    schema, written = manifest(made, Staging(tmp_path / "new"))
    assert (schema.kind, written.kind) == ("schema", "manifest")
    assert json.loads(schema.path.read_text("utf-8")) == SCHEMA
    whole = json.loads(written.path.read_text("utf-8"))
    assert whole["$schema"] == schema.path.name
    assert valid(whole)
    assert written.path.read_text("utf-8").endswith("}\n")


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    """The next release finds each file of this one by name, with a digest of its inputs."""
    made = release(tmp_path)
    manifest(made, Staging(tmp_path / "new"))
    found = recorded(tmp_path / "new")
    assert list(found) == ["linux_amd64.x", "windows_amd64.x"]
    for artifact in made.artifacts:
        before = found[artifact.path.name]
        assert before.path == artifact.path
        assert (before.kind, before.size, before.sha256, before.inputs) == (
            artifact.kind,
            artifact.size,
            artifact.sha256,
            artifact.inputs,
        )


def test_a_file_of_no_pair_has_none(tmp_path: Path) -> None:
    """An example is the schema's own row."""
    made = release(tmp_path)
    schema, _ = manifest(made, Staging(tmp_path / "new"))
    whole = document(made.plus(schema))
    assert whole["artifacts"][-1]["target"] is None
    assert valid(whole)


def test_the_manifest_of_a_finished_release_is_its_file(tmp_path: Path) -> None:
    """Only recorded files are returned."""
    (tmp_path / "manifest.json").write_text('{"name": "\N{LATIN SMALL LETTER E WITH ACUTE}"}', "utf-8")
    assert read(dist(tmp_path)) == {"name": "\N{LATIN SMALL LETTER E WITH ACUTE}"}


@pytest.mark.parametrize(
    "text",
    [
        *(b"[" * 100_000, b"", b"{", b"\xff", b"null", b"[]", b"1", b"{}", b'{"artifacts": null}', b'{"artifacts": 1}'),
        *(b'{"artifacts": [1]}', b'{"artifacts": [{}]}', b'{"artifacts": [{"kind": "archive", "name": "a"}]}'),
        *(b'{"artifacts": [{"kind": "archive", "name": 1, "size": 1, "sha256": "", "inputs": ""}]}', b"[" * 100_000),
        b'{"artifacts": [{"kind": "archive", "name": "a", "size": "1", "sha256": "", "inputs": ""}]}',
        b'{"artifacts": [{"kind": [], "name": "a", "size": 1, "sha256": "", "inputs": ""}]}',
        b'{"artifacts": [{"kind": "archive", "name": "../a", "size": 1, "sha256": "", "inputs": ""}]}',
    ],
)
def test_a_manifest_that_cannot_be_read_records_nothing(text: bytes, tmp_path: Path) -> None:
    """A damaged release is made again; it never causes an error."""
    assert recorded(tmp_path) == {}
    (tmp_path / "manifest.json").write_bytes(text)
    assert recorded(tmp_path) == {}
