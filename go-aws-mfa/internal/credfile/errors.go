package credfile

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrLongTermKeys reports that a section contains long-term keys, perhaps the only copy of them.
	ErrLongTermKeys = errors.New("the profile holds long-term keys")
	// ErrNotRegular reports a directory, a pipe or a device, which a rename must not replace.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooManyLinks reports more than MaxLinks symbolic links in a row.
	ErrTooManyLinks = fmt.Errorf("more than %d symbolic links in a row", MaxLinks)
)

// A DirectoryError reports a directory in which files cannot be created or replaced.
type DirectoryError struct {
	Path string
	Err  error
}

func (e *DirectoryError) Error() string {
	return fmt.Sprintf("cannot create files in %s: %v", e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *DirectoryError) Unwrap() error {
	return e.Err
}

// A LockError reports a lock that another process holds for too long, or that cannot be opened.
type LockError struct {
	Path  string
	Limit time.Duration // how long the wait was; 0 if the lock cannot be opened
	Err   error         // why the lock cannot be opened
}

func (e *LockError) Error() string {
	if e.Limit > 0 {
		return fmt.Sprintf("another process has held %s for %v", e.Path, e.Limit)
	}
	return fmt.Sprintf("cannot open %s: %v", e.Path, e.Err)
}

// Unwrap returns the reason.
func (e *LockError) Unwrap() error {
	return e.Err
}

// A NameError reports an invalid section name.
type NameError struct {
	Name    string
	Problem NameProblem
}

// A NameProblem is the kind of a NameError.
type NameProblem int

// The problems with names.
const (
	NameEmpty       NameProblem = iota
	NameMarks                   // one of [ ] # ;
	NameControl                 // control characters, or bytes that are not UTF-8
	NameSpaces                  // a space at either end, or two in a row
	NameDefault                 // DEFAULT, whose settings botocore applies to all sections
	NameWithProfile             // begins with `profile`, the prefix in the config file
)

func (e *NameError) Error() string {
	return fmt.Sprintf("%q cannot be the name of a profile", e.Name)
}

// A LineError reports a line of the file that some readers cannot read or read differently.
type LineError struct {
	Line    int // from 1
	Problem LineProblem
	Name    string // the section or the setting that is repeated
}

// A LineProblem is the kind of a LineError.
type LineProblem int

// The problems with lines.
const (
	LineBOM            LineProblem = iota // a byte order mark
	LineNotUTF8                           // bytes that are not UTF-8
	LineAmbiguous                         // a section header for some readers only
	LineDefault                           // the section DEFAULT, whose settings botocore applies to all others
	LineRepeatsSection                    // the second header of a section
	LineRepeatsSetting                    // a second value for a setting
	LineOutsideSection                    // text before the first section
	LineNotSetting                        // neither a section nor a setting
)

func (e *LineError) Error() string {
	return fmt.Sprintf("line %d cannot be read by every program", e.Line)
}

// A ValueError reports a value that cannot be written to the file. It does not contain the value, which may be a
// secret.
type ValueError struct {
	Setting string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("cannot write the value of %s to the file", e.Setting)
}
