package cli

import (
	"context"
	"strconv"
	"strings"

	"aws-mfa.example/aws-mfa/internal/fault"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

// How often a person may get an answer wrong.
const tries = 3

// chosen is the device that the code is for.
type chosen struct {
	login.Device
	guessed []any // if nobody told that the user has it: why not, Texts
}

// wanted is the device that is named by itself: on the command line, else in SRC.
func (r *run) wanted() login.Device {
	if login.Whole(r.serial) {
		return login.Device(r.serial)
	}
	if r.serial != "" {
		return ""
	}
	return login.Device(r.from.MFASerial)
}

// isWanted reports whether d is the device that is asked for, if one is.
func (r *run) isWanted(d login.Device) bool {
	if wanted := r.wanted(); wanted != "" {
		return d == wanted
	}
	return strings.Contains(d.Name(), r.serial)
}

// checkDevice refuses before any call what is no device.
func (r *run) checkDevice() error {
	from := words.New("the `mfa_serial` of profile `%s`", r.source)
	if r.serial != "" {
		from = words.New("the value of `--serial`")
	}
	if wanted := r.wanted(); wanted != "" {
		return wanted.Check(from)
	}
	return nil
}

// device finds the device. If one is named by itself, that needs no call.
func (r *run) device(ctx context.Context) (chosen, error) {
	if wanted := r.wanted(); wanted != "" {
		return chosen{Device: wanted}, nil
	}
	found, err := within(ctx, r.networkTime, r.client.Devices)
	switch {
	case err != nil:
		return chosen{}, err
	case !found.Listed:
		return r.guess(found)
	case r.serial != "":
		device, err := found.Match(r.serial)
		if err == nil {
			err = device.Check(words.New("the value of `--serial`"))
		}
		return chosen{Device: device}, err
	}
	usable, err := found.Usable()
	if err != nil {
		return chosen{}, err
	}
	if len(usable) == 1 {
		return chosen{Device: usable[0]}, nil
	}
	if t := r.person(); t != nil {
		return r.choose(ctx, t, usable, found.Devices)
	}
	r.note("taking `%s`, the first of %d usable MFA devices; `mfa_serial` in profile `%s` names another",
		usable[0], len(usable), r.source)
	return chosen{Device: usable[0]}, nil
}

// guess goes on with the name that the device is likely to have.
func (r *run) guess(found login.Found) (chosen, error) {
	if found.Guess == "" {
		return chosen{}, fault.New(fault.Refused, "give --serial, or set `mfa_serial` in the profile",
			"the MFA device could not be found: %v", all(found.Refusals))
	}
	device := found.Guess
	if r.serial != "" {
		device = device[:len(device)-len(device.Name())] + login.Device(r.serial)
	}
	r.note("the MFA device could not be found (%v); guessing `%s`", all(found.Refusals), device)
	return chosen{device, found.Refusals}, nil
}

// choose lets a person pick one of several devices.
func (r *run) choose(ctx context.Context, t *prompt.Terminal, usable, devices []login.Device) (chosen, error) {
	var list strings.Builder
	list.WriteString(r.Language.Say(words.New("MFA devices of the user:")) + "\n")
	number := 0
	for _, device := range devices {
		mark := "-"
		if !device.FIDO() {
			number++
			mark = strconv.Itoa(number)
		}
		list.WriteString("  " + mark + "  " + clean(device.Name()) + "  (" + r.Language.Say(device.Kind()) + ")\n")
	}
	question := list.String() + r.Language.Say(words.New("Which one? [1] "))
	for range tries {
		line, err := t.Line(ctx, question)
		if err != nil {
			return chosen{}, err
		}
		picked, err := strconv.Atoi(strings.TrimSpace(line))
		switch {
		case strings.TrimSpace(line) == "":
			return chosen{Device: usable[0]}, nil
		case err == nil && picked >= 1 && picked <= len(usable):
			return chosen{Device: usable[picked-1]}, nil
		}
		question = r.Language.Say(words.New("A number from 1 to %d: ", len(usable)))
	}
	return chosen{}, usage("none of the MFA devices was chosen")
}

// all makes one Text of several.
func all(texts []any) words.Text {
	return words.New(strings.TrimPrefix(strings.Repeat("; %v", len(texts)), "; "), texts...)
}
