from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from toolkit.emulator.protocol import (
    ApiError,
    CommonError,
    Problem,
    Request,
    Response,
    query_error,
    query_result,
    s3_error,
    xml,
)


def environ(**changes: Any) -> dict[str, Any]:
    """Return the WSGI environment of a request."""
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


def test_read() -> None:
    """Path and query stay encoded, header names are in lower case, and the body ends after its length."""
    request = Request.read(environ())
    assert (request.method, request.path, request.query) == ("POST", "/a%20b", "x=%2B&Action=Other")
    assert request.headers == {"x-amz-date": "now", "content-type": "text/plain", "content-length": "46"}
    assert request.body.endswith(b"&Empty=")
    assert request.form == {"x": "+", "Action": "GetSessionToken", "TokenCode": "123456", "Empty": ""}


@pytest.mark.parametrize("length", ["", "-1", "x", "\N{ARABIC-INDIC DIGIT ONE}", "0"])
def test_invalid_length(length: str) -> None:
    """An invalid length means no body: the server never waits for the end of the connection."""
    assert Request.read(environ(CONTENT_LENGTH=length)).body == b""


def test_chunked_body() -> None:
    """If the server marks the end of the body, all of it is read."""
    chunked = environ(**{"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"abc")})
    del chunked["CONTENT_LENGTH"]
    assert Request.read(chunked).body == b"abc"


def test_binary_body() -> None:
    """Bytes that are not UTF-8 are not an error."""
    assert "A" in Request.read(environ(CONTENT_LENGTH="4", **{"wsgi.input": io.BytesIO(b"A=\xff\xfe")})).form


def test_repr() -> None:
    """The repr of requests and responses contains no keys or codes."""
    assert repr(Request.read(environ())) == "Request(method='POST')"
    assert repr(Response(200, b"secret")) == "Response(status=200, code='', truncated=False)"


def test_xml() -> None:
    """Mappings nest, list items are members, booleans are in lower case, and every text survives a parser."""
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


def test_query_result() -> None:
    """A result has the envelope of a query service and a new request ID."""
    responses = [query_result("urn:x", "GetIt", {"It": "here"}) for _ in range(2)]
    root = ET.fromstring(responses[0].body)
    assert root.tag == "{urn:x}GetItResponse"
    assert root.findtext("{urn:x}GetItResult/{urn:x}It") == "here"
    assert root.findtext("{urn:x}ResponseMetadata/{urn:x}RequestId")
    assert responses[0].body != responses[1].body
    assert (responses[0].status_line, responses[0].code) == ("200 OK", "")


@pytest.mark.parametrize(("status", "kind"), [(400, "Sender"), (403, "Sender"), (500, "Receiver"), (503, "Receiver")])
def test_query_error(status: int, kind: str) -> None:
    """An error has its code, its message and whose fault it is."""
    response = query_error("urn:x", ApiError(status, "Code", "A sentence."))
    root = ET.fromstring(response.body)
    assert root.tag == "{urn:x}ErrorResponse"
    texts = [root.findtext(f"{{urn:x}}Error/{{urn:x}}{name}") for name in ("Type", "Code", "Message")]
    assert texts == [kind, "Code", "A sentence."]
    assert (response.status, response.code) == (status, "Code")


@pytest.mark.parametrize("problem", list(Problem))
def test_common_errors(problem: Problem) -> None:
    """Each service has a message for each problem; only STS and IAM mention the times of a wrong clock."""
    error = CommonError(problem, "Signature expired: …")
    query, s3 = query_error("urn:x", error), s3_error(error)
    messages = [
        ET.fromstring(query.body).findtext("{urn:x}Error/{urn:x}Message"), ET.fromstring(s3.body).findtext("Message")
    ]  # fmt: skip
    assert all(messages)
    assert {query.status, s3.status} <= {400, 403, 503}
    assert (messages[0] == "Signature expired: …") == (problem is Problem.SKEWED)
    assert messages[1] != "Signature expired: …"
    assert query.code != "AccessDenied"  # that one means a policy or a wrong code


@pytest.mark.parametrize(("status", "line"), [(200, "200 OK"), (403, "403 Forbidden"), (599, "599 Unknown")])
def test_status_lines(status: int, line: str) -> None:
    """Every status has a phrase, also one that HTTP does not define."""
    assert Response(status).status_line == line
