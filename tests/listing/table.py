"""The table of calls that list MFA devices, and what the SDK's package for IAM makes of each.

A call has a region, settings of endpoints, and a response for each request; the last response repeats. Only the calls
are written here; `record` adds what was seen. The Go tests of the package `login` compare its own call with the table;
`differs` says why a call is not the same there.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from toolkit.go import toolchain
from toolkit.settings import ROOT

TABLE = Path(__file__).parent / "calls.json"
PROGRAM = ROOT / "tests" / "programs" / "iamview"
Row = dict[str, Any]

# Of each partition: regions that the SDK lists, one that only has the form of its regions, and the one for all regions.
REGIONS = {
    "aws": ("us-east-1", "us-west-2", "eu-central-1", "ap-southeast-7", "mx-central-1", "il-other-9", "aws-global"),
    "aws-cn": ("cn-north-1", "cn-northwest-1", "cn-other-9", "aws-cn-global"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1", "us-gov-other-9", "aws-us-gov-global"),
    "aws-eusc": ("eusc-de-east-1", "eusc-de-other-9"),
    "aws-iso": ("us-iso-east-1", "us-iso-west-1", "us-iso-other-9", "aws-iso-global"),
    "aws-iso-b": ("us-isob-east-1", "us-isob-west-1", "us-isob-other-9", "aws-iso-b-global"),
    "aws-iso-e": ("eu-isoe-west-1", "eu-isoe-other-9", "aws-iso-e-global"),
    "aws-iso-f": ("us-isof-south-1", "us-isof-east-1", "us-isof-other-9", "aws-iso-f-global"),
    # Names of no region, and names that hold parts of endpoints.
    "unknown": ("nowhere", "xx-other-1", "eusc-fr-west-1", "us-gov", "US-EAST-1", "sts", "s.s", "amazonaws.com.cn"),
    "old": ("fips-us-east-1", "us-gov-west-1-fips", "us-fips-west-2", "iam-govcloud-fips", "aws-global-fips"),
    "wrong": ("", "eu west-1", "eu_west-1", "-", "eu-west-1/", "eu-west-1.", "a@b", "é", "x" * 64),
}
ENDPOINTS = ("http://127.0.0.1:5000", "https://iam.example/", "https://iam.example:8443/a/path", "https://u@h/?q=1")
FLAGS = [{"fips": fips, "dualstack": dual} for fips, dual in itertools.product((False, True), repeat=2)]


def calls() -> Iterator[Row]:
    """Yield all calls."""
    for region, flags in itertools.product(itertools.chain(*REGIONS.values()), FLAGS):
        yield {"region": region, **flags, "responses": [_good("")]}
    for endpoint, region, flags in itertools.product(ENDPOINTS, ("eu-west-1", "cn-north-1", "nowhere", ""), FLAGS):
        yield {"region": region, **flags, "endpoint": endpoint, "responses": [_good("")]}
    for user in ("alice", "", "a+b=c,d.e@f-g_h", "two words & more", "é/%41~*'()"):
        yield {"region": "eu-west-1", "user": user, "responses": [_good("")]}
    for responses in (*_pages(), *_bodies(), *_refusals(), *_retried()):
        yield {"region": "eu-west-1", "user": "alice", "responses": responses}
    for reason, responses in _different().items():
        yield {"region": "eu-west-1", "differs": reason, "responses": responses}


def _good(result: str, *, status: int = 200) -> Row:
    listed = f"<ListMFADevicesResult>{result}</ListMFADevicesResult>"
    return {"status": status, "body": f"<ListMFADevicesResponse>{listed}</ListMFADevicesResponse>"}


def _members(*serials: str) -> str:
    rest = "<UserName>alice</UserName><EnableDate>2020-01-01T00:00:00Z</EnableDate>"
    return "".join(f"<member><SerialNumber>{serial}</SerialNumber>{rest}</member>" for serial in serials)


def _page(*serials: str, more: str = "") -> Row:
    truncated = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
    marker = f"<Marker>{more}</Marker>" if more else ""
    return _good(f"{truncated}{marker}<MFADevices>{_members(*serials)}</MFADevices>")


def _refusal(code: str, message: str = "Because.", *, status: int = 403, date: str = "") -> Row:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
    return {"status": status, "body": body, **({"date": date} if date else {})}


PHONE, TOKEN, KEY = "arn:aws:iam::123456789012:mfa/phone", "GAHT12345678", "arn:aws:iam::123456789012:u2f/user/a/k"


def _pages() -> Iterator[list[Row]]:
    yield [_page(PHONE, KEY, TOKEN)]
    yield [_page(PHONE, more="AAA+/=&amp;"), _page(TOKEN, more="B"), _page(KEY)]
    yield [_page(more="AAA"), _page(PHONE)]
    yield [_page(PHONE, more="same"), _page(TOKEN, more="same"), _page(KEY)]
    yield [_page(PHONE, more="AAA"), _refusal("AccessDenied")]
    yield [_page(PHONE, more="AAA"), {"status": 503, "body": ""}, _page(TOKEN)]
    one = f"<MFADevices>{_members(PHONE)}</MFADevices>"
    yield [_good(f"<IsTruncated>true</IsTruncated>{one}")]
    yield [_good(f"<IsTruncated>false</IsTruncated><Marker>AAA</Marker>{one}"), _page()]
    yield [_good(f"<Marker/>{one}")]


def _bodies() -> Iterator[list[Row]]:
    """Yield responses of one text each, good and bad."""
    whole = _page(PHONE)["body"]
    space = ' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"'
    yield [_page("", PHONE, "a&amp;b", "<![CDATA[c<d]]>", " blank ", "é")]
    one, other = (f"<MFADevices>{_members(serial)}</MFADevices>" for serial in (PHONE, TOKEN))
    yield [_good(f"<Other>{other}</Other>{one}")]
    yield [_good("<MFADevices><member><Other/></member><member/></MFADevices>")]
    yield [_good(f"<MFADevices/><!-- a comment --><MFADevices>\n {_members(PHONE)}\n</MFADevices>", status=202)]
    for body in (
        "",
        " \n",
        "<!-- nothing -->",
        "\N{ZERO WIDTH NO-BREAK SPACE}" + whole,
        '<?xml version="1.0" encoding="UTF-8"?>\n' + whole,
        '<?xml version="1.0" encoding="ISO-8859-1"?>' + whole,
        whole.replace("<ListMFADevicesResponse>", f"<ListMFADevicesResponse{space}>"),
        whole.replace("ListMFADevicesResponse", "AnyResponse"),
        whole.replace("ListMFADevicesResult", "GetCallerIdentityResult"),
        whole.replace("</ListMFADevicesResult>", "</Other>"),
        whole.replace("<ListMFADevicesResult>", "<Before><ListMFADevicesResult/></Before><ListMFADevicesResult>"),
        whole.removesuffix("</ListMFADevicesResponse>"),
        whole.removesuffix("</ListMFADevicesResult></ListMFADevicesResponse>"),
        whole[: whole.index(PHONE) + 9],
        whole + "<more>",
        whole.replace("<MFADevices>", "<MFADevices>&nbsp;"),
        whole.replace(PHONE, "\x01"),
        "<ListMFADevicesResult><MFADevices/></ListMFADevicesResult>",
        "<ListMFADevicesResponse/>",
        "<html><head><title>Log in</title></head><body><p>Welcome<br></body></html>",
        "<html><body>Log in</body></html>",
        '{"MFADevices": []}',
        "plain text",
        "<",
    ):
        yield [{"status": 200, "body": body}]
        yield [{"status": 403, "body": body}]


def _refusals() -> Iterator[list[Row]]:
    for code in ("AccessDenied", "InvalidClientTokenId", "ExpiredToken", "NoSuchEntity", "ValidationError", "é", ""):
        yield [_refusal(code, status=404 if code == "NoSuchEntity" else 403)]
    yield [_refusal("NoSuchEntity", "The user with name a &amp; b &lt;c&gt; cannot be found.", status=404)]
    yield [_refusal("AccessDenied", "")]
    yield [_refusal("Moved", status=301)]
    yield [{"status": 400, "body": "<Response><Errors><Error><Code>Other</Code></Error></Errors></Response>"}]
    yield [{"status": 400, "body": "<Error><Code>Bare</Code><Message>Not wrapped.</Message></Error>"}]
    for status in (204, 301, 302, 304, 307, 400, 401, 404, 407, 413, 418):
        yield [{"status": status, "body": ""}]


def _retried() -> Iterator[list[Row]]:
    """Yield what the SDK tries again, and what it does not."""
    good = _page(PHONE)
    for status, code in itertools.product((400, 429, 500, 502, 503, 504), ("Throttling", "ServiceFailure", "Other")):
        yield [_refusal(code, status=status), good]
        yield [_refusal(code, status=status)]
    busy = ("RequestLimitExceeded", "ThrottlingException", "SlowDown", "PriorRequestNotComplete")
    for code in (*busy, "RequestTimeout"):
        yield [_refusal(code, status=400), good]
    for status in (429, 500, 503, 505, 509, 599):
        yield [{"status": status, "body": "<html>Busy</html>"}, good]
    skew = ("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "SignatureDoesNotMatch", "AuthFailure")
    for code in (*skew, "InvalidSignatureException", "AccessDenied"):
        yield [_refusal(code, date="Fri, 01 Jan 2100 00:00:00 GMT"), good]
    yield [{"status": 0}, good]
    yield [{"status": 0}]
    for body in ("", good["body"], good["body"].removesuffix("</ListMFADevicesResponse>"), good["body"][:99]):
        yield [{"status": 200, "body": body, "cut": True}, good]
        yield [{"status": 403, "body": body, "cut": True}, good]


def _different() -> dict[str, list[Row]]:
    """Return responses that AWS does not give, and that the package for IAM takes for something else."""
    one = _members(PHONE)
    return {
        "dates of devices are not read": [_good(f"<MFADevices>{one.replace('2020-01-01T', '')}</MFADevices>")],
        "only the marker says whether there is more": [_good("<IsTruncated>perhaps</IsTruncated>")],
        "names have one case": [_good(f"<mfadevices>{one}</mfadevices>")],
        "a serial number may hold elements": [_good(f"<MFADevices>{one.replace(PHONE, PHONE + '<b/>')}</MFADevices>")],
        "a refusal without a message has that of others": [_refusal("NoSuchEntity", "", status=404)],
        "the code of a refusal is as it came": [_refusal("nosuchentity", status=404)],
        "STS tries this again": [_refusal("IDPCommunicationError", status=400), _page(PHONE)],
    }


def recorded() -> list[Row]:
    """Return the calls of the table with what was seen of them."""
    rows: list[Row] = json.loads(TABLE.read_text("utf-8"))
    return rows


def seen(rows: Sequence[Row]) -> list[Row]:
    """Return what the package for IAM makes of calls now, where nothing can be reached."""
    with tempfile.TemporaryDirectory() as folder:
        built = toolchain.go().run("build", "-o", f"{folder}/iamview", ".", cwd=PROGRAM)
        assert built.returncode == 0, built.stderr
        said = "\n".join(map(json.dumps, rows))
        done = subprocess.run([f"{folder}/iamview"], input=said, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
