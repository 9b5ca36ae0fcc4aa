package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

const (
	longTermKey   = "AKIALONGTERM00000001"
	longTermValue = "long/term+secret0000000000000000000000001"
	sessionKey    = "ASIASESSION000000001"
	sessionValue  = "session/secret+00000000000000000000000001"
	sessionToken  = "FwoGZXIvYXdzEBtoken/with+signs=="
	sessionEnd    = "2096-01-01T12:00:00Z"
	goodCode      = "246810"
	phone         = "arn:aws:iam::123456789012:mfa/phone"
	securityKey   = "arn:aws:iam::123456789012:u2f/user/alice/yubi-ABCDEF"
)

// fakeAWS is a small STS and IAM at one address, for the one user who has longTermKey.
type fakeAWS struct {
	caller  string   // the ARN that GetCallerIdentity returns
	user    string   // the only name that ListMFADevices accepts
	devices []string // in the order of the list
	broken  http.HandlerFunc
	answers map[string]string // responses by action, in place of the usual ones

	now func() time.Time // for the Date of responses; nil for the real time

	mu    sync.Mutex
	calls []string   // the actions, in order
	scope string     // of the last signature: date, region, service
	last  url.Values // the form of the last call
}

func (a *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	action := r.Form.Get("Action")
	a.mu.Lock()
	a.calls = append(a.calls, action)
	a.last = r.Form
	_, a.scope, _ = strings.Cut(r.Header.Get("Authorization"), longTermKey+"/")
	a.mu.Unlock()
	if a.now != nil {
		w.Header().Set("Date", a.now().UTC().Format(http.TimeFormat))
	}
	if a.broken != nil {
		a.broken(w, r)
		return
	}
	a.answer(w, r)
}

// answer responds to a call if nothing is broken.
func (a *fakeAWS) answer(w http.ResponseWriter, r *http.Request) {
	action := r.Form.Get("Action")
	if answer, found := a.answers[action]; found {
		fmt.Fprint(w, answer)
		return
	}
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+longTermKey+"/") {
		refuse(w, "InvalidClientTokenId", "The security token included in the request is invalid.")
		return
	}
	switch action {
	case "GetCallerIdentity":
		reply(w, action, "<Arn>"+a.caller+"</Arn><UserId>AIDA1</UserId><Account>123456789012</Account>")
	case "ListMFADevices":
		a.list(w, r.Form.Get("UserName"))
	case "GetSessionToken":
		a.session(w, r.Form.Get("SerialNumber"), r.Form.Get("TokenCode"))
	default:
		refuse(w, "InvalidAction", "no such action")
	}
}

func (a *fakeAWS) list(w http.ResponseWriter, user string) {
	if user != a.user {
		message := "User: " + a.caller + " is not authorized to perform: iam:ListMFADevices on resource: user " + user
		refuse(w, "AccessDenied", message)
		return
	}
	var members strings.Builder
	for _, serial := range a.devices {
		fmt.Fprintf(&members, "<member><SerialNumber>%s</SerialNumber><UserName>%s</UserName>"+
			"<EnableDate>2020-01-01T00:00:00Z</EnableDate></member>", serial, user)
	}
	reply(w, "ListMFADevices", "<MFADevices>"+members.String()+"</MFADevices><IsTruncated>false</IsTruncated>")
}

func (a *fakeAWS) session(w http.ResponseWriter, serial, code string) {
	known := false
	for _, device := range a.devices {
		known = known || device == serial
	}
	switch {
	case !known || strings.Contains(serial, ":u2f/"):
		refuse(w, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  "+
			"Please verify your MFA serial number is valid and associated with this user.")
	case code != goodCode:
		refuse(w, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
	default:
		reply(w, "GetSessionToken", "<Credentials><AccessKeyId>"+sessionKey+"</AccessKeyId>"+
			"<SecretAccessKey>"+sessionValue+"</SecretAccessKey><SessionToken>"+sessionToken+"</SessionToken>"+
			"<Expiration>"+sessionEnd+"</Expiration></Credentials>")
	}
}

func reply(w http.ResponseWriter, action, result string) {
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", action, action, result, action, action)
}

func refuse(w http.ResponseWriter, code, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusForbidden)
	const response = "<ErrorResponse><Error>" +
		"<Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>"
	fmt.Fprintf(w, response, code, message)
}

