package login

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyxml "github.com/aws/smithy-go/encoding/xml"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The IAM package of the SDK has almost 100,000 lines, but the program needs only one call. So the STS client makes
// that call: both services use the same protocol, and this file replaces only the endpoint, the form and the result.
// The SDK still handles signatures, retries, proxies, limits and refusals. The tests compare the behavior with that of
// the IAM package.

// maxPages limits how many pages of devices are read. A user has at most 8 devices, and a page holds up to 100.
const maxPages = 10

// A home is the location of IAM in a partition. It does not depend on the user's region.
type home struct {
	region string    // for signatures
	hosts  [4]string // plain, FIPS, dual-stack, both
}

// homes maps the FIPS endpoint of STS, without the region, to the home of IAM in the same partition.
var homes = map[string]home{
	"sts-fips.amazonaws.com": {"us-east-1", [4]string{
		"iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"}},
	"sts-fips.amazonaws.com.cn": {"cn-north-1", [4]string{
		"iam.cn-north-1.amazonaws.com.cn", "iam-fips.amazonaws.com.cn",
		"iam.global.api.amazonwebservices.com.cn", "iam-fips.api.amazonwebservices.com.cn"}},
	"sts.amazonaws.com": {"us-gov-west-1", [4]string{
		"iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"}},
	"sts-fips.amazonaws.eu": {"eusc-de-east-1", [4]string{
		"iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu",
		"iam.global.api.amazonwebservices.eu", "iam-fips.api.amazonwebservices.eu"}},
	"sts-fips.c2s.ic.gov": {"us-iso-east-1", [4]string{
		"iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov",
		"iam.api.aws.ic.gov", "iam-fips.api.aws.ic.gov"}},
	"sts-fips.sc2s.sgov.gov": {"us-isob-east-1", [4]string{
		"iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov",
		"iam.api.aws.scloud", "iam-fips.api.aws.scloud"}},
	"sts-fips.cloud.adc-e.uk": {"eu-isoe-west-1", [4]string{
		"iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk",
		"iam.api.cloud-aws.adc-e.uk", "iam-fips.api.cloud-aws.adc-e.uk"}},
	"sts-fips.csp.hci.ic.gov": {"us-isof-south-1", [4]string{
		"iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov",
		"iam.api.aws.hci.ic.gov", "iam-fips.api.aws.hci.ic.gov"}},
}

// iamEndpoints makes an STS client call IAM.
type iamEndpoints struct{}

// ResolveEndpoint uses the STS resolver to find the partition of the region, because each partition has a different
// FIPS endpoint. The resolver does not change an endpoint that the user set.
func (iamEndpoints) ResolveEndpoint(ctx context.Context, params sts.EndpointParameters) (
	endpoint smithyendpoints.Endpoint, err error,
) {
	kind := 0 // in home.hosts
	if aws.ToBool(params.UseFIPS) {
		kind++
	}
	if aws.ToBool(params.UseDualStack) {
		kind += 2
	}
	if params.Endpoint == nil {
		params.UseFIPS, params.UseDualStack = aws.Bool(true), aws.Bool(false)
	}
	endpoint, err = sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, params)
	if err != nil {
		return endpoint, err
	}
	var signer smithy.Properties
	smithyhttp.SetSigV4SigningName(&signer, "iam")
	if params.Endpoint == nil {
		found, isKnown := homes[strings.Replace(endpoint.URI.Host, *params.Region+".", "", 1)]
		if !isKnown {
			return endpoint, fmt.Errorf("no endpoint of IAM is known for %s", *params.Region)
		}
		endpoint.URI.Host = found.hosts[kind]
		smithyhttp.SetSigV4SigningRegion(&signer, found.region)
	}
	option := &smithyauth.Option{SchemeID: smithyauth.SchemeIDSigV4, SignerProperties: signer}
	smithyauth.SetAuthOptions(&endpoint.Properties, []*smithyauth.Option{option})
	return endpoint, nil
}

// list returns the devices of a user, or of the caller if user is nil.
func (c Client) list(ctx context.Context, user *string) (devices []Device, err error) {
	form := url.Values{"Action": {"ListMFADevices"}, "Version": {"2010-05-08"}}
	if user != nil {
		form.Set("UserName", *user)
	}
	for range maxPages {
		call := listing{form: form.Encode()}
		if _, err = c.iam.GetCallerIdentity(ctx, nil, call.replace); err != nil {
			return nil, err
		}
		devices = append(devices, call.page.Devices...)
		if call.page.Marker == "" {
			break
		}
		form.Set("Marker", call.page.Marker)
	}
	return slices.DeleteFunc(devices, func(d Device) bool { return d == "" }), nil
}

// A listing is middleware that turns another call into ListMFADevices by replacing its form and its result.
type listing struct {
	form string
	page page
}

// A page contains the parts of a response that the program uses.
type page struct {
	Devices []Device `xml:"MFADevices>member>SerialNumber"`
	Marker  string   // where the next page begins; empty on the last
}

func (l *listing) replace(o *sts.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return errors.Join(
			stack.Serialize.Insert(l, "OperationSerializer", middleware.After),
			stack.Deserialize.Insert(l, "OperationDeserializer", middleware.After))
	})
}

// ID names the middleware.
func (l *listing) ID() string {
	return "ListMFADevices"
}

// HandleSerialize replaces the form. The method, path and headers stay the same.
func (l *listing) HandleSerialize(
	ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
	in.Request, err = in.Request.(*smithyhttp.Request).SetStream(strings.NewReader(l.form))
	if err != nil {
		return out, metadata, &smithy.SerializationError{Err: err}
	}
	return next.HandleSerialize(ctx, in)
}

// HandleDeserialize reads the page of a successful response and leaves an empty body, which the STS deserializer
// accepts as an empty result. That deserializer also reads refusals, which look the same in both services, and closes
// the body.
func (l *listing) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (out middleware.DeserializeOutput, metadata middleware.Metadata, err error) {
	out, metadata, err = next.HandleDeserialize(ctx, in)
	response, hasResponse := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !hasResponse || response.StatusCode < 200 || response.StatusCode >= 300 {
		return out, metadata, err
	}
	body := response.Body
	if l.page, err = read(body); err != nil {
		err = fmt.Errorf("failed to decode response body, %w", err)
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	_, _ = io.Copy(io.Discard, body) // so that the connection can be reused
	response.Body = struct {
		io.Reader
		io.Closer
	}{Reader: http.NoBody, Closer: body}
	return out, metadata, nil
}

// read decodes a page. As in the IAM package, an empty body is an empty page, but other bodies need a result.
func read(body io.Reader) (result page, err error) {
	decoder := xml.NewDecoder(body)
	root, err := smithyxml.FetchRootElement(decoder)
	if errors.Is(err, io.EOF) {
		return result, nil
	}
	if err != nil {
		return result, err
	}
	element, err := smithyxml.WrapNodeDecoder(decoder, root).GetElement("ListMFADevicesResult")
	if err != nil {
		return result, err
	}
	err = decoder.DecodeElement(&result, &element)
	return result, err
}
