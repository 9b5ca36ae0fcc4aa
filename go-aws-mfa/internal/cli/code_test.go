package cli

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
	smithytime "github.com/aws/smithy-go/time"
)

func needsShell(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("needs a POSIX shell")
	}
}

// The program uses the first code in this order: --code, the variable, the command, standard input, the terminal.
func TestOrderOfCodes(t *testing.T) {
	needsShell(t)
	command := []string{"--code-command", "echo 100003"}
	for name, test := range map[string]struct {
		args     []string
		variable string
		stdin    string
		terminal *terminal
		want     string
	}{
		"flag": {
			args:     append([]string{"--code", "100001"}, command...),
			variable: "100002",
			stdin:    "100004\n",
			want:     "100001",
		},
		"flag with blanks":  {args: []string{"--code", " 100001 "}, want: "100001"},
		"variable":          {args: command, variable: " 100002\n", stdin: "100004\n", want: "100002"},
		"command":           {args: command, stdin: "100004\n", want: "100003"},
		"standard input":    {stdin: "100004\nmore", want: "100004"},
		"terminal":          {terminal: &terminal{codes: []string{"100005"}}, want: "100005"},
		"a code, no prompt": {args: []string{"--no-prompt"}, stdin: "100004\n", want: "100004"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			t.Setenv(codeVariable, test.variable)
			w.stdin, w.terminal = test.stdin, test.terminal
			w.run(append([]string{"-s", "example"}, test.args...)...)
			if got := w.aws.last.Get("TokenCode"); got != test.want {
				t.Errorf("the code was %q, not %s: %s", got, test.want, w.stderr.String())
			}
		})
	}
}

// If standard input is empty, the program asks at the terminal. With credential-process it does not read standard
// input, which belongs to another program.
func TestTerminalBesidesPipe(t *testing.T) {
	for format, stdin := range map[string]string{profileFormat: "\n", processFormat: "data of\nanother program"} {
		w := newWorld(t)
		screen := &terminal{codes: []string{goodCode}}
		w.stdin, w.terminal, w.silent = stdin, screen, false
		pipe := strings.NewReader(w.stdin)
		app := w.app()
		app.Stdin = pipe
		if code := app.Run(t.Context(), []string{"-s", "example", "--format", format}); code != messages.ExitOK {
			t.Fatalf("exit code %d: %s", code, w.stderr.String())
		}
		if screen.asked != 1 || screen.out.String() != text(messages.AskCode)+"\n" {
			t.Errorf("%s: asked %d times: %q", format, screen.asked, screen.out.String())
		}
		if format == processFormat && pipe.Len() != len(w.stdin) {
			t.Errorf("the program read %d bytes", len(w.stdin)-pipe.Len())
		}
	}
}

// Child processes do not see the variable.
func TestVariableIsNotInherited(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	t.Setenv(codeVariable, goodCode)
	w.write("credentials", "")
	keys := `{"Version":1,"AccessKeyId":"` + longTermKey + `","SecretAccessKey":"` + longTermValue + `"}`
	w.write("config", "[profile example]\ncredential_process = test -z \"$AWS_MFA_CODE\" && echo '"+keys+"'\n")
	w.succeeds(example...)
	if _, isSet := os.LookupEnv(codeVariable); isSet {
		t.Error("the variable is still set")
	}
}

// A malformed code from any source is refused before any call, and the output of a command is never shown.
func TestBadCodeFromElsewhere(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	w.fails(messages.ExitUsage, messages.KindCodeMalformed, []string{"--code", "hunter2"})
	t.Setenv(codeVariable, "hunter2")
	w.fails(messages.ExitUsage, messages.KindCodeMalformed, example)
	w.called()
	for command, value := range map[string]string{
		"echo hunter2":             "`--code-command`",
		"echo 123456; echo 654321": "`--code-command`",
		"echo hunter2; exit 3":     "exit status 3",
	} {
		args := []string{"-s", "example", "--code-command", command}
		w.fails(messages.ExitUsage, messages.KindCodeCommandFailed, args, value)
		if strings.Contains(w.stderr.String(), "hunter2") || strings.Contains(w.stderr.String(), "654321") {
			t.Errorf("the output of the command is in %q", w.stderr.String())
		}
	}
}

