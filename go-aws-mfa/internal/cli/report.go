package cli

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"unicode"

	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

// succeed says until when, and what to type next. It goes to stderr: stdout is for data, and there is none.
func (r *run) succeed(until string, reused bool) {
	if r.is("quiet") {
		return
	}
	said := words.New("done", r.destination, until)
	if reused {
		said = words.New("done-before", r.destination, until)
	}
	fmt.Fprintf(r.Stderr, "%s\n%s\n", said.In(r.Language), nextCommand(runtime.GOOS, r.destination))
}

// note says what is good to know but no error.
func (r *run) note(name string, args ...any) {
	if !r.is("quiet") {
		r.tell(r.Stderr, "note: ", words.New(name, args...))
	}
}

// tell prints a line without secrets and without what steers a terminal.
func (r *run) tell(out io.Writer, before string, text words.Text) {
	fmt.Fprintf(out, "aws-mfa: %s%s\n", before, clean(r.seen.hide(text.In(r.Language))))
}

// tellWaiting says, where a person sees it, why nothing happens.
func (r *run) tellWaiting() {
	if t := r.Terminal(); t != nil && !r.is("quiet") {
		r.tell(t.Out, "note: ", words.New("note-waiting", r.destination))
	}
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.@/+:-]+$`)

// nextCommand selects the profile in the shell that goos has, which takes a quoted name as it stands.
func nextCommand(goos, name string) string {
	quoted := func(quote string) string { return "'" + strings.ReplaceAll(name, "'", quote) + "'" }
	plain := plainWord.MatchString(name)
	switch {
	case goos == "windows" && plain:
		return `$env:AWS_DEFAULT_PROFILE = "` + name + `"`
	case goos == "windows":
		return "$env:AWS_DEFAULT_PROFILE = " + quoted("''")
	case plain:
		return "export AWS_DEFAULT_PROFILE=" + name
	}
	return "export AWS_DEFAULT_PROFILE=" + quoted(`'\''`)
}

// fail prints err and returns its exit code.
func (a App) fail(err error, seen secrets) int {
	shown := words.New("unforeseen", err)
	errors.As(err, &shown)
	code, hint := shown.Failure(a.Language)
	said := shown.In(a.Language)
	fmt.Fprintf(a.Stderr, "aws-mfa: error: %s\n\nhint: %s\n", clean(seen.hide(said)), clean(seen.hide(hint)))
	return code
}

// secrets are values that must not be printed, whoever put them in a message.
type secrets []string

// Whatever is shorter is no real key, and hiding it would only garble the text.
const shortestKey = 16

func (s *secrets) add(values ...string) { *s = append(*s, values...) }

func (s secrets) hide(text string) string {
	for _, secret := range s {
		if len(secret) >= shortestKey {
			text = strings.ReplaceAll(text, secret, "***")
		} else if code, bad := prompt.Code(secret); bad == nil {
			// As a word, so that longer numbers such as accounts stay whole.
			text = regexp.MustCompile(`\b`+code+`\b`).ReplaceAllString(text, "***")
		}
	}
	return passwordInURL.ReplaceAllString(text, "//***@")
}

var passwordInURL = regexp.MustCompile(`//[^/@]+@`)

// clean makes one line of text that a server may have written: no line breaks, and nothing that steers a terminal.
func clean(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
}
