package awsfiles

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

const (
	phone  = "arn:aws:iam::123456789012:mfa/alice"
	keys   = "[example]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n"
	serial = "mfa_serial = " + phone + "\n"
)

// SetSerial changes the config file. The keys of the profile are in the credentials file.
func TestSetSerialInConfig(t *testing.T) {
	for name, test := range map[string]struct{ before, after string }{
		"no file":                     {after: "[profile example]\n" + serial},
		"a comment without a newline": {before: "# mine", after: "# mine\n\n[profile example]\n" + serial},
		"another profile": {
			before: "[default]\nregion = x\n",
			after:  "[default]\nregion = x\n\n[profile example]\n" + serial,
		},
		"an empty line at the end": {before: "[default]\n\n", after: "[default]\n\n[profile example]\n" + serial},
		"line ends of Windows": {
			before: "[default]\r\nregion=x",
			after:  "[default]\r\nregion=x\r\n\r\n[profile example]\r\nmfa_serial = " + phone + "\r\n",
		},
		"line ends of the section": {
			before: "[default]\r\n[profile example]\na = b\r\n",
			after:  "[default]\r\n[profile example]\na = b\r\n" + serial,
		},
		"a header without a newline": {before: "[profile example]", after: "[profile example]\n" + serial},
		"an open last line": {
			before: "[profile example]\nregion = x",
			after:  "[profile example]\nregion = x\n" + serial,
		},
		"comments that follow": {
			before: "[profile example]\na = b\n\n# c\n\n[x]\n",
			after:  "[profile example]\na = b\n" + serial + "\n# c\n\n[x]\n",
		},
		"comments between": {
			before: "[profile example] # mine\n# c\n; d\na = b\n",
			after:  "[profile example] # mine\n# c\n; d\na = b\n" + serial,
		},
		"a block of nested settings": {
			before: "[profile example]\ns3 =\n  a = b\n  c = d\n[x]\n",
			after:  "[profile example]\ns3 =\n  a = b\n  c = d\n" + serial + "[x]\n",
		},
		"an indented section": {
			before: "[profile example]\n  a = b\n  [x]\n",
			after:  "[profile example]\n  a = b\n  " + serial + "  [x]\n",
		},
		"an indented header": {
			before: "[profile example]\n    [x]\n",
			after:  "[profile example]\n    " + serial + "    [x]\n",
		},
		"blanks in the header": {before: "[profile   example]\na: b\n", after: "[profile   example]\na: b\n" + serial},
		"another value, in other letters": {
			before: "[profile example]\nMFA_Serial:old\nb = c\n",
			after:  "[profile example]\nMFA_Serial:" + phone + "\nb = c\n",
		},
		"another value, open": {
			before: "[profile example]\nmfa_serial = old",
			after:  "[profile example]\n" + strings.TrimSpace(serial),
		},
		"another value, indented": {
			before: "[profile example]\n\tmfa_serial = old\n",
			after:  "[profile example]\n\t" + serial,
		},
		"a value with a comment": {
			before: "[profile example]\nmfa_serial = old # mine\n",
			after:  "[profile example]\n" + serial,
		},
		"a value in quotes": {
			before: "[profile example]\nmfa_serial = \"" + phone + "\"\n",
			after:  "[profile example]\n" + serial,
		},
		"an empty value": {
			before: "[profile example]\nmfa_serial =\r\nb = c\r\n",
			after:  "[profile example]\nmfa_serial =" + phone + "\r\nb = c\r\n",
		},
		"a value of several lines": {
			before: "[profile example]\nmfa_serial = old\n  more\nb = c\n",
			after:  "[profile example]\n" + serial + "b = c\n",
		},
		"a value that is a block": {
			before: "[profile example]\nmfa_serial =\n  a=old\n  # c\nb = c\n",
			after:  "[profile example]\nmfa_serial =" + phone + "\n  # c\nb = c\n",
		},
		"a line of the value above": {
			before: "[profile example]\na = b\n  mfa_serial = x\n",
			after:  "[profile example]\na = b\n  mfa_serial = x\n" + serial,
		},
		"text of any language": {
			before: "[profile é]\n# 日本\nu = ü\n",
			after:  "[profile é]\n# 日本\nu = ü\n\n[profile example]\n" + serial,
		},
		"a nested line after a vertical tab": {
			before: "[profile example]\ns3 =\n\va = b\n",
			after:  "[profile example]\ns3 =\n\va = b\n" + serial,
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := Files{Config: []byte(test.before), Credentials: []byte(keys)}
			edit, err := SetSerial(files, "example", phone)
			if err != nil || edit.File != ConfigFile || string(edit.Text) != test.after {
				t.Fatalf("%q becomes\n%q in the %s file, not\n%q (%v)", test.before, edit.Text, edit.File, test.after, err)
			}
			checkEdit(t, files, edit, "example")
		})
	}
}

