package login

import (
	"fmt"

	"github.com/aws/smithy-go"
)

// A CallError reports a call to AWS that failed.
type CallError struct {
	Call    string // the operation
	Problem Problem
	Status  int             // of the HTTP response, for ServerFailed
	API     smithy.APIError // the error of AWS, for Refused
	Err     error           // the reason, for Unreachable
}

// A Problem is the kind of a CallError.
type Problem int

// The problems with calls.
const (
	Refused        Problem = iota // AWS refused the call for a reason not listed here
	CodeRefused                   // the code is wrong or was used before
	DeviceUnknown                 // the device does not belong to the user
	KeysAreSession                // the keys are those of a session
	KeyUnknown                    // AWS does not know the access key
	SecretWrong                   // the secret key does not belong to the access key
	ClockWrong                    // the clock of this computer is wrong, so the signature is invalid
	STSDisabled                   // STS is disabled in this region for the account
	ListingDenied                 // the user may not list devices
	Throttled                     // there were too many calls
	ServerFailed                  // AWS failed with Status
	BadResponse                   // the response does not come from AWS, or is incomplete
	TimedOut                      // no response within the limit
	Unreachable                   // no response; Err is the reason
)

func (e *CallError) Error() string {
	switch e.Problem {
	case Refused:
		return fmt.Sprintf("%s: %v", e.Call, e.API)
	case ServerFailed:
		return fmt.Sprintf("%s: HTTP status %d", e.Call, e.Status)
	case Unreachable:
		return fmt.Sprintf("%s: %v", e.Call, e.Err)
	}
	return fmt.Sprintf("%s failed (problem %d)", e.Call, e.Problem)
}

// Unwrap returns the reason.
func (e *CallError) Unwrap() error {
	return e.Err
}

// A DeviceError reports a device that GetSessionToken cannot use, as its format shows.
type DeviceError struct {
	Device  Device
	Problem DeviceProblem
}

// A DeviceProblem is the kind of a DeviceError.
type DeviceProblem int

// The problems with devices.
const (
	DeviceMalformed DeviceProblem = iota // neither an ARN nor a serial number
	DeviceIsFIDO                         // a FIDO key
	DeviceIsUser                         // the ARN of a user
)

func (e *DeviceError) Error() string {
	return fmt.Sprintf("%q cannot be an MFA device", string(e.Device))
}

// A MatchError reports that part of a name matches no device, or several.
type MatchError struct {
	Part     string
	Matching []Device // those with Part in their names
	Devices  []Device // all devices of the user
}

func (e *MatchError) Error() string {
	return fmt.Sprintf("%d devices match %q", len(e.Matching), e.Part)
}

// A CallerError reports keys that do not belong to an IAM user or to the root user.
type CallerError struct {
	ARN string
}

func (e *CallerError) Error() string {
	return fmt.Sprintf("%q is not an IAM user", e.ARN)
}
