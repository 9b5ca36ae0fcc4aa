from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from tests.fakes import FakeEngine, FakeGo, FakeProgress
from tests.unit.go.repositories import FILES, git
from tests.unit.samples import (
    ANDROID,
    DEPENDENCY,
    EVERY,
    GO,
    LINUX,
    MAIN,
    PLAN9,
    PLAN9_ARM,
    WINDOWS,
    binary,
    build_info,
    dist,
    failed,
    names,
    program,
    refused,
    source,
    write_tree,
)
from toolkit.engines import Closed, CompileError, Limits
from toolkit.errors import BuildFailed, DiskFull, EngineLost, UnknownTarget, UsageError
from toolkit.go.source import Found
from toolkit.go.targets import PREFLIGHT, native
from toolkit.go.toolchain import pinned
from toolkit.model import Binary, Outcome, Reason, Recipe, Source, Target, Unbuilt
from toolkit.options import Selector
from toolkit.outputs.checksums import checksums
from toolkit.release import flow
from toolkit.release.flow import Run, check, license_texts, outcomes, package
from toolkit.settings import BuildSettings, CompileSettings, MatrixSettings
from toolkit.store import DistFolder

RECIPE = Recipe(pinned())
NATIVE = Target(*native())
LINUXES = Selector(("linux",))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Return a run with a fake engine."""
    settings = MatrixSettings(dist=tmp_path / "dist")
    with contextlib.ExitStack() as stack:
        store = DistFolder(settings.dist)
        store.work.mkdir(parents=True)
        results = {str(target): CompileError("no") for target in EVERY}
        yield Run(settings, FakeProgress(), Limits(), store, stack, FakeEngine(fake_go(EVERY), results))


def fake_go(known: tuple[Target, ...]) -> FakeGo:
    """Return a go command that knows pairs and refuses those with a refusal."""
    return FakeGo(known, {str(target): f"go: {target.refusal}\n" for target in known if target.refusal})


def engine(run: Run) -> FakeEngine:
    """Return the engine of a run."""
    assert isinstance(run.started, FakeEngine)
    return run.started


def asked(run: Run) -> list[str]:
    """Return the requests to the engine of a run, in order."""
    return engine(run).calls


def found(run: Run, **changes: Any) -> Found:
    """Return a source; its downloads are among the requests to the engine."""

    def fetch(targets: Sequence[Target]) -> None:
        asked(run).append(f"fetch {' '.join(map(str, targets))}")

    return Found(source(**changes), fetch)


def give(run: Run, **results: bytes | Exception) -> None:
    """Set the engine's result or exception for the slug of a pair."""
    given = {name.replace("_", "/"): result for name, result in results.items()}
    run.started = dataclasses.replace(engine(run), results={**engine(run).results, **given})


def keep(store: DistFolder, *targets: Target, kept: Source | None = None) -> None:
    """Put a binary into a store, like an earlier run."""
    kept = kept or source()
    for target in targets:
        info = build_info(target, DEPENDENCY)
        data = program(target, DEPENDENCY, go=pinned(), module=kept.module.path)
        store.keep(kept, target, RECIPE.fingerprint(kept, target), data, info)


# --- the list of pairs -----------------------------------------------------------------------------------------------


def test_an_engine_is_asked_for_the_pairs_once(run: Run) -> None:
    """The next run knows them with all facts."""
    assert run.targets(RECIPE) == EVERY
    again = run.targets(RECIPE)
    assert [dataclasses.astuple(target) for target in again] == [dataclasses.astuple(target) for target in EVERY]
    assert asked(run) == ["open offline"]


def test_a_broken_pair_is_remembered_as_one(run: Run) -> None:
    """The list of pairs keeps this for later runs."""
    broken = Target("freebsd", "riscv64", broken=True)
    run.started = dataclasses.replace(engine(run), go=fake_go((broken, *EVERY)))
    run.targets(RECIPE)
    assert run.targets(RECIPE)[0].broken
    assert asked(run) == ["open offline"]


def test_a_list_of_pairs_that_an_older_toolkit_wrote_is_not_used(run: Run) -> None:
    """It lacked the pairs that Go marks as broken."""
    rows = [{name: value for name, value in dataclasses.asdict(target).items() if name != "broken"} for target in EVERY]
    run.store.remember(f"targets-{pinned()}", rows[:1])
    assert run.targets(RECIPE) == EVERY