// SetSerial changes the credentials file if the setting is there, or if no line in the config file works.
func TestSetSerialInCredentials(t *testing.T) {
	for name, test := range map[string]struct{ profile, config, before, after string }{
		"a value there": {before: keys + "mfa_serial = old\n[a]\n", after: keys + serial + "[a]\n"},
		"a value in both": {
			config: "[profile example]\nmfa_serial = older\n",
			before: keys + "mfa_serial = old\n",
			after:  keys + serial,
		},
		"an address there": {
			before: keys + "endpoint_url = https://x\n\n# c\n",
			after:  keys + "endpoint_url = https://x\n" + serial + "\n# c\n",
		},
		"a quoted header":   {config: "[profile 'example']\na = b\n", before: keys, after: keys + serial},
		"a section DEFAULT": {config: "[DEFAULT]\nregion = x\n", before: keys, after: keys + serial},
		"a name with a blank": {
			profile: "my prof",
			config:  "[profile 'my prof']\nregion = x\n",
			before:  strings.ReplaceAll(keys, "example", "my prof"),
			after:   strings.ReplaceAll(keys, "example", "my prof") + serial,
		},
		"a name with an apostrophe": {
			profile: "alice's",
			before:  strings.ReplaceAll(keys, "example", "alice's"),
			after:   strings.ReplaceAll(keys, "example", "alice's") + serial,
		},
	} {
		t.Run(name, func(t *testing.T) {
			profile := "example"
			if test.profile != "" {
				profile = test.profile
			}
			files := Files{Config: []byte(test.config), Credentials: []byte(test.before)}
			edit, err := SetSerial(files, profile, phone)
			if err != nil || edit.File != CredentialsFile || string(edit.Text) != test.after {
				t.Fatalf("%q becomes\n%q in the %s file, not\n%q (%v)", test.before, edit.Text, edit.File, test.after, err)
			}
			checkEdit(t, files, edit, profile)
		})
	}
}

// `[default]` and `[profile default]` are the same profile, but the readers prefer different sections. SetSerial does
// not write a value that only one reader would see.
func TestSetSerialOfDefault(t *testing.T) {
	credentials := strings.ReplaceAll(keys, "example", "default")
	for config, want := range map[string]string{
		"":                               "[default]\n" + serial,
		"[default]\na = b\n":             "[default]\na = b\n" + serial,
		"[default]\n[profile default]\n": "[default]\n[profile default]\n" + serial,
	} {
		files := Files{Config: []byte(config), Credentials: []byte(credentials)}
		edit, err := SetSerial(files, "default", phone)
		if err != nil || string(edit.Text) != want {
			t.Errorf("%q becomes %q (%v)", config, edit.Text, err)
			continue
		}
		checkEdit(t, files, edit, "default")
	}
	files := Files{Config: []byte("[profile default]\na = b\n[default]\nc = d\n"), Credentials: []byte(credentials)}
	if edit, err := SetSerial(files, "default", phone); err != nil || edit.File != CredentialsFile {
		t.Errorf("%q (%v)", edit.Text, err)
	}
}

