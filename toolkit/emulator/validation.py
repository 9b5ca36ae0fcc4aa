"""The shape of parameters: what AWS checks before it looks at who is calling, and how it complains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator.protocol import Refused


@dataclass(frozen=True)
class Text:
    """A parameter that is a text."""

    name: str
    pattern: str
    shortest: int
    longest: int
    required: bool = False

    def complaints(self, form: Mapping[str, str]) -> Iterator[str]:
        """Return what is wrong with it, in the words of AWS."""
        value = form.get(self.name)
        if value is None:
            if self.required:
                yield f"Value null at '{_member(self.name)}' failed to satisfy constraint: Member must not be null"
            return
        if len(value) > self.longest:
            yield complaint(self.name, value, f"Member must have length less than or equal to {self.longest}")
        if len(value) < self.shortest:
            yield complaint(self.name, value, f"Member must have length greater than or equal to {self.shortest}")
        if not re.fullmatch(self.pattern, value, re.ASCII):
            yield complaint(self.name, value, f"Member must satisfy regular expression pattern: {self.pattern}")


SERIAL = Text("SerialNumber", r"[\w+=/:,.@-]*", 9, 256)
CODE = Text("TokenCode", r"[\d]*", 6, 6)


def complaint(name: str, value: str, constraint: str) -> str:
    """Return what AWS says of a value that is not as it has to be."""
    return f"Value '{value}' at '{_member(name)}' failed to satisfy constraint: {constraint}"


def refuse_any(complaints: Iterable[str]) -> None:
    """Raise Refused if there are complaints, with all of them."""
    told = tuple(complaints)
    if told:
        plural = "s" if len(told) > 1 else ""
        sentence = f"{len(told)} validation error{plural} detected: {'; '.join(told)}"
        raise Refused(HTTPStatus.BAD_REQUEST, "ValidationError", sentence)


def _member(name: str) -> str:
    return name[0].lower() + name[1:]
