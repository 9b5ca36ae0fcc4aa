package credfile

import (
	"fmt"
	"strings"
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
	home   bool   // in the first section whose header is exactly [name]
}

type kind int

const (
	filler   kind = iota // blank lines and comments
	header               // [name]
	property             // key = value
	other                // what continues a value, and what no reader knows
)

const byteOrderMark = "\ufeff"

// scan splits text into lines and marks those of the sections called name.
func scan(text []byte, name string) ([]line, error) {
	var lines []line
	block, blocks, home, homes := 0, 0, false, 0
	for number, raw := range strings.SplitAfter(string(text), "\n") {
		if raw == "" {
			continue // behind the last newline
		}
		l := classify(raw, number == 0)
		if unclear(l, block > 0, name) {
			return nil, fmt.Errorf("line %d is a section header for some programs, and none for others", number+1)
		}
		if l.kind == header {
			block, home = 0, false
			if sectionName(l.value) == name {
				blocks++
				block = blocks
				// botocore takes the blanks of [ name ] as part of the name; a
				// session there would be lost on it, so only [name] is a home.
				if l.value == name && !strings.HasPrefix(raw, byteOrderMark) {
					homes++
					home = homes == 1
				}
			}
		}
		l.block, l.home = block, home
		lines = append(lines, l)
	}
	return lines, nil
}

func classify(raw string, first bool) line {
	l := line{raw: raw}
	text := raw
	if first {
		text = strings.TrimPrefix(text, byteOrderMark)
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
		return l
	}
	l.indent = len(text) - len(strings.TrimLeft(text, " \t"))
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
