"""The flow of a run: settings → source → engine → targets → outcomes → `Release` → one step after another."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from toolkit import engines
from toolkit.engines import Engine, Limits
from toolkit.errors import BuildFailed, EngineLost, ToolkitError
from toolkit.files import write, writing
from toolkit.go import licenses, messages, source, targets, toolchain, tree
from toolkit.go.asking import Inquiry
from toolkit.go.source import Found
from toolkit.go.tree import Node
from toolkit.go.workspace import Workspace
from toolkit.model import (
    Artifact,
    Binary,
    Outcome,
    Programs,
    Progress,
    Reason,
    Recipe,
    Release,
    ReleaseInfo,
    Source,
    Target,
    Unbuilt,
)
from toolkit.outputs.archives import archives, label
from toolkit.outputs.checksums import checksums
from toolkit.outputs.guide import guide
from toolkit.outputs.manifest import manifest, recorded
from toolkit.outputs.staging import Staging
from toolkit.release.build import Builder, build, examiner
from toolkit.settings import OWN, BuildSettings, CompileSettings, EngineSettings, MatrixSettings
from toolkit.store import DistFolder

Step = Callable[[Release, Staging], Iterable[Artifact]]

STEPS: tuple[Step, ...] = (
    archives,  # one for each binary
    guide,  # from a new user to a session, in two languages
    manifest,  # one row for each pair, and all files so far
    checksums,  # over all other files, and therefore last
)


@dataclasses.dataclass
class Run:
    """One run on one `dist/`: its findings, and the engine, which is started when it is first needed."""

    settings: EngineSettings
    progress: Progress
    limits: Limits
    store: DistFolder
    stack: contextlib.ExitStack
    started: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine; the first use starts it."""
        if self.started is None:
            self.started = self.stack.enter_context(engines.choose(self.settings, self.progress, self.limits))
        return self.started

    @property
    def toolchain(self) -> str:
        """The Go version for all builds."""
        return self.settings.toolchain or toolchain.pinned()

    def recipe(self) -> Recipe:
        """Return the recipe for binaries. If an image's name has no digest, the engine is asked for it."""
        from toolkit.engines.docker.image import pinned_digest

        if not self.settings.image:
            return Recipe(self.toolchain)
        return Recipe(self.toolchain, pinned_digest(self.settings.image) or self.engine.digest)

    def targets(self, recipe: Recipe) -> tuple[Target, ...]:
        """Return all pairs that the toolchain knows; an engine is asked once for each toolchain and image."""
        name = memory_name("pairs", recipe)
        if known := targets.recalled(self.store.recall(name)):
            return known
        with self.engine.open(tree.plain(targets.PREFLIGHT), False) as workspace:  # noqa: FBT003 - online or not
            known = targets.ask(workspace, recipe)
        self.store.remember(name, [dataclasses.asdict(target) for target in known])
        return known

    def open(self, nodes: Iterable[Node], online: bool) -> contextlib.AbstractContextManager[Workspace]:  # noqa: FBT001
        """Open a directory with a tree and the engine's go command for it; this starts the engine."""
        return self.engine.open(nodes, online)


@contextlib.contextmanager
def running(settings: EngineSettings, progress: Progress, limits: Limits) -> Iterator[Run]:
    """Lock `dist/` for a run, and stop everything that the run started."""
    if isinstance(settings, CompileSettings):
        source.check_dist(settings.source, settings.dist)
    store = DistFolder(settings.dist)
    with contextlib.ExitStack() as stack:
        stack.enter_context(store.lock(progress.say))
        store.settle()
        stack.callback(store.sweep)
        store.make_work()
        yield Run(settings, progress, limits, store, stack)


def all_targets(settings: EngineSettings, progress: Progress) -> tuple[Target, ...]:
    """Return all pairs that the toolchain knows, in its order."""
    with running(settings, progress, Limits()) as run:
        return targets.listed(run.targets(run.recipe()))


