package cli

import (
	_ "embed"
	"fmt"
	"strings"
)

// The completion scripts have placeholders for the table of flags.
var (
	//go:embed completion.bash
	bashCompletion string
	//go:embed completion.fish
	fishCompletion string
)

// zsh uses the completion script of bash. The first time that zsh needs a completion, it runs the file in fpath and
// also expects the words from it.
const (
	zshHead = "#compdef aws-mfa\nautoload -U +X bashcompinit && bashcompinit\n"
	zshTail = "[ \"$funcstack[1]\" != _aws-mfa ] || _bash_complete -F _aws_mfa\n"
)

var shells = []string{"bash", "zsh", "fish"}

// completion returns the completion script for a shell.
func completion(shell string) string {
	var names, valued []string
	for _, row := range table() {
		spellings := []string{"--" + row.long}
		if row.short != "" {
			spellings = append(spellings, "-"+row.short)
		}
		names = append(names, spellings...)
		if row.value != "" {
			valued = append(valued, spellings...)
		}
	}
	fill := strings.NewReplacer(
		"@FLAGS@", strings.Join(names, " "),
		"@VALUED@", strings.Join(valued, "|"),
		"@FORMATS@", strings.Join(formats, " "),
		"@SHELLS@", strings.Join(shells, " "),
	)
	switch shell {
	case "fish":
		return fill.Replace(fishCompletion + fishFlags())
	case "zsh":
		return fill.Replace(zshHead + bashCompletion + zshTail)
	}
	return fill.Replace(bashCompletion)
}

// fishFlags returns a line for each flag.
func fishFlags() string {
	values := map[string]string{
		"SRC":    "(__aws_mfa_profiles)",
		"DST":    "(__aws_mfa_profiles)",
		"FORMAT": "@FORMATS@",
	}
	var lines strings.Builder
	for _, row := range table() {
		lines.WriteString("complete -c aws-mfa -l " + row.long)
		if row.short != "" {
			lines.WriteString(" -s " + row.short)
		}
		if row.value != "" {
			lines.WriteString(" -x -a '" + values[row.value] + "'")
		}
		fmt.Fprintf(&lines, " -d '%s'\n", row.help)
	}
	return lines.String()
}
