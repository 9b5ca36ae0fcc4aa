package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

const tries = 3 // how many answers a user may give to a question

// nameDevice finds a device that is named on the command line or in SRC, so that no call is needed.
func (r *run) nameDevice() error {
	switch {
	case login.Whole(r.serial):
		r.named = login.Device(r.serial)
		return checkDevice(r.named, messages.New(messages.FromFlag))
	case r.serial == "" && r.from.MFASerial != "":
		r.named = login.Device(r.from.MFASerial)
		return checkDevice(r.named, messages.New(messages.FromProfile, r.source))
	}
	return nil
}

// device returns the device that is named, or else finds one.
func (r *run) device(ctx context.Context) (login.Device, error) {
	if r.named != "" {
		return r.named, nil
	}
	found, err := r.client.Devices(ctx)
	usable := slices.DeleteFunc(slices.Clone(found.Devices), login.Device.IsFIDO)
	switch {
	case err != nil:
		return "", err
	case len(found.Refusals) > 0:
		return r.guess(found)
	case r.serial != "":
		device, err := found.Match(r.serial)
		if err != nil {
			return "", err
		}
		return device, checkDevice(device, messages.New(messages.FromFlag))
	case len(found.Devices) == 0:
		return "", messages.Fail(messages.DeviceMissing)
	case len(usable) == 0:
		return "", messages.Fail(messages.DeviceOnlyFIDO)
	case len(usable) == 1:
		return usable[0], nil
	}
	if t := r.codeTerminal(); t != nil {
		return r.choose(ctx, t, usable, found.Devices)
	}
	r.note(messages.NoteFirstDevice, usable[0], len(usable), r.source)
	return usable[0], nil
}

// guess returns the most likely name of the device.
func (r *run) guess(found login.Found) (login.Device, error) {
	device := found.Guess
	why := joined(found.Refusals)
	if device == "" {
		return "", messages.Fail(messages.DeviceNotFound, why)
	}
	if r.serial != "" {
		device = device[:len(device)-len(device.Name())] + login.Device(r.serial)
	}
	r.guessed = why
	r.note(messages.NoteGuess, why, device)
	return device, nil
}

// choose asks the user to pick one of several devices.
func (r *run) choose(ctx context.Context, t *prompt.Terminal, usable, devices []login.Device) (login.Device, error) {
	question := messages.New(messages.AskDevice).In(r.Language) + "\n"
	for _, device := range devices {
		mark := "-"
		if at := slices.Index(usable, device); at >= 0 {
			mark = strconv.Itoa(at + 1)
		}
		question += "  " + mark + "  " + oneLine(device.Name()) + "  (" + deviceKind(device).In(r.Language) + ")\n"
	}
	question += messages.New(messages.AskWhich).In(r.Language)
	for range tries {
		line, err := t.Ask(ctx, question, false)
		if err != nil {
			return "", err
		}
		picked, err := strconv.Atoi(cmp.Or(strings.TrimSpace(line), "1"))
		if err == nil && picked >= 1 && picked <= len(usable) {
			return usable[picked-1], nil
		}
		question = messages.New(messages.AskNumber, len(usable)).In(r.Language)
	}
	return "", messages.Fail(messages.DeviceNotChosen)
}

// deviceKind describes the kind of a device.
func deviceKind(device login.Device) messages.Text {
	switch {
	case device.IsFIDO():
		return messages.New(messages.FIDOKey)
	case device.IsVirtual():
		return messages.New(messages.VirtualDevice)
	}
	return messages.New(messages.HardwareDevice)
}
