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

	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

var example = []string{"-s", "example"}

// A command line that can not work is refused before any call.
func TestCommandLine(t *testing.T) {
	for text, args := range map[string][]string{
		"source and destination are both `example`": {"-s", "example", "-d", "example"},
		"there is no flag `-x`":                     {"-x"},
		"there is no flag `--bogus`":                {"--bogus"},
		"flag `-s` needs a value":                   {"-s"},
		"flag `--serial` needs a value":             {"--serial"},
		"standard input":                            {"-s", "example", goodCode},
		"there is no such flag":                     {"-" + goodCode},
		"`-s` can not be used":                      {"-s", ""},
		"can not hold any of `[ ] # ;`":             {"-s", "example", "-d", "a]b"},
		"control characters":                        {"-s", "example", "-d", "a\nb"},
		"can not begin or end with a blank":         {"-s", "example", "-d", " a"},
		"leak into all others":                      {"-s", "example", "-d", "DEFAULT"},
		"the word `profile`":                        {"-s", "example", "-d", "profile a"},
	} {
		t.Run(text, func(t *testing.T) {
			w := newWorld(t)
			w.fails(words.Usage, args, text)
			w.called()
		})
	}
}

// Profiles that can not be used are refused before any call and any question.
func TestProfiles(t *testing.T) {
	session := "[example]\naws_access_key_id=A\naws_secret_access_key=S\n"
	destination := func(lines string) string { return keysOf("example") + "[example_mfa]\n" + lines }
	for name, test := range map[string]struct{ credentials, config, text string }{
		"SRC missing":           {"", "", "there is no profile `example` in"},
		"SRC without keys":      {"[example]\nregion=x\n", "", "profile `example` has no access key"},
		"SRC with half a key":   {"[example]\naws_access_key_id=A\n", "", "partial credentials found for profile example"},
		"SRC is a session":      {session + "aws_session_token=T\n", "", "profile `example` is a session already"},
		"SRC is an old session": {session + "aws_security_token=T\n", "", "profile `example` is a session already"},
		"SRC assumes a role":    {"[example]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=k\n" + keysOf("k"), "", "profile `example` assumes a role"},
		"SRC uses SSO": {"", "[profile example]\nsso_start_url=https://x\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=r\n",
			"profile `example` has no access key"},
		"SRC uses SSO and a program": {"", "[profile example]\nsso_session=s\ncredential_process=false\n[sso-session s]\nsso_region=us-east-1\n",
			"profile `example` has no access key"},
		"SRC with an odd region": {keysOf("example") + "region = a b\n", "", "the region of profile `example`"},
		"a lone quotation mark":  {keysOf("example") + "[a]\nx = \"\n", "", "the AWS SDK can not read a line of"},
		"DST has keys":           {destination(keysOf("x")[4:]), "", "profile `example_mfa` holds long-term keys"},
		"DST has a key id":       {destination("AWS_Access_Key_ID : A\n"), "", "profile `example_mfa` holds long-term keys"},
		"DST has an empty token": {destination("aws_secret_access_key=S\naws_session_token=\n"), "", "profile `example_mfa` holds long-term keys"},
		"DST has keys in config": {keysOf("example"), "[profile example_mfa]\n" + keysOf("x")[4:], "profile `example_mfa` holds long-term keys"},
		"DST assumes a role":     {keysOf("example"), "[profile example_mfa]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=example\n", "would hide a session"},
		"DST uses SSO": {keysOf("example"), "[profile example_mfa]\nsso_start_url=https://x\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=r\n",
			"would hide a session"},
		"DST has an unclear header": {keysOf("example") + "[example_mfa] x\n", "", "section `example_mfa` of "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.write("credentials", test.credentials)
			w.write("config", test.config)
			w.fails(words.Configuration, example, test.text)
			w.called()
		})
	}
}

