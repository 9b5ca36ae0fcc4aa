package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// loggedIn returns a world in which example_mfa already has a session, and there is no code for another one.
func loggedIn(t *testing.T) *world {
	w := newWorld(t)
	w.succeeds(example...)
	w.aws.calls, w.stdin = nil, ""
	return w
}

// A good session is reused without a call, a question or a write.
func TestReuse(t *testing.T) {
	w := loggedIn(t)
	before, _ := os.Stat(w.path("credentials"))
	w.succeeds(example...)
	w.called()
	if after, _ := os.Stat(w.path("credentials")); !os.SameFile(before, after) {
		t.Error("the file was written")
	}
	report := text(messages.SessionReused, "example_mfa", sessionEnd)
	if stderr := w.stderr.String(); !strings.HasPrefix(stderr, report+"\n") {
		t.Errorf("stderr is %q", stderr)
	}
	w.terminal = &terminal{}
	w.succeeds("-s", "example", "--serial", "phone", "--code", goodCode)
	w.succeeds("-s", "example", "--serial", phone, "--code-command", "false")
	w.called()
}

// With credential-process, a session is reused without reading standard input, which belongs to another program.
func TestReuseLeavesInputAlone(t *testing.T) {
	w := loggedIn(t)
	data := strings.NewReader("data")
	app := w.app()
	app.Stdin = data
	code := app.Run(t.Context(), []string{"-s", "example", "--no-prompt", "--format", processFormat})
	if code != messages.ExitOK || data.Len() != 4 {
		t.Errorf("exit code %d, %d bytes are left: %s", code, data.Len(), w.stderr.String())
	}
}

// A session is reused only if more than ten minutes remain.
func TestReuseNearTheEnd(t *testing.T) {
	w := loggedIn(t)
	w.now = beforeEnd(10*time.Minute + time.Second)
	w.succeeds(example...)
	w.now = beforeEnd(10 * time.Minute)
	w.fails(messages.ExitUsage, messages.KindCodeMissing, example)
}

// A code on standard input and --force always get a new session.
func TestNewInAnyCase(t *testing.T) {
	w := loggedIn(t)
	w.stdin = goodCode
	w.succeeds(example...)
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	w.terminal = &terminal{codes: []string{goodCode}}
	w.succeeds("-s", "example", "-f")
	if w.terminal.asked != 1 {
		t.Error("--force did not ask")
	}
}

// A session is not reused if it came from another key or device, or if its section has changed.
func TestNotReused(t *testing.T) {
	for name, change := range map[string][2]string{
		"another long-term key": {"x_aws_mfa_source = " + longTermKey, "x_aws_mfa_source = AKIAOTHER00000000001"},
		"keys of another tool":  {"= " + sessionKey + "\n", "= ASIAOTHER00000000001\n"},
		"no token":              {"aws_session_token", "aws_session_tokens"},
		"no secret":             {"aws_secret_access_key = " + sessionValue + "\n", ""},
		"no record":             {"x_aws_mfa_source", "x_source"},
		"no session key":        {sessionKey, "AKIASESSION000000001"},
		"no end":                {"x_security_token_expires", "expires"},
		"an odd end":            {sessionEnd, "2096-01-01 12:00:00"},
		"a key twice":           {"aws_session_token =", "aws_session_token = x\naws_session_token ="},
		"a legacy token":        {"aws_session_token =", "aws_security_token = x\naws_session_token ="},
		"blanks in the header":  {"[example_mfa]", "[ example_mfa ]"},
		"a comment":             {sessionToken, sessionToken + " ; mine"},
		"a commented secret":    {sessionValue, sessionValue + " ; mine"},
	} {
		w := loggedIn(t)
		credentials, _ := os.ReadFile(w.path("credentials"))
		tampered := strings.ReplaceAll(string(credentials), change[0], change[1])
		if tampered == string(credentials) {
			t.Fatalf("%s: nothing was changed", name)
		}
		w.write("credentials", tampered)
		if code := w.run(example...); code == messages.ExitOK {
			t.Errorf("%s: the session was reused", name)
		}
	}
	w := loggedIn(t)
	w.fails(messages.ExitUsage, messages.KindCodeMissing, []string{"-s", "example", "--serial", token})
	laptop := []string{"-s", "example", "--serial", "laptop"}
	w.fails(messages.ExitConfiguration, messages.KindDeviceUnknown, laptop, "`laptop`")
	w.write("config", "[profile example]\nmfa_serial = "+token+"\n")
	w.fails(messages.ExitUsage, messages.KindCodeMissing, example)
}

