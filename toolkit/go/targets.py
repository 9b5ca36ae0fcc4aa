"""All GOOS/GOARCH pairs, the selected ones, and this machine's."""

from __future__ import annotations

import difflib
import fnmatch
import json
import platform
import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from typing import Any

from toolkit.errors import ToolchainError, UnknownTarget, UsageError
from toolkit.go.workspace import Workspace
from toolkit.model import Binary, Reason, Recipe, Target
from toolkit.options import Selector

# Names that others use for an architecture or a system, and Go does not.
_GOARCH = {
    "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "i386": "386", "i486": "386", "i586": "386", "i686": "386",
    "x86": "386", "ia32": "386", "aarch64": "arm64", "armv8": "arm64", "arm64v8": "arm64", "arm64e": "arm64",
    "arm32": "arm", "armel": "arm", "armhf": "arm", "armv5": "arm", "armv6": "arm", "armv7": "arm", "armv6l": "arm",
    "armv7l": "arm", "armv7a": "arm", "powerpc64": "ppc64", "powerpc64le": "ppc64le", "ppc64el": "ppc64le",
    "s390": "s390x", "riscv": "riscv64", "rv64": "riscv64", "loongarch64": "loong64", "mipsel": "mipsle",
    "mips64el": "mips64le", "wasm32": "wasm",
}  # fmt: skip
_GOOS = {
    "win32": "windows", "win64": "windows", "win": "windows", "mingw": "windows", "cygwin": "windows",
    "macos": "darwin", "macosx": "darwin", "osx": "darwin", "mac": "darwin", "iphoneos": "ios", "ipados": "ios",
    "sunos": "solaris", "sunos5": "solaris", "ubuntu": "linux", "debian": "linux", "alpine": "linux",
    "wasi": "wasip1", "browser": "js", "node": "js",
}  # fmt: skip
# Go has no sockets there, so that no program for them can reach AWS; the build does not show that.
_ALONE = "builds, but has no network access"
NOTES = {"js": _ALONE, "wasip1": _ALONE}  # by GOOS
_BROKEN = "Go marks it as broken"

_NAME = re.compile(r"[a-z0-9]{1,20}")  # a GOOS or a GOARCH
_LONGEST = 1 << 20  # characters in a list of pairs
_KINDS = tuple(map(type, astuple(Target("", ""))))

# The smallest possible program: Go reports pairs that it refuses to link only for a main package.
PREFLIGHT = {"go.mod": b"module preflight.invalid\n", "main.go": b"package main\n\nfunc main() {}\n"}


def ask(workspace: Workspace, recipe: Recipe) -> tuple[Target, ...]:
    """Return the pairs that a go command knows, in its order, each with its refusal, if any.

    The workspace must contain the files of `PREFLIGHT`.
    """
    version = {"GOTOOLCHAIN": recipe.toolchain}
    answer = workspace.go("tool", "dist", "list", "-broken", "-json", env=version)
    known = _known(answer.output)
    with ThreadPoolExecutor() as pool:
        said = pool.map(
            lambda target: workspace.go(*recipe.preflight(target), env=recipe.environment(target)).said, known
        )
        return tuple(replace(target, refusal=_refusal(text)) for target, text in zip(known, said, strict=True))


def recalled(rows: Any) -> tuple[Target, ...]:
    """Return the remembered pairs, as `dataclasses.asdict` wrote them; none if they are incomplete."""
    try:
        found = tuple(Target(**row) for row in rows)
    except TypeError:
        return ()
    whole = all(tuple(map(type, astuple(pair))) == _KINDS for pair in found)
    return found if whole and _are_names(found) else ()


def _are_names(pairs: Iterable[Target]) -> bool:
    return all(_NAME.fullmatch(name) for pair in pairs for name in (pair.goos, pair.goarch))


