package credfile

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var fresh = Session{
	AccessKeyID:     "ASIANEW",
	SecretAccessKey: "new/secret",
	SessionToken:    "new+token==",
	Expires:         time.Date(2026, 1, 1, 13, 0, 0, 0, time.FixedZone("", 3600)),
	Source:          "AKIALONG",
	Serial:          "serial",
}

const freshLines = "aws_access_key_id = ASIANEW\naws_secret_access_key = new/secret\n" +
	"aws_session_token = new+token==\nx_security_token_expires = 2026-01-01T12:00:00Z\n" +
	"x_aws_mfa_source = AKIALONG serial ASIANEW\n"

// Put changes the section d. <new> represents the five lines of a new session.
func TestPut(t *testing.T) {
	for name, test := range map[string]struct{ before, after string }{
		"no file":                        {after: "[d]\n<new>"},
		"a new section, one line apart":  {before: "[a]\nx = y\n", after: "[a]\nx = y\n\n[d]\n<new>"},
		"an empty line is there already": {before: "[a]\n\n", after: "[a]\n\n[d]\n<new>"},
		"no final newline":               {before: "[a]\nx = y", after: "[a]\nx = y\n\n[d]\n<new>"},
		"a comment alone":                {before: "# x", after: "# x\n\n[d]\n<new>"},
		"an empty section":               {before: "[d]\n\n# about a\n[a]\n", after: "[d]\n<new>\n# about a\n[a]\n"},
		"a header without newline":       {before: "[d]", after: "[d]\n<new>"},
		"behind the last setting": {
			before: "[d]\n# c\no = j\n\n# about a\n[a]\n",
			after:  "[d]\n# c\no = j\n<new>\n# about a\n[a]\n",
		},
		"behind a value of many lines": {before: "[d]\ns3 =\n  a = b\n", after: "[d]\ns3 =\n  a = b\n<new>"},
		"in place": {
			before: "[d]\nx_security_token_expires=1\no = j\n[a]\n",
			after:  "[d]\nx_security_token_expires = 2026-01-01T12:00:00Z\no = j\n<no expiry>[a]\n",
		},
		"a header with a comment": {before: "[d] ; mine\no = j\n", after: "[d] ; mine\no = j\n<new>"},
		"twins and doubles": {
			before: "[d]\nAWS_SESSION_TOKEN = x\naws_session_token: y\n",
			after:  "[d]\n<token first>",
		},
		"continuation lines": {
			before: "[d]\naws_session_token = x\n  more\n# c\n\n\tstill more\no = j\n",
			after:  "[d]\naws_session_token = new+token==\n# c\n\no = j\n<no token>",
		},
		"continued behind no setting": {
			before: "[d]\naws_session_token = x\no # = j\n\tmore\n",
			after:  "[d]\naws_session_token = new+token==\no # = j\n<no token>",
		},
		"indented settings": {
			before: "[d]\n  aws_session_token = x\n  o = j\n",
			after:  "[d]\n  o = j\n<new>",
		},
		"nested behind a vertical tab": {
			before: "[d]\ns3 =\n\vaws_session_token = x\n\fo = j\n",
			after:  "[d]\ns3 =\n\fo = j\n<new>",
		},
		"continued behind a form feed": {
			before: "[d]\naws_session_token = x\n\fmore\no = j\n",
			after:  "[d]\naws_session_token = new+token==\no = j\n<no token>",
		},
		"a separator before a setting": {
			before: "[d]\n\x1caws_session_token = x\n\u0085aws_access_key_id = y\n",
			after:  "[d]\n<new>",
		},
		"the legacy token": {before: "[d]\naws_security_token = x\n", after: "[d]\n<new>"},
		"a legacy token elsewhere": {
			before: "[a]\naws_security_token = x\n[d]\n",
			after:  "[a]\naws_security_token = x\n[d]\n<new>",
		},
		"a region is left alone": {before: "[d]\nregion = r\n", after: "[d]\nregion = r\n<new>"},
		"the name inside others": {
			before: "[dd]\n[profile d]\n[a]\nd = [d]\n",
			after:  "[dd]\n[profile d]\n[a]\nd = [d]\n\n[d]\n<new>",
		},
		"an odd byte": {before: "[a]\r\nx = \x00\n", after: "[a]\r\nx = \x00\n\r\n[d]\r\n<new crlf>"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := strings.SplitAfter(freshLines, "\n")
			want := strings.NewReplacer("<no expiry>", lines[0]+lines[1]+lines[2]+lines[4],
				"<new crlf>", strings.ReplaceAll(freshLines, "\n", "\r\n"), "<no token>", lines[0]+lines[1]+lines[3]+lines[4],
				"<token first>", lines[2]+lines[0]+lines[1]+lines[3]+lines[4], "<new>", freshLines).Replace(test.after)
			got, err := Put([]byte(test.before), "d", fresh)
			if err != nil || string(got) != want {
				t.Errorf("got\n%q, want\n%q (%v)", got, want, err)
			}
		})
	}
}

