// The sdkview command prints how the AWS SDK for Go reads config and credentials files: a line of JSON for each
// request on standard input. It makes no calls.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

type request struct {
	Config, Credentials []byte // base64 in JSON
	Profile             string
	Env                 map[string]string // nil: only the files are read
}

// A view is the answer to a request. Empty values are left out.
type view struct {
	Outcome string            `json:"outcome"` // "read", "missing", "rejected" or "panic"
	Values  map[string]string `json:"values,omitempty"`
}

func main() {
	folder, err := os.MkdirTemp("", "sdkview")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for in.More() {
		var r request
		if err := in.Decode(&r); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(answer(r, folder)); err != nil {
			log.Fatal(err)
		}
	}
}

func answer(r request, folder string) (v view) {
	defer func() {
		if recover() != nil { // the SDK does at a value that is one quotation mark
			v = view{Outcome: "panic"}
		}
	}()
	configFile, credentialsFile := filepath.Join(folder, "config"), filepath.Join(folder, "credentials")
	for path, content := range map[string][]byte{configFile: r.Config, credentialsFile: r.Credentials} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			log.Fatal(err)
		}
	}
	if r.Env != nil {
		return resolved(r, configFile, credentialsFile)
	}
	shared, err := config.LoadSharedConfigProfile(context.Background(), r.Profile,
		func(o *config.LoadSharedConfigOptions) {
			o.ConfigFiles, o.CredentialsFiles = []string{configFile}, []string{credentialsFile}
		})
	switch {
	case err == nil:
		return sharedView(&shared)
	case missing(err, r.Profile):
		return view{Outcome: "missing"}
	default:
		return view{Outcome: "rejected"}
	}
}

func missing(err error, profile string) bool {
	var gone config.SharedConfigProfileNotExistError
	var role config.SharedConfigAssumeRoleError
	return errors.As(err, &gone) && gone.Profile == profile && !errors.As(err, &role)
}

func sharedView(shared *config.SharedConfig) view {
	v := view{Outcome: "read", Values: present(map[string]string{
		"aws_access_key_id":       shared.Credentials.AccessKeyID,
		"aws_secret_access_key":   shared.Credentials.SecretAccessKey,
		"aws_session_token":       shared.Credentials.SessionToken,
		"credential_process":      shared.CredentialProcess,
		"credential_source":       shared.CredentialSource,
		"web_identity_token_file": shared.WebIdentityTokenFile,
		"sso_session":             shared.SSOSessionName,
		"sso_region":              shared.SSORegion,
		"sso_start_url":           shared.SSOStartURL,
		"sso_account_id":          shared.SSOAccountID,
		"sso_role_name":           shared.SSORoleName,
		"login_session":           shared.LoginSession,
		"role_arn":                shared.RoleARN,
		"source_profile":          shared.SourceProfileName,
		"mfa_serial":              shared.MFASerial,
		"region":                  shared.Region,
		"endpoint_url":            shared.BaseEndpoint,
		"services":                shared.ServicesSectionName,
		"services.sts":            shared.Services.ServiceValues["sts"]["endpoint_url"],
		"services.iam":            shared.Services.ServiceValues["iam"]["endpoint_url"],
		"ca_bundle":               shared.CustomCABundle,
		"retry_mode":              string(shared.RetryMode),
		"use_fips_endpoint":       fips[shared.UseFIPSEndpoint],
		"use_dualstack_endpoint":  dualStack[shared.UseDualStackEndpoint],
	})}
	if shared.RetryMaxAttempts != 0 {
		v.Values["max_attempts"] = strconv.Itoa(shared.RetryMaxAttempts)
	}
	if shared.IgnoreConfiguredEndpoints != nil {
		v.Values["ignore_configured_endpoint_urls"] = strconv.FormatBool(*shared.IgnoreConfiguredEndpoints)
	}
	return v
}

var (
	fips = map[aws.FIPSEndpointState]string{
		aws.FIPSEndpointStateEnabled: "true", aws.FIPSEndpointStateDisabled: "false"}
	dualStack = map[aws.DualStackEndpointState]string{
		aws.DualStackEndpointStateEnabled: "true", aws.DualStackEndpointStateDisabled: "false"}
)

// resolved returns the settings that clients would call with, including variables.
func resolved(r request, configFile, credentialsFile string) view {
	os.Clearenv()
	for name, value := range r.Env {
		os.Setenv(name, value)
	}
	cfg, err := config.LoadDefaultConfig(context.Background(),
		config.WithSharedConfigProfile(r.Profile),
		config.WithSharedConfigFiles([]string{configFile}),
		config.WithSharedCredentialsFiles([]string{credentialsFile}),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")))
	var unread *os.PathError
	if errors.As(err, &unread) { // no certificates exist here, and the SDK's error names the file
		return view{Outcome: "read", Values: map[string]string{"ca_bundle": unread.Path}}
	} else if err != nil {
		return view{Outcome: "rejected"}
	}
	stsOptions, iamOptions := sts.NewFromConfig(cfg).Options(), iam.NewFromConfig(cfg).Options()
	v := view{Outcome: "read", Values: present(map[string]string{
		"region":                 cfg.Region,
		"endpoint_sts":           aws.ToString(stsOptions.BaseEndpoint),
		"endpoint_iam":           aws.ToString(iamOptions.BaseEndpoint),
		"use_fips_endpoint":      fips[stsOptions.EndpointOptions.UseFIPSEndpoint],
		"use_dualstack_endpoint": dualStack[stsOptions.EndpointOptions.UseDualStackEndpoint],
	})}
	if stsOptions.RetryMaxAttempts != 0 {
		v.Values["max_attempts"] = strconv.Itoa(stsOptions.RetryMaxAttempts)
	}
	return v
}

func present(values map[string]string) map[string]string {
	for name, value := range values {
		if value == "" {
			delete(values, name)
		}
	}
	return values
}
