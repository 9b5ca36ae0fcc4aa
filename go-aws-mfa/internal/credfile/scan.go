package credfile

import (
	"bytes"
	"strings"

	"aws-mfa.example/aws-mfa/internal/words"
)

// A line is one line of the file, seen as the AWS SDK for Go sees it. Where
// readers disagree, the comment at the code says which side is taken.
type line struct {
	raw    string // the bytes, with the line ending
	kind   kind
	indent int    // blanks before it
	key    string // of a property, in lower case: the SDK and botocore both lower it
	value  string // of a property, with any comment behind it
	block  int    // which section of the wanted name this line is in, from 1; 0: in another
	home   bool   // in the section whose header is exactly [name]
}

type kind int

const (
	filler   kind = iota // blank lines and comments
	header               // [name]
	property             // key = value
	other                // what continues a value, and what no reader knows
)

// scan splits text into lines and marks those of the section called name. It
// refuses a file that some reader can not read at all, or reads otherwise.
func scan(text []byte, name string) ([]line, error) {
	if marked(text) {
		return nil, words.New("line 1 begins with a byte order mark, which hides the first section")
	}
	var lines []line
	seen := map[string]bool{}
	block, blocks, home := 0, 0, false
	for number, raw := range strings.SplitAfter(string(text), "\n") {
		if raw == "" {
			continue // behind the last newline
		}
		l := classify(raw)
		if unclear(l, block > 0, name) {
			return nil, words.New("line %d is a section header for some programs, and none for others", number+1)
		}
		if l.kind == header {
			switch {
			case l.indent == 0 && seen[l.value]:
				return nil, words.New("line %d begins section `%s` a second time, and the AWS CLI takes no such file", number+1, l.value)
			case l.indent == 0 && l.value == "DEFAULT":
				return nil, words.New("line %d begins section `DEFAULT`, which leaks into all others", number+1)
			}
			seen[l.value] = true
			block, home = 0, false
			if sectionName(l.value) == name {
				blocks++
				// botocore takes the blanks of [ name ] as part of the name; a
				// session there would be lost on it, so only [name] is a home.
				block, home = blocks, l.value == name
			}
		}
		l.block, l.home = block, home
		lines = append(lines, l)
	}
	return lines, nil
}

// marked finds the byte order marks of UTF-8 and UTF-16.
func marked(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\ufeff")) || bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

func classify(raw string) line {
	l := line{raw: raw}
	trimmed := strings.TrimSpace(raw)
	if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
		return l
	}
	l.indent = len(raw) - len(strings.TrimLeft(raw, " \t"))
	if inner, ok := headerName(trimmed); ok {
		l.kind, l.value = header, inner
		return l
	}
	at := strings.IndexAny(trimmed, "=:")
	if l.indent == 0 && at > startOfComment(trimmed) {
		at = -1 // "a # b = c" is no setting
	}
	l.kind = other
	if at >= 0 {
		l.kind = property
		l.key = strings.ToLower(strings.TrimSpace(trimmed[:at]))
		l.value = strings.TrimSpace(trimmed[at+1:])
	}
	return l
}

// startOfComment finds a comment behind a setting: the mark needs a blank before it.
func startOfComment(trimmed string) int {
	for at := 1; at < len(trimmed); at++ {
		if strings.IndexByte("#;", trimmed[at]) >= 0 && strings.IndexByte(" \t", trimmed[at-1]) >= 0 {
			return at
		}
	}
	return len(trimmed)
}

// headerName returns what stands between the brackets of a section header.
func headerName(trimmed string) (string, bool) {
	if at := strings.IndexAny(trimmed, "#;"); at >= 0 {
		trimmed = strings.TrimSpace(trimmed[:at])
	}
	if len(trimmed) < 2 || trimmed[0] != '[' || trimmed[len(trimmed)-1] != ']' {
		return "", false
	}
	return trimmed[1 : len(trimmed)-1], true
}

// sectionName is the name that the SDK gives a header: trimmed, and the first
// run of blanks counts as one.
func sectionName(inner string) string {
	inner = strings.TrimSpace(inner)
	if at := strings.IndexAny(inner, " \t"); at > 0 {
		return inner[:at] + " " + strings.TrimLeft(inner[at:], " \t")
	}
	return inner
}

// unclear finds a line that is a header for one reader and not for another,
// where that matters: in, at or behind the section called name. "[name] junk" is
// one for botocore only; "  [name]" and "[name] # ]" are ones for the SDK only.
func unclear(l line, within bool, name string) bool {
	trimmed := strings.TrimSpace(l.raw)
	if l.kind == filler || !strings.HasPrefix(trimmed, "[") {
		return false
	}
	inner, _, closed := strings.Cut(trimmed[1:], "]")
	if l.kind == header && l.indent == 0 && strings.LastIndex(trimmed, "]") == 1+len(inner) {
		return false
	}
	return closed && (within || sectionName(inner) == name)
}
