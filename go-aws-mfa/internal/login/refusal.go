package login

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// refusals are answers of AWS that have a plainer sentence, by the error's code and what its text holds; "" is
// anything. AWS uses AccessDenied for most, so the text has to tell them apart. The first that fits is taken.
var refusals = []struct{ code, text, fault string }{
	{"", "invalid MFA one time pass code", "code-refused"},
	{"", "unable to validate MFA code", "device-unknown"},
	{"", "session credentials", "keys-are-session"},
	{"", "Signature expired", "clock"},
	{"", "Signature not yet current", "clock"},
	{"RequestTimeTooSkewed", "", "clock"},
	{"RequestExpired", "", "clock"},
	{"InvalidClientTokenId", "", "key-unknown"},
	{"SignatureDoesNotMatch", "", "secret-wrong"},
	{"RegionDisabledException", "", "sts-off"},
	{"AccessDenied", "iam:ListMFADevices", "listing-denied"},
}

// throttled is what the services call it when there are too many calls.
var throttled = []string{"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled",
	"RequestLimitExceeded", "TooManyRequests", "TooManyRequestsException", "SlowDown"}

// explain turns the error of a call into one sentence and a next step.
func explain(ctx context.Context, call string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return words.New("no-answer", call)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	status := 0 // there was no answer
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		status = answer.HTTPStatusCode()
	}
	api, known := errors.AsType[smithy.APIError](err)
	known = known && api.ErrorCode() != "UnknownError"
	switch {
	case known && slices.Contains(throttled, api.ErrorCode()), status == http.StatusTooManyRequests:
		return words.New("too-many")
	case status >= 500:
		return words.New("aws-failed", call, status)
	case !known && status != 0:
		return words.New("odd-answer", call)
	case !known:
		return unreachable(call, err)
	}
	for _, r := range refusals {
		if (r.code == "" || r.code == api.ErrorCode()) && strings.Contains(api.ErrorMessage(), r.text) {
			return words.New(r.fault)
		}
	}
	return words.New("aws-refused", call, api.ErrorCode(), strings.TrimSuffix(api.ErrorMessage(), "."))
}

// unreachable keeps the innermost reason: around it the SDK says the same thrice.
func unreachable(call string, err error) error {
	reason := err
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok {
		reason = operation.Err
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		reason = request.Err
	}
	return words.New("unreachable", call, reason)
}
