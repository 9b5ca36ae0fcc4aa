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

// The user chooses one of several devices. The list shows FIDO keys, too, but they cannot be chosen.
func TestChoice(t *testing.T) {
	list := text(messages.AskDevice) + "\n" +
		"  -  yubi-ABCDEF  (" + text(messages.FIDOKey) + ")\n" +
		"  1  phone  (" + text(messages.VirtualDevice) + ")\n" +
		"  2  " + token + "  (" + text(messages.HardwareDevice) + ")\n" +
		text(messages.AskWhich)
	again := text(messages.AskNumber, 2)
	for name, test := range map[string]struct {
		lines  []string
		serial string
		screen string
	}{
		"a number":    {lines: []string{"2"}, serial: token, screen: list},
		"the default": {lines: []string{""}, serial: phone, screen: list},
		"mistyped":    {lines: []string{"0", "3", " 2 "}, serial: token, screen: list + again + again},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.aws.devices = []string{securityKey, phone, token}
			w.terminal = &terminal{codes: []string{goodCode}, lines: test.lines}
			w.succeeds(example...)
			screen := test.screen + text(messages.AskCode) + "\n"
			if got := w.aws.last.Get("SerialNumber"); got != test.serial || w.terminal.out.String() != screen {
				t.Errorf("used %s, the screen shows %q", got, w.terminal.out.String())
			}
		})
	}
	w := newWorld(t)
	w.aws.devices = []string{phone, token}
	w.terminal = &terminal{lines: []string{"3", "x", "-1", "1"}}
	w.fails(messages.ExitUsage, messages.KindDeviceUnknown, example)
}

// A device name from a hostile server cannot send control characters to the terminal.
func TestHostileName(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{phone, phone + "\u009b2J"}
	w.terminal = &terminal{codes: []string{goodCode}, lines: []string{"1"}}
	w.succeeds(example...)
	if strings.Contains(w.terminal.out.String(), "\u009b") {
		t.Errorf("the terminal gets %q", w.terminal.out.String())
	}
}

// If the code does not come from the terminal, there is no question about the device.
func TestNoChoice(t *testing.T) {
	needsShell(t)
	for flag, value := range map[string]string{"--code": goodCode, "--code-command": "echo " + goodCode} {
		w := newWorld(t)
		w.aws.devices = []string{phone, token}
		w.terminal = &terminal{}
		w.succeeds("-s", "example", flag, value)
		note := text(messages.NoteFirstDevice, phone, 2, "example")
		if !strings.Contains(w.stderr.String(), note) || w.terminal.out.Len() > 0 {
			t.Errorf("%s: stderr is %q, the screen shows %q", flag, w.stderr.String(), w.terminal.out.String())
		}
	}
	w := newWorld(t)
	w.aws.devices = []string{phone, token}
	screen := &terminal{}
	app := w.app()
	app.Terminal = func() *prompt.Terminal { return screen.prompt() }
	if code := app.Run(t.Context(), example); code != messages.ExitOK || screen.out.Len() > 0 {
		t.Errorf("exit code %d, stderr is %q, the screen shows %q", code, w.stderr.String(), screen.out.String())
	}
}

// --serial is the whole ARN or serial number of a device, which needs no search, or part of its name.
func TestSerial(t *testing.T) {
	const direct, search = "GetSessionToken", "GetCallerIdentity ListMFADevices GetSessionToken"
	for serial, test := range map[string]struct{ device, calls string }{
		phone:        {device: phone, calls: direct},
		token:        {device: token, calls: direct},
		"pho":        {device: phone, calls: search},
		"12345678":   {device: token, calls: search},
		"phone":      {device: phone, calls: search},
		"telephones": {device: "arn:aws:iam::123456789012:mfa/telephones", calls: search},
	} {
		w := newWorld(t)
		w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
		w.aws.devices = []string{securityKey, "arn:aws:iam::123456789012:mfa/telephones", phone, token}
		if serial == "pho" {
			w.aws.devices = w.aws.devices[2:]
		}
		w.succeeds("-s", "example", "--serial", serial)
		if got := w.aws.last.Get("SerialNumber"); got != test.device {
			t.Errorf("%s: used %s", serial, got)
		}
		w.called(strings.Fields(test.calls)...)
	}
}

