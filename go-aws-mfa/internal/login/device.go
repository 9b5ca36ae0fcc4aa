package login

import (
	"context"
	"errors"
	"fmt"
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
	Devices []Device // FIDO keys too, in no order: AWS promises none
	Guess   Device   // what it may be where nothing could be listed
	Why     error    // why nothing could be listed, call by call; nil if it could
}

// Devices asks for the devices of the user. Who may not list them by name may be able to without; else the usual name
// of a device is a guess.
func (c Client) Devices(ctx context.Context) (found Found, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	names := []*string{nil}
	identity, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	switch {
	case denied(err):
		found.refused(explain(ctx, "GetCallerIdentity", err))
	case err != nil:
		return found, explain(ctx, "GetCallerIdentity", err)
	default:
		if names, found.Guess, err = parse(aws.ToString(identity.Arn)); err != nil {
			return found, err
		}
	}
	for _, name := range names {
		devices, err := c.list(ctx, name)
		if err == nil {
			return Found{Devices: devices}, nil
		}
		told := explain(ctx, "ListMFADevices", err)
		if errors.Is(told, context.Canceled) {
			return found, told
		}
		found.refused(told)
		if _, answered := errors.AsType[smithy.APIError](err); ctx.Err() != nil || !answered {
			break // another question would have no answer either
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

// refused notes why a call failed, once.
func (f *Found) refused(told error) {
	if f.Why == nil {
		f.Why = told
	} else if f.Why.Error() != told.Error() {
		f.Why = words.New("both", f.Why, told)
	}
}

// denied is what a policy can do to GetCallerIdentity, and a wrong key is not.
func denied(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.HasPrefix(api.ErrorCode(), "AccessDenied") &&
		!strings.Contains(api.ErrorMessage(), "session credentials")
}

// parse takes from the caller's ARN the names to list devices by, and the device that the IAM console suggests. The
// usual policies allow the listing only with the user's own name; the root user has none.
func parse(caller string) (names []*string, guess Device, err error) {
	parsed, err := arn.Parse(caller)
	prefix := Device("arn:" + parsed.Partition + ":iam::" + parsed.AccountID + ":mfa/")
	name := Device(parsed.Resource).Name()
	switch {
	case err == nil && parsed.Resource == "root":
		return []*string{nil}, prefix + "root-account-mfa-device", nil
	case err == nil && strings.HasPrefix(parsed.Resource, "user/") && name != "":
		return []*string{&name, nil}, prefix + Device(name), nil
	}
	return nil, "", words.New("not-a-user", caller)
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
		return "", words.New("device-no-match", part, list(f.Devices))
	}
	return "", words.New("device-ambiguous", part, len(matching), list(matching))
}

func list(devices []Device) string { return strings.Trim(fmt.Sprint(devices), "[]") }
