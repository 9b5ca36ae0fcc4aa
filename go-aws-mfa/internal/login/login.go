// Package login talks to AWS: it finds the user's MFA devices and gets a session.
package login

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// longestBody limits the body of a response, in bytes. A list of all devices of a user has about 2,000.
const longestBody = 1 << 20

// Client makes the calls with the keys of one profile.
type Client struct {
	sts   *sts.Client
	iam   *sts.Client   // calls IAM, see iamEndpoints
	limit time.Duration // for each step
	skew  *atomic.Int64 // nanoseconds that the clock of AWS is ahead, as of the last response
}

// New creates a Client for the endpoints in to. It makes no calls.
func New(cfg aws.Config, to awsfiles.Calls, limit time.Duration) Client {
	c := Client{limit: limit, skew: new(atomic.Int64)}
	cfg.Interceptors.AddAfterTransmit(c)
	fips, dualStack := aws.FIPSEndpointStateDisabled, aws.DualStackEndpointStateDisabled
	if to.UseFIPS {
		fips = aws.FIPSEndpointStateEnabled
	}
	if to.UseDualStack {
		dualStack = aws.DualStackEndpointStateEnabled
	}
	client := func(endpoint string, resolver sts.EndpointResolverV2) *sts.Client {
		return sts.NewFromConfig(cfg, func(o *sts.Options) {
			o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint = fips, dualStack
			o.BaseEndpoint, o.EndpointResolverV2 = address(endpoint), resolver
		})
	}
	c.sts = client(to.EndpointSTS, sts.NewDefaultEndpointResolverV2())
	c.iam = client(to.EndpointIAM, iamEndpoints{})
	return c
}

// address returns a base endpoint for the SDK, or nil to use the endpoint of the region.
func address(endpoint string) *string {
	if endpoint == "" {
		return nil
	}
	return &endpoint
}

// AfterTransmit compares the Date of each response with this computer's time, and limits the size of the body.
func (c Client) AfterTransmit(_ context.Context, seen *smithyhttp.InterceptorContext) error {
	if date, err := http.ParseTime(seen.Response.Header.Get("Date")); err == nil {
		c.skew.Store(int64(time.Until(date)))
	}
	body := seen.Response.Body
	seen.Response.Body = struct {
		io.Reader
		io.Closer
	}{Reader: http.MaxBytesReader(nil, body, longestBody), Closer: body}
	return nil
}

// Skew returns how far the clock of AWS is ahead of this computer's, in whole seconds because a Date has no fractions.
func (c Client) Skew() time.Duration {
	return time.Duration(c.skew.Load()).Truncate(time.Second)
}

// Session exchanges the code for temporary keys. A duration of 0 means the default of AWS, which is the right one for
// users (12 hours) and for root (1 hour).
func (c Client) Session(ctx context.Context, device Device, code string, duration time.Duration) (
	session credfile.Session, err error,
) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	input := &sts.GetSessionTokenInput{SerialNumber: (*string)(&device), TokenCode: &code}
	if duration > 0 {
		input.DurationSeconds = aws.Int32(int32(duration / time.Second))
	}
	response, err := c.sts.GetSessionToken(ctx, input)
	if err != nil {
		return session, explain(ctx, "GetSessionToken", err)
	}
	keys := response.Credentials
	if keys == nil || keys.AccessKeyId == nil || keys.SecretAccessKey == nil || keys.SessionToken == nil ||
		keys.Expiration == nil {
		return session, &CallError{Call: "GetSessionToken", Problem: BadResponse}
	}
	if !keys.Expiration.After(time.Now().Add(c.Skew())) { // by the clock of AWS: this computer's may be wrong
		return session, &CallError{Call: "GetSessionToken", Problem: BadResponse}
	}
	session = credfile.Session{
		AccessKeyID:     *keys.AccessKeyId,
		SecretAccessKey: *keys.SecretAccessKey,
		SessionToken:    *keys.SessionToken,
		Expires:         *keys.Expiration,
		Serial:          string(device),
	}
	return session, nil
}