// An invalid or ambiguous device is refused before the prompt for a code.
func TestBadSerial(t *testing.T) {
	const unusable, unknown = messages.KindDeviceUnusable, messages.KindDeviceUnknown
	for serial, test := range map[string]struct {
		kind  messages.Kind
		value string
	}{
		"arn:aws:iam::123456789012:user/alice": {kind: unusable, value: "arn:aws:iam::123456789012:mfa/alice"},
		securityKey:                            {kind: unusable, value: "FIDO"},
		"arn:aws:iam::1:mfa/a b":               {kind: unusable, value: "`--serial`"},
		"yubi":                                 {kind: unusable, value: "FIDO"},
		"hon":                                  {kind: unknown, value: phone},
		"laptop":                               {kind: unknown, value: "`laptop`"},
	} {
		w := newWorld(t)
		w.aws.devices = []string{securityKey, phone, "arn:aws:iam::123456789012:mfa/honey"}
		w.fails(messages.ExitConfiguration, test.kind, []string{"-s", "example", "--serial", serial}, test.value)
		isUsed := strings.Contains(strings.Join(w.aws.calls, ""), "Session")
		if isUsed || strings.HasPrefix(serial, "arn:") && len(w.aws.calls) > 0 {
			t.Errorf("%s: the calls were %v", serial, w.aws.calls)
		}
	}
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:user/alice\n")
	w.fails(messages.ExitConfiguration, unusable, example, "`mfa_serial`", "`example`")
	w.called()
}

// denies makes AWS deny some calls, as policies do.
func (w *world) denies(denied func(action, user string) bool) {
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		if denied(request.Form.Get("Action"), request.Form.Get("UserName")) {
			refuse(answer, "AccessDenied", "User is not authorized to perform: iam:"+request.Form.Get("Action"))
			return
		}
		w.aws.answer(answer, request)
	}
}

// If the user may not list devices by name, the program lists them without a name.
func TestListingWithoutName(t *testing.T) {
	w := newWorld(t)
	w.aws.user = ""
	w.succeeds(example...)
	w.called("GetCallerIdentity", "ListMFADevices", "ListMFADevices", "GetSessionToken")
}

// If GetCallerIdentity is denied, the program lists devices without a name. If that is denied, too, it cannot guess.
func TestIdentityDenied(t *testing.T) {
	w := newWorld(t)
	w.aws.user = ""
	w.denies(func(action, _ string) bool { return action == "GetCallerIdentity" })
	w.succeeds(example...)
	w.denies(func(action, _ string) bool { return action != "GetSessionToken" })
	again := []string{"-s", "example", "--force"}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, again, "`GetCallerIdentity`", "; ", "--serial")
}

// If a listing times out, the program guesses the device without another listing, and the next step has its full time.
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
	if stderr := w.stderr.String(); !strings.Contains(stderr, "note: ") || !strings.Contains(stderr, "`ListMFADevices`") {
		t.Errorf("stderr is %q", stderr)
	}
}

// A listing whose response is cut off is treated in the same way.
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

// If listing is denied, the program guesses the default name in the caller's partition and prints a note. --serial can
// set the name.
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
		note := text(messages.NoteGuess, messages.Fail(messages.ListingDenied), guess)
		if stderr := w.stderr.String(); !strings.Contains(stderr, "note: "+note+"\n") {
			t.Errorf("stderr is %q", stderr)
		}
	}
	w := newWorld(t)
	w.denies(func(action, _ string) bool { return action == "ListMFADevices" })
	w.succeeds("-s", "example", "--serial", "phone")
}
