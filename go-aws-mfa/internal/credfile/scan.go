package credfile

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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

var (
	clearHeader = regexp.MustCompile(`^\[([^][#;]+)\][ \t]*([#;][^]]*)?$`)
	comment     = regexp.MustCompile(`[ \t][#;]`) // behind a setting: the mark needs a blank before it
)

// scan splits text into lines and marks those of the section called name. It refuses a file that some reader can
// not read at all, or reads otherwise in or about that section.
func scan(text []byte, name string) (lines []line, err error) {
	seen, ours := map[string]bool{}, false
	for raw := range strings.Lines(string(text)) {
		l, number := classify(raw), len(lines)+1
		switch {
		case number == 1 && (strings.HasPrefix(raw, "\ufeff") ||
			strings.HasPrefix(raw, "\xff\xfe") || strings.HasPrefix(raw, "\xfe\xff")):
			return nil, words.New("line-marked")
		case l.kind == header && seen[l.value]:
			return nil, words.New("line-doubles-section", number, l.value)
		case l.kind == header && l.value == "DEFAULT":
			return nil, words.New("line-default", number)
		// For botocore, but for no other, the blanks of [ name ] are part of the name.
		case (l.kind == unclear || l.value != name) && means(raw, name), l.kind == unclear && ours:
			return nil, words.New("line-unclear", number)
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
	case at < 0 || l.indent == 0 && comment.MatchString(trimmed[:at]): // "a # b = c" is no setting
		l.kind = other
	default:
		l.kind, l.key, l.value = property, strings.ToLower(strings.TrimSpace(trimmed[:at])), strings.TrimSpace(trimmed[at+1:])
	}
	return l
}

// replaced are the settings of which Put leaves one, however many there were.
var replaced = []string{accessKey, secretKey, token, legacyToken, expiry, record}

// strict refuses what botocore can not read. One such line anywhere makes the whole file unreadable to the AWS CLI,
// and a session in it would be of no use.
func strict(lines []line) error {
	var keys map[string]bool // of the section so far; nil before the first
	depth, nested := -1, false
	for at, l := range lines {
		trimmed := strings.TrimSpace(l.raw)
		mark := strings.IndexAny(trimmed, "=:")
		switch {
		case !utf8.ValidString(l.raw):
			return words.New("line-not-text", at+1)
		case l.kind == filler:
		case depth >= 0 && l.indent > depth: // it continues the value above
			if nested && !strings.Contains(trimmed, "=") {
				return words.New("line-no-setting", at+1)
			}
		case l.kind == header || l.kind == unclear:
			keys, depth = map[string]bool{}, -1
		case keys == nil:
			return words.New("line-outside", at+1)
		case mark < 1:
			return words.New("line-no-setting", at+1)
		default:
			key := strings.ToLower(strings.TrimSpace(trimmed[:mark]))
			if keys[key] && !(l.ours && slices.Contains(replaced, key)) {
				return words.New("line-doubles-setting", at+1, key)
			}
			keys[key], depth, nested = true, l.indent, mark == len(trimmed)-1
		}
	}
	return nil
}