// New lines have the line ending of the section header, or else of the first line in the file. Replaced lines keep
// theirs.
func TestLineEndings(t *testing.T) {
	for before, after := range map[string]string{
		"[a]\r\n[d]\no = j\n": "[a]\r\n[d]\no = j\n" + freshLines,
		"[a]\n[d]\r\n":        "[a]\n[d]\r\n" + strings.ReplaceAll(freshLines, "\n", "\r\n"),
		"[d]\r\naws_access_key_id = x\naws_secret_access_key = x\r\naws_session_token = x\n" +
			"x_security_token_expires = x": "[d]\r\n" +
			"aws_access_key_id = ASIANEW\n" +
			"aws_secret_access_key = new/secret\r\n" +
			"aws_session_token = new+token==\n" +
			"x_security_token_expires = 2026-01-01T12:00:00Z\r\n" +
			"x_aws_mfa_source = AKIALONG serial ASIANEW\r\n",
	} {
		if got, err := Put([]byte(before), "d", fresh); err != nil || string(got) != after {
			t.Errorf("%q becomes\n%q, not\n%q (%v)", before, got, after, err)
		}
	}
}

// If the session has a region, Put writes it before the session or in place of the old one.
func TestPutRegion(t *testing.T) {
	session := fresh
	session.Region = "eu-west-1"
	for before, after := range map[string]string{
		"":                        "[d]\nregion = eu-west-1\n" + freshLines,
		"[d]\nREGION = \no = j\n": "[d]\nregion = eu-west-1\no = j\n" + freshLines,
	} {
		if got, err := Put([]byte(before), "d", session); err != nil || string(got) != after {
			t.Errorf("%q becomes\n%q (%v)", before, got, err)
		}
	}
}

// Put never overwrites long-term keys. In doubt, a key counts as a long-term one. Keys in other sections do not matter.
func TestLongTermKeys(t *testing.T) {
	for text, want := range map[string]bool{
		"[d]\naws_access_key_id = x\n":                             true,
		"[d]\naws_secret_access_key = x\n":                         true,
		"[d]\n\tAws_Access_Key_Id:x\n":                             true,
		"[d]\naws_access_key_id = x\naws_session_token = \n":       true,
		"[d]\naws_access_key_id = x\naws_session_token = \"\"\n":   true,
		"[d]\naws_access_key_id = x\naws_session_token = # none\n": true,
		"[d]\naws_access_key_id = x\n[a]\naws_session_token = t\n": true,
		"[d]\naws_access_key_id = x\naws_session_token = t\n":      false,
		"[d]\naws_access_key_id = x\naws_security_token = t\n":     false,
		"[d]\naws_access_key_id =\n":                               false,
		"[d]\n#aws_access_key_id = x\n":                            false,
		"[a]\naws_access_key_id = x\n[d]\n":                        false,
	} {
		found, err := Look([]byte(text), "d")
		_, putErr := Put([]byte(text), "d", fresh)
		if err != nil || found.LongTerm != want || errors.Is(putErr, ErrLongTermKeys) != want {
			t.Errorf("%q: %v %v %v", text, found.LongTerm, err, putErr)
		}
	}
}

