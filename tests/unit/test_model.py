from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.unit.samples import (
    ANDROID,
    DEPENDENCY,
    JS,
    LINUX,
    PLAN9,
    RECIPE,
    WINDOWS,
    binary,
    build_info,
    dist,
    failed,
    refused,
    source,
)
from toolkit import model
from toolkit.model import Artifact, Module, Piece, Reason, Recipe, Target

IOS = Target("ios", "amd64")


def test_every_value_is_frozen() -> None:
    """A layer cannot change a value of another layer."""
    values = [item for item in vars(model).values() if dataclasses.is_dataclass(item)]
    assert len(values) > 9
    assert all(getattr(value, "__dataclass_params__").frozen for value in values)  # noqa: B009 - mypy knows no such name


@pytest.mark.parametrize(("target", "exe"), [(LINUX, ""), (WINDOWS, ".exe"), (JS, "")], ids=str)
def test_a_pair_has_a_name_for_go_one_for_files_and_an_ending(target: Target, exe: str) -> None:
    """It is `linux/amd64` for Go and `linux_amd64` for files; programs end in .exe only on Windows."""
    assert str(target) == f"{target.goos}/{target.goarch}"
    assert target.slug == f"{target.goos}_{target.goarch}"
    assert target.exe == exe


def test_a_pair_is_its_two_names() -> None:
    """Other facts about a pair do not make it another pair."""
    assert Target("linux", "amd64") == LINUX
    assert len({Target("android", "arm"), ANDROID}) == 1


def test_nothing_is_taken_for_granted_of_a_pair() -> None:
    """By default a pair is neither first-class nor supports cgo."""
    plain = Target("linux", "amd64")
    assert (plain.cgo_supported, plain.first_class, plain.refusal) == (False, False, "")


def test_pairs_and_modules_sort_by_name() -> None:
    """The order is that of the names that the user sees."""
    assert sorted([PLAN9, LINUX, ANDROID]) == [ANDROID, LINUX, PLAN9]
    assert sorted([Module("b"), Module("a", "v2"), Module("a", "v1")]) == [
        *(Module("a", f"v{n}") for n in (1, 2)),
        Module("b"),
    ]


def test_a_setting_that_a_binary_does_not_state_is_empty() -> None:
    """A setting of a build info is found by name."""
    assert build_info(LINUX).setting("GOOS") == "linux"
    assert not build_info(LINUX).setting("GOARM")


# --- sources ---------------------------------------------------------------------------------------------------------


def test_a_piece_is_some_bytes_of_a_file(tmp_path: Path) -> None:
    """It yields the bytes between its start and its end, in chunks, and none if it is empty."""
    pack, data = tmp_path / "pack", bytes(range(256)) * 8192
    pack.write_bytes(b"before" + data + b"after")
    chunks = list(Piece("main.go", pack, 6, len(data)).chunks())
    assert b"".join(chunks) == data
    assert len(chunks) == 2
    assert list(Piece("empty.go", pack, 6, 0).chunks()) == []


def test_a_source_without_files_is_fetched_by_the_go_command() -> None:
    """A directory always has files, a module has none."""
    assert not source().remote
    assert source(files=()).remote


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_the_go_build_line_is_this() -> None:
    """Every argument affects bytes: paths, commit and debug information are left out, stamps are included."""
    stamped = source(package="./cmd/x", stamps=(("main.a", "1"), ("main.b", "2")))
    assert RECIPE.argv(stamped, LINUX) == (
        "install",
        "-trimpath",
        "-buildvcs=false",
        "-gcflags=all=-dwarf=false",
        "-ldflags=-s -w -X main.a=1 -X main.b=2",
        "./cmd/x",
    )


@pytest.mark.parametrize(("target", "mode"), [(IOS, ["-buildmode=exe"]), (Target("ios", "arm64"), []), (LINUX, [])])
def test_only_the_ios_simulator_needs_a_build_mode(target: Target, mode: list[str]) -> None:
    """Go can link a plain program for ios/amd64 without a C linker, and the question uses the same arguments."""
    assert [word for word in RECIPE.argv(source(), target) if "buildmode" in word] == mode
    assert RECIPE.preflight(target) == ("list", *mode, ".")


