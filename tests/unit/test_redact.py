from __future__ import annotations

import re
import time

import pytest

from toolkit.redact import anonymous, is_address, is_exposed, plain_text_notes, redact, without_proxies

REFUSED = "Could not connect to the proxy URL: `{}`"


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("http://u:p/q@proxy:1", "http://…@proxy:1"),
        ("u:p@q@proxy:1", "…@proxy:1"),
        ("https://a:b@one,https://c:d/e@two|direct", "https://…@one,https://…@two|direct"),
        ("http://proxy:1", "http://proxy:1"),
        ("//proxy:1", "//proxy:1"),
        ("proxy:1", "proxy:1"),
        ("", ""),
    ],
)
def test_addresses_are_shown_without_passwords(setting: str, shown: str) -> None:
    """Their characters do not matter."""
    assert anonymous(setting) == shown


@pytest.mark.parametrize("text", ["http://proxy", "proxy:3128", "https://u:p@proxy:3128/", "http://[::1]:3128"])
def test_an_address_of_a_proxy(text: str) -> None:
    """It has a host, and optionally a port."""
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["", "http://", "http://host:port", "http://[::1", "socks5://proxy", "http://u:a/b@proxy", "http://p:0"]
)
def test_no_address_of_a_proxy(text: str) -> None:
    """Neither botocore nor Go can use it; a `/` in a password must be quoted."""
    assert not is_address(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:secret@proxy.example:3128", "http://…@proxy.example:3128"),
        ("https://secret@modules.example/a@b,direct", "https://…@modules.example/a@b,direct"),
        ("https://a:secret@one.example|https://b:secret@two.example", "https://…@one.example|https://…@two.example"),
        ("https://modules.example,direct", "https://modules.example,direct"),
        ("module example.test/x@v1.0.0", "module example.test/x@v1.0.0"),
        ("http://user:se@cret@proxy.example", "http://…@proxy.example"),
        ("http://user:se,cret@proxy.example", "http://…@proxy.example"),
    ],
)
def test_a_text_is_shown_without_the_users_of_addresses(text: str, shown: str) -> None:
    """The credentials in any address that a go command or curl would accept are never shown."""
    assert redact(text, {}) == shown


@pytest.mark.parametrize(
    ("proxies", "told", "shown"),
    [
        ([], "http://localhost:1", "http://localhost:1"),
        (["http://proxy:hunter2@a:1"], "http://proxy:hunter2@a:1", "http://…@a:1"),
        (["proxy:hunter2@a:1"], "hunter2@a", "…@a"),
        (["http://user:hunter2/b@a:1"], "hunter2", "…"),
    ],
)
def test_a_text_is_shown_without_the_passwords_of_proxies(proxies: list[str], told: str, shown: str) -> None:
    """Its other words are unchanged, whatever the proxy's user name is."""
    assert without_proxies(REFUSED.format(told), proxies) == REFUSED.format(shown)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("GOPROXY", "http://u:hunter2/SS@host", "http://u:hunter2/SS@host"),
        ("GOPROXY", "http://u:hunter2/SS@host", "the path `hunter2/SS` and `SS@host`"),
        ("GOPROXY", "http://u:X9/hunter2@host", 'invalid port ":X9" after host'),
        ("GOPROXY", "http://u:X9/hunter2@host", "`X9`"),
        ("GOPROXY", "https://a:hunter2@one|https://b:X9hunter2@two,direct", "b:X9hunter2@two and a:hunter2@one"),
        ("GOPROXY", "https://a:hun,ter2X9@one,direct", "https://a:hun,ter2X9@one,direct, hun,ter2X9"),
        ("GOPROXY", "https://a:hun,hunter2@one,direct", 'parse "https://a:hun" and hunter2'),
        ("GOPROXY", "https://one,https://a:X9|hunter2@two", "https://a:X9 and hunter2@two"),
        ("GOPROXY", "https://hunter2token@host", "token hunter2token"),
        ("GONOPROXY", "https://u:hunter2@host", "GONOPROXY=https://u:hunter2@host"),
        ("HTTPS_PROXY", "http://u:hunter2%40X9@host:1", "hunter2@X9 and hunter2%40X9"),
        ("HTTPS_PROXY", "http://u:hunter2@X9@host:1", "hunter2%40X9 and http://u:hunter2@X9@host:1"),
        ("https_proxy", "http://u:hunter2%2FX9@host:1", "hunter2%2fX9"),
        ("HTTP_PROXY", "http://u:my hunter2@[::1]:3128", "proxyconnect http://u:my hunter2@[::1]:3128 failed"),
        ("HTTP_PROXY", 'http://u:hun"ter2@host', r'parse "http://u:hun\"ter2@host"'),
        ("HTTP_PROXY", "u:hunter2@host:1", "lookup u:hunter2@host:1"),
        ("ALL_PROXY", "socks5://u:hunter2@host", "socks5://u:hunter2@host"),
        ("DOCKER_HOST", "tcp://u:hunter2@host:2375", "cannot reach tcp://u:hunter2@host:2375"),
        ("PATH", "/bin", "ssh://git:hunter2@host/x and git+ssh://git:hunter2@host/x"),
        ("PATH", "/bin", "http://u:hunter2/X9@host/m/@v/v1.info"),
        ("PATH", "/bin", "https://hunter2@host and http://u:hunter2@[::1]:1/x"),
    ],
)
def test_no_form_of_a_password_is_shown(name: str, value: str, told: str) -> None:
    """It may be complete or partial, encoded or not, quoted from a variable or not."""
    shown = redact(told, {name: value})
    assert not re.search(r"hunter|hun|ter2|X9|SS", shown), shown


