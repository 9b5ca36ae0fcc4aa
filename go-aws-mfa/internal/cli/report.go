package cli

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"
	"unicode"

	"aws-mfa.example/aws-mfa/internal/fault"
)

// succeed says until when, and what to type next. It goes to stderr: stdout is
// for data, and there is none.
func (a App) succeed(name string, until time.Time) {
	fmt.Fprintf(a.Stderr, "profile %s: session until %s\n%s\n",
		name, until.UTC().Format(time.RFC3339), nextCommand(runtime.GOOS, name))
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.@/+:-]+$`)

// nextCommand selects the profile in the shell that goos has. A name with
// anything special in it is quoted so that the shell takes it as it stands.
func nextCommand(goos, name string) string {
	if goos == "windows" {
		if plainWord.MatchString(name) {
			return `$env:AWS_DEFAULT_PROFILE = "` + name + `"`
		}
		return `$env:AWS_DEFAULT_PROFILE = '` + strings.ReplaceAll(name, `'`, `''`) + `'`
	}
	if !plainWord.MatchString(name) {
		name = `'` + strings.ReplaceAll(name, `'`, `'\''`) + `'`
	}
	return "export AWS_DEFAULT_PROFILE=" + name
}

// fail prints err and returns its exit code.
func (a App) fail(err error, seen secrets) int {
	shown := fault.New(fault.Failed, "aws-mfa --help", "%v", err)
	errors.As(err, &shown)
	fmt.Fprintf(a.Stderr, "aws-mfa: error: %s\n\nhint: %s\n",
		clean(seen.hide(shown.Message)), clean(seen.hide(shown.Hint)))
	return shown.Code
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
		} else if code.MatchString(secret) {
			// As a word, so that longer numbers such as accounts stay whole.
			text = regexp.MustCompile(`\b`+secret+`\b`).ReplaceAllString(text, "***")
		}
	}
	return passwordInURL.ReplaceAllString(text, "//***@")
}

var code = regexp.MustCompile(`^[0-9]{6}$`)

var passwordInURL = regexp.MustCompile(`//[^/@]+@`)

// clean makes one line of text that a server may have written: no line breaks,
// and nothing that steers a terminal.
func clean(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
}
