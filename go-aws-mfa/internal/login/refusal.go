package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"aws-mfa.example/aws-mfa/internal/fault"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var (
	badCode = fault.New(fault.Refused, "wait for the next code (each works once), and check that the device's clock is right",
		"AWS did not take the MFA code")
	badDevice = fault.New(fault.Refused, "correct the profile's `mfa_serial`, or take it out to have the device found",
		"AWS does not know the MFA device as one of this user")
	badClock = fault.New(fault.Refused, "set the clock, then try again",
		"the clock of this computer is wrong, so AWS refuses its signature")
	tooMany = fault.New(fault.Refused, "wait a minute, then try again",
		"AWS is refusing calls for now because there were too many")
)

// refusals are answers of AWS that have a plainer sentence, by the error's code and what its text holds; "" is
// anything. AWS uses AccessDenied for most, so the text has to tell them apart. The first that fits is taken.
var refusals = []struct {
	code, text string
	told       *fault.Error
}{
	{"", "invalid MFA one time pass code", badCode},
	{"", "unable to validate MFA code", badDevice},
	{"", "session credentials", fault.New(fault.Refused, "give -s the profile with the long-term keys",
		"the keys of the profile are a session already, and a session can not get another one")},
	{"", "Signature expired", badClock},
	{"", "Signature not yet current", badClock},
	{"RequestTimeTooSkewed", "", badClock},
	{"RequestExpired", "", badClock},
	{"InvalidClientTokenId", "", fault.New(fault.Refused,
		"check in the IAM console that the key exists and is active; keys of China or GovCloud need --region",
		"AWS does not know the access key of the profile")},
	{"SignatureDoesNotMatch", "", fault.New(fault.Refused, "write both again with: aws configure",
		"the secret access key of the profile does not belong to its access key")},
	{"RegionDisabledException", "", fault.New(fault.Refused, "name another region with --region",
		"STS is switched off in this region for the account")},
	{"AccessDenied", "iam:ListMFADevices", fault.New(fault.Refused,
		"set `mfa_serial` in the profile to the ARN or serial number of the device", "the user may not list MFA devices")},
}

// throttled is what the services call it when there are too many calls.
var throttled = []string{"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestLimitExceeded",
	"TooManyRequests", "TooManyRequestsException", "SlowDown"}

// BadCode reports whether err is about the code alone: another one may do.
func BadCode(err error) bool { return errors.Is(err, badCode) }

// BadDevice reports whether AWS does not know the device.
func BadDevice(err error) bool { return errors.Is(err, badDevice) }

// explain turns the error of a call into one sentence and a next step.
func explain(ctx context.Context, call string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fault.New(fault.Failed, "check the network, the proxy variables and AWS_ENDPOINT_URL",
			"`%s` had no answer from AWS in time", call)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	answered := errors.As(err, &answer) && answer.HTTPStatusCode() != 0
	known := errors.As(err, &api) && api.ErrorCode() != "UnknownError"
	switch {
	case known && slices.Contains(throttled, api.ErrorCode()), answered && answer.HTTPStatusCode() == http.StatusTooManyRequests:
		return tooMany
	case answered && answer.HTTPStatusCode() >= 500:
		return fault.New(fault.Refused, "try again in a minute; health.aws.amazon.com shows known trouble",
			"`%s` failed at AWS with HTTP status %d", call, answer.HTTPStatusCode())
	case known:
		return refused(call, api)
	case answered:
		return unreadable(call)
	}
	return unreachable(call, err)
}

func refused(call string, api smithy.APIError) error {
	for _, r := range refusals {
		if (r.code == "" || r.code == api.ErrorCode()) && strings.Contains(api.ErrorMessage(), r.text) {
			return r.told
		}
	}
	return fault.New(fault.Refused, "ask whoever manages the AWS account what allows this call",
		"AWS refused `%s` with `%s`: %s", call, api.ErrorCode(), strings.TrimSuffix(api.ErrorMessage(), "."))
}

func unreadable(call string) error {
	return fault.New(fault.Failed, "check that no proxy, login page or AWS_ENDPOINT_URL stands in for AWS",
		"the answer to `%s` is not one that AWS gives", call)
}

// unreachable keeps the innermost reason: around it the SDK says the same thrice.
func unreachable(call string, err error) error {
	reason := err
	var request *url.Error
	if operation := new(smithy.OperationError); errors.As(err, &operation) {
		reason = operation.Err
	}
	if errors.As(err, &request) {
		reason = request.Err
	}
	return fault.New(fault.Failed, "check the network, the proxy variables, the region and AWS_ENDPOINT_URL",
		"`%s` could not reach AWS: %v", call, reason)
}
