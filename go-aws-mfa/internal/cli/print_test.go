package cli

import (
	"bytes"
	"context"
	"flag"
	"runtime"
	"slices"
	"strings"
	"testing"

	"aws-mfa.example/aws-mfa/internal/messages"
)

func printed(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	app := App{Version: "1.2.3", Digest: "abc", Stdout: &stdout, Stderr: &stderr}
	if code := app.Run(context.Background(), args); code != messages.ExitOK || stderr.Len() > 0 {
		t.Fatalf("exit code %d, stderr %q", code, stderr.String())
	}
	return stdout.String()
}

// --version says what was built, from what, with what and for what.
func TestVersion(t *testing.T) {
	want := "aws-mfa 1.2.3\nsource  abc\ngo      " + runtime.Version() + "\ntarget  " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	if got := printed(t, "--version"); got != want {
		t.Errorf("--version prints %q", got)
	}
}

// --help is on stdout and names every flag, every exit code and the variables;
// it fits a terminal and asks nothing of the rest of the command line.
func TestHelp(t *testing.T) {
	help := printed(t, "-s", "a", "-d", "a", "--help")
	for _, text := range []string{"-s, --source-profile SRC", "-d, --destination-profile DST", "--version", "-h, --help",
		"AWS_MFA_CODE", "LC_ALL",
		"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE",
		"\n    0 ", "\n    130 ", "\n    252 ", "\n    253 ", "\n    254 ", "\n    255 ", "20s"} {
		if !strings.Contains(help, text) {
			t.Errorf("--help lacks %q", text)
		}
	}
	for _, line := range strings.Split(help, "\n") {
		if len(line) > 80 {
			t.Errorf("longer than 80: %q", line)
		}
	}
	if strings.Contains(help, "%!") {
		t.Error("--help has a formatting mistake")
	}
}

// The flags that are parsed are those of the manual: the same names, switches and defaults.
func TestFlagTable(t *testing.T) {
	documented := map[string]row{}
	for _, row := range table() {
		documented[row.long] = row
		if row.short != "" {
			documented[row.short] = row
		}
	}
	if len(table()) != strings.Count(manual, "\n    -") {
		t.Errorf("%d of %d flags of the manual are understood", len(table()), strings.Count(manual, "\n    -"))
	}
	var o options
	o.flagSet(new(given)).VisitAll(func(parsed *flag.Flag) {
		row, isDocumented := documented[parsed.Name]
		delete(documented, parsed.Name)
		toggle, isBool := parsed.Value.(interface{ IsBoolFlag() bool })
		isSwitch := isBool && toggle.IsBoolFlag()
		hasDefault := isSwitch || parsed.DefValue == "" || strings.Contains(row.help, "default: "+parsed.DefValue+")")
		if !isDocumented || isSwitch != (row.value == "") || !hasDefault {
			t.Errorf("%s is %+v in the manual", parsed.Name, row)
		}
	})
	for name := range documented {
		t.Errorf("%s is documented and not parsed", name)
	}
}

// Both names of a flag set the same option.
func TestShortFlags(t *testing.T) {
	for _, args := range [][]string{
		{"-s", "a", "-d", "b", "-f", "-q"},
		{"--source-profile", "a", "--destination-profile=b", "--force", "--quiet"},
	} {
		got, err := parse(args, "")
		if err != nil || got.source != "a" || got.destination != "b" || !got.force || !got.quiet {
			t.Errorf("%v: %+v (%v)", args, got, err)
		}
	}
}

// The next command can be pasted whatever the profile is called.
func TestNextCommand(t *testing.T) {
	for _, test := range []struct{ goos, login, profile, want string }{
		{"linux", "/bin/bash", "example_mfa", "export AWS_DEFAULT_PROFILE=example_mfa"},
		{"linux", "", "it's $(me)", `export AWS_DEFAULT_PROFILE='it'\''s $(me)'`},
		{"linux", "/usr/bin/fish", `it's \n`, `set -gx AWS_DEFAULT_PROFILE 'it\'s \\n'`},
		{"freebsd", "/bin/tcsh", "it's me!", `setenv AWS_DEFAULT_PROFILE 'it'\''s me\!'`},
		{"windows", "", "example_mfa", `$env:AWS_DEFAULT_PROFILE = "example_mfa"`},
		{"windows", "", "it's $(me)", `$env:AWS_DEFAULT_PROFILE = 'it''s $(me)'`},
		{"windows", "/bin/fish", "it’s ‘me‛", `$env:AWS_DEFAULT_PROFILE = 'it’’s ‘‘me‛‛'`},
	} {
		unset := func(string) string { return "" }
		got := shellOf(test.goos, test.login).nextSteps(test.profile, unset)
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// What AWS programs prefer to AWS_DEFAULT_PROFILE is unset, or names the same profile.
func TestNextStepsInAnEnvironment(t *testing.T) {
	for _, test := range []struct {
		shell     shellSyntax
		variables map[string]string
		want      []string
	}{
		{posix, map[string]string{"AWS_PROFILE": "other"}, []string{"export AWS_PROFILE=work", "export AWS_DEFAULT_PROFILE=work"}},
		{posix, map[string]string{"AWS_PROFILE": "work"}, []string{"export AWS_DEFAULT_PROFILE=work"}},
		{posix, map[string]string{"AWS_DEFAULT_PROFILE": "other"}, []string{"export AWS_DEFAULT_PROFILE=work"}},
		{fish, map[string]string{"AWS_SESSION_TOKEN": "T", "AWS_ACCESS_KEY_ID": "K"}, []string{
			"set -e AWS_ACCESS_KEY_ID", "set -e AWS_SESSION_TOKEN", "set -gx AWS_DEFAULT_PROFILE work",
		}},
		{csh, map[string]string{"AWS_ACCESS_KEY": "K", "AWS_PROFILE": "other"}, []string{
			"unsetenv AWS_ACCESS_KEY", "setenv AWS_PROFILE work", "setenv AWS_DEFAULT_PROFILE work",
		}},
		{powershell, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/t"}, []string{
			"Remove-Item Env:AWS_WEB_IDENTITY_TOKEN_FILE -ErrorAction SilentlyContinue", `$env:AWS_DEFAULT_PROFILE = "work"`,
		}},
	} {
		getenv := func(name string) string { return test.variables[name] }
		if got := test.shell.nextSteps("work", getenv); !slices.Equal(got, test.want) {
			t.Errorf("%v: %q", test.variables, got)
		}
	}
}

// Secrets are cut out of messages; numbers that only contain the code are not,
// and neither is text that only resembles a broken, too short key.
func TestSecretsAreHidden(t *testing.T) {
	seen := secrets{"123456", longTermValue, "", "a(", "a"}
	got := seen.hide("a " + longTermValue + " 123456 arn::123456789012:a http://u:p q@host/")
	if want := "a *** *** arn::123456789012:a http://***@host/"; got != want {
		t.Errorf("it says %q", got)
	}
}

// Not even a defect prints a trace: it becomes an error like any other.
func TestDefect(t *testing.T) {
	w := newWorld(t)
	app := App{Stdout: nil, Stderr: &w.stderr}
	if code := app.Run(context.Background(), []string{"--version"}); code != messages.ExitFailed {
		t.Errorf("exit code %d", code)
	}
	if said := w.stderr.String(); !strings.HasPrefix(said, "aws-mfa: error[unexpected]: ") || strings.Contains(said, "goroutine") {
		t.Errorf("stderr is %q", said)
	}
}
