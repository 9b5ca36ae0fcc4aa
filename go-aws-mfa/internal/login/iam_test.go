package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A row is a case of tests/listing with the behavior of the SDK's package for IAM.
type row struct {
	Call call
	Seen view
}

type call struct {
	Region          string
	FIPS, DualStack bool
	Endpoint        *string
	User            *string
	Differs         string     // why this program behaves differently
	Responses       []response // one for each request; the last one repeats
}

type response struct {
	Status int // 0 closes the connection
	Date   string
	Body   string
	Cut    bool // closes the connection after the body
}

// A view is the outcome of a call.
type view struct {
	Requests   []string
	Devices    []Device
	Status     int
	Code       string
	Message    string
	Unreadable bool
	Failed     bool
	Unsent     string // the error, if nothing was sent
}

// usual is the content type of a form and the signed headers.
const usual = "application/x-www-form-urlencoded " +
	"amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date"

// A wire records requests and returns the responses of the call. Nothing leaves this process.
type wire struct {
	call   call
	sent   []string
	closed int // bodies
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	answer := w.call.Responses[min(len(w.sent), len(w.call.Responses)-1)]
	w.sent = append(w.sent, summary(r))
	if answer.Status == 0 {
		w.closed++
		return nil, io.ErrUnexpectedEOF
	}
	body := &body{Reader: strings.NewReader(answer.Body), wire: w}
	if answer.Cut {
		body.Reader = io.MultiReader(body.Reader, cut{})
	}
	header := http.Header{"Date": {answer.Date}, "Location": {"https://elsewhere.example/"}}
	return &http.Response{StatusCode: answer.Status, Header: header, Body: body, Request: r}, nil
}

// summary returns the method, the URL, the region and service of the signature, the form, and anything unusual.
func summary(r *http.Request) string {
	form, _ := io.ReadAll(r.Body)
	isSeparator := func(r rune) bool { return strings.ContainsRune(" ,=", r) }
	signature := strings.FieldsFunc(r.Header.Get("Authorization"), isSeparator)
	scope := strings.Split(signature[2], "/")
	parts := []string{r.Method, r.URL.String(), strings.Join(scope[2:4], "/"), string(form)}
	if headers := r.Header.Get("Content-Type") + " " + signature[4]; headers != usual {
		parts = append(parts, headers)
	}
	if date := r.Header.Get("X-Amz-Date"); !strings.HasPrefix(date, time.Now().UTC().Format("2006")) {
		parts = append(parts, "on "+date[:8])
	}
	return strings.Join(parts, " ")
}

// A body counts as closed only if it was read to its end, because only then the connection can be reused.
type body struct {
	io.Reader
	wire *wire
}

func (b *body) Close() error {
	if n, _ := b.Read(make([]byte, 1)); n == 0 {
		b.wire.closed++
	}
	return nil
}

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// client returns a client that uses the wire instead of a network, and retries at once.
func (w *wire) client() Client {
	keys := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
	config := aws.Config{
		Region:      w.call.Region,
		HTTPClient:  w,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
	to := awsfiles.Calls{
		EndpointIAM:  aws.ToString(w.call.Endpoint),
		UseFIPS:      w.call.FIPS,
		UseDualStack: w.call.DualStack,
	}
	return New(config, to, time.Minute)
}

// seen has a copy in tests/programs/iamview.
func seen(sent []string, err error) view {
	v := view{Requests: sent, Failed: err != nil}
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok && len(sent) == 0 {
		v.Unsent = operation.Err.Error()
	}
	if answered, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		v.Status = answered.HTTPStatusCode()
	}
	if refused, ok := errors.AsType[smithy.APIError](err); ok {
		v.Code, v.Message = refused.ErrorCode(), refused.ErrorMessage()
	}
	_, v.Unreadable = errors.AsType[*smithy.DeserializationError](err)
	return v
}

