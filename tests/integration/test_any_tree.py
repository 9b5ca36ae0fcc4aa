"""Any source tree: plain Go and both engines make the same bytes of it, or refuse it.

`ANY_TREE_EXAMPLES` sets the number of trees, `ANY_TREE_SEED` makes others than those of the suite.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, seed, settings
from hypothesis import strategies as st

from tests.integration.exact import LINUX, Builds, plain, started
from toolkit.engines.docker.host import Host
from toolkit.errors import (
    EngineUnavailable,
    FileUnreadable,
    IncludeOutside,
    LinkOutside,
    NameNotText,
    ReplacementOutside,
    SourceError,
    SourceTooLarge,
    SpecialFile,
    ToolkitError,
)
from toolkit.model import Reason, Unbuilt

OWN = (LinkOutside, ReplacementOutside, SpecialFile, NameNotText, SourceTooLarge, IncludeOutside, FileUnreadable)
EXAMPLES = int(os.environ.get("ANY_TREE_EXAMPLES", "25"))
SEED = os.environ.get("ANY_TREE_SEED", "")

PACKAGES: tuple[str, ...] = ("lib", "internal/deep", "cmd", "v2", "node_modules/x", "testdata/y", "_hidden", "x.go.d")
DATA: tuple[str, ...] = (
    "web/a.css",
    "web/b c.txt",
    "web/.hidden",
    "web/_under",
    "web/sub/d.txt",
    "web/sub/é.txt",
    "data",
    "web/x_test.go",
)
DATA = (
    *DATA,
    "web/n/go.mod",
    "web/n/f.txt",
    "web/.git/config",
    "LICENSE",
    "README.md",
    ".env",
    "web/sub/-dash",
    "web/all:x",
)
PATTERNS: tuple[str, ...] = (
    "web",
    "all:web",
    "web/*",
    "web/*.css",
    '"web/b c.txt"',
    "`web/sub`",
    "data",
    "web/sub/*",
    "all:web/sub",
    "*.md",
)
PATTERNS = (
    *PATTERNS,
    "LICENSE",
    "web/n",
    "web/.hidden",
    "nothing",
    "web/a.css data",
    ".env",
    "*",
    "all:*",
    "web/[ab]*",
    "web/x_test.go",
)
LINKS = (
    "inside",
    "package",
    "outside file",
    "outside package",
    "outside data",
    "dangling",
    "loop",
    "up",
    "data",
    "directory",
)
GO_FILES = (
    "x_test.go",
    "x_windows.go",
    "x_plan9.s",
    "_x.go",
    ".x.go",
    "ignored.go",
    "broken_test.go",
    "x.txt.go",
    "doc.go",
)
REPLACED = ("", "", "./y", "./lib/y", "../y", "./linked")


@dataclass(frozen=True)
class Plan:
    """The parts of a tree."""

    packages: tuple[str, ...]
    data: tuple[str, ...]
    patterns: tuple[str, ...]
    links: tuple[str, ...]
    go_files: tuple[str, ...]
    replaced: str
    assembly: str  # the file that an assembly file includes, or `""`
    vendored: bool
    module: str  # "", or the module's directory below the repository

    def write(self, root: Path, name: str) -> Path:
        """Write the tree below an empty directory and return the directory of the main package."""
        source = root / "repository" / self.module
        files: dict[str, str] = {"main.go": self._main(name), **dict.fromkeys(self.data, "data\n")}
        files["web/n/go.mod"] = "module n\n" if "web/n/go.mod" in self.data else ""
        for package in self.packages:
            files[f"{package}/p.go"] = f"package p\n\nconst Name = {package!r}\n".replace("'", '"')
        files |= {file: self._go_file(file) for file in self.go_files}
        files |= self._module_files(name)
        if self.assembly:
            files["asm_amd64.s"] = _assembly(self.assembly)
            files["asm_amd64.go"] = "package main\n\nfunc Get() int64\n\nfunc init() { println(Get()) }\n"
            files |= {"k.h": "#define VALUE 1\n", "inc/k.inc": '#include "inc/_n.h"\n', "inc/_n.h": "#define VALUE 2\n"}
        for path, text in files.items():
            if text or not path.endswith("go.mod"):
                _write(source / path, text)
        _write(root / "outside" / "p.go", 'package p\n\nconst Name = "outside"\n')
        _write(root / "outside" / "o.txt", "outside\n")
        _write(root / "repository" / "above.h", "#define VALUE 3\n")
        for link in self.links:
            self._link(link, source, root)
        if self.replaced == "./linked" and not self.vendored:
            (source / "replaced").symlink_to("real")
        return source

    def _main(self, name: str) -> str:
        imported = [package for package in self.packages if not package.startswith("_")]
        lines = [f'import p{number} "{name}/{package}"' for number, package in enumerate(imported)]
        lines += [f'import linked "{name}/linked/package"'] if "package" in self.links else []
        lines += [f'import out "{name}/out"'] if "outside package" in self.links else []
        lines += ['import y "example.com/y"'] if self.replaced or self.vendored else []
        used = [f"p{number}.Name" for number, _ in enumerate(imported)]
        used += [
            f"{word}.Name" for word, link in (("linked", "package"), ("out", "outside package")) if link in self.links
        ]
        used += ["y.Name"] if self.replaced or self.vendored else []
        body = "".join(f"\tprintln({word})\n" for word in used)
        if not self.patterns:
            return "package main\n\n" + "\n".join(lines) + f"\n\nfunc main() {{\n{body}}}\n"
        lines.append('import "embed"')
        embedded = "\n".join(f"//go:embed {pattern}" for pattern in self.patterns)
        return (
            "package main\n\n"
            + "\n".join(lines)
            + f"\n\n{embedded}\nvar files embed.FS\n\nfunc main() {{\n{body}\t_ = files\n}}\n"
        )

    def _go_file(self, name: str) -> str:
        if name.endswith(".s"):
            return "nonsense\n"
        if name == "broken_test.go":
            return "pack main\n"
        return ("//go:build ignore\n\npackage other\n" if name == "ignored.go" else "package main\n") + "\nvar _ = 1\n"

    def _module_files(self, name: str) -> dict[str, str]:
        text = f"module {name}\n\ngo 1.21\n"
        y = {"y.go": 'package y\n\nconst Name = "y"\n'}
        if self.vendored:
            text += "\nrequire example.com/y v1.0.0\n"
            listed = "# example.com/y v1.0.0\n## explicit; go 1.21\nexample.com/y\n"
            return {"go.mod": text, "vendor/modules.txt": listed, "vendor/example.com/y/y.go": y["y.go"]}
        if not self.replaced:
            return {"go.mod": text}
        text += f"\nrequire example.com/y v1.0.0\n\nreplace example.com/y => {self.replaced.replace('linked', 'replaced')}\n"
        place = {"./linked": "real"}.get(self.replaced, self.replaced.removeprefix("./"))
        return {"go.mod": text, f"{place}/go.mod": "module example.com/y\n\ngo 1.21\n", f"{place}/y.go": y["y.go"]}

    def _link(self, kind: str, source: Path, root: Path) -> None:
        places = {
            "inside": ("more.go", "texts/more.txt"),
            "package": ("linked/package", "../real/package"),
            "outside file": ("out.go", str(root / "outside" / "p.go")),
            "outside package": ("out", str(root / "outside")),
            "outside data": ("web/out.txt", str(root / "outside" / "o.txt")),
            "dangling": (".#main.go", "me@host"),
            "loop": ("loop", "loop"),
            "up": ("web/up", "../.."),
            "data": ("web/link.txt", "a.css"),
            "directory": ("web/linked", "sub"),
        }
        name, target = places[kind]
        if kind == "inside":
            _write(source / target, "package main\n\nconst More = 1\n")
        if kind == "package":
            _write(source / "real" / "package" / "p.go", 'package p\n\nconst Name = "linked"\n')
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).symlink_to(target)


def _assembly(include: str) -> str:
    return f'#include "textflag.h"\n#include "{include}"\n\nTEXT ·Get(SB), NOSPLIT, $0-8\n\tMOVQ $VALUE, AX\n\tMOVQ AX, ret+0(FP)\n\tRET\n'


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _some(values: tuple[str, ...], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


PLANS = st.builds(
    Plan,
    packages=_some(PACKAGES, 3),
    data=_some(DATA, 8),
    patterns=_some(PATTERNS, 2),
    links=_some(LINKS, 3),
    go_files=_some(GO_FILES, 3),
    replaced=st.sampled_from(REPLACED),
    assembly=st.sampled_from(("", "", "", "k.h", "inc/k.inc", "../above.h", "/etc/hostname", "gone.h")),
    vendored=st.booleans(),
    module=st.sampled_from(("", "", "mod", "a/mod")),
)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Builds]]:
    """Return the available engines, always with the local one."""
    with contextlib.ExitStack() as stack:
        kinds = ["local"]
        with contextlib.suppress(EngineUnavailable):
            Host.connect().close()
            kinds.append("docker")
        yield [stack.enter_context(started(kind, tmp_path_factory.mktemp(kind))) for kind in kinds]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directories for plain Go's caches and results."""
    return tmp_path_factory.mktemp("plain")


