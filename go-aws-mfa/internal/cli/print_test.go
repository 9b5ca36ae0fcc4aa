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

// --version prints the version, the source digest, the Go version and the target.
func TestVersion(t *testing.T) {
	target := runtime.GOOS + "/" + runtime.GOARCH
	want := "aws-mfa 1.2.3\nsource  abc\ngo      " + runtime.Version() + "\ntarget  " + target + "\n"
	if got := printed(t, "--version"); got != want {
		t.Errorf("--version prints %q", got)
	}
}

// --help prints the manual to stdout, even if the rest of the command line is invalid. The lines fit on a terminal.
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

// The parser and the manual have the same flags, switches and defaults.
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

// The next command can be pasted into the shell, whatever the name of the profile.
func TestNextCommand(t *testing.T) {
	for _, test := range []struct{ goos, login, profile, want string }{
		{goos: "linux", login: "/bin/bash", profile: "example_mfa", want: "export AWS_DEFAULT_PROFILE=example_mfa"},
		{goos: "linux", profile: "it's $(me)", want: `export AWS_DEFAULT_PROFILE='it'\''s $(me)'`},
		{goos: "linux", login: "/usr/bin/fish", profile: `it's \n`, want: `set -gx AWS_DEFAULT_PROFILE 'it\'s \\n'`},
		{goos: "freebsd", login: "/bin/tcsh", profile: "it's me!", want: `setenv AWS_DEFAULT_PROFILE 'it'\''s me\!'`},
		{goos: "windows", profile: "example_mfa", want: `$env:AWS_DEFAULT_PROFILE = "example_mfa"`},
		{goos: "windows", profile: "it's $(me)", want: `$env:AWS_DEFAULT_PROFILE = 'it''s $(me)'`},
		{goos: "windows", login: "/bin/fish", profile: "it’s ‘me‛", want: `$env:AWS_DEFAULT_PROFILE = 'it’’s ‘‘me‛‛'`},
	} {
		unset := func(string) string { return "" }
		got := shellOf(test.goos, test.login).nextSteps(test.profile, unset)
		if len(got) != 1 || got[0] != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// The commands unset the variables that AWS programs prefer to AWS_DEFAULT_PROFILE, or set them to the same profile.
func TestNextStepsInAnEnvironment(t *testing.T) {
	for _, test := range []struct {
		shell     shellSyntax
		variables map[string]string
		want      []string
	}{
		{
			shell:     posix,
			variables: map[string]string{"AWS_PROFILE": "other"},
			want:      []string{"export AWS_PROFILE=work", "export AWS_DEFAULT_PROFILE=work"},
		},
		{
			shell:     posix,
			variables: map[string]string{"AWS_PROFILE": "work"},
			want:      []string{"export AWS_DEFAULT_PROFILE=work"},
		},
		{
			shell:     posix,
			variables: map[string]string{"AWS_DEFAULT_PROFILE": "other"},
			want:      []string{"export AWS_DEFAULT_PROFILE=work"},
		},
		{
			shell:     fish,
			variables: map[string]string{"AWS_SESSION_TOKEN": "T", "AWS_ACCESS_KEY_ID": "K"},
			want: []string{
				"set -e AWS_ACCESS_KEY_ID",
				"set -e AWS_SESSION_TOKEN",
				"set -gx AWS_DEFAULT_PROFILE work",
			},
		},
		{
			shell:     csh,
			variables: map[string]string{"AWS_ACCESS_KEY": "K", "AWS_PROFILE": "other"},
			want: []string{
				"unsetenv AWS_ACCESS_KEY",
				"setenv AWS_PROFILE work",
				"setenv AWS_DEFAULT_PROFILE work",
			},
		},
		{
			shell:     powershell,
			variables: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "/t"},
			want: []string{
				"Remove-Item Env:AWS_WEB_IDENTITY_TOKEN_FILE -ErrorAction SilentlyContinue",
				`$env:AWS_DEFAULT_PROFILE = "work"`,
			},
		},
	} {
		getenv := func(name string) string { return test.variables[name] }
		if got := test.shell.nextSteps("work", getenv); !slices.Equal(got, test.want) {
			t.Errorf("%v: %q", test.variables, got)
		}
	}
}

// Messages do not contain secrets. Numbers that only contain the code stay, and so does text like a key that is too
// short.
func TestSecretsAreHidden(t *testing.T) {
	seen := secrets{"123456", longTermValue, "", "a(", "a"}
	got := seen.hide("a " + longTermValue + " 123456 arn::123456789012:a http://u:p q@host/")
	if want := "a *** *** arn::123456789012:a http://***@host/"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A panic prints an error like any other, and no stack trace.
func TestDefect(t *testing.T) {
	w := newWorld(t)
	app := App{Stdout: nil, Stderr: &w.stderr}
	if code := app.Run(context.Background(), []string{"--version"}); code != messages.ExitFailed {
		t.Errorf("exit code %d", code)
	}
	stderr := w.stderr.String()
	if !strings.HasPrefix(stderr, "aws-mfa: error[unexpected]: ") || strings.Contains(stderr, "goroutine") {
		t.Errorf("stderr is %q", stderr)
	}
}
