package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
)

const asProgram = "TEST_AS_PROGRAM"

// TestMain makes the test binary act as the program, so that tests see the real streams, signals and exit codes.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Args = append(os.Args[:1], strings.Fields(os.Getenv(asProgram))...)
		os.Exit(run())
	}
	os.Exit(m.Run())
}

func program(t *testing.T, args string, environment ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, self)
	command.Env = append(os.Environ(), append(environment, asProgram+"="+args)...)
	return command
}

// The version comes from the file VERSION. The digest is unknown unless the linker sets it.
func TestVersion(t *testing.T) {
	file, err := os.ReadFile("VERSION")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(file), "\n") != 1 || !strings.HasSuffix(string(file), "\n") {
		t.Errorf("VERSION is not one line: %q", file)
	}
	out, err := program(t, "--version").Output()
	if err != nil || !strings.HasPrefix(string(out), "aws-mfa "+string(file)+"source  unknown\n") {
		t.Errorf("--version prints %q (%v)", out, err)
	}
}

// The process ends with the exit code of the program.
func TestExitCode(t *testing.T) {
	var exit *exec.ExitError
	if err := program(t, "-s x -d x").Run(); !errors.As(err, &exit) || exit.ExitCode() != 252 {
		t.Errorf("the program ended with %v", err)
	}
}

// The locale of the environment selects the language.
func TestLanguage(t *testing.T) {
	for locale, language := range map[string]messages.Language{
		"ja_JP.UTF-8": messages.Japanese,
		"C.UTF-8":     messages.English,
	} {
		command := program(t, "-s x -d x", "LC_ALL="+locale)
		var stderr strings.Builder
		command.Stderr = &stderr
		message := messages.Fail(messages.SameProfiles, "x").In(language)
		if _ = command.Run(); !strings.HasPrefix(stderr.String(), "aws-mfa: error[usage]: "+message+"\n") {
			t.Errorf("%s: %q", locale, stderr.String())
		}
	}
}

// Ctrl-C or SIGTERM during a call ends the program at once, with exit code 130 and without output.
func TestCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals")
	}
	called := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_ = request.ParseForm()
		called <- struct{}{}
		<-request.Context().Done()
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(file, []byte("[a]\naws_access_key_id=A\naws_secret_access_key=S\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		command := program(t, "-s a",
			"AWS_SHARED_CREDENTIALS_FILE="+file,
			"AWS_CONFIG_FILE="+file+"2",
			"AWS_ENDPOINT_URL="+server.URL)
		var stderr strings.Builder
		command.Stderr = &stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		<-called
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 || stderr.Len() > 0 {
			t.Errorf("%v: the program ended with %v: %q", signal, err, stderr.String())
		}
	}
}

const longTerm = "[a]\naws_access_key_id=AKIALONGTERM\naws_secret_access_key=S\n"

// home creates a directory with the keys of profile a, and an AWS that issues sessions and counts them. It returns the
// variables for both.
func home(t *testing.T) (credentials string, environment []string, sessions *atomic.Int32) {
	t.Helper()
	sessions = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		number := sessions.Add(1)
		fmt.Fprintf(w, "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>"+
			"<AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"+
			"<Expiration>%s</Expiration></Credentials></GetSessionTokenResult></GetSessionTokenResponse>",
			number, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(server.Close)
	credentials = filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(credentials, []byte(longTerm), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(credentials+"2", []byte("[profile a]\nmfa_serial = GAHT12345678\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment = []string{
		"AWS_SHARED_CREDENTIALS_FILE=" + credentials,
		"AWS_CONFIG_FILE=" + credentials + "2",
		"AWS_ENDPOINT_URL=" + server.URL,
		"AWS_PROFILE=",
		"AWS_REGION=",
		"LC_ALL=C",
	}
	return credentials, environment, sessions
}

// The --code-command does not inherit a standard input that is not a terminal, because it belongs to another program.
func TestCommandBesidesPipe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	_, environment, _ := home(t)
	command := program(t, "-s a --code-command cat;echo${IFS}123456", environment...)
	command.Stdin = strings.NewReader("data\n")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// Twenty processes that need the same session get one code and make one call.
func TestManyAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	credentials, environment, sessions := home(t)
	count := credentials + ".count"
	script := filepath.Join(filepath.Dir(credentials), "code")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho x >> "+count+"\necho 123456\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if out, err := program(t, "-s a --code-command "+script, environment...).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	if codes, _ := os.ReadFile(count); string(codes) != "x\n" || sessions.Load() != 1 {
		t.Errorf("got codes %q and %d sessions", codes, sessions.Load())
	}
}

// Processes that write different profiles at the same time do not lose each other's changes.
func TestManyProfilesAtOnce(t *testing.T) {
	credentials, environment, sessions := home(t)
	var all sync.WaitGroup
	for number := range 12 {
		all.Go(func() {
			command := program(t, fmt.Sprintf("-s a -d p%d --code 123456", number), environment...)
			if out, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	all.Wait()
	text, _ := os.ReadFile(credentials)
	if got := strings.Count(string(text), "\n[p"); got != 12 || sessions.Load() != 12 {
		t.Errorf("%d profiles for %d sessions are in\n%s", got, sessions.Load(), text)
	}
}

// If the process that holds the lock is killed, waiting processes continue.
func TestKilledHolder(t *testing.T) {
	credentials, environment, sessions := home(t)
	holder := program(t, "-s a", environment...)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	for { // until it has the lock
		locks, _ := filepath.Glob(filepath.Join(filepath.Dir(credentials), ".aws-mfa.*.lock"))
		if len(locks) > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	waiting := program(t, "-s a --code 123456", environment...)
	if err := waiting.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if sessions.Load() != 0 {
		t.Error("the second process did not wait")
	}
	_ = holder.Process.Kill()
	_ = holder.Wait()
	if err := waiting.Wait(); err != nil || sessions.Load() != 1 {
		t.Errorf("%v, %d sessions", err, sessions.Load())
	}
}

// Regions, partitions, FIPS and dual-stack select the right addresses of AWS, and the calls go through the proxy.
func TestAddresses(t *testing.T) {
	var mu sync.Mutex
	hosts := map[string]bool{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		hosts[r.Host] = true
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	for host, variable := range map[string]string{
		"sts.eu-west-1.amazonaws.com:443":      "AWS_REGION=eu-west-1",
		"sts-fips.us-east-1.amazonaws.com:443": "AWS_USE_FIPS_ENDPOINT=true",
		"sts.us-east-1.api.aws:443":            "AWS_USE_DUALSTACK_ENDPOINT=true",
		"sts.cn-north-1.amazonaws.com.cn:443":  "AWS_REGION=cn-north-1",
		"sts.us-gov-west-1.amazonaws.com:443":  "AWS_REGION=us-gov-west-1",
	} {
		_, environment, _ := home(t)
		environment = append(environment,
			"AWS_ENDPOINT_URL=", "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "AWS_MAX_ATTEMPTS=1", variable)
		out, _ := program(t, "-s a --code 123456", environment...).CombinedOutput()
		mu.Lock()
		if !hosts[host] || !strings.Contains(string(out), "error[aws-unreachable]") {
			t.Errorf("%s calls %v, not %s: %s", variable, hosts, host, out)
		}
		mu.Unlock()
	}
}
