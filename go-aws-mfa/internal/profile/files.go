package profile

import (
	"cmp"
	"os"
	"os/user"
	"path/filepath"
	"runtime"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
)

const (
	credentialsVariable = "AWS_SHARED_CREDENTIALS_FILE"
	configVariable      = "AWS_CONFIG_FILE"
)

// Files are the paths of the two files that hold profiles.
type Files struct {
	Credentials string
	Config      string
}

// Path returns the path of one of the files.
func (f Files) Path(file awsfiles.File) string {
	if file == awsfiles.CredentialsFile {
		return f.Credentials
	}
	return f.Config
}

// Locate finds the files as botocore does, in the environment or else in the home directory, and expands variables in
// their paths as botocore does. If a path is still relative, its directory must exist: keys must not end up in a new
// directory called `$HOME`.
func Locate() (Files, error) {
	environment := awsfiles.Environment{LookupEnv: os.LookupEnv, Home: home, Windows: runtime.GOOS == "windows"}
	find := func(variable, name string) string {
		usual := filepath.Join("~", ".aws", name)
		return awsfiles.ExpandPath(cmp.Or(os.Getenv(variable), usual), environment)
	}
	files := Files{
		Credentials: find(credentialsVariable, "credentials"),
		Config:      find(configVariable, "config"),
	}
	if filepath.IsAbs(files.Credentials) {
		return files, nil
	}
	if os.Getenv(credentialsVariable) == "" {
		return files, ErrNoHome
	}
	if !hasDirectory(files.Credentials) {
		return files, &PathError{Variable: credentialsVariable, Path: files.Credentials}
	}
	return files, nil
}

// hasDirectory reports whether the directory of a file exists.
func hasDirectory(path string) bool {
	directory, err := os.Stat(filepath.Dir(path))
	return path != "" && err == nil && directory.IsDir()
}

// home returns the home directory of a user, "" for the current one.
func home(name string) (string, bool) {
	find := user.Current
	if name != "" {
		find = func() (*user.User, error) { return user.Lookup(name) }
	} else if directory, err := os.UserHomeDir(); err == nil {
		return directory, true
	}
	found, err := find()
	if err != nil || found.HomeDir == "" {
		return "", false
	}
	return found.HomeDir, true
}

// readConfig returns the text of the config file, or nothing if there is no file. The null device counts as no file,
// because people set AWS_CONFIG_FILE to it. Otherwise only regular files are read: a pipe could block forever.
func readConfig(path string) ([]byte, error) {
	if path == os.DevNull {
		return nil, nil
	}
	return credfile.Read(path)
}

// readCertificates returns the text of a regular file.
func readCertificates(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = credfile.ErrNotRegular
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
