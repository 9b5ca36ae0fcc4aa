package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A login finds the device by the last part of the user's path, takes the code
// from standard input, and writes a new section behind what was there.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	w.succeeds("-s", "example")
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	w.holds("credentials", keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1"))
	want := "profile example_mfa: session until 2096-01-01T12:00:00Z\n" + strings.Join(theShell().nextSteps("example_mfa", os.Getenv), "\n") + "\n"
	if got := w.stderr.String(); got != want {
		t.Errorf("stderr is %q, not %q", got, want)
	}
}

// -s is `default` and -d is SRC_mfa unless said otherwise, under both names.
func TestDefaultsAndLongFlags(t *testing.T) {
	w := newWorld(t)
	w.write("credentials", keysOf("default"))
	w.succeeds()
	w.holds("credentials", keysOf("default")+"\n"+sessionOf("default_mfa", ""))
	w.write("credentials", keysOf("other"))
	w.succeeds("--source-profile", "other", "--destination-profile=x")
	w.holds("credentials", keysOf("other")+"\n"+sessionOf("x", ""))
}

// A second login changes the session's own values and not one other byte.
func TestSecondLogin(t *testing.T) {
	w := newWorld(t)
	head := "# mine\n\n[a]\nregion=x ; note\n\n" + keysOf("example") + "\n; the session\n[example_mfa]\noutput = json\n"
	tail := "\n# last\n[z]\nfoo : bar"
	w.write("credentials", head+"aws_access_key_id = OLD\naws_secret_access_key = OLD\naws_security_token = OLD\n"+
		"aws_session_token = OLD\nregion = here\nx_security_token_expires = 1999-01-01T00:00:00Z\n"+tail)
	w.succeeds("-s", "example")
	w.holds("credentials", head+"aws_access_key_id = "+sessionKey+"\naws_secret_access_key = "+sessionValue+
		"\naws_session_token = "+sessionToken+"\nregion = here\nx_security_token_expires = "+sessionEnd+
		"\nx_aws_mfa_source = "+longTermKey+" "+phone+" "+sessionKey+"\n"+tail)
}

// What is left of a session, which no SDK would read, is replaced by a whole one.
func TestHalfASession(t *testing.T) {
	for _, half := range []string{"aws_access_key_id = OLD\naws_session_token = OLD\n", "aws_secret_access_key = OLD\naws_security_token = OLD\n"} {
		w := newWorld(t)
		w.write("credentials", keysOf("example")+"\n[example_mfa]\n"+half)
		w.succeeds(example...)
		text, _ := os.ReadFile(w.path("credentials"))
		if strings.Contains(string(text), "OLD") || !strings.Contains(string(text), sessionToken) {
			t.Errorf("it holds %q", text)
		}
	}
}

// A file with CRLF line endings gets more of them, and keeps those it has.
func TestCRLF(t *testing.T) {
	w := newWorld(t)
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	w.write("credentials", crlf(keysOf("example")))
	w.succeeds("-s", "example")
	w.holds("credentials", crlf(keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1")))
}

// Keys may be in the config file alone: then the credentials file is made,
// readable by its owner only, in a folder of the same kind.
func TestNoCredentialsFileYet(t *testing.T) {
	w := newWorld(t)
	if err := os.Remove(w.path("credentials")); err != nil {
		t.Fatal(err)
	}
	w.write("config", "[profile example]\naws_access_key_id="+longTermKey+"\naws_secret_access_key="+longTermValue+"\n")
	file := filepath.Join(w.home, "new", "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	w.succeeds("-s", "example")
	if got, _ := os.ReadFile(file); string(got) != sessionOf("example_mfa", "") {
		t.Errorf("the new file holds %q", got)
	}
	if runtime.GOOS == "windows" {
		return // no mode bits
	}
	for path, want := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info, err)
		}
	}
}

