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

// Error is a failure that the table of words has by its name.
type Error struct {
	name string
	args []any
}

// New makes an Error; args go into its sentence and its hint.
func New(name string, args ...any) *Error { return &Error{name, args} }

// Is reports whether err is the failure called name.
func Is(err error, name string) bool {
	told := new(Error)
	return errors.As(err, &told) && told.name == name
}

func (e *Error) Error() string { return e.In(words.English) }

// In is the sentence in a language.
func (e *Error) In(l words.Language) string {
	_, sentence, _ := e.Told(l)
	return sentence
}

// Told is all that people get to know: the exit code, and the sentence and the hint in a language.
func (e *Error) Told(l words.Language) (code int, sentence, hint string) {
	return words.Failure(l, e.name, e.args)
}

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
