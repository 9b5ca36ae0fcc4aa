from __future__ import annotations

import pytest

from toolkit.mfa.making import again, next_name, ways_out


@pytest.mark.parametrize(
    ("name", "following"),
    [("alice", "alice-2"), ("alice-2", "alice-3"), ("a-9", "a-10"), ("-7", "-7-2"), ("a-b", "a-b-2")],
)
def test_the_next_name(name: str, following: str) -> None:
    """Each proposed name differs from those before."""
    assert next_name(name) == following


def test_what_to_type() -> None:
    """A profile with a space in its name is quoted."""
    assert again("my profile") == "invoke enroll --profile 'my profile'"
    assert ways_out("a", "arn:aws:iam::1:mfa/x") == (
        "invoke enroll --profile a --device-name x-2; or, as an administrator: "
        "aws iam delete-virtual-mfa-device --serial-number arn:aws:iam::1:mfa/x"
    )
