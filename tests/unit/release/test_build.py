from __future__ import annotations

import hashlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fakes import FakeEngine, FakeProgress
from tests.unit.samples import ANDROID, LINUX, MAIN, PLAN9, PLAN9_ARM, RECIPE, program, source
from toolkit.engines import COMPILE, MODULES, CompileError, TimeLimit
from toolkit.errors import DiskFull, EngineLost
from toolkit.model import Binary, Outcome, Reason, Target, Unbuilt
from toolkit.release.build import Builder, build, examiner
from toolkit.store import DistFolder

SAID = "# example.test/program\n./main.go:3:2: undefined: x\n\n./main.go:4:2: undefined: y\n" + "more\n" * 9


def built(target: Target, result: bytes | Exception, folder: Path) -> Outcome:
    """Return the outcome of a pair whose compile returns these bytes or raises this exception."""
    engine = FakeEngine(results={str(target): result})
    return Builder(engine, DistFolder(folder), source(), RECIPE, FakeProgress())(target)


def unbuilt(target: Target, result: bytes | Exception, folder: Path) -> Unbuilt:
    """Return the same for a pair without a binary, and check that nothing is kept."""
    outcome = built(target, result, folder)
    assert isinstance(outcome, Unbuilt)
    assert outcome.target == target
    assert not (folder / "bin").exists()
    return outcome


# --- one pair --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [PLAN9, PLAN9_ARM], ids=str)
def test_a_right_binary_is_kept(target: Target, tmp_path: Path) -> None:
    """It is stored where it is found again, with its own statements."""
    outcome = built(target, program(target), tmp_path)
    assert isinstance(outcome, Binary)
    assert outcome.path.read_bytes() == program(target)
    assert (outcome.info.main.path, outcome.info.setting("GOARCH")) == (MAIN.path, target.goarch)
    assert outcome.rebuilt
    found = DistFolder(tmp_path).find(source(), target, outcome.fingerprint, print, examiner(source(), target, RECIPE))
    assert found == outcome


@pytest.mark.parametrize(
    "made",
    [{"engine": "local"}, {"engine": "docker", "image": "sha256:1"}, {"sha256": "1", "fingerprint": "2"}],
    ids=str,
)
def test_how_a_binary_was_made_is_in_its_record(made: dict[str, str], tmp_path: Path) -> None:
    """It is stored beside its sum and its fingerprint, which do not depend on an engine."""
    engine = FakeEngine(results={str(PLAN9): program(PLAN9)}, record=made)
    outcome = Builder(engine, DistFolder(tmp_path), source(), RECIPE, FakeProgress())(PLAN9)
    assert isinstance(outcome, Binary)
    record = json.loads(outcome.path.with_name(f"{outcome.path.name}.json").read_text("utf-8"))
    assert record == {**made, "fingerprint": outcome.fingerprint, "sha256": outcome.sha256}


WRONG = pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (program(PLAN9_ARM), "the binary is Plan 9 for `arm`, not for `386`"),
        (
            program(PLAN9, module="example.test/other"),
            "the binary comes from the module `example.test/other`, not from ",
        ),
        (program(PLAN9, go="go1.27.2"), "the binary was built by `go1.27.2`, not by `go1.27.3`"),
        (program(PLAN9).replace(b"buildinf", b"nothing!"), "the binary has no Go build info"),
        (Path(sys.executable).read_bytes()[:4096], "the binary is "),
        (b"\x7fELF\x02\x01\x01" + bytes(57), "the binary is "),
        (b"", "the binary is not an executable"),
    ],
    ids=["pair", "module", "toolchain", "silent", "python", "header", "nothing"],
)


