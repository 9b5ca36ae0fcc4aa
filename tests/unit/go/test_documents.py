from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.samples import write_tree
from toolkit.errors import FileUnreadable, LinkOutside, NameNotText, SourceError, SourceTooLarge, SpecialFile
from toolkit.go import reading
from toolkit.go.documents import LIMIT, documents
from toolkit.settings import ROOT

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other files or refuse the names")


def shipped(folder: Path, *names: str, package: str = ".") -> list[str]:
    """Write files that contain their names, and return the names of the shipped ones."""
    found = documents(write_tree(folder, {name: name for name in names}) / package, folder)
    assert all(data.decode().endswith(name) for name, data in found)
    return [name for name, _ in found]


# --- licenses and notices --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ["LICENSE-APACHE", "LICENSE-MIT"],
        ["COPYING", "COPYING.LESSER"],
        ["LICENSE", "UNLICENSE"],
        ["LICENCE", "UNLICENCE.txt"],
        ["COPYING3", "COPYING3.LIB", "COPYRIGHT", "PATENTS"],
        ["License.md", "copyright.html", "license.txt"],
        ["LICENSE_BSD", "LICENSE.GPL-2.0", "LICENSEv2"],
        ["LICENSES/Apache-2.0.txt", "LICENSES/CC0-1.0.txt"],
        ["COPYING", "Licenses/MIT"],
        ["LICENSE", "NOTICE", "NOTICE.txt"],
        ["Notice-EPL.md", "notice"],
    ],
    ids="+".join,
)
def test_every_license_and_notice_is_shipped(names: list[str], tmp_path: Path) -> None:
    """A program may have several licenses, each in a file."""
    assert shipped(tmp_path, *names, "main.go") == sorted(names)


@pytest.mark.parametrize(
    "name",
    [
        "license.go",
        "LICENSE_test.go",
        "copying.s",
        "NOTICE.h",
        "patents.py",
        "license.sh",
        "licenses.json",
        "notice.tmpl",
        "LICENSE~",
        "LICENSE.orig",
        "readme.go",
        "README.yaml",
        "MY-LICENSE",
        "READMENOT",
        "LICENSES/license.go",
        "LICENSES/.hidden",
        "LICENSES/below/MIT.txt",
        "LICENSE/MIT.txt",
        "NOTICE/x",
        "README.md/x",
    ],
)
def test_code_data_and_directories_are_not_documents(name: str, tmp_path: Path) -> None:
    """The code of a package about licenses is not its license, and a directory is not a text."""
    assert shipped(tmp_path, name, "COPYING") == ["COPYING"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["LICENSE", "cmd/x/LICENSE-MIT"], ["LICENSE-MIT"]),
        (["LICENSE", "NOTICE", "cmd/COPYING"], ["COPYING", "NOTICE"]),
        (["LICENSE", "cmd/NOTICE", "cmd/x/README"], ["LICENSE", "NOTICE", "README"]),
        (["LICENSE", "cmd/x/license.go", "cmd/x/LICENSE/MIT"], ["LICENSE"]),
        (["LICENSES/MIT.txt", "cmd/x/main.go"], ["LICENSES/MIT.txt"]),
        (["LICENSE", "cmd/x/LICENSES/0BSD.txt"], ["LICENSES/0BSD.txt"]),
    ],
)
def test_the_nearest_directory_gives_a_group(names: list[str], expected: list[str], tmp_path: Path) -> None:
    """The package's licenses have priority over the repository's, and so do its notices."""
    assert shipped(tmp_path, "cmd/x/main.go", *names, package="cmd/x") == expected


def test_nothing_above_the_repository_is_shipped(tmp_path: Path) -> None:
    """A license beside the checkout belongs to another work."""
    write_tree(tmp_path, {"LICENSE": "", "NOTICE": "", "README": "", "top/cmd/main.go": ""})
    assert documents(tmp_path / "top" / "cmd", tmp_path / "top") == ()


def test_a_package_outside_the_repository_has_no_documents(tmp_path: Path) -> None:
    """A linked package directory provides no files from elsewhere."""
    write_tree(tmp_path, {"elsewhere/LICENSE": "", "LICENSE": "", "top/NOTICE": ""})
    (tmp_path / "top" / "cmd").symlink_to("../elsewhere")
    assert documents(tmp_path / "top" / "cmd", tmp_path / "top") == ()


