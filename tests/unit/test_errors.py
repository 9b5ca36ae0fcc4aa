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


def test_the_drawn_tree_is_the_tree() -> None:
    """The docstring names each class once, with its exit code, under its parent."""
    assert drawn() == {name: (kind.exit_code, kind.__bases__[0].__name__) for name, kind in KINDS.items()}


def test_an_exit_code_is_that_of_a_family() -> None:
    """There is one exit code for each subject; the kind distinguishes errors that share it."""
    codes = {kind.exit_code for kind in KINDS.values()}
    assert codes == {1, 2, 10, 11, 20, 30, 40, 50, 51, 60, 70, 80}


def test_kinds_are_stable() -> None:
    """Scripts rely on them: none is renamed or removed."""
    assert sorted(errors.named()) == [
        "already-enrolled", "aws-busy", "aws-refused", "aws-unreachable", "build-failed", "check-failed",
        "checksum-mismatch", "clock-wrong", "code-command-failed", "code-malformed", "code-missing", "code-refused",
        "codes-refused", "config-unwritable", "credential-process-failed", "credentials-unreadable",
        "credentials-unwritable", "destination-holds-keys", "device-left-over", "device-missing", "device-name-taken",
        "device-unknown", "device-unusable", "disk-full", "endpoint-insecure", "engine-broken", "engine-forbidden",
        "engine-lost", "engine-unavailable", "enrollment-failed", "file-unreadable", "image-pull-failed",
        "image-unusable", "include-outside", "interrupted", "keys-missing", "keys-refused", "link-outside",
        "login-failed", "mfa-not-proven", "name-not-utf8", "no-terminal", "not-a-user", "not-proven",
        "other-program", "other-user", "output-unwritable", "profile-is-role", "profile-is-session", "profile-missing",
        "profile-unusable", "replacement-outside", "s3-denied", "session-unusable", "source-too-large",
        "source-unusable", "special-file", "stdout-unwritable", "too-many-devices", "toolchain-unusable", "unexpected",
        "unknown-target", "usage", "wrong-containers",
    ]  # fmt: skip


def test_kinds_lead_to_errors() -> None:
    """Each error is found by its kind, however deep in the tree it is."""
    assert errors.named() == {kind.kind: kind for kind in KINDS.values() if kind is not ToolkitError}


def test_no_exit_code_means_anything_else() -> None:
    """None is mistaken for success or for a signal."""
    assert all(0 < kind.exit_code < 126 for kind in KINDS.values())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_message_and_its_hint_are_kept_apart(kind: type[ToolkitError]) -> None:
    """The text of an error is its message alone; the hint is beside it, and empty where none was given."""
    assert (str(kind("`x` is wrong", hint="type y")), kind("", hint="type y").hint) == ("`x` is wrong", "type y")
    assert not kind("`x` is wrong").hint
