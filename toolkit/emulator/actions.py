"""The actions that a policy may name: all of IAM and STS, and those of S3 that people put into policies."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

# These are permissions without being calls; botocore knows the calls.
_IAM = ("PassRole",)
_STS = ("SetContext", "SetSourceIdentity", "TagSession")
# In S3 permissions and calls have other names.
_S3 = """
AbortMultipartUpload CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject DeleteObjectTagging DeleteObjectVersion
GetAccountPublicAccessBlock GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketNotification
GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetBucketWebsite
GetEncryptionConfiguration GetLifecycleConfiguration GetObject GetObjectAcl GetObjectAttributes GetObjectTagging
GetObjectVersion GetObjectVersionAcl GetReplicationConfiguration ListAllMyBuckets ListBucket
ListBucketMultipartUploads ListBucketVersions ListMultipartUploadParts PutBucketAcl PutBucketPolicy PutBucketTagging
PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration PutObject PutObjectAcl PutObjectTagging
RestoreObject
""".split()  # noqa: SIM905 - forty words, one a line or quoted, would be harder to read


@functools.cache
def known() -> frozenset[str]:
    """Return all, in small letters: `iam:getuser`."""
    from botocore.loaders import Loader

    def calls(service: str) -> Iterable[str]:  # by a loader alone: a session would read the files of whoever runs this
        return tuple(Loader().load_service_model(service, "service-2")["operations"])

    named: dict[str, Iterable[str]] = {"iam": (*calls("iam"), *_IAM), "sts": (*calls("sts"), *_STS), "s3": _S3}
    return frozenset(f"{service}:{name}".lower() for service, names in named.items() for name in names)


def covers(pattern: str, action: str) -> bool:
    """Tell whether what a policy says, with `*` and `?` in it, is or includes an action."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


def check(pattern: str) -> None:
    """Raise ValueError where nothing that is known would ever match: such a line of a policy does nothing."""
    if not any(covers(pattern, action) for action in known()):
        raise ValueError(f"`{pattern}` is no action of IAM, STS or S3 that is known here")
