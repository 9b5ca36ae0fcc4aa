// Package credfile writes a session into one section of the AWS credentials file and leaves every other byte alone.
// This file and scan.go are pure: bytes in, bytes out. The disk is in file.go.
package credfile

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"aws-mfa.example/aws-mfa/internal/words"
)

// Session is what a profile gets. A Region of "" leaves the profile's as it is.
type Session struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
	Region                                     string
	Source, Serial                             string // the long-term access key and the device that it came from
}

// The settings this program reads or writes. No SDK defines one for the end of a session: expiry is what most tools
// of the kind write. record names the long-term key, the device and the session's own key: a session whose key is
// another one by now was put there by somebody else.
const (
	accessKey = "aws_access_key_id"
	secretKey = "aws_secret_access_key"
	token     = "aws_session_token"
	expiry    = "x_security_token_expires"
	record    = "x_aws_mfa_source"
	region    = "region"
	// legacyToken is what old tools wrote. botocore reads it first, so a stale one would win over the new session.
	legacyToken = "aws_security_token"
)

// ErrLongTermKeys says that a section holds what may be the only copy of a key: one without a session token.
var ErrLongTermKeys = errors.New("the profile holds long-term keys")

// Put returns text with session in the section called name.
func Put(text []byte, name string, session Session) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	settings := session.settings()
	for _, s := range settings {
		if !Writable(s.value) && (s.key != record || !Writable(strings.ReplaceAll(s.value, " ", ""))) {
			return nil, words.New("value-unwritable", s.key)
		}
	}
	lines, err := scan(text, name)
	if err != nil {
		return nil, err
	}
	if longTerm(lines) {
		return nil, ErrLongTermKeys
	}
	return []byte(strings.Join(replace(lines, name, settings), "")), nil
}

// Section is what there is to know of a section before it is written to.
type Section struct {
	LongTerm bool    // Put would refuse for ErrLongTermKeys
	Legacy   bool    // it has the token of old tools
	Partial  bool    // it has some of what makes a session, and not all
	Kept     Session // what Put left there, if nobody touched it since: what is odd in any way is not trusted
}

// Look reads the section called name, or says why Put would refuse the file.
func Look(text []byte, name string) (found Section, err error) {
	lines, err := scan(text, name)
	found.LongTerm = longTerm(lines)
	values, odd := map[string]string{}, false
	for _, l := range lines {
		if l.ours && l.key != "" {
			_, twice := values[l.key]
			found.Legacy = found.Legacy || l.key == legacyToken
			odd = odd || twice || found.Legacy
			values[l.key] = l.value
		}
	}
	some := []bool{values[accessKey] != "", values[secretKey] != "", values[token] != ""}
	found.Partial = slices.Contains(some, true) && slices.Contains(some, false)
	from := strings.Fields(values[record])
	until, bad := time.Parse(time.RFC3339, values[expiry])
	if !odd && bad == nil && len(from) == 3 && from[2] == values[accessKey] && strings.HasPrefix(from[2], "ASIA") &&
		Writable(values[secretKey]) && Writable(values[token]) {
		found.Kept = Session{from[2], values[secretKey], values[token], until, values[region], from[0], from[1]}
	}
	return found, err
}

// CheckName says why name can not be a section, or nil.
func CheckName(name string) error {
	switch {
	case name == "":
		return words.New("name-empty")
	case strings.ContainsAny(name, "[]#;"):
		return words.New("name-marks")
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }):
		return words.New("name-control")
	case name != strings.Join(strings.Fields(name), " "):
		return words.New("name-blanks")
	case name == "DEFAULT":
		return words.New("name-default")
	case strings.HasPrefix(name, "profile "):
		return words.New("name-profile")
	}
	return nil
}

type setting struct{ key, value string }

func (s Session) settings() []setting {
	all := []setting{{region, s.Region}, {accessKey, s.AccessKeyID}, {secretKey, s.SecretAccessKey},
		{token, s.SessionToken}, {expiry, s.Expires.UTC().Format(time.RFC3339)},
		{record, s.Source + " " + s.Serial + " " + s.AccessKeyID}}
	if s.Region == "" {
		return all[1:]
	}
	return all
}

// Writable reports whether every reader gets value back as it is: none cuts, unquotes or breaks it.
func Writable(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"'\\#;", r)
	})
}

// longTerm says yes in doubt: to a token that is empty for some reader, and to a secret without a key.
func longTerm(lines []line) bool {
	keys, tokens := false, false
	for _, l := range lines {
		value := strings.Trim(l.value, `"'`)
		switch {
		case !l.ours:
		case l.key == accessKey || l.key == secretKey:
			keys = keys || l.value != ""
		case l.key == token || l.key == legacyToken:
			tokens = tokens || value != "" && value[0] != '#' && value[0] != ';'
		}
	}
	return keys && !tokens
}

// replace puts the settings where the section has them already, else behind its last setting, else in a new section.
// It drops what would compete: doubles, twins in upper case, the legacy token, and continuation lines.
func replace(lines []line, name string, settings []setting) []string {
	eol := lineEnding(lines)
	var out []string
	end := -1            // where missing settings go
	dropDeeperThan := -1 // inside a dropped value: its continuation lines go too
	missing := slices.Clone(settings)
	for _, l := range lines {
		at := slices.IndexFunc(missing, func(s setting) bool { return s.key == l.key })
		switch {
		case !l.ours || l.kind == header:
			dropDeeperThan = -1
		case l.kind == filler:
		case dropDeeperThan >= 0 && l.indent > dropDeeperThan:
			continue
		case l.key == legacyToken || slices.ContainsFunc(settings, func(s setting) bool { return s.key == l.key }):
			dropDeeperThan = l.indent
			// An indented setting can be part of another one's value: never reused.
			if l.indent > 0 || at < 0 {
				continue
			}
			l.raw = missing[at].line(ending(l.raw, eol))
			missing = slices.Delete(missing, at, at+1)
		case l.kind != other || l.indent > 0: // for the SDK, what no reader knows does not end a value
			dropDeeperThan = -1
		}
		out = append(out, l.raw)
		if l.ours && l.kind != filler {
			end = len(out)
		}
	}
	return insert(out, end, name, missing, eol)
}

// insert adds the settings behind out[:end], or with a new section if end < 0.
func insert(out []string, end int, name string, settings []setting, eol string) []string {
	var fresh []string
	if end < 0 {
		end = len(out)
		if end > 0 && strings.TrimSpace(out[end-1]) != "" {
			fresh = append(fresh, eol)
		}
		fresh = append(fresh, "["+name+"]"+eol)
	}
	for _, s := range settings {
		fresh = append(fresh, s.line(eol))
	}
	if len(fresh) > 0 && end > 0 && !strings.HasSuffix(out[end-1], "\n") {
		out[end-1] += eol
	}
	return slices.Insert(out, end, fresh...)
}

func (s setting) line(eol string) string { return s.key + " = " + s.value + eol }

// lineEnding is that of the section's header, else of the file's first line.
func lineEnding(lines []line) string {
	if len(lines) == 0 {
		return "\n"
	}
	return ending(lines[max(0, slices.IndexFunc(lines, func(l line) bool { return l.ours }))].raw, "\n")
}

func ending(raw, otherwise string) string {
	for _, eol := range []string{"\r\n", "\n"} {
		if strings.HasSuffix(raw, eol) {
			return eol
		}
	}
	return otherwise
}