// ~ in the variables is the home folder, as it is for the AWS CLI.
func TestHomeInVariables(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/elsewhere")
	w.write("elsewhere", keysOf("example"))
	w.succeeds("-s", "example")
	w.holds("elsewhere", keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1"))
	w.holds("credentials", keysOf("example"))
}

// The region of SRC goes to a DST without one; a region that DST has in either
// file stays; AWS_REGION is nobody's profile and is never written.
func TestRegion(t *testing.T) {
	for name, test := range map[string]struct{ config, destination, written string }{
		"inherited":           {"[profile example]\nregion = eu-west-1\n", "", "region = eu-west-1\n"},
		"none to inherit":     {"", "", ""},
		"DST's in config":     {"[profile example]\nregion = a-b-1\n[profile example_mfa]\nregion = c-d-2\n", "", ""},
		"DST's in credential": {"[profile example]\nregion = a-b-1\n", "[example_mfa]\nregion = c-d-2\n", "region = c-d-2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			t.Setenv("AWS_REGION", "ap-south-1")
			w.write("config", test.config)
			w.write("credentials", test.destination+keysOf("example"))
			w.succeeds("-s", "example")
			text, _ := os.ReadFile(w.path("credentials"))
			if got := strings.Count(string(text), "region"); got != strings.Count(test.written, "region") ||
				!strings.Contains(string(text), test.written) {
				t.Errorf("%q should have %q", text, test.written)
			}
		})
	}
}

// The calls go to AWS_REGION, else to SRC's region, else to one that always is.
func TestRegionOfCalls(t *testing.T) {
	w := newWorld(t)
	for _, region := range []string{"ap-south-1", "eu-west-1", "us-east-1"} {
		switch region {
		case "ap-south-1":
			t.Setenv("AWS_REGION", region)
		case "eu-west-1":
			t.Setenv("AWS_REGION", "")
		default:
			w.write("config", "")
		}
		w.succeeds("-s", "example")
		if !strings.Contains(w.aws.scope, "/"+region+"/sts/") {
			t.Errorf("the call was signed for %q, not %s", w.aws.scope, region)
		}
	}
}

// With mfa_serial in SRC nothing is looked up.
func TestConfiguredDevice(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = "+phone+"\n")
	w.succeeds("-s", "example")
	w.called("GetSessionToken")
}

// AWS promises no order: a FIDO key in front is passed over without a word.
func TestDeviceBehindFIDO(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{securityKey, phone}
	w.succeeds("-s", "example")
	if strings.Contains(w.stderr.String(), "note:") {
		t.Errorf("only one device could be meant: %q", w.stderr.String())
	}
}

// Of several usable devices the first is taken, and stderr says which that is.
func TestSeveralDevices(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{"GAHT12345678", phone}
	w.succeeds("-s", "example")
	if said := w.stderr.String(); !strings.HasPrefix(said, "aws-mfa: note: using `GAHT12345678`, the first of 2 ") {
		t.Errorf("stderr is %q", said)
	}
}

// The root user has no name: its devices are listed without one.
func TestRootUser(t *testing.T) {
	w := newWorld(t)
	w.aws.caller, w.aws.user = "arn:aws:iam::123456789012:root", ""
	w.succeeds("-s", "example")
}

// Credentials in the environment never stand in for the named profile.
func TestEnvironmentDoesNotWin(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFROMENVIRONMENT1")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "from-environment")
	t.Setenv("AWS_SESSION_TOKEN", "from-environment")
	t.Setenv("AWS_PROFILE", "nobody")
	w.succeeds("-s", "example")
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// Blanks and a Windows line ending around the code are no part of it, and
// neither is a newline needed behind it.
func TestBlanksAroundTheCode(t *testing.T) {
	for _, stdin := range []string{" " + goodCode + "\t\r\n", goodCode} {
		w := newWorld(t)
		w.stdin = stdin
		w.succeeds("-s", "example")
	}
}
