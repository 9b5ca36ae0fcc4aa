from __future__ import annotations

import re

import pytest

from toolkit import errors
from toolkit.errors import ToolkitError

CLASSES = [item for item in vars(errors).values() if isinstance(item, type)]
KINDS = {kind.__name__: kind for kind in CLASSES if issubclass(kind, ToolkitError)}


def drawn() -> dict[str, tuple[int, str]]:
    """Return the tree of the module's docstring: by name, the exit code and the parent's name."""
    found: dict[str, tuple[int, str]] = {}
    above: list[str] = []
    for branch, name, code in re.findall(r"^([│├└─ ]*)(\w+) +(\d+) ", errors.__doc__ or "", re.MULTILINE):
        depth = len(branch) // 4
        above[depth:] = [name]
        found[name] = (int(code), above[depth - 1] if depth else "Exception")
    return found


def is_family(kind: type[ToolkitError]) -> bool:
    """Whether an error begins a family; a failed pull only has the exit code of another one."""
    return kind is not errors.ImagePullFailed and kind.exit_code != getattr(kind.__bases__[0], "exit_code", 0)


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring names each class once, with its exit code, under its parent."""
    assert drawn() == {name: (kind.exit_code, kind.__bases__[0].__name__) for name, kind in KINDS.items()}


def test_kinds_can_be_distinguished() -> None:
    """No two families have the same exit code, an error that shares one has a name, and no two share a name."""
    families = [kind.exit_code for kind in KINDS.values() if is_family(kind)]
    names = [kind.kind for kind in KINDS.values() if kind.kind]
    assert len(set(families)) == len(families)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    assert all(is_family(kind) or kind.kind for kind in KINDS.values())
    assert {kind.exit_code for kind in KINDS.values()} == set(families)


def test_names_lead_to_errors() -> None:
    """Each error with a name is found by it, however deep in the tree it is."""
    assert errors.named() == {kind.kind: kind for kind in KINDS.values() if kind.kind}


def test_no_exit_code_means_anything_else() -> None:
    """None is mistaken for success or for a signal."""
    assert all(0 < kind.exit_code < 126 for kind in KINDS.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_message_and_its_hint_are_kept_apart(kind: type[ToolkitError]) -> None:
    """The text of an error is its message alone; the hint is beside it, and empty where none was given."""
    assert (str(kind("`x` is wrong", hint="type y")), kind("", hint="type y").hint) == ("`x` is wrong", "type y")
    assert not kind("`x` is wrong").hint
