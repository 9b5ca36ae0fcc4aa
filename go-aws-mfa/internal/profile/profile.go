// Package profile loads the source and destination profiles of a session, and reports profiles that cannot be used.
// Package awsfiles decides which settings count.
package profile

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"runtime"
	"time"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
)

// Destination is a profile that may get a session.
type Destination struct {
	Region  string           // of the profile, from either file
	Process bool             // it has a credential_process, which AWS programs do not run if there is a session
	Kept    credfile.Session // the session of an earlier login; zero if none can be trusted

	files   Files
	reading awsfiles.Reading
}

// sample represents the session that a login would write.
var sample = credfile.Session{
	AccessKeyID:     "ASIASAMPLE",
	SecretAccessKey: "sample-secret",
	SessionToken:    "sample-token",
	Expires:         time.Unix(0, 0),
	Source:          "AKIASAMPLE",
	Serial:          "sample-device",
}

// LoadDestination reads both files and the profile called name, which does not have to exist. It returns an error if a
// session would overwrite keys of the profile, if the profile would hide the session, or if some AWS programs could not
// read the profile afterwards.
func LoadDestination(name string, files Files) (Destination, error) {
	fail := func(problem Problem, reason error) (Destination, error) {
		return Destination{}, &Error{Profile: name, Files: files, Problem: problem, Err: reason}
	}
	config, err := readConfig(files.Config)
	if err != nil {
		return fail(ConfigUnusable, err)
	}
	text, err := credfile.Read(files.Credentials)
	if err != nil {
		return fail(CredentialsUnusable, err)
	}
	reading := awsfiles.Read(awsfiles.Files{Config: config, Credentials: text})
	section, unclear := credfile.Look(text, name)
	err = reading.Profile(name).Destination()
	if unclear == nil && isRepaired(err) {
		if err = awsfiles.Read(awsfiles.Files{Config: config}).Profile(name).Destination(); err != nil {
			return fail(DestinationFault, err)
		}
	}
	switch {
	case err != nil:
		return fail(DestinationFault, err)
	case unclear != nil:
		return fail(SectionUnclear, unclear)
	case section.LongTerm:
		return fail(DestinationHoldsKeys, nil)
	}
	changed, err := credfile.Put(text, name, sample)
	if err != nil {
		return fail(SectionUnclear, err)
	}
	after := awsfiles.Read(awsfiles.Files{Config: config, Credentials: changed})
	if reading.Profile(name).Botocore.Broken != nil {
		reading = after // a login repairs the file
	}
	written := after.Profile(name)
	if err := written.Destination(); err != nil {
		return fail(DestinationFault, err)
	}
	if !hasSample(written.Botocore) || !hasSample(written.SDK) {
		return fail(DestinationWouldDiffer, nil)
	}
	return Destination{
		Region:  cmp.Or(written.Botocore.Text(awsfiles.Region), written.SDK.Text(awsfiles.Region)),
		Process: written.Kinds.Process,
		Kept:    section.Kept,
		files:   files,
		reading: reading,
	}, nil
}

// isRepaired reports whether the problem is a duplicate setting in the credentials file. credfile accepts such a file
// only if a login replaces the setting.
func isRepaired(err error) bool {
	fault, ok := errors.AsType[*awsfiles.Fault](err)
	return ok && fault.Reason == awsfiles.DuplicateSetting && fault.Place.File == awsfiles.CredentialsFile
}

func hasSample(view awsfiles.View) bool {
	return view.Text(awsfiles.AccessKeyID) == sample.AccessKeyID &&
		view.Text(awsfiles.SecretAccessKey) == sample.SecretAccessKey &&
		view.Text(awsfiles.SessionToken) == sample.SessionToken &&
		view.Text(awsfiles.SecurityToken) == ""
}

// ProcessLimit is how long a credential_process may take, as in the SDK.
const ProcessLimit = time.Minute

// Source is a profile with a long-term key, from the files or from a credential_process.
type Source struct {
	Profile         string
	AccessKeyID     string
	SecretAccessKey string
	Region          string // from the files, not from AWS_REGION
	MFASerial       string
	Notes           []awsfiles.Fault // for the user

	files    Files
	settings awsfiles.Settings
}

// LoadSource returns the profile called name from the files of a destination. It runs no program except the
// credential_process of the profile.
func LoadSource(ctx context.Context, name string, to Destination) (Source, error) {
	fail := func(problem Problem, reason error) (Source, error) {
		return Source{}, &Error{Profile: name, Files: to.files, Problem: problem, Err: reason}
	}
	settings, err := to.reading.Profile(name).Source()
	if err != nil {
		return fail(SourceFault, err)
	}
	region := settings.Values[awsfiles.Region]
	if region.Text != "" && !credfile.Writable(region.Text) {
		return fail(SourceRegion, &awsfiles.Fault{Reason: awsfiles.Unusable, Place: region.Place, Name: awsfiles.Region})
	}
	source := Source{
		Profile:         name,
		AccessKeyID:     settings.Text(awsfiles.AccessKeyID),
		SecretAccessKey: settings.Text(awsfiles.SecretAccessKey),
		Region:          region.Text,
		MFASerial:       settings.Text(awsfiles.MFASerial),
		Notes:           settings.Notes,
		files:           to.files,
		settings:        settings,
	}
	if source.AccessKeyID != "" && source.SecretAccessKey != "" {
		return source, nil
	}
	limited, cancel := context.WithTimeout(ctx, ProcessLimit)
	defer cancel()
	keys, err := runProcess(limited, settings.Text(awsfiles.CredentialProcess))
	if ctx.Err() == nil && limited.Err() != nil {
		return fail(SourceProcessEndless, nil)
	}
	// Other errors are not shown: they may quote the output of the process, which contains the keys.
	if exit, isExit := errors.AsType[*exec.ExitError](err); isExit {
		return fail(SourceProcessFailed, exit)
	}
	isComplete := keys.Version == 1 && keys.AccessKeyID != "" && keys.SecretAccessKey != ""
	switch {
	case err != nil, !isComplete, !awsfiles.IsPlain(keys.AccessKeyID + keys.SecretAccessKey):
		return fail(SourceProcessOutput, nil)
	case keys.SessionToken != "":
		return fail(SourceProcessSession, nil)
	}
	source.AccessKeyID = keys.AccessKeyID
	source.SecretAccessKey = keys.SecretAccessKey
	return source, nil
}

// runProcess runs the command line of a credential_process and decodes its output. Unlike the SDK, it does not wait for
// child processes that the command leaves behind.
func runProcess(ctx context.Context, line string) (keys processcreds.CredentialProcessResponse, err error) {
	command, err := processcreds.DefaultNewCommandBuilder{Args: []string{line}}.NewCommand(ctx)
	if err != nil {
		return keys, err
	}
	var printed bytes.Buffer
	command.Stdout = &printed
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return keys, err
	}
	text := printed.Bytes()
	if runtime.GOOS == "windows" {
		text = bytes.ReplaceAll(text, []byte(`\"`), []byte(`"`)) // cmd.exe adds them
	}
	err = json.Unmarshal(text, &keys)
	return keys, err
}
