from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import pytest

from toolkit.emulator import Kind
from toolkit.emulator.__main__ import main
from toolkit.emulator.faults import Cut, Delay, Failure, Faults, Lie, Throttle
from toolkit.emulator.flaws import Flawed
from toolkit.emulator.identity import Caller, Directory, User
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.protocol import Answer, Refused, Request
from toolkit.emulator.registry import Registry
from toolkit.emulator.s3 import S3
from toolkit.emulator.sts import Sts
from toolkit.settings import ROOT

NOW = 1_800_000_000.0
REGISTRY = Registry(lambda: NOW)
APP = REGISTRY.make(Kind.VIRTUAL, "arn:aws:iam::123456789012:mfa/alice", "alice")
ALICE = User("alice", "arn:aws:iam::123456789012:user/alice", "AIDA", "AKIAALICE", "secret", REGISTRY)


def request(method: str = "POST", target: str = "/", body: str = "") -> Request:
    """Return a request as it comes from the network."""
    path, _, query = target.partition("?")
    return Request(method, path, query, {}, body.encode(), {})


# --- faults ----------------------------------------------------------------------------------------------------------


def struck(faults: Faults, action: str) -> str:
    """Return the code of the fault that strikes a call, or `""`."""
    try:
        faults.strike(action)
    except Refused as refused:
        return refused.code
    except Flawed as flawed:
        return flawed.flaw.name
    return ""


def test_faults_strike_in_order() -> None:
    """Each strikes its own action as often as it says, the first first, and then no more."""
    faults = Faults()
    for fault in (
        Failure("A", 2, 400, "a"),
        Failure("B", 1, 400, "b"),
        Failure("A", 1, 500, "c"),
        Throttle("A", 1),
    ):
        faults.add(fault)
    assert struck(faults, "C") == ""
    assert [struck(faults, action) for action in "AABAABA"] == ["a", "a", "b", "c", "THROTTLED", "", ""]
    assert faults.waiting == ()


def test_lies_are_apart_from_other_faults() -> None:
    """A lie strikes answers and nothing else does, and of two lies the first one that fits."""
    faults = Faults()
    texts = [(("X", "1"),), (("Y", "2"), ("Z", "&")), (("Z", "3"),)]
    for fault in (*(Lie("A", 1, pairs) for pairs in texts), Lie("A", 1, texts[2], sessions=True)):
        faults.add(fault)
    assert struck(faults, "A") == ""
    answer = Answer(200, b"<R><Z>0</Z><Y></Y><Z>0</Z><X><Z>0</Z></X></R>", (("Content-Length", "9"), ("A", "b")))
    bent = faults.bend("A", answer, session=False)
    assert bent.body == b"<R><Z>&amp;</Z><Y>2</Y><Z>&amp;</Z><X><Z>&amp;</Z></X></R>"
    assert bent.headers == (("A", "b"),)
    assert faults.bend("B", answer, session=True) == answer
    assert b"<Z>3</Z>" in faults.bend("A", answer, session=False).body
    assert faults.bend("A", answer, session=False) == answer
    assert b"<Z>3</Z>" in faults.bend("A", answer, session=True).body
    assert faults.waiting == (Lie("A", 1, texts[0]),)


def test_cuts() -> None:
    """A cut strikes an answer that has something to cut, after a lie about it."""
    faults, answer = Faults(), Answer(200, b"<R><X>0</X></R>")
    for fault in (Cut("A", 2), Lie("A", 1, (("X", "1"),))):
        faults.add(fault)
    assert not faults.bend("B", answer, session=False).cut
    assert not faults.bend("A", Answer(200), session=False).cut
    bent = faults.bend("A", answer, session=False)
    assert (bent.cut, bent.body) == (True, b"<R><X>1</X></R>")
    assert faults.waiting == (Cut("A", 1),)


def test_what_waits_is_told() -> None:
    """Those that are still to strike are told, with how often."""
    faults = Faults()
    faults.add(Failure("A", 3, 400, "a"))
    struck(faults, "A")
    assert faults.waiting == (Failure("A", 2, 400, "a"),)


def test_nobody_waits_after_the_end() -> None:
    """A call that hangs goes on when the emulator stops, and later ones do not hang at all."""
    faults = Faults()
    faults.add(Delay("A", 2, 3600))
    hanging = threading.Thread(target=struck, args=(faults, "A"))
    hanging.start()
    hanging.join(0.05)
    assert hanging.is_alive()
    faults.end()
    hanging.join(5)
    assert not hanging.is_alive()
    began = time.monotonic()
    assert struck(faults, "A") == ""
    assert time.monotonic() - began < 5


