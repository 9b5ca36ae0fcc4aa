"""Repositories that try to run a command, to read a file elsewhere or to hang the program that reads them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.go.repositories import FILES, FIRST, LATER, commit, git, repository
from tests.unit.go.tracing import Trace, traced
from tests.unit.samples import write_tree
from toolkit.go.repository import history

pytestmark = [
    pytest.mark.needs("strace", "git"),
    pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux"),
]

HISTORY = """
import pathlib
from toolkit.go.repository import history
print(history(pathlib.Path(sys.argv[1])).commit_time)
"""
SECRET = "wJalrXUtnFEMI/K7MDENG"  # noqa: S105  # an example
LS_TREE = re.compile(r"git --no-pager ls-tree -z [0-9a-f]{40} -- [\w./-]*go\.mod")
LOG = re.compile(r"git --no-pager log -1 --format=%ct %H [0-9a-f]{40} -- [\w./-]+")


@dataclass(frozen=True)
class Scene:
    """A repository `top` with a module below it, a file outside, and a command that writes a mark."""

    folder: Path

    @property
    def top(self) -> Path:
        """The repository."""
        return self.folder / "top"

    @property
    def data(self) -> Path:
        """Its git directory."""
        return self.top / ".git"

    @property
    def root(self) -> Path:
        """The module's root."""
        return self.top / "cmd" / "x"

    @property
    def mark(self) -> Path:
        """The file that every command of the repository would write."""
        return self.folder / "mark"

    @property
    def outside(self) -> Path:
        """A file that nothing may open."""
        return self.folder / "outside" / "secret"

    @property
    def command(self) -> str:
        """The name of a program that writes the mark."""
        return str(self.folder / "evil")

    def configure(self, *settings: str) -> None:
        """Append to the repository's configuration."""
        with (self.data / "config").open("a") as file:
            for setting in settings:
                name, _, value = setting.partition("=")
                section, _, key = name.rpartition(".")
                head, _, rest = section.partition(".")
                file.write(f'[{head} "{rest}"]\n' if rest else f"[{head}]\n")
                file.write(f"\t{key} = {value}\n")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return a repository without any problem so far."""
    made = Scene(tmp_path)
    repository(made.top, "cmd/x")
    write_tree(tmp_path, {"outside/secret": f"{FIRST}\n", "evil": f"#!/bin/sh\nenv >{made.mark}\nfalse\n"})
    (tmp_path / "evil").chmod(0o755)
    return made


def without(scene: Scene, name: str) -> None:
    """Remove an object, so that a partial clone would fetch it."""
    found = git(scene.top, "rev-parse", name)
    (scene.data / "objects" / found[:2] / found[2:]).unlink()


# --- commands --------------------------------------------------------------------------------------------------------


def partial_clone(scene: Scene) -> None:
    """Remove a tree, so that the configured command would fetch it."""
    scene.configure(
        "core.repositoryformatversion=1",
        "extensions.partialClone=origin",
        "remote.origin.promisor=true",
        "remote.origin.partialclonefilter=tree:0",
        "remote.origin.url=/nowhere",
        f"remote.origin.uploadpack=sh -c {scene.command}",
    )
    without(scene, "HEAD~^{tree}")


def partial_clone_by_ssh(scene: Scene) -> None:
    """Fetch HEAD's objects through a command for ssh."""
    partial_clone(scene)
    scene.configure("remote.origin.url=ssh://host.invalid/x", f"core.sshCommand={scene.command}")
    without(scene, "HEAD^{tree}")


def partial_clone_by_helper(scene: Scene) -> None:
    """Fetch through the `ext` transport, which is a command."""
    partial_clone(scene)
    scene.configure(f"remote.origin.url=ext::{scene.command}", "protocol.ext.allow=always", "protocol.allow=always")


def fsmonitor(scene: Scene) -> None:
    """Ask a command which files changed."""
    scene.configure(f"core.fsmonitor={scene.command}", "core.untrackedCache=true")


def hooks(scene: Scene) -> None:
    """Add every hook."""
    names = ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman")
    for name in names:
        (scene.data / "hooks" / name).symlink_to(scene.command)
    scene.configure(f"core.hooksPath={scene.data / 'hooks'}")


