package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/words"
)

// What can be printed once there is a session.
const (
	profileFormat = "profile"
	processFormat = "credential-process"
)

var formats = []string{profileFormat, "json", "env", "fish", "powershell", processFormat}

// For each shell: how it sets a variable, and how it forgets the one that old tools set, which botocore reads before
// AWS_SESSION_TOKEN. No value has quotes in it.
var assignments = map[string][2]string{
	"env":        {"export %s='%s'\n", "unset AWS_SECURITY_TOKEN\n"},
	"fish":       {"set -gx %s '%s'\n", "set -e AWS_SECURITY_TOKEN\n"},
	"powershell": {"$env:%s = '%s'\n", "Remove-Item Env:AWS_SECURITY_TOKEN -ErrorAction SilentlyContinue\n"},
}

// deliver hands the session out in the form that was asked for.
func (r *run) deliver(session credfile.Session, reused bool) error {
	until, format, text := session.Expires.UTC().Format(time.RFC3339), r.text("format"), ""
	region := cmp.Or(r.to.Region, session.Region)
	switch form, isShell := assignments[format]; {
	case format == profileFormat:
		r.succeed(until, reused)
		return nil
	case isShell:
		text = assign(form[0], session, until, region) + form[1]
	default: // json has all that AWS documents for a credential_process, and more
		document := map[string]any{"Version": 1, "AccessKeyId": session.AccessKeyID,
			"SecretAccessKey": session.SecretAccessKey, "SessionToken": session.SessionToken, "Expiration": until}
		if format != processFormat {
			document["Profile"], document["SourceProfile"], document["SerialNumber"] = r.destination, r.source, session.Serial
			document["Region"], document["Reused"] = region, reused
		}
		encoded, _ := json.MarshalIndent(document, "", "  ")
		text = string(encoded) + "\n"
	}
	if _, err := fmt.Fprint(r.Stdout, text); err != nil {
		return words.New("output", words.Reason(err))
	}
	return nil
}

// assign sets a region only where there is none: it may be another one on purpose.
func assign(form string, session credfile.Session, until, region string) string {
	var text strings.Builder
	set := func(name, value string) { fmt.Fprintf(&text, form, name, value) }
	set("AWS_ACCESS_KEY_ID", session.AccessKeyID)
	set("AWS_SECRET_ACCESS_KEY", session.SecretAccessKey)
	set("AWS_SESSION_TOKEN", session.SessionToken)
	set("AWS_CREDENTIAL_EXPIRATION", until)
	if credfile.Writable(region) && os.Getenv("AWS_REGION")+os.Getenv("AWS_DEFAULT_REGION") == "" {
		set("AWS_REGION", region)
		set("AWS_DEFAULT_REGION", region)
	}
	return text.String()
}
