// Package words says the program's sentences in the language of the person.
package words

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

// table has every sentence in English and, on the indented line below, in Japanese.
//
//go:embed words.txt
var table string

// A Text is a sentence with fmt's verbs, and what goes into it. As a reason it is an error, too.
type Text struct {
	English string
	Args    []any
}

// New makes a Text.
func New(english string, args ...any) Text { return Text{english, args} }

func (t Text) Error() string { return English.Say(t) }

// A Language is one that the table has.
type Language int

// The languages.
const (
	English Language = iota
	Japanese
)

// FromEnvironment is the language of the locale: the first variable that is set decides.
func FromEnvironment(getenv func(string) string) Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if locale := getenv(name); strings.HasPrefix(locale, "ja") {
			return Japanese
		} else if locale != "" {
			break
		}
	}
	return English
}

// Say puts t into words, and with it the Texts that are part of it.
func (l Language) Say(t Text) string {
	format := t.English
	if l == Japanese && translations()[format] != "" {
		format = translations()[format]
	}
	if len(t.Args) == 0 {
		return format
	}
	args := make([]any, len(t.Args))
	for i, arg := range t.Args {
		args[i] = arg
		if inner, ok := arg.(Text); ok {
			args[i] = l.Say(inner)
		}
	}
	return fmt.Sprintf(format, args...)
}

var translations = sync.OnceValue(func() map[string]string {
	found, english := map[string]string{}, ""
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\r\n")
		if translated, ok := strings.CutPrefix(line, "\t"); ok {
			found[english] = translated
		} else {
			english = line
		}
	}
	return found
})
