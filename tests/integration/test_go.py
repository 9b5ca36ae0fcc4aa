"""Go's own tests of the program that is distributed."""

from __future__ import annotations

import pytest

from toolkit.go import toolchain
from toolkit.settings import ROOT


def test_go_tests() -> None:
    """`go test ./...` passes in go-aws-mfa/, with the pinned toolchain."""
    done = toolchain.go().run("test", "./...", cwd=ROOT / "go-aws-mfa", CGO_ENABLED="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout


def test_go_mod_is_tidy() -> None:
    """go.mod and go.sum name exactly the modules that the program needs."""
    done = toolchain.go().run("mod", "tidy", "-diff", cwd=ROOT / "go-aws-mfa")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("pair", ["js/wasm", "plan9/amd64"])
def test_where_locks_or_terminals_are_missing(pair: str) -> None:
    """Code for locks and terminals compiles on systems without them."""
    goos, goarch = pair.split("/")
    packages = ("./internal/credfile", "./internal/prompt")
    done = toolchain.go().run(
        "build", *packages, cwd=ROOT / "go-aws-mfa", GOOS=goos, GOARCH=goarch, CGO_ENABLED="0"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
