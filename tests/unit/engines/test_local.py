"""The go command here is a shell script, so that tests see its input and define its answers."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.samples import GO, LINUX, RECIPE, source
from toolkit.engines import COMPILE, Closed, CompileError, Limits, Share, TimeLimit, local
from toolkit.engines.local import Caches, LocalEngine
from toolkit.errors import DiskFull, OutputUnwritable
from toolkit.go import toolchain, tree
from toolkit.go.toolchain import Go
from toolkit.go.tree import Node
from toolkit.go.workspace import Answer
from toolkit.model import Piece, Source
from toolkit.settings import EngineSettings

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the go command of these tests is a shell script")

SHARE = Share(jobs=2, cpus=3, memory=4 << 30)
OUT = 'mkdir -p "$GOPATH/bin"; out=$GOPATH/bin/program'  # the path for a program
THEIRS = {"PATH": os.environ["PATH"], "HOME": "/home/theirs", "GOENV": "off", "GOMODCACHE": "/theirs/mod"}
THEIRS |= {"GOPROXY": "https://modules.example", "GOSUMDB": "sums.example", "GOPRIVATE": "private.example"}
THEIRS |= {"HTTPS_PROXY": "http://user:secret@proxy.example", "GOVCS": ""}
SHELL = {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}  # variables that every script has
OFFLINE = {"GOSUMDB", "GOPRIVATE", "GOPROXY", "GOTOOLCHAIN", "GOENV", "GOWORK", "GOFLAGS", "GOCACHE", "GOMODCACHE"}
OFFLINE |= {"GONOPROXY"}
OFFLINE |= {"GOPATH", "HOME", "TMPDIR", "TEMP", "TMP"}  # variables of an offline question


def engine(folder: Path, script: str, *, seconds: float = 10, **env: str) -> LocalEngine:
    """Return an engine whose go command is a script with the programs of this machine."""
    path = folder / "go"
    path.write_text(f"#!/bin/sh\nPATH={os.environ['PATH']}\n{script}\n")
    path.chmod(0o755)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    caches = Caches(folder / "caches", folder / "caches" / "build")
    return LocalEngine(Go(path, GO, {**THEIRS, **env}), SHARE, Limits(seconds=seconds), caches, work)


def packed(folder: Path, *, remote: bool = False) -> Source:
    """Return a source of two files in the directory `module` of its tree."""
    (folder / "pack").write_bytes(b"module x\npackage main\n")
    files = (Piece("module/go.mod", folder / "pack", 0, 9), Piece("module/main.go", folder / "pack", 9, 13))
    return source(files=(), digest="0" * 64) if remote else source(files=files, directory="module")


def built(made: LocalEngine, folder: Path) -> str:
    """Return the result of a compile."""
    return made.compile(packed(folder), LINUX, RECIPE).decode()


def asked(made: LocalEngine, *, online: bool, fresh: bool = False) -> list[dict[str, str]]:
    """Return the variables of each go command that a question runs; each of them fails."""
    with made.open(tree.plain({"a": b""}), online) as workspace:
        workspace.go("list", fresh=fresh)
    runs = (made.caches.root / "runs").read_text().split("--\n")[:-1]
    return [dict(line.split("=", 1) for line in run.splitlines() if "=" in line) for run in runs]


def noting(folder: Path) -> str:
    """Return a script that records its variables and fails."""
    (folder / "caches").mkdir(exist_ok=True)
    return f"env >> {folder}/caches/runs; echo -- >> {folder}/caches/runs; exit 1"


# --- compiling -------------------------------------------------------------------------------------------------------


def test_a_compile_gives_the_bytes(tmp_path: Path) -> None:
    """They may be any bytes, and the directory is removed afterwards."""
    script = f'{OUT}; printf \'\\377\\000bytes\' > "$out"; echo "$out" > {tmp_path}/where'
    assert engine(tmp_path, script).compile(packed(tmp_path), LINUX, RECIPE) == b"\xff\0bytes"
    assert not Path((tmp_path / "where").read_text().strip()).parent.exists()


def test_a_compile_runs_the_recipe_where_nothing_but_the_listed_files_is(tmp_path: Path) -> None:
    """Its arguments are the recipe's, limited to the engine's share; its directory's name shows its purpose."""
    lines = built(engine(tmp_path, f'{OUT}; (echo "$*"; pwd; find . -type f | sort; cat *) > "$out"'), tmp_path)
    args, directory, *rest = lines.splitlines()
    install, *flags = RECIPE.argv(source(), LINUX)
    assert args == " ".join([install, "-p=3", *flags])
    assert f"/{COMPILE}-" in directory
    assert directory.endswith("/_/_/module")
    assert rest == ["./go.mod", "./main.go", "module x", "package main"]


