from __future__ import annotations

import pytest

from toolkit import totp
from toolkit.emulator.codes import Codes
from toolkit.emulator.devices import new_seed

NOW = 1_800_000_000.0
SEED = new_seed()


def code(seconds: float) -> str:
    """Return the code of so many seconds from now."""
    return totp.code(SEED, NOW + seconds)


def pair(seconds: float) -> tuple[str, str]:
    """Return two that follow each other."""
    return code(seconds), code(seconds + 30)


@pytest.mark.parametrize(
    ("first", "refused", "taken"), [(-30, (-30,), (0, 30)), (0, (-30, 0), (30,)), (30, (-30, 0, 30), ())]
)
def test_codes_are_spent(first: int, refused: tuple[int, ...], taken: tuple[int, ...]) -> None:
    """A code is taken one period early or late, and after it none of its period or of an earlier one."""
    memory = Codes()
    assert not any(memory.take(SEED, code(seconds), NOW) for seconds in (-60, 60))
    assert memory.take(SEED, code(first), NOW)
    assert not any(memory.take(SEED, code(seconds), NOW) for seconds in refused)
    assert all(memory.take(SEED, code(seconds), NOW) for seconds in taken)


@pytest.mark.parametrize(("first", "good"), [(-90, False), (-60, True), (-30, True), (0, True), (30, False)])
def test_pairs(first: int, good: bool) -> None:  # noqa: FBT001 - of a table
    """Two codes that follow each other are taken where the second alone would be, and both are then used up."""
    memory = Codes()
    assert memory.take_pair(SEED, pair(first), NOW) == good
    if good:
        assert not memory.take(SEED, code(first + 30), NOW)
        assert memory.take(SEED, code(first + 60), NOW + 30)


def test_what_is_no_pair() -> None:
    """The same code twice, the wrong order, a gap, and halves that fit as one text only are no pair."""
    memory, (first, second) = Codes(), pair(-30)
    for wrong in ((first, first), (second, first), (first, code(30)), (first[:5], first[5:] + second), ("é", second)):
        assert not memory.take_pair(SEED, wrong, NOW)
        assert not memory.resync(SEED, wrong, NOW)
    assert memory.take_pair(SEED, (first, second), NOW)


def test_a_used_code_is_in_no_pair() -> None:
    """A pair whose first code was used is not taken."""
    memory = Codes()
    assert memory.take(SEED, code(-30), NOW)
    assert not memory.take_pair(SEED, pair(-30), NOW)
    assert memory.take_pair(SEED, pair(0), NOW)


@pytest.mark.parametrize(("seconds", "good"), [(3600, True), (-3600, True), (3660, False), (-3660, False), (0, True)])
def test_resynchronised(seconds: int, good: bool) -> None:  # noqa: FBT001 - of a table
    """A device within an hour is brought back into step, and its later codes are taken."""
    memory = Codes()
    assert memory.resync(SEED, pair(seconds - 30), NOW) == good
    assert memory.take(SEED, code(seconds + 60), NOW + 60) == good


def test_in_step_is_left_in_step() -> None:
    """Resynchronising a device that was in step does not put it out of step."""
    memory = Codes()
    assert memory.resync(SEED, pair(0), NOW)
    assert memory.offset == 0
