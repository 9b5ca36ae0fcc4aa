"""The AWS config and credentials files as botocore and the AWS SDK for Go each see them, and what we take from them.

The twin of the Go package `awsfiles`: same rules, same words, and one table of cases for both. Pure: bytes in, values
out. `read` parses both files for both readers, `Reading.profile` returns both views of a profile, `source` and
`destination` apply our rules, and `resolve` adds flags and environment variables.
"""

from __future__ import annotations

from toolkit.mfa.profiles.reading import Profile, Reading, read
from toolkit.mfa.profiles.resolving import Calls, resolve
from toolkit.mfa.profiles.rules import Settings, destination, settings, source
from toolkit.mfa.profiles.views import Fault, File, Place, Reason, Refused, Value, View

__all__ = [
    "Calls",
    "Fault",
    "File",
    "Place",
    "Profile",
    "Reading",
    "Reason",
    "Refused",
    "Settings",
    "Value",
    "View",
    "destination",
    "read",
    "resolve",
    "settings",
    "source",
]
