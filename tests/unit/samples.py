"""Values that the tests of several modules share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.executables import sample
from toolkit.go.targets import native
from toolkit.model import Binary, BuildInfo, Module, Outcome, Piece, Reason, Recipe, Release, Source, Target, Unbuilt

GO = "go1.27.3"
RECIPE = Recipe(GO)
MAIN = Module("example.test/program")
DEPENDENCY = Module("example.test/dependency", "v1.2.3", "h1:sum")
PACK = Path("pack")  # the file with the bytes of a source

LINUX = Target("linux", "amd64", cgo_supported=True, first_class=True)
WINDOWS = Target("windows", "amd64", cgo_supported=True, first_class=True)
JS = Target("js", "wasm")
PLAN9 = Target("plan9", "386")
PLAN9_ARM = Target("plan9", "arm")
ANDROID = Target("android", "arm", refusal="android/arm requires external (cgo) linking, but cgo is not enabled")
EVERY = (ANDROID, JS, LINUX, PLAN9, PLAN9_ARM, WINDOWS)


def source(**changes: Any) -> Source:
    """Return a source whose files are never read."""
    plain = Source(
        name="program",
        package=".",
        module=MAIN,
        version="1.2.0",
        digest=hashlib.sha256(b"source").hexdigest(),
        epoch=1_700_000_000,
        files=(Piece("go.mod", PACK, 0, 28), Piece("main.go", PACK, 28, 31)),
        documents=(("LICENSE", b"do as you like\n"), ("README.md", b"read me\n")),
    )
    return replace(plain, **changes)


def build_info(target: Target, *deps: Module) -> BuildInfo:
    """Return the statements of a correct binary."""
    settings = {"-trimpath": "true", "CGO_ENABLED": "0", "GOARCH": target.goarch, "GOOS": target.goos}
    return BuildInfo(GO, MAIN.path, MAIN, deps, tuple(settings.items()))


def program(target: Target, *deps: Module, go: str = GO, module: str = MAIN.path) -> bytes:
    """Return a correct binary of a few hundred bytes: a header and a build info."""
    lines = [f"path\t{module}", f"mod\t{module}\t(devel)\t"]
    lines += [f"dep\t{dep.path}\t{dep.version}\t{dep.sum}" for dep in deps]
    lines += [f"build\t{name}={value}" for name, value in build_info(target).settings]
    return sample(target, "".join(f"{line}\n" for line in lines).encode(), go.encode())


def binary(target: Target, folder: Path, *deps: Module, content: bytes = b"a program") -> Binary:
    """Return a binary whose file exists."""
    path = folder / target.slug / f"program{target.exe}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    digest, fingerprint = hashlib.sha256(content).hexdigest(), RECIPE.fingerprint(source(), target)
    return Binary(target, path, len(content), digest, fingerprint, build_info(target, *deps))


def made(path: Path) -> Binary:
    """Return a program of this machine that was really built."""
    content = path.read_bytes()
    target = Target(*native())
    digest, fingerprint = hashlib.sha256(content).hexdigest(), RECIPE.fingerprint(source(), target)
    return Binary(target, path, len(content), digest, fingerprint, build_info(target))


def refused(target: Target = ANDROID) -> Unbuilt:
    """Return a pair without a binary because of a limit of Go."""
    return Unbuilt(target, Reason.NEEDS_EXTERNAL_LINKER, target.refusal or "it requires external (cgo) linking")


def failed(target: Target, reason: Reason = Reason.COMPILE_FAILED, **more: Any) -> Unbuilt:
    """Return a pair without a binary for another reason."""
    return Unbuilt(target, reason, more.pop("message", "main.go:3:2: undefined: x"), **more)


def dist(root: Path, *outcomes: Outcome, **changes: Any) -> Release:
    """Return a release that has no files yet."""
    licenses = (("Go", "Go's license\n"), ("example.test/dependency v1.2.3", "its license\n"))
    return replace(Release(root, source(), RECIPE, EVERY, outcomes, licenses), **changes)


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below a directory, with their parent directories, and return that directory."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def names(folder: Path) -> list[str]:
    """Return the names of everything in a directory, sorted."""
    return sorted(path.name for path in folder.iterdir())