def test_the_variables_that_decide_the_bytes_are_all_set() -> None:
    """No GOFLAGS, go.work or `go env -w` of the machine reaches a compile."""
    assert Recipe("go1.99.1").environment(WINDOWS) == {
        "GOOS": "windows",
        "GOARCH": "amd64",
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "go1.99.1",
        "GOWORK": "off",
        "GOENV": "off",
        "GOFLAGS": "",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "0" * 64},
        {"module": Module("example.test/other")},
        {"module": Module("example.test/program", "v1.0.0")},
        {"package": "./cmd/other"},
        {"stamps": (("main.sourceDigest", "1"),)},
    ],
    ids=str,
)
def test_a_fingerprint_changes_with_the_source(change: dict[str, Any]) -> None:
    """A change of anything that affects the bytes results in another fingerprint."""
    assert RECIPE.fingerprint(source(**change), LINUX) != RECIPE.fingerprint(source(), LINUX)


def test_a_fingerprint_changes_with_the_image() -> None:
    """A binary of a named image is not the same as one of the builder image."""
    recipes = (RECIPE, Recipe(RECIPE.toolchain, "sha256:1"), Recipe(RECIPE.toolchain, "sha256:2"))
    assert len({recipe.fingerprint(source(), LINUX) for recipe in recipes}) == 3


def test_a_fingerprint_changes_with_toolchain_and_pair() -> None:
    """Another Go, GOOS, GOARCH or build mode results in another fingerprint."""
    pairs = (LINUX, Target("linux", "arm64"), Target("darwin", "amd64"), IOS)
    prints = {recipe.fingerprint(source(), target) for recipe in (RECIPE, Recipe("go1.27.4")) for target in pairs}
    assert len(prints) == 8
    assert all(len(item) == 64 for item in prints)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"directory": "elsewhere"},
        {"version": "9.9.9"},
        {"epoch": 1},
        {"files": ()},
        {"documents": ()},
        {"licenses": (("a v1", "a license"),)},
        {"notes": ("a note",)},
        {"refusals": {"js/wasm": "not there"}},
    ],
    ids=str,
)
def test_a_fingerprint_stays_with_what_only_packaging_reads(change: dict[str, Any]) -> None:
    """A new name, directory, time or README causes no new link."""
    assert RECIPE.fingerprint(source(**change), LINUX) == RECIPE.fingerprint(source(), LINUX)


def test_a_fingerprint_does_not_depend_on_what_is_known_of_a_pair() -> None:
    """Whether a pair is first-class does not change its bytes."""
    assert RECIPE.fingerprint(source(), Target("linux", "amd64")) == RECIPE.fingerprint(source(), LINUX)


# --- reasons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("android/arm requires external (cgo) linking, but cgo is not enabled", Reason.NEEDS_EXTERNAL_LINKER),
        ("go: unsupported GOOS/GOARCH pair linux/vax", Reason.UNSUPPORTED),
        ("main.go:3:2: undefined: x", None),
        ("", None),
    ],
)
def test_go_says_itself_what_it_refuses(line: str, reason: Reason | None) -> None:
    """Two of Go's sentences are limits of Go; every other reason is not."""
    assert Reason.in_words_of_go(line) is reason


def test_two_reasons_are_gos_own() -> None:
    """Only a reason that no source can change does not make the run a failure."""
    assert [reason for reason in Reason if reason.is_gos_own] == [Reason.NEEDS_EXTERNAL_LINKER, Reason.UNSUPPORTED]


# --- releases --------------------------------------------------------------------------------------------------------


def test_a_release_grows_by_making_another() -> None:
    """`plus` adds at the end, and the previous release is unchanged."""
    first, second = Artifact("archive", Path("a"), 1, "0"), Artifact("manifest", Path("m"), 1, "1")
    before = dist(Path("release"))
    after = before.plus(first).plus(second)
    assert (before.artifacts, after.artifacts) == ((), (first, second))
    assert after.of("manifest") == (second,)
    assert after.of("wheel") == ()


def test_a_release_parts_its_outcomes(tmp_path: Path) -> None:
    """Each pair is either a binary or unbuilt, in the order of the pairs."""
    built, bad = binary(LINUX, tmp_path), failed(PLAN9)
    release = dist(tmp_path, refused(), built, bad)
    assert release.binaries == (built,)
    assert release.unbuilt == (refused(), bad)


def test_a_found_binary_equals_the_one_that_was_built(tmp_path: Path) -> None:
    """A binary is the same whether a run compiled it or found it."""
    built = binary(LINUX, tmp_path, DEPENDENCY)
    assert dataclasses.replace(built, rebuilt=False) == built
