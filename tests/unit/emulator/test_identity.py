from __future__ import annotations

import dataclasses
import re

import pytest

from toolkit import totp
from toolkit.emulator import Kind, policy
from toolkit.emulator.devices import DeviceRegistry
from toolkit.emulator.identity import Caller, IdentityStore, Session, User, new_id, new_secret
from toolkit.emulator.protocol import ApiError, CommonError, Problem, Request
from toolkit.emulator.sample_policies import FORCE_MFA, READ_S3, SELF_SERVICE
from toolkit.emulator.signature import Claim, sign, timestamp

NOW = 1_800_000_000.0
REGISTRY = DeviceRegistry(lambda: NOW)
DEVICES = tuple(REGISTRY.create(kind, f"serial-{kind.value}", "alice") for kind in Kind)
ALICE = User("alice", "arn:aws:iam::123456789012:user/a/b/alice", "AIDA", "AKIAALICE", "secret", REGISTRY)
BOB = "arn:aws:iam::123456789012:user/bob"
DEFAULTS = (SELF_SERVICE, READ_S3, FORCE_MFA)


class Fixture:
    """A store with Alice in it, and a clock that a test sets."""

    def __init__(self) -> None:
        """Start at a round time."""
        self.now = NOW
        self.store = IdentityStore(lambda: self.now)
        self.store.add(ALICE)

    def call(self, access_key: str, secret: str, token: str | None = None, *, at: float = NOW) -> Caller:
        """Authenticate a call that is signed with some keys."""
        headers = {"host": "h", "x-amz-date": timestamp(at)}
        if token is not None:
            headers["x-amz-security-token"] = token
        request = Request("POST", "/", "", headers, b"Action=GetCallerIdentity", {})
        claim = Claim(access_key, timestamp(at)[:8], "r", "sts", tuple(sorted(headers)), "", timestamp(at), int(at))
        return self.store.authenticate(request, dataclasses.replace(claim, signature=sign(request, claim, secret)))

    def problem(self, access_key: str, secret: str, token: str | None = None, *, at: float = NOW) -> Problem:
        """Return the problem of a call."""
        with pytest.raises(CommonError) as caught:
            self.call(access_key, secret, token, at=at)
        return caught.value.problem


def test_callers() -> None:
    """A long-term key identifies its user without MFA, and a session its user, with or without MFA."""
    fixture = Fixture()
    assert fixture.call("AKIAALICE", "secret") == Caller(ALICE)
    assert not fixture.call("AKIAALICE", "secret").mfa
    for mfa in (True, False):
        session = fixture.store.create_session(ALICE, 900, mfa=mfa)
        caller = fixture.call(session.access_key, session.secret, session.token)
        assert (caller.user, caller.session, caller.mfa) == (ALICE, session, mfa)
        assert (session.created, session.expires, caller.at) == (NOW, NOW + 900, NOW)


def test_wrong_keys() -> None:
    """Each kind of wrong keys has its own problem, and a wrong secret is reported before a wrong clock."""
    fixture = Fixture()
    session = fixture.store.create_session(ALICE, 900, mfa=True)
    key, secret, token = session.access_key, session.secret, session.token
    assert fixture.problem("AKIANOBODY", "secret") is Problem.UNKNOWN_KEY
    assert fixture.problem(key, secret) is Problem.UNKNOWN_KEY
    assert fixture.problem(key, secret, token[:-1]) is Problem.BAD_TOKEN
    assert fixture.problem(key, secret, "é") is Problem.BAD_TOKEN
    assert fixture.problem("AKIAALICE", "secret", token) is Problem.BAD_TOKEN
    assert fixture.problem("AKIAALICE", secret) is fixture.problem(key, "secret", token) is Problem.BAD_SIGNATURE
    assert fixture.problem("AKIAALICE", "secret", at=NOW - 301) is fixture.problem("AKIAALICE", "secret", at=NOW + 301)
    assert fixture.problem("AKIAALICE", "secret", at=NOW + 301) is Problem.SKEWED
    assert fixture.problem("AKIAALICE", "wrong", at=NOW + 301) is Problem.BAD_SIGNATURE


def test_sessions_expire() -> None:
    """A session is rejected from the second in which it expires."""
    fixture = Fixture()
    fixture.now += 0.75
    session = fixture.store.create_session(ALICE, 900, mfa=True)
    assert session.expires == NOW + 900
    fixture.now = NOW + 899.999
    assert fixture.call(session.access_key, session.secret, session.token, at=fixture.now).session == session
    fixture.now = NOW + 900
    assert fixture.problem(session.access_key, session.secret, session.token, at=fixture.now) is Problem.EXPIRED


