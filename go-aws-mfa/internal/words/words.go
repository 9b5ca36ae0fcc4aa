// Package words has every sentence of the program, and says it in the language of the person. A failure is a sentence
// with a hint and an exit code; it is the one kind of error that people see.
package words

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
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

// A Language is one that the table has.
type Language int

// The languages, in the order of the table.
const (
	English Language = iota
	Japanese
)

// FromEnvironment is the language of the locale: the first variable that is set decides.
func FromEnvironment(getenv func(string) string) Language {
	if strings.HasPrefix(cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")), "ja") {
		return Japanese
	}
	return English
}

// table begins with a description of itself.
//
//go:embed words.txt
var table string

type entry struct {
	code int
	said []string
}

// entries is the table by name, read when somebody has something to say.
var entries = sync.OnceValue(func() map[string]*entry {
	found, last := map[string]*entry{}, new(entry)
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\r\n")
		if below, ok := strings.CutPrefix(line, "\t"); ok {
			last.said = append(last.said, below)
			continue
		}
		words := strings.Fields("0 " + line)
		last = new(entry)
		last.code, _ = strconv.Atoi(words[max(0, len(words)-2)])
		found[words[len(words)-1]] = last
	}
	return found
})

// A Text is a sentence of the table and what goes into it.
type Text struct {
	name string
	args []any
}

// New makes a Text of the sentence called name. Texts among args are said in the same language.
func New(name string, args ...any) Text { return Text{name, args} }

// Is reports whether err is the failure called name.
func Is(err error, name string) bool {
	told, ok := errors.AsType[Text](err)
	return ok && told.name == name
}

func (t Text) Error() string { return t.In(English) }

// In is the sentence in a language.
func (t Text) In(l Language) string {
	found := entries()[t.name].said
	return fill(l, found[int(l)*len(found)/2], t.args)
}

// Failure is the exit code, and the hint in a language.
func (t Text) Failure(l Language) (code int, hint string) {
	found := entries()[t.name]
	return found.code, fill(l, found.said[1+2*l], t.args)
}

// fill puts args into format, of which it may not need all.
func fill(l Language, format string, args []any) string {
	said := make([]any, len(args))
	for i, arg := range args {
		said[i] = arg
		if inner, ok := arg.(Text); ok {
			said[i] = inner.In(l)
		}
	}
	if !strings.Contains(format, "%[") {
		said = said[:min(len(said), strings.Count(format, "%"))]
	}
	return fmt.Sprintf(format, said...)
}

// Reason is why a file operation failed, without the path, which the message has already.
func Reason(err error) error { return cmp.Or(errors.Unwrap(err), err) }