# --- the README ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["README.ja.md", "README.md"], "README.md"),
        (["README-VIM.md", "README.md"], "README.md"),
        (["README.md", "README"], "README"),
        (["README.txt", "README.md"], "README.md"),
        (["README.txt", "README.rst"], "README.txt"),
        (["README.adoc", "README_zh-CN.adoc"], "README.adoc"),
        (["README.es.md", "Readme.MD"], "Readme.MD"),
        (["README.de.md", "README.en.md", "README.zh.md"], "README.en.md"),
        (["README.de.md", "README_en-US.md"], "README_en-US.md"),
        (["README-VIM.md"], "README-VIM.md"),
        (["README.de.md", "README.fr.md"], "README.de.md"),
        (["cmd/x/README.ja.md", "README.md"], "README.md"),
        (["cmd/x/README.txt", "cmd/README.md", "README"], "README.txt"),
        (["cmd/x/README.ja.md", "README.de.md"], "README.ja.md"),
    ],
)
def test_one_readme_is_shipped_and_a_plain_one_first(names: list[str], expected: str, tmp_path: Path) -> None:
    """A translation, or a page about one topic, is used only if there is no plain README."""
    assert shipped(tmp_path, *names, "cmd/x/main.go", package="cmd/x") == [expected]


# --- links -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["NOTICE", "LICENSE-MIT", "README.md", "LICENSES/MIT.txt", "LICENSES"])
@pytest.mark.parametrize("kind", ["absolute", "relative", "chain", "dangling", "git"])
def test_a_link_out_of_the_source_is_an_error(name: str, kind: str, tmp_path: Path) -> None:
    """A package never contains files of this machine; the git directory often has a password in its configuration."""
    secret, top = write_tree(tmp_path, {"home/secret/x": "key"}) / "home" / "secret" / "x", tmp_path / "top"
    secret = secret.parent if name == "LICENSES" else secret
    write_tree(top, {"COPYING": "", ".git/config": "password", ".git/objects/x": ""})
    place = top / name
    place.parent.mkdir(exist_ok=True)
    targets = {
        "absolute": str(secret),
        "relative": os.path.relpath(secret, place.parent),
        "chain": str(top / "between"),
        "dangling": "/nowhere/at/all",
        "git": str(top / ".git" / ("objects" if name == "LICENSES" else "config")),
    }
    (top / "between").symlink_to(secret)
    place.symlink_to(targets[kind])
    with pytest.raises(LinkOutside) as caught:
        documents(top, top)
    assert f"`{place}`" in str(caught.value)


def test_a_link_inside_the_source_gives_its_bytes_under_its_own_name(tmp_path: Path) -> None:
    """Monorepos link the license of the repository into each part."""
    write_tree(tmp_path, {"legal/MIT": "the text", "legal/all/0BSD": "another", "cmd/x/main.go": ""})
    (tmp_path / "cmd" / "x" / "LICENSE").symlink_to("../../legal/MIT")
    (tmp_path / "cmd" / "x" / "LICENSES").symlink_to("../../legal/all")
    found = documents(tmp_path / "cmd" / "x", tmp_path)
    assert found == (("LICENSE", b"the text"), ("LICENSES/0BSD", b"another"))


def test_a_link_that_is_not_shipped_may_lead_anywhere(tmp_path: Path) -> None:
    """Only shipped files must be in the source."""
    write_tree(tmp_path, {"top/README.md": "", "top/cmd/LICENSE": "near"})
    for name in ("top/README.ja.md", "top/LICENSE", "top/.#README.md", "top/other"):
        (tmp_path / name).symlink_to("/nowhere")
    assert [name for name, _ in documents(tmp_path / "top" / "cmd", tmp_path / "top")] == ["LICENSE", "README.md"]


def test_a_checkout_named_through_a_link_is_the_checkout(tmp_path: Path) -> None:
    """The name that the user chose for it does not matter."""
    write_tree(tmp_path, {"top/cmd/main.go": "", "top/LICENSE": "text"})
    (tmp_path / "link").symlink_to("top")
    assert documents(tmp_path / "link" / "cmd", tmp_path / "top") == (("LICENSE", b"text"),)


# --- unreadable files ------------------------------------------------------------------------------------------------


def pipe(path: Path) -> None:
    """Make a named pipe; opening it would wait for a writer."""
    os.mkfifo(path)


