from __future__ import annotations

from tests.e2e import test_bad_enroll, test_bad_input, test_bad_login, test_enroll, test_verify
from tests.integration import test_enroll as without_waiting
from tests.integration import test_verify as test_programs
from toolkit import errors
from toolkit.dev.reference import kinds

# Kinds whose setup needs more than a row, and the tests that raise them.
ELSEWHERE = {
    errors.ToolchainError: test_bad_input.test_no_toolchain,
    errors.EngineForbidden: test_bad_input.test_no_permission,
    errors.EngineBroken: test_bad_input.test_engine_that_fails,
    errors.EngineLost: test_bad_input.test_engine_lost,
    errors.DiskFull: test_bad_input.test_full_disk,
    errors.CheckFailed: test_bad_input.test_nothing_can_be_built,
    errors.CredentialsUnwritable: test_bad_login.test_credentials_that_cannot_be_written,
    errors.NotProven: test_programs.test_a_program_that_was_changed,
    errors.OtherProgram: test_programs.test_only_the_program_is_bad,
    errors.MfaNotProven: test_programs.test_only_mfa_is_bad,
    errors.SessionUnusable: test_programs.test_only_the_expiry_is_bad,
    errors.S3Denied: test_verify.test_buckets_denied,
    errors.OtherUser: test_verify.test_another_user,
    errors.CodesRefused: test_enroll.test_wrong_codes,
    errors.EnrollmentFailed: without_waiting.test_a_device_that_vanishes,
}


def test_every_kind_of_error_is_tested() -> None:
    """Each family of errors has a row in a table, or a separate test; only the root is never raised itself."""
    rows = {case.error for case in (*test_bad_input.CASES, *test_bad_login.CASES, *test_bad_enroll.CASES)}
    families = {kind for kind in kinds() if kind.exit_code != getattr(kind.__bases__[0], "exit_code", 0)}
    families.remove(errors.ImagePullFailed)  # it only shares the exit code of another family
    assert families - rows - set(ELSEWHERE) == {errors.ToolkitError}
