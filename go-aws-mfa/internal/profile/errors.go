package profile

import (
	"errors"
	"fmt"
)

// ErrNoHome reports that no directory is known that could hold the credentials file.
var ErrNoHome = errors.New("no home directory")

// An Error reports why a profile cannot be the source or the destination of a session.
type Error struct {
	Profile string
	Files   Files
	Problem Problem
	Err     error // the reason, for the problems that have one
}

// A Problem says what keeps a profile from being used.
type Problem int

// The problems with profiles.
const (
	Missing              Problem = iota // neither file has the profile
	Unusable                            // the SDK cannot read it, or not with these variables; Err is the reason
	FileUnusable                        // the credentials file cannot be read; Err is the reason
	FileLoneQuote                       // a value in one of the files is a single quotation mark
	SectionUnclear                      // a line of the credentials file is in the way; Err is a *credfile.LineError
	SourceWithoutKeys                   // it has no access key
	SourceIsRole                        // it assumes a role
	SourceIsSession                     // its keys are those of a session
	SourceRegion                        // its region cannot be a region
	SourceProcessFailed                 // its credential_process failed; Err is an *exec.ExitError
	SourceProcessOutput                 // its credential_process did not print keys
	DestinationHoldsKeys                // it holds long-term keys
	DestinationIsRole                   // a role or SSO would hide the session
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
