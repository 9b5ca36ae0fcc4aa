"""Addresses of servers and proxies: which can be used, and how they are shown without a user or a password."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_TELLING = 4  # letters: what is shorter than that is no password, and a part of many words


def is_address(text: str) -> bool:
    """Whether botocore and Go can use a text as the address of a proxy."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        mistyped = parts.port == 0 or "@" in parts.path + parts.query + parts.fragment  # of a password, to be quoted
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not mistyped
    except ValueError:
        return False


def anonymous(setting: str) -> str:
    """Return an address, or a list of them, without users and passwords, in which there may be a `/` or a `@`."""
    whole = re.match(r"([A-Za-z][\w+.-]*:)?//", setting)
    shown = re.sub(r"//(?:(?!://).)*@", "//…@", setting if whole else f"//{setting}")
    return shown if whole else shown.removeprefix("//")


def without_users(text: str) -> str:
    """Return a text in which no address carries a user or a password."""
    return re.sub(r"//[^/\s]*@", "//…@", text)


def without_proxies(text: str, proxies: Iterable[str]) -> str:
    """Return a text without the users and passwords of proxies, of which it may quote whole addresses or parts."""
    for address in proxies:
        if is_address(address):
            shown, parts = anonymous(address), [urlsplit(address if "//" in address else f"//{address}").password or ""]
        else:  # a mistyped one is taken apart in the wrong places
            shown, parts = "…", re.split(r"[:/?#@\[\]]", address.partition("//")[2] or address)
        text = text.replace(address, shown)
        for part in (part for part in parts if len(part) >= _TELLING):
            text = text.replace(part, "…")
    return re.sub(r"//[^\s\"']*@", "//…@", text)