// The program does not wait for child processes that the command leaves behind.
func TestCommandWithOrphan(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	start := time.Now()
	w.succeeds("-s", "example", "--code-command", "sleep 20 & echo "+goodCode)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// The stderr of a command is shown unchanged, because the command may ask the user to touch a key.
func TestCommandIsHeard(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	w.succeeds("-s", "example", "-q", "--code-command", "echo touch your key >&2; echo "+goodCode)
	if w.stderr.String() != "touch your key\n" {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// If AWS rejects a code, the program reports it, counts down to the next code, and asks again, up to three times.
func TestNextCode(t *testing.T) {
	w := newWorld(t)
	w.aws.now = func() time.Time { return time.Now() }
	w.now = time.Date(2096, 1, 1, 0, 0, 18, 0, time.UTC)
	w.terminal = &terminal{codes: []string{"111111", goodCode}}
	w.succeeds(example...)
	if len(w.waited) != 12 || w.terminal.asked != 2 {
		t.Errorf("it waited %v and asked %d times", w.waited, w.terminal.asked)
	}
	erased := "\r" + strings.Repeat(" ", countdownWidth) + "\r" + text(messages.AskCode)
	for _, want := range []string{"aws-mfa: ", text(messages.NextCode, 12), text(messages.NextCode, 1), erased} {
		if !strings.Contains(w.terminal.out.String(), want) {
			t.Errorf("%q is not in %q", want, w.terminal.out.String())
		}
	}
	w.terminal = &terminal{codes: []string{"111111", "222222", "333333", "444444"}}
	w.fails(messages.ExitRefused, messages.KindCodeRefused, []string{"-s", "example", "--force"})
	if w.terminal.asked != 3 {
		t.Errorf("it asked %d times", w.terminal.asked)
	}
}

// Ctrl-C ends the countdown at once.
func TestCtrlCWhileCounting(t *testing.T) {
	w := newWorld(t)
	w.terminal = &terminal{codes: []string{"111111", goodCode}}
	ctx, cancel := context.WithCancel(t.Context())
	app := w.app()
	app.Wait = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return smithytime.SleepWithContext(ctx, time.Hour)
	}
	code, screen := app.Run(ctx, example), w.terminal.waits()
	if code != messages.ExitInterrupted || w.terminal.asked != 1 || !strings.HasSuffix(screen, " \r") {
		t.Errorf("exit code %d: %q", code, screen)
	}
}

// The countdown uses the clock of AWS.
func TestNextCodeByTheClockOfAWS(t *testing.T) {
	w := newWorld(t)
	w.aws.now = func() time.Time { return time.Now().Add(10 * time.Second) }
	w.now = time.Date(2096, 1, 1, 0, 0, 16, 0, time.UTC)
	w.terminal = &terminal{codes: []string{"111111", goodCode}}
	w.succeeds(example...)
	if len(w.waited) < 4 || len(w.waited) > 5 {
		t.Errorf("it waited %v", w.waited)
	}
}

// The program asks again only after a rejected code, because another code does not help with other errors.
func TestOtherRefusals(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
	w.terminal = &terminal{codes: []string{goodCode, goodCode, goodCode}}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, example)
	if w.terminal.asked != 1 || len(w.waited) > 0 {
		t.Errorf("it asked %d times and waited %v", w.terminal.asked, w.waited)
	}
}

// After a malformed code, the program asks again without a call or a countdown.
func TestMistyped(t *testing.T) {
	w := newWorld(t)
	w.terminal = &terminal{codes: []string{"12345", goodCode}}
	w.succeeds(example...)
	if len(w.waited) > 0 || !strings.Contains(w.terminal.out.String(), "aws-mfa: ") {
		t.Errorf("it waited %v, the screen shows %q", w.waited, w.terminal.out.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// The program runs a command again for the next code, but never tries the code of --code twice.
func TestNextCodeOfCommand(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	count := w.path("count")
	command := "echo x >> " + count + "; test $(wc -l < " + count + ") -gt 2 && echo " + goodCode + " || echo 111111"
	w.succeeds("-s", "example", "--code-command", command)
	if len(w.waited) == 0 || strings.Count(w.stderr.String(), "aws-mfa: note: ") != 2 {
		t.Errorf("it waited %v, stderr is %q", w.waited, w.stderr.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken", "GetSessionToken", "GetSessionToken")
	w.aws.calls = nil
	w.fails(messages.ExitRefused, messages.KindCodeRefused, []string{"-s", "example", "--force", "--code", "111111"})
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// With --no-prompt, the program reads the code from standard input in any format, and does not ask for the device.
func TestNoPromptWithCode(t *testing.T) {
	w := newWorld(t)
	screen := &terminal{codes: []string{"111111"}, lines: []string{"2"}}
	w.aws.devices = []string{phone, token}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return screen.prompt() }
	code := app.Run(t.Context(), []string{"-s", "example", "--no-prompt", "--format", processFormat})
	if code != messages.ExitOK || screen.asked != 0 || screen.out.Len() > 0 || w.aws.last.Get("SerialNumber") != phone {
		t.Errorf("exit code %d, the screen shows %q: %s", code, screen.out.String(), w.stderr.String())
	}
}

// If --no-prompt makes a login impossible, it fails before any call, with a hint.
func TestNoPrompt(t *testing.T) {
	w := newWorld(t)
	w.stdin = ""
	noPrompt := []string{"-s", "example", "--no-prompt"}
	w.fails(messages.ExitUsage, messages.KindCodeMissing, noPrompt, "`--no-prompt`", "--code-command")
	w.terminal = &terminal{codes: []string{goodCode}}
	w.fails(messages.ExitUsage, messages.KindCodeMissing, noPrompt, "`--no-prompt`")
	w.called()
}
