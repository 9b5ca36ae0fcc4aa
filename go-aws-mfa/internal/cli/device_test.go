package cli

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

const token = "GAHT12345678"

// A person chooses among several devices; FIDO keys are shown, and cannot be chosen.
func TestChoice(t *testing.T) {
	list := "MFA devices of the user:\n  -  yubi-ABCDEF  (FIDO key, cannot be used here)\n  1  phone  (virtual)\n  2  " + token + "  (hardware)\nWhich one? [1] "
	for name, test := range map[string]struct {
		lines        []string
		serial, said string
	}{
		"a number":    {[]string{"2"}, token, list},
		"the default": {[]string{""}, phone, list},
		"mistyped":    {[]string{"0", "3", " 2 "}, token, list + "A number from 1 to 2: A number from 1 to 2: "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.aws.devices = []string{securityKey, phone, token}
			w.terminal = &terminal{codes: []string{goodCode}, lines: test.lines}
			w.succeeds(example...)
			if got := w.aws.last.Get("SerialNumber"); got != test.serial || w.terminal.out.String() != test.said+"MFA code: \n" {
				t.Errorf("%s was taken: %q", got, w.terminal.out.String())
			}
		})
	}
	w := newWorld(t)
	w.aws.devices = []string{phone, token}
	w.terminal = &terminal{lines: []string{"3", "x", "-1", "1"}}
	w.fails(messages.ExitUsage, messages.KindDeviceUnknown, example)
}

// A name that a server made up cannot steer the terminal.
func TestHostileName(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{phone, phone + "\u009b2J"}
	w.terminal = &terminal{codes: []string{goodCode}, lines: []string{"1"}}
	w.succeeds(example...)
	if strings.Contains(w.terminal.out.String(), "\u009b") {
		t.Errorf("the terminal gets %q", w.terminal.out.String())
	}
}

// Where the code comes from elsewhere nobody is asked which device it is for.
func TestNoChoice(t *testing.T) {
	needsShell(t)
	for flag, value := range map[string]string{"--code": goodCode, "--code-command": "echo " + goodCode} {
		w := newWorld(t)
		w.aws.devices = []string{phone, token}
		w.terminal = &terminal{}
		w.succeeds("-s", "example", flag, value)
		if !strings.Contains(w.stderr.String(), "note: using `"+phone+"`") || w.terminal.out.Len() > 0 {
			t.Errorf("%s: it said %q and %q", flag, w.stderr.String(), w.terminal.out.String())
		}
	}
	w := newWorld(t)
	w.aws.devices = []string{phone, token}
	person := &terminal{}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return person.prompt() }
	if code := app.Run(t.Context(), example); code != messages.ExitOK || person.out.Len() > 0 {
		t.Errorf("exit code %d, it said %q and %q", code, w.stderr.String(), person.out.String())
	}
}

// --serial names a device by itself, which needs no call, or by part of its name.
func TestSerial(t *testing.T) {
	for serial, test := range map[string]struct{ taken, calls string }{
		phone:        {phone, "GetSessionToken"},
		token:        {token, "GetSessionToken"},
		"pho":        {phone, "GetCallerIdentity ListMFADevices GetSessionToken"},
		"12345678":   {token, "GetCallerIdentity ListMFADevices GetSessionToken"},
		"phone":      {phone, "GetCallerIdentity ListMFADevices GetSessionToken"},
		"telephones": {"arn:aws:iam::123456789012:mfa/telephones", "GetCallerIdentity ListMFADevices GetSessionToken"},
	} {
		w := newWorld(t)
		w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
		w.aws.devices = []string{securityKey, "arn:aws:iam::123456789012:mfa/telephones", phone, token}
		if serial == "pho" {
			w.aws.devices = w.aws.devices[2:]
		}
		w.succeeds("-s", "example", "--serial", serial)
		if got := w.aws.last.Get("SerialNumber"); got != test.taken {
			t.Errorf("%s took %s", serial, got)
		}
		w.called(strings.Fields(test.calls)...)
	}
}

