"""Compare `invoke verify` with the AWS CLI, in one run: `python benchmarks/verify_beside_cli.py [--rounds N]`.

Each round, against one emulator: `invoke verify` (a login with a code, and its proof), one `aws sts
get-caller-identity`, and the commands that people use to check a login by hand: the identity of the key and of the
session, a read of IAM, `aws s3 ls`. Each round has a new user, whose codes are unused. The order alternates; medians.
Needs `.[test]`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from toolkit import totp
from toolkit.emulator import Emulator, User
from toolkit.settings import ROOT

INVOKE = str(Path(sys.executable).with_name("invoke"))
AWS = str(Path(sys.executable).with_name("aws"))
IDENTITY = (AWS, "sts", "get-caller-identity", "--profile")


def seconds(argv: tuple[str, ...], env: Mapping[str, str], given: str = "") -> float:
    """Return the time of a command; a failure ends the benchmark."""
    begun = time.perf_counter()
    done = subprocess.run(argv, cwd=ROOT, env=env, input=given, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - begun
    assert not done.returncode, f"{argv}: {done.stderr}"
    return taken


def measured(user: User, env: Mapping[str, str], *, turned: bool) -> dict[str, float]:
    """Return the time of each side for one user. The commands by hand check the session of an earlier login."""
    Path(env["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[example]\naws_access_key_id = {user.access_key}\naws_secret_access_key = {user.secret}\n", "utf-8"
    )
    device = user.device
    verify = (INVOKE, "verify", "--profile", "example")
    taken = {}
    if turned:  # the first code logs in, so that there is a session, and the next one is measured
        seconds(verify, env, device.code())
    else:
        taken["verify"] = seconds(verify, env, device.code())
    taken["identity"] = seconds((*IDENTITY, "example"), env)
    by_hand = (
        (*IDENTITY, "example"),
        (*IDENTITY, "example_mfa"),
        (AWS, "iam", "list-mfa-devices", "--user-name", user.name, "--profile", "example"),
        (AWS, "s3", "ls", "--profile", "example_mfa"),
    )
    taken["by hand"] = sum(seconds(argv, env) for argv in by_hand)
    if turned:
        taken["verify"] = seconds(verify, env, device.code(device.clock() + totp.PERIOD))
    return taken


def main() -> None:
    """Measure, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch, Emulator() as aws:
        config = Path(scratch, "config")
        config.write_text("[profile example]\nregion = ap-northeast-1\n", "utf-8")
        files = {"AWS_SHARED_CREDENTIALS_FILE": str(config.with_name("credentials")), "AWS_CONFIG_FILE": str(config)}
        env = {**os.environ, **aws.environment(), **files, "NO_PROXY": "127.0.0.1"}
        subprocess.run((INVOKE, "build"), cwd=ROOT, check=True, capture_output=True)
        found = [
            measured(aws.add_user(f"user-{number}", "/eng/"), env, turned=bool(number % 2)) for number in range(rounds)
        ]
    medians = {name: statistics.median(row[name] for row in found) for name in found[0]}
    print(f"{rounds} rounds, medians")
    for name, median in medians.items():
        print(f"  {name:10} {median:.3f} s   verify is {medians['verify'] / median:.2f} of it")


if __name__ == "__main__":
    main()
