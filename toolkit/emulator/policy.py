"""IAM policy documents: read, and asked whether they let a call through. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from toolkit.emulator import actions, conditions
from toolkit.emulator.conditions import Condition
from toolkit.emulator.patterns import KEYS, Context, matches, variables

Document = Mapping[str, object]  # what JSON makes of a policy: `{"Version": "2012-10-17", "Statement": […]}`

# Before it there were no variables: `${aws:username}` was those letters.
_VERSION = "2012-10-17"
_KNOWN = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}


class Verdict(enum.Enum):
    """What the policies of a user say of a call."""

    ALLOWED = enum.auto()
    DENIED = enum.auto()  # by a Deny, against which no Allow helps
    UNMENTIONED = enum.auto()  # by no Allow


@dataclass(frozen=True)
class Statement:
    """One rule of a policy."""

    allows: bool  # or denies
    actions: tuple[str, ...]
    but_actions: bool  # those are what it is not about
    resources: tuple[str, ...]
    but_resources: bool  # so are those
    conditions: tuple[Condition, ...] = ()  # all of them have to be met

    def about(self, action: str, resource: str, context: Context) -> bool:
        """Tell whether it has a say in a call."""
        acts = any(actions.covers(pattern, action) for pattern in self.actions)
        found = any(matches(pattern, resource, context) for pattern in self.resources)
        met = all(condition.met(context) for condition in self.conditions)
        return acts != self.but_actions and found != self.but_resources and met


def read(document: Document) -> tuple[Statement, ...]:
    """Read a policy. Raises ValueError where there is something in it that cannot be judged as AWS would."""
    if document.get("Version") != _VERSION or not document.keys() <= {"Version", "Id", "Statement"}:
        raise ValueError(f"a policy has a `Version`, which is `{_VERSION}`, and a `Statement`")
    told = document.get("Statement", ())
    listed = told if isinstance(told, list | tuple) else [told]
    if not listed:
        raise ValueError("a policy has at least one statement")
    return tuple(_statement(rule) for rule in listed)


def judge(statements: Iterable[Statement], action: str, resource: str, context: Context) -> Verdict:
    """Say what becomes of a call of an action, `iam:GetUser`, on a resource, an ARN or `*`."""
    effects = {rule.allows for rule in statements if rule.about(action, resource, context)}
    if False in effects:
        return Verdict.DENIED
    return Verdict.ALLOWED if True in effects else Verdict.UNMENTIONED


def _statement(rule: object) -> Statement:
    if not isinstance(rule, Mapping) or not rule.keys() <= _KNOWN:
        raise ValueError(f"a statement of a user's policy has {', '.join(f'`{name}`' for name in sorted(_KNOWN))}")
    if rule.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError("the `Effect` of a statement is `Allow` or `Deny`")
    acts, but_acts = _either(rule, "Action")
    for pattern in acts:
        actions.check(pattern)
    resources, but_resources = _either(rule, "Resource")
    unknown = {name for text in resources for name in variables(text)} - KEYS
    if unknown:
        raise ValueError(f"no policy variable `{min(unknown)}` is emulated")
    met = tuple(conditions.read(rule["Condition"])) if "Condition" in rule else ()
    return Statement(rule["Effect"] == "Allow", acts, but_acts, resources, but_resources, met)


def _either(rule: Mapping[str, object], name: str) -> tuple[tuple[str, ...], bool]:
    """Return the texts of `Action` or `NotAction`, and whether it was the latter."""
    contrary = f"Not{name}"
    if (name in rule) == (contrary in rule):
        raise ValueError(f"a statement has either `{name}` or `{contrary}`")
    told = rule.get(name, rule.get(contrary))
    texts: Sequence[object] = told if isinstance(told, list | tuple) else [told]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"`{name}` is a text or a list of texts")
    return tuple(map(str, texts)), contrary in rule
