from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest

from tasks import namespace
from toolkit.cli.task import ToolkitTask, default_text
from toolkit.dev import reference
from toolkit.dev.reference import _filled, kinds
from toolkit.model import Reason
from toolkit.settings import PREFIX, ROOT

TEXT = reference.reference(namespace.tasks)
OPTIONS = [(name, item) for name, task in namespace.tasks.items() for item in dataclasses.fields(task.settings)]


def section(heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


@pytest.mark.parametrize(("name", "task"), namespace.tasks.items(), ids=namespace.tasks)
def test_every_task_is_in_the_reference(name: str, task: ToolkitTask) -> None:
    """Each task has its full docstring, and a table only if it has options."""
    text = section(f"invoke {name}")
    assert all(line.strip() in text for line in (task.__doc__ or "").splitlines())
    assert ("| flag |" in text) is bool(dataclasses.fields(task.settings))


@pytest.mark.parametrize(("name", "item"), OPTIONS)
def test_every_option_is_in_the_reference(name: str, item: dataclasses.Field[Any]) -> None:
    """Each option has a line with its flag, variable, default and help."""
    flag = f"--{item.name.replace('_', '-')} {item.metadata['metavar']}".rstrip()
    default = "" if isinstance(item.default, bool) else default_text(item)
    cells = [f"`{flag}`", f"`{PREFIX}{item.name.upper()}`", f"`{default}`" if default else "", item.metadata["help"]]
    assert f"| {' | '.join(cells)} |\n" in section(f"invoke {name}")


def test_every_exit_code_is_in_the_reference() -> None:
    """Each kind of error has its code and meaning; codes without an error are listed too."""
    rows = [line.split(" | ") for line in section("Exit codes").strip().splitlines()[2:]]
    codes = [int(row[0].removeprefix("| ")) for row in rows]
    assert codes == [0, 1, *(kind.exit_code for kind in kinds() if kind.exit_code > 1), 130, 143]
    named = {row[1].strip("`"): row[2] for row in rows if row[1]}
    assert {kind.kind for kind in kinds()[1:]} == set(named)
    assert all(len(meaning) > 10 for meaning in named.values())


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_in_the_reference(reason: Reason) -> None:
    """The reference explains each reason in a manifest."""
    assert re.search(rf"^\| `{reason.value}` \| \w.* \|$", section("Why a pair has no binary"), re.MULTILINE)


def test_the_reference_is_the_same_on_every_machine() -> None:
    """It contains no path of this machine, and ends with a newline."""
    assert str(ROOT) not in TEXT
    assert TEXT.endswith("|\n")
    assert "\n\n\n" not in TEXT


def test_a_bar_in_a_text_does_not_end_its_cell() -> None:
    """A docstring cannot break a table."""

    def act(settings: object, report: object) -> None:
        """Do a|b."""

    text = _filled("<!-- tasks -->\n<!-- /tasks -->", {"act": ToolkitTask(act, namespace.tasks["check"].settings)})
    assert "| `invoke act` | Do a\\|b. |" in text


def test_only_what_stands_between_markers_is_made_anew() -> None:
    """The rest of the README is written by hand; a text without markers does not change."""
    before = "# Title \\1\n<!-- tasks -->\nstale\ntext\n<!-- /tasks -->\nthe end"
    after = _filled(before, namespace.tasks)
    assert after.startswith("# Title \\1\n<!-- tasks -->\n| task | what it does |\n")
    assert after.endswith(" |\n<!-- /tasks -->\nthe end")
    assert "stale" not in after
    assert _filled(after, namespace.tasks) == after
    assert _filled("# Title\n", namespace.tasks) == "# Title\n"
    for name, task in namespace.tasks.items():
        assert f"| `invoke {name}` | {(task.__doc__ or '').splitlines()[0]} |" in after


def test_the_pages_are_these() -> None:
    """`invoke docs` writes these pages, and `invoke check` compares them."""
    pages = reference.pages(namespace.tasks)
    assert list(pages) == [ROOT / "docs" / "reference.md", ROOT / "README.md"]
    assert pages[ROOT / "docs" / "reference.md"] == TEXT
    assert "<!-- tasks -->" in pages[ROOT / "README.md"]


# --- pages that people write -----------------------------------------------------------------------------------------

PAGES = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/how-it-works.md", "docs/aws-mfa.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Links to files of the repository exist; other addresses are not checked."""
    found = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text("utf-8"))
    assert [link for link in found if "://" not in link and not (ROOT / page).parent.joinpath(link).exists()] == []


def test_security_names_tests_that_exist() -> None:
    """Each statement names an existing test file."""
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    named = re.findall(r"`((?:unit|integration|e2e)/[^`]+)`", text)
    assert named
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []


def test_the_readme_is_short() -> None:
    """Details are in docs/."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120
