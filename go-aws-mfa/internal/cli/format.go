package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/fault"
)

// What can be printed once there is a session.
const (
	profileFormat = "profile"
	jsonFormat    = "json"
	processFormat = "credential-process"
)

var formats = []string{profileFormat, jsonFormat, "env", "fish", "powershell", processFormat}

// For each shell: how it sets a variable, and how it forgets the one that old
// tools set, which botocore reads before AWS_SESSION_TOKEN. No value has quotes.
var assignments = map[string][2]string{
	"env":        {"export %s='%s'\n", "unset AWS_SECURITY_TOKEN\n"},
	"fish":       {"set -gx %s '%s'\n", "set -e AWS_SECURITY_TOKEN\n"},
	"powershell": {"$env:%s = '%s'\n", "Remove-Item Env:AWS_SECURITY_TOKEN -ErrorAction SilentlyContinue\n"},
}

// A document is what AWS's credential_process protocol has, with more for scripts.
type document struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
	Profile         string `json:",omitempty"`
	SourceProfile   string `json:",omitempty"`
	SerialNumber    string `json:",omitempty"`
	Region          string `json:",omitempty"`
	Reused          *bool  `json:",omitempty"`
}

// deliver hands the session out in the form that was asked for.
func (r *run) deliver(session credfile.Session, reused bool) error {
	region := cmp.Or(r.to.Region, session.Region)
	if !credfile.Writable(region) {
		region = ""
	}
	made := document{Version: 1, AccessKeyID: session.AccessKeyID, SecretAccessKey: session.SecretAccessKey,
		SessionToken: session.SessionToken, Expiration: session.Expires.UTC().Format(time.RFC3339)}
	text := ""
	switch r.format {
	case profileFormat:
		r.succeed(made.Expiration, reused)
		return nil
	case processFormat:
		text = encoded(made)
	case jsonFormat:
		made.Profile, made.SourceProfile, made.SerialNumber = r.destination, r.source, session.Serial
		made.Region, made.Reused = region, &reused
		text = encoded(made)
	default:
		text = assign(assignments[r.format], made, region)
	}
	if _, err := fmt.Fprint(r.Stdout, text); err != nil {
		return fault.New(fault.Failed, "the session is kept in the profile; run it again",
			"standard output can not be written: %v", fault.Reason(err))
	}
	return nil
}

func encoded(made document) string {
	text, _ := json.MarshalIndent(made, "", "  ")
	return string(text) + "\n"
}

// assign sets a region only where there is none: it may be another one on purpose.
func assign(forms [2]string, made document, region string) string {
	var text strings.Builder
	set := func(name, value string) { fmt.Fprintf(&text, forms[0], name, value) }
	set("AWS_ACCESS_KEY_ID", made.AccessKeyID)
	set("AWS_SECRET_ACCESS_KEY", made.SecretAccessKey)
	set("AWS_SESSION_TOKEN", made.SessionToken)
	set("AWS_CREDENTIAL_EXPIRATION", made.Expiration)
	if region != "" && os.Getenv("AWS_REGION")+os.Getenv("AWS_DEFAULT_REGION") == "" {
		set("AWS_REGION", region)
		set("AWS_DEFAULT_REGION", region)
	}
	return text.String() + forms[1]
}