// Keys may come from a program; what it prints is never shown, because that is
// where the keys are.
func TestCredentialProcess(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	for printed, text := range map[string]string{
		`{"Version":1,"AccessKeyId":"` + longTermKey + `","SecretAccessKey":"` + longTermValue + `"}`:                    "",
		`{"Version":1,"AccessKeyId":"` + longTermKey + `","SecretAccessKey":"` + longTermValue + `","SessionToken":"x"}`: "is a session already",
		`{"Version":1,"AccessKeyId":"` + longTermKey + `","SecretAccessKey":"` + longTermValue + `"`:                     "gave no usable keys",
		``: "gave no usable keys",
	} {
		w := newWorld(t)
		script := filepath.Join(w.home, "keys")
		if err := os.WriteFile(script, []byte("#!/bin/sh\necho '"+printed+"'\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		w.write("credentials", "")
		w.write("config", "[profile example]\ncredential_process = "+script+"\n")
		if text == "" {
			w.succeeds(example...)
		} else {
			w.fails(words.Configuration, example, text)
		}
	}
	w := newWorld(t)
	w.write("credentials", "[example]\ncredential_process = exit 3\n")
	w.fails(words.Configuration, example, "failed: exit status 3")
}

// What is no file, or can not be read, is refused before a code is spent on it:
// a rename over /dev/null would be a disaster.
func TestNotAFile(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", w.home)
	w.fails(words.Configuration, example, "it is not a regular file")
	if _, err := os.Stat(os.DevNull); err == nil {
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
		w.fails(words.Configuration, example, "it is not a regular file")
	}
	w.called()
}

// Without a device that GetSessionToken takes there is no question and no call
// of it, but one sentence that says what is missing.
func TestNoUsableDevice(t *testing.T) {
	w := newWorld(t)
	for _, w.aws.devices = range [][]string{nil, {""}} {
		w.fails(words.Configuration, example, "the user has no MFA device\n")
	}
	w.aws.devices = []string{securityKey}
	w.fails(words.Configuration, example, "the user has no MFA device but FIDO keys", "authenticator app")
	w.called(strings.Fields(strings.Repeat("GetCallerIdentity ListMFADevices ", 3))...)
}

// A FIDO key as mfa_serial is refused without any call.
func TestConfiguredFIDO(t *testing.T) {
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = "+securityKey+"\n")
	w.fails(words.Configuration, example, "is a FIDO key")
	w.called()
}

// Keys of a role are no user's, whatever the profile looks like.
func TestNotAUser(t *testing.T) {
	w := newWorld(t)
	for _, caller := range []string{"arn:aws:sts::1:assumed-role/r/alice", "arn:aws:iam::1:user/", "", "alice"} {
		w.aws.caller = caller
		w.fails(words.Configuration, example, "the keys belong to `"+caller+"`, which is not an IAM user")
	}
}

// What has not the shape of a code is refused without the call that spends it,
// and is never repeated: it may be a password.
func TestShapeOfTheCode(t *testing.T) {
	for _, stdin := range []string{"12345\n", "1234567\n", "hunter\n", "123 456\n", "１２３４５６\n", strings.Repeat("1", 5000)} {
		w := newWorld(t)
		w.stdin = stdin
		w.fails(words.Usage, example, "an MFA code is six digits")
		w.called("GetCallerIdentity", "ListMFADevices")
	}
	w := newWorld(t)
	for _, w.stdin = range []string{"", "\n", " \r\n"} {
		w.fails(words.Usage, example, "there is no MFA code on standard input")
	}
}

// Each refusal of AWS is a plain sentence with a next step, and not AWS's text.
func TestRefusals(t *testing.T) {
	for text, refusal := range map[string][2]string{
		"AWS does not know the access key":                                {"InvalidClientTokenId", "The security token included in the request is invalid."},
		"the secret access key of the profile":                            {"SignatureDoesNotMatch", "The request signature we calculated does not match."},
		"the clock of this computer":                                      {"SignatureDoesNotMatch", "Signature expired: 20200101T000000Z is now earlier than"},
		"the clock of this computer is wrong":                             {"SignatureDoesNotMatch", "Signature not yet current: 20300101T000000Z is still later than"},
		"AWS refuses its signature":                                       {"RequestTimeTooSkewed", "The difference is too large."},
		"set the clock, then try again":                                   {"RequestExpired", "Request has expired."},
		"STS is switched off in this region":                              {"RegionDisabledException", "STS is not activated in this region for account:1."},
		"error: the keys of the profile are a session already":            {"AccessDenied", "Cannot call GetSessionToken with session credentials"},
		"AWS refused `GetCallerIdentity` with `Odd`: it says *** and ***": {"Odd", "it\n says \u009b" + longTermKey + " and " + longTermValue + "."},
	} {
		w := newWorld(t)
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		w.aws.broken = func(answer http.ResponseWriter, _ *http.Request) { refuse(answer, refusal[0], refusal[1]) }
		w.fails(words.Refused, example, text)
	}
}

// What AWS repeats of the keys, or of a code wherever it came from, is shown
// neither in an error nor in a hint nor in a note, and nothing of it steers the terminal.
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
	text := "AWS refused `GetSessionToken` with `Odd`: it says 2J *** ***"
	w.fails(words.Refused, example, text)
	w.fails(words.Refused, []string{"-s", "example", "--code", goodCode}, text)
	w.fails(words.Configuration, []string{"-s", "example", "--serial", "laptop"}, "hint: give --serial part of one of these", "mfa/***")
	refused, repeated = "ListMFADevices", "it says\n\u009b2J "+longTermValue // before there is a code
	w.succeeds(example...)
	if !strings.HasPrefix(w.stderr.String(), "aws-mfa: note: the MFA device could not be found (AWS refused `ListMFADevices` with `Odd`: it says 2J ***); guessing") {
		t.Errorf("it said %q", w.stderr.String())
	}
}

// A wrong code is told apart from a wrong device, though AWS calls both
// AccessDenied. Nothing is tried twice: a code works only once.
func TestWrongCodeAndWrongDevice(t *testing.T) {
	w := newWorld(t)
	w.stdin = "111111\n"
	w.fails(words.Refused, example, "AWS did not take the MFA code", "wait for the next code")
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	w.stdin = goodCode
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
	w.fails(words.Refused, example, "AWS does not know the MFA device", "hint: correct the profile's `mfa_serial`")
	w.fails(words.Refused, []string{"-s", "example", "--serial", token}, "AWS does not know the MFA device", "hint: correct `--serial`")
}

// Who may not list devices is told the way round it.
func TestListingDenied(t *testing.T) {
	w := newWorld(t)
	w.aws.user = "bob"
	w.fails(words.Refused, example, "the user may not list MFA devices", "set `mfa_serial`")
}

// Server trouble is AWS's, and says so with the status.
func TestServerError(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	w.aws.broken = func(answer http.ResponseWriter, _ *http.Request) {
		http.Error(answer, "<html>oops", http.StatusBadGateway)
	}
	w.fails(words.Refused, example, "`GetCallerIdentity` failed at AWS with HTTP status 502")
	w.called("GetCallerIdentity")
}

// Neither retries nor silence outlast the time limit.
func TestTimeLimit(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"errors":  func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(http.StatusInternalServerError) },
		"silence": func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			t.Setenv("AWS_MAX_ATTEMPTS", "1000")
			w.aws.broken, w.timeout = handler, 200*time.Millisecond
			start := time.Now()
			w.fails(words.Failed, example, "`GetCallerIdentity` had no answer from AWS in time")
			w.fails(words.Failed, []string{"-s", "example", "--serial", phone}, "`GetSessionToken` had no answer from AWS in time")
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// The limit is 20 s unless said otherwise, and is never one of a person, who may
// take longer to find the phone.
func TestNoTimeLimitForPeople(t *testing.T) {
	if usual, err := parse(nil, ""); err != nil || usual.limit != 20*time.Second {
		t.Errorf("the limit is %v (%v)", usual.limit, err)
	}
	w := newWorld(t)
	app := w.app()
	app.Stdin, app.Terminal = nil, func() *prompt.Terminal {
		return &prompt.Terminal{Out: io.Discard, Hidden: func() ([]byte, error) {
			time.Sleep(700 * time.Millisecond)
			return []byte(goodCode), nil
		}}
	}
	if code := app.Run(t.Context(), []string{"-s", "example", "--timeout", "500ms"}); code != words.OK {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
}

// An address where nobody listens is a sentence, and its password is not shown.
func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	gone := httptest.NewServer(nil)
	gone.Close()
	t.Setenv("AWS_ENDPOINT_URL", strings.Replace(gone.URL, "//", "//me:hunter2@", 1))
	w.fails(words.Failed, example, "`GetCallerIdentity` could not reach AWS: dial ")
	if strings.Contains(w.stderr.String(), "hunter2") {
		t.Errorf("stderr is %q", w.stderr.String())
	}
}

// Answers that AWS never gives (a login page, half a session) end with a
// sentence: nothing is written and nothing panics.
func TestOddAnswers(t *testing.T) {
	answers := []string{"", "<html><body>log in</body></html>", "{}", "<"}
	parts := []string{"<AccessKeyId>A</AccessKeyId>", "<SecretAccessKey>S</SecretAccessKey>", "<SessionToken>T</SessionToken>", "<Expiration>" + sessionEnd + "</Expiration>"}
	for missing := range parts {
		answers = append(answers, "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>"+
			strings.Join(slices.Delete(slices.Clone(parts), missing, missing+1), "")+"</Credentials></GetSessionTokenResult></GetSessionTokenResponse>")
	}
	for _, answer := range answers {
		w := newWorld(t)
		t.Setenv("AWS_MAX_ATTEMPTS", "1")
		w.aws.answers = map[string]string{"GetSessionToken": answer}
		w.fails(words.Failed, example, "the answer to `GetSessionToken` is not one that AWS gives")
		w.aws.answers = map[string]string{"ListMFADevices": answer}
		if code := w.run(example...); code == words.OK {
			t.Errorf("%q was taken for a list of devices", answer)
		}
	}
}

// A value that the file can not hold is never written: a line break in it could
// make up settings of another profile.
func TestHostileSession(t *testing.T) {
	w := newWorld(t)
	w.aws.answers = map[string]string{"GetSessionToken": "<GetSessionTokenResponse><GetSessionTokenResult><Credentials>" +
		"<AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T\n[default]\nx=y</SessionToken>" +
		"<Expiration>2026-01-01T12:00:00Z</Expiration></Credentials></GetSessionTokenResult></GetSessionTokenResponse>"}
	w.fails(words.Failed, example, "the value of `aws_session_token`")
}

// Long-term keys that came to DST while the code was typed are not overwritten.
func TestKeysThatCameLater(t *testing.T) {
	w := newWorld(t)
	text := keysOf("example") + keysOf("example_mfa")
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		w.write("credentials", text)
		w.aws.broken = nil
		w.aws.ServeHTTP(answer, request)
	}
	if code := w.run(example...); code != words.Configuration {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
	w.holds("credentials", text)
}

// A file that can no longer be written is named, with the reason.
func TestNotWritable(t *testing.T) {
	w := newWorld(t)
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		w.aws.broken = nil
		_ = os.Remove(w.path("credentials"))
		_ = os.Mkdir(w.path("credentials"), 0o700)
		w.aws.ServeHTTP(answer, request)
	}
	said := "the session could not be written to `" + w.path("credentials") + "`: it is not a regular file\n\nhint: "
	if code := w.run(example...); code != words.Failed || !strings.Contains(w.stderr.String(), said) {
		t.Errorf("exit code %d: %s", code, w.stderr.String())
	}
}

// An interruption at the question ends at once, with 130 and without an error.
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
	if code := app.Run(ctx, example); code != words.Interrupted || w.stderr.Len() > 0 {
		t.Errorf("exit code %d: %q", code, w.stderr.String())
	}
}
