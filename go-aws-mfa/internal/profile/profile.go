// Package profile reads profiles as the AWS CLI does, and refuses the ones that can not be the source or the
// destination of a session.
package profile

import (
	"cmp"
	"context"
	"errors"
	"os/exec"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go/logging"
)

// STS and IAM can not be called without a region. These each partition always has.
var fallbackRegions = map[string]string{"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1",
	"aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1"}

// Source is a profile with long-term keys.
type Source struct {
	Name      string
	Keys      aws.Credentials
	Region    string // from the files only: AWS_REGION is not the profile's
	MFASerial string
	files     Files
}

// LoadSource reads the profile called name and its keys. It calls nobody but the profile's own credential_process.
func LoadSource(ctx context.Context, name string, files Files) (Source, error) {
	shared, err := load(ctx, name, files)
	if missing(err) {
		return Source{}, words.New("no-profile", name, files.Credentials, files.Config)
	}
	if err != nil {
		return Source{}, err
	}
	if err := checkSource(name, shared, files); err != nil {
		return Source{}, err
	}
	keys := shared.Credentials
	if !keys.HasKeys() {
		if keys, err = processcreds.NewProvider(shared.CredentialProcess).Retrieve(ctx); err != nil {
			return Source{}, processFailed(name, err)
		}
	}
	if keys.SessionToken != "" {
		return Source{}, isSession(name)
	}
	return Source{name, keys, shared.Region, shared.MFASerial, files}, nil
}

// Config is what the SDK needs for calls with the keys of the profile. The region is the one that is given, else
// AWS_REGION, else the profile's, else one of the partition.
func (s Source) Config(ctx context.Context, region, partition string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		// Named in the program, the profile and its keys win over AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_PROFILE.
		config.WithSharedConfigProfile(s.Name),
		config.WithCredentialsProvider(aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) { return s.Keys, nil })),
		config.WithSharedCredentialsFiles([]string{s.files.Credentials}),
		config.WithSharedConfigFiles([]string{s.files.Config}),
		config.WithRegion(region),
		config.WithDefaultRegion(cmp.Or(fallbackRegions[partition], "us-east-1")),
		config.WithLogger(logging.Nop{}))
	if err != nil {
		return cfg, unreadable(s.Name, err)
	}
	return cfg, nil
}

// checkSource refuses what gives no long-term keys. It leaves two places for them: the files and a process.
func checkSource(name string, shared config.SharedConfig, files Files) error {
	text, _ := credfile.Read(files.Credentials)
	found, _ := credfile.Look(text, name)
	switch {
	case shared.RoleARN != "":
		return words.New("source-is-role", name)
	case !shared.Credentials.HasKeys() && (shared.CredentialProcess == "" || usesSSO(shared)):
		return words.New("source-without-key", name)
	case shared.Region != "" && !credfile.Writable(shared.Region):
		return words.New("source-odd-region", name)
	case found.Legacy: // which the SDK does not know
		return isSession(name)
	}
	return nil
}

// Destination is a profile that may get a session.
type Destination struct {
	Region  string           // its own, from either file
	Process bool             // it has a credential_process, which the session will stand before
	Kept    credfile.Session // what an earlier login left there; without keys if there is nothing to trust
}

// LoadDestination refuses a profile that a session would destroy or that would hide it.
func LoadDestination(ctx context.Context, name string, files Files) (to Destination, err error) {
	text, err := credfile.Read(files.Credentials)
	if err != nil {
		return to, words.New("file-unusable", files.Credentials, words.Reason(err))
	}
	found, err := credfile.Look(text, name)
	if err != nil {
		return to, words.New("section-unclear", name, files.Credentials, err)
	}
	shared, err := load(ctx, name, files)
	switch {
	case found.LongTerm, err == nil && shared.Credentials.HasKeys() && shared.Credentials.SessionToken == "": // in the config file
		return to, HoldsKeys(name)
	case missing(err):
		return to, nil
	case err != nil:
		return to, err
	case shared.RoleARN != "" || usesSSO(shared):
		return to, words.New("destination-is-role", name)
	}
	return Destination{shared.Region, shared.CredentialProcess != "", found.Kept}, nil
}

// HoldsKeys is the refusal to write over long-term keys.
func HoldsKeys(name string) error {
	return words.New("destination-holds-keys", name)
}

// load is the first to read both files. The SDK panics at a value that is one quotation mark and nothing else; that
// is a mistake in a file, not a defect.
func load(ctx context.Context, name string, files Files) (shared config.SharedConfig, err error) {
	defer func() {
		if recover() != nil {
			err = words.New("file-lone-quote", files.Credentials, files.Config)
		}
	}()
	shared, err = config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{files.Credentials}, []string{files.Config}
	})
	if err != nil && !missing(err) {
		err = unreadable(name, err)
	}
	return shared, err
}

func missing(err error) bool { return errors.As(err, new(config.SharedConfigProfileNotExistError)) }

func usesSSO(shared config.SharedConfig) bool {
	return shared.SSOSessionName+shared.SSOStartURL+shared.SSOAccountID+shared.SSORoleName+shared.SSORegion+shared.LoginSession != ""
}

func unreadable(name string, err error) error {
	return words.New("profile-unusable", name, err)
}

func isSession(name string) error {
	return words.New("source-is-session", name)
}

// processFailed never shows the SDK's text: it quotes what the process printed, which is where the keys are.
func processFailed(name string, err error) error {
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return words.New("process-failed", name, exit)
	}
	return words.New("process-useless", name)
}
