// Package messages contains every message of the program in English and Japanese. The catalog is messages.txt. The
// generator turns each entry into a constant, so that a misspelled name does not compile. A message that ends the
// program also has a kind, a hint and an exit code. Only package cli uses the catalog; the other packages return typed
// errors.
package messages

import (
	"cmp"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:generate go run ./generate

// The exit codes. They match those of the AWS CLI where it has one.
const (
	ExitOK            = 0
	ExitInterrupted   = 130 // Ctrl-C or SIGTERM
	ExitUsage         = 252 // the command line, or the code that the user typed
	ExitConfiguration = 253 // the profiles, the keys in them, or the user's devices
	ExitRefused       = 254 // AWS answered with an error
	ExitFailed        = 255 // anything else: network, disk
)

// A Language is one of the languages of the catalog.
type Language int

// The languages, in the order of the catalog.
const (
	English Language = iota
	Japanese
)

// FromEnvironment returns the language of the locale. The first variable that is set decides.
func FromEnvironment(getenv func(string) string) Language {
	locale := cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	if strings.HasPrefix(locale, "ja") {
		return Japanese
	}
	return English
}

// A Kind is a stable name for programs, such as `code-refused`. Several failures may have the same kind.
type Kind string

// A Localized value has a text in each language.
type Localized interface {
	In(language Language) string
}

// A TextKey identifies an entry that is not a failure. The constants are generated.
type TextKey int

// A Text is an entry with the values that go into it. Localized values are shown in the language of the text.
type Text struct {
	key  TextKey
	args []any
}

// New returns the text of an entry.
func New(key TextKey, args ...any) Text {
	return Text{key: key, args: args}
}

// In returns the sentence in a language.
func (t Text) In(language Language) string {
	entry := catalog().Texts[t.key]
	return fill(language, entry.Lines[language], t.args)
}

// A FailureKey identifies an entry that ends the program. The constants are generated.
type FailureKey int

// A Failure is an entry that ends the program, with the values that go into it. Users see no other errors.
type Failure struct {
	key  FailureKey
	args []any
}

// Fail returns the failure of an entry.
func Fail(key FailureKey, args ...any) Failure {
	return Failure{key: key, args: args}
}

// Error returns the sentence in English.
func (f Failure) Error() string {
	return f.In(English)
}

// In returns the sentence in a language.
func (f Failure) In(language Language) string {
	return fill(language, f.entry().Lines[2*language], f.args)
}

// Hint returns advice on what to do next, in a language.
func (f Failure) Hint(language Language) string {
	return fill(language, f.entry().Lines[2*language+1], f.args)
}

// Kind returns the kind of the failure.
func (f Failure) Kind() Kind {
	return f.entry().Kind
}

// ExitCode returns the exit code for the failure.
func (f Failure) ExitCode() int {
	return f.entry().ExitCode
}

func (f Failure) entry() Entry {
	return catalog().Failures[f.key]
}

// fill inserts args into format, which may not use all of them.
func fill(language Language, format string, args []any) string {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg
		if inner, ok := arg.(Localized); ok {
			values[i] = inner.In(language)
		}
	}
	if !strings.Contains(format, "%[") {
		values = values[:min(len(values), strings.Count(format, "%"))]
	}
	return fmt.Sprintf(format, values...)
}

// An Entry is one entry of the catalog.
type Entry struct {
	Name     string
	Kind     Kind // of a failure
	ExitCode int  // of a failure
	Lines    []string
}

// A Catalog holds the entries in the order of the file, which is that of the generated constants.
type Catalog struct {
	Failures []Entry
	Texts    []Entry
}

//go:embed messages.txt
var source string

// catalog parses the catalog when the first message is needed.
var catalog = sync.OnceValue(func() Catalog {
	return Parse(source)
})

// Parse reads a catalog: comments, and entries that begin with NAME KIND EXIT-CODE or with NAME.
func Parse(text string) Catalog {
	var found Catalog
	entries := &found.Texts
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if sentence, isSentence := strings.CutPrefix(line, "\t"); isSentence {
			last := &(*entries)[len(*entries)-1]
			last.Lines = append(last.Lines, sentence)
			continue
		}
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(line, "#"):
		case len(fields) == 1:
			entries = &found.Texts
			*entries = append(*entries, Entry{Name: fields[0]})
		default:
			entries = &found.Failures
			exitCode, _ := strconv.Atoi(fields[2])
			*entries = append(*entries, Entry{Name: fields[0], Kind: Kind(fields[1]), ExitCode: exitCode})
		}
	}
	return found
}

// All returns the whole catalog, for tests and for the generator.
func All() Catalog {
	return catalog()
}
