package cli

import (
	_ "embed"
	"fmt"
	"strings"
)

// The completions are texts with places for what the table of flags has.
var (
	//go:embed completion.bash
	bashCompletion string
	//go:embed completion.fish
	fishCompletion string

	shells = []string{"bash", "zsh", "fish"}
)

// completion is what the shell called name has to read. zsh reads that of bash.
func completion(name string) string {
	var flags, valued []string
	var fish strings.Builder
	values := map[string]string{"SRC": "(__aws_mfa_profiles)", "DST": "(__aws_mfa_profiles)", "FORMAT": strings.Join(formats, " ")}
	for _, row := range table() {
		line, written := "-l "+row.long, []string{"--" + row.long}
		if row.short != "" {
			line, written = line+" -s "+row.short, append(written, "-"+row.short)
		}
		flags = append(flags, written...)
		if row.value != "" {
			line, valued = line+" -x -a '"+values[row.value]+"'", append(valued, written...)
		}
		fmt.Fprintf(&fish, "complete -c aws-mfa %s -d '%s'\n", line, row.help)
	}
	script := map[string]string{"bash": bashCompletion, "fish": fishCompletion + fish.String(),
		"zsh": "#compdef aws-mfa\nautoload -U +X bashcompinit && bashcompinit\n" + bashCompletion}[name]
	return strings.NewReplacer("@FLAGS@", strings.Join(flags, " "), "@VALUED@", strings.Join(valued, "|"),
		"@FORMATS@", strings.Join(formats, " "), "@SHELLS@", strings.Join(shells, " ")).Replace(script)
}
