"""The files of a snapshot that a compile gets: those that Go listed, and those that it reads without listing them."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from toolkit.errors import (
    FileUnreadable,
    ImageUnusable,
    IncludeOutside,
    LinkOutside,
    NameNotText,
    SourceError,
    SpecialFile,
)
from toolkit.go import includes
from toolkit.go.listing import Listing, Package, below
from toolkit.go.snapshot import Entry, Kind, Snapshot
from toolkit.go.tree import place_of
from toolkit.model import Piece

_MODULE_FILES = ("go.mod", "go.sum", "vendor/modules.txt")
_PROFILE = "default.pgo"  # Go uses it for optimization if it is beside a main package


@dataclass
class FileList:
    """The files of one source, gathered pair by pair."""

    snapshot: Snapshot
    origins: dict[str, str] = field(default_factory=dict)  # path of a file in the compile: its name in the snapshot
    included: set[str] = field(default_factory=set)  # files that Go's build cache does not check
    vendored: bool = False

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The files, each with its path in the compile."""
        snapshot = self.snapshot
        return tuple(
            snapshot.piece(origin, place_of(snapshot, place)) for place, origin in sorted(self.origins.items())
        )

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over the names and bytes of all these files."""
        return self._digest(self.origins)

    @property
    def included_digest(self) -> str:
        """The same over the files that Go's build cache does not check; `""` without such files."""
        return self._digest(self.included) if self.included else ""

    def add_module(self, replaced: Iterable[str]) -> None:
        """Add the files that the go command reads of the module and of the directories that replace modules."""
        for name in (*_MODULE_FILES, *(posixpath.join(place, "go.mod") for place in replaced)):
            place = self.snapshot.shortest(name)
            if self.snapshot.follow(place) in self.snapshot.entries:
                self._add(place)

    def add(self, listing: Listing, root: str) -> None:
        """Add the files that Go listed for a pair; `root` is the module's directory in the go command's output."""
        for package in listing.packages:
            directory = self._inside(package.directory, root)
            if directory is not None:
                self._add_package(package, directory, root)
        main = self._inside(listing.main.directory, root)
        if main is not None:
            profile = self.snapshot.find(posixpath.join(main, _PROFILE))
            if profile and profile.kind is not Kind.DANGLING:
                self._add(posixpath.normpath(posixpath.join(main, _PROFILE)))

    def _add_package(self, package: Package, directory: str, root: str) -> None:
        for name in package.files:
            self._add(posixpath.normpath(posixpath.join(directory, name)))
        module = self._module(package, directory, root)
        self.vendored = self.vendored or module.startswith("vendor/")
        if package.assembly:
            self._add_includes(package, directory, module)

    def _module(self, package: Package, directory: str, root: str) -> str:
        """Return the directory of a package's module; for a vendored module, the directory of its packages."""
        path = f"vendor/{package.module.path}"
        if f"{directory}/".startswith(f"{path}/"):
            return path
        return self._inside(package.module_directory, root) or "."

    def _add_includes(self, package: Package, directory: str, module: str) -> None:
        """Add the files that assembly files include from anywhere in the module.

        The assembler searches from the package's real directory, and the listed name may be a link to it. The compile
        has no links, so a file must be at the path that leads to it from the directory's listed name.
        """
        real, top = self.snapshot.follow(directory), self.snapshot.follow(module)
        within = posixpath.relpath(real, top)
        if within.startswith("../"):
            within, top = posixpath.relpath(real, "."), "."
        files = [posixpath.join(within, name) for name in package.assembly]
        listed = {posixpath.normpath(posixpath.join(directory, name)) for name in (*package.files,)}
        for path in includes.reachable(within, files, lambda name: self._read(posixpath.join(top, name))):
            origin = self.snapshot.follow(posixpath.join(top, path))
            place = posixpath.normpath(posixpath.join(directory, posixpath.relpath(path, within)))
            if self.origins.get(place, origin) != origin:
                raise IncludeOutside(
                    f"`{directory}` is a link, and its assembly files include `{path}`, which another file hides",
                    hint="use the package's real directory",
                )
            self._add(place, origin)
            if place not in listed:
                self.included.add(place)

    def _read(self, name: str) -> bytes | None:
        entry = self.snapshot.find(name)
        if entry and entry.kind not in {Kind.FILE, Kind.DIRECTORY, Kind.DANGLING}:
            self.check(name, entry)
        return self.snapshot.read(name)

    def _add(self, place: str, origin: str = "") -> None:
        origin = origin or self.snapshot.follow(place)
        entry = self.snapshot.entries.get(origin)
        if entry is None:
            raise self._unknown(place)
        self.check(place, entry)
        self.origins[place] = origin

    def check(self, place: str, entry: Entry) -> None:
        """Raise the error for a file that is needed but cannot be used."""
        if error := problem(place, entry):
            raise error

    def _unknown(self, place: str) -> SourceError | ImageUnusable:
        """Return the error for a name that is not in the snapshot: Go replaces bytes that are not UTF-8."""
        for name in self.snapshot.entries:
            if "\ufffd" in place and _as_go_prints(name) == place:
                return NameNotText(f"the name of `{place}` is not UTF-8, and Go cannot list it", hint="rename the file")
        return ImageUnusable(
            f"the go command listed `{place}`, which is not in the source",
            hint="use an image with the Go project's `go` command, or leave out `--image`",
        )

    def _inside(self, directory: str, root: str) -> str | None:
        """Return a directory relative to the module, or None if it is not in the snapshot."""
        top = posixpath.normpath(posixpath.join(root, *[".."] * self.snapshot.depth))
        return None if below(directory, top) is None else posixpath.relpath(directory, root)

    def _digest(self, places: Iterable[str]) -> str:
        total = hashlib.sha256()
        for place in sorted(places):
            total.update(f"{self.snapshot.entries[self.origins[place]].sha256}  {place}\n".encode())
        return total.hexdigest()


