"""`guide.en.md` and `guide.ja.md`: the way from a new user to a working `aws s3 ls`, for people who download aws-mfa.

Both come from one template, `guide.txt`. A block between empty lines is the same in both languages, or begins with
`en:` and continues with `ja:`; both follow the same heading mark, if any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TypeGuard

from toolkit.model import Artifact, Release, Target
from toolkit.outputs.staging import Staging

LANGUAGES = ("en", "ja")
PROGRAM = "aws-mfa"  # the subject of the guide; another program needs another guide
_TEMPLATE = Path(__file__).with_name("guide.txt")
_HEADS = {"en": ("system", "file"), "ja": ("環境", "ファイル")}
_SYSTEMS = {"darwin": "macOS", "windows": "Windows", "linux": "Linux", "freebsd": "FreeBSD", "openbsd": "OpenBSD",
            "netbsd": "NetBSD", "dragonfly": "DragonFly BSD", "illumos": "illumos", "solaris": "Solaris", "aix": "AIX",
            "plan9": "Plan 9", "android": "Android"}  # fmt: skip
_MACHINES = {("darwin", "arm64"): "Apple silicon", ("darwin", "amd64"): "Intel"}
_ORDER = tuple(_SYSTEMS)  # the order of the table: the most common systems first


def guide(release: Release, staging: Staging) -> Iterable[Artifact]:
    """Make both files, if the release is of aws-mfa."""
    if release.source.name != PROGRAM or not release.binaries:
        return []
    texts = {f"guide.{language}.md": text(release, language) for language in LANGUAGES}
    return [staging.make("guide", name, filled, filled.encode) for name, filled in texts.items()]


def text(release: Release, language: str) -> str:
    """Return the guide in a language, with the maintainer's values and the release's files."""
    found = [(each.target, each.path.name) for each in release.of("archive")]
    files = sorted(((target, name) for target, name in found if _usable(target)), key=lambda file: _place(file[0]))
    values = {
        **asdict(release.info),
        "archives": _table(files, language),
        "archive": files[0][1] if files else "",
    }
    blocks = [_said(block, language) for block in _TEMPLATE.read_text("utf-8").strip().split("\n\n")]
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], "\n\n".join(blocks)) + "\n"


def _said(block: str, language: str) -> str:
    """Return a block in one language. Raises ValueError if it has only one of the languages."""
    found = re.fullmatch(r"(?P<mark>#* ?)en: (?P<en>.*)\n(?P=mark)ja: (?P<ja>.*)", block, re.DOTALL)
    if found:
        return found["mark"] + found[language]
    if re.match(r"(#+ )?(en|ja): ", block):
        raise ValueError(f"a language is missing: {block[:60]}")
    return block


def _usable(target: Target | None) -> TypeGuard[Target]:
    return target is not None and target.goos in _SYSTEMS  # the others have no network access


def _place(target: Target) -> tuple[int, bool]:
    return _ORDER.index(target.goos), not target.first_class


def _table(files: Iterable[tuple[Target, str]], language: str) -> str:
    lines = [_HEADS[language], ("---", "---")]
    for target, name in files:
        machine = _MACHINES.get((target.goos, target.goarch), target.goarch)
        lines.append((f"{_SYSTEMS[target.goos]}, {machine}", f"`{name}`"))
    return "\n".join(f"| {system} | {name} |" for system, name in lines)