def _known(text: str) -> list[Target]:
    """Return the pairs from a list that Go printed; the names become parts of paths, so they are checked."""
    try:
        rows = json.loads(text) if len(text) <= _LONGEST else None
        pairs = [
            Target(
                row["GOOS"], row["GOARCH"], cgo_supported=bool(row["CgoSupported"]),
                first_class=bool(row["FirstClass"]), broken=bool(row.get("Broken", False)),
            )
            for row in rows or ()
        ]  # fmt: skip
        if pairs and _are_names(pairs):
            return pairs
    except (AttributeError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise ToolchainError(
        "`go tool dist list -json` did not print a list of pairs",
        hint="check the go command, or the image of `--image`",
    )


def _refusal(said: str) -> str:
    lines = (line.removeprefix("go: ").strip() for line in said.splitlines())
    return next((line for line in lines if Reason.in_words_of_go(line)), "")


def native() -> tuple[str, str]:
    """Return this machine's GOOS and GOARCH, guessed without a go command."""
    machine = platform.machine().lower()
    name = sys.platform.rstrip("0123456789") if sys.platform not in _GOOS else sys.platform
    return _GOOS.get(sys.platform, name), _GOARCH.get(machine, machine)


def listed(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the pairs that Go does not mark as broken: the default selection."""
    return tuple(target for target in targets if not target.broken)


def note(target: Target, needed: Iterable[str] = ()) -> str:
    """Return a note for users of a pair's program; `needed` contains the shared libraries that it needs."""
    return "; ".join(filter(None, (_BROKEN if target.broken else "", NOTES.get(target.goos, ""), needs(needed))))


def needs(libraries: Iterable[str]) -> str:
    """Return a note that names shared libraries, or `""` if there are none."""
    return f"needs {names} at run time" if (names := ", ".join(libraries)) else ""


def one(targets: Iterable[Target], goos: str, goarch: str) -> Target:
    """Return the pair with these names; an empty name means this machine's. Raises UnknownTarget."""
    known = {(target.goos, target.goarch): target for target in targets}
    wanted = (goos or native()[0], goarch or native()[1])
    if wanted in known:
        return known[wanted]
    for flag, word, names in (
        ("goos", wanted[0], {pair[0] for pair in known}),
        ("goarch", wanted[1], {pair[1] for pair in known}),
    ):
        if word not in names:
            raise UnknownTarget(f"unknown {flag.upper()} `{word}`", hint=_nearest(word, names))
    message = f"unknown pair `{'/'.join(wanted)}`"
    pairs = [str(target) for target in listed(known.values()) if target.goos == wanted[0]]
    raise UnknownTarget(message, hint=f"{wanted[0]} has: {', '.join(f'`{pair}`' for pair in pairs)}")


def select(
    targets: Iterable[Target], only: Selector, skip: Selector, *, first_class: bool = False
) -> tuple[Target, ...]:
    """Return the selected pairs, in Go's order.

    Raises UnknownTarget for a pattern that matches no pair, or only pairs that Go marks as broken. Raises UsageError
    if no pair remains.
    """
    targets = tuple(targets)
    for pattern in (*only.patterns, *skip.patterns):
        found = [target for target in targets if Selector.matches(pattern, str(target))]
        if not found:
            words = {word for target in listed(targets) for word in (str(target), target.goos, target.goarch)}
            raise UnknownTarget(f"`{pattern}` matches no pair", hint=_nearest(pattern, words))
        if pattern in only.patterns and not listed(found):
            hint = f"invoke build --goos {found[0].goos} --goarch {found[0].goarch}"
            raise UnknownTarget(f"Go marks `{found[0]}` as broken", hint=hint)
    chosen = tuple(
        target
        for target in listed(targets)
        if (not only or only(str(target))) and not skip(str(target)) and (target.first_class or not first_class)
    )
    if not chosen:
        raise UsageError(
            "no pair is selected", hint="loosen `--only`, `--skip` or `--first-class`; `invoke targets` lists all pairs"
        )
    return chosen


def native_first(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the pairs with this machine's first, because the user may be waiting for it."""
    return tuple(sorted(targets, key=lambda target: (target.goos, target.goarch) != native()))


def mine(binaries: Iterable[Binary]) -> Binary:
    """Return the program that runs on this machine. Raises UnknownTarget if there is none."""
    for binary in binaries:
        if (binary.target.goos, binary.target.goarch) == native():
            return binary
    raise UnknownTarget(f"there is no program for `{'/'.join(native())}`", hint="invoke build")


def _nearest(word: str, names: Iterable[str]) -> str:
    names = sorted(names)
    parts = word.lower().split("/")[:2]  # Docker adds a third: `linux/arm/v7`
    usual = "/".join((_GOARCH | _GOOS).get(part.strip("*"), part) for part in parts)
    if usual != word.lower() and any(fnmatch.fnmatchcase(name, usual) for name in names):
        near = [usual]
    else:
        near = difflib.get_close_matches(word.lower(), names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(f'`{name}`' for name in near)}?"
    return "`invoke targets` lists all pairs"
