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

// The code is that of the first place that has one: --code, the variable, the
// command, standard input, the terminal.
func TestOrderOfCodes(t *testing.T) {
	needsShell(t)
	for name, test := range map[string]struct {
		args            []string
		variable, stdin string
		terminal        *terminal
		want            string
	}{
		"flag":              {[]string{"--code", "100001", "--code-command", "echo 100003"}, "100002", "100004\n", nil, "100001"},
		"flag with blanks":  {[]string{"--code", " 100001 "}, "", "", nil, "100001"},
		"variable":          {[]string{"--code-command", "echo 100003"}, " 100002\n", "100004\n", nil, "100002"},
		"command":           {[]string{"--code-command", "echo 100003"}, "", "100004\n", nil, "100003"},
		"standard input":    {nil, "", "100004\nmore", nil, "100004"},
		"terminal":          {nil, "", "", &terminal{codes: []string{"100005"}}, "100005"},
		"a code, no prompt": {[]string{"--no-prompt"}, "", "100004\n", nil, "100004"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			t.Setenv(codeVariable, test.variable)
			w.stdin, w.terminal = test.stdin, test.terminal
			w.run(append(test.args, "-s", "example")...)
			if got := w.aws.last.Get("TokenCode"); got != test.want {
				t.Errorf("the code was %q, not %s: %s", got, test.want, w.stderr.String())
			}
		})
	}
}

// Behind an empty line on standard input there may still be a terminal, and with
// credential-process the terminal is asked first: standard input is not ours.
func TestTerminalBesidesPipe(t *testing.T) {
	for _, test := range [][]string{{"\n", "profile"}, {"data of\nsomebody else", processFormat}} {
		w := newWorld(t)
		person := &terminal{codes: []string{goodCode}}
		w.stdin, w.terminal, w.silent = test[0], person, false
		pipe := strings.NewReader(w.stdin)
		app := w.app()
		app.Stdin = pipe
		if code := app.Run(t.Context(), []string{"-s", "example", "--format", test[1]}); code != messages.ExitOK {
			t.Fatalf("exit code %d: %s", code, w.stderr.String())
		}
		if person.asked != 1 || person.out.String() != "MFA code: \n" {
			t.Errorf("%s: asked %d times: %q", test[1], person.asked, person.out.String())
		}
		if test[1] == processFormat && pipe.Len() != len(w.stdin) {
			t.Errorf("%d bytes of somebody's data are gone", len(w.stdin)-pipe.Len())
		}
	}
}

// No program that this one starts sees the variable.
func TestVariableIsNotInherited(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	t.Setenv(codeVariable, goodCode)
	w.write("credentials", "")
	w.write("config", "[profile example]\ncredential_process = test -z \"$AWS_MFA_CODE\" && echo '{\"Version\":1,\"AccessKeyId\":\""+
		longTermKey+"\",\"SecretAccessKey\":\""+longTermValue+"\"}'\n")
	w.succeeds(example...)
	if _, there := os.LookupEnv(codeVariable); there {
		t.Error("the variable is still there")
	}
}

// A code that has not the shape of one is refused before anything is called,
// wherever it came from, and what a command prints is never shown.
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
			t.Errorf("what the command printed is in %q", w.stderr.String())
		}
	}
}

// A program that the command leaves behind keeps nobody waiting.
func TestCommandWithOrphan(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	start := time.Now()
	w.succeeds("-s", "example", "--code-command", "sleep 20 & echo "+goodCode)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// What a command says on stderr is shown as it is: it may ask for a finger.
func TestCommandIsHeard(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	w.succeeds("-s", "example", "-q", "--code-command", "echo touch your key >&2; echo "+goodCode)
	if w.stderr.String() != "touch your key\n" {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// Who types a code that is refused is told, waits for the next one in view of a
// clock, and is asked again, three times in all.
func TestNextCode(t *testing.T) {
	w := newWorld(t)
	w.aws.now = func() time.Time { return time.Now() }
	w.now = time.Date(2096, 1, 1, 0, 0, 18, 0, time.UTC)
	w.terminal = &terminal{codes: []string{"111111", goodCode}}
	w.succeeds(example...)
	if len(w.waited) != 12 || w.terminal.asked != 2 {
		t.Errorf("it waited %v and asked %d times", w.waited, w.terminal.asked)
	}
	wiped := "\r" + strings.Repeat(" ", countdownWidth) + "\rMFA code: "
	for _, text := range []string{"aws-mfa: ", "the next code comes in 12 s", "the next code comes in  1 s", wiped} {
		if !strings.Contains(w.terminal.out.String(), text) {
			t.Errorf("%q is not in %q", text, w.terminal.out.String())
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
	if code := app.Run(ctx, example); code != messages.ExitInterrupted || w.terminal.asked != 1 || !strings.HasSuffix(w.terminal.waits(), " \r") {
		t.Errorf("exit code %d: %q", code, w.terminal.waits())
	}
}

// The window is that of AWS's clock, which decides about codes.
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

// Only a refused code is asked for again: another one would not help with anything else.
func TestOtherRefusals(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
	w.terminal = &terminal{codes: []string{goodCode, goodCode, goodCode}}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, example)
	if w.terminal.asked != 1 || len(w.waited) > 0 {
		t.Errorf("it asked %d times and waited %v", w.terminal.asked, w.waited)
	}
}

// A slip of the finger costs no wait and no call.
func TestMistyped(t *testing.T) {
	w := newWorld(t)
	w.terminal = &terminal{codes: []string{"12345", goodCode}}
	w.succeeds(example...)
	if len(w.waited) > 0 || !strings.Contains(w.terminal.out.String(), "aws-mfa: ") {
		t.Errorf("it waited %v and said %q", w.waited, w.terminal.out.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// A command is run again when there is a new code; nobody's fixed code is tried twice.
func TestNextCodeOfCommand(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	w.succeeds("-s", "example", "--code-command", "echo x >> "+w.path("n")+"; test $(wc -l < "+w.path("n")+") -gt 2 && echo "+goodCode+" || echo 111111")
	if len(w.waited) == 0 || strings.Count(w.stderr.String(), "aws-mfa: note: ") != 2 {
		t.Errorf("it waited %v and said %q", w.waited, w.stderr.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken", "GetSessionToken", "GetSessionToken")
	w.aws.calls = nil
	w.fails(messages.ExitRefused, messages.KindCodeRefused, []string{"-s", "example", "--force", "--code", "111111"})
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// With --no-prompt the code on standard input is taken, whatever the format, and
// nobody is asked for the device either.
func TestNoPromptWithCode(t *testing.T) {
	w := newWorld(t)
	person := &terminal{codes: []string{"111111"}, lines: []string{"2"}}
	w.aws.devices = []string{phone, token}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return person.prompt() }
	code := app.Run(t.Context(), []string{"-s", "example", "--no-prompt", "--format", processFormat})
	if code != messages.ExitOK || person.asked != 0 || person.out.Len() > 0 || w.aws.last.Get("SerialNumber") != phone {
		t.Errorf("exit code %d, asked %q: %s", code, person.out.String(), w.stderr.String())
	}
}

// --no-prompt fails before anything is called, and says what would help.
func TestNoPrompt(t *testing.T) {
	w := newWorld(t)
	w.stdin = ""
	noPrompt := []string{"-s", "example", "--no-prompt"}
	w.fails(messages.ExitUsage, messages.KindCodeMissing, noPrompt, "`--no-prompt`", "--code-command")
	w.terminal = &terminal{codes: []string{goodCode}}
	w.fails(messages.ExitUsage, messages.KindCodeMissing, noPrompt, "`--no-prompt`")
	w.called()
}
