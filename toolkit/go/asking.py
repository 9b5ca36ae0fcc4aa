"""Go's answers about a source: asked in the engine, once for each snapshot, and remembered."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from toolkit.errors import ImageUnusable, SourceError
from toolkit.go import includes, listing, messages, tree
from toolkit.go.filelist import FileList, implicated
from toolkit.go.listing import Listing, Package
from toolkit.go.snapshot import Snapshot
from toolkit.go.tree import Node
from toolkit.go.workspace import Answer, Workspace, documents
from toolkit.model import Recipe, Target
from toolkit.options import SourceLimit

_RULES = 1  # increased when the questions, or the use of the answers, change: older answers are not used then
_AT_A_TIME = 4  # questions


class Memory(Protocol):
    """The values that are kept from one run to the next."""

    def recall(self, name: str) -> Any:
        """Return the value that was remembered under a name, or None."""

    def remember(self, name: str, value: Any) -> None:
        """Keep a value for later runs."""


@dataclass(frozen=True)
class Inquiry:
    """Everything of a run that is needed to inspect a source."""

    open: Callable[[Iterable[Node], bool], AbstractContextManager[Workspace]]  # a tree, and whether online
    memory: Memory
    recipe: Recipe
    targets: tuple[
        Target, ...
    ]  # the pairs that Go is asked about; the one that the user may be waiting for comes first
    chosen: tuple[Target, ...]  # the pairs to build
    work: Path  # an existing directory of this run
    dist: Path  # never part of a source
    limit: SourceLimit = field(default_factory=SourceLimit)
    fetched: set[Target] = field(default_factory=set)  # pairs whose modules this run has downloaded

    def unfetched(self, targets: Iterable[Target]) -> list[Target]:
        """Return the pairs whose modules may still have to be downloaded, and mark them as downloaded."""
        found = [target for target in targets if target not in self.fetched]
        self.fetched.update(found)
        return found


@dataclass(frozen=True)
class Known:
    """Go's answers about a main package in a snapshot."""

    name: str
    module: str  # path
    digest: str
    files: Mapping[str, str]  # the files of a compile: path in the tree, and name in the snapshot
    included: str
    refusals: Mapping[str, str]
    vendored: tuple[tuple[str, str], ...]  # "path version" and directory of vendored modules

    @classmethod
    def of(cls, record: Any) -> Known | None:
        """Return the remembered value if it is complete."""
        try:
            pairs = tuple((str(title), str(directory)) for title, directory in record["vendored"])
            known = cls(**{**record, "vendored": pairs})
            texts = [text for each in (known.files, known.refusals) for item in each.items() for text in item]
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        texts += [known.name, known.module, known.digest, known.included]
        return known if all(isinstance(text, str) for text in texts) else None


def replaced(inquiry: Inquiry, root: Path, go_mod: bytes) -> list[str]:
    """Return the directories that replace modules, as the go.mod names them. Raises SourceError."""
    name = f"replaced-{key(go_mod.hex(), inquiry.recipe.toolchain, inquiry.recipe.image)}"
    remembered = inquiry.memory.recall(name)
    if isinstance(remembered, list) and all(isinstance(item, str) for item in remembered):
        return remembered
    with inquiry.open(tree.plain({"go.mod": go_mod}), False) as workspace:  # noqa: FBT003 - online or not
        answer = workspace.go("mod", "edit", "-json")
        if answer.code:
            raise messages.source_error(own_words(answer.said, workspace, root), str(root))
        found = list(documents(answer.output))
    try:
        modules = [row["New"] for document in found for row in document.get("Replace") or ()]
        # A path that is not a string raises TypeError.
        places = [posixpath.join(module["Path"]) for module in modules if not module.get("Version")]
    except (AttributeError, KeyError, TypeError):
        raise ImageUnusable(
            "the `go` command did not print the go.mod as JSON",
            hint="use an image with the Go project's `go` command, or leave out `--image`",
        ) from None
    inquiry.memory.remember(name, places)
    return places


def known(inquiry: Inquiry, taken: Snapshot, package: str, replacements: Iterable[str]) -> Known:
    """Return Go's answers about a package; each snapshot is asked about only once.

    Raises SourceError if Go refuses the package for every pair to build.
    """
    recipe = inquiry.recipe
    pairs = [str(target) for target in inquiry.targets]
    name = f"sources/{key(taken.digest, package, recipe.toolchain, recipe.image, json.dumps(sorted(pairs)))}"
    found = Known.of(inquiry.memory.recall(name))
    if found is None or not taken.entries.keys() >= set(found.files.values()):
        found = _Asked(inquiry, taken, package, tuple(replacements)).all()
        inquiry.memory.remember(name, dataclasses.asdict(found))
    check_refusals(inquiry, found.refusals, str(taken.root), taken)
    return found


def fetch(inquiry: Inquiry, taken: Snapshot, package: str, targets: Iterable[Target]) -> None:
    """Let the engine download the modules that some pairs need, with `go list`. Raises SourceError."""
    asked = _Asked(inquiry, taken, package, ())
    if missing := inquiry.unfetched(targets):
        with inquiry.open(tree.asked(taken), True) as workspace, ThreadPoolExecutor(_AT_A_TIME) as pool:  # noqa: FBT003
            list(pool.map(lambda target: asked.ask(workspace, target), missing))


