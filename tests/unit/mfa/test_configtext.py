from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError

from toolkit.mfa.configtext import edited, header

ARN = "arn:aws:iam::123456789012:mfa/alice"
NEW = f"mfa_serial = {ARN}\n"


def put(text: str, profile: str = "example") -> str:
    """Give a profile the setting."""
    return edited(text, profile, "mfa_serial", ARN)


def read(text: str, folder: Path) -> Any:
    """Return what botocore reads, None where it cannot."""
    file = folder / "config"
    file.write_bytes(text.encode())
    try:
        return load_config(str(file))
    except ConfigParseError:
        return None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"[profile example]\n{NEW}"),
        ("# mine", f"# mine\n\n[profile example]\n{NEW}"),
        ("[default]\nregion = x\n", f"[default]\nregion = x\n\n[profile example]\n{NEW}"),
        ("[default]\r\nregion=x", f"[default]\r\nregion=x\r\n\r\n[profile example]\r\nmfa_serial = {ARN}\r\n"),
        ("[profile example]", f"[profile example]\n{NEW}"),
        ("[profile example]\nregion = x", f"[profile example]\nregion = x\n{NEW}"),
        ("[profile example]\na = b\n\n# c\n\n[x]\n", f"[profile example]\na = b\n{NEW}\n# c\n\n[x]\n"),
        ("[profile example]\ns3 =\n  a = b\n  c = d\n[x]\n", f"[profile example]\ns3 =\n  a = b\n  c = d\n{NEW}[x]\n"),
        ("[profile example]\n  a = b\n  [x]\n", f"[profile example]\n  a = b\n  {NEW}  [x]\n"),
        ("[profile 'example']\na: b\n", f"[profile 'example']\na: b\n{NEW}"),
        ("[profile example]\nMFA_Serial:old\nb = c\n", f"[profile example]\nMFA_Serial:{ARN}\nb = c\n"),
        ("[profile example]\nmfa_serial = old", f"[profile example]\nmfa_serial = {ARN}"),
        ("[profile example]\nmfa_serial =\r\nb = c\r\n", f"[profile example]\nmfa_serial ={ARN}\r\nb = c\r\n"),
        (
            "[profile example]\nmfa_serial =\n  a=old\n  # c\nb = c\n",
            f"[profile example]\nmfa_serial ={ARN}\n  # c\nb = c\n",
        ),
        (f"[profile example]\n{NEW}", f"[profile example]\n{NEW}"),
    ],
)
def test_one_setting(before: str, after: str, tmp_path: Path) -> None:
    """It goes behind the section's last setting, or in place of the one that is there; all other letters stay."""
    assert put(before) == after
    assert read(after, tmp_path)["profiles"]["example"]["mfa_serial"] == ARN


@pytest.mark.parametrize(
    ("profile", "section"),
    [
        ("default", "default"),
        ("a.b-c_d@e", "profile a.b-c_d@e"),
        ("two words", "profile 'two words'"),
        ("é", "profile 'é'"),
    ],
)
def test_a_section_of_its_own(profile: str, section: str, tmp_path: Path) -> None:
    """A profile that is not there gets a section, by the name that botocore knows it by."""
    assert header(profile) == section
    assert read(put("", profile), tmp_path)["profiles"] == {profile: {"mfa_serial": ARN}}


def test_two_sections_of_a_profile(tmp_path: Path) -> None:
    """`[default]` and `[profile default]` are one profile, and what botocore takes is the last of them."""
    for first, last in itertools.permutations(("[default]\na = b\n", "[profile default]\nc = d\n")):
        assert put(first + last, "default") == f"{first}{last}{NEW}"
        assert read(put(first + last, "default"), tmp_path)["profiles"]["default"]["mfa_serial"] == ARN


@pytest.mark.parametrize(
    "text",
    [
        "a = b\n",
        "[x]\n[x]\n",
        "[x]\na = b\na = c\n",
        "[x]\nno setting\n",
        "\ufeff[x]\n",
        "[profile example]\n    [x]\n",
    ],
)
def test_what_cannot_be_edited(text: str) -> None:
    """A file that botocore cannot parse, or in which a new line would change another, is refused."""
    with pytest.raises(ValueError, match=r"^$"):
        put(text)


PIECES = (
    "[profile example]", "[default]", "[profile other]", "[sso-session x]", "[profile 'example']",
    "  [profile example]",
    "[profile default]", "[DEFAULT]", "region = eu-west-1", "  indented = yes", "s3 =", "  max = 1", "    deep = 2",
    "mfa_serial = old", "MFA_SERIAL: old", " mfa_serial=old", "output=json", "# comment", "  ; comment", "", "   ",
    "\t",
    "key = value # no comment", "aws_secret = a=b:c", "url: http://x", "é = ü",
)  # fmt: skip


def test_any_file(tmp_path: Path) -> None:
    """Over files put together at random: what botocore reads is the same but for the setting, and lines are too."""
    chance, changed = random.Random(20), 0  # noqa: S311 - no secret
    for _ in range(800):
        lines = chance.choices(PIECES, k=chance.randrange(12))
        end = chance.choice(("\n", "\r\n"))
        before = end.join(lines) + chance.choice(("", end))
        profile = chance.choice(("example", "default"))
        wanted = read(before, tmp_path)
        try:
            after = put(before, profile)
        except ValueError:
            continue
        changed += 1
        assert wanted is not None
        wanted["profiles"].setdefault(profile, shared(before, tmp_path))["mfa_serial"] = ARN
        assert read(after, tmp_path) == wanted
        assert_little_changed(before.splitlines(), after.splitlines())
        assert put(after, profile) == after
    assert changed > 200


def shared(text: str, folder: Path) -> dict[str, str]:
    """Return what `[DEFAULT]` gives to every section."""
    return dict(read(f"{text}\n[profile of-this-test]\n", folder)["profiles"]["of-this-test"])


def assert_little_changed(before: list[str], after: list[str]) -> None:
    """Look whether no line is another but those of the setting, and of a section that is new."""
    left, gone = [line for line in after if ARN not in line], []
    for line in before:
        if left and left[0] == line:
            left.pop(0)
        else:
            gone.append(line)
    assert [line for line in left if line] in ([], ["[profile example]"], ["[default]"])
    if gone:  # the old value, and what goes on with it
        assert "mfa_serial" in gone[0].lower()
        assert not [line for line in gone[1:] if not line[0].isspace()]
