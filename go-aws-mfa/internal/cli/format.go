package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/messages"
)

// The formats that the code refers to.
const (
	profileFormat = "profile"
	jsonFormat    = "json"
	processFormat = "credential-process"
)

var formats = []string{profileFormat, jsonFormat, "env", "fish", "powershell", processFormat}

// shellFormats are the formats that print commands for a shell.
var shellFormats = map[string]shellSyntax{"env": posix, "fish": fish, "powershell": powershell}

// competing are variables that some AWS programs prefer to the ones that a shell format sets: the token of old tools,
// and the names of profiles.
var competing = []string{"AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"}

// deliver prints the session in the requested format.
func (r *run) deliver(session credfile.Session, reused bool) error {
	until := session.Expires.UTC().Format(time.RFC3339)
	region := cmp.Or(r.to.Region, session.Region)
	var text string
	switch shell, isShell := shellFormats[r.format]; {
	case r.format == profileFormat:
		r.succeed(until, reused)
		return nil
	case isShell:
		text = assignments(shell, session, until, region)
	default:
		text = r.document(session, until, region, reused)
	}
	if _, err := fmt.Fprint(r.Stdout, text); err != nil {
		return messages.Fail(messages.StdoutUnwritable, localized(err))
	}
	return nil
}

// document returns the JSON that AWS documents for a credential_process. The format json adds more members.
func (r *run) document(session credfile.Session, until, region string, reused bool) string {
	document := map[string]any{
		"Version":         1,
		"AccessKeyId":     session.AccessKeyID,
		"SecretAccessKey": session.SecretAccessKey,
		"SessionToken":    session.SessionToken,
		"Expiration":      until,
	}
	if r.format == jsonFormat {
		document["Profile"] = r.destination
		document["SourceProfile"] = r.source
		document["SerialNumber"] = session.Serial
		document["Region"] = region
		document["Reused"] = reused
	}
	encoded, _ := json.MarshalIndent(document, "", "  ")
	return string(encoded) + "\n"
}

// assignments returns the commands for a shell. They set a region only if none is set, because another one may be
// intended.
func assignments(shell shellSyntax, session credfile.Session, until, region string) string {
	var text strings.Builder
	set := func(name, value string) {
		fmt.Fprintf(&text, shell.set+"\n", name, shell.quote(value))
	}
	set("AWS_ACCESS_KEY_ID", session.AccessKeyID)
	set("AWS_SECRET_ACCESS_KEY", session.SecretAccessKey)
	set("AWS_SESSION_TOKEN", session.SessionToken)
	set("AWS_CREDENTIAL_EXPIRATION", until)
	hasRegion := os.Getenv("AWS_REGION") != "" || os.Getenv("AWS_DEFAULT_REGION") != ""
	if credfile.Writable(region) && !hasRegion {
		set("AWS_REGION", region)
		set("AWS_DEFAULT_REGION", region)
	}
	for _, name := range competing {
		fmt.Fprintf(&text, shell.unset+"\n", name)
	}
	text.WriteString(shell.end)
	return text.String()
}
