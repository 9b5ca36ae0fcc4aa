package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"aws-mfa.example/aws-mfa/internal/messages"
)

// A login finds the device by the last part of the user's path, reads the code from standard input, and adds a new
// section to the file.
func TestLogin(t *testing.T) {
	w := newWorld(t)
	w.succeeds("-s", "example")
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	w.holds("credentials", keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1"))
	report := text(messages.SessionUntil, "example_mfa", sessionEnd)
	want := report + "\n" + strings.Join(theShell().nextSteps("example_mfa", os.Getenv), "\n") + "\n"
	if got := w.stderr.String(); got != want {
		t.Errorf("stderr is %q, not %q", got, want)
	}
}

// The default of -s is `default`, and that of -d is SRC_mfa. Both have long names.
func TestDefaultsAndLongFlags(t *testing.T) {
	w := newWorld(t)
	w.write("credentials", keysOf("default"))
	w.succeeds()
	w.holds("credentials", keysOf("default")+"\n"+sessionOf("default_mfa", ""))
	w.write("credentials", keysOf("other"))
	w.succeeds("--source-profile", "other", "--destination-profile=x")
	w.holds("credentials", keysOf("other")+"\n"+sessionOf("x", ""))
}

// A second login changes only the values of the session.
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

// A login replaces an incomplete session, which no SDK would read.
func TestHalfASession(t *testing.T) {
	for _, half := range []string{
		"aws_access_key_id = OLD\naws_session_token = OLD\n",
		"aws_secret_access_key = OLD\naws_security_token = OLD\n",
	} {
		w := newWorld(t)
		w.write("credentials", keysOf("example")+"\n[example_mfa]\n"+half)
		w.succeeds(example...)
		credentials, _ := os.ReadFile(w.path("credentials"))
		if strings.Contains(string(credentials), "OLD") || !strings.Contains(string(credentials), sessionToken) {
			t.Errorf("the file contains %q", credentials)
		}
	}
}

// A file with CRLF line endings keeps them, and new lines have them, too.
func TestCRLF(t *testing.T) {
	w := newWorld(t)
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	w.write("credentials", crlf(keysOf("example")))
	w.succeeds("-s", "example")
	w.holds("credentials", crlf(keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1")))
}

// If the keys are only in the config file, the program creates the credentials file and its directory. Only the owner
// can read them.
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
		t.Errorf("the new file contains %q", got)
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

// As in the AWS CLI, ~ in the variables is the home directory.
func TestHomeInVariables(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/elsewhere")
	w.write("elsewhere", keysOf("example"))
	w.succeeds("-s", "example")
	w.holds("elsewhere", keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1"))
	w.holds("credentials", keysOf("example"))
}

// A DST without a region gets that of SRC. A region that DST has in either file stays. AWS_REGION does not belong to a
// profile and is never written.
func TestRegion(t *testing.T) {
	for name, test := range map[string]struct{ config, destination, written string }{
		"inherited":       {config: "[profile example]\nregion = eu-west-1\n", written: "region = eu-west-1\n"},
		"none to inherit": {},
		"DST's in config": {config: "[profile example]\nregion = a-b-1\n[profile example_mfa]\nregion = c-d-2\n"},
		"DST's in credential": {
			config:      "[profile example]\nregion = a-b-1\n",
			destination: "[example_mfa]\nregion = c-d-2\n",
			written:     "region = c-d-2\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			t.Setenv("AWS_REGION", "ap-south-1")
			w.write("config", test.config)
			w.write("credentials", test.destination+keysOf("example"))
			w.succeeds("-s", "example")
			credentials, _ := os.ReadFile(w.path("credentials"))
			got, want := strings.Count(string(credentials), "region"), strings.Count(test.written, "region")
			if got != want || !strings.Contains(string(credentials), test.written) {
				t.Errorf("%q should contain %q", credentials, test.written)
			}
		})
	}
}

// The calls go to AWS_REGION, else to SRC's region, else to us-east-1.
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

// If SRC has an mfa_serial, the program does not look for a device.
func TestConfiguredDevice(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = "+phone+"\n")
	w.succeeds("-s", "example")
	w.called("GetSessionToken")
}

// AWS guarantees no order, so a FIDO key may come first. It is skipped without a note.
func TestDeviceBehindFIDO(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{securityKey, phone}
	w.succeeds("-s", "example")
	if strings.Contains(w.stderr.String(), "note:") {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// If there are several usable devices and no terminal, the program uses the first one and prints a note.
func TestSeveralDevices(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{"GAHT12345678", phone}
	w.succeeds("-s", "example")
	note := "aws-mfa: note: " + text(messages.NoteFirstDevice, "GAHT12345678", 2, "example") + "\n"
	if stderr := w.stderr.String(); !strings.HasPrefix(stderr, note) {
		t.Errorf("stderr is %q", stderr)
	}
}

// The root user has no name, so its devices are listed without one.
func TestRootUser(t *testing.T) {
	w := newWorld(t)
	w.aws.caller, w.aws.user = "arn:aws:iam::123456789012:root", ""
	w.succeeds("-s", "example")
}

// Credentials in the environment never replace those of the profile.
func TestEnvironmentDoesNotWin(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFROMENVIRONMENT1")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "from-environment")
	t.Setenv("AWS_SESSION_TOKEN", "from-environment")
	t.Setenv("AWS_PROFILE", "nobody")
	w.succeeds("-s", "example")
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// The code may have blanks or a Windows line ending around it, and needs no newline.
func TestBlanksAroundTheCode(t *testing.T) {
	for _, stdin := range []string{" " + goodCode + "\t\r\n", goodCode} {
		w := newWorld(t)
		w.stdin = stdin
		w.succeeds("-s", "example")
	}
}
