"""A source in the form `path@version`: the go command downloads, checks and builds it as `go install` does."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from toolkit.errors import SourceError
from toolkit.go import asking, documents, listing, messages, modulezip, repository, snapshot, tree
from toolkit.go.asking import Inquiry
from toolkit.go.snapshot import Scope
from toolkit.go.workspace import Answer, Workspace
from toolkit.go.workspace import documents as rows
from toolkit.model import Module, Source, Target

_EXACT = re.compile(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+incompatible)?")
_NO_PATH = re.compile(r"^-|\.\.\.|\s")  # a flag, a pattern, or an impossible path
_LONGEST = 4096  # characters in a module's name; no proxy or file system accepts a longer one
_AT_A_TIME = 4  # questions
_WORDS = 500  # characters that are shown of an author's message
_NO_REASON = "retracted by module author"  # Go's text if the author gave no reason
# The commands that `go install -n` prints, in their lines: those of a file, of a heading, and of a command.
_COMMANDS = re.compile(
    r"^(?:cat >[^\n]* << 'EOF'[^\n]*\n.*?^EOF|#\n# [^\n]*\n#|[^\n]*\$WORK[^\n]*|(?:cd|mkdir -p) [^\n]*)(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_MODULE = re.compile(r'^modinfo ".*?path\\t([^"\\]+)\\nmod\\t([^"\\]+)\\t([^"\\]+)\\t([^"\\]*)\\n', re.MULTILINE)


@dataclass(frozen=True)
class Resolved:
    """Go's answers about a package of a module, at an exact version."""

    package: str  # "example.com/cmd/x@v1.2.3"
    name: str
    module: Module
    epoch: int
    refusals: dict[str, str]  # for each pair that Go was asked about, the reason for refusing it, or `""`
    documents: tuple[tuple[str, bytes], ...]
    notes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return it as JSON."""
        texts = [[name, base64.b64encode(content).decode()] for name, content in self.documents]
        return {**dataclasses.asdict(self), "documents": texts}

    @classmethod
    def of(cls, record: Any) -> Resolved | None:
        """Return the remembered value if it is complete."""
        try:
            texts = tuple((str(name), base64.b64decode(content)) for name, content in record["documents"])
            notes = tuple(map(str, record["notes"]))
            found = cls(**{**record, "module": Module(**record["module"]), "documents": texts, "notes": notes})
            words = [found.package, found.name, *dataclasses.astuple(found.module)]
            words += [text for refusal in found.refusals.items() for text in refusal]
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        whole = type(found.epoch) is int and all(isinstance(word, str) for word in words)
        return found if whole else None


def resolve(text: str, inquiry: Inquiry) -> Source:
    """Return the source for `path@version`.

    The version may be any that the go command knows, such as `latest`, which every run looks up again. Go's answers
    about an exact version are remembered. Raises SourceError.
    """
    path, _, version = text.partition("@")
    named = path and version and version != "none" and not _NO_PATH.search(path)
    if not named or len(text) > _LONGEST or not text.isprintable():
        raise SourceError(
            f"`{text[:200]}` is not a package of a module in the form `path@version`",
            hint="use a form such as `example.com/cmd/program@v1.2.3`, or `@latest`",
        )
    resolved = _recalled(inquiry, text) if _EXACT.fullmatch(version) else None
    wanted = [str(target) for target in inquiry.chosen if not target.refusal]
    if resolved is None or not resolved.refusals.keys() >= set(wanted):
        resolved = _ask(text, inquiry)
        inquiry.memory.remember(_memory_name(inquiry, resolved.package), resolved.record())
    asking.check_refusals(inquiry, resolved.refusals, text)
    return Source(
        name=resolved.name,
        package=resolved.package,
        module=resolved.module,
        version=resolved.module.version.removeprefix("v"),
        digest=hashlib.sha256(f"{resolved.package} {resolved.module.sum}".encode()).hexdigest(),
        epoch=repository.epoch(resolved.epoch),
        refusals={pair: reason for pair, reason in resolved.refusals.items() if reason},
        documents=resolved.documents,
        notes=resolved.notes,
    )


def fetch(package: str, inquiry: Inquiry, targets: Iterable[Target]) -> None:
    """Let the engine download what `go install` needs for some pairs; a compile repeats any error of that."""
    if missing := inquiry.unfetched(targets):
        with inquiry.open((), True) as workspace, ThreadPoolExecutor(_AT_A_TIME) as pool:  # noqa: FBT003 - online
            list(pool.map(lambda target: _rehearse(workspace, inquiry, package, target), missing))


def _ask(text: str, inquiry: Inquiry) -> Resolved:
    """Return Go's answers about a package for the chosen pairs."""
    pairs = [target for target in inquiry.targets if target in inquiry.chosen and not target.refusal]
    with inquiry.open((), True) as workspace:  # noqa: FBT003 - online or not
        refusals, module, path = _rehearsed(workspace, inquiry, text, pairs)
        inquiry.fetched.update(pairs)
        (row,) = _rows(workspace.go("mod", "download", "-json", f"{module.path}@{module.version}"), text)
        data, info = workspace.read(str(row.get("Zip"))), workspace.read(str(row.get("Info")))
        notes = _notes(workspace, module)
    root = inquiry.work / "module"
    shutil.rmtree(root, ignore_errors=True)
    modulezip.unpack(data or b"", f"{module.path}@{module.version}", root, inquiry.limit)
    below = path.removeprefix(module.path).strip("/")
    name, found = _listed(inquiry, root, f"./{below}", [pair for pair in pairs if not refusals[str(pair)]])
    return Resolved(
        package=f"{path}@{module.version}",
        name=name,
        module=module,
        epoch=_seconds(info),
        refusals=refusals | found,
        documents=documents.documents(root / below, root),
        notes=notes,
    )


