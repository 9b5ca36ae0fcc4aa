"""said.txt contains messages of the pinned go command, with directories and hosts replaced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolkit.errors import ChecksumMismatch, SourceError
from toolkit.go.messages import message, relocate, sentence, source_error

_PARTS = re.split(r"^=== (\w+)\n", Path(__file__).with_name("said.txt").read_text("utf-8"), flags=re.MULTILINE)[1:]
SAID = dict(zip(_PARTS[::2], _PARTS[1::2], strict=True))

BUILD, DOWNLOAD = "cannot build `x`:", "cannot download `x`:"
NETWORK, PRIVATE, TIDY, HOME = "`invoke doctor`", "`GOPRIVATE`", "`go mod tidy`", "`HOME`"
SPELLING, ADDRESS, WORK = "`go list -m -versions MODULE`", "correct the address in `GOPROXY`", "go.work"


@pytest.mark.parametrize("name", ["checksum", "checksum_build"])
def test_a_checksum_mismatch_is_a_security_error(name: str) -> None:
    """The message contains both checksums and Go's warning; no hint suggests another proxy."""
    error = source_error(SAID[name], "x")
    assert isinstance(error, ChecksumMismatch)
    assert str(error).startswith("SECURITY ERROR: cannot trust `x`:\nverifying example.test/badsum@v1.0.0")
    for part in ("downloaded: h1:", "go.sum:     h1:AAAA", "This download does NOT match", "attacker may\n"):
        assert part in str(error)
    assert "GOPROXY" not in error.hint
    assert re.fullmatch(r"SECURITY ERROR: verifying example\.test/badsum@\S+: checksum mismatch", sentence(SAID[name]))


