package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// succeed says how long the session lasts, and what to type next. It writes to stderr: stdout is for data.
func (r *run) succeed(until string, reused bool) {
	if r.quiet {
		return
	}
	said := messages.New(messages.SessionUntil, r.destination, until)
	if reused {
		said = messages.New(messages.SessionReused, r.destination, until)
	}
	if names := overriding(os.Getenv); len(names) > 0 {
		r.note(messages.NoteOverriding, strings.Join(names, ", "))
	}
	fmt.Fprintln(r.Stderr, said.In(r.Language))
	for _, line := range theShell().nextSteps(r.destination, os.Getenv) {
		fmt.Fprintln(r.Stderr, line)
	}
}

// note says what is good to know and not an error.
func (r *run) note(key messages.TextKey, args ...any) {
	if !r.quiet {
		r.say(r.Stderr, "note: ", messages.New(key, args...))
	}
}

// say prints a line without secrets and without anything that steers a terminal.
func (r *run) say(out io.Writer, before string, text messages.Localized) {
	fmt.Fprintf(out, "aws-mfa: %s%s\n", before, r.seen.clean(text.In(r.Language)))
}

// fail prints a failure and returns its exit code.
func (a App) fail(failed messages.Failure, format string, seen secrets) int {
	message := seen.clean(failed.In(a.Language))
	hint := seen.clean(failed.Hint(a.Language))
	fmt.Fprintf(a.Stderr, "aws-mfa: error[%s]: %s\n\nhint: %s\n", failed.Kind(), message, hint)
	if isForPrograms(format) {
		a.failForPrograms(failed, message, hint)
	}
	return failed.ExitCode()
}

// interrupted returns the exit code after Ctrl-C. A person knows what happened; a program is told.
func (a App) interrupted(format string) int {
	failed := messages.Fail(messages.Interrupted)
	if isForPrograms(format) {
		a.failForPrograms(failed, failed.In(a.Language), failed.Hint(a.Language))
	}
	return failed.ExitCode()
}

// isForPrograms reports whether a program reads the output.
func isForPrograms(format string) bool {
	return format == jsonFormat || format == processFormat
}

// errorDocument is what a program reads about a failure, in one line.
type errorDocument struct {
	Error errorDetails `json:"error"`
}

type errorDetails struct {
	Kind     messages.Kind `json:"kind"`
	Message  string        `json:"message"`
	Hint     string        `json:"hint"`
	ExitCode int           `json:"exit_code"`
}

// failForPrograms prints a failure as a JSON object.
func (a App) failForPrograms(failed messages.Failure, message, hint string) {
	details := errorDetails{Kind: failed.Kind(), Message: message, Hint: hint, ExitCode: failed.ExitCode()}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(errorDocument{Error: details}) // a buffer takes everything
	_, _ = a.Stderr.Write(line.Bytes())
}

// secrets are values that must not be printed, whoever put them into a message.
type secrets []string

// shortestKey is the length of a real key. Hiding something shorter would only garble the text.
const shortestKey = 16

func (s *secrets) add(values ...string) {
	*s = append(*s, values...)
}

// clean returns a text without secrets, and as one line that a server may have written.
func (s secrets) clean(text string) string {
	return oneLine(s.hide(text))
}

// hide replaces the secrets in a text.
func (s secrets) hide(text string) string {
	for _, secret := range s {
		if len(secret) >= shortestKey {
			text = strings.ReplaceAll(text, secret, "***")
		} else if code, err := prompt.Code(secret); err == nil {
			// As a word, so that longer numbers such as accounts stay whole.
			text = regexp.MustCompile(`\b`+code+`\b`).ReplaceAllString(text, "***")
		}
	}
	return passwordInURL.ReplaceAllString(text, "//***@")
}

var passwordInURL = regexp.MustCompile(`//[^/@]+@`)

// oneLine returns a text without line breaks and without anything that steers a terminal.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, isUnprintable), " ")
}

func isUnprintable(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsPrint(r)
}
