// Package profile reads profiles as the AWS CLI does, and reports those that cannot be the source or the destination of
// a session.
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
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/smithy-go/logging"
)

// fallbackRegions has a region of each partition: STS and IAM cannot be called without one.
var fallbackRegions = map[string]string{
	"aws-cn":     "cn-north-1",
	"aws-us-gov": "us-gov-west-1",
	"aws-eusc":   "eusc-de-east-1",
	"aws-iso":    "us-iso-east-1",
	"aws-iso-b":  "us-isob-east-1",
	"aws-iso-e":  "eu-isoe-west-1",
	"aws-iso-f":  "us-isof-south-1",
}

// LoadSource reads the profile called name and its long-term keys. It calls nothing but the credential_process of the
// profile. The region is that of the files only: AWS_REGION does not belong to the profile.
func LoadSource(ctx context.Context, name string, files Files) (config.SharedConfig, error) {
	fail := func(problem Problem, reason error) (config.SharedConfig, error) {
		return config.SharedConfig{}, &Error{Profile: name, Files: files, Problem: problem, Err: reason}
	}
	source, err := load(ctx, name, files)
	text, _ := credfile.Read(files.Credentials)
	section, _ := credfile.Look(text, name)
	hasKeys := source.Credentials.HasKeys()
	hasProcess := source.CredentialProcess != "" && !usesSSO(source)
	switch {
	case err != nil:
		return source, err
	case source.RoleARN != "":
		return fail(SourceIsRole, nil)
	case !hasKeys && !hasProcess:
		return fail(SourceWithoutKeys, nil)
	case source.Region != "" && !credfile.Writable(source.Region):
		return fail(SourceRegion, nil)
	case section.Legacy: // the SDK does not know this token
		return fail(SourceIsSession, nil)
	case !hasKeys:
		source.Credentials, err = processcreds.NewProvider(source.CredentialProcess).Retrieve(ctx)
		// The text of the SDK is never shown: it quotes the output of the process, which contains the keys.
		if exit, isExit := errors.AsType[*exec.ExitError](err); isExit {
			return fail(SourceProcessFailed, exit)
		}
		if err != nil {
			return fail(SourceProcessOutput, nil)
		}
	}
	if source.Credentials.SessionToken != "" {
		return fail(SourceIsSession, nil)
	}
	return source, nil
}

// Config returns what the SDK needs to make calls with the keys of a source. The region is the one that is given, else
// AWS_REGION, else that of the profile, else one of the partition.
func Config(
	ctx context.Context, from config.SharedConfig, files Files, region, partition string,
) (aws.Config, error) {
	keys := func(context.Context) (aws.Credentials, error) {
		return from.Credentials, nil
	}
	cfg, err := config.LoadDefaultConfig(ctx,
		// Given here, the profile and its keys win over AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_PROFILE.
		config.WithSharedConfigProfile(from.Profile),
		config.WithCredentialsProvider(aws.CredentialsProviderFunc(keys)),
		config.WithSharedCredentialsFiles([]string{files.Credentials}),
		config.WithSharedConfigFiles([]string{files.Config}),
		config.WithRegion(region),
		config.WithDefaultRegion(cmp.Or(fallbackRegions[partition], "us-east-1")),
		config.WithLogger(logging.Nop{}))
	if err != nil {
		return cfg, &Error{Profile: from.Profile, Files: files, Problem: Unusable, Err: err}
	}
	return cfg, nil
}

// Destination is a profile that may get a session.
type Destination struct {
	Region  string           // of the profile, from either file
	Process bool             // it has a credential_process, which AWS programs will not run once a session is there
	Kept    credfile.Session // the session of an earlier login; zero if there is none that can be trusted
}

// LoadDestination reads the profile called name. It returns an error for a profile that a session would destroy, or
// that would hide the session.
func LoadDestination(ctx context.Context, name string, files Files) (Destination, error) {
	fail := func(problem Problem, reason error) (Destination, error) {
		return Destination{}, &Error{Profile: name, Files: files, Problem: problem, Err: reason}
	}
	text, err := credfile.Read(files.Credentials)
	if err != nil {
		return fail(FileUnusable, err)
	}
	section, err := credfile.Look(text, name)
	if err != nil {
		return fail(SectionUnclear, err)
	}
	shared, err := load(ctx, name, files)
	if err != nil && section.Partial { // what an old tool or a person left is replaced, so the SDK need not like it
		shared, err = load(ctx, name, Files{Credentials: os.DevNull, Config: files.Config})
	}
	inConfig := err == nil && shared.Credentials.HasKeys() && shared.Credentials.SessionToken == ""
	switch {
	case section.LongTerm, inConfig && !section.Legacy:
		return fail(DestinationHoldsKeys, nil)
	case isMissing(err):
		return Destination{}, nil
	case err != nil:
		return Destination{}, err
	case shared.RoleARN != "" || usesSSO(shared):
		return fail(DestinationIsRole, nil)
	}
	return Destination{Region: shared.Region, Process: shared.CredentialProcess != "", Kept: section.Kept}, nil
}

// load reads the profile from both files. The SDK panics at a value that is a single quotation mark; that is a mistake
// in a file, not a defect.
func load(ctx context.Context, name string, files Files) (shared config.SharedConfig, err error) {
	defer func() {
		if recover() != nil {
			err = &Error{Profile: name, Files: files, Problem: FileLoneQuote}
		}
	}()
	shared, err = config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.CredentialsFiles = []string{files.Credentials}
		o.ConfigFiles = []string{files.Config}
	})
	if _, notFound := errors.AsType[config.SharedConfigProfileNotExistError](err); notFound {
		return shared, &Error{Profile: name, Files: files, Problem: Missing}
	}
	if err != nil {
		return shared, &Error{Profile: name, Files: files, Problem: Unusable, Err: err}
	}
	return shared, nil
}

func isMissing(err error) bool {
	found, ok := errors.AsType[*Error](err)
	return ok && found.Problem == Missing
}

func usesSSO(shared config.SharedConfig) bool {
	first := cmp.Or(shared.SSOSessionName, shared.SSOStartURL, shared.SSOAccountID, shared.SSORoleName,
		shared.SSORegion, shared.LoginSession)
	return first != ""
}

// Files are the two files that hold profiles.
type Files struct {
	Credentials string
	Config      string
}

// Locate finds the files as the AWS CLI does: the environment, else the home directory.
func Locate() (Files, error) {
	named := os.Getenv("AWS_SHARED_CREDENTIALS_FILE")
	files := Files{
		Credentials: cmp.Or(expandHome(named), config.DefaultSharedCredentialsFilename()),
		Config:      cmp.Or(expandHome(os.Getenv("AWS_CONFIG_FILE")), config.DefaultSharedConfigFilename()),
	}
	// Without a home the path of the SDK is relative, and keys would be written to the current directory.
	if named == "" && !filepath.IsAbs(files.Credentials) {
		return files, ErrNoHome
	}
	return files, nil
}

// expandHome does what the AWS CLI does and the SDK does not: a quoted "~/x" would create a directory called ~.
func expandHome(path string) string {
	rest, found := strings.CutPrefix(path, "~")
	home, err := os.UserHomeDir()
	if !found || err != nil || (rest != "" && !os.IsPathSeparator(rest[0])) {
		return path
	}
	return filepath.Join(home, rest)
}
