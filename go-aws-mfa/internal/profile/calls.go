package profile

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/logging"
)

// fallbackRegions maps each partition to a region: STS and IAM cannot be called without one.
var fallbackRegions = map[string]string{
	"aws-cn":     "cn-north-1",
	"aws-us-gov": "us-gov-west-1",
	"aws-eusc":   "eusc-de-east-1",
	"aws-iso":    "us-iso-east-1",
	"aws-iso-b":  "us-isob-east-1",
	"aws-iso-e":  "eu-isoe-west-1",
	"aws-iso-f":  "us-isof-south-1",
}

// Config returns an SDK configuration with the keys of a source, and the endpoints to call. Only the settings in
// awsfiles.Calls have an effect. The SDK reads no files, and no variables except those of proxies. If no region is
// set, Config uses one of the partition.
func (s Source) Config(flags awsfiles.Flags, partition string) (aws.Config, awsfiles.Calls, error) {
	fail := func(problem Problem, reason error) (aws.Config, awsfiles.Calls, error) {
		return aws.Config{}, awsfiles.Calls{}, &Error{Profile: s.Profile, Files: s.files, Problem: problem, Err: reason}
	}
	calls, err := awsfiles.Resolve(s.settings, flags, os.Getenv)
	if err != nil {
		return fail(SourceFault, err)
	}
	if endpoint := cmp.Or(calls.EndpointSTS, calls.EndpointIAM); endpoint != "" && (calls.UseFIPS || calls.UseDualStack) {
		return fail(EndpointsExclusive, nil) // the SDK would refuse each call
	}
	for _, endpoint := range []string{calls.EndpointSTS, calls.EndpointIAM} {
		if endpoint == "" {
			continue
		}
		address, err := ParseEndpoint(endpoint)
		if err != nil {
			return fail(EndpointUnusable, err)
		}
		if address.Scheme == "http" && !flags.AllowHTTP && !isLoopback(address.Hostname()) {
			return fail(EndpointInsecure, &EndpointError{Address: endpoint})
		}
	}
	keys := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}
	config := aws.Config{
		Region:           cmp.Or(calls.Region, fallbackRegions[partition], "us-east-1"),
		RetryMaxAttempts: calls.MaxAttempts,
		Logger:           logging.Nop{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return keys, nil
		}),
	}
	if config.HTTPClient, err = httpClient(calls.CABundle); err != nil {
		return fail(CertificatesUnusable, &CertificatesError{Path: calls.CABundle, Err: err})
	}
	return config, calls, nil
}

// ParseEndpoint parses the address of an HTTP or HTTPS endpoint. The error is an *EndpointError.
func ParseEndpoint(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, &EndpointError{Address: text}
	}
	return address, nil
}

// isLoopback reports whether data sent to a host stays on this computer.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}

// httpClient returns a client that follows no redirects, because AWS does not redirect these calls, and that uses no
// proxy for calls to this computer. If caBundle is set, it trusts only the certificates in that file.
func httpClient(caBundle string) (aws.HTTPClient, error) {
	transport := awshttp.NewBuildableClient().GetTransport()
	if caBundle != "" {
		trusted, err := certificates(caBundle)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = trusted
	}
	proxy := transport.Proxy
	transport.Proxy = func(request *http.Request) (*url.URL, error) {
		if isLoopback(request.URL.Hostname()) { // Go's own rule does not know `LOCALHOST`
			return nil, nil
		}
		return proxy(request)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

func certificates(path string) (*x509.CertPool, error) {
	text, err := readCertificates(path)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(text) {
		return nil, ErrNoCertificates
	}
	return trusted, nil
}
