// The iamview command prints how the SDK's package for IAM lists MFA devices: a line of JSON for each call on standard
// input. It has no network: the calls bring their responses.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type call struct {
	Region          string
	FIPS, DualStack bool
	Endpoint        *string
	User            *string
	Responses       []response // one for each request; the last repeats
}

type response struct {
	Status int // 0: the connection is lost
	Date   string
	Body   string
	Cut    bool // the connection is lost after the body
}

// A view is what came of a call. Empty values are left out.
type view struct {
	Requests   []string `json:"requests,omitempty"`
	Devices    []string `json:"devices,omitempty"`
	Status     int      `json:"status,omitempty"`
	Code       string   `json:"code,omitempty"`
	Message    string   `json:"message,omitempty"`
	Unreadable bool     `json:"unreadable,omitempty"`
	Failed     bool     `json:"failed,omitempty"`
	Unsent     string   `json:"unsent,omitempty"` // the error, if nothing was sent
}

// usual are the type of a form and the headers that are signed.
const usual = "application/x-www-form-urlencoded " +
	"amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date"

// The wire takes requests and gives the responses of the call.
type wire struct {
	call call
	sent []string
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	answer := w.call.Responses[min(len(w.sent), len(w.call.Responses)-1)]
	w.sent = append(w.sent, shown(r))
	if answer.Status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	var body io.Reader = strings.NewReader(answer.Body)
	if answer.Cut {
		body = io.MultiReader(body, cut{})
	}
	header := http.Header{"Date": {answer.Date}, "Location": {"https://elsewhere.example/"}}
	return &http.Response{StatusCode: answer.Status, Header: header, Body: io.NopCloser(body), Request: r}, nil
}

// shown is the method, the URL, the region and the service of the signature, the form, and what is not usual.
func shown(r *http.Request) string {
	form, _ := io.ReadAll(r.Body)
	signature := strings.FieldsFunc(r.Header.Get("Authorization"), func(r rune) bool { return strings.ContainsRune(" ,=", r) })
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

type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for in.More() {
		w := new(wire)
		if err := in.Decode(&w.call); err != nil {
			log.Fatal(err)
		}
		devices, err := list(w)
		v := seen(w.sent, err)
		v.Devices = devices
		if err := out.Encode(v); err != nil {
			log.Fatal(err)
		}
	}
}

func list(w *wire) (devices []string, err error) {
	keys := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
	client := iam.NewFromConfig(aws.Config{
		Region: w.call.Region, HTTPClient: w,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil }),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, func(o *iam.Options) {
		o.BaseEndpoint = w.call.Endpoint
		if w.call.FIPS {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
		if w.call.DualStack {
			o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
		}
	})
	pages := iam.NewListMFADevicesPaginator(client, &iam.ListMFADevicesInput{UserName: w.call.User})
	for pages.HasMorePages() && len(w.sent) < 100 {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return nil, err
		}
		for _, device := range page.MFADevices {
			if serial := aws.ToString(device.SerialNumber); serial != "" {
				devices = append(devices, serial)
			}
		}
	}
	return devices, nil
}

// seen is the same in the tests of the package login.
func seen(sent []string, err error) view {
	v := view{Requests: sent, Failed: err != nil}
	var operation *smithy.OperationError
	if errors.As(err, &operation) && len(sent) == 0 {
		v.Unsent = operation.Err.Error()
	}
	var answered *smithyhttp.ResponseError
	if errors.As(err, &answered) {
		v.Status = answered.HTTPStatusCode()
	}
	var refused smithy.APIError
	if errors.As(err, &refused) {
		v.Code, v.Message = refused.ErrorCode(), refused.ErrorMessage()
	}
	var unreadable *smithy.DeserializationError
	v.Unreadable = errors.As(err, &unreadable)
	return v
}
