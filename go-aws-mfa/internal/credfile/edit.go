// Package credfile writes a session to one section of the AWS credentials file and keeps every other byte as it is.
// This file and scan.go are pure: bytes in, bytes out. file.go reads and writes files. Update also works for other
// changes and for the config file.
package credfile

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Session is a session and its origin.
type Session struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string
	Expires         time.Time
	Region          string // "" keeps the region of the profile
	Source          string // the ID of the long-term access key that created the session
	Serial          string // the MFA device that created the session
}

// The settings that this program reads or writes. No SDK defines a setting for the end of a session; expiry is the one
// that most similar tools use. record contains the long-term key, the device and the key of the session. If the last
// one differs from accessKey, another program wrote the session.
const (
	accessKey = "aws_access_key_id"
	secretKey = "aws_secret_access_key"
	token     = "aws_session_token"
	expiry    = "x_security_token_expires"
	record    = "x_aws_mfa_source"
	region    = "region"
	// legacyToken is the token of old tools. botocore prefers it, so a stale one would override the new session.
	legacyToken = "aws_security_token"
)

// Put returns text with session in the section called name.
func Put(text []byte, name string, session Session) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	settings := session.settings()
	for _, s := range settings {
		value := s.value
		if s.key == record { // the only value with spaces
			value = strings.ReplaceAll(value, " ", "")
		}
		if !Writable(value) {
			return nil, &ValueError{Setting: s.key}
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

// Section describes a section before it is written to.
type Section struct {
	LongTerm bool    // Put would return ErrLongTermKeys
	Legacy   bool    // it has the token of old tools
	Partial  bool    // it has only some settings of a session
	Kept     Session // the session that Put wrote; zero if the section has changed since
}

// Look reads the section called name. It returns the same error for the file as Put.
func Look(text []byte, name string) (Section, error) {
	lines, err := scan(text, name)
	found := Section{LongTerm: longTerm(lines)}
	values := map[string]string{}
	repeated := false
	for _, l := range lines {
		if !l.ours || l.key == "" {
			continue
		}
		if _, isRepeated := values[l.key]; isRepeated {
			repeated = true
		}
		if l.key == legacyToken {
			found.Legacy = true
		}
		values[l.key] = l.value
	}
	some := []bool{values[accessKey] != "", values[secretKey] != "", values[token] != ""}
	found.Partial = slices.Contains(some, true) && slices.Contains(some, false)
	if !repeated && !found.Legacy {
		found.Kept = keptSession(values)
	}
	return found, err
}

// keptSession returns the session that Put wrote, or a zero one if the settings are inconsistent.
func keptSession(values map[string]string) Session {
	from := strings.Fields(values[record])
	if len(from) != 3 || from[2] != values[accessKey] || !strings.HasPrefix(from[2], "ASIA") {
		return Session{}
	}
	until, err := time.Parse(time.RFC3339, values[expiry])
	if err != nil {
		return Session{}
	}
	for _, value := range append(from, values[secretKey], values[token]) {
		if !Writable(value) { // another program wrote it, and a shell might run it
			return Session{}
		}
	}
	return Session{
		AccessKeyID:     values[accessKey],
		SecretAccessKey: values[secretKey],
		SessionToken:    values[token],
		Expires:         until,
		Region:          values[region],
		Source:          from[0],
		Serial:          from[1],
	}
}

// CheckName returns a *NameError if name cannot be the name of a section.
func CheckName(name string) error {
	var problem NameProblem
	switch {
	case name == "":
		problem = NameEmpty
	case strings.ContainsAny(name, "[]#;"):
		problem = NameMarks
	case strings.ContainsFunc(name, isControl):
		problem = NameControl
	case name != strings.Join(strings.Fields(name), " "):
		problem = NameSpaces
	case name == "DEFAULT":
		problem = NameDefault
	case strings.HasPrefix(name, "profile "):
		problem = NameWithProfile
	default:
		return nil
	}
	return &NameError{Name: name, Problem: problem}
}

func isControl(r rune) bool {
	return !unicode.IsPrint(r) || r == unicode.ReplacementChar
}

type setting struct {
	key   string
	value string
}

// settings returns the settings that Put writes, in the order of a new section.
func (s Session) settings() []setting {
	var all []setting
	if s.Region != "" {
		all = append(all, setting{key: region, value: s.Region})
	}
	return append(all,
		setting{key: accessKey, value: s.AccessKeyID},
		setting{key: secretKey, value: s.SecretAccessKey},
		setting{key: token, value: s.SessionToken},
		setting{key: expiry, value: s.Expires.UTC().Format(time.RFC3339)},
		setting{key: record, value: s.Source + " " + s.Serial + " " + s.AccessKeyID},
	)
}

// Writable reports whether every reader would read value unchanged.
func Writable(value string) bool {
	return value != "" && !strings.ContainsFunc(value, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"'\\#;", r)
	})
}

// longTerm reports whether the section has a key without a token. In doubt it returns true: if the token is empty for
// some readers, or if there is only a secret.
func longTerm(lines []line) bool {
	hasKey := false
	hasToken := false
	for _, l := range lines {
		if !l.ours || l.value == "" {
			continue
		}
		switch l.key {
		case accessKey, secretKey:
			hasKey = true
		case token, legacyToken:
			value := strings.Trim(l.value, `"'`)
			if value != "" && value[0] != '#' && value[0] != ';' {
				hasToken = true
			}
		}
	}
	return hasKey && !hasToken
}

// replace writes the settings in place of existing ones, after the last setting of the section, or in a new section. It
// drops duplicates in any case, the legacy token, and continuation lines.
func replace(lines []line, name string, settings []setting) []string {
	eol := lineEnding(lines)
	var out []string
	end := -1            // where missing settings go
	dropDeeperThan := -1 // the indentation of a dropped value, whose continuation lines are dropped, too
	missing := slices.Clone(settings)
	for _, l := range lines {
		at := slices.IndexFunc(missing, func(s setting) bool { return s.key == l.key })
		isWritten := slices.ContainsFunc(settings, func(s setting) bool { return s.key == l.key })
		switch {
		case !l.ours || l.kind == header:
			dropDeeperThan = -1
		case l.kind == filler:
		case dropDeeperThan >= 0 && l.indent > dropDeeperThan:
			continue
		case l.key == legacyToken || isWritten:
			dropDeeperThan = l.indent
			// An indented setting can be part of another value, so it is never reused.
			if l.indent > 0 || at < 0 {
				continue
			}
			l.raw = missing[at].line(ending(l.raw, eol))
			missing = slices.Delete(missing, at, at+1)
		case l.kind != other || l.indent > 0: // for the SDK, an unknown line does not end a value
			dropDeeperThan = -1
		}
		out = append(out, l.raw)
		if l.ours && l.kind != filler {
			end = len(out)
		}
	}
	return insert(out, end, name, missing, eol)
}

// insert adds the settings after out[:end], or in a new section if end < 0.
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

func (s setting) line(eol string) string {
	return s.key + " = " + s.value + eol
}

// lineEnding returns the line ending of the section header, or else of the first line in the file.
func lineEnding(lines []line) string {
	if len(lines) == 0 {
		return "\n"
	}
	model := lines[0]
	if at := slices.IndexFunc(lines, func(l line) bool { return l.ours }); at >= 0 {
		model = lines[at]
	}
	return ending(model.raw, "\n")
}

func ending(raw, otherwise string) string {
	for _, eol := range []string{"\r\n", "\n"} {
		if strings.HasSuffix(raw, eol) {
			return eol
		}
	}
	return otherwise
}