// A profile that already has the device needs no edit.
func TestSetSerialThatIsThere(t *testing.T) {
	for _, files := range []Files{
		{Config: []byte("[profile example]\n" + serial), Credentials: []byte(keys)},
		{Config: []byte("[profile example]\nmfa_serial = stale\n"), Credentials: []byte(keys + serial)},
	} {
		if edit, err := SetSerial(files, "example", phone); err != nil || edit.Text != nil {
			t.Errorf("%q (%v)", edit.Text, err)
		}
	}
}

// If SetSerial cannot edit the files, the fault has the reason and the line.
func TestSetSerialRefused(t *testing.T) {
	const inConfig = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n"
	for name, test := range map[string]struct {
		config, credentials string
		want                Fault
	}{
		"no profile": {config: "[profile other]\n", want: Fault{Reason: NoProfile, Name: "example"}},
		"a header without word": {
			config: "[example]\n",
			want:   Fault{Reason: NoProfile, Name: "example", Place: Place{Line: 1}},
		},
		"outside of a section": {
			config:      "a = b\n",
			credentials: keys,
			want:        Fault{Reason: OutsideSection, Place: Place{Line: 1}},
		},
		"a section twice": {
			config:      "[profile example]\n[x]\n[profile example]\n",
			credentials: keys,
			want:        Fault{Reason: DuplicateSection, Place: Place{Line: 3}, Name: "profile example"},
		},
		"a setting twice": {
			config:      "[x]\na = b\na = c\n",
			credentials: keys,
			want:        Fault{Reason: DuplicateSetting, Place: Place{Line: 3}, Name: "a"},
		},
		"no setting": {
			config:      "[x]\nno setting\n",
			credentials: keys,
			want:        Fault{Reason: NotASetting, Place: Place{Line: 2}},
		},
		"a byte order mark": {
			config:      "\ufeff[x]\n",
			credentials: keys,
			want:        Fault{Reason: ByteOrderMark, Place: Place{Line: 1}},
		},
		"not UTF-8": {
			config:      "[x]\na = \xff\n",
			credentials: keys,
			want:        Fault{Reason: NotText, Place: Place{Line: 2}},
		},
		"broken credentials": {
			credentials: keys + "x\n",
			want:        Fault{Reason: NotASetting, Place: Place{File: CredentialsFile, Line: 4}},
		},
		"one reader's header": {
			config: "[profile 'example']\n" + inConfig,
			want:   Fault{Reason: Unsettable, Place: Place{Line: 1}, Name: MFASerial},
		},
		"a setting in the value": {
			credentials: keys + "mfa_serial = old\n  region = x\n",
			want:        Fault{Reason: Unsettable, Place: Place{File: CredentialsFile, Line: 5}, Name: "region"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := Files{Config: []byte(test.config), Credentials: []byte(test.credentials)}
			edit, err := SetSerial(files, "example", phone)
			got, ok := errors.AsType[*Fault](err)
			if !ok || *got != test.want {
				t.Errorf("got %+v (%q), want %+v", err, edit.Text, test.want)
			}
		})
	}
}

// pieces are lines of AWS files.
var pieces = []string{
	"[profile example]", "[default]", "[profile other]", "[sso-session x]", "[services x]", "[profile 'example']",
	"[profile my prof]", "  [profile example]", "[profile default]", "[DEFAULT]", "[example]", "[ example ]",
	"[my prof]", "[Default]", "[profile  example] # c",
	"region = eu-west-1", "  indented = yes", "s3 =", "sts =", "  endpoint_url = https://y", "  max = 1",
	"    deep = 2", "\vnested = 3", "\fline",
	"mfa_serial = old", "MFA_SERIAL: old", " mfa_serial=old", "\tmfa_serial = x", "mfa_serial = old # c",
	"mfa_serial =", "\u00a0mfa_serial = z",
	"output=json", "# comment", "  ; comment", "", "   ", "\t", "services = x", "endpoint_url = https://z",
	"source_profile = example", "aws_access_key_id = A", "aws_secret_access_key = S", "key = value # c",
	"a = b:c=d", "é = ü", "quoted = 'q'", "  more", "\x1ctoken = t",
}

