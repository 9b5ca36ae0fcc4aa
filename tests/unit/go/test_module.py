"""Modules come from a directory that the go command uses as a module proxy, without a network."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.exact import LINUX, WINDOWS, Builds, started
from toolkit.errors import IncludeOutside, SourceError
from toolkit.go import module as gomodule
from toolkit.go import toolchain
from toolkit.go.buildinfo import read_build_info
from toolkit.go.repository import FIRST_EPOCH
from toolkit.go.workspace import Answer, Workspace

MAIN = "package main\n\nfunc main() {}\n"
FILES = {"LICENSE": "theirs", "README.md": "top's"}
FILES |= {"cmd/program/main.go": MAIN, "cmd/program/README.md": "program's", "lib.go": "package tools\n"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builds]:
    """Return the local engine, with separate caches and only one proxy."""
    top = tmp_path_factory.mktemp("modules")
    with pytest.MonkeyPatch.context() as patch:
        settings = {"GOPROXY": (top / "proxy").as_uri(), "GOSUMDB": "off", "GOMODCACHE": str(top / "theirs")}
        for name, value in {**settings, "XDG_CACHE_HOME": str(top / "caches")}.items():
            patch.setenv(name, value)
        toolchain.go.cache_clear()
        with started("local", top) as builds:
            yield builds
    toolchain.go.cache_clear()
    for path in top.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)  # the go command makes its directories read-only


@pytest.fixture
def proxy(engine: Builds) -> Path:
    """Return the directory of the module proxy."""
    return engine.folder / "proxy"


@pytest.fixture
def module(request: pytest.FixtureRequest) -> str:
    """Return the path of a module that no other test uses, because the go command caches modules."""
    return f"example.test/{re.sub(r'[^a-z0-9]', '', str(request.node.name))[:60]}"


def publish(  # noqa: PLR0913 - what a version has
    proxy: Path, path: str, version: str, files: Mapping[str, str], time: str = "2023-11-14T22:13:20Z", *,
    bare: bool = False,
) -> None:  # fmt: skip
    """Put a version of a module, with a go.mod unless it is bare, into the proxy."""
    files = dict(files) if bare else {"go.mod": f"module {path}\n\ngo 1.21\n", **files}
    folder = proxy / path / "@v"
    folder.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{path}@{version}/{name}", text)
    (folder / f"{version}.zip").write_bytes(packed.getvalue())
    (folder / f"{version}.mod").write_text(files.get("go.mod", f"module {path}\n"))
    (folder / f"{version}.info").write_text(
        json.dumps({"Version": version, "Time": time} if time else {"Version": version})
    )
    with (folder / "list").open("a") as listed:
        listed.write(f"{version}\n")


def refusal(engine: Builds, text: str) -> SourceError:
    """Return the error for a module."""
    with pytest.raises(SourceError) as caught:
        engine.resolve(text)
    return caught.value


def test_a_module_is_fetched_and_checked(engine: Builds, proxy: Path, module: str) -> None:
    """Version, sum, time, license and README are the module's; `latest` is resolved."""
    publish(proxy, module, "v1.2.3", FILES)
    publish(proxy, module, "v1.2.4-rc.1", FILES)
    found = engine.resolve(f"{module}/cmd/program@latest").source
    assert (found.name, found.package, found.version) == ("program", f"{module}/cmd/program@v1.2.3", "1.2.3")
    assert (found.module.path, found.module.version, found.module.sum[:3]) == (module, "v1.2.3", "h1:")
    assert (found.epoch, found.stamps, found.notes) == (1_700_000_000, (), ())
    assert found.documents == (("LICENSE", b"theirs"), ("README.md", b"program's"))
    assert found.remote


def test_another_version_is_another_source(engine: Builds, proxy: Path, module: str) -> None:
    """The digest covers the package, its version and its sum; resolving again returns the same source."""
    for version in ("v1.2.3", "v1.2.4"):
        publish(proxy, module, version, FILES)
    texts = [f"{module}/cmd/program@{version}" for version in ("v1.2.3", "v1.2.4", "v1.2.3")]
    first, second, again = (engine.resolve(text).source for text in texts)
    assert first == again
    assert first.digest != second.digest


def test_an_exact_version_is_asked_about_once(engine: Builds, proxy: Path, module: str) -> None:
    """The version behind `latest` may change, so each run looks it up."""
    publish(proxy, module, "v1.2.3", FILES)
    first = engine.resolve(f"{module}/cmd/program@latest").source
    asked = engine.asked
    assert engine.resolve(f"{module}/cmd/program@v1.2.3").source == first
    assert engine.asked == asked
    publish(proxy, module, "v1.2.4", FILES)
    assert engine.resolve(f"{module}/cmd/program@latest").source.version == "1.2.4"
    assert engine.resolve(f"{module}/cmd/program@v1.2.3", WINDOWS).source == first
    assert engine.asked > asked