// A world is one computer: a home directory, an AWS, and the program's three streams.
type world struct {
	t              *testing.T
	aws            *fakeAWS
	home           string
	stdin          string
	terminal       *terminal // nil if there is no terminal
	timeout        time.Duration
	language       messages.Language
	now            time.Time
	waited         []time.Duration // for the next code
	silent         bool            // stdout must stay empty
	stdout, stderr bytes.Buffer
}

// newWorld creates a user alice with one phone, and profile example with her keys.
func newWorld(t *testing.T) *world {
	t.Helper()
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		isProxy := strings.HasSuffix(strings.ToUpper(name), "_PROXY")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "LC_") || isProxy {
			t.Setenv(name, "") // restores the variable after the test
			_ = os.Unsetenv(name)
		}
	}
	w := &world{
		t:       t,
		home:    t.TempDir(),
		stdin:   goodCode + "\n",
		timeout: 10 * time.Second,
		silent:  true,
		now:     beforeEnd(12 * time.Hour),
		aws: &fakeAWS{
			caller:  "arn:aws:iam::123456789012:user/eng/core/alice",
			user:    "alice",
			devices: []string{phone},
		},
	}
	server := httptest.NewServer(w.aws)
	t.Cleanup(server.Close)
	t.Setenv("HOME", w.home)
	t.Setenv("USERPROFILE", w.home)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	w.write("credentials", keysOf("example"))
	w.write("config", "[profile example]\nregion = eu-west-1\n")
	return w
}

// beforeEnd returns the time d before the session of the fakeAWS ends.
func beforeEnd(d time.Duration) time.Time {
	end, _ := time.Parse(time.RFC3339, sessionEnd)
	return end.Add(-d)
}

func keysOf(profile string) string {
	return "[" + profile + "]\naws_access_key_id = " + longTermKey + "\naws_secret_access_key = " + longTermValue + "\n"
}

// sessionOf returns the section that a login writes for a new profile.
func sessionOf(profile, region string) string {
	if region != "" {
		region = "region = " + region + "\n"
	}
	return "[" + profile + "]\n" + region +
		"aws_access_key_id = " + sessionKey + "\n" +
		"aws_secret_access_key = " + sessionValue + "\n" +
		"aws_session_token = " + sessionToken + "\n" +
		"x_security_token_expires = " + sessionEnd + "\n" +
		"x_aws_mfa_source = " + longTermKey + " " + phone + " " + sessionKey + "\n"
}

