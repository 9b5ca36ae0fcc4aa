package cli

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"runtime"
	"strings"
)

// A shellSyntax is how a shell sets and unsets a variable.
type shellSyntax struct {
	set   string // of a name and a word
	unset string // of a name
	quote func(string) string
	plain string // how a word looks that needs no quotes
	end   string // a line that makes up for a variable that could not be unset, because it was not set
}

var (
	posix = shellSyntax{
		set:   "export %s=%s",
		unset: "unset %s",
		quote: func(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" },
		plain: "%s",
	}
	fish = shellSyntax{
		set:   "set -gx %s %s",
		unset: "set -e %s",
		quote: func(text string) string { return "'" + fishQuotes.Replace(text) + "'" },
		plain: "%s",
		end:   "true\n",
	}
	csh = shellSyntax{
		set:   "setenv %s %s",
		unset: "unsetenv %s",
		quote: func(text string) string { return "'" + cshQuotes.Replace(text) + "'" },
		plain: "%s",
	}
	powershell = shellSyntax{
		set:   "$env:%s = %s",
		unset: "Remove-Item Env:%s -ErrorAction SilentlyContinue",
		quote: func(text string) string { return "'" + curlyQuote.ReplaceAllString(text, "$0$0") + "'" },
		plain: `"%s"`,
	}
)

var (
	plainWord  = regexp.MustCompile(`^[A-Za-z0-9_.@/+:-]+$`)
	fishQuotes = strings.NewReplacer(`\`, `\\`, "'", `\'`)
	cshQuotes  = strings.NewReplacer("'", `'\''`, "!", `\!`)
	curlyQuote = regexp.MustCompile(`['\x{2018}-\x{201B}]`) // PowerShell ends a string at any of these
)

// shellNames are the shells that are told apart by $SHELL. All others understand what a POSIX shell does.
var shellNames = map[string]shellSyntax{"csh": csh, "fish": fish, "tcsh": csh}

// theShell returns the syntax of the shell that a person is likely to type into.
func theShell() shellSyntax {
	return shellOf(runtime.GOOS, os.Getenv("SHELL"))
}

func shellOf(goos, login string) shellSyntax {
	if goos == "windows" {
		return powershell
	}
	if known, isKnown := shellNames[path.Base(login)]; isKnown {
		return known
	}
	return posix
}

// word returns text as one word that the shell does not interpret.
func (s shellSyntax) word(text string) string {
	if plainWord.MatchString(text) {
		return fmt.Sprintf(s.plain, text)
	}
	return s.quote(text)
}

// keyVariables are the variables that AWS programs prefer to any profile. The last ones are read by some SDKs only.
var keyVariables = []string{
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_ACCESS_KEY",
	"AWS_SECRET_KEY",
}

// overriding returns those of keyVariables that are set.
func overriding(getenv func(string) string) (names []string) {
	for _, name := range keyVariables {
		if getenv(name) != "" {
			names = append(names, name)
		}
	}
	return names
}

// nextSteps returns the commands after which every AWS program uses the profile called name. The AWS CLI prefers
// AWS_DEFAULT_PROFILE; the SDKs prefer AWS_PROFILE, so one that names another profile has to change, too.
func (s shellSyntax) nextSteps(name string, getenv func(string) string) (lines []string) {
	for _, variable := range overriding(getenv) {
		lines = append(lines, fmt.Sprintf(s.unset, variable))
	}
	if other := getenv("AWS_PROFILE"); other != "" && other != name {
		lines = append(lines, fmt.Sprintf(s.set, "AWS_PROFILE", s.word(name)))
	}
	return append(lines, fmt.Sprintf(s.set, "AWS_DEFAULT_PROFILE", s.word(name)))
}
