package credfile

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
)

// For every file and name, Put returns an error, or
//   - botocore and the SDK read exactly the new session from the section,
//   - all other sections read as before,
//   - putting the same session again changes nothing,
//   - a file without the name keeps every byte, and grows at its end,
//   - each missing line was a setting of the session or part of one.
func FuzzPut(f *testing.F) {
	for _, text := range []string{
		"",
		"[d]",
		"[d]\r\n",
		"# c\n[a]\nx = y\n\n[d]\naws_session_token = x\n  more\no = j\n[b]",
		"[ d ]\nregion=x\n[d]\n[d]\n",
		"\ufeff[d]\n  aws_session_token : =\n  s3 =\n\tregion = x\n",
		"[d] x",
		"[d] # ]\n[d]#\n=\n:\n",
		"[d\t\u0085]\n\faws_access_key_id = y",
		"[a]\nx = \"\n",
	} {
		f.Add([]byte(text), "d", "")
		f.Add([]byte(text), "a b", "eu-west-1")
	}
	f.Fuzz(check)
}

// pieces are parts of credentials files. A fuzzer that only has bytes would need hours to find such lines.
var pieces = []string{
	"[d]\n", "[ d ]\n", "[d] # c\n", "[d] x\n", "\t[d]\r\n", "[d]", "[a]\n", "[b] \n", "[ a b]\n", "[a  b]\n",
	"[profile d]\n", "[]\n", "[x\n",
	"aws_access_key_id = x\n", "AWS_ACCESS_KEY_ID=x\r\n", " aws_access_key_id = x\n", "aws_access_key_id =\n",
	"aws_secret_access_key = x\n", "aws_secret_access_key : x\n", "\taws_secret_access_key = x\n",
	"aws_session_token = t\n", "Aws_Session_Token=t\r\n", "  aws_session_token = t\n", "aws_session_token = t",
	"aws_session_token = \"\"\n", "aws_security_token = t\n", "x_security_token_expires = x\n",
	"x_aws_mfa_source = x y z\n", "[DEFAULT]\n",
	"region = r\n", "  region = r\n", "REGION : r\r\n", "region =\n",
	"s3 =\n", "  a = b\n", "\tc\n", " [x]\n", "o = j\n", "o = j \\\n", "junk\n", "=\n", "a = [d]\n",
	"\vaws_session_token = t\n", "\faws_access_key_id = x\n", "\vc\n", "\u00a0region = r\n",
	"\x1caws_secret_access_key = x\n", " \ve = f\n",
	"\n", "\r\n", "  \n", "# c\n", "  ; c\n", "#", "\ufeff", "\x00", "\xff\n", "\r",
}

// The rules of FuzzPut for files that look like credentials files. Without a fuzzer, this tries a few hundred of them.
func FuzzPutPieces(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		program := make([]byte, 1+random.IntN(14))
		for i := range program {
			program[i] = byte(random.IntN(len(pieces)))
		}
		f.Add(program, random.IntN(2) == 0)
	}
	f.Fuzz(func(t *testing.T, program []byte, withRegion bool) {
		var text strings.Builder
		for _, choice := range program {
			text.WriteString(pieces[int(choice)%len(pieces)])
		}
		region := ""
		if withRegion {
			region = "eu-west-1"
		}
		check(t, []byte(text.String()), "d", region)
		check(t, []byte(text.String()), "a b", region)
	})
}

func check(t *testing.T, before []byte, name, region string) {
	session := fresh
	session.Region = region
	after, err := Put(before, name, session)
	if err != nil {
		return
	}
	if again, err := Put(after, name, session); err != nil || !bytes.Equal(again, after) {
		t.Fatalf("the second time gives\n%q, not\n%q (%v)", again, after, err)
	}
	if !bytes.Contains(before, []byte(name)) && name != "a b" && !bytes.HasPrefix(after, before) {
		t.Fatalf("%q is not the start of %q", before, after)
	}
	found, err := Look(after, name)
	kept := found.Kept.AccessKeyID
	if err != nil || found.LongTerm || kept != "" && kept != session.AccessKeyID {
		t.Fatalf("%+v (%v) is kept in\n%q", found, err, after)
	}
	checkGone(t, before, after, name, session)
	checkReaders(t, before, after, name, session)
}

// checkGone compares the lines of both files: new lines must be settings of the session, and so must missing lines, or
// continuations of them.
func checkGone(t *testing.T, before, after []byte, name string, session Session) {
	t.Helper()
	old := strings.SplitAfter(string(before), "\n")
	about := false
	goneTo := func(end int) {
		for ; len(old) > end; old = old[1:] {
			lower, indented := strings.ToLower(old[0]), strings.TrimLeftFunc(old[0], isBlank) != old[0]
			isPart := func(name string) bool { return strings.Contains(lower, name) }
			about = about && indented || slices.ContainsFunc([]string{"aws_", expiry, record, region}, isPart)
			if !about && old[0] != "" {
				t.Fatalf("the line %q is missing in\n%q", old[0], after)
			}
		}
	}
	for _, line := range strings.SplitAfter(string(after), "\n") {
		isNew := func(s setting) bool { return s.line("") == strings.TrimRight(line, "\r\n") }
		if slices.ContainsFunc(session.settings(), isNew) {
			continue
		}
		at := slices.IndexFunc(old, func(o string) bool {
			return o == line || !strings.HasSuffix(o, "\n") && (o+"\n" == line || o+"\r\n" == line)
		})
		if at >= 0 {
			goneTo(len(old) - at)
			old, about = old[1:], about && classify(line).kind != property
		} else if text := strings.TrimSpace(line); text != "" && text != "["+name+"]" {
			t.Fatalf("the line %q is new in\n%q", line, after)
		}
	}
	goneTo(0)
}

func checkReaders(t *testing.T, before, after []byte, name string, session Session) {
	t.Helper()
	read := func(text []byte, name string) []awsfiles.View {
		p := awsfiles.Read(awsfiles.Files{Credentials: text}).Profile(name)
		return []awsfiles.View{p.Botocore, p.SDK}
	}
	for _, view := range read(after, name) {
		if view.Broken != nil {
			continue // because of a single quotation mark as a value, which Put keeps
		}
		if view.Text(awsfiles.AccessKeyID) != session.AccessKeyID ||
			view.Text(awsfiles.SecretAccessKey) != session.SecretAccessKey ||
			view.Text(awsfiles.SessionToken) != session.SessionToken ||
			session.Region != "" && view.Text(awsfiles.Region) != session.Region {
			t.Fatalf("a reader sees %v in\n%q", view, after)
		}
	}
	for _, other := range []string{"a", "b", "default", "x"} {
		if other == name {
			continue
		}
		was := read(before, other)
		for reader, is := range read(after, other) {
			if was[reader].Broken != nil {
				continue // because of a duplicate setting, which Put removes
			}
			if was[reader].Exists != is.Exists || !maps.EqualFunc(was[reader].Values, is.Values, sameText) {
				t.Fatalf("section %q reads differently in\n%q than in\n%q", other, after, before)
			}
		}
	}
}

func sameText(a, b awsfiles.Value) bool { return a.Text == b.Text }
