"""Why the go command failed, judged by its output: the kind of error, and a hint with the next step."""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolkit.errors import ChecksumMismatch, SourceError


@dataclass(frozen=True)
class Cause:
    """Why the go command failed."""

    hint: str
    verb: str = "cannot build"
    kind: type[SourceError] = SourceError


DOWNLOAD = "cannot download"
_LOCAL = Cause("fix the source where Go points, then run `go build` there")

_PRIVATE = (
    r"could not read (?:Username|Password)|terminal prompts disabled|Permission denied|Authentication failed"
    r"|\b40[13] (?:Unauthorized|Forbidden)|correct access rights|no secure protocol found"
)
_NETWORK = (
    r"no such host|resolve host|connection (?:refused|reset)|timeout|deadline exceeded|unreachable|no route to host"
    r"|proxyconnect|TLS handshake|(?<!syntax error: )unexpected EOF|: EOF$|\b(?:429|5\d\d) [A-Z]|misbehaving"
)
_MISSING = (
    r"404 Not Found|410 Gone|unknown revision|no matching versions|(?:file:|@v/)[^\n]*no such file or directory"
    r"|unrecognized import path|invalid version|disallowed version|not found"
)

# The first match counts. A hint may quote the text that its pattern found.
_CAUSES: tuple[tuple[str, Cause], ...] = (
    (
        r"checksum mismatch|SECURITY ERROR|invalid signature",
        Cause("do not use it; ask its authors for the correct checksum", "cannot trust", ChecksumMismatch),
    ),
    # Go and its settings on this machine.
    (r"no space left on device", Cause("`invoke clean --all` or `go clean -cache` frees space")),
    (
        r"build cache is|initialize build cache|create module cache|module cache not found|creating work dir",
        Cause("set `HOME` and `TMPDIR` to directories that you can write to, or `GOCACHE` and `GOMODCACHE`"),
    ),
    (
        r"parsing \$(GOFLAGS)|invalid (GOSUMDB|GOPROXY|GOVCS)|malformed (GOSUMDB)|(GOAUTH)=",
        Cause("correct or unset `{0}`"),
    ),
    (r"unsupported GOOS/GOARCH pair", Cause("`invoke targets` lists every pair")),
    # Requirements of the module.
    (r"requires go >= ([\d.]+\w*)", Cause("use `--toolchain` with Go {0} or newer")),
    (r"download go\S+ for .*toolchain not available", Cause("use another Go version with `--toolchain`")),
    (
        r"inconsistent vendoring|lookup disabled by -mod=vendor|-mod=vendor",
        Cause("run `go mod vendor` in the source to update its `vendor` directory"),
    ),
    (
        r"missing go\.sum entry",
        Cause("run `go mod tidy` in the source to complete its go.sum; a go.work file is not used"),
    ),
    (r"updates to go\.mod needed|(?:go\.mod|go\.sum).* out of (?:date|sync)", Cause("run `go mod tidy` in the source")),
    (
        r"go\.work|current workspace",
        Cause("add a `require` and a `replace` to go.mod: a go.work file is not used"),
    ),
    (
        r"no required module provides package (\S+?);",
        Cause("run `go get {0}` in the source to add it to go.mod; a go.work file is not used"),
    ),
    (r"module declares its path as: (\S+)", Cause("use `{0}` instead: the module was renamed", DOWNLOAD)),
    (r"go\.mod:(\d+)", Cause("fix line {0} of go.mod")),
    (r"replacement directory (\S+) does not exist", Cause("create `{0}`, or remove its `replace` from go.mod")),
    (
        r"more (replace|exclude) directives",
        Cause("`git clone` it, and use its directory with `--source`: `go install` refuses `{0}` too"),
    ),
    (
        r"build constraints exclude all Go files",
        Cause('use another pair, or a package that builds without cgo (`import "C"`)'),
    ),
    (
        r"use of internal package (\S+)",
        Cause("use a program of the module that contains `{0}`: no other module may import it"),
    ),
    (r"import cycle", Cause("remove one of the imports that Go lists: they form a cycle")),
    (r"ambiguous import", Cause("`go get` the newest of the modules that Go lists, or remove one from go.mod")),
    (
        r"not a main package|only non-main packages|is not a main|function main is undeclared",
        Cause("use a package that contains `func main`, often one below `cmd/`"),
    ),
    (
        r"but does not contain package",
        Cause("check the spelling, the version, and the `/v2` of a newer major version", DOWNLOAD),
    ),
    (r"is not in std|is a program, not an importable|relative import|local import", Cause("correct that import")),
    (r"pattern .*: (?:no matching|invalid pattern|cannot embed)", Cause("add the files that `//go:embed` names")),
    (r"found packages \S+ \(", Cause("keep the files of one package in a directory, or use another directory")),
    (r"go\.mod file not found", Cause("run `go mod init MODULE` in the source to create its go.mod")),
    (r"no (?:non-test )?Go files", Cause("use the directory of a main package with `--source`")),
    (r"argument must (?:not )?be", Cause("use a main package of a module: `example.com/cmd/program@latest`")),
    (r"no existing version is required", Cause("add a version, or `@latest`")),
    (r"malformed module path", Cause("correct that path", DOWNLOAD)),
    (r"malformed (?:import|file) path", Cause("correct that path: rename its directory or file")),
    # Access to the modules.
    (
        r"GOVCS disallows using (\w+)",
        Cause("set `GOVCS='*:{0}'` to allow it, even for code that you do not know", DOWNLOAD),
    ),
    (r"disabled by GOPROXY=(off)", Cause("unset `GOPROXY`, or set it to a module proxy", DOWNLOAD)),
    (
        r"Proxy Authentication Required",
        Cause("add a user and a password to the address in `HTTPS_PROXY`", DOWNLOAD),
    ),
    (
        r"pass credentials to insecure URL",
        Cause("use an `https://` address in `GOPROXY`: Go sends no password without encryption", DOWNLOAD),
    ),
    (
        r"no Host in request URL|\bparse \"|invalid port|invalid character .* in host|malformed HTTP",
        Cause("correct the address in `GOPROXY` or `HTTPS_PROXY`; in a password, `/` is written `%2F`", DOWNLOAD),
    ),
    (
        r"missing (\w+) command in the image|\"(\w+)\": executable file not found in the image",
        Cause(
            "use `--engine local`, which runs this machine's {0}; or a module proxy, or an `--image` with {0}", DOWNLOAD
        ),
    ),
    (
        r"missing (\w+) command\b|\"(git|hg|svn|bzr|fossil)\": executable file not found",
        Cause("install `{0}`, or use a module proxy", DOWNLOAD),
    ),
    (
        _PRIVATE,
        Cause(
            "set `GOPRIVATE` for a private module, and let git or `NETRC` authenticate you, with `--engine local`",
            DOWNLOAD,
        ),
    ),
    (
        r"x509|failed to verify certificate",
        Cause("set `SSL_CERT_FILE` to the certificates to trust, such as those of a company proxy", DOWNLOAD),
    ),
    (
        _NETWORK,
        Cause("check the network, `GOPROXY` and `HTTPS_PROXY`: `invoke doctor`", DOWNLOAD),
    ),
    (
        _MISSING,
        Cause("check the spelling and the version: `go list -m -versions MODULE`", DOWNLOAD),
    ),
    (r"reading https?://\S+: \d{3} ", Cause("check the address in `GOPROXY`", DOWNLOAD)),
)


def cause(told: str) -> Cause:
    """Return why Go failed, with a hint that quotes Go's output."""
    for pattern, known in _CAUSES:
        if found := re.search(pattern, told):
            named = next(iter(filter(None, found.groups())), "")
            return Cause(known.hint.replace("{0}", named), known.verb, known.kind)
    return _LOCAL
