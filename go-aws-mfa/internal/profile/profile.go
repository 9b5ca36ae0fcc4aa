// Package profile reads profiles as the AWS CLI does, and refuses what can not be source or destination of a session.
package profile

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go/logging"
)

// STS and IAM can not be called without a region. These each partition always has.
var fallbackRegions = map[string]string{"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1",
	"aws-eusc": "eusc-de-east-1", "aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1",
	"aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1"}

// LoadSource reads the profile called name and its long-term keys. It calls nobody but the profile's own
// credential_process. The region is that of the files only: AWS_REGION is not the profile's.
func LoadSource(ctx context.Context, name string, files Files) (source config.SharedConfig, err error) {
	source, err = load(ctx, name, files)
	text, _ := credfile.Read(files.Credentials)
	found, _ := credfile.Look(text, name)
	inFiles := source.Credentials.HasKeys()
	switch {
	case missing(err):
		return source, words.New("no-profile", name, files.Credentials, files.Config)
	case err != nil:
		return source, err
	case source.RoleARN != "":
		return source, words.New("source-is-role", name)
	case !inFiles && (source.CredentialProcess == "" || usesSSO(source)):
		return source, words.New("source-without-key", name)
	case source.Region != "" && !credfile.Writable(source.Region):
		return source, words.New("source-odd-region", name)
	case found.Legacy: // which the SDK does not know
		return source, words.New("source-is-session", name)
	case !inFiles:
		source.Credentials, err = processcreds.NewProvider(source.CredentialProcess).Retrieve(ctx)
		// The SDK's text is never shown: it quotes what the process printed, which is where the keys are.
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return source, words.New("process-failed", name, exit)
		} else if err != nil {
			return source, words.New("process-useless", name)
		}
	}
	if source.Credentials.SessionToken != "" {
		return source, words.New("source-is-session", name)
	}
	return source, nil
}

// Config is what the SDK needs for calls with the keys that are given. The region is the one that is given, else
// AWS_REGION, else the profile's, else one of the partition.
func Config(ctx context.Context, from config.SharedConfig, files Files, region, partition string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx,
		// Named in the program, the profile and its keys win over AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_PROFILE.
		config.WithSharedConfigProfile(from.Profile),
		config.WithCredentialsProvider(aws.CredentialsProviderFunc(
			func(context.Context) (aws.Credentials, error) { return from.Credentials, nil })),
		config.WithSharedCredentialsFiles([]string{files.Credentials}),
		config.WithSharedConfigFiles([]string{files.Config}),
		config.WithRegion(region),
		config.WithDefaultRegion(cmp.Or(fallbackRegions[partition], "us-east-1")),
		config.WithLogger(logging.Nop{}))
	if err != nil {
		return cfg, words.New("profile-unusable", from.Profile, err)
	}
	return cfg, nil
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
	if err != nil && found.Partial { // what an old tool or a person left is replaced, so the SDK need not like it
		shared, err = load(ctx, name, Files{os.DevNull, files.Config})
	}
	longTerm := err == nil && shared.Credentials.HasKeys() && shared.Credentials.SessionToken == "" // in the config file
	switch {
	case found.LongTerm, longTerm && !found.Legacy:
		return to, words.New("destination-holds-keys", name)
	case missing(err):
		return to, nil
	case err != nil:
		return to, err
	case shared.RoleARN != "" || usesSSO(shared):
		return to, words.New("destination-is-role", name)
	}
	return Destination{shared.Region, shared.CredentialProcess != "", found.Kept}, nil
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
		err = words.New("profile-unusable", name, err)
	}
	return shared, err
}

func missing(err error) bool { return errors.As(err, new(config.SharedConfigProfileNotExistError)) }

func usesSSO(shared config.SharedConfig) bool {
	return cmp.Or(shared.SSOSessionName, shared.SSOStartURL, shared.SSOAccountID, shared.SSORoleName, shared.SSORegion,
		shared.LoginSession) != ""
}

// Files are the two files that profiles live in.
type Files struct{ Credentials, Config string }

// Locate finds the files as the AWS CLI does: the environment, else the home folder.
func Locate() (Files, error) {
	named := os.Getenv("AWS_SHARED_CREDENTIALS_FILE")
	files := Files{cmp.Or(expandHome(named), config.DefaultSharedCredentialsFilename()),
		cmp.Or(expandHome(os.Getenv("AWS_CONFIG_FILE")), config.DefaultSharedConfigFilename())}
	// Without a home the SDK's answer is relative, and keys would land in whatever folder this runs in.
	if named == "" && !filepath.IsAbs(files.Credentials) {
		return files, words.New("no-home")
	}
	return files, nil
}

// expandHome does what the AWS CLI does and the SDK does not: a quoted "~/x" would make a folder called ~.
func expandHome(path string) string {
	rest, found := strings.CutPrefix(path, "~")
	home, err := os.UserHomeDir()
	if !found || err != nil || (rest != "" && !os.IsPathSeparator(rest[0])) {
		return path
	}
	return filepath.Join(home, rest)
}
