from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from toolkit.aws.profiles import Settings, Value
from toolkit.doctor import checks_aws, checks_files, checks_network, environment, fixes
from toolkit.doctor.checks_aws import Case
from toolkit.doctor.environment import Machine, Region, Stored
from toolkit.mfa.devices import Owner

ALICE = Owner("alice", "123456789012", "aws")
APP = "arn:aws:iam::123456789012:mfa/alice"
PHONE = "arn:aws:iam::123456789012:mfa/alice-phone"
FIDO = "arn:aws:iam::123456789012:u2f/user/alice/key"
TOKEN = "GAHT12345678"  # noqa: S105 - on the back of a hardware device
HERE = Region("us-east-1", "", "aws")


def _machine(system: str = "Linux", **variables: str) -> Machine:
    files = (Stored(Path("/a/credentials"), 0o100644), Stored(Path("/a"), 0o40777), Stored(Path("/a/config")))
    return Machine(system, variables, *files)


def _case(serial: str, region: Region = HERE) -> Case:
    return Case(_machine(), "example", region, serial)


def _settings(values: Mapping[str, str]) -> Settings:
    return Settings({name: Value(text) for name, text in values.items()})


@pytest.mark.parametrize(
    ("variables", "through", "good", "found"),
    [
        ({}, "", True, "none"),
        ({"HTTPS_PROXY": "http://u:p@a:1"}, "http://u:p@a:1", True, "http://…@a:1 (HTTPS_PROXY)"),
        ({}, "http://a:1", True, "http://a:1 (the system settings)"),
        ({"https_proxy": "http://a:1", "NO_PROXY": ".amazonaws.com"}, "", True, "none, because of NO_PROXY"),
        ({"https_proxy": "a:x"}, "a:x", False, "https_proxy: not an address such as `http://HOST:PORT`"),
        ({"HTTP_PROXY": "x:y"}, "", True, "none"),
        (
            {"HTTPS_PROXY": "http://u:p@a:1", "https_proxy": "http://b"},
            "http://b",
            False,
            "HTTPS_PROXY and https_proxy differ: Go uses the first, Python the second",
        ),
        (
            {"HTTPS_PROXY": "http://a", "https_proxy": "http://b", "NO_PROXY": "*"},
            "",
            True,
            "none, because of NO_PROXY",
        ),
        ({}, "a:x", False, "the system settings: not an address such as `http://HOST:PORT`"),
    ],
)
def test_the_proxy_that_counts(variables: dict[str, str], through: str, good: bool, found: str) -> None:  # noqa: FBT001
    """It is the one for the address's scheme, unless NO_PROXY excludes the address."""
    row = checks_network.proxy(_machine(**variables), "https://sts.us-east-1.amazonaws.com", through)
    assert (row.ok, row.detail) == (good, found)
    assert good or row.fix in {
        "unset HTTPS_PROXY",
        "unset https_proxy",
        "correct the proxy in the system settings",
    }


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("", "it timed out"),
        ("http://u:p@a:1", "it timed out, through the proxy http://…@a:1"),
        ("http://u:p", "it timed out"),
    ],
)
def test_the_proxy_of_a_call_that_failed(proxy: str, said: str) -> None:
    """It is added unless botocore already names it or it cannot be shown."""
    assert checks_network.through("it timed out", proxy) == said
    assert checks_network.through(said, proxy) == said


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """Return a file with the certificates of this system, or skip."""
    usual = ssl.get_default_verify_paths().cafile
    if not usual:
        pytest.skip("this system has no such file")
    text = Path(usual).read_text("utf-8")
    found = re.findall("-----BEGIN CERT.*?END CERTIFICATE-----\n", text, re.DOTALL)
    path = tmp_path / "certificates.pem"
    path.write_text("".join(found[:2]), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("AWS_CA_BUNDLE", "unset AWS_CA_BUNDLE"),
        ("REQUESTS_CA_BUNDLE", "unset REQUESTS_CA_BUNDLE"),
        ("SSL_CERT_FILE", "unset SSL_CERT_FILE"),
        ("ca_bundle", "aws configure set ca_bundle FILE --profile example, with the certificates in PEM format"),
    ],
)
def test_certificates(name: str, fix: str, certificates: Path, tmp_path: Path) -> None:
    """Wherever the file is set, it must exist and contain certificates; their number is shown."""

    def row(path: str) -> tuple[bool, str, str]:
        here, values = (_machine(), {name: path}) if name.islower() else (_machine(**{name: path}), {})
        found = checks_network.certificates(here, "example", environment.bundles(here, _settings(values)))
        return found.ok, found.detail.partition(" (")[0], found.fix

    empty = tmp_path / "empty"
    empty.touch()
    assert row(str(certificates))[:2] == (True, f"2 in {certificates}")
    assert row(str(empty)) == (False, f"`{empty}` contains no certificate in PEM format", fix)
    assert row("/nowhere") == (False, "`/nowhere` does not exist", fix)
    assert row(str(tmp_path))[0]


