package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const asProgram = "TEST_AS_PROGRAM"

// TestMain lets the test binary be the program, so that tests see the real
// streams, signals and exit codes.
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

// The version is the one of the file VERSION; the digest is unknown until a
// linker sets it.
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

// The exit code reaches the shell.
func TestExitCode(t *testing.T) {
	var exit *exec.ExitError
	if err := program(t, "-s x -d x").Run(); !errors.As(err, &exit) || exit.ExitCode() != 252 {
		t.Errorf("it ended with %v", err)
	}
}

// Ctrl-C while AWS is silent ends the program at once, with 130 and in silence.
func TestCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signal can be sent")
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
	command := program(t, "-s a", "AWS_SHARED_CREDENTIALS_FILE="+file, "AWS_CONFIG_FILE="+file+"2", "AWS_ENDPOINT_URL="+server.URL)
	var stderr strings.Builder
	command.Stderr = &stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	<-called
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 || stderr.Len() > 0 {
		t.Errorf("it ended with %v: %q", err, stderr.String())
	}
}
