from __future__ import annotations

from tests.e2e import test_bad_enroll, test_bad_input, test_bad_login, test_enroll, test_verify
from tests.integration import test_enroll as without_waiting
from tests.integration import test_keys_that_were_read, test_module_refusals
from tests.integration import test_verify as test_programs
from tests.unit.cli import test_streams
from tests.unit.engines.docker import test_host
from tests.unit.go import test_filelist, test_snapshot
from tests.unit.mfa import test_program
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
    errors.LinkOutside: test_filelist.test_what_is_needed_and_cannot_be_used_is_an_error,
    errors.SpecialFile: test_filelist.test_what_is_needed_and_cannot_be_used_is_an_error,
    errors.FileUnreadable: test_filelist.test_what_is_needed_and_cannot_be_used_is_an_error,
    errors.NameNotText: test_filelist.test_a_name_that_go_cannot_print_is_an_error_of_the_source,
    errors.IncludeOutside: test_filelist.test_an_include_outside_the_module_is_an_error,
    errors.ReplacementOutside: test_snapshot.test_a_replaced_module_elsewhere_is_an_error,
    errors.SourceTooLarge: test_snapshot.test_a_source_may_be_as_large_as_its_limit,
    errors.ChecksumMismatch: test_module_refusals.test_a_module_that_was_tampered_with,
    errors.WrongContainers: test_host.test_an_engine_of_another_system_is_of_no_use,
    errors.StdoutUnwritable: test_streams.test_a_standard_output_that_cannot_be_written_is_one_error,
    errors.ProfileIsRole: test_keys_that_were_read.test_a_profile_that_is_refused,
    errors.ClockWrong: test_bad_login.test_a_clock_that_is_wrong,
    # These come from the program, which names them.
    errors.CredentialProcessFailed: test_program.test_a_failure_is_known_by_its_kind_alone,
    errors.LoginInterrupted: test_program.test_a_failure_is_known_by_its_kind_alone,
    errors.ProgramDefect: test_program.test_a_failure_is_known_by_its_kind_alone,
}


def test_every_kind_of_error_is_tested() -> None:
    """Each error has a row in a table, or a separate test; only the root is never raised itself."""
    rows = {case.error for case in (*test_bad_input.CASES, *test_bad_login.CASES, *test_bad_enroll.CASES)}
    assert set(kinds()) - rows - set(ELSEWHERE) == {errors.ToolkitError}