def test_devices() -> None:
    """A user's devices are those in the registry; only those that show codes have a seed, as long as AWS's."""
    virtual, hardware, fido = DEVICES
    assert ALICE.devices == DEVICES
    assert fido.seed == ""
    assert len({virtual.seed, hardware.seed}) == 2
    assert re.fullmatch(r"[A-Z2-7]{64}", virtual.seed)
    assert ALICE.device is virtual
    assert virtual.code() == totp.code(virtual.seed, NOW) == virtual.code(NOW + 29) != virtual.code(NOW + 30)


def test_a_user_without_devices() -> None:
    """The device of a user without devices is a LookupError."""
    bob = dataclasses.replace(ALICE, name="bob", arn="arn:aws:iam::123456789012:user/bob")
    assert (bob.devices, bob.path, ALICE.path) == ((), "/", "/a/b/")
    with pytest.raises(LookupError, match="`bob` has no MFA device"):
        _ = bob.device


def test_ids_and_secrets() -> None:
    """IDs and secrets are as long as AWS's and unique."""
    ids = [new_id("ASIA", 20) for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(re.fullmatch(r"ASIA[A-Z2-7]{16}", name) for name in ids)
    secrets = [new_secret() for _ in range(200)]
    assert {len(secret) for secret in secrets} == {40}
    assert len(set(secrets)) == 200
    assert {"/", "+"} <= set("".join(secrets))


def test_repr() -> None:
    """The repr of a user, a session, a device or a store contains no secret, token or seed."""
    fixture = Fixture()
    session = fixture.store.create_session(ALICE, 900, mfa=True)
    shown = repr((ALICE, session, DEVICES, REGISTRY, fixture.store, Caller(ALICE, session), fixture.store.__dict__))
    secrets = [session.secret, session.token, "'secret'", *(device.seed for device in DEVICES if device.seed)]
    assert [secret for secret in secrets if secret in shown] == []
    assert session.access_key in shown


# --- authorization ---------------------------------------------------------------------------------------------------


def caller_with(*documents: policy.Document, mfa: bool | None = None) -> Caller:
    """Return a user with policies, who uses a key, or a session with or without MFA."""
    statements = tuple(one for document in documents for one in policy.parse(document))
    user = dataclasses.replace(ALICE, statements=statements)
    session = None if mfa is None else Session(user, mfa, int(NOW) - 90, int(NOW), "ASIA", "secret", "token")
    return Caller(user, session, at=NOW + 0.5)


def test_context() -> None:
    """A key has no MFA keys, a session without a code has MFA `false`, and one with a code also has its age."""
    names = ("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:username", "aws:principalaccount")
    found = [[caller_with(mfa=mfa).context().get(name) for name in names] for mfa in (None, False, True)]
    rest = ["alice", "123456789012"]
    assert found == [[None, None, *rest], ["false", None, *rest], ["true", "90", *rest]]


def denial(caller: Caller, action: str, *resource: str) -> str:
    """Return the message of AccessDenied without the user, or `""`."""
    try:
        caller.authorize(action, *resource)
    except ApiError as error:
        return f"{error.code} {error}".removeprefix(f"AccessDenied User: {ALICE.arn} is not authorized to perform: ")
    return ""


def test_authorize() -> None:
    """The message names the resource as AWS does, and whether a Deny or a missing Allow is the reason."""
    why = "because no identity-based policy allows the iam:GetUser action"
    assert denial(caller_with(*DEFAULTS), "iam:GetUser", BOB, "user bob") == f"iam:GetUser on resource: user bob {why}"
    assert denial(caller_with(*DEFAULTS), "iam:GetUser", BOB) == f"iam:GetUser on resource: {BOB} {why}"
    denied = "s3:ListAllMyBuckets with an explicit deny in an identity-based policy"
    assert denial(caller_with(*DEFAULTS), "s3:ListAllMyBuckets", "*", "") == denied
    assert denial(caller_with(*DEFAULTS, mfa=True), "s3:ListAllMyBuckets", "*", "") == ""


def test_check_not_denied() -> None:
    """GetSessionToken needs no Allow, but a Deny applies."""
    caller_with().check_not_denied("sts:GetSessionToken")
    caller_with(*DEFAULTS).check_not_denied("sts:GetSessionToken")
    statement = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}
    deny = {"Version": "2012-10-17", "Statement": statement}
    with pytest.raises(ApiError, match=r"sts:GetSessionToken on resource: \* with an explicit deny"):
        caller_with(deny).check_not_denied("sts:GetSessionToken")