// If the program has to wait for another login, it prints a note at the terminal. Then it uses the session of the other
// login without a call, even if there is a code on standard input.
func TestWaiting(t *testing.T) {
	w := newWorld(t)
	release, err := credfile.LockProfile(t.Context(), w.path("credentials"), "example_mfa", nil)
	if err != nil {
		t.Fatal(err)
	}
	screen := &terminal{}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return screen.prompt() }
	done := make(chan int)
	go func() { done <- app.Run(t.Context(), example) }()
	for screen.waits() == "" {
		time.Sleep(time.Millisecond)
	}
	w.write("credentials", keysOf("example")+sessionOf("example_mfa", ""))
	release()
	report := text(messages.SessionReused, "example_mfa", sessionEnd)
	if code := <-done; code != messages.ExitOK || !strings.Contains(w.stderr.String(), report) {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
	w.called()
	if note := text(messages.NoteWaiting, "example_mfa", 300); screen.waits() != "aws-mfa: note: "+note+"\n" {
		t.Errorf("the screen shows %q", screen.waits())
	}
}

// With --force, the program gets its own session after the wait.
func TestWaitingWithForce(t *testing.T) {
	w := newWorld(t)
	release, err := credfile.LockProfile(t.Context(), w.path("credentials"), "example_mfa", nil)
	if err != nil {
		t.Fatal(err)
	}
	screen := &terminal{}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return screen.prompt() }
	done := make(chan int)
	go func() { done <- app.Run(t.Context(), []string{"-s", "example", "--force"}) }()
	for screen.waits() == "" {
		time.Sleep(time.Millisecond)
	}
	w.write("credentials", keysOf("example")+sessionOf("example_mfa", ""))
	release()
	if code := <-done; code != messages.ExitOK {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// With --quiet, there is no note about the wait.
func TestWaitingQuietly(t *testing.T) {
	w := newWorld(t)
	release, err := credfile.LockProfile(t.Context(), w.path("credentials"), "example_mfa", nil)
	if err != nil {
		t.Fatal(err)
	}
	screen := &terminal{}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return screen.prompt() }
	time.AfterFunc(1200*time.Millisecond, release) // long enough for a note without --quiet
	if code := app.Run(t.Context(), []string{"-s", "example", "-q"}); code != messages.ExitOK || screen.waits() != "" {
		t.Errorf("exit code %d: %q", code, screen.waits())
	}
}

// A login for one profile does not wait for a login for another profile, or for the same name in another file.
func TestOtherProfile(t *testing.T) {
	w := newWorld(t)
	release, err := credfile.LockProfile(t.Context(), w.path("credentials"), "example_mfa", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	w.succeeds("-s", "example", "-d", "other")
	w.write("elsewhere", keysOf("example"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", w.path("elsewhere"))
	w.succeeds(example...)
}

// Only the two files remain in the directory.
func TestNothingLeft(t *testing.T) {
	w := loggedIn(t)
	names, _ := filepath.Glob(filepath.Join(w.home, ".aws", "*"))
	hidden, _ := filepath.Glob(filepath.Join(w.home, ".aws", ".*"))
	if len(names) != 2 || len(hidden) > 0 && os.PathSeparator == '/' {
		t.Errorf("there are %v and %v", names, hidden)
	}
}

// A directory that cannot be created is an error before the program asks for a code.
func TestImpossibleDirectory(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(w.path("config"), "directory", "credentials"))
	if code := w.run("-s", "example"); code == messages.ExitOK {
		t.Errorf("exit code %d", code)
	}
	w.called()
}
