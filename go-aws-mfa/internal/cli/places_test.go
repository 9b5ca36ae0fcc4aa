package cli

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// The duration is sent in seconds. Without the flag, AWS uses its default.
func TestDuration(t *testing.T) {
	for duration, sent := range map[string]string{
		"":      "",
		"15m":   "900",
		"1h30m": "5400",
		"28800": "28800",
		"36h":   "129600",
	} {
		w := newWorld(t)
		args := example
		if duration != "" {
			args = append([]string{"--duration", duration}, example...)
		}
		w.succeeds(args...)
		if got := w.aws.last.Get("DurationSeconds"); got != sent {
			t.Errorf("%q sends %q", duration, got)
		}
	}
	for _, duration := range []string{"899", "14m", "36h1s", "0", "-1h", "x", "1d", "99999999999"} {
		w := newWorld(t)
		w.fails(messages.ExitUsage, messages.KindUsage, []string{"-s", "example", "--duration", duration}, "15m", "36h")
		w.called()
	}
}

// If a session is shorter than requested, the program prints a note: AWS silently shortens the sessions of root.
func TestShorterThanAskedFor(t *testing.T) {
	w := newWorld(t)
	w.now = beforeEnd(time.Hour)
	w.succeeds("-s", "example", "--duration", "1h")
	if strings.Contains(w.stderr.String(), "note: ") {
		t.Errorf("stderr is %q", w.stderr.String())
	}
	w.now = beforeEnd(6 * time.Hour) // the clock of this computer is two hours ahead of that of AWS
	w.aws.now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	w.succeeds("-s", "example", "--duration", "8h", "-f")
	if strings.Contains(w.stderr.String(), text(messages.NoteShorter)) {
		t.Errorf("stderr is %q", w.stderr.String())
	}
	w.aws.now = nil
	w.succeeds("-s", "example", "--duration", "8h", "-f")
	if !strings.Contains(w.stderr.String(), "note: "+text(messages.NoteShorter)) {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// --region takes precedence over AWS_REGION, and is written to DST if neither SRC nor DST has a region.
func TestRegionFlag(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_REGION", "ap-south-1")
	w.succeeds("-s", "example", "--region", "us-west-2")
	if !strings.Contains(w.aws.scope, "/us-west-2/sts/") {
		t.Errorf("the call was signed for %q", w.aws.scope)
	}
	w.holds("credentials", keysOf("example")+"\n"+sessionOf("example_mfa", "eu-west-1"))
	w.write("config", "")
	w.write("credentials", keysOf("example"))
	w.succeeds("-s", "example", "--region", "us-west-2")
	w.holds("credentials", keysOf("example")+"\n"+sessionOf("example_mfa", "us-west-2"))
}

// If no region is set, the calls go to a region in the partition of the device.
func TestFallbackRegion(t *testing.T) {
	for partition, region := range map[string]string{
		"aws":        "us-east-1",
		"aws-cn":     "cn-north-1",
		"aws-us-gov": "us-gov-west-1",
		"aws-eusc":   "eusc-de-east-1",
		"aws-iso":    "us-iso-east-1",
		"aws-iso-b":  "us-isob-east-1",
		"aws-iso-e":  "eu-isoe-west-1",
		"aws-iso-f":  "us-isof-south-1",
	} {
		w := newWorld(t)
		device := "arn:" + partition + ":iam::123456789012:mfa/phone"
		w.aws.devices = []string{device}
		w.write("config", "[profile example]\nmfa_serial = "+device+"\n")
		w.succeeds(example...)
		if !strings.Contains(w.aws.scope, "/"+region+"/sts/") {
			t.Errorf("%s: the call was signed for %q", partition, w.aws.scope)
		}
	}
}

// --endpoint-url takes precedence over all variables, for both services.
func TestEndpointFlag(t *testing.T) {
	w := newWorld(t)
	url := os.Getenv("AWS_ENDPOINT_URL")
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	w.succeeds("-s", "example", "--endpoint-url", url)
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// AWS_CA_BUNDLE names the only certificates that are trusted.
func TestCABundle(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewUnstartedServer(w.aws)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	w.fails(messages.ExitFailed, messages.KindAWSUnreachable, example, "certificate")
	bundle := filepath.Join(w.home, "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	w.succeeds(example...)
}

// Throttling has its own kind for all of the codes that AWS uses.
func TestThrottling(t *testing.T) {
	for name, status := range map[string]int{
		"Throttling":               http.StatusBadRequest,
		"ThrottlingException":      http.StatusBadRequest,
		"RequestLimitExceeded":     http.StatusServiceUnavailable,
		"TooManyRequestsException": http.StatusTooManyRequests,
		"":                         http.StatusTooManyRequests,
	} {
		w := newWorld(t)
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		w.aws.broken = func(answer http.ResponseWriter, _ *http.Request) {
			answer.WriteHeader(status)
			if name != "" {
				_, _ = io.WriteString(answer, "<ErrorResponse><Error><Code>"+name+"</Code>"+
					"<Message>Rate exceeded</Message></Error></ErrorResponse>")
			}
		}
		w.fails(messages.ExitRefused, messages.KindAWSBusy, example)
	}
}

// clockNote is the constant part of the note about a wrong clock.
var clockNote, _, _ = strings.Cut("note: "+text(messages.NoteClock, 0), "0 s")

// If the clock is wrong, the program prints one note, and another hint when AWS rejects the code. A small difference
// does not matter.
func TestClock(t *testing.T) {
	for skew, isNoted := range map[time.Duration]bool{
		0:                 false,
		13 * time.Second:  false,
		-13 * time.Second: false,
		17 * time.Second:  true,
		60 * time.Second:  true,
		-90 * time.Second: true,
	} {
		w := newWorld(t)
		w.aws.now = func() time.Time { return time.Now().Add(skew) }
		want := 0
		if isNoted {
			want = 1
		}
		w.succeeds(example...)
		if strings.Count(w.stderr.String(), clockNote) != want {
			t.Errorf("%v: %q", skew, w.stderr.String())
		}
		w.write("config", "[profile example]\nmfa_serial = "+phone+"\n")
		w.succeeds(example...)
		if strings.Count(w.stderr.String(), clockNote) != want {
			t.Errorf("%v: %q", skew, w.stderr.String())
		}
		w.stdin = "111111"
		w.fails(messages.ExitRefused, messages.KindCodeRefused, example)
		usual := messages.Fail(messages.CodeRefused).Hint(messages.English)
		if _, hint, _ := strings.Cut(w.stderr.String(), "\nhint: "); (hint != usual+"\n") != isNoted {
			t.Errorf("%v: the hint is %q", skew, hint)
		}
	}
}

// The note about the clock comes before the prompt, because the user may compute the code on this computer.
func TestClockBeforeTheQuestion(t *testing.T) {
	w := newWorld(t)
	w.aws.now = func() time.Time { return time.Now().Add(time.Minute) }
	isNoted := false
	app := w.app()
	app.Stdin, app.Terminal = nil, func() *prompt.Terminal {
		return &prompt.Terminal{Out: io.Discard, Hidden: func() ([]byte, error) {
			isNoted = strings.Contains(w.stderr.String(), clockNote)
			return []byte(goodCode), nil
		}}
	}
	if code := app.Run(t.Context(), example); code != messages.ExitOK || !isNoted {
		t.Errorf("exit code %d, note %v: %s", code, isNoted, w.stderr.String())
	}
}

// In a Japanese locale, all output is in Japanese, including the reasons inside messages.
func TestJapanese(t *testing.T) {
	w := newWorld(t)
	w.language = messages.Japanese
	invalid := messages.Fail(messages.DestinationName, messages.New(messages.NameMarks))
	w.fails(messages.ExitUsage, messages.KindUsage, []string{"-d", "a]"}, invalid.In(messages.Japanese))
	w.stdin = "111111"
	rejected := messages.Fail(messages.CodeRefused)
	w.fails(messages.ExitRefused, messages.KindCodeRefused, example,
		rejected.In(messages.Japanese), "hint: "+rejected.Hint(messages.Japanese))
	w.stdin = goodCode
	w.succeeds(example...)
	report := messages.New(messages.SessionUntil, "example_mfa", sessionEnd).In(messages.Japanese)
	if stderr := w.stderr.String(); !strings.HasPrefix(stderr, report+"\n") {
		t.Errorf("stderr is %q", stderr)
	}
}

// completed returns the words that bash offers for the last of the given words.
func completed(t *testing.T, w *world, words ...string) string {
	t.Helper()
	script := printed(t, "completion", "bash") + "COMP_WORDS=(" + strings.Join(words, " ") + ")\n" +
		"COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_aws_mfa\necho \"${COMPREPLY[*]}\"\n"
	return strings.TrimSpace(string(w.shell("bash", script)))
}

// bash completes flags, formats, shells and the profiles of both files.
func TestBashCompletion(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[default]\n[profile work]\n[sso-session x]\n")
	for want, words := range map[string][]string{
		"--serial --source-profile": {"aws-mfa", "-q", "--s"},
		"example default work":      {"aws-mfa", "-s", "''"},
		"json":                      {"aws-mfa", "--format", "j"},
		"bash zsh fish":             {"aws-mfa", "completion", "''"},
		"completion":                {"aws-mfa", "c"},
		"set-serial":                {"aws-mfa", "se"},
		"":                          {"aws-mfa", "--code", "''"},
		"--duration --destination-profile --dry-run": {"aws-mfa", "--d"},
	} {
		got := strings.Fields(completed(t, w, words...))
		for _, word := range strings.Fields(want) {
			if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+word+" ") {
				t.Errorf("%v offers %v, not %s", words, got, word)
			}
		}
		if len(got) != len(strings.Fields(want)) {
			t.Errorf("%v offers %v", words, got)
		}
	}
}

// The scripts for the other shells contain every flag and no placeholder.
func TestOtherCompletions(t *testing.T) {
	fish, zsh := printed(t, "completion", "fish"), printed(t, "completion", "zsh")
	if !strings.HasPrefix(zsh, "#compdef aws-mfa\n") || strings.Contains(fish+zsh, "S@") {
		t.Errorf("the scripts are %q and %q", zsh, fish)
	}
	for _, row := range table() {
		if !strings.Contains(fish, "-l "+row.long+" ") || !bytes.Contains([]byte(zsh), []byte("--"+row.long)) {
			t.Errorf("--%s is missing", row.long)
		}
	}
}
