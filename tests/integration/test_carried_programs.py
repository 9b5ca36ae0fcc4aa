"""Programs that contain other Go programs, and one that loads a library without cgo, as Go's linker makes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.samples import write_tree
from toolkit.go import toolchain
from toolkit.go.check import examine
from toolkit.model import Findings, Target

# The formats without a section name for the build info come first.
TEN = ("js/wasm", "windows/amd64", "wasip1/wasm", "windows/arm64", "windows/386", "plan9/386", "plan9/arm", "aix/ppc64",
       "linux/amd64", "darwin/arm64")  # fmt: skip
PAIRS = TEN if os.environ.get("CI") else TEN[:2]

CARRYING = """package main

import _ "embed"

//go:embed a.bin
var first string

//go:embed a.bin
var second []byte

//go:embed z.bin
var third string

//go:embed z.bin
var last []byte

func main() { println(len(first), len(second), len(third), len(last)) }
"""
LOADING = """package main

//go:cgo_import_dynamic libc_getpid getpid "libc.so.6"
//go:cgo_import_dynamic _ _ "libc.so.6"

func trampoline()

func main() { trampoline() }
"""


def build(folder: Path, target: Target, name: str) -> bytes:
    """Return the binary that the go command makes from a directory."""
    flags = ("-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", str(folder / "out"))
    write_tree(folder, {"go.mod": f"module example.com/{name}\n\ngo 1.21\n"})
    surroundings = {"GOOS": target.goos, "GOARCH": target.goarch, "CGO_ENABLED": "0"}
    done = toolchain.go().run("build", *flags, ".", cwd=folder, **surroundings)
    assert done.returncode == 0, done.stderr
    return (folder / "out").read_bytes()


def examined(data: bytes, target: Target, name: str) -> Findings:
    """Examine a binary that should come from this module."""
    return examine(data, target, main=f"example.com/{name}", toolchain=toolchain.pinned())


@pytest.mark.parametrize("pair", PAIRS)
def test_a_program_is_not_taken_for_one_that_it_carries(pair: str, tmp_path: Path) -> None:
    """It may be a string or bytes, of any format, also nested: only a binary's own build info is read."""
    goos, _, goarch = pair.partition("/")
    target = Target(goos, goarch)
    inner = write_tree(tmp_path / "inner", {"main.go": 'package main\n\nfunc main() { println("inner") }\n'})
    plain = {each: build(inner, each, "inner") for each in (target, Target("js", "wasm"), Target("linux", "amd64"))}
    write_tree(tmp_path / "outer", {"main.go": CARRYING, "a.bin": plain[target], "z.bin": plain[Target("js", "wasm")]})
    once = build(tmp_path / "outer", target, "outer")
    write_tree(tmp_path / "twice", {"main.go": CARRYING, "a.bin": plain[Target("linux", "amd64")], "z.bin": once})
    for data, name in (
        (plain[target], "inner"),
        (once, "outer"),
        (build(tmp_path / "twice", target, "twice"), "twice"),
    ):
        found = examined(data, target, name)
        assert found.wrong == ()
        assert found.info
        assert found.info.path == f"example.com/{name}"


@pytest.mark.parametrize("goarch", ["amd64", "arm64"])
def test_a_program_that_loads_a_library_without_cgo_is_right(goarch: str, tmp_path: Path) -> None:
    """Plain Go makes it with a dynamic interpreter, and a note names the library that it needs."""
    jump = "TEXT ·trampoline(SB), 0, $0-0\n\tJMP libc_getpid(SB)\n"
    folder = write_tree(tmp_path, {"main.go": LOADING, "a_amd64.s": jump, "a_arm64.s": jump})
    found = examined(build(folder, Target("linux", goarch), "loading"), Target("linux", goarch), "loading")
    assert (found.wrong, found.needed) == ((), ("libc.so.6",))
