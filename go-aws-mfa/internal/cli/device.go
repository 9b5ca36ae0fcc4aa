package cli

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

const tries = 3 // how often a person may get an answer wrong

// chosen is the device that the code is for.
type chosen struct {
	login.Device
	guessed []words.Text // if nobody told that the user has it: why not
}

// wanted is the device that is named by itself: on the command line, else in SRC.
func (r *run) wanted() login.Device {
	serial := cmp.Or(r.text("serial"), r.from.MFASerial)
	if r.text("serial") != "" && !login.Whole(serial) {
		return ""
	}
	return login.Device(serial)
}

// isWanted reports whether d is the device that is asked for, if one is.
func (r *run) isWanted(d login.Device) bool {
	if wanted := r.wanted(); wanted != "" {
		return d == wanted
	}
	return strings.Contains(d.Name(), r.text("serial"))
}

// checkDevice refuses before any call what is no device.
func (r *run) checkDevice() error {
	if wanted := r.wanted(); r.text("serial") != "" && wanted != "" {
		return wanted.Check(words.New("from-flag"))
	} else if wanted != "" {
		return wanted.Check(words.New("from-profile", r.source))
	}
	return nil
}

// device finds the device. If one is named by itself, that needs no call.
func (r *run) device(ctx context.Context) (chosen, error) {
	if wanted := r.wanted(); wanted != "" {
		return chosen{Device: wanted}, nil
	}
	found, err := within(ctx, r.limit, r.client.Devices)
	switch {
	case err != nil:
		return chosen{}, err
	case !found.Listed:
		return r.guess(found)
	case r.text("serial") != "":
		device, err := found.Match(r.text("serial"))
		if err == nil {
			err = device.Check(words.New("from-flag"))
		}
		return chosen{Device: device}, err
	}
	usable, err := found.Usable()
	if err != nil || len(usable) == 1 {
		return chosen{Device: append(usable, "")[0]}, err
	}
	if t := r.person(); t != nil {
		return r.choose(ctx, t, usable, found.Devices)
	}
	r.note("note-first-device",
		usable[0], len(usable), r.source)
	return chosen{Device: usable[0]}, nil
}

// guess goes on with the name that the device is likely to have.
func (r *run) guess(found login.Found) (chosen, error) {
	device, part := found.Guess, r.text("serial")
	if device == "" {
		return chosen{}, words.New("device-not-found", all(found.Refusals))
	}
	if part != "" {
		device = device[:len(device)-len(device.Name())] + login.Device(part)
	}
	r.note("note-guess", all(found.Refusals), device)
	return chosen{device, found.Refusals}, nil
}

// choose lets a person pick one of several devices.
func (r *run) choose(ctx context.Context, t *prompt.Terminal, usable, devices []login.Device) (chosen, error) {
	question, number := words.New("ask-device").In(r.Language)+"\n", 0
	for _, device := range devices {
		mark := "-"
		if !device.FIDO() {
			number++
			mark = strconv.Itoa(number)
		}
		question += "  " + mark + "  " + clean(device.Name()) + "  (" + device.Kind().In(r.Language) + ")\n"
	}
	question += words.New("ask-which").In(r.Language)
	for range tries {
		line, err := t.Ask(ctx, question, false)
		if err != nil {
			return chosen{}, err
		}
		picked, err := strconv.Atoi(cmp.Or(strings.TrimSpace(line), "1"))
		if err == nil && picked >= 1 && picked <= len(usable) {
			return chosen{Device: usable[picked-1]}, nil
		}
		question = words.New("ask-number", len(usable)).In(r.Language)
	}
	return chosen{}, words.New("device-not-chosen")
}

// all makes one Text of several.
func all(texts []words.Text) words.Text {
	made := texts[0]
	for _, text := range texts[1:] {
		made = words.New("both", made, text)
	}
	return made
}
