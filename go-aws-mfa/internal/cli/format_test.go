package cli

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"aws-mfa.example/aws-mfa/internal/messages"
)

// output logs in and returns what is on stdout.
func (w *world) output(format string, args ...string) string {
	w.t.Helper()
	w.silent = false
	w.succeeds(append([]string{"-s", "example", "--format", format}, args...)...)
	return w.stdout.String()
}

// The commands for a shell set four variables, and unset those that other programs prefer to them. They set the region
// if there is none.
func TestShellFormats(t *testing.T) {
	for format, want := range map[string]string{
		"env": "export AWS_ACCESS_KEY_ID='" + sessionKey + "'\n" +
			"export AWS_SECRET_ACCESS_KEY='" + sessionValue + "'\n" +
			"export AWS_SESSION_TOKEN='" + sessionToken + "'\n" +
			"export AWS_CREDENTIAL_EXPIRATION='" + sessionEnd + "'\n" +
			"export AWS_REGION='eu-west-1'\n" +
			"export AWS_DEFAULT_REGION='eu-west-1'\n" +
			"unset AWS_SECURITY_TOKEN\n" +
			"unset AWS_PROFILE\n" +
			"unset AWS_DEFAULT_PROFILE\n",
		"fish": "set -gx AWS_ACCESS_KEY_ID '" + sessionKey + "'\n" +
			"set -gx AWS_SECRET_ACCESS_KEY '" + sessionValue + "'\n" +
			"set -gx AWS_SESSION_TOKEN '" + sessionToken + "'\n" +
			"set -gx AWS_CREDENTIAL_EXPIRATION '" + sessionEnd + "'\n" +
			"set -gx AWS_REGION 'eu-west-1'\n" +
			"set -gx AWS_DEFAULT_REGION 'eu-west-1'\n" +
			"set -e AWS_SECURITY_TOKEN\n" +
			"set -e AWS_PROFILE\n" +
			"set -e AWS_DEFAULT_PROFILE\n" +
			"true\n",
		"powershell": "$env:AWS_ACCESS_KEY_ID = '" + sessionKey + "'\n" +
			"$env:AWS_SECRET_ACCESS_KEY = '" + sessionValue + "'\n" +
			"$env:AWS_SESSION_TOKEN = '" + sessionToken + "'\n" +
			"$env:AWS_CREDENTIAL_EXPIRATION = '" + sessionEnd + "'\n" +
			"$env:AWS_REGION = 'eu-west-1'\n" +
			"$env:AWS_DEFAULT_REGION = 'eu-west-1'\n" +
			"Remove-Item Env:AWS_SECURITY_TOKEN -ErrorAction SilentlyContinue\n" +
			"Remove-Item Env:AWS_PROFILE -ErrorAction SilentlyContinue\n" +
			"Remove-Item Env:AWS_DEFAULT_PROFILE -ErrorAction SilentlyContinue\n",
	} {
		w := newWorld(t)
		if got := w.output(format); got != want {
			t.Errorf("%s prints %q", format, got)
		}
		for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			t.Setenv(variable, "ap-south-1")
			if got := w.output(format, "-f"); strings.Contains(got, "REGION") {
				t.Errorf("%s prints %q", format, got)
			}
			t.Setenv(variable, "")
		}
		if w.stderr.Len() > 0 {
			t.Errorf("stderr has %q", w.stderr.String())
		}
	}
}

// A shell can evaluate the commands.
func TestEval(t *testing.T) {
	needsShell(t)
	w := newWorld(t)
	command := exec.Command("sh", "-c", w.output("env")+"echo $AWS_SESSION_TOKEN ${AWS_SECURITY_TOKEN-none}")
	command.Env = append(os.Environ(), "AWS_SECURITY_TOKEN=stale")
	if got, err := command.Output(); err != nil || string(got) != sessionToken+" none\n" {
		t.Errorf("the shell prints %q (%v)", got, err)
	}
}

