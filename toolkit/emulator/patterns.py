"""Texts of IAM policies: wildcards, and variables that stand for who is calling. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Context = Mapping[str, str]  # what is known of a call, by condition key in small letters; a key may be absent

# All keys that a policy may ask for or put into its texts; every other one is refused when the policy is read.
KEYS = frozenset(
    f"aws:{name}"
    for name in (
        "multifactorauthage", "multifactorauthpresent", "principalaccount", "principalarn", "principaltype", "userid",
        "username", "viaawsservice",
    )
)  # fmt: skip

_TOKEN = re.compile(r"\$\{(.*?)\}|([*?])|(.)", re.DOTALL)
_ESCAPES = frozenset("*?$")  # `${*}` is a star that is no wildcard


def variables(text: str) -> Iterator[str]:
    """Return the keys of the variables in a text, in small letters."""
    return (name.lower() for name, _, _ in _TOKEN.findall(text) if name and name not in _ESCAPES)


def matches(pattern: str, text: str, context: Context, *, wild: bool = True) -> bool:
    """Tell whether a text is what a policy says; with `wild`, `*` and `?` stand for others.

    What a variable stands for is taken as it is. One whose key is absent fits nothing.
    """
    parts = []
    for name, wildcard, letter in _TOKEN.findall(pattern):
        if name in _ESCAPES or not name:
            plain = name or letter or wildcard
            parts.append({"*": ".*", "?": "."}[wildcard] if wildcard and wild else re.escape(plain))
        elif name.lower() in context:
            parts.append(re.escape(context[name.lower()]))
        else:
            return False
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
