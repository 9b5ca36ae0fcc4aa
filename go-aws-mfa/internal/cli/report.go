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

// succeed prints when the session ends and what to type next. It writes to stderr: stdout is for data.
func (r *run) succeed(until string, reused bool) {
	if r.quiet {
		return
	}
	report := messages.New(messages.SessionUntil, r.destination, until)
	if reused {
		report = messages.New(messages.SessionReused, r.destination, until)
	}
	if names := overriding(os.Getenv); len(names) > 0 {
		r.note(messages.NoteOverriding, strings.Join(names, ", "))
	}
	fmt.Fprintln(r.Stderr, report.In(r.Language))
	for _, line := range theShell().nextSteps(r.destination, os.Getenv) {
		fmt.Fprintln(r.Stderr, line)
	}
}

// note prints useful information that is not an error.
func (r *run) note(key messages.TextKey, args ...any) {
	if !r.quiet {
		r.print(r.Stderr, "note: ", messages.New(key, args...))
	}
}

// print prints a line without secrets and terminal control characters.
func (r *run) print(out io.Writer, prefix string, text messages.Localized) {
	fmt.Fprintf(out, "aws-mfa: %s%s\n", prefix, r.seen.clean(text.In(r.Language)))
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

// interrupted returns the exit code after Ctrl-C. It reports the interruption only to programs; people know about it.
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

// errorDocument is the one-line JSON report of a failure for programs.
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
	_ = encoder.Encode(errorDocument{Error: details}) // writing to a buffer cannot fail
	_, _ = a.Stderr.Write(line.Bytes())
}

// secrets are values that must not be printed, even if a server put them into a message.
type secrets []string

// shortestKey is the minimum length of a key. Hiding something shorter would only garble the text.
const shortestKey = 16

func (s *secrets) add(values ...string) {
	*s = append(*s, values...)
}

// clean returns a text, which may come from a server, as one line without secrets.
func (s secrets) clean(text string) string {
	return oneLine(s.hide(text))
}

// hide replaces the secrets in a text.
func (s secrets) hide(text string) string {
	for _, secret := range s {
		if len(secret) >= shortestKey {
			text = strings.ReplaceAll(text, secret, "***")
		} else if code, err := prompt.Code(secret); err == nil {
			// Only whole words, so that longer numbers such as account IDs stay intact.
			text = regexp.MustCompile(`\b`+code+`\b`).ReplaceAllString(text, "***")
		}
	}
	return passwordInURL.ReplaceAllString(text, "//***@")
}

var passwordInURL = regexp.MustCompile(`//[^/@]+@`)

// oneLine returns a text without line breaks and terminal control characters.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, isUnprintable), " ")
}

func isUnprintable(r rune) bool {
	return unicode.IsSpace(r) || !unicode.IsPrint(r)
}
