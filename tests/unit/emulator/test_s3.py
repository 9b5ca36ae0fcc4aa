from __future__ import annotations

import pytest

from toolkit.emulator.moto_backend import Moto
from toolkit.emulator.protocol import Request
from toolkit.emulator.s3 import S3


def request(method: str = "POST", target: str = "/", body: str = "") -> Request:
    """Return a request as received from the network."""
    path, _, query = target.partition("?")
    return Request(method, path, query, {}, body.encode(), {})


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
def test_actions(method: str, target: str, action: str) -> None:
    """The action follows from method, path and query; what is not a known read gets a name that is not supported."""
    assert S3(Moto("1")).action(request(method, target)) == action