def test_compiles_of_a_run_share_the_source(tmp_path: Path) -> None:
    """It is written once, and removed when the engine is closed."""
    made = engine(tmp_path, f'{OUT}; pwd > "$out"')
    first = built(made, tmp_path)
    assert built(made, tmp_path) == first
    assert Path(first.strip()).is_dir()
    made.close()
    assert list((tmp_path / "work").iterdir()) == []


def test_a_source_that_cannot_be_written_is_never_compiled_in_part(tmp_path: Path) -> None:
    """The next compile fails like the first one, and nothing is left."""
    made = engine(tmp_path, f'{OUT}; echo > "$out"')
    good = packed(tmp_path)
    bad = replace(good, files=(*good.files, Piece("x" * 300, tmp_path / "pack", 0, 9)))
    for _ in range(2):
        with pytest.raises(OutputUnwritable):
            made.compile(bad, LINUX, RECIPE)
    made.close()
    assert list((tmp_path / "work").iterdir()) == []


def test_a_compile_has_the_recipes_variables_and_few_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No module comes from a network, no program is found, and no secret of this machine is available."""
    private = ("GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_VALUE_0", "NETRC", "SSH_AUTH_SOCK", "GOAUTH")
    for name in ("AWS_SECRET_ACCESS_KEY", *private, "GOFLAGS", "GOAMD64"):
        monkeypatch.setenv(name, "theirs")
    made = engine(tmp_path, f'env > {tmp_path}/env; {OUT}; echo > "$out"')
    built(made, tmp_path)
    env = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    modules = made.caches.modules
    wanted = {**RECIPE.environment(LINUX), **SHARE.environment(), "GOPROXY": f"file://{modules}/cache/download"}
    wanted |= {"GOCACHE": str(tmp_path / "caches" / "build"), "GOMODCACHE": str(modules)}
    wanted |= {"GOSUMDB": "sums.example", "GOPRIVATE": "private.example", "GONOPROXY": "none"}
    assert {name: env[name] for name in wanted} == wanted
    own = {"GOPATH", "GOTMPDIR", "HOME", "TMPDIR", "TEMP", "TMP"}
    assert all(env[name].startswith(str(tmp_path / "work")) for name in own)
    assert set(env) - SHELL == {*wanted, *own}


def test_files_that_gos_cache_does_not_see_have_a_cache_for_themselves(tmp_path: Path) -> None:
    """Its name contains their digest."""
    made = engine(tmp_path, f'{OUT}; echo "$GOCACHE" > "$out"')
    special = replace(packed(tmp_path), included="0123456789abcdef" * 4)
    assert made.compile(special, LINUX, RECIPE).decode().strip().endswith("/build-0123456789abcdef")


def test_a_module_is_checked_against_what_was_fetched(tmp_path: Path) -> None:
    """Each GOPATH has the state of the checksum database; a source in a directory needs none."""
    made = engine(tmp_path, f'{OUT}; cat "$GOPATH/pkg/sumdb/sums.example/latest" > "$out" || echo none > "$out"')
    database = made.caches.checked / "pkg" / "sumdb" / "sums.example"
    database.mkdir(parents=True)
    (database / "latest").write_text("state")
    assert made.compile(packed(tmp_path, remote=True), LINUX, RECIPE) == b"state"
    assert made.compile(packed(tmp_path), LINUX, RECIPE) == b"none\n"


def test_a_compile_that_fails_says_all_that_it_said(tmp_path: Path) -> None:
    """The error contains both outputs, whatever their bytes are."""
    with pytest.raises(CompileError) as caught:
        built(engine(tmp_path, "echo one; echo two >&2; printf '\\377'; exit 1"), tmp_path)
    assert str(caught.value) == "one\n\N{REPLACEMENT CHARACTER}two\n"


@pytest.mark.parametrize(
    "script", ["true", f"{OUT}; echo > $out; echo > $out.2", f"{OUT}; ln -s /etc/hostname $out", f"{OUT}; mkdir $out"]
)
def test_a_compile_without_one_program_has_failed(script: str, tmp_path: Path) -> None:
    """The exit code does not matter."""
    with pytest.raises(CompileError, match="programs"):
        built(engine(tmp_path, script), tmp_path)


def test_a_compile_without_space_is_a_full_disk(tmp_path: Path) -> None:
    """It is not the source's fault."""
    with pytest.raises(DiskFull) as caught:
        built(engine(tmp_path, "echo 'write /tmp/x: no space left on device' >&2; exit 1"), tmp_path)
    assert "`invoke clean --all`" in caught.value.hint