func (w *world) path(name string) string { return filepath.Join(w.home, ".aws", name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// app returns the program with the streams of the world.
func (w *world) app() App {
	a := App{
		Version:  "1.2.3",
		Digest:   "abc",
		Stdout:   &w.stdout,
		Stderr:   &w.stderr,
		Language: w.language,
		Stdin:    strings.NewReader(w.stdin),
		Terminal: func() *prompt.Terminal { return nil },
		Now:      func() time.Time { return w.now },
		Wait: func(ctx context.Context, d time.Duration) error {
			w.waited = append(w.waited, d)
			return ctx.Err()
		},
	}
	if w.terminal != nil {
		a.Stdin, a.Terminal = nil, func() *prompt.Terminal { return w.terminal.prompt() }
	}
	return a
}

// run runs the program. It checks that no secret is on stderr or the terminal, and that stdout is empty if the world is
// silent.
func (w *world) run(args ...string) int {
	w.t.Helper()
	w.stdout.Reset()
	w.stderr.Reset()
	code := w.app().Run(context.Background(), append([]string{"--timeout", w.timeout.String()}, args...))
	if w.silent && w.stdout.Len() > 0 {
		w.t.Errorf("stdout has %q", w.stdout.String())
	}
	secrets := []string{longTermKey, longTermValue, sessionKey, sessionValue, sessionToken, goodCode}
	said := w.stderr.String()
	if w.terminal != nil {
		said += w.terminal.out.String()
		secrets = append(secrets, w.terminal.codes...)
	}
	if typed := strings.TrimSpace(w.stdin); typed != "" {
		secrets = append(secrets, typed)
	}
	for _, secret := range secrets {
		if strings.Contains(said, secret) {
			w.t.Errorf("the secret %q is in %q", secret, said)
		}
	}
	return code
}

// A terminal has a user who types the codes and the lines, one after the other.
type terminal struct {
	codes, lines []string
	out          bytes.Buffer
	mu           sync.Mutex
	asked        int // number of prompts for a code
}

func (p *terminal) prompt() *prompt.Terminal {
	return &prompt.Terminal{Out: writes{p}, In: p, Restore: func() {}, Hidden: func() ([]byte, error) {
		p.asked++
		if p.asked > len(p.codes) {
			return nil, io.EOF
		}
		return []byte(p.codes[p.asked-1]), nil
	}}
}

// writes collects the output on the terminal. waits can read it while the program runs.
type writes struct{ *terminal }

func (p writes) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(text)
}

func (p *terminal) waits() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *terminal) Read(to []byte) (int, error) {
	if len(p.lines) == 0 {
		return 0, io.EOF
	}
	n := copy(to, p.lines[0]+"\n")
	p.lines = p.lines[1:]
	return n, nil
}

// succeeds runs a login that has to work.
func (w *world) succeeds(args ...string) {
	w.t.Helper()
	if code := w.run(args...); code != 0 {
		w.t.Fatalf("exit code %d: %s", code, w.stderr.String())
	}
}

// text returns an English text of the catalog.
func text(key messages.TextKey, args ...any) string {
	return messages.New(key, args...).In(messages.English)
}

// fails runs a login that must end with the exit code and an error of the kind. The error must contain all values, and
// the credentials file must stay the same.
func (w *world) fails(code int, kind messages.Kind, args []string, values ...string) {
	w.t.Helper()
	before, _ := os.ReadFile(w.path("credentials"))
	if got := w.run(args...); got != code {
		w.t.Fatalf("exit code %d, not %d: %s", got, code, w.stderr.String())
	}
	said := w.stderr.String()
	lines := strings.Split(said, "\n")
	for len(lines) > 4 && strings.HasPrefix(lines[0], "aws-mfa: note: ") {
		lines = lines[1:]
	}
	begin := "aws-mfa: error[" + string(kind) + "]: "
	if len(lines) != 4 || !strings.HasPrefix(lines[0], begin) || strings.HasSuffix(lines[0], ".") ||
		lines[1] != "" || !strings.HasPrefix(lines[2], "hint: ") || lines[3] != "" {
		w.t.Errorf("not an error of the kind %s with a hint: %q", kind, said)
	}
	if strings.ContainsFunc(said, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
		w.t.Errorf("the error contains control characters: %q", said)
	}
	for _, value := range values {
		if !strings.Contains(said, value) {
			w.t.Errorf("%q is not in %q", value, said)
		}
	}
	if after, _ := os.ReadFile(w.path("credentials")); !bytes.Equal(before, after) {
		w.t.Errorf("the credentials file has changed to %q", after)
	}
}

func (w *world) called(want ...string) {
	w.t.Helper()
	w.aws.mu.Lock()
	defer w.aws.mu.Unlock()
	if got := strings.Join(w.aws.calls, " "); got != strings.Join(want, " ") {
		w.t.Errorf("the calls were [%s], not %v", got, want)
	}
}

// shell runs a script with the shell called name. It skips the test if there is no such shell.
func (w *world) shell(name, script string) []byte {
	w.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		w.t.Skip(err)
	}
	command := exec.Command(path, "-c", script)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) holds(name, want string) {
	w.t.Helper()
	got, err := os.ReadFile(w.path(name))
	if err != nil || string(got) != want {
		w.t.Errorf("%s holds\n%q, not\n%q (%v)", name, got, want, err)
	}
}