def _numbered() -> Iterator[str]:
    yield from (f"example.com/any{os.getpid()}n{number}" for number in range(1 << 30))


NAMES = _numbered()


def _seeded(test: Callable[..., None]) -> Callable[..., None]:
    return seed(int(SEED))(test) if SEED else test


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=not SEED, database=None,
    suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate), report_multiple_bugs=False,
)  # fmt: skip
@_seeded
@given(plan=PLANS)
def test_any_tree(plan: Plan, engines: list[Builds], scratch: Path) -> None:
    """Plain Go and the engines make the same bytes, or all refuse, or only the engines do for a reason from a short list."""
    with tempfile.TemporaryDirectory() as folder:
        directory = plan.write(Path(folder), next(NAMES))
        theirs = plain(directory, scratch)
        ours = [engine.build(directory) for engine in engines]
        for made in ours:
            _judge(theirs, made)
        assert len({_kind(made) for made in ours}) == 1
        event(_kind(ours[0]) if isinstance(theirs, bytes) else "refused by all")
        if isinstance(ours[0], bytes):
            _check_digests(engines[0], directory)


def _judge(theirs: bytes | str, made: bytes | Unbuilt | ToolkitError) -> None:
    if isinstance(made, bytes):
        assert made == theirs
    elif isinstance(theirs, bytes):
        own = isinstance(made, OWN) or (isinstance(made, Unbuilt) and made.reason is Reason.BUILD_PATH)
        assert own, f"plain Go builds it, and here: {made!r}"
    else:
        refused = isinstance(made, SourceError) or (isinstance(made, Unbuilt) and made.reason is Reason.COMPILE_FAILED)
        assert refused, f"{made!r} in place of: {theirs}"


