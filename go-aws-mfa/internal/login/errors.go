package login

import (
	"fmt"

	"github.com/aws/smithy-go"
)

// A CallError reports a call to AWS that gave no result.
type CallError struct {
	Call    string // the operation
	Problem Problem
	Status  int             // of the HTTP response, for ServerFailed
	API     smithy.APIError // what AWS answered, for Refused
	Err     error           // the reason, for Unreachable
}

// A Problem says why a call gave no result.
type Problem int

// The problems with calls.
const (
	Refused        Problem = iota // AWS refused the call, for a reason that is none of the following
	CodeRefused                   // the code is wrong or was used before
	DeviceUnknown                 // the device is not one of the user
	KeysAreSession                // the keys are those of a session
	KeyUnknown                    // AWS does not know the access key
	SecretWrong                   // the secret key does not belong to the access key
	ClockWrong                    // the clock of this computer is off, and so is the signature
	STSDisabled                   // the account does not use STS in this region
	ListingDenied                 // the user may not list devices
	Throttled                     // there were too many calls
	ServerFailed                  // AWS failed; Status says how
	BadResponse                   // the response does not come from AWS, or is not complete
	TimedOut                      // there was no response within the limit
	Unreachable                   // there was no response; Err is the reason
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

// A DeviceError reports a text that by its form cannot be a device for GetSessionToken.
type DeviceError struct {
	Device  Device
	Problem DeviceProblem
}

// A DeviceProblem says what is wrong with a device.
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

// A MatchError reports a part of a name that does not name one device.
type MatchError struct {
	Part     string
	Matching []Device // all that have the part in their name
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
