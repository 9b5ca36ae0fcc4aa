package awsfiles

import (
	"cmp"
	"regexp"
	"strings"
)

// Environment provides the variables and home directories for expanding a path.
type Environment struct {
	LookupEnv func(name string) (string, bool)
	Home      func(user string) (string, bool) // the home directory of a user, "" for the current one
	Windows   bool
}

var (
	shellVariable   = regexp.MustCompile(`\$(?:([0-9A-Za-z_]+)|\{([^}]*)\})`)
	windowsVariable = regexp.MustCompile(`'[^']*'?|%%|\$\$|%([^%]*)%|%[^%]*$|\$([0-9A-Za-z_-]+)|\$\{([^}]*)\}|\$\{[^}]*$`)
)

// ExpandPath expands variables, then the home directory, as botocore does for AWS_CONFIG_FILE and
// AWS_SHARED_CREDENTIALS_FILE. Unknown variables and users stay as they are. botocore expands nothing in ca_bundle and
// AWS_CA_BUNDLE.
func ExpandPath(path string, env Environment) string {
	pattern, home, separators := shellVariable, "HOME", "/"
	if env.Windows {
		pattern, home, separators = windowsVariable, "USERPROFILE", `\/`
	}
	path = pattern.ReplaceAllStringFunc(path, func(text string) string {
		if env.Windows && (text == "%%" || text == "$$") {
			return text[:1]
		}
		found := pattern.FindStringSubmatch(text)
		if value, ok := env.LookupEnv(cmp.Or(found[1:]...)); ok {
			return value
		}
		return text
	})
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path
	}
	user := rest
	if end := strings.IndexAny(rest, separators); end >= 0 {
		user = rest[:end]
	}
	directory, ok := env.Home(user)
	if variable, isSet := env.LookupEnv(home); user == "" && isSet {
		directory, ok = variable, true
	}
	if !ok {
		return path
	}
	if !env.Windows {
		directory = strings.TrimRight(directory, "/")
	}
	return cmp.Or(directory+rest[len(user):], "/")
}