def test_a_record_that_is_damaged_is_made_again(engine: Builds, proxy: Path, module: str) -> None:
    """The content of the memory does not matter."""
    publish(proxy, module, "v1.2.3", FILES)
    first = engine.resolve(f"{module}/cmd/program@v1.2.3").source
    (name,) = (name for name, value in engine.memory.known.items() if module in str(value))
    whole = engine.memory.known[name]
    damages: list[Any] = [None, [], {}, {"module": 1, "documents": []}]
    changes: list[dict[str, Any]] = [
        *({"documents": [1]}, {"documents": None}, {"name": 1}, {"name": None}, {"package": []}, {"epoch": "1"}),
        *({"epoch": 1.5}, {"epoch": True}, {"refusals": []}, {"refusals": {"linux/amd64": 1}}, {"notes": 1}),
        *({"module": {**whole["module"], "version": 1}}, {"module": {**whole["module"], "sum": None}}, {"more": 1}),
    ]
    for damage in (*damages, *({**whole, **change} for change in changes)):
        engine.memory.known[name] = damage
        assert engine.resolve(f"{module}/cmd/program@v1.2.3").source == first
        assert engine.memory.known[name] == whole


@dataclass(frozen=True)
class Saying:
    """A workspace that answers one question instead of its go command."""

    workspace: Workspace
    row: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        """Use the workspace for all else."""
        return getattr(self.workspace, name)

    def go(self, *args: str, **named: Any) -> Answer:
        """Answer with an author's message about a version."""
        return Answer(0, json.dumps(self.row), "") if args[:2] == ("list", "-m") else self.workspace.go(*args, **named)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"Retracted": 1}, ["was retracted by its author"]),
        ({"Retracted": {"a": 1}}, ["was retracted by its author"]),
        ({"Retracted": [None, ["x"]]}, ["was retracted by its author: None; ['x']"]),
        ({"Deprecated": [1]}, ["is deprecated: [1]"]),
        ({"Retracted": "", "Deprecated": 0}, []),
    ],
)
def test_an_engine_may_say_anything_of_an_author(
    row: dict[str, Any], says: list[str], engine: Builds, proxy: Path, module: str
) -> None:
    """It becomes a note, whatever the type of the value is."""
    publish(proxy, module, "v1.2.3", FILES)
    inquiry = engine.inquiry()

    @contextlib.contextmanager
    def opened(nodes: Any, online: bool) -> Iterator[Any]:  # noqa: FBT001 - as in Engine
        with inquiry.open(nodes, online) as workspace:
            yield Saying(workspace, row)

    found = gomodule.resolve(f"{module}/cmd/program@v1.2.3", replace(inquiry, open=opened))
    assert [note.partition("` ")[2] for note in found.notes] == says


def test_a_module_may_be_older_than_go_mod(engine: Builds, proxy: Path, module: str) -> None:
    """A go.mod that a proxy made up is not one of the module's files."""
    publish(proxy, module, "v0.1.0", {"main.go": MAIN}, bare=True)
    assert engine.build(f"{module}@v0.1.0")
    assert engine.resolve(f"{module}@v0.1.0").source.name == module.rpartition("/")[2]


