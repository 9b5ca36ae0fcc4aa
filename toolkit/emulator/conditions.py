"""Conditions of IAM policies: `{"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}`. Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from toolkit.emulator.patterns import KEYS, Context, matches, variables

_Test = Callable[[str, str, Context], bool]  # of the value that the policy wants, and the one that there is
_IF_EXISTS = "IfExists"


def _equals(wanted: str, given: str, context: Context) -> bool:
    return matches(wanted, given, context, wild=False)


def _equals_ignoring_case(wanted: str, given: str, context: Context) -> bool:
    lowered = {key: value.lower() for key, value in context.items()}
    return matches(wanted.lower(), given.lower(), lowered, wild=False)


def _number(compare: Callable[[float, float], bool]) -> _Test:
    def test(wanted: str, given: str, _: Context) -> bool:
        return given.isdigit() and compare(int(given), float(wanted))

    return test


def _bool(wanted: str, given: str, _: Context) -> bool:
    return wanted.lower() == given.lower()


# The operators that exist: what they do, and whether they then say the contrary.
_OPERATORS: Mapping[str, tuple[_Test, bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringEqualsIgnoreCase": (_equals_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equals_ignoring_case, True),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
    "NumericEquals": (_number(operator.eq), False),
    "NumericNotEquals": (_number(operator.eq), True),
    "NumericLessThan": (_number(operator.lt), False),
    "NumericLessThanEquals": (_number(operator.le), False),
    "NumericGreaterThan": (_number(operator.gt), False),
    "NumericGreaterThanEquals": (_number(operator.ge), False),
    "Bool": (_bool, False),
}
_TRUTH = {"true", "false"}


@dataclass(frozen=True)
class Condition:
    """What one key has to be."""

    operator: str  # without `IfExists`; or `Null`
    key: str  # in small letters
    values: tuple[str, ...]  # one of them has to fit, or for an operator with `Not` none of them may
    if_exists: bool = False  # whether it is met where the key is absent

    def met(self, context: Context) -> bool:
        """Tell whether a call is as it wants."""
        given = context.get(self.key)
        if self.operator == "Null":
            return any((given is None) == (wanted.lower() == "true") for wanted in self.values)
        test, contrary = _OPERATORS[self.operator]
        if given is None:
            return contrary or self.if_exists
        return any(test(wanted, given, context) for wanted in self.values) != contrary


def read(block: object) -> Iterator[Condition]:
    """Read a `Condition`. Raises ValueError where an operator, a key or a value is none that can be judged."""
    for name, keys in _pairs(block):
        for key, given in _pairs(keys):
            listed = given if isinstance(given, list | tuple) else [given]
            values = tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in listed)
            condition = Condition(name.removesuffix(_IF_EXISTS), key.lower(), values, name.endswith(_IF_EXISTS))
            _check(condition, name, key)
            yield condition


def _pairs(block: object) -> Iterator[tuple[str, object]]:
    if not isinstance(block, Mapping) or not block:
        raise ValueError(f"a condition is `operator: key: value`, and not `{block}`")
    for name, inner in block.items():
        yield str(name), inner


def _check(condition: Condition, name: str, key: str) -> None:
    if condition.operator not in _OPERATORS and name != "Null":
        raise ValueError(f"no condition operator `{name}` is emulated")
    if condition.key not in KEYS:
        raise ValueError(f"no condition key `{key}` is emulated")
    if not condition.values:
        raise ValueError(f"the condition on `{key}` has no value")
    for value in condition.values:
        _check_value(condition.operator, value)


def _check_value(name: str, value: str) -> None:
    if name in {"Bool", "Null"} and value.lower() not in _TRUTH:
        raise ValueError(f"`{value}` is neither `true` nor `false`")
    if name.startswith("Numeric"):
        float(value)  # its ValueError has the value in it
    unknown = set(variables(value)) - KEYS if name.startswith("String") else set()
    if unknown:
        raise ValueError(f"no policy variable `{min(unknown)}` is emulated")