ROW = {"goos": "linux", "goarch": "amd64"}


@pytest.mark.parametrize(
    "rows",
    [
        *([], None, 1, [{"os": "linux"}], {"a": 1}, [1], "linux/amd64"),
        *(
            [{**ROW, "goos": 1}],
            [{**ROW, "goarch": None}],
            [{**ROW, "refusal": []}],
            [{**ROW, "broken": "no"}],
            [{**ROW, "goos": "../x"}],
            [ROW, {**ROW, "more": 1}],
        ),
    ],
    ids=str,
)
def test_a_list_of_pairs_that_is_none_is_asked_for_again(rows: object, run: Run) -> None:
    """A damaged file, or one of an older toolkit, is ignored."""
    run.targets(RECIPE)
    (name,) = names(run.store.state)
    run.store.remember(name.removesuffix(".json"), rows)
    assert run.targets(RECIPE) == EVERY
    assert asked(run) == ["open offline", "open offline"]


@pytest.mark.parametrize("name", ["go@{}", "localhost:5000/go:1.27@{}"])
def test_an_image_named_by_its_digest_starts_no_engine(name: str, tmp_path: Path) -> None:
    """Everything that affects the bytes is known from the name."""
    digest = f"sha256:{'a' * 64}"
    settings = MatrixSettings(dist=tmp_path / "dist", image=name.format(digest))
    with contextlib.ExitStack() as stack:
        run = Run(settings, FakeProgress(), Limits(), DistFolder(settings.dist), stack)
        assert run.recipe() == Recipe(pinned(), digest)
        assert run.started is None


@pytest.mark.parametrize("name", ["go", "go:1.27", "go@sha256:aaaa"])
def test_another_image_is_asked_for(name: str, run: Run) -> None:
    """Its digest is the one that the engine reports now."""
    engine(run).digest = "sha256:now"
    run.settings = MatrixSettings(dist=run.settings.dist, image=name)
    assert run.recipe() == Recipe(pinned(), "sha256:now")


def test_the_list_of_pairs_belongs_to_a_toolchain(run: Run) -> None:
    """Another toolchain and another image each have their own list."""
    run.targets(RECIPE)
    assert names(run.store.state) == [f"pairs-{pinned()}.json"]
    for other in (Recipe("go1.99.0"), Recipe(pinned(), "sha256:0123456789abcdef")):
        run.targets(other)
    assert asked(run) == ["open offline"] * 3
    assert len(names(run.store.state)) == 3


def test_pairs_are_asked_for_beside_a_main_package(run: Run) -> None:
    """Go reports pairs that it refuses to link only there."""
    run.targets(RECIPE)
    (workspace,) = engine(run).opened
    assert workspace.tree == PREFLIGHT


def test_an_engine_is_started_when_it_is_needed_and_closed_at_the_end(tmp_path: Path) -> None:
    """It starts once for all requests of a run."""
    progress = FakeProgress()
    with flow.running(MatrixSettings(dist=tmp_path / "dist", engine="local"), progress, Limits()) as run:
        assert progress.said == []
        started = run.engine
        assert run.engine is started
    assert progress.said == ["engine: local (requested)"]
    with pytest.raises(Closed):
        started.compile(source(), LINUX, RECIPE)


def test_a_run_has_its_folder_to_itself(tmp_path: Path) -> None:
    """Another run waits until this one ends."""
    with flow.running(MatrixSettings(dist=tmp_path), FakeProgress(), Limits()), pytest.raises(Timeout):
        FileLock(tmp_path / ".lock").acquire(timeout=0)
    FileLock(tmp_path / ".lock").acquire(timeout=0).lock.release()


