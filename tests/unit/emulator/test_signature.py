from __future__ import annotations

import dataclasses
import hashlib

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from toolkit.emulator.protocol import Request
from toolkit.emulator.signature import Claim, claim, matches, sign, stamp

STAMP = "20150830T123600Z"
CLAIM = Claim("AKIDEXAMPLE", STAMP[:8], "us-east-1", "iam", ("host", "x-amz-date"), "0" * 64, STAMP, 1440938160)
EXAMPLE = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, "
    f"Signature={'0' * 64}"
)


def request(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Request:
    """Return a request as it comes from the network."""
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body, {})


def test_example_of_the_documentation() -> None:
    """The signature of the request that AWS's documentation signs step by step is the one that stands there."""
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": "iam.amazonaws.com",
        "x-amz-date": STAMP,
    }
    claimed = dataclasses.replace(CLAIM, signed=tuple(headers))
    asked = request("GET", "/?Action=ListUsers&Version=2010-05-08", headers)
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert sign(asked, claimed, EXAMPLE) == expected
    assert matches(asked, dataclasses.replace(claimed, signature=expected), EXAMPLE)


def test_example_of_s3() -> None:
    """So is the one that the documentation of S3 gives for a part of an object."""
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-amz-date": "20130524T000000Z",
    }
    claimed = Claim("AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", tuple(headers), "", "20130524T000000Z", 0)
    expected = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert sign(request("GET", "/test.txt", headers), claimed, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") == expected


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
    """What botocore signs is what is checked, with every kind of path, query, body and blank."""
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
    claimed = dataclasses.replace(CLAIM, service=service, signed=signed, signature=expected)
    assert matches(request(method, target, headers, body), claimed, "secret")
    assert not matches(request(method, target, headers, body), claimed, "Secret")
    assert not matches(request(method, target, headers, body + b"x"), claimed, "secret")


@pytest.mark.parametrize(("service", "good"), [("s3", True), ("sts", False)])
@pytest.mark.parametrize("told", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_unsigned_bodies(service: str, good: bool, told: str) -> None:  # noqa: FBT001 - of a table
    """Only S3 lets a client leave the body unsigned."""
    headers = {"host": "h", "x-amz-date": STAMP, "x-amz-content-sha256": told}
    claimed = dataclasses.replace(CLAIM, service=service, signed=tuple(sorted(headers)))
    first = sign(request("PUT", "/k", headers, b"a"), claimed, "s")
    assert (sign(request("PUT", "/k", headers, b"b"), claimed, "s") == first) == good


@pytest.mark.parametrize("signed", [("x-amz-date",), ("host",), ("content-type",)])
def test_host_and_time_have_to_be_signed(signed: tuple[str, ...]) -> None:
    """A signature without them could be sent elsewhere, or later."""
    asked = request("GET", "/", {"host": "h", "x-amz-date": STAMP, "content-type": "t"})
    claimed = dataclasses.replace(CLAIM, signed=signed)
    claimed = dataclasses.replace(claimed, signature=sign(asked, claimed, "s"))
    assert not matches(asked, claimed, "s")


def test_claim() -> None:
    """All that a request says of itself is read from its headers."""
    asked = request("POST", "/", {"authorization": AUTHORIZATION, "x-amz-date": STAMP})
    assert claim(asked) == CLAIM
    assert (
        claim(request("POST", "/", {"authorization": AUTHORIZATION.replace(", ", ","), "x-amz-date": STAMP})) == CLAIM
    )
    assert CLAIM.scope == "20150830/us-east-1/iam/aws4_request"
    assert stamp(CLAIM.signed_at + 0.9) == STAMP


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
def test_no_claim(authorization: str, date: str) -> None:
    """Headers that are not those of a signed request, or whose times differ or are none, claim nothing."""
    assert claim(request("POST", "/", {"authorization": authorization, "x-amz-date": date})) is None