@pytest.mark.parametrize(
    "told",
    [
        'Get "http://127.0.0.1:1/example.test/none/@v/v1.0.0.info": dial tcp 127.0.0.1:1',
        "http://[::1]:80/example.test/@v/list",
        "http://[::1]/example.test/@v/list",
        "example.test/x@v1.0.0: reading file:///proxy/example.test/x/@v/v1.0.0.info",
        "docker ssh and git",
        "package example.test/a//b: c@d",
    ],
)
def test_what_has_no_password_is_shown_as_it_is(told: str) -> None:
    """Versions, ports and IPv6 addresses are not user names, and a user name alone is an ordinary word."""
    assert redact(told, {"DOCKER_HOST": "ssh://docker@host", "GOPROXY": "https://proxy.example,direct"}) == told


def test_a_long_line_is_redacted_at_once() -> None:
    """Hostile output costs only a moment."""
    begun = time.monotonic()
    redact("//:x" * 50_000 + "//" * 50_000 + "//a:" * 50_000, {})
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("environ", "noted"),
    [
        ({"DOCKER_HOST": "tcp://build.example:2375"}, "`DOCKER_HOST=tcp://build.example:2375` is not encrypted"),
        ({"DOCKER_HOST": "tcp://u:hunter2@10.0.0.1:2375"}, "`DOCKER_HOST=tcp://…@10.0.0.1:2375` is not encrypted"),
        ({"DOCKER_HOST": "http://build.example"}, "`DOCKER_HOST=http://build.example` is not encrypted"),
        ({"GOPROXY": "http://u:hunter2/x@host,direct"}, "`GOPROXY=http://…@host` is not encrypted"),
        ({"GOPROXY": "https://a:b@one.example|http://hunter2@two.example"}, "`GOPROXY=http://…@two.example` is not"),
    ],
)
def test_what_sends_secrets_without_encryption_is_noted(environ: dict[str, str], noted: str) -> None:
    """One line names the setting, without its password."""
    (note,) = plain_text_notes(environ)
    assert note.startswith(noted)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"DOCKER_HOST": "unix:///run/docker.sock"},
        {"DOCKER_HOST": "ssh://me@build.example"},
        {"DOCKER_HOST": "tcp://127.0.0.1:2375"},
        {"DOCKER_HOST": "tcp://[::1]:2375"},
        {"DOCKER_HOST": "tcp://build.example:2376", "DOCKER_TLS_VERIFY": "1"},
        {"GOPROXY": "https://u:p@proxy.example,direct"},
        {"GOPROXY": "http://proxy.example"},
        {"GOPROXY": "http://u:p@localhost:3000"},
    ],
)
def test_encrypted_and_local_connections_are_not_noted(environ: dict[str, str]) -> None:
    """An address without a password is fine, too."""
    assert plain_text_notes(environ) == ()


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("http://aws.example", True),
        ("HTTP://AWS.EXAMPLE", True),
        ("http://127.0.0.1.nip.example/", True),
        ("http://localhost@evil.example", True),
        ("http://128.0.0.1", True),
        ("http://127.1", True),
        ("http://[::]", True),
        ("http://0.0.0.0", True),
        ("http://localhost:4566", False),
        ("http://LOCALHOST", False),
        ("http://user:secret@127.9.9.9:1", False),
        ("http://[::1]:4566/", False),
        ("http://[::ffff:127.0.0.1]", False),
        ("https://aws.example", False),
    ],
)
def test_exposed_addresses(address: str, exposed: bool) -> None:  # noqa: FBT001 - a column of the table
    """Only plain HTTP to another computer is exposed, whatever an address looks like."""
    assert is_address(address)
    assert is_exposed(address) is exposed


def test_a_backslash_is_no_part_of_an_address() -> None:
    """The standard library takes `localhost` for the host of this one, and the HTTP library the other."""
    assert not is_address("http://evil.example\\@localhost")
