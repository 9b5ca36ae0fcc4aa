"""The proof that a built program can log in: runs it for real, then checks the session with AWS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from toolkit.aws.clients import Aws, Caller, Identity
from toolkit.errors import AwsRefused, CodeRefused
from toolkit.go import targets
from toolkit.mfa.login import Login, checked, written
from toolkit.mfa.program import log_in
from toolkit.mfa.proof import Evidence, Proof, judged
from toolkit.model import Binary, Release
from toolkit.outputs import manifest

T = TypeVar("T")

Codes = Callable[[tuple[str, ...]], str]  # returns a code, given the rejected ones; "" if it has no other

_TRIES = 3  # codes to try


def verify(login: Login, release: Release, codes: Codes, *, require_s3: bool = False) -> Proof:
    """Log in with this machine's program, and check the session.

    Raises CodeMalformed, the error that the program names, LoginFailed, the errors of `codes`, or NotProven if the
    program is not the one that was built. AWS's view of the session is in the checks; see `proof.require`.
    """
    program = targets.mine(release.binaries)
    with ThreadPoolExecutor() as pool:
        ready = pool.submit(Aws, login.limit)
        code = checked(codes(()))
        aws = ready.result()
        owner = pool.submit(aws.identity, login.source)
        said = _logged_in(program, login, code, codes)
        got = written(login)
        session = pool.submit(_or_refusal, aws.identity, got.caller)
        further = pool.submit(_or_refusal, aws.session, got.caller)
        user = pool.submit(_or_refusal, aws.user, got.caller)
        buckets = pool.submit(_or_refusal, aws.buckets, got.caller)
        found = Evidence(
            program, _released(release, program), owner.result(), session.result(), login.before, got,
            further.result(), user.result(), buckets.result(),
        )  # fmt: skip
    identity = found.session if isinstance(found.session, Identity) else None
    return Proof(identity, tuple(judged(found, require_s3=require_s3)), said)


def _logged_in(program: Binary, login: Login, code: str, codes: Codes) -> str:
    """Run the program with a code, and with others while AWS rejects them; return its standard error."""
    refused: tuple[str, ...] = ()
    while True:
        try:
            return log_in(program, login, code)
        except CodeRefused:
            refused = (*refused, code)
            code = codes(refused) if len(refused) < _TRIES else ""
            if not code:
                raise
            code = checked(code)


def _released(release: Release, program: Binary) -> str | None:
    """Return the SHA-256 of a program's pair in the release, None if the release does not contain it.

    A release of another program, from `--source`, says nothing about this one.
    """
    try:
        document = manifest.read(release)
        (row,) = (row["binary"] for row in document["targets"] if row["target"] == str(program.target))
        theirs = (document["name"], row["build_info"]["path"], row["build_info"]["main"]["path"])
        same = theirs == (release.source.name, program.info.path, program.info.main.path)
        return row["sha256"] if same and isinstance(row["sha256"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _or_refusal(call: Callable[[Caller], T], caller: Caller) -> T | AwsRefused:
    try:
        return call(caller)
    except AwsRefused as refused:
        return refused
