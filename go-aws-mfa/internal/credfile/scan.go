package credfile

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A line is one line of the file as the AWS SDK for Go reads it.
type line struct {
	raw    string // the bytes, with the line ending
	kind   kind
	indent int    // leading blanks, as botocore counts them
	key    string // of a property, in lower case, as in the SDK and botocore
	value  string // of a property, with any comment after it; of a header, the name
	ours   bool   // whether it belongs to the section called name
}

type kind int

const (
	filler   kind = iota // blank lines and comments
	header               // [name], for every reader
	unclear              // a header only for botocore ("[a] x") or only for the SDK (" [a]", "[a] # ]")
	property             // key = value
	other                // a continuation of a value, or a line that no reader knows
)

var (
	clearHeader = regexp.MustCompile(`^\[([^][#;]+)\][ \t]*([#;][^]]*)?$`)
	comment     = regexp.MustCompile(`[ \t][#;]`) // a comment after a setting needs a blank before the mark
)

// byteOrderMarks are the byte order marks of UTF-8 and UTF-16.
var byteOrderMarks = []string{"\ufeff", "\xff\xfe", "\xfe\xff"}

// scan splits text into lines and marks those of the section called name. It returns a *LineError if some readers
// cannot read the file, or do not agree about that section.
func scan(text []byte, name string) ([]line, error) {
	for _, mark := range byteOrderMarks {
		if strings.HasPrefix(string(text), mark) {
			return nil, &LineError{Line: 1, Problem: LineBOM}
		}
	}
	var lines []line
	seen := map[string]bool{}
	ours := false
	for raw := range strings.Lines(string(text)) {
		l := classify(raw)
		number := len(lines) + 1
		// Only for botocore, the blanks in [ name ] are part of the name.
		isOtherHeader := l.kind == unclear || l.value != name
		switch {
		case l.kind == header && seen[l.value]:
			return nil, &LineError{Line: number, Problem: LineRepeatsSection, Name: l.value}
		case l.kind == header && l.value == "DEFAULT":
			return nil, &LineError{Line: number, Problem: LineDefault}
		case isOtherHeader && means(raw, name), l.kind == unclear && ours:
			return nil, &LineError{Line: number, Problem: LineAmbiguous}
		case l.kind == header:
			ours = l.value == name
			seen[l.value] = true
		}
		l.ours = ours
		lines = append(lines, l)
	}
	return lines, strict(lines)
}

// means reports whether some reader may read raw as the header of the section called name.
func means(raw, name string) bool {
	inner, isHeader := strings.CutPrefix(strings.TrimSpace(raw), "[")
	inner, _, closed := strings.Cut(inner, "]")
	return isHeader && closed && strings.Join(strings.Fields(inner), " ") == name
}

// classify parses one line.
func classify(raw string) line {
	trimmed := strings.TrimFunc(raw, isBlank)
	indented := strings.TrimLeftFunc(raw, isBlank)
	l := line{raw: raw, indent: utf8.RuneCountInString(raw) - utf8.RuneCountInString(indented)}
	at := strings.IndexAny(trimmed, "=:")
	found := clearHeader.FindStringSubmatch(strings.TrimRight(raw, "\r\n"))
	switch {
	case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		l.kind = filler
	case found != nil:
		l.kind = header
		l.value = found[1]
	case trimmed[0] == '[' && strings.Contains(trimmed, "]"):
		l.kind = unclear
	case at < 0 || l.indent == 0 && comment.MatchString(trimmed[:at]): // "a # b = c" is not a setting
		l.kind = other
	default:
		l.kind = property
		l.key = strings.ToLower(strings.TrimFunc(trimmed[:at], isBlank))
		l.value = strings.TrimFunc(trimmed[at+1:], isBlank)
	}
	return l
}

// isBlank reports whether r is a blank for botocore, like str.isspace. For the SDK, only spaces and tabs indent a line.
// So a line after a vertical tab is a setting for the SDK, but can continue the previous value for botocore.
func isBlank(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// replaced are the settings whose duplicates Put removes.
var replaced = []string{accessKey, secretKey, token, legacyToken, expiry, record}

// strict returns a *LineError for the first line that botocore cannot read. One such line makes the whole file
// unreadable for the AWS CLI, so a session in it would be useless.
func strict(lines []line) error {
	var keys map[string]bool // the keys so far in the section; nil before the first section
	depth := -1              // the indentation of the value that may continue
	nested := false          // whether that value is a block of settings
	for at, l := range lines {
		trimmed := strings.TrimFunc(l.raw, isBlank)
		mark := strings.IndexAny(trimmed, "=:")
		switch {
		case !utf8.ValidString(l.raw):
			return &LineError{Line: at + 1, Problem: LineNotUTF8}
		case l.kind == filler:
		case depth >= 0 && l.indent > depth: // it continues the value above
			if nested && !strings.Contains(trimmed, "=") {
				return &LineError{Line: at + 1, Problem: LineNotSetting}
			}
		case l.kind == header || l.kind == unclear:
			keys = map[string]bool{}
			depth = -1
		case keys == nil:
			return &LineError{Line: at + 1, Problem: LineOutsideSection}
		case mark < 1:
			return &LineError{Line: at + 1, Problem: LineNotSetting}
		default:
			key := strings.ToLower(strings.TrimFunc(trimmed[:mark], isBlank))
			isReplaced := l.ours && slices.Contains(replaced, key)
			if keys[key] && !isReplaced {
				return &LineError{Line: at + 1, Problem: LineRepeatsSetting, Name: key}
			}
			keys[key] = true
			depth = l.indent
			nested = mark == len(trimmed)-1
		}
	}
	return nil
}