// A listing has the same address, signature and outcome as one with the SDK's package for IAM.
func TestListingIsThatOfIAM(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "tests", "listing", "calls.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(content, &rows); err != nil || len(rows) < 400 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows {
		w := &wire{call: row.Call}
		devices, err := w.client().list(t.Context(), row.Call.User)
		got := seen(w.sent, err)
		got.Devices = devices
		if len(got.Devices) == 0 {
			got.Devices = nil
		}
		if reflect.DeepEqual(got, row.Seen) != (row.Call.Differs == "") {
			t.Errorf("%+v:\ngot  %+v (%v)\nwant %+v", row.Call, got, err, row.Seen)
		}
		if w.closed != len(w.sent) {
			t.Errorf("%+v: %d of %d bodies were read and closed", row.Call, w.closed, len(w.sent))
		}
	}
}

// A listing does not change other calls of STS.
func TestListingLeavesSTSAlone(t *testing.T) {
	answer := "<R><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/alice</Arn></GetCallerIdentityResult></R>"
	w := &wire{call: call{Region: "eu-west-1", Responses: []response{
		{Status: 200, Body: "<R><ListMFADevicesResult/></R>"},
		{Status: 200, Body: answer},
	}}}
	client := w.client()
	if _, err := client.list(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	identity, err := client.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(identity.Arn) != "arn:aws:iam::1:user/alice" {
		t.Fatal(identity, err)
	}
	want := "POST https://sts.eu-west-1.amazonaws.com/ eu-west-1/sts Action=GetCallerIdentity&Version=2011-06-15"
	if w.sent[1] != want {
		t.Errorf("sent %q", w.sent[1])
	}
}

// A listing ends even if the service always has another page.
func TestListingEnds(t *testing.T) {
	page := "<R><ListMFADevicesResult><MFADevices><member><SerialNumber>GAHT12345678</SerialNumber></member>" +
		"</MFADevices><Marker>more</Marker></ListMFADevicesResult></R>"
	w := &wire{call: call{Region: "eu-west-1", Responses: []response{{Status: 200, Body: page}}}}
	devices, err := w.client().list(t.Context(), nil)
	if err != nil || len(devices) != maxPages || len(w.sent) != maxPages {
		t.Errorf("%d requests, %d devices: %v", len(w.sent), len(devices), err)
	}
}

// A listing ignores invalid data in the parts of a response that it does not use. It reads the response to its end, so
// that the connection can be reused.
func TestListingReadsOnlyWhatIsUsed(t *testing.T) {
	page := "<R><ListMFADevicesResult><IsTruncated>perhaps</IsTruncated><MFADevices><member>" +
		"<EnableDate>then</EnableDate><SerialNumber>GAHT12345678</SerialNumber></member></MFADevices>" +
		"</ListMFADevicesResult>" + strings.Repeat("<", 1<<14)
	w := &wire{call: call{Region: "eu-west-1", Responses: []response{{Status: 200, Body: page}}}}
	devices, err := w.client().list(t.Context(), nil)
	if err != nil || !slices.Equal(devices, []Device{"GAHT12345678"}) || w.closed != 1 {
		t.Errorf("%v, %v, %d bodies were read and closed", devices, err, w.closed)
	}
}

// A page over the limit is an error, even if it is valid.
func TestListingHasTheLimitOfAllCalls(t *testing.T) {
	page := "<R><ListMFADevicesResult>" + strings.Repeat("<a></a>", longestBody/7) + "</ListMFADevicesResult></R>"
	w := &wire{call: call{Region: "eu-west-1", Responses: []response{{Status: 200, Body: page}}}}
	_, err := w.client().list(t.Context(), nil)
	if _, isTooLong := errors.AsType[*http.MaxBytesError](err); !isTooLong {
		t.Error(err)
	}
}

// A partition that is missing in homes is an error.
func TestUnknownPartition(t *testing.T) {
	const host = "sts-fips.amazonaws.eu"
	known := homes[host]
	delete(homes, host)
	defer func() { homes[host] = known }()
	w := &wire{call: call{Region: "eusc-de-east-1"}}
	_, err := w.client().list(t.Context(), nil)
	if err == nil || !strings.Contains(fmt.Sprint(err), "eusc-de-east-1") || len(w.sent) > 0 {
		t.Errorf("%v, sent %v", err, w.sent)
	}
}
