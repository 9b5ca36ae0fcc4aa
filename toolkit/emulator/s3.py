"""S3, as far as it is looked at: moto's, for callers whose policies allow it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from toolkit.emulator import permissions
from toolkit.emulator.flaws import Flawed, in_words_of_s3
from toolkit.emulator.identity import Caller
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.protocol import Answer, Refused, Request, xml

_PERMISSIONS = {
    "ListBuckets": "s3:ListAllMyBuckets",
    "HeadBucket": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "GetBucketLocation": "s3:GetBucketLocation",
}
# Parameters of a listing; any other names a sub-resource of the bucket.
_LISTING = {"list-type", "prefix", "delimiter", "max-keys", "marker", "encoding-type", "start-after", "fetch-owner"}


@dataclass(frozen=True)
class S3:
    """The service, with moto behind it."""

    moto: Moto

    def action(self, request: Request) -> str:
        """Return what is asked for: by method, path and query, as there is no parameter that says it."""
        bucket, _, key = request.path.strip("/").partition("/")
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        if request.method == "GET" and not bucket:
            return "ListBuckets"
        if request.method == "HEAD" and bucket and not key:
            return "HeadBucket"
        if request.method == "GET" and bucket and not key and query.keys() <= _LISTING:
            return "ListObjectsV2" if query.get("list-type") == "2" else "ListObjects"
        if request.method == "GET" and bucket and not key and "location" in query:
            return "GetBucketLocation"
        kind = "Object" if key else "Bucket" if bucket else "Service"
        return request.method.capitalize() + kind

    def refuse(self, refused: Refused | Flawed) -> Answer:
        """Return a refusal in this service's XML."""
        said = in_words_of_s3(refused) if isinstance(refused, Flawed) else refused
        told = {"Code": said.code, "Message": str(said), "RequestId": str(uuid.uuid4())}
        return Answer(said.status, xml("Error", told).encode(), (("Content-Type", "application/xml"),), said.code)

    def handle(self, request: Request, action: str, caller: Caller) -> Answer:
        """Answer a call. Raises Refused."""
        if action not in _PERMISSIONS:
            raise Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator has no S3 {action}")
        bucket = request.path.strip("/")
        arn = f"arn:aws:s3:::{bucket}" if bucket else "*"
        permissions.check(caller, _PERMISSIONS[action], arn, f'"{arn}"' if bucket else "")
        return self.moto.ask("s3", request)
