package profile

import (
	"os"
	"path/filepath"
	"strings"

	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Files are the two files that profiles live in.
type Files struct{ Credentials, Config string }

// Locate finds the files as the AWS CLI does: the environment, else the home folder.
func Locate() (Files, error) {
	files := Files{expandHome(os.Getenv("AWS_SHARED_CREDENTIALS_FILE")), expandHome(os.Getenv("AWS_CONFIG_FILE"))}
	if files.Config == "" {
		files.Config = config.DefaultSharedConfigFilename()
	}
	if files.Credentials == "" {
		files.Credentials = config.DefaultSharedCredentialsFilename()
		// Without a home the SDK's answer is relative, and keys would land in whatever folder this runs in.
		if !filepath.IsAbs(files.Credentials) {
			return files, words.New("no-home")
		}
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
