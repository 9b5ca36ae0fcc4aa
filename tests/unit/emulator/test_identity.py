from __future__ import annotations

import dataclasses
import re

import pytest

from toolkit import totp
from toolkit.emulator import Clock, Kind
from toolkit.emulator.devices import serial_of
from toolkit.emulator.flaws import Flaw, Flawed, in_words_of_query, in_words_of_s3
from toolkit.emulator.identity import Caller, Directory, User, new_id, new_secret
from toolkit.emulator.protocol import Request
from toolkit.emulator.registry import Registry
from toolkit.emulator.signature import Claim, sign, stamp

NOW = 1_800_000_000.0
REGISTRY = Registry(lambda: NOW)
DEVICES = tuple(
    REGISTRY.make(kind, serial_of(kind, "123456789012", "alice", number), "alice")
    for number, kind in enumerate(Kind, start=1)
)
ALICE = User("alice", "arn:aws:iam::123456789012:user/a/b/alice", "AIDA", "AKIAALICE", "secret", REGISTRY)


class Fixture:
    """A directory with Alice in it, whose time a test sets."""

    def __init__(self) -> None:
        """Begin at a round time."""
        self.now = NOW
        self.directory = Directory(lambda: self.now)
        self.directory.add(ALICE)

    def call(self, access_key: str, secret: str, token: str | None = None, *, at: float = NOW) -> Caller:
        """Let somebody call who signs with some keys."""
        headers = {"host": "h", "x-amz-date": stamp(at)}
        if token is not None:
            headers["x-amz-security-token"] = token
        request = Request("POST", "/", "", headers, b"Action=GetCallerIdentity", {})
        claimed = Claim(access_key, stamp(at)[:8], "r", "sts", tuple(sorted(headers)), "", stamp(at), int(at))
        return self.directory.authenticate(
            request, dataclasses.replace(claimed, signature=sign(request, claimed, secret))
        )

    def flaw(self, access_key: str, secret: str, token: str | None = None, *, at: float = NOW) -> Flaw:
        """Return what is wrong with a call."""
        with pytest.raises(Flawed) as caught:
            self.call(access_key, secret, token, at=at)
        return caught.value.flaw


def test_who_is_calling() -> None:
    """A long-term key is its user without MFA; a session is its user, with MFA or without."""
    here = Fixture()
    assert here.call("AKIAALICE", "secret") == Caller(ALICE)
    assert not here.call("AKIAALICE", "secret").mfa
    for mfa in (True, False):
        session = here.directory.open_session(ALICE, 900, mfa=mfa)
        caller = here.call(session.access_key, session.secret, session.token)
        assert (caller.user, caller.session, caller.mfa) == (ALICE, session, mfa)
        assert (session.opened, session.expires, caller.at) == (NOW, NOW + 900, NOW)


def test_what_is_wrong_with_keys() -> None:
    """Each way to have the wrong keys is told apart, and the order does not give a wrong secret away."""
    here = Fixture()
    session = here.directory.open_session(ALICE, 900, mfa=True)
    key, secret, token = session.access_key, session.secret, session.token
    assert here.flaw("AKIANOBODY", "secret") is Flaw.UNKNOWN_KEY
    assert here.flaw(key, secret) is Flaw.UNKNOWN_KEY
    assert here.flaw(key, secret, token[:-1]) is Flaw.BAD_TOKEN
    assert here.flaw(key, secret, "é") is Flaw.BAD_TOKEN
    assert here.flaw("AKIAALICE", "secret", token) is Flaw.BAD_TOKEN
    assert here.flaw("AKIAALICE", secret) is here.flaw(key, "secret", token) is Flaw.BAD_SIGNATURE
    assert here.flaw("AKIAALICE", "secret", at=NOW - 301) is here.flaw("AKIAALICE", "secret", at=NOW + 301)
    assert here.flaw("AKIAALICE", "secret", at=NOW + 301) is Flaw.SKEWED
    assert here.flaw("AKIAALICE", "wrong", at=NOW + 301) is Flaw.BAD_SIGNATURE