def _kind(made: bytes | Unbuilt | ToolkitError) -> str:
    return (
        "built" if isinstance(made, bytes) else made.reason.value if isinstance(made, Unbuilt) else type(made).__name__
    )


def _check_digests(engine: Builds, directory: Path) -> None:
    """Check that the compile digest changes with each file on the list, and with no other."""
    source = engine.resolve(directory, LINUX).source
    listed = {os.path.normpath(_listed_path(directory, source.directory, piece.place)) for piece in source.files}
    files = sorted(path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    for path in files[:: max(1, len(files) // 4)]:
        if ".git" in path.relative_to(directory).parts:
            continue
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        try:
            changed = engine.resolve(directory, LINUX).source.digest != source.digest
        except ToolkitError:
            changed = True
        finally:
            path.write_bytes(before)
        through = any(os.path.realpath(each) == os.path.realpath(path) for each in listed)
        assert changed == through, path


def _listed_path(directory: Path, above: str, place: str) -> str:
    return str(directory / os.path.relpath(place, above or "."))


def test_digest_of_a_copy(engines: list[Builds], tmp_path: Path) -> None:
    """The digest does not depend on the directory of a source."""
    plan = Plan(("lib",), ("web/a.css",), ("web",), ("package",), (), "./y", "inc/k.inc", vendored=False, module="")
    one, other = plan.write(tmp_path / "one", "example.com/copy"), tmp_path / "elsewhere" / "copy"
    shutil.copytree(one, other, symlinks=True)
    first, second = (engines[0].resolve(directory).source for directory in (one, other))
    assert first.digest == second.digest
