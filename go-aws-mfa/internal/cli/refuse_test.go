package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

var example = []string{"-s", "example"}

// An invalid command line is refused before any call. The error names the flag or the value.
func TestCommandLine(t *testing.T) {
	for name, test := range map[string]struct {
		args  []string
		value string
	}{
		"same profiles":     {args: []string{"-s", "example", "-d", "example"}, value: "`example`"},
		"a short flag":      {args: []string{"-x"}, value: "`-x`"},
		"a long flag":       {args: []string{"--bogus"}, value: "`--bogus`"},
		"no value":          {args: []string{"-s"}, value: "`-s`"},
		"no value, long":    {args: []string{"--serial"}, value: "`--serial`"},
		"not a switch":      {args: []string{"--force=maybe"}, value: "maybe"},
		"a code":            {args: []string{"-s", "example", goodCode}},
		"a code as a flag":  {args: []string{"-" + goodCode}},
		"an empty source":   {args: []string{"-s", ""}, value: "`-s`"},
		"a bracket":         {args: []string{"-s", "example", "-d", "a]b"}, value: "`[ ] # ;`"},
		"a line break":      {args: []string{"-s", "example", "-d", "a\nb"}, value: "`-d`"},
		"a leading space":   {args: []string{"-s", "example", "-d", " a"}, value: "`-d`"},
		"the section":       {args: []string{"-s", "example", "-d", "DEFAULT"}, value: "`DEFAULT`"},
		"the word profile":  {args: []string{"-s", "example", "-d", "profile a"}, value: "`profile`"},
		"no shell":          {args: []string{"completion"}, value: "bash, zsh, fish"},
		"an unknown shell":  {args: []string{"completion", "tcsh"}, value: "bash, zsh, fish"},
		"--timeout soon":    {args: []string{"--timeout", "soon"}, value: "`--timeout`"},
		"--timeout 0":       {args: []string{"--timeout", "0"}, value: "`--timeout`"},
		"an unknown format": {args: []string{"--format", "yaml"}, value: "profile, json, env"},
		"a host as region":  {args: []string{"--region", "eu-west-1.evil.example/"}, value: "`--region`"},
		"no scheme":         {args: []string{"--endpoint-url", "localhost:4566"}, value: "`--endpoint-url`"},
		"another scheme":    {args: []string{"--endpoint-url", "ftp://host"}, value: "`--endpoint-url`"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			code := w.app().Run(t.Context(), test.args)
			stderr := w.stderr.String()
			if code != messages.ExitUsage || !strings.HasPrefix(stderr, "aws-mfa: error[usage]: ") ||
				!strings.Contains(stderr, test.value) {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			w.called()
		})
	}
}

