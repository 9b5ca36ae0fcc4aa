"""The tasks. `invoke --list` shows them, `invoke --help TASK` explains one."""

from __future__ import annotations

from itertools import chain

from invoke.collection import Collection

from toolkit.cli import clean as cleaning
from toolkit.cli import prompt, streams, terminal
from toolkit.cli.report import Report
from toolkit.cli.task import task
from toolkit.dev import check as checks
from toolkit.dev import reference
from toolkit.doctor import build as diagnosis
from toolkit.doctor import login as login_side
from toolkit.go.targets import NOTES
from toolkit.mfa import enroll as enrolling
from toolkit.mfa import login, proof
from toolkit.mfa import verify as verification
from toolkit.outputs import manifest
from toolkit.release import flow
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

streams.prepare()


@task(TargetsSettings)
def targets(settings: TargetsSettings, report: Report) -> None:
    """List every GOOS/GOARCH pair that the pinned Go knows, and the pairs that cannot be built."""
    report.targets(flow.all_targets(settings, report), NOTES)


@task(BuildSettings)
def build(settings: BuildSettings, report: Report) -> None:
    """Build and check the program for one pair, this machine's by default; print its path."""
    report.line(flow.build_one(settings, report).path)


@task(MatrixSettings)
def matrix(settings: MatrixSettings, report: Report) -> None:
    """Build, check and package every pair into `dist/release/`.

    Pairs whose source has not changed are not compiled again. Exits with 0 only if every selected pair was built that
    Go itself can build.
    """
    release = flow.matrix(settings, report)
    report.matrix(release, manifest.read(release))
    flow.check(release.outcomes)


@task(VerifySettings)
def verify(settings: VerifySettings, report: Report) -> None:
    """Log in with the built program, and prove with `sts get-caller-identity` that it worked.

    Runs this machine's program as users do, then asks STS for the identity of the long-term key and of the session,
    and lists buckets as `aws s3 ls` does. Prompts for the code, or reads it from the first line of standard input if
    that is not a terminal. For unattended logins, name a command that prints codes with `--totp-command`.
    """
    prepared, codes = login.prepare(settings), prompt.codes(settings, report)
    found = verification.verify(prepared, flow.native(settings, report), codes, require_s3=settings.require_s3)
    report.proof(found)
    proof.require(found)


@task(EnrollSettings)
def enroll(settings: EnrollSettings, report: Report) -> None:
    """Give the profile's user a first MFA device, by a QR code on the terminal, and log in with it.

    Shows a QR code, prompts for two codes, and writes `mfa_serial` with `aws-mfa set-serial`; then logs in with a third
    code and proves the login as `invoke verify` does. The seed is shown on the terminal, or passed to the command of
    `--totp-command`, which must store it: it is never shown again and never written to disk.
    """
    request = enrolling.prepare(settings)
    authenticator = terminal.authenticator(settings)
    enrolled = enrolling.enroll(request, flow.programs(settings, report), authenticator, report)
    report.proof(enrolled.proof, serial=enrolled.serial)
    proof.require(enrolled.proof)


@task(DemoSettings)
def demo(settings: DemoSettings, report: Report) -> None:
    """Show all steps without an AWS account: access denied, a first MFA device, a proven login, access allowed.

    Runs against a small AWS on this machine, which checks codes as AWS does; `~/.aws` is neither read nor written. It
    needs no input, and its clock skips ahead instead of waiting for the next code. With `--interactive` you scan the
    QR code with a phone, type the codes, and wait.
    """
    from toolkit.mfa.demo import play

    viewer = terminal.viewer(interactive=settings.interactive)
    proof.require(play(flow.programs(settings, report), viewer, report, report.proof, interactive=settings.interactive))


@task(CleanSettings)
def clean(settings: CleanSettings, report: Report) -> None:
    """Remove the leftovers of interrupted runs on this machine and on the Docker engine."""
    for name in cleaning.clean(settings, report):
        report.line(f"removed {name}")


@task(DoctorSettings)
def doctor(settings: DoctorSettings, report: Report) -> None:
    """Check that this machine can build, and with `--profile` log in; show how to fix each problem."""
    rows = login_side.examine(settings.profile, allow_http=settings.allow_http)
    checks.require(report.checks(chain(diagnosis.examine(settings), rows)))


@task()
def record(settings: Settings, report: Report) -> None:
    """Record `invoke demo` as docs/demo.svg, the picture in the README; run `invoke matrix` first."""
    from toolkit.dev import recording

    del settings, report
    checks.write(recording.pages())


@task()
def check(settings: Settings, report: Report) -> None:
    """Run every check that CI runs before the tests: format, lint, types, layers, Go, English, generated pages."""
    del settings
    checks.require(report.checks((*checks.tools(), *checks.pages(reference.pages(namespace.tasks)))))


@task(DocsSettings)
def docs(settings: DocsSettings, report: Report) -> None:
    """Write docs/reference.md and the generated part of README.md, or check that they are up to date."""
    pages = reference.pages(namespace.tasks)
    if settings.check:
        checks.require(report.checks(checks.pages(pages)))
    else:
        checks.write(pages)


namespace = Collection(targets, build, matrix, verify, enroll, demo, clean, doctor, check, docs, record)