@pytest.mark.parametrize(
    ("name", "verb", "parts", "hint"),
    [
        ("renamed", DOWNLOAD, ("declares its path as: example.test/other", "required as: "), "`example.test/other`"),
        ("renamed_install", DOWNLOAD, ("version constraints conflict", "declares its path as"), "`example.test/other`"),
        ("typo", BUILD, ("errors parsing go.mod: go.mod:5: unknown directive: requir",), "line 5 of go.mod"),
        ("typo2", BUILD, ("go.mod:7: syntax error",), "line 7 of go.mod"),
        ("conflict", BUILD, ("go.mod:1: unknown directive: <<<<<<<",), "line 1 of go.mod"),
        ("badgoversion", BUILD, ("invalid go version '1.x'",), "line 3 of go.mod"),
        ("badver", BUILD, ('version "1.0" invalid',), "line 5 of go.mod"),
        ("gowork", BUILD, ("package example.test/sib", "to add: go get example.com/tiny"), WORK),
        ("gowork2", BUILD, ("to add it: go get example.com/sib/x",), WORK),
        ("workfile", BUILD, ("listed in go.work file",), WORK),
        ("workfile2", BUILD, ("current workspace",), WORK),
        ("cgo", BUILD, ("exclude all Go files in /src (cgo is off", '`import "C"`'), "cgo"),
        ("cgodep", BUILD, ("imports example.com/tiny/c: build constraints", "cgo is off"), "cgo"),
        ("nosum", BUILD, ("missing go.sum entry",), TIDY),
        ("updates", BUILD, ("updates to go.mod needed; to update it: go mod tidy",), TIDY),
        ("noreq", BUILD, ("to add it: go get example.test/lib",), "`go get example.test/lib`"),
        ("vendor", BUILD, ("inconsistent vendoring in /src:", "not marked as explicit"), "`go mod vendor`"),
        ("vendor2", BUILD, ("import lookup disabled by -mod=vendor", "Go version in go.mod"), "`go mod vendor`"),
        ("newer", BUILD, ("requires go >= 1.99",), "`--toolchain` with Go 1.99"),
        ("newer_exact", BUILD, ("requires go >= 1.99",), "`--toolchain` with Go 1.99"),
        ("newer_dep", BUILD, ("example.test/newer@v1.0.0 requires go >= 1.99",), "`--toolchain`"),
        ("newer_tool", BUILD, ("toolchain not available",), "`--toolchain`"),
        ("replacedir", BUILD, ("replacement directory ../gone does not exist",), "`../gone`"),
        ("replace_install", BUILD, ("more replace directives", "the main module"), "`git clone`"),
        ("exclude_install", BUILD, ("more exclude directives",), "`git clone`"),
        ("internal", BUILD, ("use of internal package",), "`example.test/int/internal/x`"),
        ("cycle", BUILD, ("imports example.com/tiny/b from a.go", "import cycle not allowed"), "imports that Go lists"),
        ("ambiguous", BUILD, ("in multiple modules:", "example.test/amb/sub v1.0.0"), "`go get`"),
        ("libonly_install", BUILD, ("is not a main package",), "`func main`"),
        ("dots_install", BUILD, ("matched only non-main packages",), "`func main`"),
        ("nomain", BUILD, ("function main is undeclared",), "`func main`"),
        ("nogomod", BUILD, ("go.mod file not found",), "`go mod init MODULE`"),
        ("nofiles", BUILD, ("no Go files in /src",), "`--source`"),
        ("nofiles2", BUILD, ("no non-test Go files",), "`--source`"),
        ("twopkgs", BUILD, ("found packages a (a.go) and b (b.go)",), "one package"),
        ("embed", BUILD, ("pattern nope.txt: no matching files found",), "`//go:embed`"),
        ("embedbad", BUILD, ("pattern ../x: invalid pattern syntax",), "`//go:embed`"),
        ("mainimport", BUILD, ("is a program, not an importable package",), "import"),
        ("dupimport", BUILD, ("package fmtx is not in std",), "import"),
        ("badarch", BUILD, ("unsupported GOOS/GOARCH pair",), "`invoke targets`"),
        ("badflag", BUILD, ("unknown flag -bogus",), "`GOFLAGS`"),
        ("gosumdb", BUILD, ("invalid GOSUMDB",), "`GOSUMDB`"),
        ("nohome", BUILD, ("build cache is required",), HOME),
        ("gocacheoff", BUILD, ("disabled by GOCACHE=off",), HOME),
        ("badhome", BUILD, ("failed to initialize build cache",), HOME),
        ("badhome_dl", BUILD, ("could not create module cache",), HOME),
        ("modcache", BUILD, ("module cache not found",), HOME),
        ("badtmp", BUILD, ("creating work dir",), "`TMPDIR`"),
        ("syntax", BUILD, ("./main.go:4:1: syntax error: unexpected EOF",), "`go build`"),
        ("vet_args", BUILD, ("too many arguments", "have (string, number)", "want (int)"), "`go build`"),
        ("many", BUILD, ("undefined: u0", "undefined: u9", "too many errors"), "`go build`"),
        ("missing", DOWNLOAD, ("no such file or directory",), SPELLING),
        ("http404", DOWNLOAD, ("404 Not Found", "server response: not found"), SPELLING),
        ("http410", DOWNLOAD, ("410 Gone",), SPELLING),
        ("unknownrev", DOWNLOAD, ("unknown revision v9.9.9",), SPELLING),
        ("badquery", DOWNLOAD, ("no matching versions",), SPELLING),
        ("major", DOWNLOAD, ("does not contain package",), "`/v2`"),
        ("nodotpath", DOWNLOAD, ("missing dot in first path element",), "path"),
        ("odd_directory", BUILD, ("invalid char ' '",), "rename"),
        ("proxyoff", DOWNLOAD, ("disabled by GOPROXY=off",), "`GOPROXY`"),
        ("refused", DOWNLOAD, ("connection refused",), NETWORK),
        ("dns", DOWNLOAD, ("no such host",), NETWORK),
        ("dns_direct", DOWNLOAD, ("unrecognized import path", "no such host"), NETWORK),
        ("github", DOWNLOAD, ("exit status 128: fatal: unable to access", "Could not resolve host"), NETWORK),
        ("httpproxy", DOWNLOAD, ("proxyconnect",), NETWORK),
        ("sumdb", DOWNLOAD, ("verifying module", "no such host"), NETWORK),
        ("tlsplain", DOWNLOAD, ("does not look like a TLS handshake",), NETWORK),
        ("http503", DOWNLOAD, ("503 Service Unavailable",), NETWORK),
        ("http429", DOWNLOAD, ("429 Too Many Requests",), NETWORK),
        ("http407", DOWNLOAD, ("Proxy Authentication Required",), "`HTTPS_PROXY`"),
        ("x509", DOWNLOAD, ("certificate signed by unknown authority",), "`SSL_CERT_FILE`"),
        ("refused_pw", DOWNLOAD, ('parse "http://…@127.0.0.1:1"',), ADDRESS),
        ("badproxyvalue", DOWNLOAD, ("no Host in request URL",), ADDRESS),
        ("badproxyvalue2", DOWNLOAD, ("400 Bad Request",), "`GOPROXY`"),
        ("refused_pw2", DOWNLOAD, ("refusing to pass credentials",), "`https://`"),
        ("govcs", DOWNLOAD, ("GOVCS disallows using git",), "`GOVCS='*:git'`"),
        ("auth", DOWNLOAD, ("could not read Username", "terminal prompts disabled"), PRIVATE),
        ("ssh", DOWNLOAD, ("Permission denied (publickey)", "and the repository exists"), PRIVATE),
        ("http401", DOWNLOAD, ("401 Unauthorized",), PRIVATE),
        ("http403", DOWNLOAD, ("403 Forbidden",), PRIVATE),
        ("nogit", DOWNLOAD, ("executable file not found",), "install `git`"),
        ("nogit_local", DOWNLOAD, ("missing Git command", "no secure protocol"), "install `Git`"),
        (
            "nogit_image",
            DOWNLOAD,
            ("missing Git command in the image",),
            "`--engine local`, which runs this machine's Git",
        ),
        ("nogit_list", DOWNLOAD, ("not found in the image",), "`--engine local`, which runs this machine's git"),
        ("insecure", DOWNLOAD, ("no secure protocol found",), PRIVATE),
        ("goauth", "cannot build", ("GOAUTH=git encountered an error",), "correct or unset `GOAUTH`"),
    ],
)
def test_a_message_is_whole_and_its_hint_fits(name: str, verb: str, parts: tuple[str, ...], hint: str) -> None:
    """Continuation lines belong to the sentence, and the hint solves this problem."""
    error = source_error(SAID[name], "x")
    assert type(error) is SourceError
    assert str(error).startswith(verb)
    assert [part for part in parts if part not in str(error)] == []
    assert hint in error.hint


