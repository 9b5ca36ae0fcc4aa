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

// longestBody is the limit for the body of a response in bytes. A list of all devices of a user has about 2,000.
const longestBody = 1 << 20

// Client makes the calls with the keys of one profile.
type Client struct {
	sts   *sts.Client
	iam   *sts.Client   // as iamEndpoints says
	limit time.Duration // of each step
	skew  *atomic.Int64 // nanoseconds that AWS's clock is ahead of ours, as last seen
}

// New makes a Client for the endpoints of calls. It calls nothing.
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

// address returns what the SDK calls in place of the endpoint of a region; nil if there is nothing.
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

// Skew is how far AWS's clock is ahead of this computer's, as far as is known: a Date has whole seconds.
func (c Client) Skew() time.Duration {
	return time.Duration(c.skew.Load()).Truncate(time.Second)
}

// Session swaps the code for temporary keys. A duration of 0 leaves it to AWS, whose default is right for users
// (12 hours) and for root (1 hour).
func (c Client) Session(ctx context.Context, device Device, code string, duration time.Duration) (
	session credfile.Session, err error,
) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	input := &sts.GetSessionTokenInput{SerialNumber: (*string)(&device), TokenCode: &code}
	if duration > 0 {
		input.DurationSeconds = aws.Int32(int32(duration / time.Second))
	}
	answer, err := c.sts.GetSessionToken(ctx, input)
	if err != nil {
		return session, explain(ctx, "GetSessionToken", err)
	}
	got := answer.Credentials
	if got == nil || got.AccessKeyId == nil || got.SecretAccessKey == nil || got.SessionToken == nil ||
		got.Expiration == nil {
		return session, &CallError{Call: "GetSessionToken", Problem: BadResponse}
	}
	if !got.Expiration.After(time.Now().Add(c.Skew())) { // by the clock of AWS: ours may be wrong
		return session, &CallError{Call: "GetSessionToken", Problem: BadResponse}
	}
	session = credfile.Session{
		AccessKeyID:     *got.AccessKeyId,
		SecretAccessKey: *got.SecretAccessKey,
		SessionToken:    *got.SessionToken,
		Expires:         *got.Expiration,
		Serial:          string(device),
	}
	return session, nil
}
