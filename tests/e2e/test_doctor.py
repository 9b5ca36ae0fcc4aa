from __future__ import annotations

import json
import re
import subprocess

from tests.conftest import Invoke
from tests.integration.emulator_clients import Keys, Shell
from toolkit.emulator import User
from toolkit.errors import CheckFailed

CANARY = "hunter2/c4n4ry"


def _doctor(invoke: Invoke, desk: Shell, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return invoke("doctor", "--profile", "example", *args, env={**desk.variables, "AWS_DEFAULT_REGION": "", **env})


def test_a_profile_that_can_log_in(desk: Shell, invoke: Invoke) -> None:
    """Each row is an aligned line, and the only problem is the setting that the emulator needs."""
    desk.credentials.chmod(0o600)
    done = _doctor(invoke, desk)
    assert (done.returncode, done.stderr) == (0, "")
    for row in (
        "ok    profile               example: long-term key AKIA…[A-Z2-7]{4}",
        "note  endpoint              http://127.0.0.1:\\d+ instead of AWS for STS, IAM, S3 \\(AWS_ENDPOINT_URL\\)",
        "                            -> unset AWS_ENDPOINT_URL",
        "ok    clock                 (same time as AWS|[12] s (ahead of|behind) AWS)",
        "ok    user                  arn:aws:iam::123456789012:user/eng/alice",
        "ok    partition             `aws`, for the key and region `ap-northeast-1` .*",
        "ok    MFA devices           arn:aws:iam::123456789012:mfa/alice \\(usable\\)",
    ):
        assert re.search(f"^{row}$", done.stdout, re.MULTILINE), row


def test_nothing_that_is_secret_is_told(desk: Shell, alice: User, invoke: Invoke) -> None:
    """Keys, tokens and passwords in files, variables and addresses are not printed, and each failed row has a fix."""
    desk.credentials.write_text(
        desk.credentials.read_text("utf-8")
        + f"[old]\naws_access_key_id = ASIA1\naws_session_token = {CANARY}\naws_security_token = c4n4ry\n", "utf-8"
    )  # fmt: skip
    secrets = {"AWS_SECRET_ACCESS_KEY": CANARY, "AWS_SESSION_TOKEN": CANARY, "AWS_DEFAULT_PROFILE": "nowhere"}
    proxies = dict.fromkeys(("HTTP_PROXY", "https_proxy", "HTTPS_PROXY"), f"http://user:{CANARY}@127.0.0.1:1")
    more = {"NO_PROXY": "", "no_proxy": "", "AWS_CA_BUNDLE": "/nowhere"}
    done = _doctor(invoke, desk, "--json", **secrets, **proxies, **more)
    assert done.returncode == CheckFailed.exit_code
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    bad = {name for name, row in rows.items() if not row["ok"]}
    assert {"AWS_* variables", "default profile", "old tokens", "proxy", "certificates", "AWS response"} <= bad
    assert [name for name in bad if not rows[name]["fix"]] == []
    for word in ("c4n4ry", "hunter2", alice.secret):
        assert word not in done.stdout + done.stderr


def test_a_profile_that_cannot(desk: Shell, invoke: Invoke) -> None:
    """A failure is shown with its fix twice: in its row, and at the end."""
    desk.become(Keys("ASIA1", "x", CANARY))
    done = _doctor(invoke, desk)
    assert done.returncode == CheckFailed.exit_code
    fix = "aws configure --profile=NAME, with a new name and the long-term keys"
    assert "FAIL  profile               profile `example` is a session" in done.stdout
    assert f"{'':28}-> {fix}\n" in done.stdout
    assert f"error[check-failed]: 1 check failed: `profile`\n\nhint: {fix}\n" in done.stderr
    assert re.search("^note  user +unknown: the profile has no key to call AWS with$", done.stdout, re.MULTILINE)
