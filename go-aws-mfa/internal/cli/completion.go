package cli

import (
	_ "embed"
	"fmt"
	"strings"
)

// The completions are texts with placeholders for the table of flags.
var (
	//go:embed completion.bash
	bashCompletion string
	//go:embed completion.fish
	fishCompletion string
)

// zsh reads the completion of bash. It runs a file of fpath when it first needs it, and uses what that offers.
const (
	zshHead = "#compdef aws-mfa\nautoload -U +X bashcompinit && bashcompinit\n"
	zshTail = "[ \"$funcstack[1]\" != _aws-mfa ] || _bash_complete -F _aws_mfa\n"
)

var shells = []string{"bash", "zsh", "fish"}

// completion returns the script for a shell.
func completion(shell string) string {
	var names, valued []string
	for _, row := range table() {
		written := []string{"--" + row.long}
		if row.short != "" {
			written = append(written, "-"+row.short)
		}
		names = append(names, written...)
		if row.value != "" {
			valued = append(valued, written...)
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