def test_a_directory_is_not_downloaded(tmp_path: Path) -> None:
    """Its modules are downloaded."""
    error = source_error(SAID["dns"], str(tmp_path))
    assert str(error).startswith(f"cannot download the modules of `{tmp_path}`:")
    assert NETWORK in error.hint


@pytest.mark.parametrize("name", SAID)
def test_every_message_reads_as_a_message_of_ours(name: str) -> None:
    """It has no progress, prefix, empty line, full stop or reference to further reading; a row is one line."""
    told = message(SAID[name])
    assert told
    assert not re.search(r"^(go: (?!warning)|#)|downloading|For more information|\n\n|\.\Z|\n\Z", told, re.MULTILINE)
    assert "\n" not in sentence(SAID[name])
    assert sentence(SAID[name])
    assert not re.search(r"[.:]$", sentence(SAID[name]))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("types", './main.go:3:8: "os" imported and not used'),
        ("dep_types", 'a/a.go:3:13: cannot use "s" (untyped string constant) as int value in variable declaration'),
        ("asm", "./x.s:1: expect two or three operands for TEXT"),
        ("vet_args", "./main.go:4:22: too many arguments in call to f have (string, number) want (int)"),
        ("typo", "errors parsing go.mod: go.mod:5: unknown directive: requir"),
    ],
)
def test_a_row_is_the_first_sentence(name: str, line: str) -> None:
    """The line that only names a package is skipped, and continuation lines are joined."""
    assert sentence(SAID[name]) == line


def test_nothing_is_said_twice() -> None:
    """Go tries several protocols."""
    assert str(source_error(SAID["nogit_image"], "x")).count("missing Git command") == 1


@pytest.mark.parametrize("said", ["", "\n \n", "\r\n"])
def test_silence_is_named(said: str) -> None:
    """A failure without output still has a message."""
    assert message(said) == sentence(said) == "Go gave no reason"


def test_a_password_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's address is shown without it, even if Go quotes only a part."""
    monkeypatch.setenv("GOPROXY", "http://u:PA/SS@127.0.0.1:1")
    said = 'go: x@v1: parse "http://u:PA/SS@127.0.0.1:1": invalid port ":PA" after host\nproxy said SS@127 PA/SS\n'
    told = f"{message(said)} {sentence(said)} {source_error(said, 'x')}"
    assert "PA" not in told
    assert "127.0.0.1:1" in told


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/go/src/main.go:1: no", "/home/me/app/main.go:1: no"),
        ("in /go/src", "in /home/me/app"),
        ("in /go/src. Then", "in /home/me/app. Then"),
        ("/go/src2/main.go, /x/go/src/main.go, /go/src.old", "/go/src2/main.go, /x/go/src/main.go, /go/src.old"),
        ('"/go/src/a b.go" (/go/src/c):', '"/home/me/app/a b.go" (/home/me/app/c):'),
    ],
)
def test_the_directory_of_the_engine_becomes_the_users(said: str, shown: str) -> None:
    """Complete path elements are replaced, but no part of another path."""
    assert relocate(said, "/go/src/", "/home/me/app") == shown


def test_a_replacement_is_literal() -> None:
    """A directory's name is text, not a pattern, and the root is never replaced."""
    assert relocate("/a+b/x", "/a+b", r"/c\1\g<0>") == r"/c\1\g<0>/x"
    assert relocate("/a/x", "/", "/b") == "/a/x"
