from __future__ import annotations

from collections.abc import Mapping

import pytest

from toolkit.emulator import policy, sample_policies
from toolkit.emulator.policy import Decision, matches

A = "arn:aws:iam::123456789012:"
OWN, OTHER, DEVICE, BUCKET = f"{A}user/eng/alice", f"{A}user/bob", f"{A}mfa/alice", "arn:aws:s3:::example-data"
ALICE = {"aws:username": "alice", "aws:principalarn": OWN}
KEY, PLAIN, MFA = ({**ALICE, **given} for given in (
    {}, {"aws:multifactorauthpresent": "false"},
    {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "600"},
))  # fmt: skip
DEFAULTS = (sample_policies.SELF_SERVICE, sample_policies.READ_S3, sample_policies.FORCE_MFA)
YES, NO, DENY = Decision.ALLOW, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY


def rule(**changes: object) -> Mapping[str, object]:
    """Return a policy of one statement that allows everything, with changes."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **changes}
    kept = {name: value for name, value in statement.items() if value is not None}
    return {"Version": "2012-10-17", "Statement": kept}


def decide(
    *documents: policy.Document, action: str = "iam:GetUser", on: str = OWN, by: Mapping[str, str] = KEY
) -> Decision:
    """Return what some policies decide about a call."""
    return policy.evaluate([one for document in documents for one in policy.parse(document)], action, on, by)


# --- statements ------------------------------------------------------------------------------------------------------


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
def test_default_policies(action: str, on: str, key: Decision, plain: Decision, mfa: Decision) -> None:
    """Without MFA a user may do little except enroll; with MFA, manage their own devices and keys, and read S3."""
    assert [decide(*DEFAULTS, action=action, on=on, by=by) for by in (KEY, PLAIN, MFA)] == [key, plain, mfa]


def test_deny_before_allow() -> None:
    """A Deny wins in any position, and without an Allow nothing is allowed."""
    allow, deny = rule(), rule(Effect="Deny", Action="iam:GetUser")
    assert decide(allow) is YES
    assert decide(allow, deny) is decide(deny, allow) is decide(deny) is DENY
    assert decide(deny, action="iam:ListUsers") is decide() is NO


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
def test_statements(changes: dict[str, object], expected: Decision) -> None:
    """Case matters in resources and not in actions; both may have wildcards, and be negated."""
    assert decide(rule(**changes)) is expected


def test_wildcards_and_variables() -> None:
    """Wildcards in variables and in `${*}` are literal, and a variable whose key is missing matches nothing."""
    star = {"aws:username": "a*"}
    assert matches("x/${aws:username}", "x/a*", star)
    assert not matches("x/${aws:username}", "x/ab", star)
    assert matches("${*}${?}${$}?", "*?$x", {})
    assert not matches("${*}", "x", {})
    assert not matches("${aws:username}", "", {})
    assert matches("a.b*", "a.b\nc", {})
    assert not matches("a.b", "axb", {})
    assert matches("$x", "$x", {})


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
        ({"NumericLessThan": {"aws:username": "600"}}, False, False, False),
        ({"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "600"}}, True, True, False),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": ["1", "600.5"]}}, False, False, True),
        ({"StringLike": {"aws:username": "alice"}}, True, True, True),
        ({"StringLike": {"aws:username": "Al*"}}, False, False, False),
        ({"StringLike": {"aws:userid": "*"}}, False, False, False),
        ({"StringLikeIfExists": {"aws:userid": "x"}}, True, True, True),
        ({"StringLike": {"aws:username": "alice", "aws:userid": "x"}}, False, False, False),
        ({"StringLike": {"aws:PrincipalArn": ["*:user/x", "*/${aws:username}"]}}, True, True, True),
        (
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "600"}},
            False, False, False,
        ),
    ],
)  # fmt: skip
def test_conditions(condition: object, key: bool, plain: bool, mfa: bool) -> None:  # noqa: FBT001 - from a table
    """Each operator works as in AWS, with and without its key; all conditions have to be satisfied."""
    satisfied = [decide(rule(Condition=condition), by=by) is YES for by in (KEY, PLAIN, MFA)]
    assert satisfied == [key, plain, mfa]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "a policy has `Version`"),
        ({**rule(), "Version": "2008-10-17"}, "`2012-10-17`"),
        ({**rule(), "Statements": []}, "a policy has `Version`"),
        ({**rule(), "Statement": []}, "at least one statement"),
        ({**rule(), "Statement": ["x"]}, "a statement of a user's policy may only have"),
        (rule(Principal="*"), "a statement of a user's policy may only have"),
        (rule(Effect="allow"), "`Allow` or `Deny`"),
        (rule(NotAction="*"), "either `Action` or `NotAction`"),
        (rule(Action=None), "either `Action` or `NotAction`"),
        (rule(Resource=None), "either `Resource` or `NotResource`"),
        (rule(Action=[]), "`Action` is a text or a list of texts"),
        (rule(Action=7), "`Action` is a text or a list of texts"),
        (rule(Action="iam:GetUsr"), "unknown action `iam:GetUsr`"),
        (rule(Action=["iam:*", "ec2:Describe*"]), "unknown action `ec2:Describe.`"),
        (rule(Action=None, NotAction="iam:Gett*"), "unknown action"),
        (rule(Resource="${aws:PrincipalTag/team}"), "policy variable `aws:principaltag/team`"),
        (rule(Resource=None, NotResource="${x}"), "policy variable `x` is not supported"),
        (rule(Condition={}), "a condition has the form"),
        (rule(Condition={"Bool": "x"}), "a condition has the form"),
        (rule(Condition={"StringSimilar": {"aws:username": "x"}}), "condition operator `StringSimilar`"),
        (rule(Condition={"StringEquals": {"aws:username": "x"}}), "condition operator `StringEquals` is not supported"),
        (rule(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), "condition operator `IpAddress`"),
        (rule(Condition={"ForAnyValue:StringLike": {"aws:username": "x"}}), "condition operator `ForAnyValue"),
        (rule(Condition={"NullIfExists": {"aws:username": "true"}}), "condition operator `NullIfExists`"),
        (rule(Condition={"Bool": {"aws:MultiFactorAuth": "true"}}), "condition key `aws:MultiFactorAuth`"),
        (rule(Condition={"Bool": {"aws:MultiFactorAuthPresent": "yes"}}), "neither `true` nor `false`"),
        (rule(Condition={"Bool": {"aws:MultiFactorAuthPresent": []}}), "needs a value"),
        (rule(Condition={"Null": {"aws:MultiFactorAuthAge": "0"}}), "neither `true` nor `false`"),
        (rule(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "1h"}}), "1h"),
        (rule(Condition={"StringLike": {"aws:username": "${saml:sub}"}}), "policy variable `saml:sub`"),
    ],
)
def test_unsupported_policies(document: policy.Document, message: str) -> None:
    """What AWS rejects, and what the emulator cannot evaluate, is an error and never ignored."""
    with pytest.raises(ValueError, match=message.replace("*", ".")):
        policy.parse(document)


def test_parsed_condition() -> None:
    """A condition is parsed into its operator without `IfExists`, its key in lower case, and its values as texts."""
    document = rule(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": [True, "false"]}})
    (condition,) = policy.parse(document)[0].conditions
    assert condition == policy.Condition("Bool", "aws:multifactorauthpresent", ("true", "false"), if_exists=True)