// Profiles that cannot be used are refused before any call and any question. The error names the profile.
func TestProfiles(t *testing.T) {
	const (
		half  = "[example]\naws_access_key_id=A\naws_secret_access_key=S\n"
		role  = "role_arn=arn:aws:iam::1:role/r\n"
		sso   = "sso_start_url=https://x\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=r\n"
		named = "sso_session=s\ncredential_process=false\n[sso-session s]\nsso_region=us-east-1\n"
	)
	destination := func(lines string) string { return keysOf("example") + "[example_mfa]\n" + lines }
	for name, test := range map[string]struct {
		credentials string
		config      string
		kind        messages.Kind
		value       string
	}{
		"SRC missing": {kind: messages.KindProfileMissing, value: "`example`"},
		"SRC without keys": {
			credentials: "[example]\nregion=x\n",
			kind:        messages.KindKeysMissing,
			value:       "`example`",
		},
		"SRC with half a key": {
			credentials: "[example]\naws_access_key_id=A\n",
			kind:        messages.KindProfileUnusable,
			value:       "`example`",
		},
		"SRC is a session": {
			credentials: half + "aws_session_token=T\n",
			kind:        messages.KindProfileIsSession,
			value:       "`example`",
		},
		"SRC is an old session": {
			credentials: half + "aws_security_token=T\n",
			kind:        messages.KindProfileIsSession,
			value:       "`example`",
		},
		"SRC assumes a role": {
			credentials: "[example]\n" + role + "source_profile=k\n" + keysOf("k"),
			kind:        messages.KindProfileIsRole,
			value:       "`example`",
		},
		"SRC uses SSO": {
			config: "[profile example]\n" + sso,
			kind:   messages.KindProfileIsRole,
			value:  "`example`",
		},
		"SRC uses SSO and a program": {
			config: "[profile example]\n" + named,
			kind:   messages.KindProfileIsRole,
			value:  "`example`",
		},
		"SRC with an odd region": {
			credentials: keysOf("example") + "region = a b\n",
			kind:        messages.KindProfileUnusable,
			value:       "`example`",
		},
		"a lone quotation mark": {
			credentials: keysOf("example") + "[a]\nx = \"\n",
			kind:        messages.KindCredentialsUnreadable,
			value:       "credentials`",
		},
		"DST has keys": {
			credentials: destination(keysOf("x")[4:]),
			kind:        messages.KindDestinationHoldsKeys,
			value:       "`example_mfa`",
		},
		"DST has a key id": {
			credentials: destination("AWS_Access_Key_ID : A\n"),
			kind:        messages.KindDestinationHoldsKeys,
			value:       "`example_mfa`",
		},
		"DST has an empty token": {
			credentials: destination("aws_secret_access_key=S\naws_session_token=\n"),
			kind:        messages.KindDestinationHoldsKeys,
			value:       "`example_mfa`",
		},
		"DST has keys in config": {
			credentials: keysOf("example"),
			config:      "[profile example_mfa]\n" + keysOf("x")[4:],
			kind:        messages.KindDestinationHoldsKeys,
			value:       "`example_mfa`",
		},
		"DST assumes a role": {
			credentials: keysOf("example"),
			config:      "[profile example_mfa]\n" + role + "source_profile=example\n",
			kind:        messages.KindProfileIsRole,
			value:       "`example_mfa`",
		},
		"DST uses SSO": {
			credentials: keysOf("example"),
			config:      "[profile example_mfa]\n" + sso,
			kind:        messages.KindProfileIsRole,
			value:       "`example_mfa`",
		},
		"DST has an unclear header": {
			credentials: keysOf("example") + "[example_mfa] x\n",
			kind:        messages.KindCredentialsUnreadable,
			value:       "line 4",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("credentials", test.credentials)
			w.write("config", test.config)
			w.fails(messages.ExitConfiguration, test.kind, example, test.value)
			w.called()
		})
	}
}

