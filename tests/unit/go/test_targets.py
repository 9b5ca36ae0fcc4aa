from __future__ import annotations

import json

import pytest

from tests.fakes import FakeGo, FakeWorkspace
from tests.unit.samples import ANDROID, EVERY, GO, JS, LINUX, PLAN9, PLAN9_ARM, RECIPE, WINDOWS
from toolkit.errors import ToolchainError, UnknownTarget, UsageError
from toolkit.go import targets, toolchain
from toolkit.go.workspace import Answer
from toolkit.model import Target
from toolkit.options import Selector, selector

NATIVE = Target(*targets.native())
SIMULATOR = Target("ios", "amd64")
BROKEN = Target("freebsd", "riscv64", broken=True)
SPARC = Target("linux", "sparc64", broken=True)
NONE = Selector()


# --- all pairs -------------------------------------------------------------------------------------------------------


def test_pairs_come_as_go_lists_them() -> None:
    """Order, cgo and first class are Go's; without a message from Go, no pair is refused."""
    known = (WINDOWS, JS, LINUX, BROKEN)
    found = targets.ask(FakeWorkspace(FakeGo(known)), RECIPE)
    assert found == known
    assert [(item.cgo_supported, item.first_class, item.refusal, item.broken) for item in found] == [
        (True, True, "", False),
        (False, False, "", False),
        (True, True, "", False),
        (False, False, "", True),
    ]


ROW = {"GOOS": "linux", "GOARCH": "amd64", "CgoSupported": True, "FirstClass": True}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "linux/amd64",
        "[]",
        "null",
        "5",
        '{"GOOS": "linux"}',
        "[1]",
        '[{"GOOS": "linux"}]',
        "[" * 100_000,
        json.dumps([ROW]) + " " * (2 << 20),
        *(json.dumps([{**ROW, "GOOS": name}]) for name in ("../x", "a/b", "", "Linux", "\x1b[31m", "x" * 99, None, 5)),
    ],
    ids=lambda text: text[:30] or "nothing",
)
def test_what_is_not_a_list_of_pairs_is_an_error(text: str) -> None:
    """An image's `go` may print it; a name of a pair never leaves a directory or reaches a terminal."""
    with pytest.raises(ToolchainError, match="did not print a list of pairs"):
        targets.ask(FakeWorkspace(lambda *_: Answer(0, text, "")), RECIPE)


def test_each_pair_is_asked_about_with_the_recipe_that_builds_it() -> None:
    """The question has the variables and the build mode of the build itself."""
    workspace = FakeWorkspace(FakeGo((LINUX, SIMULATOR)))
    targets.ask(workspace, RECIPE)
    first, *rest = workspace.asked
    assert (first.args, first.env) == (("tool", "dist", "list", "-broken", "-json"), {"GOTOOLCHAIN": GO})
    assert sorted((asked.args, asked.env["GOOS"]) for asked in rest) == [
        (("list", "-buildmode=exe", "."), "ios"),
        (("list", "."), "linux"),
    ]
    environments = {"linux": RECIPE.environment(LINUX), "ios": RECIPE.environment(SIMULATOR)}
    assert {asked.env["GOOS"]: asked.env for asked in rest} == environments
    assert all(asked.directory == "" for asked in workspace.asked)


def test_a_refusal_is_the_line_in_which_go_states_it() -> None:
    """Only the sentence of Go's output that states a reason is kept, without the word before it."""
    said = f"warning: something\ngo: {ANDROID.refusal}\ngo: more\n"
    go = FakeGo((ANDROID, LINUX), {"android/arm": said, "linux/amd64": "go: no such tool\n"})
    found = targets.ask(FakeWorkspace(go), RECIPE)
    assert [item.refusal for item in found] == [ANDROID.refusal, ""]


def test_the_preflight_is_a_main_package() -> None:
    """Go refuses to link only a program that it would link."""
    assert set(targets.PREFLIGHT) == {"go.mod", "main.go"}
    assert targets.PREFLIGHT["main.go"].startswith(b"package main\n")


def test_this_machine_is_what_go_says_it_is() -> None:
    """The pair guessed without a go command is the same as that of Go."""
    said = toolchain.go().run("env", "GOHOSTOS", "GOHOSTARCH").stdout.split()
    assert targets.native() == tuple(said)


# --- one -------------------------------------------------------------------------------------------------------------


def test_one_pair_is_found_by_its_names() -> None:
    """The result has all facts about the pair."""
    assert targets.one(EVERY, "android", "arm").refusal == ANDROID.refusal


