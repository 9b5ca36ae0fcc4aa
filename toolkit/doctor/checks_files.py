"""One check each for a machine's AWS files and variables. Pure: `machine` gathers the evidence."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Collection, Iterator
from dataclasses import replace

from toolkit.aws import refusals
from toolkit.aws.clients import LONG_TERM, TEMPORARY, Caller
from toolkit.aws.files import AwsFiles
from toolkit.aws.profiles import File, Place, Reading, View
from toolkit.aws.profiles.inbotocore import profile_of
from toolkit.aws.profiles.views import KEYS, TOKENS
from toolkit.doctor import fixes
from toolkit.doctor.environment import Machine
from toolkit.errors import CredentialsUnreadable, KeysMissing, ProfileIsSession, ProfileMissing, ToolkitError
from toolkit.model import Check

# Variables that make the AWS CLI use other keys than those of the profile in `AWS_DEFAULT_PROFILE`.
_OVERRIDING = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE",
    "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
)  # fmt: skip
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def variables(machine: Machine) -> Check:
    """Report variables that take precedence over every profile."""
    names = machine.set(*_OVERRIDING)
    found = f"{', '.join(names)}: `aws` uses these before any profile" if names else "none overrides a profile"
    fix = fixes.unset(machine.system, names)
    return Check("AWS_* variables", ok=not names, detail=found, fix=fix, required=False)


def default(machine: Machine, known: Collection[str], profile: str) -> Check:
    """Report variables that name a profile that does not exist."""
    named = {name: machine.variables[name] for name in machine.set("AWS_PROFILE", "AWS_DEFAULT_PROFILE")}
    missing = [name for name, value in named.items() if value not in known]
    lines = [f"there is no profile `{named[name]}` ({name})" for name in missing]
    lines = lines or [f"`{value}` ({name})" for name, value in named.items()] or ["not set"]
    login = f"invoke verify --profile {shlex.quote(profile)}"
    own = {named[name] for name in missing} == {f"{profile}_mfa"}
    fix = login if own else fixes.unset(machine.system, missing)
    return Check("default profile", ok=not missing, detail="\n".join(lines), fix=fix, required=False)


def unparsed(machine: Machine, error: CredentialsUnreadable) -> Check:
    """Report a file that cannot be parsed, with the line."""
    path = next((each.path for each in (machine.credentials, machine.config) if str(each.path) == error.path), None)
    fix = fixes.edit(machine.system, path, error.line) if path else error.hint
    return Check("AWS files", ok=False, detail=str(error), fix=fix)


def files(machine: Machine, profile: str) -> Check:
    """Report the paths of the AWS files, and whether they can be read."""
    both = (machine.credentials, machine.config)
    for each, name in zip(both, ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"), strict=True):
        if each.mode and not each.is_file and not stat.S_ISCHR(each.mode):  # /dev/null stands for an empty file
            fix = fixes.unset(machine.system, machine.set(name)) or f"export {name}=FILE"
            return Check("AWS files", ok=False, detail=f"`{each.path}` is not a file", fix=fix)
    closed = [each.path for each in both if each.mode and not each.readable]
    if closed:
        quoted = shlex.quote(str(closed[0]))
        fix = f'sudo chown "$USER" {quoted} && chmod u+rw {quoted}'
        return Check("AWS files", ok=False, detail=f"this user cannot read `{closed[0]}`", fix=fix)
    found = "\n".join(f"{each.path}{'' if each.mode else ' does not exist'}" for each in both)
    lost = machine.set("AWS_SHARED_CREDENTIALS_FILE") if not machine.credentials.mode else []
    lost += machine.set("AWS_CONFIG_FILE") if not machine.config.mode else []
    good = bool(machine.credentials.mode) and not lost
    fix = fixes.unset(machine.system, lost) if lost else f"aws configure --profile={shlex.quote(profile)}"
    return Check("AWS files", good, found, fix, required=False)


def modes(machine: Machine) -> Iterator[Check]:
    """Report whether other users can read the credentials or replace them."""
    file, folder = machine.credentials, machine.folder
    bind = machine.system != "Windows"
    open_ = bind and file.is_file and bool(file.mode & _OTHERS)
    good = "accessible only to its owner" if bind else "not checked on Windows"
    found = f"other users have access to it: {stat.filemode(file.mode)}" if open_ else good
    yield Check("file mode", not open_, found, fixes.chmod("600", file.path), required=False)
    open_ = bind and bool(folder.mode & _OTHERS_WRITE) and not folder.mode & stat.S_ISVTX
    good = "only its owner can create files in it" if bind else "not checked on Windows"
    found = f"other users can create files in {folder.path}: {stat.filemode(folder.mode)}" if open_ else good
    yield Check("directory mode", not open_, found, fixes.chmod("go-w", folder.path), required=False)


def sections(machine: Machine, files: AwsFiles, profile: str) -> Check:
    """Report sections and settings of a profile that programs read differently or ignore."""
    told = [*_in_credentials(files, profile), *_in_config(files, profile), *_noted(files, profile)]
    found = "\n".join(sentence for _, sentence in told) or "all programs read the same ones"
    place = told[0][0] if told else Place(File.CREDENTIALS)
    fix = fixes.edit(machine.system, files.paths[place.file], place.line)
    return Check("sections", not told, found, fix, required=False)


def tokens(machine: Machine, reading: Reading) -> Check:
    """Report tokens left by old tools, which some programs read before or instead of the session's token."""
    stale = tuple(name for name in reading.names if _left_behind(reading.profile(name).botocore))
    if not stale:
        return Check("old tokens", ok=True, detail="none")
    names = ", ".join(f"`{name}`" for name in stale)
    found = f"`aws_security_token` in {names}: Python reads it before `aws_session_token`, Go ignores it"
    return _surplus(machine, Check("old tokens", ok=False, detail=found, required=False), reading, stale, TOKENS[1])