def test_sessions_end() -> None:
    """The second in which it expires is the first in which it is refused."""
    here = Fixture()
    here.now += 0.75
    session = here.directory.open_session(ALICE, 900, mfa=True)
    assert session.expires == NOW + 900
    here.now = NOW + 899.999
    assert here.call(session.access_key, session.secret, session.token, at=here.now).session == session
    here.now = NOW + 900
    assert here.flaw(session.access_key, session.secret, session.token, at=here.now) is Flaw.EXPIRED


def test_devices() -> None:
    """Serials are those of their kinds; only what shows codes has a seed, a new one each, as long as AWS's."""
    virtual, hardware, fido = DEVICES
    assert virtual.serial == "arn:aws:iam::123456789012:mfa/alice"
    assert re.fullmatch(r"GAHT[0-9]{8}", hardware.serial)
    assert fido.serial == "arn:aws:iam::123456789012:u2f/user/alice/key-3"
    assert fido.seed == ""
    assert len({virtual.seed, hardware.seed}) == 2
    assert re.fullmatch(r"[A-Z2-7]{64}", virtual.seed)
    assert ALICE.device is virtual
    assert virtual.code() == totp.code(virtual.seed, NOW) == virtual.code(NOW + 29) != virtual.code(NOW + 30)
    assert serial_of(Kind.VIRTUAL, "123456789012", "alice", 2) == f"{virtual.serial}-2"


def test_a_user_without_devices() -> None:
    """Who asks for the device of a user who has none is told so."""
    bob = dataclasses.replace(ALICE, name="bob", arn="arn:aws:iam::123456789012:user/bob")
    assert (bob.devices, bob.path, ALICE.path) == ((), "/", "/a/b/")
    with pytest.raises(LookupError, match="`bob` has no MFA device"):
        _ = bob.device


def test_names_and_secrets() -> None:
    """Identifiers and secrets are as long as AWS's, and no two are the same."""
    made = [new_id("ASIA", 20) for _ in range(50)]
    assert len(set(made)) == 50
    assert all(re.fullmatch(r"ASIA[A-Z2-7]{16}", name) for name in made)
    secrets = [new_secret() for _ in range(200)]
    assert {len(secret) for secret in secrets} == {40}
    assert len(set(secrets)) == 200
    assert {"/", "+"} <= set("".join(secrets))


def test_secrets_are_not_shown() -> None:
    """What Python shows of a user, a session, a device or a directory has no secret, token or seed in it."""
    here = Fixture()
    session = here.directory.open_session(ALICE, 900, mfa=True)
    shown = repr((ALICE, session, DEVICES, REGISTRY, here.directory, Caller(ALICE, session), here.directory.__dict__))
    secrets = [session.secret, session.token, "'secret'", *(device.seed for device in DEVICES if device.seed)]
    assert [secret for secret in secrets if secret in shown] == []
    assert session.access_key in shown


@pytest.mark.parametrize("flaw", list(Flaw))
def test_every_flaw_has_words(flaw: Flaw) -> None:
    """Each service says something of each flaw; only STS and IAM tell the times of a wrong clock."""
    flawed = Flawed(flaw, "Signature expired: …")
    query, s3 = in_words_of_query(flawed), in_words_of_s3(flawed)
    assert str(query)
    assert str(s3)
    assert {query.status, s3.status} <= {400, 403, 503}
    assert (str(query) == "Signature expired: …") == (flaw is Flaw.SKEWED)
    assert query.code != "AccessDenied"  # that one is for what a policy or a code refuses


def test_a_clock_that_is_moved() -> None:
    """A clock runs on from where it was moved to."""
    clock, plain = Clock(ahead=-100), Clock()
    assert 99 < plain() - clock() < 101
    clock.step(150)
    assert 49 < clock() - plain() < 51
    before = clock()
    assert clock() >= before
