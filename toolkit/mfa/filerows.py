"""What a machine's AWS files and variables say of a profile, a check each. Pure: `machine` gathers the evidence."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Collection, Iterator
from dataclasses import replace

from toolkit.aws import LONG_TERM, TEMPORARY, Caller
from toolkit.errors import CredentialsUnreadable, KeysMissing, ProfileIsSession, ProfileMissing, ToolkitError
from toolkit.mfa import mending, refusals
from toolkit.mfa.awsfiles import AwsFiles
from toolkit.mfa.configtext import Entry, profile_of
from toolkit.mfa.machine import Machine, Stored
from toolkit.mfa.profiles import File, Reading, View
from toolkit.mfa.profiles.views import KEYS, TOKENS
from toolkit.model import Check

# What makes the AWS CLI take other keys than those of the profile that `AWS_DEFAULT_PROFILE` names.
_OVERRIDING = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
)  # fmt: skip
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def variables(machine: Machine) -> Check:
    """Tell of variables that count before any profile."""
    names = machine.set(*_OVERRIDING)
    found = f"{', '.join(names)}: taken by `aws` before any profile" if names else "none that counts first"
    mend = mending.unset(machine.system, names)
    return Check("AWS_* variables", good=not names, found=found, mend=mend, needed=False)


def default(machine: Machine, known: Collection[str], profile: str) -> Check:
    """Tell of variables that name a profile which is not there."""
    named = {name: machine.variables[name] for name in machine.set("AWS_PROFILE", "AWS_DEFAULT_PROFILE")}
    missing = [name for name, value in named.items() if value not in known]
    lines = [f"`{named[name]}`, which is not there ({name})" for name in missing]
    lines = lines or [f"`{value}` ({name})" for name, value in named.items()] or ["none is named"]
    login = f"invoke verify --profile {shlex.quote(profile)}"
    own = {named[name] for name in missing} == {f"{profile}_mfa"}
    mend = login if own else mending.unset(machine.system, missing)
    return Check("default profile", good=not missing, found="\n".join(lines), mend=mend, needed=False)


def unparsed(machine: Machine, error: CredentialsUnreadable) -> Check:
    """Tell of a file that nobody can parse, by its line."""
    path = next((each.path for each in (machine.credentials, machine.config) if str(each.path) == error.path), None)
    mend = mending.edit(machine.system, path, error.line) if path else error.hint
    return Check("AWS files", good=False, found=str(error), mend=mend)


def files(machine: Machine, profile: str) -> Check:
    """Tell where the AWS files are, and whether they can be read."""
    both = (machine.credentials, machine.config)
    for each, name in zip(both, ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), strict=True):
        if each.mode and not each.is_file and not stat.S_ISCHR(each.mode):  # /dev/null is one that says nothing
            mend = mending.unset(machine.system, machine.set(name)) or f"export {name}=FILE"
            return Check("AWS files", good=False, found=f"`{each.path}` is no file", mend=mend)
    closed = [each.path for each in both if each.mode and not each.readable]
    if closed:
        quoted = shlex.quote(str(closed[0]))
        mend = f'sudo chown "$USER" {quoted} && chmod u+rw {quoted}'
        return Check("AWS files", good=False, found=f"`{closed[0]}` cannot be read by this user", mend=mend)
    found = "\n".join(f"{each.path}{'' if each.mode else ', which is not there'}" for each in both)
    lost = machine.set("AWS_SHARED_CREDENTIALS_FILE") if not machine.credentials.mode else []
    lost += machine.set("AWS_CONFIG_FILE") if not machine.config.mode else []
    good = bool(machine.credentials.mode) and not lost
    mend = mending.unset(machine.system, lost) if lost else f"aws configure --profile={shlex.quote(profile)}"
    return Check("AWS files", good, found, mend, needed=False)


def modes(machine: Machine) -> Iterator[Check]:
    """Tell who else may read the credentials, or put others in their place."""
    file, folder = machine.credentials, machine.folder
    bind = machine.system != "Windows"
    open_ = bind and file.is_file and bool(file.mode & _OTHERS)
    good = "its owner's alone" if bind else "Windows has none"
    found = f"others have access to it: {stat.filemode(file.mode)}" if open_ else good
    yield Check("file mode", not open_, found, mending.chmod("600", file.path), needed=False)
    open_ = bind and bool(folder.mode & _OTHERS_WRITE) and not folder.mode & stat.S_ISVTX
    good = "only its owner puts files into it" if bind else "Windows has none"
    found = f"others can put files into {folder.path}: {stat.filemode(folder.mode)}" if open_ else good
    yield Check("folder mode", not open_, found, mending.chmod("go-w", folder.path), needed=False)


def sections(machine: Machine, files: AwsFiles, profile: str) -> Check:
    """Tell of sections and settings of a profile that programs read differently, or not at all."""
    told = [*_in_credentials(machine.credentials, profile), *_in_config(machine.config, profile)]
    told += _noted(machine, files, profile)
    found = "\n".join(sentence for _, _, sentence in told) or "each program reads the same ones"
    path, line = told[0][:2] if told else (machine.credentials, 0)
    return Check("sections", not told, found, mending.edit(machine.system, path.path, line), needed=False)


def tokens(machine: Machine, reading: Reading) -> Check:
    """Tell of tokens that old tools left, which programs read before, or instead of, the session's own."""
    stale = tuple(name for name in reading.names if _left_behind(reading.profile(name).botocore))
    if not stale:
        return Check("old tokens", good=True, found="none")
    names = ", ".join(f"`{name}`" for name in stale)
    found = f"`aws_security_token` in {names}: Python reads it before `aws_session_token`, Go never"
    return _surplus(machine, Check("old tokens", good=False, found=found, needed=False), stale, TOKENS[1])


