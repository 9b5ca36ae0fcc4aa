package credfile

import (
	"strings"

	"aws-mfa.example/aws-mfa/internal/words"
)

// A line is one line of the file, seen as the AWS SDK for Go sees it. Where readers disagree, the comment at the
// code says which side is taken.
type line struct {
	raw    string // the bytes, with the line ending
	kind   kind
	indent int    // blanks before it
	key    string // of a property, in lower case: the SDK and botocore both lower it
	value  string // of a property, with any comment behind it; of a header, the name
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

// scan splits text into lines and marks those of the sections called name. It refuses a file that some reader can
// not read at all, or reads otherwise.
func scan(text []byte, name string) ([]line, error) {
	var lines []line
	seen := map[string]bool{}
	block, blocks, home := 0, 0, false
	for number, raw := range strings.SplitAfter(string(text), "\n") {
		if raw == "" {
			continue // behind the last newline
		}
		l := classify(raw)
		if err := unclear(l, number+1, block > 0, name, seen); err != nil {
			return nil, err
		}
		if l.kind == header {
			block, home, seen[l.value] = 0, false, true
			if sectionName(l.value) == name {
				blocks++
				// For botocore the blanks of [ name ] are part of the name; a session there would be lost on it.
				block, home = blocks, l.value == name
			}
		}
		l.block, l.home = block, home
		lines = append(lines, l)
	}
	return lines, nil
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
	if at < 0 || l.indent == 0 && at > startOfComment(trimmed) { // "a # b = c" is no setting
		l.kind = other
		return l
	}
	l.kind, l.key, l.value = property, strings.ToLower(strings.TrimSpace(trimmed[:at])), strings.TrimSpace(trimmed[at+1:])
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

func headerName(trimmed string) (string, bool) {
	if at := strings.IndexAny(trimmed, "#;"); at >= 0 {
		trimmed = strings.TrimSpace(trimmed[:at])
	}
	if len(trimmed) < 2 || trimmed[0] != '[' || trimmed[len(trimmed)-1] != ']' {
		return "", false
	}
	return trimmed[1 : len(trimmed)-1], true
}

// sectionName is the name that the SDK gives a header: trimmed, and the first run of blanks counts as one.
func sectionName(inner string) string {
	inner = strings.TrimSpace(inner)
	if at := strings.IndexAny(inner, " \t"); at > 0 {
		return inner[:at] + " " + strings.TrimLeft(inner[at:], " \t")
	}
	return inner
}

// unclear says what makes a line dangerous: it is a section header for one reader and not for another, in, at or
// behind the section called name; or some reader takes no such section anywhere.
func unclear(l line, number int, within bool, name string, seen map[string]bool) error {
	trimmed := strings.TrimSpace(l.raw)
	marked := strings.HasPrefix(l.raw, "\ufeff") || strings.HasPrefix(l.raw, "\xff\xfe") || strings.HasPrefix(l.raw, "\xfe\xff")
	if number == 1 && marked { // of UTF-8 or UTF-16
		return words.New("line-marked")
	}
	if l.kind == filler || !strings.HasPrefix(trimmed, "[") {
		return nil
	}
	inner, _, closed := strings.Cut(trimmed[1:], "]")
	plain := l.kind == header && l.indent == 0
	switch {
	case plain && seen[l.value]:
		return words.New("line-doubles-section", number, l.value)
	case plain && l.value == "DEFAULT":
		return words.New("line-default", number)
	case plain && strings.LastIndex(trimmed, "]") == 1+len(inner):
		return nil
	case closed && (within || sectionName(inner) == name):
		// "[name] junk" is a header for botocore only; "  [name]" and "[name] # ]" are for the SDK only.
		return words.New("line-unclear", number)
	}
	return nil
}
