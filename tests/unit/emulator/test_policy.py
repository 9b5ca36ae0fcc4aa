from __future__ import annotations

from collections.abc import Mapping

import pytest

from toolkit.emulator import actions, conditions, permissions, policy, sample_policies
from toolkit.emulator.identity import Caller, Session, User
from toolkit.emulator.patterns import matches, variables
from toolkit.emulator.policy import Verdict
from toolkit.emulator.protocol import Refused
from toolkit.emulator.registry import Registry

NOW = 1_800_000_000
A = "arn:aws:iam::123456789012:"
OWN, OTHER, DEVICE, BUCKET = f"{A}user/eng/alice", f"{A}user/bob", f"{A}mfa/alice", "arn:aws:s3:::example-data"
ALICE = {"aws:username": "alice", "aws:principalarn": OWN}
KEY, PLAIN, MFA = ({**ALICE, **given} for given in (
    {}, {"aws:multifactorauthpresent": "false"},
    {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "600"},
))  # fmt: skip
USUAL = (sample_policies.SELF_SERVICE, sample_policies.READ_S3, sample_policies.FORCE_MFA)
YES, NO, DENY = Verdict.ALLOWED, Verdict.UNMENTIONED, Verdict.DENIED


def rule(**changes: object) -> Mapping[str, object]:
    """Return a policy of one statement, which allows everything but what is changed."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **changes}
    kept = {name: value for name, value in statement.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": kept}


def verdict(
    *documents: policy.Document, action: str = "iam:GetUser", on: str = OWN, by: Mapping[str, str] = KEY
) -> Verdict:
    """Say what some policies make of a call."""
    return policy.judge([one for document in documents for one in policy.read(document)], action, on, by)


# --- what is about a call --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "on", "key", "plain", "mfa"),
    [
        ("iam:GetUser", OWN, YES, YES, YES),
        ("iam:GetUser", OTHER, NO, NO, NO),
        ("iam:ListMFADevices", OWN, YES, YES, YES),
        ("iam:ListMFADevices", f"{A}user/alice", YES, YES, YES),
        ("iam:ListMFADevices", f"{A}user/malice", NO, NO, NO),
        ("iam:ListMFADevices", "*", NO, NO, NO),
        ("iam:ListVirtualMFADevices", f"{A}mfa/", YES, YES, YES),
        ("iam:CreateVirtualMFADevice", DEVICE, YES, YES, YES),
        ("iam:EnableMFADevice", OWN, YES, YES, YES),
        ("iam:EnableMFADevice", OTHER, NO, NO, NO),
        ("iam:ResyncMFADevice", OWN, YES, YES, YES),
        ("iam:DeleteVirtualMFADevice", DEVICE, DENY, DENY, YES),
        ("iam:DeactivateMFADevice", OWN, DENY, DENY, YES),
        ("iam:ListAccessKeys", OWN, DENY, DENY, YES),
        ("iam:ListUsers", f"{A}user/", DENY, DENY, NO),
        ("s3:ListAllMyBuckets", "*", DENY, DENY, YES),
        ("s3:ListBucket", BUCKET, DENY, DENY, YES),
        ("s3:PutObject", BUCKET, DENY, DENY, NO),
        ("sts:GetSessionToken", "*", NO, NO, NO),
    ],
)
def test_the_usual_policies(action: str, on: str, key: Verdict, plain: Verdict, mfa: Verdict) -> None:
    """Without a code, by key or session, there is little but one's own enrollment; with one, one's own and S3."""
    assert [verdict(*USUAL, action=action, on=on, by=by) for by in (KEY, PLAIN, MFA)] == [key, plain, mfa]


def test_deny_before_allow() -> None:
    """A Deny wins wherever it stands, and what nobody mentions is not allowed."""
    allow, deny = rule(), rule(Effect="Deny", Action="iam:GetUser")
    assert verdict(allow) is YES
    assert verdict(allow, deny) is verdict(deny, allow) is verdict(deny) is DENY
    assert verdict(deny, action="iam:ListUsers") is verdict() is NO


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Action": "iam:getuser"}, YES),
        ({"Action": ["s3:*", "iam:Get*"]}, YES),
        ({"Action": "iam:Get?ser"}, YES),
        ({"Action": "iam:Get????"}, YES),
        ({"Action": "*:GetUser"}, YES),
        ({"Action": "iam:List*"}, NO),
        ({"Action": None, "NotAction": "iam:List*"}, YES),
        ({"Action": None, "NotAction": ["s3:*", "iam:GetUser"]}, NO),
        ({"Resource": f"{A}user/*/alice"}, YES),
        ({"Resource": [OTHER, f"{A}user/eng/${{aws:username}}"]}, YES),
        ({"Resource": f"{A}user/eng/${{AWS:UserName}}"}, YES),
        ({"Resource": f"{A}user/eng/Alice"}, NO),
        ({"Resource": "${aws:PrincipalArn}"}, YES),
        ({"Resource": f"{A}user/eng/${{aws:userid}}"}, NO),
        ({"Resource": None, "NotResource": f"{A}user/*"}, NO),
        ({"Resource": None, "NotResource": [OTHER]}, YES),
    ],
)
def test_what_a_statement_is_about(changes: dict[str, object], expected: Verdict) -> None:
    """Actions are compared without case and resources with it; both may have wildcards, and be turned round."""
    assert verdict(rule(**changes)) is expected


def test_wildcards_and_variables() -> None:
    """A wildcard in a variable is none, one in `${*}` is none, and a variable of an absent key fits nothing."""
    star = {"aws:username": "a*"}
    assert matches("x/${aws:username}", "x/a*", star)
    assert not matches("x/${aws:username}", "x/ab", star)
    assert matches("${*}${?}${$}?", "*?$x", {})
    assert not matches("${*}", "x", {})
    assert not matches("${aws:username}", "", {})
    assert matches("a.b*", "a.b\nc", {})
    assert not matches("a.b", "axb", {})
    assert matches("*", "*", {}, wild=False)
    assert not matches("*", "a", {}, wild=False)
    assert matches("$x", "$x", {})
    assert list(variables("${aws:UserName}-${*}-$-${s3:prefix}")) == ["aws:username", "s3:prefix"]


# --- conditions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "key", "plain", "mfa"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False, False, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": False}}, False, True, False),
        ({"Bool": {"AWS:multifactorauthpresent": ["True", "false"]}}, False, True, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True, True, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": True}}, True, False, True),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, True, True, False),
        ({"Null": {"aws:MultiFactorAuthPresent": False}}, False, True, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "601"}}, False, False, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": 600}}, False, False, False),
        ({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "600"}}, False, False, True),
        ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "599.5"}}, False, False, True),
        ({"NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": "601"}}, False, False, False),
        ({"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}, True, True, False),
        ({"NumericEquals": {"aws:MultiFactorAuthAge": ["1", "600"]}}, False, False, True),
        ({"NumericNotEquals": {"aws:MultiFactorAuthAge": "600"}}, True, True, False),
        ({"NumericLessThan": {"aws:username": "600"}}, False, False, False),
        ({"StringEquals": {"aws:username": "alice"}}, True, True, True),
        ({"StringEquals": {"aws:username": "Alice"}}, False, False, False),
        ({"StringEquals": {"aws:username": "al*"}}, False, False, False),
        ({"StringEquals": {"aws:userid": "x"}}, False, False, False),
        ({"StringEqualsIfExists": {"aws:userid": "x"}}, True, True, True),
        ({"StringEqualsIgnoreCase": {"aws:username": "ALICE"}}, True, True, True),
        ({"StringNotEqualsIgnoreCase": {"aws:username": "ALICE"}}, False, False, False),
        ({"StringNotEquals": {"aws:username": ["bob", "alice"]}}, False, False, False),
        ({"StringNotEquals": {"aws:username": ["bob", "carol"]}}, True, True, True),
        ({"StringNotEquals": {"aws:userid": "x"}}, True, True, True),
        ({"StringLike": {"aws:PrincipalArn": ["*:user/x", "*/${aws:username}"]}}, True, True, True),
        ({"StringNotLike": {"aws:PrincipalArn": "*/eng/*"}}, False, False, False),
        (
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "600"}},
            False, False, False,
        ),
        ({"StringEquals": {"aws:username": "alice", "aws:userid": "x"}}, False, False, False),
    ],
)  # fmt: skip
def test_conditions(condition: object, key: bool, plain: bool, mfa: bool) -> None:  # noqa: FBT001 - of a table
    """Each operator does as in AWS where its key is there, and where it is not; of several all have to be met."""
    met = [verdict(rule(Condition=condition), by=by) is YES for by in (KEY, PLAIN, MFA)]
    assert met == [key, plain, mfa]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "a policy has a `Version`"),
        ({**rule(), "Version": "2008-10-17"}, "`2012-10-17`"),
        ({**rule(), "Statements": []}, "a policy has a `Version`"),
        ({**rule(), "Statement": []}, "at least one statement"),
        ({**rule(), "Statement": ["x"]}, "a statement of a user's policy has"),
        (rule(Principal="*"), "a statement of a user's policy has"),
        (rule(Effect="allow"), "`Allow` or `Deny`"),
        (rule(NotAction="*"), "either `Action` or `NotAction`"),
        (rule(Action=None), "either `Action` or `NotAction`"),
        (rule(Resource=None), "either `Resource` or `NotResource`"),
        (rule(Action=[]), "`Action` is a text or a list of texts"),
        (rule(Action=7), "`Action` is a text or a list of texts"),
        (rule(Action="iam:GetUsr"), "`iam:GetUsr` is no action"),
        (rule(Action=["iam:*", "ec2:Describe*"]), "`ec2:Describe.` is no action"),
        (rule(Action=None, NotAction="iam:Gett*"), "is no action"),
        (rule(Resource="${aws:PrincipalTag/team}"), "no policy variable `aws:principaltag/team`"),
        (rule(Resource=None, NotResource="${x}"), "no policy variable `x`"),
        (rule(Condition={}), "a condition is"),
        (rule(Condition={"Bool": "x"}), "a condition is"),
        (rule(Condition={"StringSimilar": {"aws:username": "x"}}), "no condition operator `StringSimilar`"),
        (rule(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "no condition operator `IpAddress`"),
        (rule(Condition={"ForAnyValue:StringLike": {"aws:username": "x"}}), "no condition operator `ForAnyValue"),
        (rule(Condition={"NullIfExists": {"aws:username": "true"}}), "no condition operator `NullIfExists`"),
        (rule(Condition={"Bool": {"aws:MultiFactorAuth": "true"}}), "no condition key `aws:MultiFactorAuth`"),
        (rule(Condition={"Bool": {"aws:MultiFactorAuthPresent": "yes"}}), "neither `true` nor `false`"),
        (rule(Condition={"Bool": {"aws:MultiFactorAuthPresent": []}}), "has no value"),
        (rule(Condition={"Null": {"aws:MultiFactorAuthAge": "0"}}), "neither `true` nor `false`"),
        (rule(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "1h"}}), "1h"),
        (rule(Condition={"StringLike": {"aws:username": "${saml:sub}"}}), "no policy variable `saml:sub`"),
    ],
)
def test_what_cannot_be_judged(document: policy.Document, said: str) -> None:
    """What AWS would take and the emulator does not know, and what AWS would not take, is an error and never met."""
    with pytest.raises(ValueError, match=said.replace("*", ".")):
        policy.read(document)


def test_known_actions() -> None:
    """Those of the policies of the documentation are known, and so are wildcards that cover one."""
    for name in ("iam:UpdateLoginProfile", "iam:GetAccountSummary", "iam:PassRole", "sts:TagSession", "s3:GetObject"):
        actions.check(name)
    actions.check("*")
    with pytest.raises(ValueError, match="iam:get"):
        actions.check("iam:get.ser")


def test_a_condition_has_a_shape() -> None:
    """A condition is read into its operator without the ending, its key without case, and texts."""
    (read,) = conditions.read({"BoolIfExists": {"aws:MultiFactorAuthPresent": [True, "false"]}})
    assert read == conditions.Condition("Bool", "aws:multifactorauthpresent", ("true", "false"), if_exists=True)


# --- who asks --------------------------------------------------------------------------------------------------------


def caller(*documents: policy.Document, mfa: bool | None = None) -> Caller:
    """Return a user with policies, by their key, or by a session with a code or without."""
    statements = tuple(one for document in documents for one in policy.read(document))
    user = User("alice", OWN, "AIDA", "AKIAALICE", "secret", Registry(lambda: NOW), statements)
    session = None if mfa is None else Session(user, mfa, NOW - 90, NOW, "ASIA", "secret", "token")
    return Caller(user, session, at=NOW + 0.5)


def test_what_is_known_of_a_call() -> None:
    """A key says nothing about MFA, a session without a code says no, one with it says when."""
    names = ("aws:multifactorauthpresent", "aws:multifactorauthage", "aws:username", "aws:principalaccount")
    known = [[permissions.context(caller(mfa=mfa)).get(name) for name in names] for mfa in (None, False, True)]
    rest = ["alice", "123456789012"]
    assert known == [[None, None, *rest], ["false", None, *rest], ["true", "90", *rest]]


def refusal(who: Caller, action: str, *texts: str) -> str:
    """Return what is said to a caller who may not, without whom it is said to; or `""`."""
    try:
        permissions.check(who, action, *texts)
    except Refused as refused:
        return f"{refused.code} {refused}".removeprefix(f"AccessDenied User: {OWN} is not authorized to perform: ")
    return ""


def test_refusals() -> None:
    """A refusal says whether a Deny or the lack of an Allow was the reason, and calls the resource as AWS does."""
    why = "because no identity-based policy allows the iam:GetUser action"
    assert refusal(caller(*USUAL), "iam:GetUser", OTHER, "user bob") == f"iam:GetUser on resource: user bob {why}"
    assert refusal(caller(*USUAL), "iam:GetUser", OTHER) == f"iam:GetUser on resource: {OTHER} {why}"
    denied = "s3:ListAllMyBuckets with an explicit deny in an identity-based policy"
    assert refusal(caller(*USUAL), "s3:ListAllMyBuckets", "*", "") == denied
    assert refusal(caller(*USUAL, mfa=True), "s3:ListAllMyBuckets", "*", "") == ""


def test_what_needs_no_allow() -> None:
    """GetSessionToken needs no policy, and a Deny stops it all the same."""
    permissions.check_not_denied(caller(), "sts:GetSessionToken")
    permissions.check_not_denied(caller(*USUAL), "sts:GetSessionToken")
    with pytest.raises(Refused, match=r"sts:GetSessionToken on resource: \* with an explicit deny"):
        permissions.check_not_denied(caller(rule(Effect="Deny", Action="sts:*")), "sts:GetSessionToken")