// For any two files, SetSerial returns an error, or both readers see the setting and no other change, and only the
// lines of the setting change. This tries thousands of files without a fuzzer.
func TestSetSerialInAnyFile(t *testing.T) {
	random := rand.New(rand.NewPCG(20, 27))
	file := func() []byte {
		var text strings.Builder
		end := []string{"\n", "\r\n"}[random.IntN(2)]
		if random.IntN(3) > 0 {
			text.WriteString(pieces[random.IntN(len(pieces))] + end)
		}
		for range random.IntN(9) {
			text.WriteString(pieces[random.IntN(len(pieces))] + end)
		}
		whole := text.String()
		if random.IntN(3) == 0 {
			whole = strings.TrimSuffix(whole, end)
		}
		return []byte(whole)
	}
	edited := map[File]int{}
	for range 60000 {
		files := Files{Config: file(), Credentials: file()}
		for _, name := range []string{"example", "default", "my prof"} {
			edit, err := SetSerial(files, name, phone)
			if err != nil || edit.Text == nil {
				continue
			}
			edited[edit.File]++
			checkEdit(t, files, edit, name)
		}
	}
	if edited[ConfigFile] < 1000 || edited[CredentialsFile] < 200 {
		t.Errorf("only %v files were edited", edited)
	}
}

// checkEdit compares the views of both readers before and after the edit for every profile, and the lines of the file.
func checkEdit(t *testing.T, before Files, edit Edit, name string) {
	t.Helper()
	after := before.with(edit)
	was, is := Read(before), Read(after)
	for _, other := range []string{"example", "default", "other", "my prof", "x", "'example'", "é", "alice's"} {
		old, now := was.Profile(other), is.Profile(other)
		for reader, pair := range [][2]View{{old.Botocore, now.Botocore}, {old.SDK, now.SDK}} {
			if other == name {
				if pair[1].Text(MFASerial) != phone {
					t.Fatalf("reader %d sees %q in\n%q", reader, pair[1].Text(MFASerial), edit.Text)
				}
				pair[0].Exists = true
				pair[0].Values[MFASerial] = pair[1].Values[MFASerial]
			}
			isSame := pair[0].Exists == pair[1].Exists && maps.EqualFunc(pair[0].Values, pair[1].Values, sameText)
			if pair[1].Broken != nil || !isSame {
				t.Fatalf("reader %d sees profile %q differently in\n%q than in\n%q", reader, other, edit.Text, before)
			}
		}
	}
	if again, err := SetSerial(after, name, phone); err != nil || again.Text != nil {
		t.Fatalf("the second edit is %q (%v)", again.Text, err)
	}
	checkLines(t, before.lines(edit.File), after.lines(edit.File), name)
}

func sameText(a, b Value) bool { return a.Text == b.Text }

// checkLines accepts one new setting with a new header before it. Missing lines must be the old setting and its
// continuation lines.
func checkLines(t *testing.T, before, after []string, name string) {
	t.Helper()
	at := slices.IndexFunc(after, func(line string) bool { return strings.Contains(line, phone) })
	head, rest := after[:at], after[at+1:]
	if len(head) > len(before) {
		fresh := strings.TrimSpace(strings.Join(head[len(before):], ""))
		if fresh != Header(ConfigFile, name) || len(rest) > 0 {
			t.Fatalf("unexpected new lines: %q", fresh)
		}
		head = head[:len(before)]
	}
	for i, line := range head {
		if line != before[i] && (i < len(before)-1 || strings.TrimRight(line, "\r\n") != before[i]) {
			t.Fatalf("line %d is %q, not %q", i+1, line, before[i])
		}
	}
	var gone []string
	for _, line := range before[len(head):] {
		if len(rest) > 0 && rest[0] == line {
			rest = rest[1:]
			continue
		}
		gone = append(gone, line)
	}
	if len(rest) > 0 || len(gone) > 0 && settingName(gone[0]) != MFASerial {
		t.Fatalf("unexpected new lines: %q; missing lines: %q", rest, gone)
	}
	for _, line := range gone[min(1, len(gone)):] {
		if indentation(line) <= indentation(gone[0]) {
			t.Fatalf("the line %q is missing", line)
		}
	}
}