# --- the services ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "action"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/?x-id=ListBuckets", "ListBuckets"),
        ("HEAD", "/b", "HeadBucket"),
        ("HEAD", "/b/", "HeadBucket"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b?prefix=a&delimiter=%2F&max-keys=5", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=&encoding-type=url", "ListObjectsV2"),
        ("GET", "/b?location", "GetBucketLocation"),
        ("GET", "/b?acl", "GetBucket"),
        ("GET", "/b?policy=&list-type=2", "GetBucket"),
        ("GET", "/b/k", "GetObject"),
        ("GET", "/b/k/l?list-type=2", "GetObject"),
        ("HEAD", "/b/k", "HeadObject"),
        ("HEAD", "/", "HeadService"),
        ("POST", "/", "PostService"),
        ("PUT", "/b", "PutBucket"),
        ("PUT", "/b/k", "PutObject"),
        ("DELETE", "/b?location", "DeleteBucket"),
        ("POST", "/b?delete", "PostBucket"),
    ],
)
def test_actions_of_s3(method: str, target: str, action: str) -> None:
    """What is asked of S3 stands in method, path and query; what is not known to be a look is none."""
    assert S3(Moto("1")).action(request(method, target)) == action


def session_for(form: Mapping[str, str]) -> str:
    """Return the sentence with which GetSessionToken refuses, or the end of the session."""
    sts = Sts(Directory(lambda: NOW), "123456789012")
    body = "&".join(f"{name}={value}" for name, value in form.items())
    try:
        answer = sts.handle(request(body=body), "GetSessionToken", Caller(ALICE))
    except Refused as refused:
        return str(refused)
    assert answer.status == 200
    return answer.body.decode().partition("<Expiration>")[2].partition("<")[0]


@pytest.mark.parametrize(
    ("form", "end"),
    [
        ({"DurationSeconds": "900"}, "2027-01-15T08:15:00Z"),
        ({"DurationSeconds": "129600"}, "2027-01-16T20:00:00Z"),
        ({}, "2027-01-15T20:00:00Z"),
    ],
)
def test_durations(form: Mapping[str, str], end: str) -> None:
    """The limits belong to what is allowed, and 12 hours are what nobody asked for."""
    assert session_for(form) == end


@pytest.mark.parametrize(
    "seconds", ["899", "129601", "", "x", "1e4", "-900", "0", "9" * 30, "%D9%A1%D9%A2%D9%A0%D9%A0"]
)
def test_durations_that_are_refused(seconds: str) -> None:
    """What is not a number between them is refused before a code is looked at."""
    said = session_for({"DurationSeconds": seconds, "SerialNumber": APP.serial, "TokenCode": "000000"})
    assert said.startswith("1 validation error detected: Value ")
    assert "at 'durationSeconds'" in said


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5%D9%A6", "12345%0A"])
def test_codes_that_are_none(code: str) -> None:
    """Only six plain digits are a code."""
    assert "at 'tokenCode'" in session_for({"SerialNumber": APP.serial, "TokenCode": code})


@pytest.mark.parametrize(("serial", "bad"), [("a" * 8, True), ("a" * 9, False), ("a" * 256, False), ("a" * 257, True)])
def test_lengths_of_serials(serial: str, bad: bool) -> None:  # noqa: FBT001 - of a table
    """A serial number has 9 to 256 letters."""
    said = session_for({"SerialNumber": serial, "TokenCode": "123456"})
    assert ("at 'serialNumber'" in said) == bad
    assert bad or said.startswith("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify")


def test_all_complaints_at_once() -> None:
    """Whatever is wrong is told in one sentence that counts it."""
    said = session_for({"DurationSeconds": "1", "SerialNumber": "a b", "TokenCode": "x"})
    assert said.startswith("5 validation errors detected: ")
    assert said.count("; Value ") == 4


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argument", ["--port=x", "--port=-1", "--port=65536", "--prot=1", "--account=1", "--account=12345678901x", "more"]
)
def test_arguments_that_are_wrong(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be understood is refused with the usage, before anything starts."""
    with pytest.raises(SystemExit) as caught:
        main([argument])
    assert caught.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("usage: python -m toolkit.emulator [-h] [--port PORT] [--account ACCOUNT]")


def test_moto_is_imported_late() -> None:
    """Who only imports the package does not wait for moto, flask and boto3."""
    heavy = "{'moto', 'flask', 'werkzeug', 'boto3', 'botocore'}"
    code = f"import sys, toolkit.emulator, toolkit.emulator.__main__; sys.exit(str({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
