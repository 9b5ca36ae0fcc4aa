from __future__ import annotations

import pytest

from toolkit.addresses import anonymous, is_address, without_proxies, without_users

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
    """Whatever is in them."""
    assert anonymous(setting) == shown


@pytest.mark.parametrize("text", ["http://proxy", "proxy:3128", "https://u:p@proxy:3128/", "http://[::1]:3128"])
def test_an_address_of_a_proxy(text: str) -> None:
    """It has a host, and a port if it likes."""
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["", "http://", "http://host:port", "http://[::1", "socks5://proxy", "http://u:a/b@proxy", "http://p:0"]
)
def test_no_address_of_a_proxy(text: str) -> None:
    """What botocore or Go cannot use is none; a `/` in a password has to be quoted."""
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
    """However an address is written that a go command or curl would take, what is secret in it is not shown."""
    assert without_users(text) == shown


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
    """Its other words stay as they are, whatever the user at the proxy is called."""
    assert without_proxies(REFUSED.format(told), proxies) == REFUSED.format(shown)