def problem(place: str, entry: Entry) -> SourceError | None:
    """Return the reason why a name cannot be used as a file, or None."""
    if entry.kind is Kind.OUTSIDE:
        return LinkOutside(
            f"`{place}` is a link that leads out of the repository", hint="replace the link with a copy of the file"
        )
    if entry.kind is Kind.SPECIAL:
        return SpecialFile(f"`{place}` is a pipe, socket or device, not a file", hint="remove or rename it")
    if entry.kind in {Kind.UNREADABLE_FILE, Kind.UNREADABLE_DIRECTORY}:
        return FileUnreadable(f"cannot read `{place}`: permission denied", hint="check its owner and permissions")
    if entry.kind is not Kind.FILE:
        return SourceError(f"`{place}` is not a file", hint="check where it leads")
    return None


def implicated(snapshot: Snapshot, said: str) -> Iterator[SourceError]:
    """Yield an error for each name in Go's message that stands for something unusable in the source."""
    if not any(entry.kind in {Kind.OUTSIDE, Kind.SPECIAL} for entry in snapshot.entries.values()):
        return
    for name, entry in sorted(snapshot.entries.items()):
        if entry.kind not in {Kind.OUTSIDE, Kind.SPECIAL}:
            continue
        names = {name, name.removeprefix("vendor/")}  # Go uses the import path as the name of a vendored package
        # Go does not report a missing vendor directory.
        named = name == "vendor" or any(_mentions(said, each) for each in names)
        if named and (error := problem(name, entry)):
            yield error


def _mentions(said: str, name: str) -> bool:
    name = posixpath.normpath(name).lstrip("./")
    ends = " \t\r\n/\\'\"`:;,()"
    at = said.find(name)
    while at >= 0:
        before, after = said[at - 1 : at], said[at + len(name) : at + len(name) + 1]
        if (not before or before in ends) and (not after or after in ends):
            return True
        at = said.find(name, at + 1)
    return False


def _as_go_prints(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