def filters(scene: Scene) -> None:
    """Filter every file through commands."""
    commit(write_tree(scene.top, {".gitattributes": "* filter=evil\n"}), LATER + 1)
    write_tree(scene.top, {".git/info/attributes": "* filter=evil\n"})
    scene.configure(*(f"filter.evil.{name}={scene.command}" for name in ("clean", "smudge", "process")))


def textconv(scene: Scene) -> None:
    """Show differences by commands."""
    write_tree(scene.top, {".git/info/attributes": "* diff=evil merge=evil\n"})
    scene.configure(
        *(f"{name}={scene.command}" for name in ("diff.evil.textconv", "diff.evil.command", "diff.external"))
    )
    scene.configure("log.diffMerges=on")


def includes(scene: Scene) -> None:
    """Include configuration from elsewhere, on conditions too."""
    write_tree(scene.folder, {"outside/secret": f"[log]\n\tshowSignature\n[gpg]\n\tprogram = {scene.command}\n"})
    sign(scene)
    condition = "includeIf.gitdir:**"
    scene.configure(f"include.path={scene.outside}", f"{condition}.path={scene.outside}")


def sign(scene: Scene) -> None:
    """Sign a commit, badly."""
    person = f"nobody <nobody@example.test> {FIRST} +0000"
    text = f"tree {git(scene.top, 'rev-parse', 'HEAD^{tree}')}\nauthor {person}\ncommitter {person}\n"
    text += "gpgsig -----BEGIN PGP SIGNATURE-----\n no\n -----END PGP SIGNATURE-----\n\nsigned\n"
    path = write_tree(scene.folder, {"signed": text}) / "signed"
    git(scene.top, "update-ref", "HEAD", git(scene.top, "hash-object", "-t", "commit", "-w", str(path)))


def signature(scene: Scene) -> None:
    """Check signatures with a command."""
    sign(scene)
    scene.configure("log.showSignature=true", f"gpg.program={scene.command}", f"gpg.ssh.program={scene.command}")


def submodules(scene: Scene) -> None:
    """Add a submodule with commands as its address and update."""
    modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::{scene.command}\n\tupdate = !{scene.command}\n'
    write_tree(scene.top, {".gitmodules": modules})
    git(scene.top, "update-index", "--add", "--cacheinfo", f"160000,{'ab' * 20},x")
    git(scene.top, "commit", "--quiet", "--message=submodule")
    scene.configure(
        f"submodule.x.update=!{scene.command}", f"submodule.x.url=ext::{scene.command}", "submodule.recurse=1"
    )


def attributes_file(scene: Scene) -> None:
    """Configure an attributes file and an ignore file elsewhere."""
    scene.configure(f"core.attributesFile={scene.outside}", f"core.excludesFile={scene.outside}")
    scene.configure(f"mailmap.file={scene.outside}", "log.mailmap=true")


def pagers(scene: Scene) -> None:
    """Show everything through a pager."""
    scene.configure(*(f"{name}={scene.command}" for name in ("core.pager", "pager.log", "pager.ls-tree")))
    scene.configure("color.ui=always")


def aliases(scene: Scene) -> None:
    """Use names of git commands as aliases for commands."""
    scene.configure(*(f"alias.{name}=!{scene.command}" for name in ("log", "ls-tree", "rev-parse")))


def prompts(scene: Scene) -> None:
    """Ask for passwords and messages with commands."""
    partial_clone(scene)
    settings = ("core.askPass", "credential.helper", "core.editor", "core.gitProxy", "sequence.editor")
    scene.configure("remote.origin.url=git://host.invalid/x", *(f"{name}={scene.command}" for name in settings))


def worktree_elsewhere(scene: Scene) -> None:
    """Claim that the files are elsewhere."""
    scene.configure(f"core.worktree={scene.outside.parent}", f"core.fsmonitor={scene.command}", "core.bare=false")


def worktree_configuration(scene: Scene) -> None:
    """Put the commands into a worktree's configuration."""
    scene.configure("extensions.worktreeConfig=true")
    write_tree(scene.data, {"config.worktree": f"[core]\n\tfsmonitor = {scene.command}\n\tpager = {scene.command}\n"})


