from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from toolkit.emulator.protocol import Answer, Refused, Request, error, result, xml


def environ(**changes: Any) -> dict[str, Any]:
    """Return what a WSGI server gives for a request."""
    body = b"Action=GetSessionToken&TokenCode=123456&Empty="
    return {
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/a%20b?x=%2B&Action=Other",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_AMZ_DATE": "now",
        "wsgi.input": io.BytesIO(body + b"more"),
        **changes,
    }


def test_a_request_as_it_was_sent() -> None:
    """Path and query stay encoded, names of headers are small, and the body ends where its length says."""
    request = Request.read(environ())
    assert (request.method, request.path, request.query) == ("POST", "/a%20b", "x=%2B&Action=Other")
    assert request.headers == {"x-amz-date": "now", "content-type": "text/plain", "content-length": "46"}
    assert request.body.endswith(b"&Empty=")
    assert request.form == {"x": "+", "Action": "GetSessionToken", "TokenCode": "123456", "Empty": ""}


@pytest.mark.parametrize("length", ["", "-1", "x", "\N{ARABIC-INDIC DIGIT ONE}", "0"])
def test_no_length_is_no_body(length: str) -> None:
    """A length that is no number is none: the server never waits for the end of the connection."""
    assert Request.read(environ(CONTENT_LENGTH=length)).body == b""


def test_a_body_in_chunks() -> None:
    """Where the server knows the end of the body itself, all of it is read."""
    chunked = environ(**{"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"abc")})
    del chunked["CONTENT_LENGTH"]
    assert Request.read(chunked).body == b"abc"


def test_a_body_that_is_no_text() -> None:
    """Bytes that are no UTF-8 make no parameters, and no error."""
    assert "A" in Request.read(environ(CONTENT_LENGTH="4", **{"wsgi.input": io.BytesIO(b"A=\xff\xfe")})).form


def test_values_do_not_show_what_they_carry() -> None:
    """A request and an answer carry keys and codes; what Python shows of them does not."""
    assert repr(Request.read(environ())) == "Request(method='POST')"
    assert repr(Answer(200, b"secret")) == "Answer(status=200, code='', cut=False)"


def test_xml() -> None:
    """Mappings nest, lists are members, truth is in small letters, and every text survives a parser."""
    text = "<&>\"'\x00\ud800é"
    made = xml('R xmlns="u"', {"List": [{"A": 1}, {"A": text}], "None": [], "Yes": True, "No": False})
    root = ET.fromstring(made)
    assert [item.tag for item in root] == ["{u}List", "{u}None", "{u}Yes", "{u}No"]
    assert [item.text for item in root.iter("{u}A")] == [
        "1",
        "<&>\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}é",
    ]
    assert (root[1].text, root[2].text, root[3].text) == (None, "true", "false")
    assert root[0][0].tag == "{u}member"


def test_result() -> None:
    """An answer is wrapped as a query service does, under an ID of its own."""
    answers = [result("urn:x", "GetIt", {"It": "here"}) for _ in range(2)]
    root = ET.fromstring(answers[0].body)
    assert root.tag == "{urn:x}GetItResponse"
    assert root.findtext("{urn:x}GetItResult/{urn:x}It") == "here"
    assert root.findtext("{urn:x}ResponseMetadata/{urn:x}RequestId")
    assert answers[0].body != answers[1].body
    assert (answers[0].line, answers[0].code) == ("200 OK", "")


@pytest.mark.parametrize(("status", "kind"), [(400, "Sender"), (403, "Sender"), (500, "Receiver"), (503, "Receiver")])
def test_error(status: int, kind: str) -> None:
    """A refusal says its code, its sentence and whose fault it is."""
    answer = error("urn:x", Refused(status, "Code", "A sentence."))
    root = ET.fromstring(answer.body)
    assert root.tag == "{urn:x}ErrorResponse"
    told = [root.findtext(f"{{urn:x}}Error/{{urn:x}}{name}") for name in ("Type", "Code", "Message")]
    assert told == [kind, "Code", "A sentence."]
    assert (answer.status, answer.code) == (status, "Code")


@pytest.mark.parametrize(("status", "line"), [(200, "200 OK"), (403, "403 Forbidden"), (599, "599 Unknown")])
def test_status_lines(status: int, line: str) -> None:
    """Every status has words behind it, also one that HTTP does not know."""
    assert Answer(status).line == line
