package login

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Device is the ARN of an MFA device, or the number on the back of a hardware one.
type Device string

// What AWS takes as a serial number, and what is printed on hardware devices.
var (
	anySerial      = regexp.MustCompile(`^[\w+=/:,.@-]{9,256}$`)
	hardwareSerial = regexp.MustCompile(`^[A-Z]{2,8}[0-9]{6,}$`)
)

// Whole reports whether text names a device by itself; otherwise it is a part of a name.
func Whole(text string) bool {
	return strings.HasPrefix(text, "arn:") || hardwareSerial.MatchString(text)
}

// FIDO reports whether it is a security key, which GetSessionToken can not use.
func (d Device) FIDO() bool { return strings.Contains(string(d), ":u2f/") }

// Name is what people call it.
func (d Device) Name() string { return string(d[strings.LastIndexByte(string(d), '/')+1:]) }

// Partition is the one of the device's ARN, or "".
func (d Device) Partition() string {
	parsed, _ := arn.Parse(string(d))
	return parsed.Partition
}

// Kind says what sort of device it is.
func (d Device) Kind() words.Text {
	switch {
	case d.FIDO():
		return words.New("kind-fido")
	case strings.Contains(string(d), ":mfa/"):
		return words.New("kind-virtual")
	}
	return words.New("kind-hardware")
}

// Check refuses what by its shape is no device for GetSessionToken; from is where it stands.
func (d Device) Check(from words.Text) error {
	switch {
	case d.FIDO():
		return words.New("device-is-fido", from)
	case strings.Contains(string(d), ":user/"):
		return words.New("device-is-user", from, strings.Replace(string(d), ":user/", ":mfa/", 1))
	case !anySerial.MatchString(string(d)):
		return words.New("device-shape", from)
	}
	return nil
}

// Found is what AWS told about the user's devices.
type Found struct {
	Listed   bool
	Devices  []Device     // FIDO keys too, in no order: AWS promises none
	Guess    Device       // what it may be where nothing could be listed
	Refusals []words.Text // why not, call by call
}

// Devices asks for the devices of the user. Who may not list them by name may be able to without; else the usual name
// of a device is a guess.
func (c Client) Devices(ctx context.Context) (found Found, err error) {
	var user *string
	identity, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	switch {
	case err == nil:
		if user, found.Guess, err = parse(aws.ToString(identity.Arn)); err != nil {
			return found, err
		}
	case denied(err):
		found.refused(explain(ctx, "GetCallerIdentity", err))
	default:
		return found, explain(ctx, "GetCallerIdentity", err)
	}
	names := []*string{user, nil} // the usual policies allow the listing only with the caller's own name
	if user == nil {
		names = names[1:]
	}
	for _, name := range names {
		if found.Devices, err = c.list(ctx, name); err == nil {
			found.Listed = true
			return found, nil
		}
		told := explain(ctx, "ListMFADevices", err)
		if !found.refused(told) {
			return found, told // Ctrl-C
		}
		if ctx.Err() != nil || !errors.As(err, new(smithy.APIError)) {
			break // no answer: another question would have none either
		}
	}
	return found, nil
}

func (c Client) list(ctx context.Context, user *string) (devices []Device, err error) {
	listed, err := c.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: user})
	if err != nil {
		return nil, err
	}
	for _, device := range listed.MFADevices {
		if serial := aws.ToString(device.SerialNumber); serial != "" {
			devices = append(devices, Device(serial))
		}
	}
	return devices, nil
}

// refused notes why a call failed, once, if that can be told.
func (f *Found) refused(err error) bool {
	var told words.Text
	if !errors.As(err, &told) {
		return false
	}
	if last := len(f.Refusals) - 1; last < 0 || f.Refusals[last].Error() != told.Error() {
		f.Refusals = append(f.Refusals, told)
	}
	return true
}

// denied is what a policy can do to GetCallerIdentity, and a wrong key is not.
func denied(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied") &&
		!strings.Contains(api.ErrorMessage(), "session credentials")
}

// parse takes the user's name from the end of the ARN's path, and from all of it the device that the IAM console
// suggests. The root user has no name.
func parse(caller string) (user *string, guess Device, err error) {
	parsed, err := arn.Parse(caller)
	prefix := Device("arn:" + parsed.Partition + ":iam::" + parsed.AccountID + ":mfa/")
	name := Device(parsed.Resource).Name()
	switch {
	case err == nil && parsed.Resource == "root":
		return nil, prefix + "root-account-mfa-device", nil
	case err == nil && strings.HasPrefix(parsed.Resource, "user/") && name != "":
		return &name, prefix + Device(name), nil
	}
	return nil, "", words.New("not-a-user", caller)
}

// Usable are the devices that GetSessionToken takes. There is at least one, or an error.
func (f Found) Usable() (usable []Device, err error) {
	for _, device := range f.Devices {
		if !device.FIDO() {
			usable = append(usable, device)
		}
	}
	switch {
	case len(usable) > 0:
		return usable, nil
	case len(f.Devices) > 0:
		return nil, words.New("only-fido")
	}
	return nil, words.New("no-device")
}

// Match finds the device that part of a name means: the whole name of one, or what only one has in it.
func (f Found) Match(part string) (Device, error) {
	var matching []Device
	for _, device := range f.Devices {
		if device.Name() == part {
			return device, nil
		}
		if strings.Contains(device.Name(), part) {
			matching = append(matching, device)
		}
	}
	switch len(matching) {
	case 1:
		return matching[0], nil
	case 0:
		return "", words.New("device-no-match", part, f.Devices)
	}
	return "", words.New("device-ambiguous", part, len(matching), matching)
}
