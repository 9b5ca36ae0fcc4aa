"""Validate parameters, as AWS does before it looks at anything else, and report every violation in one error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from toolkit.emulator.protocol import ApiError


@dataclass(frozen=True)
class Text:
    """The constraints on a text parameter."""

    name: str
    pattern: str
    min_length: int
    max_length: int
    required: bool = False

    def violations(self, form: Mapping[str, str]) -> Iterator[str]:
        """Return the constraints that a form violates, in AWS's words."""
        value = form.get(self.name)
        if value is None:
            if self.required:
                yield f"Value null at '{_member(self.name)}' failed to satisfy constraint: Member must not be null"
            return
        if len(value) > self.max_length:
            yield violation(self.name, value, f"Member must have length less than or equal to {self.max_length}")
        if len(value) < self.min_length:
            yield violation(self.name, value, f"Member must have length greater than or equal to {self.min_length}")
        if not re.fullmatch(self.pattern, value, re.ASCII):
            yield violation(self.name, value, f"Member must satisfy regular expression pattern: {self.pattern}")


SERIAL = Text("SerialNumber", r"[\w+=/:,.@-]*", 9, 256)
CODE = Text("TokenCode", r"[\d]*", 6, 6)


def violation(name: str, value: str, constraint: str) -> str:
    """Return AWS's sentence about a value that violates a constraint."""
    return f"Value '{value}' at '{_member(name)}' failed to satisfy constraint: {constraint}"


def raise_for(violations: Iterable[str]) -> None:
    """Raise an ApiError that lists the violations, if there are any."""
    found = tuple(violations)
    if found:
        plural = "s" if len(found) > 1 else ""
        message = f"{len(found)} validation error{plural} detected: {'; '.join(found)}"
        raise ApiError(HTTPStatus.BAD_REQUEST, "ValidationError", message)


def _member(name: str) -> str:
    return name[0].lower() + name[1:]