def test_a_compile_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """The compilers that it started are stopped too; its output is kept."""
    begun = time.monotonic()
    script = f"echo working; sleep 30 & echo $! > {tmp_path}/child; wait"
    with pytest.raises(TimeLimit, match="working"):
        built(engine(tmp_path, script, seconds=0.5), tmp_path)
    assert time.monotonic() - begun < 5
    assert not alive(int((tmp_path / "child").read_text()))


def test_an_engine_forgets_what_has_ended(tmp_path: Path) -> None:
    """Another process may soon have the same ID, and closing must not stop that one."""
    made = engine(tmp_path, f"{OUT}; echo > $out")
    built(made, tmp_path)
    assert not made._running  # noqa: SLF001 - there is no other safe way to see it


def alive(process: int) -> bool:
    """Return whether a process still runs, a moment after it should have ended."""
    for _ in range(100):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat")
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return False  # it ended, but nobody has collected its exit code
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True


def test_a_closed_engine_ends_what_runs_and_begins_nothing(tmp_path: Path) -> None:
    """A run that is stopped does not wait for compiles."""
    made = engine(tmp_path, f"touch {tmp_path}/begun; sleep 30")
    raised: list[BaseException] = []

    def compile_() -> None:
        try:
            built(made, tmp_path)
        except Closed as error:
            raised.append(error)

    thread = threading.Thread(target=compile_)
    thread.start()
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    made.close()
    made.close()  # the second time has no effect
    thread.join(5)
    assert len(raised) == 1
    with pytest.raises(Closed):
        built(made, tmp_path)


# --- questions -------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_in_its_tree(tmp_path: Path) -> None:
    """The answer has the exit code and both outputs; the tree is removed afterwards."""
    made = engine(tmp_path, "pwd; cat go.mod >&2; echo $*; exit 3")
    with made.open(tree.plain({"a/go.mod": b"module x\n"}), online=False) as workspace:
        answer = workspace.go("list", "-e", directory="a")
        assert answer == Answer(3, f"{workspace.root}/a\nlist -e\n", "module x\n")
        assert workspace.read(f"{workspace.root}/a/go.mod") == b"module x\n"
        assert workspace.read(f"{workspace.root}/none") is None
        assert workspace.read("\0") is None
    assert list((tmp_path / "work").iterdir()) == []


def test_what_nobody_may_read_is_removed_too(tmp_path: Path) -> None:
    """A tree may contain unreadable files, like the user's directory."""
    nodes = [Node("d", kind=tree.DIRECTORY, mode=0), Node("f", mode=0), Node("l", kind=b"2", link="nowhere")]
    with engine(tmp_path, "true").open(nodes, online=False) as workspace:
        assert (Path(workspace.root) / "d").stat().st_mode & 0o777 == 0
        assert (Path(workspace.root) / "f").stat().st_mode & 0o777 == 0
    assert list((tmp_path / "work").iterdir()) == []


def test_a_tree_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A name may be too long for this machine's file system."""
    with (
        pytest.raises(OutputUnwritable),
        engine(tmp_path, "true").open(tree.plain({"x" * 300: b""}), online=False),
    ):
        pass


def test_an_offline_question_reaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets neither a proxy nor the user's settings and keys."""
    for name in ("AWS_SECRET_ACCESS_KEY", "GIT_SSH_COMMAND", "NETRC", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "theirs")
    (env,) = asked(engine(tmp_path, noting(tmp_path)), online=False)
    assert env["GOPROXY"] == "off"
    assert (env["GOTOOLCHAIN"], env["GOENV"], env["GOFLAGS"], env["GOWORK"]) == (GO, "off", "", "off")
    assert set(env) - SHELL == OFFLINE