// If some readers cannot read the file or read it differently, the error has the line.
func TestUnreadableForSome(t *testing.T) {
	for text, want := range map[string]LineError{
		"\ufeff[d]\n":               {Line: 1, Problem: LineBOM},
		"\xff\xfe[\x00d\x00]\x00":   {Line: 1, Problem: LineBOM},
		"[d]\no = j\n[d]\n":         {Line: 3, Problem: LineRepeatsSection, Name: "d"},
		"[a]\n[d]\n\n[a] # again\n": {Line: 4, Problem: LineRepeatsSection, Name: "a"},
		"[d]\n[DEFAULT]\n":          {Line: 2, Problem: LineDefault},
		"[d]\n[default]\n[D]\n":     {},
		"x = y\n[d]\n":              {Line: 1, Problem: LineOutsideSection},
		"# x\n\n y\n[d]\n":          {Line: 3, Problem: LineOutsideSection},
		"[a]\nx = y\n\nX: z\n[d]\n": {Line: 4, Problem: LineRepeatsSetting, Name: "x"},
		"[d]\noutput=a\noutput=b\n": {Line: 3, Problem: LineRepeatsSetting, Name: "output"},
		"[a]\nx=y\n[b]\nx=y\n":      {},
		"[a]\njunk\n":               {Line: 2, Problem: LineNotSetting},
		"[a]\n= x\n":                {Line: 2, Problem: LineNotSetting},
		"[a]\n[\n":                  {Line: 2, Problem: LineNotSetting},
		"[a]\nx = y\n  junk\n":      {},
		"[a]\nx =\n  y = z\n":       {},
		"[a]\nx =\n  y = z\n  k\n":  {Line: 4, Problem: LineNotSetting},
		"[a]\nx = \xff\n":           {Line: 2, Problem: LineNotUTF8},
	} {
		_, err := Put([]byte(text), "d", fresh)
		var got LineError
		if found, ok := errors.AsType[*LineError](err); ok {
			got = *found
		}
		if got != want || (err == nil) != (want == LineError{}) {
			t.Errorf("%q: %+v (%v)", text, got, err)
		}
	}
}

// A header that only some readers recognize is an error only if the session could end up in the wrong section.
func TestUnclearHeader(t *testing.T) {
	for text, refused := range map[string]bool{
		"[d] x\n":           true,
		"[ d ]\n":           true,
		"[d\t]\n":           true,
		"[d]\n[a#]\n":       true,
		"[a#]\n[d]\n":       false,
		"[d]\n[a] x\n":      true,
		" [d]\n":            true,
		"[d] # ]\n":         true,
		"[d]\n [a]\n":       true,
		" [a]\n[d]\n":       false,
		"[d]\n[a]\n[b] x\n": false,
		"[a] x\n[d]\n":      false,
	} {
		if _, err := Put([]byte(text), "d", fresh); (err != nil) != refused {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A name that some readers would read differently is an error.
func TestUnusableNames(t *testing.T) {
	for name, want := range map[string]NameProblem{
		"":          NameEmpty,
		" ":         NameSpaces,
		"a ":        NameSpaces,
		"a  b":      NameSpaces,
		"a\tb":      NameControl,
		"a\n":       NameControl,
		"\xff":      NameControl,
		"\u0085":    NameControl,
		"a]":        NameMarks,
		"[a":        NameMarks,
		"a#":        NameMarks,
		"a;":        NameMarks,
		"DEFAULT":   NameDefault,
		"profile a": NameWithProfile,
	} {
		_, err := Put(nil, name, fresh)
		if got, ok := errors.AsType[*NameError](err); !ok || got.Problem != want || got.Name != name {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"a", "a b", "a@b.c/d", "é", "default"} {
		if _, err := Put(nil, name, fresh); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// A value that some readers would read differently is an error, which does not contain the value.
func TestUnwritableValues(t *testing.T) {
	for _, value := range []string{"", "a b", "a\n", "\"a\"", "'a'", "a\\", "a#", "a;", "é", "\x7f"} {
		session := fresh
		session.SessionToken = value
		_, err := Put(nil, "d", session)
		if got, ok := errors.AsType[*ValueError](err); !ok || got.Setting != token {
			t.Errorf("%q: %v", value, err)
		}
	}
}