@WRONG
def test_a_wrong_binary_is_not_found_though_its_record_was_changed_with_it(
    data: bytes, sentence: str, tmp_path: Path
) -> None:
    """Bytes that would not be kept are not used from `dist/bin` either, whatever their record states."""
    outcome = built(PLAN9, program(PLAN9), tmp_path)
    assert isinstance(outcome, Binary)
    outcome.path.write_bytes(data)
    record = {"fingerprint": outcome.fingerprint, "sha256": hashlib.sha256(data).hexdigest()}
    outcome.path.with_name("program.json").write_text(json.dumps(record))
    told: list[str] = []
    examine = examiner(source(), PLAN9, RECIPE)
    assert DistFolder(tmp_path).find(source(), PLAN9, outcome.fingerprint, told.append, examine) is None
    assert told[0].startswith(f"`{outcome.path}` {sentence.removeprefix('the binary ')}")
    assert told[0].endswith("; rebuilding")


@WRONG
def test_a_wrong_binary_is_no_binary(data: bytes, sentence: str, tmp_path: Path) -> None:
    """The result of a successful compile is checked, and a wrong binary is never packaged."""
    outcome = unbuilt(PLAN9, data, tmp_path)
    assert outcome.reason is Reason.WRONG_BINARY
    assert outcome.message.startswith(sentence)
    assert outcome.output[0] == outcome.message.removeprefix("the binary ")
    assert outcome.log
    assert outcome.log.read_text().splitlines() == list(outcome.output)


@pytest.mark.parametrize("name", [COMPILE, MODULES])
def test_a_binary_with_the_directory_of_its_compile_in_it_is_not_kept(name: str, tmp_path: Path) -> None:
    """Its bytes would differ on another machine; the sentence explains the cause."""
    outcome = unbuilt(PLAN9, program(PLAN9) + f"/x/{name}-1/_/main.go".encode(), tmp_path)
    assert outcome.reason is Reason.BUILD_PATH
    assert "`//line`" in outcome.message
    assert outcome.output == (outcome.message,)
    assert outcome.log
    assert outcome.log.read_text() == outcome.message


def test_everything_that_is_wrong_with_a_binary_is_reported(tmp_path: Path) -> None:
    """The sentence has the first one, the log all of them."""
    outcome = unbuilt(PLAN9, program(PLAN9_ARM, module="example.test/other", go="go1.2"), tmp_path)
    said = (outcome.log or Path()).read_text()
    assert all(word in said for word in ("for `arm`", "GOARCH=arm", "`example.test/other`", "`go1.2`"))


def test_a_compile_error_is_kept_whole(tmp_path: Path) -> None:
    """The sentence is the first about the code, the excerpt is short, and the log is complete."""
    outcome = unbuilt(LINUX, CompileError(SAID), tmp_path)
    assert (outcome.reason, outcome.message) == (Reason.COMPILE_FAILED, "./main.go:3:2: undefined: x")
    assert len(outcome.output) == 5
    assert outcome.output[:3] == tuple(line for line in SAID.splitlines() if line)[:3]
    assert outcome.log == tmp_path / "state" / "logs" / "linux_amd64.txt"
    assert outcome.log.read_text() == SAID


@pytest.mark.parametrize("said", ["", "\n", "# example.test/program\n"])
def test_a_silent_failure_is_reported_as_one(said: str, tmp_path: Path) -> None:
    """A pair always has a sentence; without output there is no log."""
    outcome = unbuilt(LINUX, CompileError(said), tmp_path)
    assert (outcome.reason, outcome.message) == (Reason.COMPILE_FAILED, "the go command failed without a message")
    assert bool(outcome.log) is bool(said)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        (ANDROID.refusal, Reason.NEEDS_EXTERNAL_LINKER),
        ("unsupported GOOS/GOARCH pair android/arm", Reason.UNSUPPORTED),
    ],
)
def test_a_refusal_of_gos_own_is_no_compile_error(sentence: str, reason: Reason, tmp_path: Path) -> None:
    """Go's sentence is kept without the word before it, wherever it is in the output."""
    outcome = unbuilt(ANDROID, CompileError(f"# runtime/cgo\ngo: {sentence}\nmore\n"), tmp_path)
    assert outcome == Unbuilt(ANDROID, reason, sentence)


