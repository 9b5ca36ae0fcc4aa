"""Addresses of servers and proxies: check whether they can be used, and remove their credentials."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, unquote, urlsplit

_TELLING = 4  # letters; a shorter text is not a password, but a part of many words
# Variables that contain addresses, or lists of them, which may include passwords.
_CARRIERS = {
    "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE", "GOAUTH",
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY", "DOCKER_HOST", "PIP_INDEX_URL",
}  # fmt: skip
_NEXT = r"[,|]\s*(?=[A-Za-z][\w+.-]*://|direct\b|off\b)"  # the separator between the addresses of a list
_USERINFO = re.compile(r"//[^/\s]{0,500}@")
# A colon without a port after it begins a password, which may contain slashes; `/@v/` is part of a module's address.
_SLASHED = re.compile(r"//[^/\s:@\[]{0,500}:(?!\d{0,5}(?:[/\s\"'`,|]|$))(?:(?!://)[^\s\"'`]){0,500}@(?!v/)")
_PORT = re.compile(r"(invalid port )\"[^\"]*\"")  # Go quotes the start of a password with a slash as a port


def is_address(text: str) -> bool:
    """Whether botocore and Go can use a text as the address of a proxy."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        rest = parts.path + parts.query + parts.fragment
        mistyped = parts.port == 0 or "@" in rest or "\\" in text  # of a password, to be quoted
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not mistyped
    except ValueError:
        return False


def is_exposed(text: str) -> bool:
    """Whether others can read the traffic to an address: it is plain HTTP, and on another computer."""
    return urlsplit(text).scheme == "http" and not is_loopback(text)


def is_loopback(text: str) -> bool:
    """Whether the traffic to an address stays on this computer; not for a text that is not an address."""
    address = anonymous(text)
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def anonymous(setting: str) -> str:
    """Return an address, or a list of them, without credentials, which may contain a `/` or a `@`."""
    whole = re.match(r"([A-Za-z][\w+.-]*:)?//", setting)
    shown = re.sub(r"//(?:(?!://).)*@", "//…@", setting if whole else f"//{setting}", flags=re.DOTALL)
    return shown if whole else shown.removeprefix("//")


def redact(text: str, environ: Mapping[str, str]) -> str:
    """Return a text without the credentials of any address, whether or not it quotes the environment."""
    return without_proxies(text, [value for name, value in environ.items() if name.upper() in _CARRIERS])


def without_proxies(text: str, settings: Iterable[str]) -> str:
    """Return a text without the credentials of addresses that it quotes completely or in part."""
    known = [setting for setting in settings if "@" in setting]
    lists = [re.split(_NEXT if "://" in setting else r"[,|]", setting) for setting in known]
    addresses = [address for each in lists for address in each if "@" in address]
    for whole in (*known, *addresses):
        for form in _forms(whole):
            text = text.replace(form, anonymous(whole))
    for begun in (re.split(r"[,|]", address)[0] for address in addresses):  # Go splits a list within a password, too
        if "@" not in begun and ":" in begun.partition("//")[2]:
            text = text.replace(begun, f"{begun.partition('//')[0]}//…")
    for userinfo in map(_userinfo, addresses):
        for form in _forms(userinfo):
            text = text.replace(f"{form}@", "…@")
    for form in sorted({form for each in addresses for form in _secrets(each)}, key=len, reverse=True):
        text = _without(text, form)
    text = _PORT.sub(r'\1"…"', text)
    return _USERINFO.sub("//…@", _SLASHED.sub("//…@", text))


def without_mistyped(text: str, settings: Iterable[str]) -> str:
    """Return a text without any part of a mistyped address, because any part may be the password."""
    for setting in settings:
        if not is_address(setting):
            parts = re.split(r"[:/?#@\[\]]", setting.partition("//")[2] or setting)
            for part in (part for part in parts if len(part) >= _TELLING):
                text = text.replace(part, "…")
    return text


def plain_text_notes(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line for each setting that sends secrets over a network without encryption."""
    return (*_plain_engine(environ), *_plain_module_proxies(environ))


def _userinfo(address: str) -> str:
    return (address.partition("//")[2] or address).rpartition("@")[0]


def _secrets(address: str) -> Iterator[str]:
    """Yield the secrets of an address, and their parts: programs may split a mistyped address anywhere."""
    user, colon, password = _userinfo(address).partition(":")
    web = address.startswith(("http:", "https:"))
    secret = password if colon else user if web else ""  # `https://token@host`; `ssh://git@host` has no secret
    for part in (secret, *re.split(r"[:/?#@\[\]\s,|]", secret)):
        yield from filter(None, _forms(part))


def _without(text: str, secret: str) -> str:
    if len(secret) >= _TELLING:
        return text.replace(secret, "…")
    found = re.escape(secret)  # a part of many words: only a complete quotation, or the text before a host
    return re.sub(rf"([\"'`]):?{found}\1", r"\1…\1", re.sub(rf"(?<!\w){found}@", "…@", text))


def _forms(text: str) -> tuple[str, ...]:
    """Return the forms in which programs quote a text, the longest first."""
    plain = unquote(text)
    quoted = {quote(plain, safe=""), quote(plain, safe="/:@,|")}
    forms = {text, plain, *quoted, *(re.sub("%..", lambda found: found[0].lower(), form) for form in quoted)}
    forms |= {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in (text, plain) for ascii_only in (True, False)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _plain_engine(environ: Mapping[str, str]) -> Iterator[str]:
    address = environ.get("DOCKER_HOST", "")
    plain = address.startswith(("tcp://", "http://")) and not environ.get("DOCKER_TLS_VERIFY")
    if plain and not is_loopback(address):
        yield f"`DOCKER_HOST={anonymous(address)}` is not encrypted: sources and proxy passwords can be read on the way"


def _plain_module_proxies(environ: Mapping[str, str]) -> Iterator[str]:
    for address in re.split(_NEXT, environ.get("GOPROXY", "")):
        if address.strip().startswith("http://") and "@" in address and not is_loopback(address):
            yield f"`GOPROXY={anonymous(address.strip())}` is not encrypted: its password can be read on the way"