@pytest.mark.needs("git")
def test_a_note_on_the_source_is_shown_once(run: Run, tmp_path: Path) -> None:
    """An unexpected date is explained before the first compile."""
    git(write_tree(tmp_path / "source", FILES), "init", "--quiet")
    settings = CompileSettings(dist=run.store.root, source=str(tmp_path / "source"))
    resolved = flow.resolved(run, settings, RECIPE, EVERY, (LINUX,))
    assert isinstance(run.progress, FakeProgress)
    assert run.progress.said == [*resolved.source.notes]
    assert len(run.progress.said) == 1
    assert "has no commit yet" in run.progress.said[0]


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_what_is_there_is_taken_and_no_engine_is_asked(run: Run) -> None:
    """Intact binaries and limits of Go need no compile, whatever the engine is."""
    keep(run.store, LINUX, PLAN9)
    ended = outcomes(run, found(run), RECIPE, (ANDROID, LINUX, PLAN9))
    assert ended[0] == Unbuilt(ANDROID, Reason.NEEDS_EXTERNAL_LINKER, ANDROID.refusal)
    assert [outcome.rebuilt for outcome in ended if isinstance(outcome, Binary)] == [False, False]
    assert asked(run) == []


def test_what_go_refuses_of_a_source_is_not_compiled(run: Run) -> None:
    """The pair ends with Go's message, as a sentence and in full, without an engine; the run fails."""
    said = "main.go:3:8: no required module provides package example.test/x; to add it:\n\tgo get example.test/x"
    (ended,) = outcomes(run, found(run, refusals={"plan9/386": said}), RECIPE, (PLAN9,))
    assert isinstance(ended, Unbuilt)
    assert ended.reason is Reason.SOURCE_REFUSED
    assert ended.message.startswith("main.go:3:8: no required module provides package example.test/x")
    assert "\n" not in ended.message
    assert "go get example.test/x" in " ".join(ended.output)
    assert asked(run) == []
    with pytest.raises(BuildFailed):
        check([ended])


def test_only_what_is_missing_is_compiled(run: Run) -> None:
    """Modules are downloaded first; new binaries are stored for the next run; outcomes have the order of the pairs."""
    keep(run.store, LINUX)
    give(run, plan9_386=program(PLAN9, go=pinned()))
    ended = outcomes(run, found(run), RECIPE, (LINUX, PLAN9, PLAN9_ARM, WINDOWS))
    assert [outcome.target for outcome in ended] == [LINUX, PLAN9, PLAN9_ARM, WINDOWS]
    assert [type(outcome) for outcome in ended] == [Binary, Binary, Unbuilt, Unbuilt]
    assert sorted(asked(run)[0].split(" ")) == ["fetch", "plan9/386", "plan9/arm", "windows/amd64"]
    assert sorted(asked(run)[1:]) == ["compile plan9/386", "compile plan9/arm", "compile windows/amd64"]
    assert outcomes(run, found(run), RECIPE, (PLAN9,)) == (ended[1],)
    assert len(asked(run)) == 4


def test_a_harmed_binary_is_compiled_again(run: Run) -> None:
    """Bytes are trusted only while they are the checked ones."""
    keep(run.store, PLAN9)
    run.store.binary_path(source(), PLAN9).write_bytes(b"harmed")
    give(run, plan9_386=program(PLAN9, go=pinned()))
    (ended,) = outcomes(run, found(run), RECIPE, (PLAN9,))
    assert isinstance(ended, Binary)
    assert ended.rebuilt
    assert ended.path.read_bytes() == program(PLAN9, go=pinned())


def test_this_machines_pair_is_compiled_first(run: Run) -> None:
    """The user may be waiting for it."""
    engine(run).jobs = 1
    others = tuple(target for target in EVERY if target not in (NATIVE, ANDROID))
    give(run, **{NATIVE.slug: CompileError("no")})
    outcomes(run, found(run), RECIPE, (*others, NATIVE))
    assert asked(run) == [
        f"fetch {' '.join(map(str, (NATIVE, *others)))}",
        *(f"compile {target}" for target in (NATIVE, *others)),
    ]


def test_a_watcher_hears_how_much_there_is_to_do(run: Run) -> None:
    """Only compiles count."""
    keep(run.store, LINUX)
    outcomes(run, found(run), RECIPE, (ANDROID, LINUX, PLAN9, WINDOWS))
    assert isinstance(run.progress, FakeProgress)
    assert run.progress.planned == 2
    assert sorted(run.progress.began) == [PLAN9, WINDOWS]


def test_what_ends_a_run_ends_the_engine(run: Run) -> None:
    """Compiles that still run are useless then."""
    give(run, plan9_386=DiskFull("no room"))
    with pytest.raises(DiskFull):
        outcomes(run, found(run), RECIPE, (PLAN9,))
    assert engine(run).closed.is_set()


