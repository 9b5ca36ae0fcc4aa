"""The AWS config and credentials files as botocore and the AWS SDK for Go each see them, and the values that we use.

The twin of the Go package `awsfiles`: same rules, same words, and one table of cases for both. Pure: bytes in, values
out. botocore decodes files with the encoding of the locale; this package assumes UTF-8.

`read` parses both files for both readers, `Reading.profile` returns both views of a profile, `source` and
`destination` apply our rules, and `resolve` adds flags and environment variables.
"""

from __future__ import annotations

from toolkit.aws.profiles.reading import End, Hop, Profile, Reading, read
from toolkit.aws.profiles.resolving import Calls, configured_endpoint, resolve
from toolkit.aws.profiles.rules import Settings, destination, settings, source
from toolkit.aws.profiles.views import Fault, File, Place, Reason, Refused, Value, View

__all__ = [
    "Calls",
    "End",
    "Fault",
    "File",
    "Hop",
    "Place",
    "Profile",
    "Reading",
    "Reason",
    "Refused",
    "Settings",
    "Value",
    "View",
    "configured_endpoint",
    "destination",
    "read",
    "resolve",
    "settings",
    "source",
]
