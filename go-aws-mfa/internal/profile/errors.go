package profile

import (
	"errors"
	"fmt"
)

// ErrNoHome reports that the home directory, where the credentials file would be, is unknown.
var ErrNoHome = errors.New("no home directory")

// A PathError reports that one of the files has a relative path to a directory that does not exist. The usual reason
// is an unset variable in that path.
type PathError struct {
	Variable string // the environment variable that the path comes from
	Path     string // its value, expanded as botocore does
}

func (e *PathError) Error() string {
	return fmt.Sprintf("%s leads to %q, whose directory does not exist", e.Variable, e.Path)
}

// An Error reports why a profile cannot be the source or the destination of a session, or cannot get an MFA device.
type Error struct {
	Profile string
	Files   Files
	Problem Problem
	Err     error // the reason, for the problems that have one
}

// A Problem is the kind of an Error.
type Problem int

// The problems with profiles.
const (
	SourceFault            Problem = iota // SRC cannot be used; Err is an *awsfiles.Fault
	DestinationFault                      // DST cannot be used; Err is an *awsfiles.Fault
	CredentialsUnusable                   // the credentials file cannot be read; Err is the reason
	ConfigUnusable                        // the config file cannot be read; Err is the reason
	SectionUnclear                        // a line of the credentials file is ambiguous; Err is a *credfile.LineError
	SourceRegion                          // SRC has an invalid region; Err is an *awsfiles.Fault
	SourceProcessFailed                   // the credential_process of SRC failed; Err is an *exec.ExitError
	SourceProcessOutput                   // the credential_process of SRC did not print keys
	SourceProcessEndless                  // the credential_process of SRC did not end within ProcessLimit
	SourceProcessSession                  // the credential_process of SRC printed the keys of a session
	CertificatesUnusable                  // the file of certificates to trust cannot be used; Err is a *CertificatesError
	EndpointsExclusive                    // FIPS or dual stack, and an endpoint that replaces those of AWS
	EndpointInsecure                      // an endpoint is plain HTTP; Err is an *EndpointError
	EndpointUnusable                      // an endpoint is not a valid address; Err is an *EndpointError
	DestinationHoldsKeys                  // DST holds long-term keys
	DestinationWouldDiffer                // the readers would read different keys from DST after a login
	SerialFault                           // the MFA device of SRC cannot be set; Err is an *awsfiles.Fault
	FilesChanged                          // another program changed the files between the plan and the write
)

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("cannot use profile %q: %v", e.Profile, e.Err)
	}
	return fmt.Sprintf("cannot use profile %q", e.Profile)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error {
	return e.Err
}

// ErrNoCertificates reports a file without PEM certificates.
var ErrNoCertificates = errors.New("no certificates in PEM")

// A CertificatesError reports why a file of certificates cannot be used.
type CertificatesError struct {
	Path string
	Err  error
}

func (e *CertificatesError) Error() string {
	return fmt.Sprintf("%s: %v", e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *CertificatesError) Unwrap() error {
	return e.Err
}

// An EndpointError reports the address of an endpoint that cannot or must not be called.
type EndpointError struct {
	Address string
}

func (e *EndpointError) Error() string {
	return fmt.Sprintf("cannot call %q", e.Address)
}
