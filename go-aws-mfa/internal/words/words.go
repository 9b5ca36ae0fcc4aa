// Package words has every sentence of the program, and says it in the language of the person.
package words

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// table begins with a description of itself.
//
//go:embed words.txt
var table string

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

// entries are the lines below each line of the table that begins an entry; read only when somebody needs them.
var entries = sync.OnceValue(func() map[string][]string {
	found, head := map[string][]string{}, ""
	for line := range strings.Lines(table) {
		line = strings.TrimRight(line, "\r\n")
		if below, ok := strings.CutPrefix(line, "\t"); ok {
			found[head] = append(found[head], below)
		} else if code, name, _ := strings.Cut(line, " "); len(code) == 3 && code[0] == '2' {
			head, found[name] = name, []string{code}
		} else {
			head = line
		}
	}
	return found
})

// A Text is a sentence with fmt's verbs, and what goes into it. As a reason it is an error, too.
type Text struct {
	English string
	Args    []any
}

// New makes a Text.
func New(english string, args ...any) Text { return Text{english, args} }

func (t Text) Error() string { return t.In(English) }

// In is t in the language l.
func (t Text) In(l Language) string {
	if l == Japanese && entries()[t.English] != nil {
		return fill(l, entries()[t.English][0], t.Args)
	}
	return fill(l, t.English, t.Args)
}

// Failure is the exit code, the sentence and the hint of what failed.
func Failure(l Language, name string, args []any) (code int, sentence, hint string) {
	found := entries()[name]
	code, _ = strconv.Atoi(found[0])
	return code, fill(l, found[1+2*l], args), fill(l, found[2+2*l], args)
}

// fill puts args into format, of which it may not need all. What is a sentence itself is said in the same language.
func fill(l Language, format string, args []any) string {
	said := make([]any, len(args))
	for i, arg := range args {
		said[i] = arg
		if inner, ok := arg.(interface{ In(Language) string }); ok {
			said[i] = inner.In(l)
		}
	}
	if !strings.Contains(format, "%[") {
		said = said[:min(len(said), strings.Count(format, "%"))]
	}
	return fmt.Sprintf(format, said...)
}