def build_one(settings: BuildSettings, progress: Progress) -> Binary:
    """Return the program for one pair; build it only if it does not exist.

    Raises BuildFailed, with the compiler's message, if there is none.
    """
    with running(settings, progress, Limits(jobs=1, seconds=settings.timeout)) as run:
        (binary,) = _single(run, settings, settings.goos, settings.goarch).binaries
        if note := targets.needs(binary.needed):
            progress.say(f"{binary.target}: {note}")
        if settings.output:
            path = settings.output / binary.path.name
            write(path, binary.path.read_bytes(), mode=0o755)
            return dataclasses.replace(binary, path=path)
        return binary


def native(settings: CompileSettings, progress: Progress) -> Release:
    """Return a `Release` with only this machine's program; build it only if it does not exist.

    Raises BuildFailed as `build_one` does.
    """
    with running(settings, progress, Limits(jobs=1, seconds=settings.timeout)) as run:
        return _single(run, settings)


def programs(settings: CompileSettings, progress: Progress) -> Programs:
    """Return this machine's program as `native` does, and with it our own, which is built too if it is another one."""
    if Path(settings.source).resolve() == Path(OWN).resolve():
        release = native(settings, progress)
        return Programs(release, targets.mine(release.binaries))
    ours = native(dataclasses.replace(settings, source=OWN), progress)
    own = DistFolder(settings.dist).keep_own(targets.mine(ours.binaries))
    return Programs(native(settings, progress), own)


def _single(run: Run, settings: CompileSettings, goos: str = "", goarch: str = "") -> Release:
    recipe = run.recipe()
    every = run.targets(recipe)
    target = targets.one(every, goos, goarch)
    if note := targets.note(target):
        run.progress.say(f"{target}: {note}")
    found = resolved(run, settings, recipe, every, (target,))
    ended = outcomes(run, found, recipe, (target,))
    release = Release(run.store.release, found.source, recipe, every, ended)
    if release.unbuilt:
        raise _error(release.unbuilt, 1)
    return release


def resolved(
    run: Run, settings: CompileSettings, recipe: Recipe, every: tuple[Target, ...], chosen: tuple[Target, ...]
) -> Found:
    """Return the source that the user named, and show its notes."""
    pairs = [target for target in every if not target.refusal and (not target.broken or target in chosen)]
    asked = targets.native_first(pairs)
    inquiry = Inquiry(
        run.open, run.store, recipe, asked, chosen, run.store.work, settings.dist, settings.max_source
    )  # fmt: skip
    with writing(run.store.work):
        found = source.resolve(settings.source, inquiry)
    for note in found.source.notes:
        run.progress.say(note)
    return found


def matrix(settings: MatrixSettings, progress: Progress) -> Release:
    """Build, check and package all selected pairs, and return the new release in `dist/release/`.

    A pair that fails is one of its outcomes; see `check`.
    """
    with running(settings, progress, Limits(settings.jobs, settings.timeout)) as run:
        recipe = run.recipe()
        every = run.targets(recipe)
        chosen = targets.select(every, settings.only, settings.skip, first_class=settings.first_class)
        found = resolved(run, settings, recipe, every, chosen)
        ended = outcomes(run, found, recipe, chosen)
        info = ReleaseInfo(settings.alias, settings.region, settings.profile, settings.download)
        texts = license_texts(run, found, ended)
        listed = targets.listed(every)
        release = Release(run.store.release, found.source, recipe, listed, ended, licenses=texts, info=info)
        before = run.store.identity()
        packed = package(release, run.store)
        if run.store.identity() == before:
            progress.say("nothing changed; kept the existing release")
        return packed


def outcomes(run: Run, found: Found, recipe: Recipe, chosen: Iterable[Target]) -> tuple[Outcome, ...]:
    """Return how each pair ended, in the given order: existing binaries are used, the others are built."""
    chosen = tuple(chosen)
    known = _known(run, found.source, recipe, chosen)
    missing = targets.native_first(target for target in chosen if target not in known)
    if missing:
        found.fetch(missing)
        engine = run.engine
        run.progress.plan(len(missing))
        builder = Builder(engine, run.store, found.source, recipe, run.progress)
        with ThreadPoolExecutor(engine.jobs) as pool, _ended_with(engine):
            known |= {outcome.target: outcome for outcome in build(missing, builder, pool)}
    return tuple(known[target] for target in chosen)