def test_a_run_that_goes_well_leaves_the_engine_to_whoever_started_it(run: Run) -> None:
    """It is used next for notices."""
    outcomes(run, found(run), RECIPE, (PLAN9,))
    assert not engine(run).closed.is_set()


# --- notices ---------------------------------------------------------------------------------------------------------


def test_licence_texts_are_asked_for_once(run: Run, tmp_path: Path) -> None:
    """Everything that is linked in has its text, Go first; the next run remembers them."""
    ended = (binary(LINUX, tmp_path, DEPENDENCY), refused())
    texts = license_texts(run, found(run), ended)
    assert texts == (("Go", "Go's license"), ("example.test/dependency v1.2.3", "a license"))
    assert license_texts(run, found(run), ended) == texts
    assert asked(run).count("open offline") == 1


def test_what_an_image_said_is_not_believed_for_another(run: Run, tmp_path: Path) -> None:
    """Its license texts and its list of pairs are separate, even if both digests have the same end."""
    ended = [binary(LINUX, tmp_path, DEPENDENCY)]
    for image in (f"x@sha256:{'1' * 64}", f"x@sha256:{'2' + '1' * 63}", ""):
        run.settings = dataclasses.replace(run.settings, image=image)
        calls = len(asked(run))
        assert license_texts(run, found(run), ended)[0] == ("Go", "Go's license")
        assert run.targets(run.recipe()) == EVERY
        assert asked(run)[calls:].count("open offline") == 2


def test_only_licence_texts_that_are_missing_are_asked_for(run: Run, tmp_path: Path) -> None:
    """A new version is another work; the existing texts stay."""
    license_texts(run, found(run), [binary(LINUX, tmp_path, DEPENDENCY)])
    newer = dataclasses.replace(DEPENDENCY, version="v1.3.0")
    texts = license_texts(run, found(run), [binary(LINUX, tmp_path, newer), binary(PLAN9, tmp_path, newer, DEPENDENCY)])
    assert [title for title, _ in texts] == ["Go", "example.test/dependency v1.2.3", "example.test/dependency v1.3.0"]
    assert asked(run).count("open offline") == 2
    assert set(run.store.recall(f"notices-{pinned()}")) == {title for title, _ in texts}


def test_an_engine_has_the_modules_before_it_is_asked_for_their_licences(run: Run, tmp_path: Path) -> None:
    """Binaries may have come from another engine, and this one may lack their modules."""
    license_texts(run, found(run), [binary(LINUX, tmp_path, DEPENDENCY)])
    assert asked(run) == ["fetch linux/amd64", "open offline"]


def test_a_program_of_nothing_but_go_has_gos_licence(run: Run, tmp_path: Path) -> None:
    """It is asked for even if no module is linked in."""
    assert license_texts(run, found(run), [binary(LINUX, tmp_path)]) == (("Go", "Go's license"),)


@pytest.mark.parametrize("texts", [[1], "Go", 1, {"Go": 1}, {"Go": None}], ids=str)
def test_licence_texts_that_are_none_are_asked_for_again(texts: object, run: Run, tmp_path: Path) -> None:
    """A damaged file is ignored."""
    run.store.remember(f"notices-{pinned()}", texts)
    assert license_texts(run, found(run), [binary(LINUX, tmp_path)]) == (("Go", "Go's license"),)


def test_what_a_source_carries_of_a_module_is_its_licence(run: Run, tmp_path: Path) -> None:
    """A vendored module is never downloaded, and its text is read from the source each time."""
    title, ended = "example.test/dependency v1.2.3", [binary(LINUX, tmp_path, DEPENDENCY)]
    for text in ("theirs", "theirs, changed"):
        texts = license_texts(run, found(run, licenses=((title, text),)), ended)
        assert texts == (("Go", "Go's license"), (title, text))
    assert asked(run) == ["open offline"]
    assert set(run.store.recall(f"notices-{pinned()}")) == {"Go"}


def test_without_a_binary_no_licence_is_asked_for(run: Run) -> None:
    """A release of refusals needs no engine."""
    assert license_texts(run, found(run), [refused()]) == (("Go", ""),)
    assert asked(run) == []


# --- packaging -------------------------------------------------------------------------------------------------------


