package cli

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

const token = "GAHT12345678"

// The user chooses one of several devices. FIDO keys are listed without a number.
func TestChoice(t *testing.T) {
	list := english(messages.AskDevice) + "\n" +
		"  -  yubi-ABCDEF  (" + english(messages.FIDOKey) + ")\n" +
		"  1  phone  (" + english(messages.VirtualDevice) + ")\n" +
		"  2  " + token + "  (" + english(messages.HardwareDevice) + ")\n" +
		english(messages.AskWhich)
	for name, test := range map[string]struct {
		lines  []string
		serial string
		screen string
	}{
		"a number":    {lines: []string{"2"}, serial: token, screen: list},
		"the default": {lines: []string{""}, serial: phone, screen: list},
		"mistyped": {
			lines:  []string{"0", "3", " 2 "},
			serial: token,
			screen: list + strings.Repeat(english(messages.AskNumber, 2), 2),
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.aws.devices = []string{securityKey, phone, token}
			w.terminal = &terminal{codes: []string{goodCode}, lines: test.lines}
			w.succeeds(example...)
			if got := w.aws.last.Get("SerialNumber"); got != test.serial {
				t.Errorf("the device is %s, not %s", got, test.serial)
			}
			want := test.screen + english(messages.AskCode) + "\n"
			if got := w.terminal.out.String(); got != want {
				t.Errorf("the terminal shows %q, not %q", got, want)
			}
		})
	}
	w := newWorld(t)
	w.aws.devices = []string{phone, token}
	w.terminal = &terminal{lines: []string{"3", "x", "-1", "1"}}
	w.fails(messages.ExitUsage, messages.KindDeviceUnknown, example)
}

// The name of a device cannot send control characters to the terminal.
func TestHostileName(t *testing.T) {
	w := newWorld(t)
	w.aws.devices = []string{phone, phone + "\u009b2J"}
	w.terminal = &terminal{codes: []string{goodCode}, lines: []string{"1"}}
	w.succeeds(example...)
	if strings.Contains(w.terminal.out.String(), "\u009b") {
		t.Errorf("the terminal shows %q", w.terminal.out.String())
	}
}

// The program does not ask for the device if the code does not come from the terminal.
func TestNoChoice(t *testing.T) {
	needsShell(t)
	for flag, value := range map[string]string{"--code": goodCode, "--code-command": "echo " + goodCode} {
		w := newWorld(t)
		w.aws.devices = []string{phone, token}
		w.terminal = &terminal{}
		w.succeeds("-s", "example", flag, value)
		if !w.noted(messages.NoteFirstDevice, phone, 2, "example") || w.terminal.out.Len() > 0 {
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

// --serial is an ARN or a serial number, which needs no lookup, or a part of the device's name.
func TestSerial(t *testing.T) {
	const telephones = "arn:aws:iam::123456789012:mfa/telephones"
	for serial, test := range map[string]struct {
		device      string
		needsLookup bool
	}{
		phone:        {device: phone},
		token:        {device: token},
		"pho":        {device: phone, needsLookup: true},
		"12345678":   {device: token, needsLookup: true},
		"phone":      {device: phone, needsLookup: true},
		"telephones": {device: telephones, needsLookup: true},
	} {
		w := newWorld(t)
		w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:mfa/other\n")
		w.aws.devices = []string{securityKey, telephones, phone, token}
		if serial == "pho" {
			w.aws.devices = w.aws.devices[2:]
		}
		w.succeeds("-s", "example", "--serial", serial)
		if got := w.aws.last.Get("SerialNumber"); got != test.device {
			t.Errorf("%s selects %s, not %s", serial, got, test.device)
		}
		if test.needsLookup {
			w.called("GetCallerIdentity", "ListMFADevices", "GetSessionToken")
		} else {
			w.called("GetSessionToken")
		}
	}
}

// An invalid or ambiguous device is rejected before the prompt.
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
		isARN := strings.HasPrefix(serial, "arn:")
		if isARN && len(w.aws.calls) > 0 || slices.Contains(w.aws.calls, "GetSessionToken") {
			t.Errorf("%s: the calls were %v", serial, w.aws.calls)
		}
	}
	w := newWorld(t)
	w.write("config", "[profile example]\nmfa_serial = arn:aws:iam::123456789012:user/alice\n")
	w.fails(messages.ExitConfiguration, unusable, example, "`mfa_serial`", "`example`")
	w.called()
}

// denies makes AWS deny some calls, as a policy does.
func (w *world) denies(denied func(action, user string) bool) {
	w.aws.broken = func(answer http.ResponseWriter, request *http.Request) {
		if denied(request.Form.Get("Action"), request.Form.Get("UserName")) {
			refuse(answer, "AccessDenied", "User is not authorized to perform: iam:"+request.Form.Get("Action"))
			return
		}
		w.aws.answer(answer, request)
	}
}

// If the user may not list devices by user name, the program lists them without a name.
func TestListingWithoutName(t *testing.T) {
	w := newWorld(t)
	w.aws.user = ""
	w.succeeds(example...)
	w.called("GetCallerIdentity", "ListMFADevices", "ListMFADevices", "GetSessionToken")
}

// If GetCallerIdentity is denied, the program lists devices without a user name. It cannot guess a device.
func TestIdentityDenied(t *testing.T) {
	w := newWorld(t)
	w.aws.user = ""
	w.denies(func(action, _ string) bool { return action == "GetCallerIdentity" })
	w.succeeds(example...)
	w.denies(func(action, _ string) bool { return action != "GetSessionToken" })
	again := []string{"-s", "example", "--force"}
	w.fails(messages.ExitRefused, messages.KindDeviceUnknown, again, "`GetCallerIdentity`", "; ", "--serial")
}

// If the listing times out, the program guesses the device. It does not list again, and the next step has its full
// time.
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
	if !w.noted(messages.NoteGuess, messages.Fail(messages.TimedOut, "ListMFADevices"), w.aws.devices[0]) {
		t.Errorf("it said %q", w.stderr.String())
	}
}

// If the connection breaks during the listing, the program does not list again.
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

// If listing is denied, the program guesses the usual name in the caller's partition, and says so. --serial can replace
// the name.
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
		if !w.noted(messages.NoteGuess, messages.Fail(messages.ListingDenied), guess) {
			t.Errorf("stderr is %q", w.stderr.String())
		}
	}
	w := newWorld(t)
	w.denies(func(action, _ string) bool { return action == "ListMFADevices" })
	w.succeeds("-s", "example", "--serial", "phone")
}