def test_the_users_module_cache_is_asked_before_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It serves as a proxy, so that Go checks everything; the user's settings for private modules come later."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    private = {"GIT_SSH_COMMAND": "theirs", "NETRC": "theirs", "SSH_AUTH_SOCK": "theirs"}
    for name, value in private.items():
        monkeypatch.setenv(name, value)
    for name in (name for name in os.environ if name.startswith("GIT_") and name not in private):
        monkeypatch.delenv(name)
    made = engine(tmp_path, noting(tmp_path))
    first, second = asked(made, online=True)
    assert (first["GOPROXY"], first["GONOPROXY"]) == ("file:///theirs/mod/cache/download", "none")
    assert set(first) - SHELL == {*OFFLINE, "HTTPS_PROXY"}
    assert (second["GOPROXY"], second["GONOPROXY"]) == ("https://modules.example", "")
    assert {name: second[name] for name in private} == private
    assert (second["HOME"], second["GOVCS"]) == ("/home/theirs", "private:all,public:off")
    assert {env["GOMODCACHE"] for env in (first, second)} == {str(made.caches.modules)}
    assert set(second) - SHELL == {*OFFLINE, *private, *THEIRS} - SHELL
    assert second["HTTPS_PROXY"] == THEIRS["HTTPS_PROXY"]


def test_what_has_to_be_new_comes_from_the_network(tmp_path: Path) -> None:
    """`@latest` in a module cache may be outdated."""
    (env,) = asked(engine(tmp_path, noting(tmp_path)), online=True, fresh=True)
    assert env["GOPROXY"] == "https://modules.example"


def test_what_the_module_cache_has_needs_no_network(tmp_path: Path) -> None:
    """The first answer counts unless it contains an error."""
    count = f"echo x >> {tmp_path}/count"
    with engine(tmp_path, f"{count}; echo '{{}}'").open((), online=True) as workspace:
        assert workspace.go("list").code == 0
    with engine(tmp_path, f"{count}; echo '\"Error\": {{}}'").open((), online=True) as workspace:
        workspace.go("list")
    assert (tmp_path / "count").read_text() == "x\n" * 3


def test_a_question_that_takes_too_long_has_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as a failure of the go command."""
    monkeypatch.setattr(local, "_LONG", 0.2)
    with engine(tmp_path, "sleep 30").open((), online=False) as workspace:
        answer = workspace.go("list")
    assert (answer.code, answer.output) == (-1, "")
    assert answer.said.startswith("`go list` did not finish within")


def test_a_closed_engine_answers_nothing(tmp_path: Path) -> None:
    """A run that is stopped asks nothing more, and its tree is removed."""
    made = engine(tmp_path, "true")
    with made.open(tree.plain({"a": b""}), online=True) as workspace:
        made.close()
        with pytest.raises(Closed):
            workspace.go("list")
    assert list((tmp_path / "work").iterdir()) == []


def test_who_trusts_version_control_says_so(tmp_path: Path) -> None:
    """The user's GOVCS counts."""
    (env,) = asked(engine(tmp_path, noting(tmp_path), GOVCS="public:git"), online=True, fresh=True)
    assert env["GOVCS"] == "public:git"


# --- the rest --------------------------------------------------------------------------------------------------------


def test_it_is_the_pinned_go_with_all_of_this_machine(tmp_path: Path) -> None:
    """The number of jobs is the requested one, or as many as the machine allows."""
    settings = EngineSettings(dist=tmp_path)
    made = LocalEngine.start(settings, Limits())
    assert 1 <= made.jobs <= (os.cpu_count() or 1)
    assert LocalEngine.start(settings, Limits(jobs=5)).jobs == 5
    assert toolchain.go("").version == toolchain.pinned()


def test_a_build_cache_is_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home directory; a relative path is relative to the current directory."""
    monkeypatch.chdir(tmp_path)
    made = LocalEngine.start(EngineSettings(dist=tmp_path, build_cache="cache"), Limits())
    assert made.caches.environment()["GOCACHE"] == str(tmp_path / "cache")
    assert made.caches.root.name == "aws-mfa-toolkit"


def test_other_users_enter_neither_caches_nor_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users who can change files there could change binaries; even with a umask of 0 they cannot."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    umask = os.umask(0)
    try:
        made = LocalEngine.start(EngineSettings(dist=tmp_path / "dist"), Limits())
    finally:
        os.umask(umask)
    for path in (made.caches.root, tmp_path / "dist" / "work"):
        assert oct(path.stat().st_mode & 0o777) == "0o700"


def test_caches_that_cannot_be_made_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the directory."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputUnwritable, match="file"):
        LocalEngine.start(EngineSettings(dist=tmp_path), Limits())
