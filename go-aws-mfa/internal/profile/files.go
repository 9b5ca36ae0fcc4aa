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

// Path returns the path of one of them.
func (f Files) Path(file awsfiles.File) string {
	if file == awsfiles.CredentialsFile {
		return f.Credentials
	}
	return f.Config
}

// Locate finds the files as botocore does: the environment, else the home directory. Variables in a path are expanded
// as botocore expands them. A path that stays relative must lead to a directory that exists: keys are not written to a
// new directory called `$HOME`.
func Locate() (Files, error) {
	in := awsfiles.Surroundings{LookupEnv: os.LookupEnv, Home: home, Windows: runtime.GOOS == "windows"}
	find := func(variable, name string) string {
		usual := filepath.Join("~", ".aws", name)
		return awsfiles.ExpandPath(cmp.Or(os.Getenv(variable), usual), in)
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
	if !hasFolder(files.Credentials) {
		return files, &PathError{Variable: credentialsVariable, Path: files.Credentials}
	}
	return files, nil
}

// hasFolder reports whether a relative path leads to a directory that exists.
func hasFolder(path string) bool {
	folder, err := os.Stat(filepath.Dir(path))
	return path != "" && err == nil && folder.IsDir()
}

// home returns the home directory of a user, "" for the current one.
func home(name string) (string, bool) {
	find := user.Current
	if name != "" {
		find = func() (*user.User, error) { return user.Lookup(name) }
	} else if folder, err := os.UserHomeDir(); err == nil {
		return folder, true
	}
	found, err := find()
	if err != nil || found.HomeDir == "" {
		return "", false
	}
	return found.HomeDir, true
}

// readConfig returns the text of the config file, nothing if there is no file. The null device stands for no file, as
// people set AWS_CONFIG_FILE to it. Nothing else but a regular file is read: a pipe would never end.
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
