"""S3: read-only access to buckets, which moto provides."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl

from toolkit.emulator.identity import Caller
from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.protocol import ApiError, CommonError, Request, Response, s3_error

_PERMISSIONS = {
    "ListBuckets": "s3:ListAllMyBuckets",
    "HeadBucket": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "GetBucketLocation": "s3:GetBucketLocation",
}
# Query parameters of a listing; any other parameter names a subresource of the bucket.
_LISTING = {"list-type", "prefix", "delimiter", "max-keys", "marker", "encoding-type", "start-after", "fetch-owner"}


@dataclass(frozen=True)
class S3:
    """The S3 service."""

    moto: Moto

    def action(self, request: Request) -> str:
        """Return the action that a request asks for, from its method, path and query."""
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

    def error(self, error: ApiError | CommonError) -> Response:
        """Return the response for an error."""
        return s3_error(error)

    def handle(self, request: Request, action: str, caller: Caller) -> Response:
        """Handle an authenticated request. Raises ApiError."""
        if action not in _PERMISSIONS:
            raise ApiError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"This emulator does not support S3 {action}")
        bucket = request.path.strip("/")
        arn = f"arn:aws:s3:::{bucket}" if bucket else "*"
        caller.authorize(_PERMISSIONS[action], arn, f'"{arn}"' if bucket else "")
        return self.moto.handle("s3", request)
