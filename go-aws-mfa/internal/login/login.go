// Package login talks to AWS: it finds the user's MFA device and gets a session.
package login

import (
	"context"
	"strings"

	"aws-mfa.example/aws-mfa/internal/fault"
	"aws-mfa.example/aws-mfa/internal/profile"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Client makes the calls with the keys of one profile.
type Client struct {
	source profile.Source
	sts    *sts.Client
	iam    *iam.Client
}

// New makes a Client. It calls nothing.
func New(source profile.Source) Client {
	return Client{source, sts.NewFromConfig(source.AWS), iam.NewFromConfig(source.AWS)}
}

// Device is an MFA device that GetSessionToken takes.
type Device struct {
	Serial string
	Others int // usable ones that were not taken
}

// Device is the profile's mfa_serial if it has one, which needs no call, or
// else the first usable device that AWS lists for the user.
func (c Client) Device(ctx context.Context) (Device, error) {
	if serial := c.source.MFASerial; serial != "" {
		if isFIDO(serial) {
			return Device{}, fault.New(fault.Configuration, "set it to a virtual or hardware device, or take it out",
				"the `mfa_serial` of profile `%s` is a FIDO key, which GetSessionToken can not use", c.source.Name)
		}
		return Device{Serial: serial}, nil
	}
	identity, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Device{}, c.explain(ctx, "GetCallerIdentity", err)
	}
	// The usual policies allow the listing only with the caller's own user name.
	user, err := userName(aws.ToString(identity.Arn))
	if err != nil {
		return Device{}, err
	}
	listed, err := c.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: user})
	if err != nil {
		return Device{}, c.explain(ctx, "ListMFADevices", err)
	}
	var serials []string
	for _, device := range listed.MFADevices {
		serials = append(serials, aws.ToString(device.SerialNumber))
	}
	return choose(serials)
}

// userName is the last part of the ARN's path, or nil for the root user, who
// has no name.
func userName(caller string) (*string, error) {
	parsed, err := arn.Parse(caller)
	kind, path, _ := strings.Cut(parsed.Resource, "/")
	name := path[strings.LastIndex(path, "/")+1:]
	switch {
	case err == nil && parsed.Resource == "root":
		return nil, nil
	case err == nil && kind == "user" && name != "":
		return &name, nil
	}
	return nil, fault.New(fault.Configuration, "give -s a profile with the access key of an IAM user",
		"the keys belong to `%s`, which is not an IAM user", caller)
}

// choose takes the first device that is not a FIDO key: AWS promises no order.
func choose(serials []string) (Device, error) {
	var usable []string
	for _, serial := range serials {
		if serial != "" && !isFIDO(serial) {
			usable = append(usable, serial)
		}
	}
	switch {
	case len(usable) > 0:
		return Device{Serial: usable[0], Others: len(usable) - 1}, nil
	case len(serials) > 0:
		return Device{}, fault.New(fault.Configuration, "add an authenticator app as a second MFA device of the user",
			"the user has no MFA device but FIDO keys, which GetSessionToken can not use")
	}
	return Device{}, fault.New(fault.Configuration, "add an authenticator app as MFA device of the user, in the IAM console",
		"the user has no MFA device")
}

func isFIDO(serial string) bool { return strings.Contains(serial, ":u2f/") }

// Session swaps the code for temporary keys. It sends no duration: AWS's own
// default is right for users (12 hours) and for root (1 hour).
func (c Client) Session(ctx context.Context, serial, code string) (aws.Credentials, error) {
	answer, err := c.sts.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: &serial, TokenCode: &code})
	if err != nil {
		return aws.Credentials{}, c.explain(ctx, "GetSessionToken", err)
	}
	got := answer.Credentials
	if got == nil || got.AccessKeyId == nil || got.SecretAccessKey == nil || got.SessionToken == nil || got.Expiration == nil {
		return aws.Credentials{}, unreadable("GetSessionToken")
	}
	return aws.Credentials{
		AccessKeyID:     *got.AccessKeyId,
		SecretAccessKey: *got.SecretAccessKey,
		SessionToken:    *got.SessionToken,
		CanExpire:       true,
		Expires:         *got.Expiration,
	}, nil
}