@pytest.mark.parametrize("said", ["", "signal: killed\n"])
def test_a_compile_that_takes_too_long_is_reported_as_such(said: str, tmp_path: Path) -> None:
    """The output until then is kept, if there is any."""
    outcome = unbuilt(LINUX, TimeLimit(said), tmp_path)
    assert (outcome.reason, "`--timeout`" in outcome.message) == (Reason.TIMED_OUT, True)
    assert outcome.output == (("signal: killed",) if said else ())
    assert bool(outcome.log) is bool(said)


def test_an_engine_that_is_lost_costs_the_pair(tmp_path: Path) -> None:
    """The others continue; the sentence is the engine's."""
    outcome = unbuilt(LINUX, EngineLost("the engine stopped answering"), tmp_path)
    assert outcome == Unbuilt(LINUX, Reason.ENGINE_LOST, "the engine stopped answering")


def test_a_full_disk_ends_the_run(tmp_path: Path) -> None:
    """No other pair could be stored either."""
    with pytest.raises(DiskFull):
        built(LINUX, DiskFull("no room"), tmp_path)


def test_a_watcher_hears_of_each_pair(tmp_path: Path) -> None:
    """The reports are its beginning, its outcome and its duration."""
    progress = FakeProgress()
    engine = FakeEngine(results={str(PLAN9): program(PLAN9), str(LINUX): CompileError("no")})
    builder = Builder(engine, DistFolder(tmp_path), source(), RECIPE, progress)
    outcomes = [builder(target) for target in (PLAN9, LINUX)]
    assert progress.began == [PLAN9, LINUX]
    assert progress.ended == outcomes


# --- many ------------------------------------------------------------------------------------------------------------


def test_outcomes_come_as_they_are_there() -> None:
    """A quick pair does not wait for a slow one."""
    slow = threading.Event()

    def one(target: Target) -> Outcome:
        assert target == PLAN9 or slow.wait(10)
        return Unbuilt(target, Reason.UNSUPPORTED, "")

    with ThreadPoolExecutor(3) as pool:
        ended = build((LINUX, ANDROID, PLAN9), one, pool)
        assert next(ended).target == PLAN9
        slow.set()
        assert {outcome.target for outcome in ended} == {LINUX, ANDROID}


def test_pairs_begin_in_the_order_given() -> None:
    """With one worker they end in the same order."""
    order = (PLAN9, ANDROID, LINUX)
    with ThreadPoolExecutor(1) as pool:
        ended = build(iter(order), lambda target: Unbuilt(target, Reason.UNSUPPORTED, ""), pool)
        assert tuple(outcome.target for outcome in ended) == order


@pytest.mark.parametrize("error", [DiskFull("no room"), KeyboardInterrupt()], ids=repr)
def test_what_ends_the_run_drops_what_has_not_begun(error: BaseException) -> None:
    """The caller gets it, and no further pair is compiled."""
    begun: list[Target] = []
    over = threading.Event()

    def one(target: Target) -> Outcome:
        begun.append(target)
        if target == LINUX:
            raise error
        assert over.wait(10)
        return Unbuilt(target, Reason.UNSUPPORTED, "")

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(type(error)):
            list(build((LINUX, ANDROID, PLAN9), one, pool))
        over.set()
    assert PLAN9 not in begun


def test_a_caller_who_has_enough_drops_what_has_not_begun() -> None:
    """Closing the generator, as a Ctrl-C between two outcomes does, cancels the rest."""
    begun: list[Target] = []
    over = threading.Event()

    def one(target: Target) -> Outcome:
        begun.append(target)
        assert target == LINUX or over.wait(10)
        return Unbuilt(target, Reason.UNSUPPORTED, "")

    with ThreadPoolExecutor(1) as pool:
        ended = build((LINUX, ANDROID, PLAN9), one, pool)
        assert next(ended).target == LINUX
        ended.close()  # type: ignore[attr-defined] # it is a generator, although the type does not say so
        over.set()
    assert PLAN9 not in begun
