// Package fault is the one kind of error that people see: what is wrong, what
// to do next, and the exit code.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// The exit codes. Where the AWS CLI has a code for the same thing, it is that one.
const (
	OK            = 0
	Interrupted   = 130 // Ctrl-C, or asked to end
	Usage         = 252 // the command line, or the code that was typed
	Configuration = 253 // the profiles, the keys in them, or the user's devices
	Refused       = 254 // AWS answered, with an error
	Failed        = 255 // anything else: network, disk
)

// Error is a failure as it is shown.
type Error struct {
	Code    int
	Message string // no full stop; literals between backticks
	Hint    string // the next thing to do
}

// New makes an Error; format and args make its message.
func New(code int, hint, format string, args ...any) *Error {
	return &Error{Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return e.Message }

// Reason is the system's own words for a failed file operation, without the
// path, which the message has already.
func Reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
