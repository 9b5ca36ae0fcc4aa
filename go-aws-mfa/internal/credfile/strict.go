package credfile

import (
	"slices"
	"strings"
	"unicode/utf8"

	"aws-mfa.example/aws-mfa/internal/words"
)

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