def bare_beside(scene: Scene) -> None:
    """Put a bare repository beside go.mod; git prefers it to the repository above."""
    sign(scene)
    for name in ("objects", "refs"):
        (scene.root / name).symlink_to(scene.data / name)
    text = f"[core]\n\tbare = true\n\tfsmonitor = {scene.command}\n"
    text += f"[log]\n\tshowSignature\n[gpg]\n\tprogram = {scene.command}\n"
    write_tree(scene.root, {"config": text, "HEAD": "ref: refs/heads/main\n"})


def program_named_git(scene: Scene) -> None:
    """Add a program named git, and variables of the user for git, where git would run."""
    for place in (scene.root, scene.top, scene.data):
        (place / "git").symlink_to(scene.command)


def above(scene: Scene) -> None:
    """Put a hostile repository above one that does not track the module."""
    partial_clone(scene)
    signature(scene)
    git(scene.root.parent, "init", "--quiet")
    (scene.root.parent / ".git" / "config").write_text(f"[core]\n\tfsmonitor = {scene.command}\n")


COMMANDS = (
    partial_clone, partial_clone_by_ssh, partial_clone_by_helper, fsmonitor, hooks, filters, textconv, includes,
    signature, submodules, attributes_file, pagers, aliases, prompts, worktree_elsewhere, worktree_configuration,
    bare_beside, program_named_git, above,
)  # fmt: skip
UNDATED = {partial_clone, partial_clone_by_ssh, partial_clone_by_helper, prompts}

# --- files elsewhere, and files that hang ----------------------------------------------------------------------------


def pipe(name: str) -> Callable[[Scene], None]:
    """Return a function that replaces a file of the git directory with a named pipe."""

    def make(scene: Scene) -> None:
        path = scene.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)

    return make


def link(name: str, target: str) -> Callable[[Scene], None]:
    """Return a function that replaces a file of the git directory with a link."""

    def make(scene: Scene) -> None:
        path = scene.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return make


def content(name: str, text: str) -> Callable[[Scene], None]:
    """Return a function that writes a file of the git directory."""

    def make(scene: Scene) -> None:
        write_tree(scene.data, {name: text})

    return make


def large(name: str) -> Callable[[Scene], None]:
    """Return a function that makes a file of the git directory a gigabyte large."""

    def make(scene: Scene) -> None:
        with (scene.data / name).open("ab") as file:
            file.truncate(1 << 30)

    return make


def git_pipe(scene: Scene) -> None:
    """Make `.git` a pipe."""
    scene.data.rename(scene.folder / "data")
    os.mkfifo(scene.data)


def git_link(scene: Scene) -> None:
    """Make `.git` a link to a file elsewhere."""
    scene.data.rename(scene.folder / "data")
    scene.data.symlink_to(scene.outside)


def git_socket(scene: Scene) -> None:
    """Make a reference a socket."""
    path = scene.data / "refs" / "heads" / "main"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def git_device(scene: Scene) -> None:
    """Make `.git` a link to a device."""
    scene.data.rename(scene.folder / "data")
    scene.data.symlink_to("/dev/zero")


def head_directory(scene: Scene) -> None:
    """Make HEAD a directory."""
    (scene.data / "HEAD").unlink()
    (scene.data / "HEAD").mkdir()


def references_elsewhere(scene: Scene) -> None:
    """Keep the references in another directory, with a link to it."""
    (scene.data / "refs").rename(scene.folder / "refs")
    (scene.data / "refs").symlink_to(scene.folder / "refs")


def loose_pipe(scene: Scene) -> None:
    """Make an object a pipe."""
    name = git(scene.top, "rev-parse", "HEAD")
    pipe(f"objects/{name[:2]}/{name[2:]}")(scene)


def alternates_loop(scene: Scene) -> None:
    """Borrow objects from each other."""
    write_tree(scene.folder, {"other/objects/info/alternates": f"{scene.data}/objects\n", "other/objects/pack/x": ""})
    write_tree(scene.data, {"objects/info/alternates": f"{scene.folder}/other/objects\n../objects\n"})


def alternates_chain(scene: Scene) -> None:
    """Borrow through more directories than git follows, with a pipe in the last."""
    for number in range(10):
        write_tree(scene.folder, {f"{number}/info/alternates": f"{scene.folder}/{number + 1}\n"})
    os.mkfifo(write_tree(scene.folder, {"9/pack/x": ""}) / "9" / "pack" / "pack-x.idx")
    write_tree(scene.data, {"objects/info/alternates": f"{scene.folder}/0\n"})