def source(machine: Machine, files: AwsFiles, name: str) -> Check:
    """Tell whether a profile has keys from which a login can begin."""
    try:
        key = files.source(name).text(KEYS[0])
    except ProfileIsSession as error:
        if files.reading.profile(name).either(KEYS[0]).text.startswith(LONG_TERM):
            said = f"profile `{name}` has a long-term key, and with it the token of a session"
            return _surplus(machine, Check("profile", good=False, found=said), (name,), *TOKENS)
        return Check("profile", good=False, found=str(error), mend=_other(files.reading, name))
    except (KeysMissing, ProfileMissing) as error:
        is_new = "with: aws configure" in error.hint  # and not a part of a profile, or another's name mistyped
        login = f"; with a browser and AWS CLI v2, no key is needed: aws login --profile={shlex.quote(name)}"
        return Check("profile", good=False, found=str(error), mend=error.hint + login * is_new)
    except ToolkitError as error:
        return Check("profile", good=False, found=str(error), mend=error.hint)
    shown = Caller(name, "", key).shown_key
    if key.startswith(TEMPORARY):
        said = f"profile `{name}` has the key of a session, {shown}, without its token"
        return Check("profile", good=False, found=said, mend=_other(files.reading, name))
    found = f"long-term key {shown}" if key else "keys of its `credential_process`, which only a login runs"
    return Check("profile", good=True, found=f"{name}: {found}")


def _noted(machine: Machine, files: AwsFiles, name: str) -> Iterator[tuple[Stored, int, str]]:
    """Yield the notes of a profile that a login can begin from."""
    try:
        notes = files.source(name).notes
    except ToolkitError:  # which is told in its own row
        return
    for note in notes:
        file = machine.credentials if note.place.file is File.CREDENTIALS else machine.config
        yield file, note.place.line, refusals.note(note, name, files.paths)


def _other(reading: Reading, name: str) -> str:
    """Return what to do about a session in place of long-term keys: there may be another profile that has some."""
    views = {each: reading.profile(each).botocore for each in reading.names}
    usable = [
        each
        for each, view in views.items()
        if view.text(KEYS[0]).startswith(LONG_TERM) and not any(map(view.text, TOKENS))
    ]
    usable.sort(key=lambda each: not name.startswith(each))  # `example`, if this one is `example_mfa`
    if usable:
        return f"invoke doctor --profile {shlex.quote(usable[0])}"
    return "aws configure --profile=NAME, with a new name and the long-term keys"


def _left_behind(view: View) -> bool:
    """Whether an `aws_security_token` stands where it misleads; alone it is what some old tools write for a session."""
    other = view.text(TOKENS[0]) or view.text(KEYS[0]).startswith(LONG_TERM)
    return bool(view.text(TOKENS[1]) and other)


def _surplus(machine: Machine, check: Check, names: tuple[str, ...], *options: str) -> Check:
    """Add to a check where profiles have settings that must not be there; a person sees them before they are gone."""
    there = machine.settings(names, *options)
    path, line = (there[0].path, there[0].line) if there else (machine.credentials.path, 0)
    found = "\n".join([check.found, *map(str, there)])
    return replace(check, found=found, mend=mending.edit(machine.system, path, line))


def _headers(file: Stored) -> list[Entry]:
    return [entry for entry in file.entries if not entry.option]


def _in_credentials(file: Stored, profile: str) -> Iterator[tuple[Stored, int, str]]:
    for entry in _headers(file):
        other = entry.section != profile and profile in {entry.section.strip(), profile_of(entry.section.strip())}
        if other:
            sentence = f"line {entry.first + 1} of {file.path}: `[{entry.section}]` has to be `[{profile}]` there"
            yield file, entry.first + 1, sentence


def _in_config(file: Stored, profile: str) -> Iterator[tuple[Stored, int, str]]:
    about = [entry for entry in _headers(file) if profile_of(entry.section) == profile]
    for entry in about[:-1]:
        last = f"`[{about[-1].section}]` in line {about[-1].first + 1}"
        sentence = f"line {entry.first + 1} of {file.path}: `[{entry.section}]` is the same profile as {last}"
        yield file, entry.first + 1, sentence
    for entry in _headers(file):
        if entry.section.strip() == profile != "default":
            sentence = (
                f"line {entry.first + 1} of {file.path}: `[{entry.section}]` has to be `[profile {profile}]` there"
            )
            yield file, entry.first + 1, sentence
