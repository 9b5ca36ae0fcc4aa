from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit import samples
from toolkit.model import Artifact, Release, ReleaseInfo, Target
from toolkit.outputs import guide
from toolkit.outputs.staging import Staging

INFO = ReleaseInfo(alias="ours", region="eu-west-1", profile="work", download="https://files.test/x")


def release(folder: Path, *pairs: str) -> Release:
    """Return a release of aws-mfa with archives for some pairs."""
    words = [pair.split("/") for pair in pairs]
    targets = [Target(goos, goarch, first_class=goarch.endswith("64")) for goos, goarch in words]
    made = samples.dist(folder, *(samples.binary(target, folder) for target in targets), info=INFO)
    archives = [Artifact("archive", Path(f"aws-mfa_{each.slug}.tar.gz"), 1, "", target=each) for each in targets]
    return replace(made.plus(*archives), source=samples.source(name="aws-mfa"))


@pytest.mark.parametrize("language", guide.LANGUAGES)
def test_it_is_filled_in(tmp_path: Path, language: str) -> None:
    """The maintainer's values are in place, and no placeholder is left."""
    text = guide.text(release(tmp_path, "linux/amd64"), language)
    for part in (
        "https://ours.signin",
        "`eu-west-1`",
        "--profile=work",
        "-d work_mfa",
        "https://files.test/x/$archive",
    ):
        assert part in text
    assert "{" not in text
    assert not {"en: ", "ja: "} & {line[:4] for line in text.splitlines()}


def test_the_table_begins_with_what_most_people_have(tmp_path: Path) -> None:
    """Macs, Windows and Linux come first, 64 bits before the rest; systems without a network are left out."""
    made = release(tmp_path, "aix/ppc64", "js/wasm", "linux/386", "linux/amd64", "windows/amd64", "darwin/arm64")
    rows = [line for line in guide.text(made, "en").splitlines() if line.startswith("| ")][2:]
    assert rows == [
        "| macOS, Apple silicon | `aws-mfa_darwin_arm64.tar.gz` |",
        "| Windows, amd64 | `aws-mfa_windows_amd64.tar.gz` |",
        "| Linux, amd64 | `aws-mfa_linux_amd64.tar.gz` |",
        "| Linux, 386 | `aws-mfa_linux_386.tar.gz` |",
        "| AIX, ppc64 | `aws-mfa_aix_ppc64.tar.gz` |",
    ]


def test_another_program_has_no_guide(tmp_path: Path) -> None:
    """The guide is about aws-mfa; a release of another program has none."""
    made = release(tmp_path, "linux/amd64")
    assert [path.path.name for path in guide.guide(made, Staging(tmp_path))] == ["guide.en.md", "guide.ja.md"]
    assert guide.guide(replace(made, source=samples.source()), Staging(tmp_path)) == []


def test_a_missing_language_is_found() -> None:
    """A block in only one language is an error in the template."""
    with pytest.raises(ValueError, match="a language is missing: en: hello"):
        guide._said("en: hello", "ja")  # noqa: SLF001