@pytest.mark.parametrize(
    ("goos", "goarch", "pair"),
    [
        ("", "", str(NATIVE)),
        ("other", "", f"other/{NATIVE.goarch}"),
        ("", "other", f"{NATIVE.goos}/other"),
    ],
)
def test_an_empty_name_is_this_machines(goos: str, goarch: str, pair: str) -> None:
    """Either name may be omitted."""
    known = (Target("other", NATIVE.goarch), Target(NATIVE.goos, "other"), NATIVE)
    assert str(targets.one(known, goos, goarch)) == pair


@pytest.mark.parametrize(
    ("goos", "goarch", "message", "hint"),
    [
        ("macos", "amd64", "unknown GOOS `macos`", "`invoke targets` lists all pairs"),
        ("wndows", "amd64", "unknown GOOS `wndows`", "did you mean `windows`?"),
        ("WINDOWS", "amd64", "unknown GOOS `WINDOWS`", "did you mean `windows`?"),
        ("zzz", "amd64", "unknown GOOS `zzz`", "`invoke targets` lists all pairs"),
        ("linux", "amd46", "unknown GOARCH `amd46`", "did you mean `amd64` or `arm`?"),
        ("linux", "vax", "unknown GOARCH `vax`", "`invoke targets` lists all pairs"),
        ("plan9", "amd64", "unknown pair `plan9/amd64`", "plan9 has: `plan9/386`, `plan9/arm`"),
    ],
)
def test_a_name_that_go_does_not_know_is_reported_with_what_is_near(
    goos: str, goarch: str, message: str, hint: str
) -> None:
    """The message names the wrong word; the hint has the nearest correct one, or shows how to list all."""
    with pytest.raises(UnknownTarget) as caught:
        targets.one(EVERY, goos, goarch)
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("x86_64", "amd64"), ("X64", "amd64"), ("x86-64", "amd64"), ("aarch64", "arm64"), ("armv8", "arm64"),
        ("armv7", "arm"), ("armv6l", "arm"), ("armhf", "arm"), ("i386", "386"), ("i686", "386"), ("x86", "386"),
        ("ppc64el", "ppc64le"), ("loongarch64", "loong64"), ("mipsel", "mipsle"), ("wasm32", "wasm"),
        ("rv64", "riscv64"), ("arm64v8", "arm64"),
    ],
)  # fmt: skip
def test_a_common_name_of_an_architecture_is_understood(word: str, name: str) -> None:
    """The hint offers the name that Go uses."""
    known = (Target("linux", name), Target("linux", "amd46"), Target("plan9", "arm32x"))
    with pytest.raises(UnknownTarget, match=f"unknown GOARCH `{word}`") as caught:
        targets.one(known, "linux", word)
    assert caught.value.hint == f"did you mean `{name}`?"


@pytest.mark.parametrize(
    ("word", "name"),
    [("macos", "darwin"), ("OSX", "darwin"), ("win32", "windows"), ("win64", "windows"), ("wasi", "wasip1"),
     ("ubuntu", "linux"), ("sunos", "solaris"), ("iphoneos", "ios")],
)  # fmt: skip
def test_a_common_name_of_a_system_is_understood(word: str, name: str) -> None:
    """The hint offers the name that Go uses."""
    with pytest.raises(UnknownTarget, match=f"unknown GOOS `{word}`") as caught:
        targets.one((Target(name, "amd64"), Target("wine", "amd64"), Target("mcos", "amd64")), word, "amd64")
    assert caught.value.hint == f"did you mean `{name}`?"


@pytest.mark.parametrize(("goos", "goarch"), [("freebsd", "riscv64"), ("linux", "sparc64")])
def test_a_broken_pair_is_found_by_its_names(goos: str, goarch: str) -> None:
    """The user asked for it; no other error offers it."""
    assert targets.one((*EVERY, BROKEN, SPARC), goos, goarch).broken
    with pytest.raises(UnknownTarget) as caught:
        targets.one((*EVERY, BROKEN, SPARC), "linux", "386")
    assert caught.value.hint == "linux has: `linux/amd64`"


# --- many ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("only", "skip", "first_class", "chosen"),
    [
        ("", "", False, EVERY),
        ("linux/*,plan9", "", False, (LINUX, PLAN9, PLAN9_ARM)),
        ("", "js,android/*,amd64", False, (PLAN9, PLAN9_ARM)),
        ("plan9", "arm", False, (PLAN9,)),
        ("", "", True, (LINUX, WINDOWS)),
        ("linux,js", "", True, (LINUX,)),
    ],
)
def test_what_is_selected_is_what_every_option_allows(
    only: str,
    skip: str,
    *,
    first_class: bool,
    chosen: tuple[Target, ...],
) -> None:
    """`--only` selects, `--skip` and `--first-class` leave out, and Go's order stays."""
    assert targets.select(iter(EVERY), selector(only), selector(skip), first_class=first_class) == chosen


