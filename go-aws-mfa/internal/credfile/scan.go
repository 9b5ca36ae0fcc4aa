package credfile

import (
	"regexp"
	"strings"

	"aws-mfa.example/aws-mfa/internal/words"
)

// A line is one line of the file, seen as the AWS SDK for Go sees it.
type line struct {
	raw    string // the bytes, with the line ending
	kind   kind
	indent int    // blanks before it
	key    string // of a property, in lower case: the SDK and botocore both lower it
	value  string // of a property, with any comment behind it; of a header, the name
	ours   bool   // it is in the section called name, or its header
}

type kind int

const (
	filler   kind = iota // blank lines and comments
	header               // [name], for every reader
	unclear              // a header for some readers: "[a] x" for botocore only, " [a]" and "[a] # ]" for the SDK only
	property             // key = value
	other                // what continues a value, and what no reader knows
)

var clearHeader = regexp.MustCompile(`^\[([^][#;]+)\][ \t]*([#;][^]]*)?$`)

// scan splits text into lines and marks those of the section called name. It refuses a file that some reader can
// not read at all, or reads otherwise in or about that section.
func scan(text []byte, name string) (lines []line, err error) {
	seen, ours := map[string]bool{}, false
	for number, raw := range strings.SplitAfter(string(text), "\n") {
		if number == 0 && (strings.HasPrefix(raw, "\ufeff") || strings.HasPrefix(raw, "\xff\xfe") || strings.HasPrefix(raw, "\xfe\xff")) {
			return nil, words.New("line-marked")
		}
		l := classify(raw)
		switch {
		case raw == "": // behind the last newline
			continue
		case l.kind == header && seen[l.value]:
			return nil, words.New("line-doubles-section", number+1, l.value)
		case l.kind == header && l.value == "DEFAULT":
			return nil, words.New("line-default", number+1)
		// For botocore, but for no other, the blanks of [ name ] are part of the name.
		case (l.kind == unclear || l.value != name) && means(raw, name), l.kind == unclear && ours:
			return nil, words.New("line-unclear", number+1)
		case l.kind == header:
			ours, seen[l.value] = l.value == name, true
		}
		l.ours = ours
		lines = append(lines, l)
	}
	return lines, strict(lines)
}

// means reports whether some reader can take raw for the header of the section called name.
func means(raw, name string) bool {
	inner, isHeader := strings.CutPrefix(strings.TrimSpace(raw), "[")
	inner, _, closed := strings.Cut(inner, "]")
	return isHeader && closed && strings.Join(strings.Fields(inner), " ") == name
}

func classify(raw string) line {
	l, trimmed := line{raw: raw, indent: len(raw) - len(strings.TrimLeft(raw, " \t"))}, strings.TrimSpace(raw)
	at := strings.IndexAny(trimmed, "=:")
	found := clearHeader.FindStringSubmatch(strings.TrimRight(raw, "\r\n"))
	switch {
	case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
	case found != nil:
		l.kind, l.value = header, found[1]
	case trimmed[0] == '[' && strings.Contains(trimmed, "]"):
		l.kind = unclear
	case at < 0 || l.indent == 0 && at > startOfComment(trimmed): // "a # b = c" is no setting
		l.kind = other
	default:
		l.kind, l.key, l.value = property, strings.ToLower(strings.TrimSpace(trimmed[:at])), strings.TrimSpace(trimmed[at+1:])
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
