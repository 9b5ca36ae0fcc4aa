package cli

import (
	_ "embed"
	"fmt"
	"strings"
)

// The manual page and the completions are texts with places for the flags.
//
//go:embed manual.txt
var manual string

//go:embed completion.bash
var bashCompletion string

//go:embed completion.fish
var fishCompletion string

var shells = []string{"bash", "zsh", "fish"}

func helpText() string {
	var flags strings.Builder
	for _, row := range new(options).table() {
		fmt.Fprintf(&flags, "    %s\n        %s\n", row.synopsis(), row.help)
	}
	return strings.Replace(manual, "@FLAGS@\n", flags.String(), 1)
}

// synopsis is the flag as a manual page shows it: -s, --source-profile SRC.
func (r option) synopsis() string {
	text := "--" + r.long
	if r.short != "" {
		text = "-" + r.short + ", " + text
	}
	if r.value != "" {
		text += " " + r.value
	}
	return text
}

// completion is what the shell called name has to read. zsh reads that of bash.
func completion(name string) string {
	var flags, valued []string
	var fish strings.Builder
	for _, row := range new(options).table() {
		line := "complete -c aws-mfa -l " + row.long
		for _, name := range row.names() {
			flag := "--" + name
			if name == row.short {
				flag = "-" + name
				line += " -s " + name
			}
			flags = append(flags, flag)
			if row.value != "" {
				valued = append(valued, flag)
			}
		}
		if row.value != "" {
			line += " -x"
		}
		switch {
		case row.choices != nil:
			line += " -a '" + strings.Join(row.choices, " ") + "'"
		case strings.HasSuffix(row.long, "-profile"):
			line += " -a '(__aws_mfa_profiles)'"
		}
		fmt.Fprintf(&fish, "%s -d '%s'\n", line, row.help)
	}
	script := strings.NewReplacer("@FLAGS@", strings.Join(flags, " "), "@VALUED@", strings.Join(valued, "|"),
		"@FORMATS@", strings.Join(formats, " "), "@SHELLS@", strings.Join(shells, " "))
	switch name {
	case "fish":
		return script.Replace(fishCompletion) + fish.String()
	case "zsh":
		return "#compdef aws-mfa\nautoload -U +X bashcompinit && bashcompinit\n" + script.Replace(bashCompletion)
	}
	return script.Replace(bashCompletion)
}
