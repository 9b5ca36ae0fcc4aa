"""Trace `invoke build` of a hostile repository with strace: programs that run, opened and changed files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.trees import HELLO, TREES
from tests.unit.go.tracing import Trace, traced
from tests.unit.samples import write_tree
from toolkit.go import toolchain

pytestmark = [
    pytest.mark.needs("strace", "git"),
    pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux"),
]

INVOKE = "from invoke.main import program\nprogram.run(['invoke', *sys.argv[1:]], exit=False)"
SECRETS = {"AWS_SECRET_ACCESS_KEY": "c4n4ry-key", "AWS_SESSION_TOKEN": "c4n4ry-token", "PRIVATE_THING": "c4n4ry-thing"}
FETCHING = {"GIT_SSH_COMMAND": "c4n4ry-ssh", "NETRC": "/c4n4ry-netrc", "SSH_AUTH_SOCK": "/c4n4ry-sock"}
GIT = re.compile(r"git --no-pager (ls-tree -z|log -1 --format=%ct %H) [0-9a-f]{40} -- [\w./-]+")
# The variables of this machine that each kind of child may see; its other variables are the toolkit's.
SEEN = {"GIT_SSH_COMMAND", "NETRC", "SSH_AUTH_SOCK"}


_NAMING_A_PROGRAM = """
core.fsmonitor core.pager core.editor core.sshCommand core.askPass core.alternateRefsCommand pager.log sequence.editor
filter.evil.smudge filter.evil.clean filter.evil.process diff.evil.textconv diff.external diff.evil.command
merge.evil.driver gpg.program gpg.ssh.program credential.helper alias.log alias.ls-tree uploadpack.packObjectsHook
"""


def build(folder: Path, source: Path, dist: Path, kind: str = "local") -> Trace:
    """Build a source with an engine."""
    write_tree(Path.home(), {".aws/credentials": "[default]\naws_secret_access_key = c4n4ry-key\n"})
    words = ("build", "--engine", kind, "--source", str(source), "--dist", str(dist))
    return traced(INVOKE, *words, scratch=folder / "scratch", env={**SECRETS, **FETCHING}, packages=True)


def git(folder: Path, *args: str) -> str:
    """Run git as a developer."""
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.test")
    done = subprocess.run(["git", *who, "-C", folder, *args], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def hostile(folder: Path) -> tuple[Path, Path]:
    """Return a repository whose configuration names a program in every possible place, and the mark of that program."""
    top, mark, evil = folder / "top", folder / "mark", folder / "evil"
    evil.write_text(f"#!/bin/sh\necho x >> {mark}\n")
    evil.chmod(0o755)
    files = {"cmd/go.mod": f"module example.com/{folder.name}\n", "cmd/main.go": f"{HELLO}// {folder}\n"}
    write_tree(top, {**files, ".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    git(top, "init", "-q")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "one")
    for name in _NAMING_A_PROGRAM.split():
        git(top, "config", name, f"!{evil}" if name.startswith("alias") else str(evil))
    git(top, "config", "log.showSignature", "true")
    git(top, "config", "core.hooksPath", str(folder / "hooks"))
    for name in ("post-checkout", "pre-commit", "fsmonitor-watchman", "post-index-change", "reference-transaction"):
        write_tree(folder / "hooks", {name: evil.read_text()})
        (folder / "hooks" / name).chmod(0o755)
    (folder / "included").write_text(f"[core]\n\tfsmonitor = {evil}\n")
    git(top, "config", "include.path", str(folder / "included"))
    (top / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = ext::{evil}\n\tupdate = !{evil}\n')
    return top, mark


def partial(top: Path, evil: Path) -> None:
    """Make a repository a partial clone without a tree, which git would download with a program."""
    tree = git(top, "rev-parse", "HEAD^{tree}")
    settings = {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
    }
    settings |= {"remote.origin.partialclonefilter": "tree:0", "remote.origin.url": "/nowhere"}
    for name, value in {**settings, "remote.origin.uploadpack": str(evil)}.items():
        git(top, "config", name, value)
    (top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()


def check(trace: Trace, folder: Path) -> None:
    """Check that only git, Go and its tools ran, with the right variables, and that no process read the AWS files."""
    assert not [path for path in trace.opened if ".aws" in path.parts]
    go = toolchain.go()
    goroot = go.run("env", "GOROOT").stdout.strip()
    for path, argv, environment in trace.programs:
        names = {variable.split("=")[0] for variable in environment}
        text = "\0".join(environment)
        assert not any(secret in text for secret in SECRETS.values()), path
        if Path(path).name == "git":
            assert GIT.fullmatch(" ".join(["git", *argv[1:]])), argv
            assert not names & SEEN
        else:
            assert path.startswith((goroot, str(go.path.parent))) or "/go-build" in path, path
            tool = "/pkg/tool/" in path or "/go-build" in path
            online = "https" in next((each for each in environment if each.startswith("GOPROXY=")), "")
            assert tool or online or not names & SEEN, argv
    assert any(Path(path).name == "git" for path, _, _ in trace.programs)
    assert not (folder / "mark").exists()


@pytest.mark.parametrize("kind", ["local", pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.slow])])
def test_a_configured_repository(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """More than twenty settings, hooks, attributes, an included file and submodules name a program; none of it runs."""
    if kind == "docker":
        request.getfixturevalue("docker_host")
    top, mark = hostile(tmp_path)
    subprocess.run(["git", "-C", top, "status"], capture_output=True, check=False)
    assert mark.exists()  # the settings work
    mark.unlink()
    trace = build(tmp_path, top / "cmd", tmp_path / "dist", kind)
    check(trace, tmp_path)
    assert {Path(path).name for path, _, _ in trace.programs} >= ({"git", "go"} if kind == "local" else {"git"})
    assert list((tmp_path / "dist" / "bin").iterdir())


@pytest.mark.slow
def test_everything_lies_below_a_hostile_repository(tmp_path: Path) -> None:
    """`--dist` is in it, so that the copy and the compile are there too."""
    top, mark = hostile(tmp_path)
    mark.unlink(missing_ok=True)
    check(build(tmp_path, top / "cmd", top / "dist"), tmp_path)


def test_a_partial_clone(tmp_path: Path) -> None:
    """Missing objects are not downloaded."""
    top, mark = hostile(tmp_path)
    partial(top, tmp_path / "evil")
    mark.unlink(missing_ok=True)
    check(build(tmp_path, top / "cmd", tmp_path / "dist"), tmp_path)


@pytest.mark.slow
def test_a_bare_repository_beside_go_mod(tmp_path: Path) -> None:
    """Git would use the directory as a repository; the toolkit does not."""
    top, mark = hostile(tmp_path)
    subprocess.run(["cp", "-r", f"{top}/.git/.", top / "cmd"], check=True)
    git(top, "config", "-f", str(top / "cmd" / "config"), "core.bare", "true")
    mark.unlink(missing_ok=True)
    check(build(tmp_path, top / "cmd", tmp_path / "dist"), tmp_path)


TEN = (
    "embed: a directory with a test file", "link: out of an embedded directory", "link: out, embedded by name",
    "link: a package inside", "link: a package outside", "link: a Go file outside", "link: default.pgo outside",
    "include: of the directory above", "include: a link out of the module", "module: replaced by a directory outside",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", TEN)
def test_what_is_opened(name: str, tmp_path: Path) -> None:
    """No file outside the source is opened, none in it is changed, and each of its files is read at most once."""
    source = TREES[name].write(tmp_path, f"example.com/opened{TEN.index(name)}")
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and source not in path.parents]
    write_tree(source, {".env": "c4n4ry", "notes.txt": "c4n4ry"})
    try:
        trace = build(tmp_path, source, tmp_path / "dist")
    except subprocess.CalledProcessError:  # the source is refused
        pytest.fail("invoke ended with an error that it did not report")
    assert not {"/etc/hostname", *map(str, outside)} & {str(path.resolve()) for path in trace.opened}
    assert not [path for path in trace.changed if source in (path, *path.parents)]
    files = [path for path in source.rglob("*") if path.is_file() and not path.is_symlink()]
    counts = {path: trace.opened.count(path) for path in files}
    assert max(counts.values()) <= 1
