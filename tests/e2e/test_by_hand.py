"""The steps that people take by hand, with the AWS CLI and the program: the toolkit exists to make them possible."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.emulator_clients import Shell
from toolkit.emulator import Emulator


def test_by_hand(aws: Emulator, built: Path, tmp_path: Path) -> None:
    """`aws configure`, an identity, buckets denied, a login, `AWS_DEFAULT_PROFILE`, the same identity, buckets."""
    user = aws.add_user("alice", "/eng/")
    desk = Shell(aws, tmp_path)
    answers = f"{user.access_key}\n{user.secret}\nap-northeast-1\njson\n"
    assert desk.run(*desk.aws_cli, "configure", "--profile=example", given=answers).returncode == 0

    def identity(**env: str) -> dict[str, str]:
        done = desk.cli("sts", "get-caller-identity", **env)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    example, session = {"AWS_DEFAULT_PROFILE": "example"}, {"AWS_DEFAULT_PROFILE": "example_mfa"}
    before = identity(**example)
    assert before == {"UserId": user.user_id, "Account": "123456789012", "Arn": user.arn}
    denied = desk.cli("s3", "ls", **example)
    assert denied.returncode != 0
    assert "AccessDenied" in denied.stderr

    (program,) = (path for path in (built / "bin").rglob("aws-mfa*") if path.suffix in {"", ".exe"})
    login = desk.run(str(program), "-s", "example", "-d", "example_mfa", given=f"{user.device.code()}\n")
    assert login.returncode == 0, login.stderr
    assert "export AWS_DEFAULT_PROFILE=example_mfa" in login.stderr

    assert identity(**session) == before
    listed = desk.cli("s3", "ls", **session)
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[-1] for line in listed.stdout.splitlines()] == ["example-data", "example-logs"]
    assert desk.cli("s3", "ls", **example).returncode != 0