def alternates_pipe(scene: Scene) -> None:
    """Borrow from a directory with a pipe, from a pipe, from a device and from nothing."""
    os.mkfifo(write_tree(scene.folder, {"other/pack/x": ""}) / "other" / "pack" / "pack-x.idx")
    os.mkfifo(scene.folder / "pipe")
    text = "".join(f"{path}\n" for path in (scene.folder / "pipe", "/dev/zero", "/nowhere", scene.folder / "other"))
    write_tree(scene.data, {"objects/info/alternates": text})


def huge_object(scene: Scene) -> None:
    """Claim that a commit is larger than memory."""
    name = git(scene.top, "rev-parse", "HEAD")
    path = scene.data / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"commit %d\0tree " % (1 << 33)))


READS: dict[str, Callable[[Scene], None]] = {
    "pipe .git": git_pipe,
    "socket": git_socket,
    "link .git": git_link,
    "device .git": git_device,
    "device HEAD": link("HEAD", "/dev/zero"),
    "directory HEAD": head_directory,
    "link HEAD": link("HEAD", "../../outside/secret"),
    "link main": link("refs/heads/main", "../../../../outside/secret"),
    "link packed-refs": link("packed-refs", "../../outside/secret"),
    "link shallow": link("shallow", "../../outside/secret"),
    "link grafts": link("info/grafts", "../../../outside/secret"),
    "link replaced": link(f"refs/replace/{'ab' * 20}", "../../../../outside/secret"),
    "link alternates": link("objects/info/alternates", "../../../../outside/secret"),
    "link pack": link("objects/pack/pack-x.idx", "../../../../outside/secret"),
    "link commondir": link("commondir", "../../outside/secret"),
    "link refs": references_elsewhere,
    "parents": content("HEAD", "ref: refs/heads/../../../../outside/secret\n"),
    "parents only": content("HEAD", "ref: ../../outside/secret\n"),
    "absolute": content("HEAD", "ref: /etc/hostname\n"),
    "parents twice": content("refs/heads/main", "ref: refs/../../../outside/secret\n"),
    "zero byte": content("HEAD", "ref: refs/heads/main\0/../../../outside/secret\n"),
    "gitdir zero byte": content("commondir", ".\0\n"),
    "alternates zero byte": content("objects/info/alternates", "x\0y\n"),
    "commondir nowhere": content("commondir", "/dev/null\n"),
    "commondir elsewhere": content("commondir", "../../outside\n"),
    "large HEAD": large("HEAD"),
    "large main": large("refs/heads/main"),
    "large packed-refs": large("packed-refs"),
    "large alternates": large("objects/info/alternates"),
    "loose pipe": loose_pipe,
    "huge object": huge_object,
    "alternates chain": alternates_chain,
    "alternates pipe": alternates_pipe,
} | {
    f"pipe {name}": pipe(name)
    for name in (
        "HEAD",
        "refs/heads/main",
        "packed-refs",
        "shallow",
        "commondir",
        "info/grafts",
        f"refs/replace/{'ab' * 20}",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "objects/info/commit-graphs/commit-graph-chain",
        "objects/pack/multi-pack-index",
        "objects/pack/pack-x.idx",
        f"objects/ab/{'cd' * 19}",
    )
}
HARMLESS: dict[str, Callable[[Scene], object]] = {
    "alternates loop": alternates_loop,
    "pipe config": pipe("config"),
    "pipe index": pipe("index"),
    "pipe attributes": pipe("info/attributes"),
    "large config": large("config"),
    "replaced by nonsense": lambda scene: write_tree(scene.data, {f"refs/replace/{'ab' * 20}": b"\xff"}),
}


# --- the rules -------------------------------------------------------------------------------------------------------


def watch(scene: Scene, **env: str) -> Trace:
    """Ask for the history under strace, as a user with keys in the environment."""
    surroundings = {"AWS_SECRET_ACCESS_KEY": SECRET, "HOME": str(scene.folder / "home"), **env}
    return traced(HISTORY, str(scene.root), scratch=scene.folder / "scratch", env=surroundings, cwd=scene.root)