// Keys may come from a program. Its output is never shown, because it contains the keys.
func TestCredentialProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	keys := `{"Version":1,"AccessKeyId":"` + longTermKey + `","SecretAccessKey":"` + longTermValue + `"`
	for printed, kind := range map[string]messages.Kind{
		keys + `}`:                    "",
		keys + `,"SessionToken":"x"}`: messages.KindProfileIsSession,
		keys:                          messages.KindCredentialProcessFailed,
		``:                            messages.KindCredentialProcessFailed,
	} {
		w := newWorld(t)
		script := filepath.Join(w.home, "keys")
		if err := os.WriteFile(script, []byte("#!/bin/sh\necho '"+printed+"'\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		w.write("credentials", "")
		w.write("config", "[profile example]\ncredential_process = "+script+"\n")
		if kind == "" {
			w.succeeds(example...)
		} else {
			w.fails(messages.ExitConfiguration, kind, example, "`example`")
		}
	}
	w := newWorld(t)
	w.write("credentials", "[example]\ncredential_process = exit 3\n")
	w.fails(messages.ExitConfiguration, messages.KindCredentialProcessFailed, example, "exit status 3")
}

// A path that is not a regular file is refused before any call: a rename over /dev/null would be a disaster.
func TestNotAFile(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", w.home)
	w.fails(messages.ExitConfiguration, messages.KindCredentialsUnreadable, example, "`"+w.home+"`")
	if _, err := os.Stat(os.DevNull); err == nil {
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
		w.fails(messages.ExitConfiguration, messages.KindCredentialsUnreadable, example, "`"+os.DevNull+"`")
	}
	w.called()
}

// Without a device that GetSessionToken accepts, there is no question and no call to it.
func TestNoUsableDevice(t *testing.T) {
	w := newWorld(t)
	for _, w.aws.devices = range [][]string{nil, {""}} {
		w.fails(messages.ExitConfiguration, messages.KindDeviceMissing, example)
	}
	w.aws.devices = []string{securityKey}
	w.fails(messages.ExitConfiguration, messages.KindDeviceMissing, example, "FIDO")
	w.called(strings.Fields(strings.Repeat("GetCallerIdentity ListMFADevices ", 3))...)
}

// A FIDO key as mfa_serial is refused without any call.
func TestConfiguredFIDO(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = "+securityKey+"\n")
	w.fails(messages.ExitConfiguration, messages.KindDeviceUnusable, example, "`mfa_serial`", "`example`")
	w.called()
}

// The keys of a role are refused, even if the profile does not show that they belong to one.
func TestNotAUser(t *testing.T) {
	w := newWorld(t)
	for _, caller := range []string{"arn:aws:sts::1:assumed-role/r/alice", "arn:aws:iam::1:user/", "", "alice"} {
		w.aws.caller = caller
		w.fails(messages.ExitConfiguration, messages.KindProfileUnusable, example, "`"+caller+"`")
	}
}

// A malformed code is refused before GetSessionToken, and is never repeated: it may be a password.
func TestShapeOfTheCode(t *testing.T) {
	for _, stdin := range []string{"12345\n", "1234567\n", "hunter\n", "123-456\n", "１２３４５\n", strings.Repeat("1", 5000)} {
		w := newWorld(t)
		w.stdin = stdin
		w.fails(messages.ExitUsage, messages.KindCodeMalformed, example)
		w.called("GetCallerIdentity", "ListMFADevices")
	}
	w := newWorld(t)
	for _, w.stdin = range []string{"", "\n", " \r\n"} {
		w.fails(messages.ExitUsage, messages.KindCodeMissing, example)
	}
}

// Each known error of AWS has its own kind. For other errors, the program shows AWS's message.
func TestRefusals(t *testing.T) {
	const clockWrong, keysRefused = messages.KindClockWrong, messages.KindKeysRefused
	for _, test := range []struct {
		code, message string // of AWS
		kind          messages.Kind
		value         string
	}{
		{
			code:    "InvalidClientTokenId",
			message: "The security token included in the request is invalid.",
			kind:    keysRefused,
		},
		{
			code:    "SignatureDoesNotMatch",
			message: "The request signature we calculated does not match.",
			kind:    keysRefused,
		},
		{
			code:    "SignatureDoesNotMatch",
			message: "Signature expired: 20200101T000000Z is now earlier than",
			kind:    clockWrong,
		},
		{
			code:    "SignatureDoesNotMatch",
			message: "Signature not yet current: 20300101T000000Z is still later than",
			kind:    clockWrong,
		},
		{code: "RequestTimeTooSkewed", message: "The difference is too large.", kind: clockWrong},
		{code: "RequestExpired", message: "Request has expired.", kind: clockWrong},
		{
			code:    "RegionDisabledException",
			message: "STS is not activated in this region for account:1.",
			kind:    messages.KindAWSRefused,
			value:   "--region",
		},
		{
			code:    "AccessDenied",
			message: "Cannot call GetSessionToken with session credentials",
			kind:    messages.KindProfileIsSession,
		},
		{
			code:    "Odd",
			message: "it\n says \u009b" + longTermKey + " and " + longTermValue + ".",
			kind:    messages.KindAWSRefused,
			value: messages.Fail(messages.AWSRefused, "GetCallerIdentity", "Odd", "it says *** and ***").
				In(messages.English) + "\n",
		},
	} {
		w := newWorld(t)
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		w.aws.broken = func(answer http.ResponseWriter, _ *http.Request) { refuse(answer, test.code, test.message) }
		w.fails(messages.ExitRefused, test.kind, example, test.value)
	}
}

// If AWS repeats a key or a code in its message, no error, hint or note shows it. Control characters in the message do
// not reach the terminal.
func TestRepeatedSecrets(t *testing.T) {
	repeated := "it says\n\u009b2J " + longTermValue + " " + goodCode
	w := newWorld(t)
	w.aws.devices = []string{"arn:aws:iam::123456789012:mfa/alice", "arn:aws:iam::123456789012:mfa/" + longTermKey}
	refused := "GetSessionToken"
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		if request.Form.Get("Action") == refused {
			refuse(answer, "Odd", repeated)
			return
		}
		w.aws.answer(answer, request)
	}
	cleaned := "`Odd`: it says 2J *** ***"
	w.fails(messages.ExitRefused, messages.KindAWSRefused, example, cleaned)
	w.fails(messages.ExitRefused, messages.KindAWSRefused, []string{"-s", "example", "--code", goodCode}, cleaned)
	laptop := []string{"-s", "example", "--serial", "laptop"}
	w.fails(messages.ExitConfiguration, messages.KindDeviceUnknown, laptop, "`laptop`", "mfa/***")
	refused, repeated = "ListMFADevices", "it says\n\u009b2J "+longTermValue // before there is a code
	w.succeeds(example...)
	stderr := w.stderr.String()
	if !strings.HasPrefix(stderr, "aws-mfa: note: ") || !strings.Contains(stderr, "`Odd`: it says 2J ***)") {
		t.Errorf("stderr is %q", stderr)
	}
}

