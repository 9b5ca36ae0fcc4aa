package cli

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"runtime"
	"strings"
)

// A shellSyntax describes how to set and unset variables in a shell.
type shellSyntax struct {
	set   string // format for a name and a word
	unset string // format for a name
	quote func(string) string
	plain string // format for a word that does not need quoting
	end   string // last line, for shells in which unsetting an unset variable fails
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

// shellNames maps names in $SHELL to syntaxes. All other shells accept POSIX syntax.
var shellNames = map[string]shellSyntax{"csh": csh, "fish": fish, "tcsh": csh}

// theShell returns the syntax of the shell that the user probably uses.
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

// word returns text as a single word, quoted if necessary.
func (s shellSyntax) word(text string) string {
	if plainWord.MatchString(text) {
		return fmt.Sprintf(s.plain, text)
	}
	return s.quote(text)
}

// keyVariables are the variables that AWS programs prefer to any profile. Only some SDKs read the last ones.
var keyVariables = []string{
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_SECURITY_TOKEN",
	"AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_ACCESS_KEY",
	"AWS_SECRET_KEY",
}

// overriding returns the keyVariables that are set.
func overriding(getenv func(string) string) (names []string) {
	for _, name := range keyVariables {
		if getenv(name) != "" {
			names = append(names, name)
		}
	}
	return names
}

// nextSteps returns the commands that make every AWS program use the profile called name. The AWS CLI prefers
// AWS_DEFAULT_PROFILE. The SDKs prefer AWS_PROFILE, so it must change, too, if it names another profile.
func (s shellSyntax) nextSteps(name string, getenv func(string) string) (lines []string) {
	for _, variable := range overriding(getenv) {
		lines = append(lines, fmt.Sprintf(s.unset, variable))
	}
	if other := getenv("AWS_PROFILE"); other != "" && other != name {
		lines = append(lines, fmt.Sprintf(s.set, "AWS_PROFILE", s.word(name)))
	}
	return append(lines, fmt.Sprintf(s.set, "AWS_DEFAULT_PROFILE", s.word(name)))
}
