package login

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Device is the ARN of an MFA device, or the number on the back of a hardware one.
type Device string

// The form of what AWS accepts as a serial number, and of what is printed on hardware devices.
var (
	anySerial      = regexp.MustCompile(`^[\w+=/:,.@-]{9,256}$`)
	hardwareSerial = regexp.MustCompile(`^[A-Z]{2,8}[0-9]{6,}$`)
)

// Whole reports whether text names a device by itself; otherwise it is a part of a name.
func Whole(text string) bool {
	return strings.HasPrefix(text, "arn:") || hardwareSerial.MatchString(text)
}

// IsFIDO reports whether it is a security key, which GetSessionToken cannot use.
func (d Device) IsFIDO() bool {
	return strings.Contains(string(d), ":u2f/")
}

// IsVirtual reports whether it is an app that shows codes.
func (d Device) IsVirtual() bool {
	return strings.Contains(string(d), ":mfa/")
}

// Name is what people call it.
func (d Device) Name() string {
	return string(d[strings.LastIndexByte(string(d), '/')+1:])
}

// Partition is that of the ARN of the device, or "".
func (d Device) Partition() string {
	parsed, _ := arn.Parse(string(d))
	return parsed.Partition
}

// Check returns a *DeviceError for a text that by its form cannot be a device for GetSessionToken.
func (d Device) Check() error {
	switch {
	case d.IsFIDO():
		return &DeviceError{Device: d, Problem: DeviceIsFIDO}
	case strings.Contains(string(d), ":user/"):
		return &DeviceError{Device: d, Problem: DeviceIsUser}
	case !anySerial.MatchString(string(d)):
		return &DeviceError{Device: d, Problem: DeviceMalformed}
	}
	return nil
}

// Found is what AWS says about the devices of the user.
type Found struct {
	Devices  []Device // with FIDO keys, in no order: AWS promises none
	Guess    Device   // the usual name of a device, where nothing could be listed
	Refusals []error  // why nothing could be listed, call by call; none if it could
}

// Devices asks for the devices of the user. A user who may not list them by name may be allowed to without a name; else
// the usual name of a device is a guess.
func (c Client) Devices(ctx context.Context) (found Found, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	names := []*string{nil}
	identity, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	switch {
	case denied(err):
		found.addRefusal(explain(ctx, "GetCallerIdentity", err))
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
		refusal := explain(ctx, "ListMFADevices", err)
		if errors.Is(refusal, context.Canceled) {
			return found, refusal
		}
		found.addRefusal(refusal)
		if _, answered := errors.AsType[smithy.APIError](err); ctx.Err() != nil || !answered {
			break // another call would have no response either
		}
	}
	return found, nil
}

// addRefusal notes why a call failed, once where two calls failed for the same reason.
func (f *Found) addRefusal(refusal error) {
	isSame := func(known error) bool { return known.Error() == refusal.Error() }
	if !slices.ContainsFunc(f.Refusals, isSame) {
		f.Refusals = append(f.Refusals, refusal)
	}
}

// denied reports whether a policy denies GetCallerIdentity; a wrong key is something else.
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
	return nil, "", &CallerError{ARN: caller}
}

// Match finds the device that a part of a name means: the whole name of one device, or a part that only one name has.
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
	if len(matching) == 1 {
		return matching[0], nil
	}
	return "", &MatchError{Part: part, Matching: matching, Devices: f.Devices}
}