def _rehearsed(
    workspace: Workspace, inquiry: Inquiry, text: str, pairs: list[Target]
) -> tuple[dict[str, str], Module, str]:
    """Return why Go refuses pairs, or `""`, the module that contains the package, and the package's path."""
    refusals: dict[str, str] = {}
    for number, target in enumerate(pairs):
        answer = _rehearse(workspace, inquiry, text, target, fresh=True)
        found = _MODULE.search(answer.said)
        if found and not _NO_PATH.search(found[1]):
            module, exact = Module(found[2], found[3], found[4]), f"{found[1]}@{found[3]}"
            refusals[str(target)] = ""
            rest = pairs[number + 1 :]
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                answers = pool.map(partial(_rehearse, workspace, inquiry, exact), rest)
                refusals |= {
                    str(target): _refusal(answer, workspace) for target, answer in zip(rest, answers, strict=True)
                }
            return refusals, module, found[1]
        refusals[str(target)] = _refusal(answer, workspace) or "the go command did not report which module contains it"
    said = next(iter(refusals.values()), "Go can build none of the selected pairs")
    raise messages.source_error(said, text)


def _rehearse(workspace: Workspace, inquiry: Inquiry, package: str, target: Target, *, fresh: bool = False) -> Answer:
    """Run `go install -n`, which downloads everything that the build needs and prints its commands."""
    recipe = inquiry.recipe
    argv = ("install", "-n", "-trimpath", "-buildvcs=false", *recipe.mode(target), package)
    return workspace.go(*argv, env=recipe.environment(target), fresh=fresh)


def _refusal(answer: Answer, workspace: Workspace) -> str:
    """Return why Go refuses to build, without the commands that it printed before."""
    said = asking.own_words(_COMMANDS.sub("", answer.said), workspace, Path()) if answer.code else ""
    return "\n".join(line for line in said.splitlines() if not line.startswith("go: downloading "))


def _listed(inquiry: Inquiry, root: Path, package: str, pairs: list[Target]) -> tuple[str, dict[str, str]]:
    """Return the program's name, and why Go refuses pairs when it lists the packages to compile.

    The module is the main module there, so that Go selects the same versions as for `go install path@version`.
    Raises IncludeOutside if a compile would read a file outside a module.
    """
    taken = snapshot.take(root, Scope(root, limit=inquiry.limit), inquiry.work / "source", lambda _: ())
    found: dict[str, str] = {}
    name = ""
    # `go install` does not read the module's go.sum, which may be wrong or hostile; Go writes a new one into the copy.
    nodes = [node for node in tree.asked(taken) if node.name.split("/")[0] != "go.sum"]
    with inquiry.open(nodes, True) as workspace:  # noqa: FBT003 - online or not
        for target in pairs:
            env = {"GOFLAGS": "-mod=mod"}
            answer = listing.ask(workspace, inquiry.recipe, target, package, directory="", env=env)
            if isinstance(answer, Answer) or answer.error:
                said = answer.said if isinstance(answer, Answer) else answer.error
                found[str(target)] = asking.own_words(said, workspace, Path())
                continue
            checked: set[tuple[str, ...]] = set()
            for each in answer.packages:
                asking.check_includes(workspace, each, "", checked)
            name = name or answer.program
    return asking.program_name(name, Path(root.name if package == "./" else package)), found


def _notes(workspace: Workspace, module: Module) -> tuple[str, ...]:
    """Return the author's warnings about a version that nobody should use."""
    name = f"{module.path}@{module.version}"
    answer = workspace.go("list", "-m", "-u", "-retracted", "-e", "-json", name, fresh=True)
    row = next(iter(rows(answer.output)), {}) if not answer.code else {}
    retracted, deprecated = row.get("Retracted"), row.get("Deprecated")
    reasons = "; ".join(_short(reason) for reason in _list(retracted) if reason != _NO_REASON)
    said = f"`{name}` was retracted by its author{': ' if reasons else ''}{reasons}" if retracted else ""
    return tuple(filter(None, (said, f"`{module.path}` is deprecated: {_short(deprecated)}" if deprecated else "")))


def _list(value: Any) -> list[Any]:
    """Return a list's items, and none for anything else that an engine may answer."""
    return value if isinstance(value, list) else []


def _short(text: Any) -> str:
    """Return an author's message in one line."""
    words = " ".join(str(text).split())
    return words if len(words) <= _WORDS else f"{words[:_WORDS]}…"


def _rows(answer: Answer, text: str) -> list[dict[str, Any]]:
    found = list(rows(answer.output)) if answer.output else []
    if answer.code or len(found) != 1:
        raise messages.source_error(answer.said or next((str(row.get("Error")) for row in found), ""), text)
    return found


def _seconds(info: bytes | None) -> int:
    """Return the time of a version, or 0 if its `.info` file does not contain it."""
    try:
        return int(datetime.datetime.fromisoformat(json.loads(info or b"")["Time"]).timestamp())
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 0


def _recalled(inquiry: Inquiry, package: str) -> Resolved | None:
    return Resolved.of(inquiry.memory.recall(_memory_name(inquiry, package)))


def _memory_name(inquiry: Inquiry, package: str) -> str:
    return f"sources/{asking.key(package, inquiry.recipe.toolchain, inquiry.recipe.image)}"
