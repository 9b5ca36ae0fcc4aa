package profile

import (
	"os"
	"path/filepath"
	"strings"

	"aws-mfa.example/aws-mfa/internal/fault"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Files are the two files that profiles live in.
type Files struct{ Credentials, Config string }

// Locate finds the files as the AWS CLI does: the environment, else the home folder.
func Locate() (Files, error) {
	files := Files{
		Credentials: expandHome(os.Getenv("AWS_SHARED_CREDENTIALS_FILE")),
		Config:      expandHome(os.Getenv("AWS_CONFIG_FILE")),
	}
	if files.Config == "" {
		files.Config = config.DefaultSharedConfigFilename()
	}
	if files.Credentials != "" {
		return files, nil
	}
	files.Credentials = config.DefaultSharedCredentialsFilename()
	if !filepath.IsAbs(files.Credentials) {
		// Without a home the SDK's answer is relative, and keys would land in
		// whatever folder this runs in.
		return files, fault.New(fault.Configuration, "set AWS_SHARED_CREDENTIALS_FILE",
			"there is no home folder to keep credentials in")
	}
	return files, nil
}

// expandHome does what the AWS CLI does and the SDK does not: without it, a
// quoted "~/x" would make a folder called ~.
func expandHome(path string) string {
	rest, found := strings.CutPrefix(path, "~")
	if !found || (rest != "" && !os.IsPathSeparator(rest[0])) {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	return filepath.Join(home, rest)
}
