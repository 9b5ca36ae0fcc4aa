from __future__ import annotations

import base64
import itertools

import pyotp
import pytest

from toolkit import totp

SEED = base64.b32encode(b"12345678901234567890").decode()  # from the RFCs


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_vectors_of_rfc_6238(at: int, expected: str) -> None:
    """The codes are the last six digits of the test vectors for SHA-1 in RFC 6238."""
    assert totp.code(SEED, at) == expected


@pytest.mark.parametrize(
    ("counter", "expected"),
    [
        (0, "755224"),
        (1, "287082"),
        (2, "359152"),
        (3, "969429"),
        (4, "338314"),
        (5, "254676"),
        (6, "287922"),
        (7, "162583"),
        (8, "399871"),
        (9, "520489"),
    ],
)
def test_vectors_of_rfc_4226(counter: int, expected: str) -> None:
    """Each period has the code of RFC 4226 for its number, from its first to its last moment."""
    assert totp.code(SEED, counter * 30) == totp.code(SEED, counter * 30 + 29.999) == expected


def test_same_as_pyotp() -> None:
    """Another implementation gives the same codes, for every key length modulo a base32 group."""
    for length, at in itertools.product(range(16, 42), (0, 1_795_000_000, 4_102_444_800)):
        seed = base64.b32encode(bytes(range(200, 200 + length))).decode()
        assert totp.code(seed, at) == pyotp.TOTP(seed).at(at), (seed, at)


def test_a_seed_as_people_copy_it() -> None:
    """Groups, lower case and padding do not matter."""
    seed = base64.b32encode(b"123456").decode()
    assert seed.endswith("======")
    loose = seed.rstrip("=").lower()
    assert totp.code(f" {loose[:4]} {loose[4:]}\n", 0) == totp.code(seed, 0) == totp.code(loose, 0)


@pytest.mark.parametrize("seed", ["JBSWY3DP1", "JBSWY3DP0EHPK3PX", "AAA", "JBSWY3DPé", "JBSW=Y3DP"])
def test_no_base32(seed: str) -> None:
    """The error for invalid base32 does not show the seed, neither in the message nor in its cause."""
    with pytest.raises(ValueError, match=r"^the seed of the MFA device is not base32$") as caught:
        totp.code(seed, 0)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("seed", ["", "  ", "===="])
def test_no_seed(seed: str) -> None:
    """Anyone could compute the codes of an empty key."""
    with pytest.raises(ValueError, match=r"^the seed of the MFA device is empty$"):
        totp.code(seed, 0)


@pytest.mark.parametrize(
    ("at", "step", "left"), [(0, 0, 30), (0.25, 0, 29.75), (29.5, 0, 0.5), (30, 1, 30), (59, 1, 1), (90.5, 3, 29.5)]
)
def test_periods(at: float, step: int, left: float) -> None:
    """A period begins every half minute, with 30 seconds left."""
    assert (totp.step(at), totp.seconds_left(at)) == (step, left)