def check(scene: Scene, trace: Trace) -> None:
    """Check that git ran as planned, and that nothing else was run, written, opened or passed on."""
    for path, argv, environment in trace.programs:
        line = " ".join(argv)
        assert Path(path).name == "git"
        assert not Path(path).is_relative_to(scene.folder)
        assert LS_TREE.fullmatch(line) or LOG.fullmatch(line)
        assert not [text for text in environment if SECRET in text or text.startswith(("AWS_", "HOME="))]
        names = {text.partition("=")[0] for text in environment}
        assert {name for name in names if not name.startswith("GIT_")} <= {"PATH", "LC_ALL"}
    assert {path for path in trace.changed if not path.is_relative_to(scene.folder / "scratch")} <= {Path(os.devnull)}
    assert scene.outside not in [Path(os.path.realpath(path)) for path in trace.opened]
    assert scene.data / "config" not in trace.opened
    assert not scene.mark.exists()
    assert not [text for text in trace.sockets if "AF_INET" in text]


@pytest.mark.parametrize("make", COMMANDS, ids=lambda make: make.__name__)
def test_no_repository_runs_a_command(make: Callable[[Scene], None], scene: Scene) -> None:
    """A source is data: nothing that its configuration names is run, and git's answer is the same."""
    make(scene)
    trace = watch(scene)
    check(scene, trace)
    assert trace.output == ("None\n" if make in UNDATED else f"{FIRST}\n")
    assert len(trace.programs) >= 1


@pytest.mark.parametrize("make", [partial_clone, signature, bare_beside], ids=lambda make: make.__name__)
def test_plain_git_runs_the_commands(make: Callable[[Scene], None], scene: Scene) -> None:
    """The repositories of the previous test are as hostile as they should be."""
    make(scene)
    subprocess.run(["git", "log", "-1", "--", "."], cwd=scene.root, capture_output=True, check=False)
    assert scene.mark.exists()


@pytest.mark.parametrize("name", READS)
def test_no_repository_opens_files_elsewhere_or_hangs(name: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, a device, a link out of the git directory or an endless file is reported immediately."""
    monkeypatch.chdir(scene.folder)
    READS[name](scene)
    began = time.monotonic()
    trace = watch(scene)
    assert time.monotonic() - began < 10
    check(scene, trace)
    assert trace.output == "None\n"
    assert history(scene.root).note.startswith("packages are dated 1980-01-01 because ")


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_not_needed_is_not_opened(name: str, scene: Scene) -> None:
    """A broken configuration does not matter, because it is not read."""
    HARMLESS[name](scene)
    trace = watch(scene)
    check(scene, trace)
    assert trace.output == f"{FIRST}\n"


def test_variables_for_git_are_not_passed_on(scene: Scene) -> None:
    """The user's settings for git apply to their repositories, not to a stranger's."""
    sign(scene)
    settings = {"GIT_CONFIG_KEY_0": "gpg.program", "GIT_CONFIG_VALUE_0": scene.command, "GIT_CONFIG_COUNT": "1"}
    settings |= {"GIT_DIR": str(scene.outside), "GIT_TRACE": str(scene.mark), "GIT_EXTERNAL_DIFF": scene.command}
    settings |= {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(scene.outside), "GIT_CEILING_DIRECTORIES": str(scene.top)}
    trace = watch(scene, **settings)
    check(scene, trace)
    assert trace.output == f"{FIRST}\n"


def test_a_git_in_the_current_directory_is_not_run(scene: Scene) -> None:
    """Some users have the current directory on PATH and build in a source directory."""
    program_named_git(scene)
    trace = watch(scene, PATH=f":.:{os.environ['PATH']}")
    check(scene, trace)
    assert trace.output == f"{FIRST}\n"


def test_a_module_beside_a_bare_repository_is_outside_any(scene: Scene) -> None:
    """HEAD, objects, refs and config beside go.mod do not make a repository."""
    bare_beside(scene)
    alone = scene.folder / "alone"
    alone.mkdir()
    for name in ("HEAD", "objects", "refs", "config"):
        (scene.root / name).rename(alone / name)
    write_tree(alone, FILES)
    trace = traced(HISTORY, str(alone), scratch=scene.folder / "scratch")
    assert (trace.output, trace.programs) == ("None\n", ())
    assert not scene.mark.exists()