def test_checksums_are_the_last_step() -> None:
    """They cover all other files."""
    assert flow.STEPS[-1] is checksums
    assert len(set(flow.STEPS)) == len(flow.STEPS)


def test_a_release_has_its_files_and_nothing_else(tmp_path: Path) -> None:
    """They are archives, manifest, schema and checksums, each at the path of its artifact."""
    store = DistFolder(tmp_path / "dist")
    made = package(dist(store.release, refused(), binary(LINUX, tmp_path, DEPENDENCY), failed(PLAN9)), store)
    assert names(store.release) == sorted(artifact.path.name for artifact in made.artifacts)
    assert names(store.release) == [
        "SHA256SUMS",
        "manifest.json",
        "manifest.schema.json",
        "program_1.2.0_linux_amd64.tar.gz",
    ]
    assert all(artifact.path.parent == store.release and artifact.path.is_file() for artifact in made.artifacts)
    sums = (store.release / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in sums] == names(store.release)[1:]
    rows = json.loads((store.release / "manifest.json").read_text())["artifacts"]
    assert [row["name"] for row in rows] == ["program_1.2.0_linux_amd64.tar.gz"]


def test_packaging_twice_leaves_the_very_same_folder(tmp_path: Path) -> None:
    """If nothing changed, no file of the release is touched."""
    store = DistFolder(tmp_path / "dist")
    built = (binary(LINUX, tmp_path, DEPENDENCY), binary(WINDOWS, tmp_path))
    first = package(dist(store.release, *built), store)
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in store.release.iterdir()}
    folder = store.release.stat().st_ino
    assert package(dist(store.release, *built), store) == first
    assert store.release.stat().st_ino == folder
    assert {path: (path.stat().st_ino, path.read_bytes()) for path in store.release.iterdir()} == before


def test_a_release_keeps_the_archives_of_what_did_not_change(tmp_path: Path) -> None:
    """One new binary results in one new archive; a pair that is no longer selected has none."""
    store = DistFolder(tmp_path / "dist")
    kept, dropped = binary(LINUX, tmp_path), binary(WINDOWS, tmp_path)
    first = package(dist(store.release, kept, dropped), store)
    before = first.of("archive")[0].path.stat().st_ino
    second = package(dist(store.release, kept, binary(PLAN9, tmp_path)), store)
    assert [artifact.target for artifact in second.of("archive")] == [LINUX, PLAN9]
    assert second.of("archive")[0].path.stat().st_ino == before
    assert "program_1.2.0_windows_amd64.zip" not in names(store.release)


def test_a_harmed_release_is_repaired(tmp_path: Path) -> None:
    """The next run replaces a damaged archive and a lost manifest, and removes a stranger's file."""
    store, built = DistFolder(tmp_path / "dist"), binary(LINUX, tmp_path)
    first = package(dist(store.release, built), store)
    whole = {path.name: path.read_bytes() for path in store.release.iterdir()}
    first.of("archive")[0].path.write_bytes(b"harmed")
    (store.release / "stranger").write_text("")
    package(dist(store.release, built), store)
    assert {path.name: path.read_bytes() for path in store.release.iterdir()} == whole
    (store.release / "manifest.json").unlink()
    package(dist(store.release, built), store)
    assert {path.name: path.read_bytes() for path in store.release.iterdir()} == whole


# --- the end ---------------------------------------------------------------------------------------------------------


def test_a_release_of_what_can_be_built_is_good(tmp_path: Path) -> None:
    """Binaries and limits of Go do not make a run a failure."""
    check([binary(LINUX, tmp_path), refused(), Unbuilt(WINDOWS, Reason.UNSUPPORTED, "")])
    check([])


@pytest.mark.parametrize(
    "reason", [Reason.COMPILE_FAILED, Reason.TIMED_OUT, Reason.WRONG_BINARY, Reason.ENGINE_LOST], ids=str
)
def test_any_other_reason_makes_a_run_fail(reason: Reason, tmp_path: Path) -> None:
    """The error counts the pairs, and its hint names the log."""
    log = tmp_path / "log.txt"
    ended = (binary(LINUX, tmp_path), refused(), failed(PLAN9, reason, log=log, message="it broke"))
    with pytest.raises(EngineLost if reason is Reason.ENGINE_LOST else BuildFailed) as caught:
        check(ended)
    assert str(caught.value).startswith("1 of 3 pairs were not built")
    assert ("again" if reason is Reason.ENGINE_LOST else str(log)) in caught.value.hint