def test_the_usual_certificates() -> None:
    """No file is set; an empty variable counts as unset."""
    nothing, named = _settings({}), _settings({"ca_bundle": "/y"})
    found = environment.bundles(_machine(), nothing)
    assert checks_network.certificates(_machine(), "example", found).detail == "the usual ones"
    (bundle,) = environment.bundles(_machine(AWS_CA_BUNDLE="", REQUESTS_CA_BUNDLE="x"), named)
    assert str(bundle) == "`/y` does not exist (`ca_bundle` in the profile)"
    (bundle,) = environment.bundles(_machine(AWS_CA_BUNDLE=" "), named)
    assert str(bundle) == "` ` is not a file (AWS_CA_BUNDLE)"


@pytest.mark.parametrize(
    ("variables", "values", "region"),
    [
        ({"AWS_REGION": "cn-north-1", "AWS_DEFAULT_REGION": "x"}, {"region": "y"}, ("cn-north-1", "aws-cn")),
        ({"AWS_DEFAULT_REGION": "us-gov-west-1"}, {"region": "y"}, ("us-gov-west-1", "aws-us-gov")),
        ({"AWS_REGION": ""}, {"region": "eusc-de-east-1"}, ("eusc-de-east-1", "aws-eusc")),
        ({}, {}, ("us-east-1", "aws")),
        ({}, {"mfa_serial": APP.replace("aws", "aws-cn")}, ("cn-north-1", "aws-cn")),
        ({}, {"region": "us-east-2", "mfa_serial": APP.replace("aws", "aws-cn")}, ("us-east-2", "aws")),
        ({}, {"region": "us-est"}, ("us-est", "")),
    ],
)
def test_the_region_that_counts(variables: dict[str, str], values: dict[str, str], region: tuple[str, str]) -> None:
    """Variables take precedence over the profile, as in the program; the partition comes from botocore."""
    found = environment.region(_machine(**variables), _settings(values))
    assert (found.name, found.partition) == region


@pytest.mark.parametrize(
    ("named", "listed", "good", "found"),
    [
        ("", (), True, "not set in the profile"),
        (APP, (APP, FIDO), True, APP),
        (TOKEN, (TOKEN,), True, TOKEN),
        ("phone", (APP, PHONE), False, "`phone` is not a device of `alice`"),
        ("alice", (APP, PHONE), False, "`alice` is not a device of `alice`"),
        ("arn", (APP,), False, "`arn` is not the ARN of an MFA device"),
        (TOKEN, (APP,), False, f"`{TOKEN}` is not a device of `alice`"),
        (FIDO, (APP, FIDO), False, f"`{FIDO}` is a FIDO key"),
        (APP.replace("mfa/", "user/"), (APP,), False, "is not the ARN of an MFA device"),
        (APP.replace("aws", "aws-cn"), (APP,), False, "is in partition `aws-cn`, but the key is in `aws`"),
        (APP.replace("1234", "4321"), (APP,), False, "is in account `432156789012`, but the key is in `123456789012`"),
    ],
)
def test_the_device_that_a_profile_names(named: str, listed: tuple[str, ...], good: bool, found: str) -> None:  # noqa: FBT001
    """It must be the full serial number of a device of the user that shows codes, as the program requires."""
    row = checks_aws.serial(_case(named), ALICE, listed)
    assert row.ok is good
    assert found in row.detail
    assert good or row.fix == f"aws configure set mfa_serial {listed[0]} --profile example"


