package login

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"aws-mfa.example/aws-mfa/internal/fault"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A refusal is an answer of AWS that has a plainer sentence. AWS uses AccessDenied
// for most of them, so the text has to tell them apart.
type refusal struct {
	code, text    string // what the error's code is and its text holds; "" is anything
	message, hint string
}

// The first that fits is taken.
var refusals = []refusal{
	{"", "invalid MFA one time pass code",
		"AWS did not take the MFA code",
		"wait for the next code (each works once), and check that the device's clock is right"},
	{"", "unable to validate MFA code",
		"AWS does not know the MFA device as one of this user",
		"correct the profile's `mfa_serial`, or take it out to have the device found"},
	{"", "session credentials",
		"the keys of the profile are a session already, and a session can not get another one",
		"give -s the profile with the long-term keys"},
	{"", "Signature expired", clockMessage, clockHint},
	{"", "Signature not yet current", clockMessage, clockHint},
	{"RequestTimeTooSkewed", "", clockMessage, clockHint},
	{"RequestExpired", "", clockMessage, clockHint},
	{"InvalidClientTokenId", "",
		"AWS does not know the access key of the profile",
		"check in the IAM console that the key exists and is active"},
	{"SignatureDoesNotMatch", "",
		"the secret access key of the profile does not belong to its access key",
		"write both again with: aws configure"},
	{"AccessDenied", "iam:ListMFADevices",
		"the user may not list MFA devices",
		"set `mfa_serial` in the profile to the ARN or serial number of the device"},
}

const (
	clockMessage = "the clock of this computer is wrong, so AWS refuses its signature"
	clockHint    = "set the clock, then try again"
)

// explain turns the error of a call into one sentence and a next step.
func (c Client) explain(ctx context.Context, call string, err error) error {
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
	switch {
	case answered && answer.HTTPStatusCode() >= 500:
		return fault.New(fault.Refused, "try again in a minute; health.aws.amazon.com shows known trouble",
			"`%s` failed at AWS with HTTP status %d", call, answer.HTTPStatusCode())
	case errors.As(err, &api) && api.ErrorCode() != "UnknownError":
		return refused(call, api)
	case answered:
		return unreadable(call)
	}
	return unreachable(call, err)
}

func refused(call string, api smithy.APIError) error {
	for _, r := range refusals {
		if (r.code == "" || r.code == api.ErrorCode()) && strings.Contains(api.ErrorMessage(), r.text) {
			return fault.New(fault.Refused, r.hint, "%s", r.message)
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
	var operation *smithy.OperationError
	switch {
	case errors.As(err, &request):
		reason = request.Err
	case errors.As(err, &operation):
		reason = operation.Err
	}
	return fault.New(fault.Failed, "check the network, the proxy variables, the region and AWS_ENDPOINT_URL",
		"`%s` could not reach AWS: %v", call, reason)
}