def source(machine: Machine, files: AwsFiles, name: str) -> Check:
    """Check that a profile has keys to log in with."""
    try:
        key = files.source(name).text(KEYS[0])
    except ProfileIsSession as error:
        if files.reading.profile(name).either(KEYS[0]).text.startswith(LONG_TERM):
            said = f"profile `{name}` has a long-term key together with a session token"
            return _surplus(machine, Check("profile", ok=False, detail=said), files.reading, (name,), *TOKENS)
        return Check("profile", ok=False, detail=str(error), fix=_other(files.reading, name))
    except (KeysMissing, ProfileMissing) as error:
        is_new = error.hint.startswith("aws configure") and "key" not in files.reading.profile(name).kinds
        login = f"; with a browser and AWS CLI v2, no key is needed: aws login --profile={shlex.quote(name)}"
        return Check("profile", ok=False, detail=str(error), fix=error.hint + login * is_new)
    except ToolkitError as error:
        return Check("profile", ok=False, detail=str(error), fix=error.hint)
    shown = Caller(name, "", key).shown_key
    if key.startswith(TEMPORARY):
        said = f"profile `{name}` has a session's key, {shown}, but not its token"
        return Check("profile", ok=False, detail=said, fix=_other(files.reading, name))
    found = f"long-term key {shown}" if key else "keys from its `credential_process`, which only a login runs"
    return Check("profile", ok=True, detail=f"{name}: {found}")


def _noted(files: AwsFiles, name: str) -> Iterator[tuple[Place, str]]:
    """Yield the notes of a profile that can log in."""
    try:
        notes = files.source(name).notes
    except ToolkitError:  # another row reports it
        return
    for note in notes:
        yield note.place, refusals.note(note, name, files.paths)


def _other(reading: Reading, name: str) -> str:
    """Return the fix for a session in place of long-term keys: another profile that has some, or a new one."""
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
    """Whether an `aws_security_token` misleads programs; alone it is valid: some old tools write it for a session."""
    other = view.text(TOKENS[0]) or view.text(KEYS[0]).startswith(LONG_TERM)
    return bool(view.text(TOKENS[1]) and other)


def _surplus(machine: Machine, check: Check, reading: Reading, names: tuple[str, ...], *options: str) -> Check:
    """Add the places of settings to remove to a check; the fix opens an editor, so a person sees them first."""
    there = [each for name in names for each in reading.in_botocore.places(name, *options)]
    there.sort(key=lambda each: (each[0].file is File.CONFIG, each[0].line))
    place = there[0][0] if there else Place(File.CREDENTIALS)
    found = "\n".join([check.detail, *(machine.surplus(*each) for each in there)])
    return replace(check, detail=found, fix=fixes.edit(machine.system, machine.path(place.file), place.line))


def _headers(files: AwsFiles, file: File) -> Iterator[tuple[Place, str, str]]:
    """Yield the headers of a file: their place, the text in the brackets, and a description."""
    for place, section in files.reading.in_botocore.headers:
        if place.file is file:
            yield place, section, f"line {place.line} of {files.paths[file]}: `[{section}]`"


def _in_credentials(files: AwsFiles, profile: str) -> Iterator[tuple[Place, str]]:
    for place, section, shown in _headers(files, File.CREDENTIALS):
        meant = {section.strip(), profile_of(File.CONFIG, f"[{section.strip()}]")}
        if section != profile and profile in meant:
            yield place, f"{shown} must be `[{profile}]`"


def _in_config(files: AwsFiles, profile: str) -> Iterator[tuple[Place, str]]:
    headers = list(_headers(files, File.CONFIG))
    about = [header for header in headers if profile_of(File.CONFIG, f"[{header[1]}]") == profile]
    for place, _, shown in about[:-1]:
        last, section, _ = about[-1]
        yield place, f"{shown} is the same profile as `[{section}]` in line {last.line}"
    for place, section, shown in headers:
        if section.strip() == profile != "default":
            yield place, f"{shown} must be `[profile {profile}]`"