def check_refusals(inquiry: Inquiry, refusals: Mapping[str, str], subject: str, taken: Snapshot | None = None) -> None:
    """Raise SourceError if Go refuses the source for every pair to build."""
    chosen = [str(target) for target in inquiry.chosen if not target.refusal]
    refused = [refusals[pair] for pair in chosen if refusals.get(pair)]
    if refused and len(refused) == len(chosen):
        raise (next(implicated(taken, refused[0]), None) if taken else None) or messages.source_error(
            refused[0], subject
        )


@dataclass(frozen=True)
class _Asked:
    """One snapshot that Go is asked about."""

    inquiry: Inquiry
    taken: Snapshot
    package: str
    replacements: tuple[str, ...]

    def all(self) -> Known:
        """Ask about every pair."""
        with self.inquiry.open(tree.asked(self.taken), True) as workspace:  # noqa: FBT003 - online or not
            root = posixpath.normpath(posixpath.join(workspace.root, self.taken.above))
            if not self._has_go_files():
                raise self._not_main(workspace, "")
            first, *rest = self.inquiry.targets
            answers = {first: self.ask(workspace, first)}  # this downloads the modules that the others need too
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                answers |= zip(rest, pool.map(lambda target: self.ask(workspace, target), rest), strict=True)
            self.inquiry.fetched.update(answers)
            good = {target: found for target, found in answers.items() if not found.error}
            files = FileList(self.taken)
            files.add_module(self.replacements)
            checked: set[tuple[str, ...]] = set()
            for found in good.values():
                files.add(found, root)
                for package in found.packages:
                    check_includes(workspace, package, root, checked)
            refusals = {
                str(target): self._own_words(found.error, workspace) for target, found in answers.items() if found.error
            }
            main = next(iter(good.values()), answers[first])
            if good and main.main.name != "main":
                raise self._not_main(workspace, main.main.name)
        return Known(
            name=program_name(main.program, self.taken.root / self.package),
            module=main.main.module.path,
            digest=files.digest,
            files=files.origins,
            included=files.included_digest,
            refusals=refusals,
            vendored=_vendored(files, good.values()),
        )

    def ask(self, workspace: Workspace, target: Target) -> Listing:
        """Ask about one pair. Raises SourceError if Go cannot read the module."""
        answer = listing.ask(workspace, self.inquiry.recipe, target, self.package, directory=self.taken.above, env={})
        if isinstance(answer, Answer):
            said = self._own_words(answer.said or answer.output, workspace)
            raise next(implicated(self.taken, said), None) or messages.source_error(said, str(self.taken.root))
        return answer

    def _own_words(self, said: str, workspace: Workspace) -> str:
        """Return Go's message with the user's paths instead of the engine's."""
        return own_words(said, workspace, self.taken.top)

    def _has_go_files(self) -> bool:
        directory = self.taken.follow(posixpath.normpath(self.package))
        return any(
            name.endswith(".go") and (posixpath.dirname(name) or ".") == directory for name in self.taken.entries
        )

    def _not_main(self, workspace: Workspace, name: str) -> SourceError:
        answer = workspace.go("list", "-e", "-find", "-json=Dir,Name", "./...", directory=self.taken.above)
        found = sorted(
            self._own_words(str(row.get("Dir", "")), workspace)
            for row in documents(answer.output)
            if row.get("Name") == "main"
        )
        here = str(self.taken.root / self.package)
        near = [path for path in found if path.startswith(here)] or found
        what = f"`{here}` contains package `{name}`, not a main package" if name else f"`{here}` contains no Go files"
        return SourceError(
            what, hint=f"did you mean `{near[0]}`?" if near else "use the directory that contains `func main`"
        )


def own_words(said: str, workspace: Workspace, top: Path) -> str:
    """Return Go's message with the user's paths and module names instead of the engine's paths."""
    return messages.relocate(said, workspace.root, str(top)).replace(f"{workspace.modules}/", "")


def program_name(told: str, directory: Path) -> str:
    """Return a program's name: the one that Go reports, or else that of its directory."""
    name = told or directory.resolve().name
    if name in {"", ".", ".."} or not name.isprintable() or re.search(r'[/\\:*?"<>|]', name):
        raise SourceError(f"`{name}` cannot be the name of a program", hint="rename the directory of the package")
    return name


def check_includes(workspace: Workspace, package: Package, root: str, checked: set[tuple[str, ...]]) -> None:
    """Refuse a dependency outside `root` if its assembly files include files outside its module."""
    inside = listing.below(package.directory, package.module_directory)
    key = (package.directory, *package.assembly)
    if not package.assembly or inside is None or listing.below(package.directory, root) is not None or key in checked:
        return
    checked.add(key)
    includes.reachable(
        inside,
        [posixpath.join(inside, name) for name in package.assembly],
        lambda name: workspace.read(posixpath.join(package.module_directory, name)),
    )


def _vendored(files: FileList, listings: Iterable[Listing]) -> tuple[tuple[str, str], ...]:
    if not files.vendored:
        return ()
    modules = {package.module for found in listings for package in found.packages if package.module.version}
    return tuple((f"{module.path} {module.version}", f"vendor/{module.path}") for module in sorted(modules))


def key(*words: str) -> str:
    """Return a short name for some words and the version of the rules."""
    return hashlib.sha256("\0".join((str(_RULES), *words)).encode()).hexdigest()[:32]