def test_a_lost_engine_counts_before_a_failed_compile() -> None:
    """The engine has to be repaired first, and the error has its sentence."""
    ended: list[Outcome] = [failed(LINUX), failed(PLAN9, Reason.ENGINE_LOST, message="it went away"), failed(WINDOWS)]
    with pytest.raises(EngineLost, match="3 of 3 pairs were not built: it went away"):
        check(ended)


# --- whole runs with existing binaries -------------------------------------------------------------------------------


def prime(store: DistFolder, origin: Path, known: tuple[Target, ...], *built: Target) -> None:
    """Store an earlier run's knowledge about pairs and a source, with binaries of it."""
    progress = FakeProgress()
    settings = CompileSettings(dist=store.root, source=str(origin))
    module = (origin / "go.mod").read_text().split()[1]
    store.remember(f"pairs-{pinned()}", [dataclasses.asdict(target) for target in known])
    store.work.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        started = FakeEngine(FakeGo(known, module=module))
        run = Run(settings, progress, Limits(), store, stack, started)
        for target in built:
            keep(store, target, kept=flow.resolved(run, settings, RECIPE, known, (target,)).source)


@pytest.fixture
def primed(tmp_path: Path, tiny: Path, nobody: str) -> Path:
    """Return a complete `dist/` for a run, although no engine answers."""
    assert nobody
    store = DistFolder(tmp_path / "dist")
    known = (NATIVE, *(target for target in EVERY if target != NATIVE))
    prime(store, tiny, known, NATIVE, WINDOWS)
    store.remember(f"notices-{pinned()}", {"Go": "Go's", "example.test/dependency v1.2.3": "its"})
    return store.root


def test_a_release_of_what_is_there_needs_no_engine(primed: Path, tiny: Path) -> None:
    """An engine that would not answer is never used, in two runs."""
    only = Selector((str(NATIVE), "windows", "android"))
    settings = MatrixSettings(dist=primed, source=str(tiny), engine="docker", only=only)
    progress = FakeProgress()
    made = flow.matrix(settings, progress)
    assert {outcome.target for outcome in made.outcomes} == {NATIVE, WINDOWS, ANDROID}
    assert made.root == primed / "release"
    assert made.licenses == (("Go", "Go's"), ("example.test/dependency v1.2.3", "its"))
    assert len(made.of("archive")) == 2
    assert progress.said == []
    assert flow.matrix(settings, progress) == made
    assert progress.said == ["nothing changed; kept the existing release"]


def test_first_class_pairs_alone_can_be_released(primed: Path, tiny: Path) -> None:
    """Each option for selecting pairs is passed on."""
    made = flow.matrix(MatrixSettings(dist=primed, source=str(tiny), first_class=True, skip=LINUXES), FakeProgress())
    assert [outcome.target for outcome in made.outcomes] == [WINDOWS]


def test_the_program_for_this_machine_needs_no_engine_once_it_is_there(primed: Path, tiny: Path) -> None:
    """Without names it is this machine's program, which stays where it is stored."""
    found = flow.build_one(BuildSettings(dist=primed, source=str(tiny), engine="docker"), FakeProgress())
    assert found.target == NATIVE
    assert found.path == primed / "bin" / NATIVE.slug / f"tiny{NATIVE.exe}"
    assert not (primed / "release").exists()


def test_our_own_program_beside_another_one(run: Run, tmp_path: Path) -> None:
    """A copy of it stays what it is, whatever program of the same name comes after it."""
    kept = run.store.keep_own(binary(NATIVE, tmp_path, content=b"ours"))
    keep(run.store, NATIVE)
    assert kept.path == run.store.root / "bin" / "own" / f"program{NATIVE.exe}"
    assert kept.path.read_bytes() == b"ours"
    assert os.access(kept.path, os.X_OK)
    assert kept.sha256 == hashlib.sha256(b"ours").hexdigest()


