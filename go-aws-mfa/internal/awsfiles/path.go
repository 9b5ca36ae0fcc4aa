package awsfiles

import (
	"regexp"
	"strings"
)

// Surroundings are what a path is expanded with.
type Surroundings struct {
	LookupEnv func(name string) (string, bool)
	Home      func(user string) (string, bool) // the home folder of a user, "" for the one who runs this
}

var shellVariable = regexp.MustCompile(`\$([0-9A-Za-z_]+|\{[^}]*\})`)

// ExpandPath returns a path as botocore takes it from AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, on systems
// with slashes: with variables first, then the home folder put in. What is unknown stays as it is. botocore expands
// nothing in ca_bundle and AWS_CA_BUNDLE.
func ExpandPath(path string, in Surroundings) string {
	path = shellVariable.ReplaceAllStringFunc(path, func(text string) string {
		name := strings.TrimSuffix(strings.TrimPrefix(text[1:], "{"), "}")
		if value, ok := in.LookupEnv(name); ok {
			return value
		}
		return text
	})
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path
	}
	user, rest, slash := strings.Cut(rest, "/")
	home, ok := in.Home(user)
	if variable, set := in.LookupEnv("HOME"); user == "" && set {
		home, ok = variable, true
	}
	if !ok {
		return path
	}
	home = strings.TrimRight(home, "/")
	if slash {
		home += "/" + rest
	}
	if home == "" {
		return "/"
	}
	return home
}