// What is no device, or not clearly one, is refused before the question.
func TestBadSerial(t *testing.T) {
	const unusable, unknown = messages.KindDeviceUnusable, messages.KindDeviceUnknown
	for serial, test := range map[string]struct {
		kind  messages.Kind
		value string
	}{
		"arn:aws:iam::123456789012:user/alice": {unusable, "arn:aws:iam::123456789012:mfa/alice"},
		securityKey:                            {unusable, "FIDO"},
		"arn:aws:iam::1:mfa/a b":               {unusable, "`--serial`"},
		"yubi":                                 {unusable, "FIDO"},
		"hon":                                  {unknown, phone},
		"laptop":                               {unknown, "`laptop`"},
	} {
		w := newWorld(t)
		w.aws.devices = []string{securityKey, phone, "arn:aws:iam::123456789012:mfa/honey"}
		w.fails(messages.ExitConfiguration, test.kind, []string{"-s", "example", "--serial", serial}, test.value)
		if strings.Contains(strings.Join(w.aws.calls, ""), "Session") || strings.HasPrefix(serial, "arn:") && len(w.aws.calls) > 0 {
			t.Errorf("%s: the calls were %v", serial, w.aws.calls)
		}
	}
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:user/alice\n")
	w.fails(messages.ExitConfiguration, unusable, example, "`mfa_serial`", "`example`")
	w.called()
}

// denies lets AWS deny some calls, as policies do.
func (w *world) denies(denied func(action, user string) bool) {
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		if denied(request.Form.Get("Action"), request.Form.Get("UserName")) {
			refuse(answer, "AccessDenied", "User is not authorized to perform: iam:"+request.Form.Get("Action"))
			return
		}
		w.aws.answer(answer, request)
	}
}

// Who may not list devices by name may be able to without one.
func TestListingWithoutName(t *testing.T) {
	w := newWorld(t)
	w.aws.user = ""
	w.succeeds(example...)
	w.called("GetCallerIdentity", "ListMFADevices", "ListMFADevices", "GetSessionToken")
}

// Without GetCallerIdentity the listing without a name is left, and nothing to guess from.
func TestIdentityDenied(t *testing.T) {
	w := newWorld(t)
	w.aws.user = ""
	w.denies(func(action, _ string) bool { return action == "GetCallerIdentity" })
	w.succeeds(example...)
	w.denies(func(action, _ string) bool { return action != "GetSessionToken" })
	again := []string{"-s", "example", "--force"}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, again, "`GetCallerIdentity`", "; ", "--serial")
}

// A listing without an answer is not tried in another way, and does not take the
// time of the next step: there is the guess.
func TestListingWithoutAnswer(t *testing.T) {
	w := newWorld(t)
	w.aws.devices, w.timeout = []string{"arn:aws:iam::123456789012:mfa/alice"}, 300*time.Millisecond
	silent := func(answer http.ResponseWriter, request *http.Request) {
		if request.Form.Get("Action") == "ListMFADevices" {
			<-request.Context().Done()
			return
		}
		w.aws.answer(answer, request)
	}
	w.aws.broken = silent
	w.succeeds(example...)
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
	if said := w.stderr.String(); !strings.Contains(said, "note: ") || !strings.Contains(said, "`ListMFADevices`") {
		t.Errorf("it said %q", w.stderr.String())
	}
}

// Neither is one whose answer is cut off.
func TestListingCutOff(t *testing.T) {
	w := newWorld(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	w.aws.devices = []string{"arn:aws:iam::123456789012:mfa/alice"}
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		if request.Form.Get("Action") == "ListMFADevices" {
			panic(http.ErrAbortHandler)
		}
		w.aws.answer(answer, request)
	}
	w.succeeds(example...)
	w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
}

// Without any listing the usual name is a guess, and is called one; its
// partition is the caller's. --serial may say the name.
func TestGuess(t *testing.T) {
	for caller, guess := range map[string]string{
		"arn:aws:iam::123456789012:user/eng/alice":  "arn:aws:iam::123456789012:mfa/alice",
		"arn:aws-cn:iam::123456789012:user/alice":   "arn:aws-cn:iam::123456789012:mfa/alice",
		"arn:aws-us-gov:iam::123456789012:user/bob": "arn:aws-us-gov:iam::123456789012:mfa/bob",
		"arn:aws:iam::123456789012:root":            "arn:aws:iam::123456789012:mfa/root-account-mfa-device",
	} {
		w := newWorld(t)
		w.aws.caller, w.aws.devices = caller, []string{guess}
		w.denies(func(action, _ string) bool { return action == "ListMFADevices" })
		w.succeeds(example...)
		if said := w.stderr.String(); !strings.Contains(said, "guessing `"+guess+"`\n") {
			t.Errorf("it said %q", said)
		}
	}
	w := newWorld(t)
	w.denies(func(action, _ string) bool { return action == "ListMFADevices" })
	w.succeeds("-s", "example", "--serial", "phone")
}