def test_a_broken_pair_is_built_where_it_is_named_with_a_note(primed: Path, tiny: Path) -> None:
    """`invoke build` makes one on request; lists, a matrix and its manifest leave it out."""
    store, broken = DistFolder(primed), Target("freebsd", "riscv64", broken=True)
    prime(store, tiny, (broken, NATIVE, WINDOWS), broken, NATIVE, WINDOWS)
    progress = FakeProgress()
    settings = BuildSettings(dist=primed, source=str(tiny), goos="freebsd", goarch="riscv64", engine="docker")
    assert flow.build_one(settings, progress).target == broken
    assert progress.said == ["freebsd/riscv64: Go marks it as broken"]
    assert broken not in flow.all_targets(settings, progress)
    made = flow.matrix(MatrixSettings(dist=primed, source=str(tiny), engine="docker"), progress)
    assert {outcome.target for outcome in made.outcomes} == set(made.targets) == {NATIVE, WINDOWS}


def test_a_binary_that_was_changed_with_its_record_is_built_again(run: Run) -> None:
    """A file in `dist/bin` is released only if its bytes are correct, whatever its record states."""
    keep(run.store, PLAN9)
    (path,) = (run.store.root / "bin" / "plan9_386").glob("program")
    evil = program(PLAN9, go=pinned(), module="example.test/evil")
    path.write_bytes(evil)
    place = path.with_name("program.json")
    place.write_text(json.dumps({**json.loads(place.read_text()), "sha256": hashlib.sha256(evil).hexdigest()}))
    give(run, plan9_386=program(PLAN9, go=pinned()))
    (ended,) = outcomes(run, found(run), RECIPE, [PLAN9])
    assert isinstance(ended, Binary)
    assert ended.path.read_bytes() == program(PLAN9, go=pinned())
    assert isinstance(run.progress, FakeProgress)
    assert run.progress.said == [
        f"`{path}` comes from the module `example.test/evil`, not from `{MAIN.path}`; rebuilding"
    ]


def test_a_program_is_put_where_somebody_wants_it(primed: Path, tiny: Path, tmp_path: Path) -> None:
    """`--output` gets an executable copy with the program's name."""
    wanted = tmp_path / "a" / "bin"
    settings = BuildSettings(dist=primed, source=str(tiny), goos="windows", goarch="amd64", output=wanted)
    found = flow.build_one(settings, FakeProgress())
    assert found.path == wanted / "tiny.exe"
    assert found.path.read_bytes() == (primed / "bin" / "windows_amd64" / "tiny.exe").read_bytes()
    assert os.access(found.path, os.X_OK)


def test_a_pair_that_go_refuses_is_an_error_with_gos_sentence(primed: Path, tiny: Path) -> None:
    """A user who asks for one pair must get the reason if it fails."""
    settings = BuildSettings(dist=primed, source=str(tiny), goos="android", goarch="arm")
    with pytest.raises(BuildFailed) as caught:
        flow.build_one(settings, FakeProgress())
    assert str(caught.value) == f"`android/arm` was not built: {ANDROID.refusal}"
    assert "`invoke targets`" in caught.value.hint


def test_what_is_asked_for_in_vain_is_reported_before_anything_is_done(primed: Path) -> None:
    """A wrong pair or an empty selection is an error before any source is read."""
    with pytest.raises(UnknownTarget):
        flow.build_one(BuildSettings(dist=primed, source="nowhere", goos="linus"), FakeProgress())
    with pytest.raises(UsageError, match="no pair is selected"):
        flow.matrix(MatrixSettings(dist=primed, source="nowhere", skip=Selector(("*",))), FakeProgress())


def test_the_list_of_all_pairs_needs_no_engine_once_it_is_known(primed: Path) -> None:
    """From the second time on, `invoke targets` needs nothing else."""
    found = flow.all_targets(MatrixSettings(dist=primed, engine="docker"), FakeProgress())
    assert found[0] == NATIVE
    assert set(EVERY) <= set(found)


def test_a_run_settles_what_an_interrupted_one_left(primed: Path) -> None:
    """It happens first, with the lock."""
    (primed / ".release-old").mkdir()
    flow.all_targets(MatrixSettings(dist=primed), FakeProgress())
    assert (primed / "release").is_dir()
    assert not (primed / ".release-old").exists()


def test_the_samples_are_of_the_pinned_go() -> None:
    """The values of these tests are those that the code expects."""
    assert pinned() == GO
