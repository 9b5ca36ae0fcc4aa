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
	"strconv"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// The duration is sent in seconds. Without the flag AWS uses its default.
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

// A note reports that the session is shorter than requested: AWS silently shortens sessions of the root user.
func TestShorterThanAskedFor(t *testing.T) {
	w := newWorld(t)
	w.now = beforeEnd(time.Hour)
	w.succeeds("-s", "example", "--duration", "1h")
	if strings.Contains(w.stderr.String(), "note: ") {
		t.Errorf("stderr is %q", w.stderr.String())
	}
	w.now = beforeEnd(6 * time.Hour) // by a clock that is two hours ahead of the clock of AWS
	w.aws.now = func() time.Time { return time.Now().Add(-2 * time.Hour) }
	w.succeeds("-s", "example", "--duration", "8h", "-f")
	if w.noted(messages.NoteShorter) {
		t.Errorf("stderr is %q", w.stderr.String())
	}
	w.aws.now = nil
	w.succeeds("-s", "example", "--duration", "8h", "-f")
	if !w.noted(messages.NoteShorter) {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// --region takes precedence over AWS_REGION. DST gets it if neither DST nor SRC has a region.
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

// Without a region, the program calls one in the partition of the device.
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

// The program only trusts the certificates of AWS_CA_BUNDLE.
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
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	w.succeeds(example...)
}

// The program recognizes every form in which AWS reports too many calls.
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
		body := "<ErrorResponse><Error><Code>" + name + "</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
		w.aws.broken = func(answer http.ResponseWriter, _ *http.Request) {
			answer.WriteHeader(status)
			if name != "" {
				_, _ = io.WriteString(answer, body)
			}
		}
		w.fails(messages.ExitRefused, messages.KindAWSBusy, example)
	}
}

// clockNote returns the note about the clock up to the number of seconds.
func clockNote() string {
	const marker = 987654321
	begin, _, _ := strings.Cut(english(messages.NoteClock, marker), strconv.Itoa(marker))
	return "note: " + begin
}

// The program reports once that the clock is off, before it prompts for a code, and again in the hint after a rejected
// code. It ignores a small difference.
func TestClock(t *testing.T) {
	for skew, reported := range map[time.Duration]bool{
		0:                 false,
		13 * time.Second:  false,
		-13 * time.Second: false,
		17 * time.Second:  true,
		60 * time.Second:  true,
		-90 * time.Second: true,
	} {
		w := newWorld(t)
		w.aws.now = func() time.Time { return time.Now().Add(skew) }
		w.succeeds(example...)
		notes := strings.Count(w.stderr.String(), clockNote())
		if notes > 1 || (notes == 1) != reported {
			t.Errorf("%v: stderr is %q", skew, w.stderr.String())
		}
		w.write("config", "[profile example]\nmfa_serial = "+phone+"\n")
		w.succeeds(example...)
		if strings.Contains(w.stderr.String(), clockNote()) != reported {
			t.Errorf("%v: stderr is %q", skew, w.stderr.String())
		}
		w.stdin = "111111"
		w.fails(messages.ExitRefused, messages.KindCodeRefused, example)
		_, hint, _ := strings.Cut(w.stderr.String(), "\nhint: ")
		isUsual := hint == messages.Fail(messages.CodeRefused).Hint(messages.English)+"\n"
		if isUsual == reported {
			t.Errorf("%v: the hint is %q", skew, hint)
		}
	}
}

// The program reports the clock before it prompts for the code, because the code may be computed on this computer.
func TestClockBeforeTheQuestion(t *testing.T) {
	w := newWorld(t)
	w.aws.now = func() time.Time { return time.Now().Add(time.Minute) }
	reported := false
	app := w.app()
	app.Stdin, app.Terminal = nil, func() *prompt.Terminal {
		return &prompt.Terminal{Out: io.Discard, Hidden: func() ([]byte, error) {
			reported = strings.Contains(w.stderr.String(), clockNote())
			return []byte(goodCode), nil
		}}
	}
	if code := app.Run(t.Context(), example); code != messages.ExitOK || !reported {
		t.Errorf("exit code %d, reported %v: %s", code, reported, w.stderr.String())
	}
}

// In a Japanese locale every message is in Japanese, with the reason in it.
func TestJapanese(t *testing.T) {
	w := newWorld(t)
	w.language = messages.Japanese
	badName := messages.Fail(messages.DestinationName, messages.New(messages.NameMarks))
	w.fails(messages.ExitUsage, badName.Kind(), []string{"-d", "a]"}, badName.In(messages.Japanese))
	w.stdin = "111111"
	refused := messages.Fail(messages.CodeRefused)
	w.fails(messages.ExitRefused, refused.Kind(), example,
		refused.In(messages.Japanese), "hint: "+refused.Hint(messages.Japanese))
	w.stdin = goodCode
	w.succeeds(example...)
	want := messages.New(messages.SessionUntil, "example_mfa", sessionEnd).In(messages.Japanese)
	if got := w.stderr.String(); !strings.HasPrefix(got, want+"\n") {
		t.Errorf("stderr is %q", got)
	}
}

// completed returns the completions that bash offers for the last word.
func completed(t *testing.T, w *world, words ...string) string {
	t.Helper()
	script := printed(t, "completion", "bash") +
		"COMP_WORDS=(" + strings.Join(words, " ") + ")\n" +
		"COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n" +
		"_aws_mfa\n" +
		"echo \"${COMPREPLY[*]}\"\n"
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

// The scripts of fish and zsh have every flag and no placeholder.
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
