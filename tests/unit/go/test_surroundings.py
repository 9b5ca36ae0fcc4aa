from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.errors import OutputUnwritable, UsageError
from toolkit.go import surroundings
from toolkit.go.toolchain import Go, go
from toolkit.settings import ROOT

OWN = pwd.getpwuid(os.getuid()).pw_dir

Complete = Callable[..., dict[str, str]]


@pytest.fixture
def completed(monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Return a function that returns the new values of some variables, None for one that is not set."""

    def complete(**variables: str | None) -> dict[str, str]:
        for name, value in variables.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(tempfile, "tempdir", None)  # forget Python's earlier choice
        surroundings.complete(os.environ)
        return {name: os.environ[name] for name in variables if name in os.environ}

    return complete


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_home_is_the_users(value: str | None, completed: Complete) -> None:
    """Cron jobs, services and `env -i` have none, and the go command needs one."""
    assert completed(HOME=value) == {"HOME": OWN}


@pytest.mark.parametrize("value", [None, "", "elsewhere"])
def test_a_build_works_wherever_home_and_tmpdir_lead(value: str | None, completed: Complete, tiny: Path) -> None:
    """The go command finds its cache and a directory for temporary files."""
    completed(HOME=None, TMPDIR=value if value != "elsewhere" else "/nonexistent/elsewhere", GOCACHE=None)
    found = go()
    env = {name: os.environ[name] for name in ("HOME", "TMPDIR", "PATH") if name in os.environ}
    done = Go(found.path, found.version, {**env, "GOTOOLCHAIN": found.version, "GOENV": "off"}).run(
        "list", "-export", "errors", cwd=tiny
    )
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_home_that_is_set_is_kept(completed: Complete, tmp_path: Path) -> None:
    """The user's choice has priority."""
    assert completed(HOME=str(tmp_path)) == {"HOME": str(tmp_path)}


@pytest.mark.parametrize("value", ["/nonexistent/x", "/proc", "nowhere", "/dev/zero"])
def test_a_tmpdir_that_leads_nowhere_is_replaced(value: str, completed: Complete) -> None:
    """It is Python's choice, so that the go command uses the same one."""
    found = completed(TMPDIR=value)["TMPDIR"]
    assert Path(found).is_absolute()
    assert os.access(found, os.W_OK)
    assert found != value


def test_a_tmpdir_that_works_is_kept(completed: Complete, tmp_path: Path) -> None:
    """It keeps its value, even if unset."""
    assert completed(TMPDIR=str(tmp_path)) == {"TMPDIR": str(tmp_path)}
    assert completed(TMPDIR=None) == {}


def test_no_place_for_temporary_files_is_an_error(completed: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the directories that were tried and the variable to set."""
    monkeypatch.setattr(tempfile, "_get_default_tempdir", _nothing)
    with pytest.raises(OutputUnwritable, match="`/nonexistent/x`") as caught:
        completed(TMPDIR="/nonexistent/x")
    assert "`TMPDIR`" in caught.value.hint


def _nothing() -> str:
    raise FileNotFoundError


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOCACHE", "GOMODCACHE", "GOTMPDIR"])
def test_a_relative_directory_is_refused_by_its_name(name: str) -> None:
    """Go would blame another variable, or write into the source."""
    with pytest.raises(UsageError, match=rf"^`{name}` must be an absolute path, not `some/where`$"):
        surroundings.check({name: "some/where"})


@pytest.mark.parametrize("value", ["go", f"/usr/go{os.pathsep}go"])
def test_every_entry_of_gopath_is_absolute(value: str) -> None:
    """The value is a list."""
    with pytest.raises(UsageError, match="`GOPATH` must be an absolute path, not `go`"):
        surroundings.check({"GOPATH": value})


def test_a_build_cache_that_is_off_is_refused() -> None:
    """The hint is to unset it."""
    with pytest.raises(UsageError, match="`GOCACHE=off`") as caught:
        surroundings.check({"GOCACHE": "off"})
    assert caught.value.hint == "unset `GOCACHE`"


@pytest.mark.parametrize(
    "environ", [{}, {"HOME": "", "GOPATH": ""}, {"HOME": str(ROOT), "GOPATH": f"/a{os.pathsep}/b", "GOCACHE": "/c"}]
)
def test_everything_else_is_left_to_go(environ: dict[str, str]) -> None:
    """Go creates a directory that does not exist, or reports the reason."""
    surroundings.check(environ)
