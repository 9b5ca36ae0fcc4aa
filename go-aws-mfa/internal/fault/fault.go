// Package fault is the one kind of error that people see: what is wrong, what
// to do next, and the exit code.
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

// Error is a failure as it is shown.
type Error struct {
	Code    int
	Message words.Text // no full stop; literals between backticks
	Hint    words.Text // the next thing to do
}

// New makes an Error; format and args make its message.
func New(code int, hint, format string, args ...any) *Error {
	return &Error{Code: code, Hint: words.New(hint), Message: words.New(format, args...)}
}

// WithHint is for a hint that has something to fill in.
func (e *Error) WithHint(format string, args ...any) *Error {
	return &Error{e.Code, e.Message, words.New(format, args...)}
}

func (e *Error) Error() string { return e.Message.Error() }

// Reason is the system's own words for a failed file operation, without the
// path, which the message has already; or a sentence of ours.
func Reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	var text words.Text
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &text):
		return text
	}
	return err
}
