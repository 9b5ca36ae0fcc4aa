from __future__ import annotations

import dataclasses
import hashlib

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from toolkit.emulator.protocol import Request
from toolkit.emulator.signature import Claim, parse, sign, timestamp, verify

STAMP = "20150830T123600Z"
CLAIM = Claim("AKIDEXAMPLE", STAMP[:8], "us-east-1", "iam", ("host", "x-amz-date"), "0" * 64, STAMP, 1440938160)
EXAMPLE = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, "
    f"Signature={'0' * 64}"
)


def request(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Request:
    """Return a request as received from the network."""
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body, {})


def test_example_of_the_documentation() -> None:
    """The signature is the one that AWS's documentation computes step by step for this request."""
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": STAMP,
    }
    claim = dataclasses.replace(CLAIM, signed_headers=tuple(headers))
    asked = request("GET", "/?Action=ListUsers&Version=2010-05-08", headers)
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert sign(asked, claim, EXAMPLE) == expected
    assert verify(asked, dataclasses.replace(claim, signature=expected), EXAMPLE)


def test_example_of_s3() -> None:
    """The signature is the one that the documentation of S3 gives for a part of an object."""
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-amz-date": "20130524T000000Z",
    }
    claim = Claim("AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", tuple(headers), "", "20130524T000000Z", 0)
    expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert sign(request("GET", "/test.txt", headers), claim, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") == expected


@pytest.mark.parametrize("service", ["sts", "s3"])
@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/", b"Action=GetCallerIdentity"),
        ("GET", "/a%20b/c%2Bd", b""),
        ("GET", "/%C3%A4/~x-._y", b""),
        ("GET", "/?list-type=2&prefix=a%2Fb&empty=&b=2&a=~&a=1", b""),
        ("PUT", "/k", "ä\n".encode()),
    ],
)
def test_same_as_botocore(service: str, method: str, target: str, body: bytes) -> None:
    """Signatures of botocore are verified, with every kind of path, query, body and space."""
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("AKIDEXAMPLE", "secret"), service, "us-east-1")
    theirs = AWSRequest(method, f"http://127.0.0.1:1{target}", data=body)
    theirs.headers["Host"] = "127.0.0.1:1"
    theirs.headers["X-Amz-Meta-Blanks"] = "  two   blanks "
    theirs.headers["X-Amz-Date"] = theirs.context["timestamp"] = STAMP
    if service == "s3":
        theirs.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
    expected = auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)
    signed = tuple(auth.signed_headers(auth.headers_to_sign(theirs)).split(";"))
    headers = {name.lower(): value for name, value in theirs.headers.items()}
    claim = dataclasses.replace(CLAIM, service=service, signed_headers=signed, signature=expected)
    assert verify(request(method, target, headers, body), claim, "secret")
    assert not verify(request(method, target, headers, body), claim, "Secret")
    assert not verify(request(method, target, headers, body + b"x"), claim, "secret")


@pytest.mark.parametrize(("service", "good"), [("s3", True), ("sts", False)])
@pytest.mark.parametrize("declared", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_unsigned_bodies(service: str, good: bool, declared: str) -> None:  # noqa: FBT001 - from a table
    """Only S3 allows unsigned bodies."""
    headers = {"host": "h", "x-amz-date": STAMP, "x-amz-content-sha256": declared}
    claim = dataclasses.replace(CLAIM, service=service, signed_headers=tuple(sorted(headers)))
    first = sign(request("PUT", "/k", headers, b"a"), claim, "s")
    assert (sign(request("PUT", "/k", headers, b"b"), claim, "s") == first) == good


@pytest.mark.parametrize("signed", [("x-amz-date",), ("host",), ("content-type",)])
def test_host_and_time_must_be_signed(signed: tuple[str, ...]) -> None:
    """A signature that does not cover them is rejected: it could be replayed elsewhere, or later."""
    asked = request("GET", "/", {"host": "h", "x-amz-date": STAMP, "content-type": "t"})
    claim = dataclasses.replace(CLAIM, signed_headers=signed)
    claim = dataclasses.replace(claim, signature=sign(asked, claim, "s"))
    assert not verify(asked, claim, "s")


def test_parse() -> None:
    """The claim is read from the headers."""
    asked = request("POST", "/", {"authorization": AUTHORIZATION, "x-amz-date": STAMP})
    assert parse(asked) == CLAIM
    assert (
        parse(request("POST", "/", {"authorization": AUTHORIZATION.replace(", ", ","), "x-amz-date": STAMP})) == CLAIM
    )
    assert CLAIM.scope == "20150830/us-east-1/iam/aws4_request"
    assert timestamp(CLAIM.signed_at + 0.9) == STAMP


@pytest.mark.parametrize(
    ("authorization", "date"),
    [
        ("", STAMP),
        ("Bearer x", STAMP),
        (AUTHORIZATION.replace("AWS4", "AWS5"), STAMP),
        (AUTHORIZATION.replace("/iam", ""), STAMP),
        (AUTHORIZATION[:-1], STAMP),
        (AUTHORIZATION + "0", STAMP),
        (AUTHORIZATION, ""),
        (AUTHORIZATION, "20150831T123600Z"),
        (AUTHORIZATION, "20150830T126000Z"),
        (AUTHORIZATION, "20150830"),
        (AUTHORIZATION.replace("20150830", "20159999"), "20159999T123600Z"),
    ],
)
def test_parse_without_a_signature(authorization: str, date: str) -> None:
    """Headers of an unsigned request, and invalid or different times, are not a claim."""
    assert parse(request("POST", "/", {"authorization": authorization, "x-amz-date": date})) is None
