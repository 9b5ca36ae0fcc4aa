from __future__ import annotations

from toolkit.emulator import Clock


def test_step() -> None:
    """A clock continues from where it was moved to."""
    clock, plain = Clock(ahead=-100), Clock()
    assert 99 < plain() - clock() < 101
    clock.step(150)
    assert 49 < clock() - plain() < 51
    before = clock()
    assert clock() >= before
