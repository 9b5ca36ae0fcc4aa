package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

const tries = 3 // how often a person may get an answer wrong

// nameDevice takes the device that is named by itself: on the command line, else in SRC. It refuses what is none.
func (r *run) nameDevice() error {
	serial := r.text("serial")
	switch {
	case login.Whole(serial):
		r.named = login.Device(serial)
		return r.named.Check(words.New("from-flag"))
	case serial == "" && r.from.MFASerial != "":
		r.named = login.Device(r.from.MFASerial)
		return r.named.Check(words.New("from-profile", r.source))
	}
	return nil
}

// device finds the device. If one is named by itself, that needs no call.
func (r *run) device(ctx context.Context) (login.Device, error) {
	if r.named != "" {
		return r.named, nil
	}
	found, err := r.client.Devices(ctx)
	usable := slices.DeleteFunc(slices.Clone(found.Devices), login.Device.FIDO)
	part := r.text("serial")
	switch {
	case err != nil:
		return "", err
	case found.Why != nil:
		return r.guess(found)
	case part != "":
		device, err := found.Match(part)
		return device, cmp.Or(err, device.Check(words.New("from-flag")))
	case len(found.Devices) == 0:
		return "", words.New("no-device")
	case len(usable) == 0:
		return "", words.New("only-fido")
	case len(usable) == 1:
		return usable[0], nil
	}
	if t := r.person(); t != nil {
		return r.choose(ctx, t, usable, found.Devices)
	}
	r.note("note-first-device", usable[0], len(usable), r.source)
	return usable[0], nil
}

// guess goes on with the name that the device is likely to have.
func (r *run) guess(found login.Found) (login.Device, error) {
	device, part := found.Guess, r.text("serial")
	if device == "" {
		return "", words.New("device-not-found", found.Why)
	}
	if part != "" {
		device = device[:len(device)-len(device.Name())] + login.Device(part)
	}
	r.guessed = found.Why
	r.note("note-guess", found.Why, device)
	return device, nil
}

// choose lets a person pick one of several devices.
func (r *run) choose(ctx context.Context, t *prompt.Terminal, usable, devices []login.Device) (login.Device, error) {
	question := words.New("ask-device").In(r.Language) + "\n"
	for _, device := range devices {
		mark := "-"
		if at := slices.Index(usable, device); at >= 0 {
			mark = strconv.Itoa(at + 1)
		}
		question += "  " + mark + "  " + clean(device.Name()) + "  (" + device.Kind().In(r.Language) + ")\n"
	}
	question += words.New("ask-which").In(r.Language)
	for range tries {
		line, err := t.Ask(ctx, question, false)
		if err != nil {
			return "", err
		}
		picked, err := strconv.Atoi(cmp.Or(strings.TrimSpace(line), "1"))
		if err == nil && picked >= 1 && picked <= len(usable) {
			return usable[picked-1], nil
		}
		question = words.New("ask-number", len(usable)).In(r.Language)
	}
	return "", words.New("device-not-chosen")
}
