"""What can be done here. `invoke --list` shows it, `invoke --help TASK` explains one."""

from __future__ import annotations

from itertools import chain

from invoke.collection import Collection

from toolkit import checks, cleaning, prompt, reference, release, streams, terminal
from toolkit import doctor as diagnosis
from toolkit.cli import task
from toolkit.mfa import doctor as login_side
from toolkit.mfa import enroll as enrolling
from toolkit.mfa import login, proof
from toolkit.mfa import verify as verification
from toolkit.outputs import manifest
from toolkit.report import Report
from toolkit.settings import (
    BuildSettings,
    CleanSettings,
    DemoSettings,
    DocsSettings,
    DoctorSettings,
    EnrollSettings,
    MatrixSettings,
    Settings,
    TargetsSettings,
    VerifySettings,
)
from toolkit.targets import NOTES

streams.prepare()


@task(TargetsSettings)
def targets(settings: TargetsSettings, report: Report) -> None:
    """List every GOOS/GOARCH pair that the pinned Go knows, and what cannot be built."""
    report.targets(release.all_targets(settings, report), NOTES)


@task(BuildSettings)
def build(settings: BuildSettings, report: Report) -> None:
    """Build and check the program for one pair, this machine's by default; print its path."""
    report.line(release.build_one(settings, report).path)


@task(MatrixSettings)
def matrix(settings: MatrixSettings, report: Report) -> None:
    """Build, check and package every pair into `dist/release/`.

    Pairs whose source has not changed are not compiled again. Exits with 0 only if every selected pair was built, or
    cannot be for a reason of Go's own.
    """
    dist = release.matrix(settings, report)
    report.matrix(dist, manifest.read(dist))
    release.check(dist.outcomes)


@task(VerifySettings)
def verify(settings: VerifySettings, report: Report) -> None:
    """Log in with what was built, and prove with `sts get-caller-identity` that it worked.

    Runs this machine's program as people do, then asks STS who the long-term key and the session are, and lists
    buckets as `aws s3 ls` does. The code is asked for; where standard input is no terminal, it is its first line. For
    logins at which nobody sits, `--totp-command` names what prints codes.
    """
    prepared, codes = login.prepare(settings), prompt.codes(settings, report)
    found = verification.verify(prepared, release.native(settings, report), codes, require_s3=settings.require_s3)
    report.proof(found)
    proof.require(found)


@task(EnrollSettings)
def enroll(settings: EnrollSettings, report: Report) -> None:
    """Give the profile's user a first MFA device, by a QR code on the terminal, and log in with it.

    The QR code is scanned, two codes are asked for, `mfa_serial` is written into the AWS config file, and a third code
    is for a login that is proven as `invoke verify` does. The seed is shown on the terminal, or given to the command
    of `--totp-command`, which has to keep it: it is told nobody again, and written nowhere.
    """
    request = enrolling.prepare(settings)
    authenticator = terminal.authenticator(settings)
    enrolled = enrolling.enroll(request, release.native(settings, report), authenticator, report)
    report.proof(enrolled.proof, serial=enrolled.serial)
    proof.require(enrolled.proof)


@task(DemoSettings)
def demo(settings: DemoSettings, report: Report) -> None:
    """Show the whole way without an AWS account: denied, a first MFA device, a login with its proof, allowed.

    A small AWS runs on this machine meanwhile, which checks codes as AWS does; nothing in `~/.aws` is read or written.
    Nobody is asked for anything, and its clock is set on where a person would wait for the next code; with
    `--interactive` a person scans the QR code, types the codes, and waits.
    """
    from toolkit.mfa.demo import play

    viewer = terminal.viewer(interactive=settings.interactive)
    proof.require(play(release.native(settings, report), viewer, report, interactive=settings.interactive))


@task(CleanSettings)
def clean(settings: CleanSettings, report: Report) -> None:
    """Remove what interrupted runs left on this machine and on the Docker engine."""
    for name in cleaning.clean(settings, report):
        report.line(f"removed {name}")


@task(DoctorSettings)
def doctor(settings: DoctorSettings, report: Report) -> None:
    """Tell what building, or a login with `--profile`, needs, what is missing, and the command that mends it."""
    checks.require(report.checks(chain(diagnosis.examine(settings), login_side.examine(settings.profile))))


@task()
def record(settings: Settings, report: Report) -> None:
    """Record `invoke demo` at a terminal as docs/demo.svg, the picture in the README. `invoke matrix` goes before."""
    from toolkit import recording

    del settings, report
    checks.write(recording.pages())


@task()
def check(settings: Settings, report: Report) -> None:
    """Run all that has to hold before the tests: format, lint, types, layers, gofmt, go vet, generated pages."""
    del settings
    checks.require(report.checks((*checks.tools(), *checks.pages(reference.pages(namespace.tasks)))))


@task(DocsSettings)
def docs(settings: DocsSettings, report: Report) -> None:
    """Write docs/reference.md and the generated parts of README.md, or see whether they are up to date."""
    pages = reference.pages(namespace.tasks)
    if settings.check:
        checks.require(report.checks(checks.pages(pages)))
    else:
        checks.write(pages)


namespace = Collection(targets, build, matrix, verify, enroll, demo, clean, doctor, check, docs, record)