@pytest.mark.parametrize(
    ("only", "skip", "message", "hint"),
    [
        ("linux,solaris", "", "`solaris` matches no pair", "`invoke targets` lists all pairs"),
        ("", "linx/*", "`linx/*` matches no pair", "did you mean `linux` or `linux/amd64`?"),
        ("Plan9", "", "`Plan9` matches no pair", "did you mean `plan9` or `plan9/arm` or `plan9/386`?"),
    ],
)
def test_a_pattern_that_matches_nothing_is_an_error(only: str, skip: str, message: str, hint: str) -> None:
    """A mistyped pattern never means a smaller release."""
    with pytest.raises(UnknownTarget) as caught:
        targets.select(EVERY, selector(only), selector(skip))
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("linux/x86_64", "did you mean `linux/amd64`?"),
        ("x86_64", "did you mean `amd64`?"),
        ("*/x86_64", "did you mean `*/amd64`?"),
        ("win32/*", "did you mean `windows/*`?"),
        ("Win64", "did you mean `windows`?"),
        ("plan9/armv7*", "did you mean `plan9/arm`?"),
        ("plan9/arm/v7", "did you mean `plan9/arm`?"),
        ("linux/i386", "did you mean `linux/amd64`?"),
    ],
)
def test_common_names_are_understood_in_patterns(pattern: str, hint: str) -> None:
    """Each half of a pair is translated, and offered if there is such a pair; otherwise the nearest one is."""
    for only, skip in ((pattern, ""), ("", pattern)):
        with pytest.raises(UnknownTarget) as caught:
            targets.select(EVERY, selector(only), selector(skip))
        assert caught.value.hint.startswith(hint.removesuffix("?"))


@pytest.mark.parametrize(("only", "skip"), [("", ""), ("linux,freebsd/*", ""), ("", "freebsd"), ("", "*/sparc64")])
def test_broken_pairs_are_never_selected(only: str, skip: str) -> None:
    """A pattern may match them together with other pairs, and `--skip` may name them."""
    known = (BROKEN, Target("freebsd", "amd64"), *EVERY, SPARC)
    chosen = targets.select(known, selector(only), selector(skip))
    assert chosen
    assert not any(target.broken for target in chosen)
    assert targets.listed(known) == (known[1], *EVERY)


@pytest.mark.parametrize(
    ("only", "pair"),
    [("freebsd/riscv64", BROKEN), ("linux,sparc64", SPARC), ("*/sparc64", SPARC), ("freebsd", BROKEN)],
)
def test_a_pattern_of_broken_pairs_alone_is_an_error(only: str, pair: Target) -> None:
    """The hint is the command that builds one."""
    with pytest.raises(UnknownTarget) as caught:
        targets.select((BROKEN, *EVERY, SPARC), selector(only), NONE)
    assert str(caught.value) == f"Go marks `{pair}` as broken"
    assert caught.value.hint == f"invoke build --goos {pair.goos} --goarch {pair.goarch}"


@pytest.mark.parametrize(
    ("target", "needed", "note"),
    [
        (LINUX, (), ""),
        (LINUX, ("libc.so.6",), "needs libc.so.6 at run time"),
        (BROKEN, (), "Go marks it as broken"),
        (BROKEN, ("a.so", "b.so"), "Go marks it as broken; needs a.so, b.so at run time"),
        (JS, (), "builds, but has no network access"),
    ],
)
def test_a_note_says_what_users_of_a_program_must_know(target: Target, needed: tuple[str, ...], note: str) -> None:
    """It is empty for most pairs."""
    assert targets.note(target, needed) == note


@pytest.mark.parametrize(
    ("only", "skip", "first_class"), [("js", "wasm", False), ("plan9", "", True), ("", "*", False)]
)
def test_a_selection_of_nothing_is_an_error(only: str, skip: str, first_class: bool) -> None:  # noqa: FBT001 - a table
    """Options that leave no pair contradict each other, although each of them is valid."""
    with pytest.raises(UsageError, match="no pair is selected") as caught:
        targets.select(EVERY, selector(only), selector(skip), first_class=first_class)
    assert type(caught.value) is UsageError
    assert "--first-class" in caught.value.hint


def test_this_machines_pair_goes_first() -> None:
    """The user may be waiting for it; the others keep their order."""
    others = tuple(target for target in EVERY if target != NATIVE)
    assert targets.native_first((*others, NATIVE)) == (NATIVE, *others)
    assert targets.native_first(others) == others


def test_a_note_is_about_a_system_without_a_network() -> None:
    """Go's two WebAssembly systems cannot reach AWS, and only they have a note about it."""
    assert set(targets.NOTES) == {"js", "wasip1"}
    assert targets.select(EVERY, NONE, NONE)[1] == JS
