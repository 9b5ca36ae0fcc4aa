"""The actions that a policy may name: all of IAM and STS, and the usual ones of S3."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

# Actions that are permissions but not API calls; botocore lists the API calls.
_IAM = ("PassRole",)
_STS = ("SetContext", "SetSourceIdentity", "TagSession")
# In S3, actions are named differently from API calls.
_S3 = """
AbortMultipartUpload CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject DeleteObjectTagging DeleteObjectVersion
GetAccountPublicAccessBlock GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketNotification
GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetBucketWebsite
GetEncryptionConfiguration GetLifecycleConfiguration GetObject GetObjectAcl GetObjectAttributes GetObjectTagging
GetObjectVersion GetObjectVersionAcl GetReplicationConfiguration ListAllMyBuckets ListBucket
ListBucketMultipartUploads ListBucketVersions ListMultipartUploadParts PutBucketAcl PutBucketPolicy PutBucketTagging
PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration PutObject PutObjectAcl PutObjectTagging
RestoreObject
""".split()  # noqa: SIM905 - a list of forty strings would be harder to read


def matches(pattern: str, action: str) -> bool:
    """Return whether an action matches a pattern with `*` and `?`. Case does not matter."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


def check(pattern: str) -> None:
    """Raise ValueError if a pattern matches no known action: such a line of a policy would have no effect."""
    if not any(matches(pattern, action) for action in _known()):
        raise ValueError(f"unknown action `{pattern}` of IAM, STS or S3")


@functools.cache
def _known() -> frozenset[str]:
    from botocore.loaders import Loader

    def calls(service: str) -> Iterable[str]:  # with a Loader alone: a session would read the user's AWS files
        return tuple(Loader().load_service_model(service, "service-2")["operations"])

    names: dict[str, Iterable[str]] = {"iam": (*calls("iam"), *_IAM), "sts": (*calls("sts"), *_STS), "s3": _S3}
    return frozenset(f"{service}:{name}" for service, listed in names.items() for name in listed)
