"""Credentials files as people, tools and accidents make them, from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

DESTINATION = "example_mfa"
_NAMES = ("default", "prod", "日本", "a b", "x.y-z", "example_mf", "example_mfa2", "Example_Mfa")
_SETTINGS = ("region", "output", "aws_access_key_id", "aws_secret_access_key", "role_arn", "mfa_serial", "guid", "s3")
_STALE = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token",
          "x_security_token_expires", "region")  # fmt: skip


@dataclass(frozen=True)
class Generated:
    """A file, and what was put into it on purpose that some reader cannot take."""

    text: bytes
    awkward: frozenset[str] = field(default_factory=frozenset)  # "BOM", "section twice", "key twice", "DEFAULT", "junk"


def generate(seed: int, key: str, secret: str) -> Generated:
    """Return a file with the long-term keys in `example`, and perhaps an old session in the destination."""
    return _Maker(random.Random(seed)).file(key, secret)  # noqa: S311 - a seed makes the same file again


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._awkward: set[str] = set()
        self._odds = chance.choice((0.0, 0.0, 0.03, 0.1))  # how often something goes wrong in this file

    def file(self, key: str, secret: str) -> Generated:
        sections = [self._section(name) for name in self._chance.sample(_NAMES, self._chance.randrange(5))]
        sections.append(f"[example]\n{self._setting('aws_access_key_id', key)}"
                        f"{self._setting('aws_secret_access_key', secret)}")  # fmt: skip
        if self._chance.random() < 0.6:
            sections.append(self._session())
        self._chance.shuffle(sections)
        if self._odd("section twice"):
            sections.append(f"[{DESTINATION}]\nregion = x\n")
            sections.append(f"[{DESTINATION}]\nregion = x\n")
        if self._odd("DEFAULT"):
            sections.append("[DEFAULT]\nregion = x\n")
        head = self._comments() + ("region = before\n" if self._odd("junk") else "")
        text = head + "".join(section + self._comments() for section in sections)
        if self._chance.random() < 0.3:
            text = text.rstrip("\n")
        data = text.encode()
        if self._chance.random() < 0.2:
            data = data.replace(b"\n", b"\r\n")
        return Generated((b"\xef\xbb\xbf" if self._odd("BOM") else b"") + data, frozenset(self._awkward))

    def _odd(self, what: str) -> bool:
        if self._chance.random() < self._odds:
            self._awkward.add(what)
            return True
        return False

    def _section(self, name: str) -> str:
        lines = [f"[{name}]\n"]
        names = self._chance.sample(_SETTINGS, self._chance.randrange(6))
        for each in names:
            lines.append(self._comments())
            nested = each == "s3"
            value = "\n  max_concurrent_requests = 20\n  payload = yes" if nested else self._value()
            lines.append(self._setting(each, value))
        if names and self._odd("key twice"):
            lines.append(f"{names[0]} = again\n")
        if self._odd("junk"):
            lines.append("a line that is none\n")
        return "".join(lines)

    def _session(self) -> str:
        """Return an old session in the destination, with what old tools and people leave there."""
        lines = [f"[{DESTINATION}]\n"]
        for each in self._chance.sample(_STALE, self._chance.randrange(1, len(_STALE) + 1)):
            value = "eu-west-1" if each == "region" else "ASIASTALE" if each == "aws_access_key_id" else self._value()
            lines.append(self._setting(each, value) + self._comments())
        if not any(line.startswith(("aws_session_token", "aws_security_token")) for line in lines):
            lines.append("aws_session_token = stale\n")
        if self._chance.random() < 0.2:
            lines.append("output = json\n")
        return "".join(lines)

    def _setting(self, name: str, value: str) -> str:
        between = self._chance.choice(("=", " = ", ": ", "\t=\t", " =", "= "))
        return f"{name}{between}{value}{self._chance.choice(('', '', ' ', chr(9)))}\n"

    def _value(self) -> str:
        return self._chance.choice(
            (
                "x",
                "eu-west-1",
                "a b",
                "wJalr/XU+tnFEMI=",
                "日本語",
                "v ; note",
                "v # note",
                "=x",
                "a:b",
                "[x]",
                "C:\\dir",
                "100%",
            )
        )

    def _comments(self) -> str:
        return "".join(self._chance.choices(("", "\n", "# a note\n", "; another = note\n", "  \n", "#[example_mfa]\n"),
                                            (8, 3, 1, 1, 1, 1), k=2))  # fmt: skip
