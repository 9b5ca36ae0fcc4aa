"""IAM policies: parse documents and evaluate calls against them."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolkit.emulator import known_actions

Document = Mapping[str, object]  # a policy as parsed from JSON: `{"Version": "2012-10-17", "Statement": […]}`
Context = Mapping[str, str]  # condition keys of a call, in lower case, and their values; a key may be missing

_VERSION = "2012-10-17"  # older versions have no policy variables
_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_KEYS = frozenset(
    f"aws:{name}"
    for name in (
        "multifactorauthage", "multifactorauthpresent", "principalaccount", "principalarn", "principaltype", "userid",
        "username", "viaawsservice",
    )
)  # fmt: skip
_TOKEN = re.compile(r"\$\{(.*?)\}|([*?])|(.)", re.DOTALL)
_ESCAPES = frozenset("*?$")  # `${*}` is a literal star


class Decision(enum.Enum):
    """What a user's policies decide about a call."""

    ALLOW = enum.auto()
    EXPLICIT_DENY = enum.auto()  # a Deny applies, whatever else allows the call
    IMPLICIT_DENY = enum.auto()  # no Allow applies


@dataclass(frozen=True)
class Condition:
    """A condition on one key."""

    operator: str  # without `IfExists`
    key: str  # in lower case
    values: tuple[str, ...]  # one of them has to match
    if_exists: bool = False  # also satisfied if the key is missing

    def satisfied(self, context: Context) -> bool:
        """Return whether a call satisfies the condition."""
        actual = context.get(self.key)
        if self.operator == "Null":
            return any((actual is None) == (value.lower() == "true") for value in self.values)
        if actual is None:
            return self.if_exists
        return any(_OPERATORS[self.operator](value, actual, context) for value in self.values)


@dataclass(frozen=True)
class Statement:
    """A statement of a policy."""

    allow: bool  # otherwise it denies
    actions: tuple[str, ...]
    not_actions: bool  # applies to all actions except these
    resources: tuple[str, ...]
    not_resources: bool  # applies to all resources except these
    conditions: tuple[Condition, ...] = ()  # all have to be satisfied

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Return whether the statement applies to a call."""
        action_found = any(known_actions.matches(pattern, action) for pattern in self.actions)
        resource_found = any(matches(pattern, resource, context) for pattern in self.resources)
        satisfied = all(condition.satisfied(context) for condition in self.conditions)
        return action_found != self.not_actions and resource_found != self.not_resources and satisfied


def parse(document: Document) -> tuple[Statement, ...]:
    """Return the statements of a policy. Raises ValueError if the emulator cannot evaluate something as AWS would."""
    if document.get("Version") != _VERSION or not document.keys() <= {"Version", "Id", "Statement"}:
        raise ValueError(f"a policy has `Version` `{_VERSION}` and `Statement`, and may have `Id`")
    statements = _listed(document.get("Statement", ()))
    if not statements:
        raise ValueError("a policy has at least one statement")
    return tuple(_parse_statement(statement) for statement in statements)


def evaluate(statements: Iterable[Statement], action: str, resource: str, context: Context) -> Decision:
    """Decide about a call of an action, such as `iam:GetUser`, on a resource: an ARN or `*`."""
    effects = {statement.allow for statement in statements if statement.applies(action, resource, context)}
    if False in effects:
        return Decision.EXPLICIT_DENY
    return Decision.ALLOW if True in effects else Decision.IMPLICIT_DENY


def matches(pattern: str, text: str, context: Context) -> bool:
    """Return whether a text matches a pattern with `*`, `?` and policy variables.

    The value of a variable is literal text. A variable whose key is missing matches nothing.
    """
    parts = []
    for name, wildcard, letter in _TOKEN.findall(pattern):
        if wildcard:
            parts.append({"*": ".*", "?": "."}[wildcard])
        elif name in _ESCAPES or not name:
            parts.append(re.escape(name or letter))
        elif name.lower() in context:
            parts.append(re.escape(context[name.lower()]))
        else:
            return False
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


_OPERATORS: Mapping[str, Callable[[str, str, Context], bool]] = {
    "Bool": lambda expected, actual, _: expected.lower() == actual.lower(),
    "NumericLessThan": lambda limit, actual, _: actual.isdigit() and int(actual) < float(limit),
    "StringLike": matches,
}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _parse_statement(document: object) -> Statement:
    if not isinstance(document, Mapping) or not document.keys() <= _ELEMENTS:
        names = ", ".join(f"`{name}`" for name in sorted(_ELEMENTS))
        raise ValueError(f"a statement of a user's policy may only have {names}")
    if document.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError("the `Effect` of a statement is `Allow` or `Deny`")
    actions, not_actions = _either(document, "Action")
    for pattern in actions:
        known_actions.check(pattern)
    resources, not_resources = _either(document, "Resource")
    for pattern in resources:
        _check_variables(pattern)
    conditions = tuple(_parse_conditions(document["Condition"])) if "Condition" in document else ()
    return Statement(document["Effect"] == "Allow", actions, not_actions, resources, not_resources, conditions)


def _either(document: Mapping[str, object], name: str) -> tuple[tuple[str, ...], bool]:
    """Return the texts of `Action` or `NotAction`, and whether it was the latter."""
    negated = f"Not{name}"
    if (name in document) == (negated in document):
        raise ValueError(f"a statement has either `{name}` or `{negated}`")
    texts = _listed(document.get(name, document.get(negated)))
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"`{name}` is a text or a list of texts")
    return tuple(map(str, texts)), negated in document


def _parse_conditions(block: object) -> Iterator[Condition]:
    for name, keys in _items(block):
        for key, value in _items(keys):
            values = tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in _listed(value))
            operator = name.removesuffix("IfExists")
            if operator not in _OPERATORS and name != "Null":
                raise ValueError(f"condition operator `{name}` is not supported")
            if key.lower() not in _KEYS:
                raise ValueError(f"condition key `{key}` is not supported")
            if not values:
                raise ValueError(f"the condition on `{key}` needs a value")
            for one in values:
                _check_value(operator, one)
            yield Condition(operator, key.lower(), values, if_exists=name != operator)


def _items(block: object) -> Iterator[tuple[str, object]]:
    if not isinstance(block, Mapping) or not block:
        raise ValueError(f"a condition has the form `operator: key: value`, unlike `{block}`")
    return ((str(name), value) for name, value in block.items())


def _check_value(operator: str, value: str) -> None:
    if operator in {"Bool", "Null"} and value.lower() not in {"true", "false"}:
        raise ValueError(f"`{value}` is neither `true` nor `false`")
    if operator == "NumericLessThan":
        float(value)  # its ValueError names the value
    if operator == "StringLike":
        _check_variables(value)


def _check_variables(pattern: str) -> None:
    names = {name.lower() for name, _, _ in _TOKEN.findall(pattern) if name and name not in _ESCAPES}
    if unknown := names - _KEYS:
        raise ValueError(f"policy variable `{min(unknown)}` is not supported")
