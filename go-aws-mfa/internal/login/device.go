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

// Device is the ARN of an MFA device, or the serial number on the back of a hardware device.
type Device string

// The serial numbers that AWS accepts, and those printed on hardware devices.
var (
	anySerial      = regexp.MustCompile(`^[\w+=/:,.@-]{9,256}$`)
	hardwareSerial = regexp.MustCompile(`^[A-Z]{2,8}[0-9]{6,}$`)
)

// Whole reports whether text is a complete ARN or serial number, and not just part of a name.
func Whole(text string) bool {
	return strings.HasPrefix(text, "arn:") || hardwareSerial.MatchString(text)
}

// IsFIDO reports whether the device is a security key, which GetSessionToken cannot use.
func (d Device) IsFIDO() bool {
	return strings.Contains(string(d), ":u2f/")
}

// IsVirtual reports whether the device is an app that shows codes.
func (d Device) IsVirtual() bool {
	return strings.Contains(string(d), ":mfa/")
}

// Name returns the last part of the ARN, or the serial number.
func (d Device) Name() string {
	return string(d[strings.LastIndexByte(string(d), '/')+1:])
}

// Partition returns the partition in the ARN of the device, or "" for a serial number.
func (d Device) Partition() string {
	parsed, _ := arn.Parse(string(d))
	return parsed.Partition
}

// Check returns a *DeviceError if the format shows that GetSessionToken cannot use the device.
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

// Found is the result of looking for the devices of the user.
type Found struct {
	Devices  []Device // with FIDO keys; AWS guarantees no order
	Guess    Device   // the default name of a device, if listing failed
	Refusals []error  // why each call failed; none if listing succeeded
}

// Devices lists the devices of the user. It first lists them by user name, then without a name, because policies may
// allow only one of the two. If both fail, it guesses the default name of a device.
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
			break // another call would fail in the same way
		}
	}
	return found, nil
}

// addRefusal records why a call failed, unless another call failed for the same reason.
func (f *Found) addRefusal(refusal error) {
	isSame := func(known error) bool { return known.Error() == refusal.Error() }
	if !slices.ContainsFunc(f.Refusals, isSame) {
		f.Refusals = append(f.Refusals, refusal)
	}
}

// denied reports whether a policy denies GetCallerIdentity. It reports false for a wrong key.
func denied(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && strings.HasPrefix(api.ErrorCode(), "AccessDenied") &&
		!strings.Contains(api.ErrorMessage(), "session credentials")
}

// parse derives two things from the caller's ARN: the user names to list devices by, and the device name that the IAM
// console suggests. The usual policies allow users to list only with their own names. The root user has no name.
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

// Match finds a device by part of its name. Only one device may match, unless part is the full name of a device.
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