@contextlib.contextmanager
def _ended_with(engine: Engine) -> Iterator[None]:
    """Stop the engine if the run is interrupted, so that the user does not wait for it."""
    try:
        yield
    except BaseException:
        engine.close()
        raise


def _known(run: Run, found: Source, recipe: Recipe, chosen: tuple[Target, ...]) -> dict[Target, Outcome]:
    """Return the pairs that need no engine: an intact binary exists, or Go refuses them whatever the source."""
    known: dict[Target, Outcome] = {}

    def find(each: Target) -> Binary | None:
        examine = examiner(found, each, recipe)
        return run.store.find(found, each, recipe.fingerprint(found, each), run.progress.say, examine)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each thread holds a binary in memory
        binaries = pool.map(find, chosen)
        for target, binary in zip(chosen, binaries, strict=True):
            if binary:
                known[target] = binary
            elif reason := Reason.in_words_of_go(target.refusal):
                known[target] = Unbuilt(target, reason, target.refusal)
            elif said := found.refusals.get(str(target)):
                lines = tuple(messages.message(said).splitlines())
                known[target] = Unbuilt(target, Reason.SOURCE_REFUSED, messages.sentence(said), lines)
    return known


def license_texts(run: Run, found: Found, ended: Iterable[Outcome]) -> tuple[tuple[str, str], ...]:
    """Return the license texts of everything that is linked into the binaries, from earlier runs if possible."""
    binaries = [outcome for outcome in ended if isinstance(outcome, Binary)]
    modules = sorted({module for binary in binaries for module in binary.info.deps})
    wanted = {label(module): module for module in modules}
    name = memory_name("notices", run.recipe())
    kept = run.store.recall(name)
    texts = {title: text for title, text in (kept if isinstance(kept, dict) else {}).items() if isinstance(text, str)}
    own = dict(found.source.licenses)  # a source may change its copies of others' files
    missing = [module for title, module in wanted.items() if title not in texts and title not in own]
    if binaries and (missing or "Go" not in texts):
        if missing:
            found.fetch([binary.target for binary in binaries])
        with run.open((), False) as workspace:  # noqa: FBT003 - online or not
            texts |= licenses.collect(missing, workspace)
        run.store.remember(name, texts)
    return tuple((title, own.get(title) or texts.get(title, "")) for title in ("Go", *wanted))


def memory_name(word: str, recipe: Recipe) -> str:
    """Return the name for remembering an answer of a toolchain; each named image has separate ones."""
    return "-".join(filter(None, (word, recipe.toolchain, recipe.image.rpartition(":")[2])))


def package(release: Release, store: DistFolder) -> Release:
    """Run all steps in a directory beside the release, which then replaces the release."""
    with store.new_release() as folder:
        staging = Staging(folder, recorded(store.release))
        for step in STEPS:
            release = release.plus(*step(release, staging))
    settled = (dataclasses.replace(artifact, path=release.root / artifact.path.name) for artifact in release.artifacts)
    return dataclasses.replace(release, artifacts=tuple(settled))


def check(ended: Iterable[Outcome]) -> None:
    """Raise BuildFailed or EngineLost if any pair ended without a binary, unless a limit of Go is the reason."""
    ended = tuple(ended)
    bad = tuple(item for item in ended if isinstance(item, Unbuilt) and not item.reason.is_gos_own)
    if bad:
        raise _error(bad, len(ended))


def _error(bad: tuple[Unbuilt, ...], total: int) -> ToolkitError:
    first = bad[0]
    what = f"`{first.target}` was not built" if total == 1 else f"{len(bad)} of {total} pairs were not built"
    if any(item.reason is Reason.ENGINE_LOST for item in bad):
        message = next(item.message for item in bad if item.reason is Reason.ENGINE_LOST)
        return EngineLost(f"{what}: {message}", hint="run the same command again: finished builds are kept")
    if first.reason.is_gos_own:
        hint = "`invoke targets` lists the pairs that build without a C toolchain; Go needs one for that system"
    elif all(item.reason is Reason.SOURCE_REFUSED for item in bad):
        hint = "use `--skip` to leave out these pairs: the source does not support them"
    else:
        hint = f"read the complete output in `{first.log}`" if first.log else "run the same command again"
    return BuildFailed(f"{what}: {first.message}" if total == 1 else what, hint=hint)