def listener(path: Path) -> None:
    """Make a socket."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))


def link_to_pipe(path: Path) -> None:
    """Make a link to a pipe in the source."""
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def itself(path: Path) -> None:
    """Make a link to itself."""
    path.symlink_to(path.name)


@linux
@pytest.mark.parametrize("make", [pipe, listener, link_to_pipe, itself])
@pytest.mark.parametrize("name", ["LICENSE", "NOTICE", "README", "LICENSES/MIT"])
def test_a_special_file_is_an_error_and_does_not_hang(
    make: Callable[[Path], None], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe, socket or device is not a text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    make(tmp_path / name)
    with pytest.raises(SpecialFile):
        documents(tmp_path, tmp_path)


@linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make devices")
def test_a_device_is_an_error(tmp_path: Path) -> None:
    """Reading it may never end, or opening it may have an effect."""
    try:
        os.mknod(tmp_path / "LICENSE", 0o20666, os.makedev(1, 5))  # as /dev/zero
    except OSError as error:
        pytest.skip(f"cannot make a device: {error}")
    with pytest.raises(SpecialFile):
        documents(tmp_path, tmp_path)


def test_a_dangling_link_in_the_source_is_an_error(tmp_path: Path) -> None:
    """A missing license must not go unnoticed."""
    (tmp_path / "LICENSE").symlink_to("legal/MIT")
    with pytest.raises(FileUnreadable, match="No such file"):
        documents(tmp_path, tmp_path)


@pytest.mark.needs("setpriv")
@pytest.mark.parametrize(("locked", "kind"), [("top/LICENSE", "file"), ("top", "directory")])
def test_what_may_not_be_read_is_an_error(locked: str, kind: str, tmp_path: Path) -> None:
    """The error names another user's file or directory, and the check to make."""
    assert kind
    write_tree(tmp_path, {"top/LICENSE": "", "top/cmd/main.go": ""})
    (tmp_path / locked).chmod(0o111 if kind == "directory" else 0)
    code = (
        "import sys, pathlib\nfrom toolkit.go.documents import documents\n"
        "try:\n    documents(*map(pathlib.Path, sys.argv[1:]))\n"
        "except Exception as error:\n    print(error.kind, error)"
    )
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    where = (str(tmp_path / "top" / "cmd"), str(tmp_path / "top"))
    argv = [*(drop if os.geteuid() == 0 else []), sys.executable, "-c", code, *where]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"file-unreadable cannot read `{tmp_path / locked}`: Permission denied\n"


@pytest.mark.parametrize("size", [LIMIT, LIMIT + 1, 1 << 40])
def test_a_document_has_a_size_limit(size: int, tmp_path: Path) -> None:
    """A license of a terabyte is an error before it is read."""
    with (tmp_path / "LICENSE").open("wb") as file:
        file.truncate(size)
    if size <= LIMIT:
        assert len(documents(tmp_path, tmp_path)[0][1]) == size
        return
    with pytest.raises(SourceTooLarge, match="LICENSE` is larger than 1048576 bytes"):
        documents(tmp_path, tmp_path)


def test_all_documents_have_a_size_limit_together(tmp_path: Path) -> None:
    """Each archive contains all of them."""
    write_tree(tmp_path, {f"LICENSES/{number}": bytes(LIMIT) for number in range(17)})
    with pytest.raises(SourceTooLarge, match="documents of"):
        documents(tmp_path, tmp_path)


@linux
def test_a_name_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    """No archive can store such a name so that all programs read the same one."""
    write_tree(tmp_path, {os.fsdecode(b"LICENSE-\xff"): ""})
    with pytest.raises(NameNotText, match=r"xff"):
        documents(tmp_path, tmp_path)


@linux
def test_names_with_control_characters_are_not_documents(tmp_path: Path) -> None:
    """They could forge lines of a list or paths in an archive."""
    assert shipped(tmp_path, "LICENSE\n../x"[:9], "LICENSE\\..\\x", "COPYING") == ["COPYING"]


@linux
def test_a_file_that_is_replaced_by_a_pipe_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checked file and the opened file must be the same."""
    path, seen = write_tree(tmp_path, {"LICENSE": "text"}) / "LICENSE", (tmp_path / "LICENSE").lstat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "lstat", lambda _: seen)
    with pytest.raises(SourceError):
        reading.read(path, LIMIT)


@linux
def test_a_file_of_the_kernel_is_empty(tmp_path: Path) -> None:
    """Files of procfs claim to be empty, and reading some of them never ends."""
    assert tmp_path.is_dir()
    assert reading.read(Path("/proc/self/status"), LIMIT) == b""


def test_the_same_directory_gives_the_same_documents(tmp_path: Path) -> None:
    """The file system's order of names does not matter."""
    names = ["LICENSE-MIT", "COPYING", "NOTICE", "README.de.md", "README.fr.md"]
    first = shipped(tmp_path / "a", *names)
    assert shipped(tmp_path / "b", *reversed(names)) == first
    shutil.rmtree(tmp_path / "a")
    assert shipped(tmp_path / "a", *reversed(names)) == first