// A wrong code and a wrong device are different kinds, although AWS calls both AccessDenied. The program never repeats
// the call, because a code works only once.
func TestWrongCodeAndWrongDevice(t *testing.T) {
	w := newWorld(t)
	w.stdin = "111111\n"
	w.fails(messages.ExitRefused, messages.KindCodeRefused, example)
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	w.stdin = goodCode
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, example, "`mfa_serial`")
	withFlag := []string{"-s", "example", "--serial", token}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, withFlag, "`--serial`")
}

// If the user may not list devices, the hint names another way.
func TestListingDenied(t *testing.T) {
	w := newWorld(t)
	w.aws.user = "bob"
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, example, "`mfa_serial`")
}

// For a server error, the message contains the call and the status.
func TestServerError(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	w.aws.broken = func(answer http.ResponseWriter, _ *http.Request) {
		http.Error(answer, "<html>oops", http.StatusBadGateway)
	}
	w.fails(messages.ExitRefused, messages.KindAWSBusy, example, "`GetCallerIdentity`", "502")
	w.called("GetCallerIdentity")
}

// Neither retries nor a missing response exceed the time limit.
func TestTimeLimit(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"errors": func(answer http.ResponseWriter, _ *http.Request) {
			answer.WriteHeader(http.StatusInternalServerError)
		},
		"silence": func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			t.Setenv("AWS_MAX_ATTEMPTS", "1000")
			w.aws.broken, w.timeout = handler, 200*time.Millisecond
			start := time.Now()
			withSerial := []string{"-s", "example", "--serial", phone}
			w.fails(messages.ExitFailed, messages.KindAWSUnreachable, example, "`GetCallerIdentity`")
			w.fails(messages.ExitFailed, messages.KindAWSUnreachable, withSerial, "`GetSessionToken`")
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// The default limit is 20 s. It does not apply to the user, who may need longer to find the phone.
func TestNoTimeLimitForPeople(t *testing.T) {
	if usual, err := parse(nil, ""); err != nil || usual.timeout != 20*time.Second {
		t.Errorf("the limit is %v (%v)", usual.timeout, err)
	}
	w := newWorld(t)
	app := w.app()
	app.Stdin, app.Terminal = nil, func() *prompt.Terminal {
		return &prompt.Terminal{Out: io.Discard, Hidden: func() ([]byte, error) {
			time.Sleep(700 * time.Millisecond)
			return []byte(goodCode), nil
		}}
	}
	if code := app.Run(t.Context(), []string{"-s", "example", "--timeout", "500ms"}); code != messages.ExitOK {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
}

// An address without a server is an error, which does not show the password in the address.
func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	gone := httptest.NewServer(nil)
	gone.Close()
	t.Setenv("AWS_ENDPOINT_URL", strings.Replace(gone.URL, "//", "//me:hunter2@", 1))
	w.fails(messages.ExitFailed, messages.KindAWSUnreachable, example, "`GetCallerIdentity`: dial ")
	if strings.Contains(w.stderr.String(), "hunter2") {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// Responses that do not come from AWS (a login page, half a session) are errors. Nothing is written.
func TestOddAnswers(t *testing.T) {
	answers := []string{"", "<html><body>log in</body></html>", "{}", "<"}
	parts := []string{
		"<AccessKeyId>A</AccessKeyId>",
		"<SecretAccessKey>S</SecretAccessKey>",
		"<SessionToken>T</SessionToken>",
		"<Expiration>" + sessionEnd + "</Expiration>",
	}
	for missing := range parts {
		rest := strings.Join(slices.Delete(slices.Clone(parts), missing, missing+1), "")
		answers = append(answers, "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>"+rest+
			"</Credentials></GetSessionTokenResult></GetSessionTokenResponse>")
	}
	for _, answer := range answers {
		w := newWorld(t)
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		w.aws.answers = map[string]string{"GetSessionToken": answer}
		w.fails(messages.ExitFailed, messages.KindAWSUnreachable, example, "`GetSessionToken`")
		w.aws.answers = map[string]string{"ListMFADevices": answer}
		if code := w.run(example...); code == messages.ExitOK {
			t.Errorf("%q was accepted as a list of devices", answer)
		}
	}
}

// A value with a line break is never written, because it could add settings to another profile.
func TestHostileSession(t *testing.T) {
	w := newWorld(t)
	w.aws.answers = map[string]string{"GetSessionToken": "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>" +
		"<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T\n[default]\nx=y</SessionToken>" +
		"<Expiration>2096-01-01T12:00:00Z</Expiration></Credentials></GetSessionTokenResult></GetSessionTokenResponse>"}
	w.fails(messages.ExitFailed, messages.KindCredentialsUnwritable, example, "`aws_session_token`")
}

// Long-term keys that appear in DST while the user types the code are not overwritten.
func TestKeysThatCameLater(t *testing.T) {
	w := newWorld(t)
	credentials := keysOf("example") + keysOf("example_mfa")
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		w.write("credentials", credentials)
		w.aws.broken = nil
		w.aws.ServeHTTP(answer, request)
	}
	if code := w.run(example...); code != messages.ExitConfiguration {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
	w.holds("credentials", credentials)
}

// If the file can no longer be written, the error names it.
func TestNotWritable(t *testing.T) {
	w := newWorld(t)
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		w.aws.broken = nil
		_ = os.Remove(w.path("credentials"))
		_ = os.Mkdir(w.path("credentials"), 0o700)
		w.aws.ServeHTTP(answer, request)
	}
	code := w.run(example...)
	stderr := w.stderr.String()
	if code != messages.ExitFailed || !strings.Contains(stderr, "error[credentials-unwritable]") ||
		!strings.Contains(stderr, "`"+w.path("credentials")+"`") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

// Ctrl-C at the prompt ends the program at once, with exit code 130 and without an error.
func TestInterrupted(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		w.aws.broken = nil
		w.aws.ServeHTTP(answer, request)
		time.AfterFunc(50*time.Millisecond, cancel)
	}
	silent, _ := io.Pipe()
	app := w.app()
	app.Stdin = silent
	if code := app.Run(ctx, example); code != messages.ExitInterrupted || w.stderr.Len() > 0 {
		t.Errorf("exit code %d: %q", code, w.stderr.String())
	}
}
