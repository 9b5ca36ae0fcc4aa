from __future__ import annotations

import pytest

from toolkit.emulator import known_actions


def test_known_actions() -> None:
    """The actions in AWS's documented policies are known, and a pattern has to match a known action."""
    for name in ("iam:UpdateLoginProfile", "iam:GetAccountSummary", "iam:PassRole", "sts:TagSession", "s3:GetObject"):
        known_actions.check(name)
    known_actions.check("*")
    with pytest.raises(ValueError, match="iam:get"):
        known_actions.check("iam:get.ser")
