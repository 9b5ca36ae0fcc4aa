package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// refusals are the errors of AWS that this package knows, by error code and part of the message; "" matches any. AWS
// uses AccessDenied for most of them, so only the message distinguishes them. The first match counts.
var refusals = []struct {
	code    string
	text    string
	problem Problem
}{
	{text: "invalid MFA one time pass code", problem: CodeRefused},
	{text: "unable to validate MFA code", problem: DeviceUnknown},
	{text: "session credentials", problem: KeysAreSession},
	{text: "Signature expired", problem: ClockWrong},
	{text: "Signature not yet current", problem: ClockWrong},
	{code: "RequestTimeTooSkewed", problem: ClockWrong},
	{code: "RequestExpired", problem: ClockWrong},
	{code: "InvalidClientTokenId", problem: KeyUnknown},
	{code: "SignatureDoesNotMatch", problem: SecretWrong},
	{code: "RegionDisabledException", problem: STSDisabled},
	{code: "AccessDenied", text: "iam:ListMFADevices", problem: ListingDenied},
}

// throttled are the error codes that the services use for too many calls.
var throttled = []string{
	"RequestLimitExceeded",
	"RequestThrottled",
	"SlowDown",
	"ThrottledException",
	"Throttling",
	"ThrottlingException",
	"TooManyRequests",
	"TooManyRequestsException",
}

// explain turns an error of the SDK into a *CallError, or into the error of a canceled context.
func explain(ctx context.Context, call string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &CallError{Call: call, Problem: TimedOut}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	status := 0 // there was no response
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = response.HTTPStatusCode()
	}
	api, isKnown := errors.AsType[smithy.APIError](err)
	isKnown = isKnown && api.ErrorCode() != "UnknownError"
	switch {
	case isKnown && slices.Contains(throttled, api.ErrorCode()), status == http.StatusTooManyRequests:
		return &CallError{Call: call, Problem: Throttled}
	case status >= http.StatusInternalServerError:
		return &CallError{Call: call, Problem: ServerFailed, Status: status}
	case !isKnown && status != 0:
		return &CallError{Call: call, Problem: BadResponse}
	case !isKnown:
		return &CallError{Call: call, Problem: Unreachable, Err: innermost(err)}
	}
	for _, r := range refusals {
		hasCode := r.code == "" || r.code == api.ErrorCode()
		if hasCode && strings.Contains(api.ErrorMessage(), r.text) {
			return &CallError{Call: call, Problem: r.problem}
		}
	}
	return &CallError{Call: call, Problem: Refused, API: api}
}

// innermost returns the reason inside an error of the SDK, without the layers that repeat it.
func innermost(err error) error {
	reason := err
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok {
		reason = operation.Err
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		reason = request.Err
	}
	return reason
}
