"""What can be done here. `invoke --list` shows it, `invoke --help TASK` explains one."""

from __future__ import annotations

from invoke.collection import Collection

from toolkit import checks, cleaning, reference, release
from toolkit import doctor as diagnosis
from toolkit.cli import task
from toolkit.outputs import manifest
from toolkit.report import Report
from toolkit.settings import (
    BuildSettings,
    CleanSettings,
    DocsSettings,
    DoctorSettings,
    MatrixSettings,
    Settings,
    TargetsSettings,
)
from toolkit.targets import NOTES


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


@task(CleanSettings)
def clean(settings: CleanSettings, report: Report) -> None:
    """Remove what interrupted runs left on this machine and on the Docker engine."""
    for name in cleaning.clean(settings, report):
        report.line(f"removed {name}")


@task(DoctorSettings)
def doctor(settings: DoctorSettings, report: Report) -> None:
    """Tell what building needs, what of it is missing, and the command that mends it."""
    checks.require(report.checks(diagnosis.examine(settings)))


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


namespace = Collection(targets, build, matrix, clean, doctor, check, docs)