def test_a_time_comes_from_the_variable_or_from_the_module(
    engine: Builds, proxy: Path, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module without a time from its proxy has 1980-01-01."""
    publish(proxy, module, "v1.2.3", FILES, time="")
    text = f"{module}/cmd/program@v1.2.3"
    assert engine.resolve(text).source.epoch == FIRST_EPOCH
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert engine.resolve(text).source.epoch == 1_600_000_000


@pytest.mark.parametrize(
    ("package", "name"),
    [("cmd/tool/v2", "tool"), ("thing/v1", "v1"), ("v2go", "v2go"), ("cmd/program", "program"), (".", "")],
)
def test_a_program_has_the_name_that_go_gives_it(
    package: str, name: str, engine: Builds, proxy: Path, module: str
) -> None:
    """It is the last element that is not a major version; `v1` is not one."""
    publish(proxy, module, "v1.0.0", {f"{package}/main.go".removeprefix("./"): MAIN})
    path = f"{module}/{package}".removesuffix("/.")
    assert engine.resolve(f"{path}@v1.0.0").source.name == (name or module.rpartition("/")[2])


def test_the_settings_are_those_of_the_modules_go(engine: Builds, proxy: Path, module: str) -> None:
    """As with `go install`, an older go line results in older behavior."""
    publish(proxy, module, "v1.0.0", {"go.mod": f"module {module}\n\ngo 1.20\n", "main.go": MAIN})
    made = engine.build(f"{module}@v1.0.0")
    assert isinstance(made, bytes)
    info = read_build_info(made)
    assert info
    assert "panicnil=1" in info.setting("DefaultGODEBUG")
    assert (info.main.path, info.main.version) == (module, "v1.0.0")
    assert info.main.sum.startswith("h1:")


def test_what_authors_say_of_a_version_is_passed_on(engine: Builds, proxy: Path, module: str) -> None:
    """Retraction and deprecation are one sentence each, and the next run prints them too."""
    latest = f"// Deprecated: use another.\nmodule {module}\n\ngo 1.21\n\nretract v1.0.0 // it eats files\n"
    publish(proxy, module, "v1.0.0", FILES)
    publish(proxy, module, "v1.1.0", {**FILES, "go.mod": latest})
    for _ in range(2):
        notes = engine.resolve(f"{module}/cmd/program@v1.0.0").source.notes
        assert notes == (
            f"`{module}@v1.0.0` was retracted by its author: it eats files",
            f"`{module}` is deprecated: use another.",
        )


def test_a_program_for_one_system_is_refused_for_others(engine: Builds, proxy: Path, module: str) -> None:
    """The question is about the pair to build."""
    publish(proxy, module, "v1.0.0", {"main_windows.go": MAIN})
    assert isinstance(engine.build(f"{module}@v1.0.0", WINDOWS), bytes)
    assert "build constraints exclude all Go files" in str(refusal(engine, f"{module}@v1.0.0"))
    assert "/caches/" not in str(refusal(engine, f"{module}@v1.0.0"))
    both = engine.resolve(f"{module}@v1.0.0", LINUX, WINDOWS).source
    assert set(both.refusals) == {"linux/amd64"}


@pytest.mark.parametrize("directive", ["replace a.example/b => c.example/b v1.0.0", "exclude a.example/b v1.0.0"])
def test_what_go_install_refuses_is_refused(directive: str, engine: Builds, proxy: Path, module: str) -> None:
    """Its replacements and exclusions would be ignored."""
    path = module
    publish(proxy, path, "v1.0.0", {**FILES, "go.mod": f"module {path}\n\ngo 1.21\n\n{directive}\n"})
    error = refusal(engine, f"{path}/cmd/program@v1.0.0")
    assert directive.split(maxsplit=1)[0] in str(error)
    assert "git clone" in error.hint


def test_a_dependency_that_includes_a_file_of_this_machine_is_refused(engine: Builds, proxy: Path, module: str) -> None:
    """`go install` would compile the file's content into the binary."""
    assembly = {"a_amd64.s": '#include "/etc/hostname"\n', "a.go": "package dep\n"}
    publish(proxy, f"{module}/dep", "v1.0.0", assembly)
    go_mod = f"module {module}\n\ngo 1.21\n\nrequire {module}/dep v1.0.0\n"
    main = f'package main\n\nimport _ "{module}/dep"\n\nfunc main() {{}}\n'
    publish(proxy, module, "v1.0.0", {"go.mod": go_mod, "main.go": main})
    with pytest.raises(IncludeOutside):
        engine.resolve(f"{module}@v1.0.0")
    own = {"main.go": MAIN, "x_amd64.s": '#include "../../../x.h"\n'}
    publish(proxy, f"{module}/own", "v1.0.0", own)
    with pytest.raises(IncludeOutside):
        engine.resolve(f"{module}/own@v1.0.0")


def test_what_go_would_run_is_not_a_part_of_its_message(engine: Builds, proxy: Path, module: str) -> None:
    """Some refusals come after them, and with an empty build cache there are hundreds of commands."""
    publish(proxy, module, "v1.0.0", {"main.go": f"//go:debug nonsense=1\n{MAIN}"})
    shutil.rmtree(engine.folder / "caches" / "aws-mfa-toolkit" / "build", ignore_errors=True)
    error = refusal(engine, f"{module}@v1.0.0")
    assert 'main.go:1:1: invalid //go:debug: unknown //go:debug setting "nonsense"' in str(error)
    assert len(str(error).splitlines()) == 1, str(error)[:1000]


def test_a_package_that_is_not_a_program_is_an_error(engine: Builds, proxy: Path, module: str) -> None:
    """The error quotes Go, and the hint shows where programs often are."""
    publish(proxy, module, "v1.2.3", FILES)
    error = refusal(engine, f"{module}@v1.2.3")
    assert f"package {module} is not a main package" in str(error)
    assert "`cmd/`" in error.hint


def test_a_module_for_a_newer_go_is_an_error(engine: Builds, proxy: Path, module: str) -> None:
    """The hint is the flag for another Go."""
    publish(proxy, module, "v1.2.3", {**FILES, "go.mod": f"module {module}\n\ngo 1.999.0\n"})
    error = refusal(engine, f"{module}/cmd/program@v1.2.3")
    assert "requires go >= 1.999.0" in str(error)
    assert "`--toolchain`" in error.hint


@pytest.mark.parametrize(
    "text", ["example.test/missing@v1.0.0", "example.test//x@v1", "/x@v1", "./cmd/age@latest", "x@$(id)", "a;b@v1.0.0"]
)
def test_what_go_cannot_find_is_an_error_in_its_words(text: str, engine: Builds, proxy: Path) -> None:
    """No part of it reaches a shell."""
    assert proxy.name == "proxy"
    assert f"`{text}`" in str(refusal(engine, text))


@pytest.mark.parametrize(
    "text",
    [
        "@v1",
        "example.test/x@",
        "a b@v1",
        "-u@latest",
        "-toolexec=x@v1",
        "example.test/...@latest",
        "x@v\x1b1",
        "x@" + "v" * 5000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_not_a_package_and_version_is_an_error(text: str, engine: Builds) -> None:
    """No go command is run."""
    asked = engine.asked
    assert "is not a package of a module in the form `path@version`" in str(refusal(engine, text))
    assert engine.asked == asked
