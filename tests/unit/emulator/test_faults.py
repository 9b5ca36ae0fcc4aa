from __future__ import annotations

import threading
import time

from toolkit.emulator.faults import Delay, Failure, Faults, Override, Throttle, Truncate
from toolkit.emulator.protocol import ApiError, CommonError, Response


def code_of(faults: Faults, action: str) -> str:
    """Return the error code that a call gets, or `""`."""
    try:
        faults.before(action)
    except ApiError as error:
        return error.code
    except CommonError as error:
        return error.problem.name
    return ""


def test_order() -> None:
    """Each fault affects its own action as often as requested, oldest first, and then no more."""
    faults = Faults()
    for fault in (
        Failure("A", 2, 400, "a"),
        Failure("B", 1, 400, "b"),
        Failure("A", 1, 500, "c"),
        Throttle("A", 1),
    ):
        faults.add(fault)
    assert code_of(faults, "C") == ""
    assert [code_of(faults, action) for action in "AABAABA"] == ["a", "a", "b", "c", "THROTTLED", "", ""]
    assert faults.pending == ()


def test_overrides() -> None:
    """Only an override changes responses, and of several the first that matches."""
    faults = Faults()
    texts = [(("X", "1"),), (("Y", "2"), ("Z", "&")), (("Z", "3"),)]
    for fault in (*(Override("A", 1, pairs) for pairs in texts), Override("A", 1, texts[2], sessions=True)):
        faults.add(fault)
    assert code_of(faults, "A") == ""
    response = Response(200, b"<R><Z>0</Z><Y></Y><Z>0</Z><X><Z>0</Z></X></R>", (("Content-Length", "9"), ("A", "b")))
    changed = faults.after("A", response, session=False)
    assert changed.body == b"<R><Z>&amp;</Z><Y>2</Y><Z>&amp;</Z><X><Z>&amp;</Z></X></R>"
    assert changed.headers == (("A", "b"),)
    assert faults.after("B", response, session=True) == response
    assert b"<Z>3</Z>" in faults.after("A", response, session=False).body
    assert faults.after("A", response, session=False) == response
    assert b"<Z>3</Z>" in faults.after("A", response, session=True).body
    assert faults.pending == (Override("A", 1, texts[0]),)


def test_truncation() -> None:
    """A truncation affects a response with a body, after its overrides."""
    faults, response = Faults(), Response(200, b"<R><X>0</X></R>")
    for fault in (Truncate("A", 2), Override("A", 1, (("X", "1"),))):
        faults.add(fault)
    assert not faults.after("B", response, session=False).truncated
    assert not faults.after("A", Response(200), session=False).truncated
    changed = faults.after("A", response, session=False)
    assert (changed.truncated, changed.body) == (True, b"<R><X>1</X></R>")
    assert faults.pending == (Truncate("A", 1),)


def test_pending() -> None:
    """Pending faults are listed, with the number of times left."""
    faults = Faults()
    faults.add(Failure("A", 3, 400, "a"))
    code_of(faults, "A")
    assert faults.pending == (Failure("A", 2, 400, "a"),)


def test_delays_end_with_the_emulator() -> None:
    """A delayed call continues when the emulator stops, and later calls are not delayed."""
    faults = Faults()
    faults.add(Delay("A", 2, 3600))
    delayed = threading.Thread(target=code_of, args=(faults, "A"))
    delayed.start()
    delayed.join(0.05)
    assert delayed.is_alive()
    faults.stop()
    delayed.join(5)
    assert not delayed.is_alive()
    began = time.monotonic()
    assert code_of(faults, "A") == ""
    assert time.monotonic() - began < 5