// credential-process prints only the members that AWS documents; json prints more. Both store the session in the
// profile, so the next run needs no code.
func TestJSONFormats(t *testing.T) {
	basic := map[string]any{
		"Version":         1.0,
		"AccessKeyId":     sessionKey,
		"SecretAccessKey": sessionValue,
		"SessionToken":    sessionToken,
		"Expiration":      sessionEnd,
	}
	for _, format := range []string{processFormat, "json"} {
		w := newWorld(t)
		for _, reused := range []bool{false, true} {
			want := map[string]any{}
			for key, value := range basic {
				want[key] = value
			}
			if format == "json" {
				want["Profile"], want["SourceProfile"], want["SerialNumber"] = "example_mfa", "example", phone
				want["Region"], want["Reused"] = "eu-west-1", reused
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(w.output(format)), &got); err != nil {
				t.Fatal(err)
			}
			for key := range got {
				if got[key] != want[key] || len(got) != len(want) {
					t.Errorf("%s gives %q for %s, not %v", format, got[key], key, want)
				}
			}
			w.stdin = ""
		}
		w.holds("credentials", keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1"))
		w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	}
}

// The program prints the end of a session in UTC, even if the file has another time zone.
func TestEndInUTC(t *testing.T) {
	w := newWorld(t)
	session := strings.Replace(sessionOf("example_mfa", ""), sessionEnd, "2096-01-01T13:00:00+01:00", 1)
	w.write("credentials", keysOf("example")+session)
	w.stdin = ""
	for _, format := range []string{"json", "env"} {
		if got := w.output(format); !strings.Contains(got, sessionEnd) {
			t.Errorf("%s prints %q", format, got)
		}
	}
	w.called()
}

// --quiet prints only errors and questions.
func TestQuiet(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{phone, token}
	w.succeeds("-s", "example", "-q")
	if w.stderr.Len() > 0 {
		t.Errorf("stderr has %q", w.stderr.String())
	}
	w.fails(messages.ExitConfiguration, messages.KindProfileMissing, []string{"-s", "nobody", "-q"}, "`nobody`")
}

// With the formats for programs, the last line of an error is a JSON object without secrets.
func TestErrorsForPrograms(t *testing.T) {
	for _, format := range []string{jsonFormat, processFormat} {
		w := newWorld(t)
		w.stdin = "111111"
		w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
			if request.Form.Get("Action") == "GetSessionToken" {
				refuse(answer, "Odd", "\"&lt;\" \u009b "+longTermValue+" 111111")
				return
			}
			w.aws.answer(answer, request)
		}
		code := w.run("-s", "example", "--format", format)
		stderr := w.stderr.String()
		before, line, _ := strings.Cut(stderr, "\n{")
		message, hint, _ := strings.Cut(strings.TrimPrefix(before, "aws-mfa: error[aws-refused]: "), "\n\nhint: ")
		var got errorDocument
		if err := json.Unmarshal([]byte("{"+line), &got); err != nil {
			t.Fatalf("%v in %q", err, stderr)
		}
		details := errorDetails{Kind: messages.KindAWSRefused, Message: message, Hint: hint, ExitCode: code}
		if got.Error != details || code != messages.ExitRefused || strings.Count(line, "\n") != 1 {
			t.Errorf("exit code %d: %q", code, stderr)
		}
		if !strings.Contains(message, "\"<\" *** ***") || hint == "" {
			t.Errorf("the message is %q, the hint %q", message, hint)
		}
	}
}

// So is an error in the command line, wherever --format is, and an unexpected error.
func TestErrorsForProgramsBeforeTheLogin(t *testing.T) {
	for name, args := range map[string][]string{
		"an unknown flag":       {"--bogus", "--format", "json"},
		"an unknown flag later": {"--format=credential-process", "--bogus"},
		"one dash":              {"-format", "json", "-x"},
		"a wrong value":         {"--timeout", "soon", "--format", "json"},
		"an argument":           {"--format", "json", "x"},
	} {
		w := newWorld(t)
		code := w.app().Run(t.Context(), args)
		if code != messages.ExitUsage || !strings.Contains(w.stderr.String(), "\n{\"error\":{\"kind\":\"usage\",") {
			t.Errorf("%s: exit code %d: %s", name, code, w.stderr.String())
		}
	}
	w := newWorld(t)
	app := w.app()
	app.Now = nil
	w.write("credentials", keysOf("example")+sessionOf("example_mfa", ""))
	code := app.Run(t.Context(), []string{"-s", "example", "--format", "json"})
	if code != messages.ExitFailed || !strings.Contains(w.stderr.String(), "\n{\"error\":{\"kind\":\"unexpected\",") {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
}

// The other formats print errors without JSON.
func TestErrorsForPeople(t *testing.T) {
	for _, format := range []string{profileFormat, "env", "fish", "powershell"} {
		w := newWorld(t)
		args := []string{"-s", "nobody", "--format", format}
		w.fails(messages.ExitConfiguration, messages.KindProfileMissing, args, "`nobody`")
	}
}

// A failed write to standard output is an error.
func TestClosedOutput(t *testing.T) {
	w := newWorld(t)
	app := w.app()
	reader, writer, _ := os.Pipe()
	_, _ = reader.Close(), writer.Close()
	app.Stdout = writer
	if code := app.Run(t.Context(), []string{"-s", "example", "--format", "env"}); code != messages.ExitFailed ||
		!strings.Contains(w.stderr.String(), "error[stdout-unwritable]") {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
}

// If DST has a credential_process, AWS programs use the session instead, so the program prints a note.
func TestDestinationWithProcess(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example_mfa]\ncredential_process = false\n")
	w.succeeds(example...)
	if !strings.Contains(w.stderr.String(), "note: "+text(messages.NoteProcess, "example_mfa")) {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}
