// Package fault is the one kind of error that people see: what is wrong, what to do next, and the exit code.
package fault

import (
	"errors"
	"io/fs"
	"os"

	"aws-mfa.example/aws-mfa/internal/words"
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

// Error is a failure as it is shown: no full stop, literals between backticks.
type Error struct {
	Code          int
	Message, Hint words.Text
}

// New makes an Error; format and args make its message.
func New(code int, hint, format string, args ...any) *Error {
	return &Error{code, words.New(format, args...), words.New(hint)}
}

// WithHint is for a hint that has something to fill in.
func (e *Error) WithHint(format string, args ...any) *Error {
	return &Error{e.Code, e.Message, words.New(format, args...)}
}

func (e *Error) Error() string { return e.Message.Error() }

// Reason is why a file operation failed, without the path, which the message has already.
func Reason(err error) error {
	if path := new(fs.PathError); errors.As(err, &path) {
		return path.Err
	}
	if link := new(os.LinkError); errors.As(err, &link) {
		return link.Err
	}
	return err
}
