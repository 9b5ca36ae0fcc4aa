"""What `aws-mfa` does to a credentials file, over thousands of them, and what three parsers make of it."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.configloader import raw_config_parse
from botocore.exceptions import ConfigParseError

from tests.integration.credentials_files import DESTINATION, generate
from toolkit.emulator import Emulator
from toolkit.go import toolchain
from toolkit.settings import ROOT

FILES = 3000 if os.environ.get("CI") else 800
NAMES = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")

Keys = tuple[str, str, str]
NOTHING: Keys = ("", "", "")


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the path of the program that reads a profile with the parsers of Go."""
    out = tmp_path_factory.mktemp("readers") / "readers"
    done = toolchain.go().run("build", "-o", str(out), ".", cwd=ROOT / "tests" / "programs" / "readers")
    assert done.returncode == 0, done.stderr
    return str(out)


@dataclass(frozen=True)
class Run:
    """A file before and after a login, and how the login ended."""

    seed: int
    path: Path
    before: bytes
    awkward: frozenset[str]
    exit_code: int
    said: str

    @property
    def after(self) -> bytes:
        """What the file is now."""
        return self.path.read_bytes()


@pytest.fixture(scope="module")
def runs(aws_mfa: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Run]]:
    """Return a login into each of the files, each by a user of its own, whose first code is fresh."""
    folder = tmp_path_factory.mktemp("files")
    config = folder / "config"
    with Emulator() as aws:
        users = [aws.add_user(f"user{seed}") for seed in range(FILES)]
        config.write_text("[default]\nregion = eu-west-1\n", "utf-8")

        def log_in(seed: int) -> Run:
            user, path = users[seed], folder / f"credentials-{seed}"
            made = generate(seed, user.access_key, user.secret)
            path.write_bytes(made.text)
            env = {**os.environ, **aws.environment(), "AWS_CONFIG_FILE": str(config), "NO_PROXY": "127.0.0.1"}
            env["AWS_SHARED_CREDENTIALS_FILE"] = str(path)
            done = subprocess.run(
                [aws_mfa, "-s", "example", "-d", DESTINATION, "--serial", user.device.serial],
                env=env, input=user.device.code(), capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            return Run(seed, path, made.text, made.awkward, done.returncode, done.stderr)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            yield list(pool.map(log_in, range(FILES)))


def by_botocore(path: Path) -> Keys:
    """Return what botocore reads in the destination; nothing where it cannot read the file."""
    try:
        section = raw_config_parse(str(path)).get(DESTINATION, {})
    except (ConfigParseError, configparser.Error):
        return NOTHING
    first, second, third = (str(section.get(name, "")) for name in NAMES)
    return first, second, third


def by_go(readers: str, paths: list[Path]) -> list[dict[str, Keys]]:
    """Return what the two parsers of Go read in the destination of each file."""
    given = "".join(f"{path}\n" for path in paths)
    done = subprocess.run([readers, DESTINATION], input=given, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [{name: (row["ID"], row["Secret"], row["Token"]) for name, row in found.items()} for found in rows]


def without_destination(text: bytes) -> list[bytes]:
    """Return a file's lines but for those of the destination's section, and without empty ones."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.startswith(b"["):
            inside = line.startswith(f"[{DESTINATION}]".encode())
        if not inside and line.strip():
            kept.append(line.rstrip(b"\r\n"))
    return kept


def test_the_files_are_awkward_enough(runs: list[Run]) -> None:
    """Most logins work, and each kind of trouble is there often enough to be looked at."""
    assert sum(not run.exit_code for run in runs) > FILES // 2
    kinds = Counter(kind for run in runs for kind in run.awkward)
    assert set(kinds) == {"BOM", "section twice", "DEFAULT", "key twice", "junk"}


def test_all_parsers_read_the_session_alike(runs: list[Run], readers: str) -> None:
    """Where a login worked, botocore, the SDK for Go and go-ini read the same session, whole."""
    good = [run for run in runs if not run.exit_code]
    for run, go in zip(good, by_go(readers, [run.path for run in good]), strict=True):
        found = {"botocore": by_botocore(run.path), **go}
        assert len(set(found.values())) == 1, (run.seed, found, run.before)
        key, secret, token = found["botocore"]
        assert (key[:4], len(key), len(secret)) == ("ASIA", 20, 40), run.seed
        assert len(token) > 100, run.seed


def test_every_other_line_is_as_it_was(runs: list[Run]) -> None:
    """Outside of the destination's section no byte of a line changed, and no old token is left in it."""
    for run in runs:
        assert without_destination(run.after) == without_destination(run.before), run.seed
        if not run.exit_code:
            assert b"aws_security_token" not in run.after.split(f"[{DESTINATION}]".encode(), 1)[1].split(b"\n[")[0]


def test_what_is_refused_is_left_alone_and_named(runs: list[Run]) -> None:
    """A file that a login would make worse is byte for byte what it was, and the line is named."""
    refused = [run for run in runs if run.exit_code]
    assert refused
    for run in refused:
        assert run.after == run.before, run.seed
        assert run.exit_code == 253, (run.seed, run.said)
        assert re.search(r"\bline \d+\b", run.said), (run.seed, run.awkward, run.said, run.before)


def test_no_temporary_files_are_left(runs: list[Run]) -> None:
    """Beside the files there is nothing with keys in it."""
    folder = runs[0].path.parent
    others = [path for path in folder.iterdir() if not re.fullmatch(r"credentials-\d+|config", path.name)]
    assert [path for path in others if path.is_file() and path.stat().st_size] == []


@pytest.mark.parametrize("kind", ["section twice", "BOM", "DEFAULT"])
def test_what_would_become_worse_is_refused(runs: list[Run], kind: str) -> None:
    """Duplicate sections, a byte order mark and [DEFAULT] are read differently by each parser: nothing is written."""
    for run in runs:
        assert run.exit_code or kind not in run.awkward, run.seed
