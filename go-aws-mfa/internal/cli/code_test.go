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

// The program uses the first code of these: --code, the variable, the command, standard input, the terminal.
func TestOrderOfCodes(t *testing.T) {
	needsShell(t)
	for name, test := range map[string]struct {
		args     []string
		variable string
		stdin    string
		terminal *terminal
		want     string
	}{
		"flag": {
			args:     []string{"--code", "100001", "--code-command", "echo 100003"},
			variable: "100002",
			stdin:    "100004\n",
			want:     "100001",
		},
		"flag with blanks": {
			args: []string{"--code", " 100001 "},
			want: "100001",
		},
		"variable": {
			args:     []string{"--code-command", "echo 100003"},
			variable: " 100002\n",
			stdin:    "100004\n",
			want:     "100002",
		},
		"command": {
			args:  []string{"--code-command", "echo 100003"},
			stdin: "100004\n",
			want:  "100003",
		},
		"standard input": {
			stdin: "100004\nmore",
			want:  "100004",
		},
		"terminal": {
			terminal: &terminal{codes: []string{"100005"}},
			want:     "100005",
		},
		"standard input with --no-prompt": {
			args:  []string{"--no-prompt"},
			stdin: "100004\n",
			want:  "100004",
		},
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

// If standard input has an empty line, the program prompts at the terminal. With credential-process it prompts there
// first, because standard input belongs to the program that runs aws-mfa.
func TestTerminalBesidesPipe(t *testing.T) {
	for _, test := range []struct{ stdin, format string }{
		{stdin: "\n", format: profileFormat},
		{stdin: "data of\nanother program", format: processFormat},
	} {
		w := newWorld(t)
		person := &terminal{codes: []string{goodCode}}
		w.stdin, w.terminal, w.silent = test.stdin, person, false
		pipe := strings.NewReader(w.stdin)
		app := w.app()
		app.Stdin = pipe
		if code := app.Run(t.Context(), []string{"-s", "example", "--format", test.format}); code != messages.ExitOK {
			t.Fatalf("exit code %d: %s", code, w.stderr.String())
		}
		if person.asked != 1 || person.out.String() != english(messages.AskCode)+"\n" {
			t.Errorf("%s: it prompted %d times: %q", test.format, person.asked, person.out.String())
		}
		if test.format == processFormat && pipe.Len() != len(w.stdin) {
			t.Errorf("it read %d bytes of standard input", len(w.stdin)-pipe.Len())
		}
	}
}

// Child processes do not inherit the variable.
func TestVariableIsNotInherited(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	t.Setenv(codeVariable, goodCode)
	w.write("credentials", "")
	keys := `{"Version":1,"AccessKeyId":"` + longTermKey + `","SecretAccessKey":"` + longTermValue + `"}`
	w.write("config", "[profile example]\ncredential_process = test -z \"$AWS_MFA_CODE\" && echo '"+keys+"'\n")
	w.succeeds(example...)
	if _, there := os.LookupEnv(codeVariable); there {
		t.Error("the variable is still set")
	}
}

// A malformed code is rejected before the first call, wherever it came from. The output of a command is never shown.
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

// The program does not wait for a child process that the command leaves running.
func TestCommandWithOrphan(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	start := time.Now()
	w.succeeds("-s", "example", "--code-command", "sleep 20 & echo "+goodCode)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// The stderr of a command is shown unchanged: the command may ask the user to touch a key.
func TestCommandStderrIsShown(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	w.succeeds("-s", "example", "-q", "--code-command", "echo touch your key >&2; echo "+goodCode)
	if w.stderr.String() != "touch your key\n" {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// After a rejected code the program reports it, counts down to the next code, and prompts again. It prompts three times
// at most.
func TestNextCode(t *testing.T) {
	w := newWorld(t)
	w.aws.now = func() time.Time { return time.Now() }
	w.now = time.Date(2096, 1, 1, 0, 0, 18, 0, time.UTC)
	w.terminal = &terminal{codes: []string{"111111", goodCode}}
	w.succeeds(example...)
	if len(w.waited) != 12 || w.terminal.asked != 2 {
		t.Errorf("it waited %v and asked %d times", w.waited, w.terminal.asked)
	}
	for _, text := range []string{
		"aws-mfa: " + messages.Fail(messages.CodeRefused).Error(),
		english(messages.NextCode, 12),
		english(messages.NextCode, 1),
		"\r" + strings.Repeat(" ", countdownWidth) + "\r" + english(messages.AskCode),
	} {
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
	code := app.Run(ctx, example)
	isWiped := strings.HasSuffix(w.terminal.waits(), " \r")
	if code != messages.ExitInterrupted || w.terminal.asked != 1 || !isWiped {
		t.Errorf("exit code %d: %q", code, w.terminal.waits())
	}
}

// The countdown uses the clock of AWS, which decides whether a code is valid.
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

// The program prompts again only for a rejected code. Another code does not help with any other refusal.
func TestOtherRefusals(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
	w.terminal = &terminal{codes: []string{goodCode, goodCode, goodCode}}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, example)
	if w.terminal.asked != 1 || len(w.waited) > 0 {
		t.Errorf("it asked %d times and waited %v", w.terminal.asked, w.waited)
	}
}

// A mistyped code causes no wait and no call.
func TestMistyped(t *testing.T) {
	w := newWorld(t)
	w.terminal = &terminal{codes: []string{"12345", goodCode}}
	w.succeeds(example...)
	if len(w.waited) > 0 || !strings.Contains(w.terminal.out.String(), "aws-mfa: ") {
		t.Errorf("it waited %v and said %q", w.waited, w.terminal.out.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// The program runs the command again for the next code. It never tries a fixed code twice.
func TestNextCodeOfCommand(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	count := w.path("count")
	thirdIsGood := "echo x >> " + count + "; test $(wc -l < " + count + ") -gt 2 && echo " + goodCode + " || echo 111111"
	w.succeeds("-s", "example", "--code-command", thirdIsGood)
	if len(w.waited) == 0 || strings.Count(w.stderr.String(), "aws-mfa: note: ") != 2 {
		t.Errorf("it waited %v and said %q", w.waited, w.stderr.String())
	}
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken", "GetSessionToken", "GetSessionToken")
	w.aws.calls = nil
	w.fails(messages.ExitRefused, messages.KindCodeRefused, []string{"-s", "example", "--force", "--code", "111111"})
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// With --no-prompt the program uses the code on standard input, in every format, and never asks for the device.
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

// --no-prompt fails before the first call, and the hint lists the ways to pass a code.
func TestNoPrompt(t *testing.T) {
	w := newWorld(t)
	w.stdin = ""
	noPrompt := []string{"-s", "example", "--no-prompt"}
	w.fails(messages.ExitUsage, messages.KindCodeMissing, noPrompt, "`--no-prompt`", "--code-command")
	w.terminal = &terminal{codes: []string{goodCode}}
	w.fails(messages.ExitUsage, messages.KindCodeMissing, noPrompt, "`--no-prompt`")
	w.called()
}
