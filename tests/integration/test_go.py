"""Go's own tests of the program that is distributed."""

from __future__ import annotations

from toolkit import toolchain
from toolkit.settings import ROOT


def test_go_tests() -> None:
    """`go test ./...` passes in go-aws-mfa/, with the pinned toolchain."""
    done = toolchain.go().run("test", "./...", cwd=ROOT / "go-aws-mfa", CGO_ENABLED="0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout


def test_go_mod_is_tidy() -> None:
    """go.mod and go.sum name just what the program needs."""
    done = toolchain.go().run("mod", "tidy", "-diff", cwd=ROOT / "go-aws-mfa")
    assert done.returncode == 0, done.stdout + done.stderr