def test_a_named_device_where_there_is_none() -> None:
    """The fix is to enroll one."""
    assert checks_aws.serial(_case(APP), ALICE, (FIDO,)).fix == "invoke enroll --profile example"


@pytest.mark.parametrize("named", [TOKEN, "arn", ""])
def test_a_partition_that_nobody_told(named: str) -> None:
    """It is unknown, which is only a note."""
    row = checks_aws.partition(_case(named), None)
    assert (row.ok, row.required) == (False, False)
    assert row.detail.startswith("unknown: region `us-east-1` (the default) is in `aws`")


def test_a_file_of_somebody_else() -> None:
    """A file that the user may not read fails, with the command that restores access."""
    closed = Stored(Path("/a b/credentials"), 0o100600, readable=False)
    here = Machine("Linux", {}, closed, Stored(Path("/a b")), Stored(Path("/a b/config")))
    row = checks_files.files(here, "example")
    assert (row.ok, row.required) == (False, True)
    assert row.fix == "sudo chown \"$USER\" '/a b/credentials' && chmod u+rw '/a b/credentials'"


@pytest.mark.parametrize(("set_", "fix"), [(True, "unset AWS_CONFIG_FILE"), (False, "export AWS_CONFIG_FILE=FILE")])
def test_a_folder_in_place_of_a_file(fix: str, *, set_: bool) -> None:
    """No program can read it."""
    variables = {"AWS_CONFIG_FILE": "/a"} if set_ else {}
    file, folder = Stored(Path("/a/credentials"), 0o100600), Stored(Path("/a"), 0o40755)
    row = checks_files.files(Machine("Linux", variables, file, folder, folder), "example")
    assert (row.ok, row.required, row.detail, row.fix) == (False, True, "`/a` is not a file", fix)


def test_modes_of_what_is_no_file() -> None:
    """The modes of a directory or a device in place of the file are not reported."""
    for mode in (0o41777, 0o20666):
        here = Machine("Linux", {}, Stored(Path("/a/b"), mode), Stored(Path("/a"), 0o40755), Stored(Path("/c")))
        assert next(checks_files.modes(here)).ok


def test_a_config_file_that_says_nothing() -> None:
    """`/dev/null` means no config file."""
    file, nothing = Stored(Path("/a/credentials"), 0o100600), Stored(Path("/dev/null"), 0o20666)
    assert checks_files.files(Machine("Linux", {}, file, Stored(Path("/a"), 0o40755), nothing), "example").ok


def test_windows() -> None:
    """Windows has no modes, and its own commands."""
    assert all(row.ok for row in checks_files.modes(_machine("Windows")))
    assert not any(row.ok for row in checks_files.modes(_machine()))
    assert fixes.unset("Windows", ["A", "B"]) == "Remove-Item Env:A, Env:B"
    assert fixes.edit("Windows", Path("c d"), 3) == 'notepad "c d", line 3'
    assert fixes.clock("Windows", ()) == "w32tm /resync"


def test_clocks() -> None:
    """Each system has a command that sets its clock."""
    assert fixes.clock("Linux", ("timedatectl",)) == "sudo timedatectl set-ntp true"
    assert fixes.clock("FreeBSD", ()) == "sudo ntpdate -u pool.ntp.org"
    assert fixes.clock("Darwin", ()) == "sudo sntp -sS time.apple.com"
