package cli

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/fault"
)

// options is what the command line says.
type options struct {
	source, destination string
	version, help       bool
}

// An option is one row of the table that both the parser and --help are made of.
type option struct {
	short, long, value, help string
	text                     *string // where it goes: text or
	yes                      *bool   // a switch
}

func (o *options) table() []option {
	return []option{
		{short: "s", long: "source-profile", value: "SRC", text: &o.source,
			help: "the profile with the long-term keys (default: default)"},
		{short: "d", long: "destination-profile", value: "DST", text: &o.destination,
			help: "the profile that gets the session (default: SRC_mfa)"},
		{long: "version", yes: &o.version, help: "print the version, the source digest, the Go version and the target"},
		{short: "h", long: "help", yes: &o.help, help: "print this page"},
	}
}

// parse reads the command line and refuses what can not work with any profile.
func parse(args []string) (options, error) {
	o := options{source: "default"}
	set := flag.NewFlagSet("aws-mfa", flag.ContinueOnError)
	set.SetOutput(io.Discard) // its own messages are not in our form
	for _, row := range o.table() {
		for _, name := range row.names() {
			if row.text != nil {
				set.StringVar(row.text, name, *row.text, "")
			} else {
				set.BoolVar(row.yes, name, false, "")
			}
		}
	}
	if err := set.Parse(args); err != nil {
		return o, usage("%s", flagMessage(err))
	}
	if o.help || o.version {
		return o, nil
	}
	if set.NArg() > 0 {
		// Not repeated: people put the code there.
		return o, usage("only flags are taken; the MFA code is read from standard input")
	}
	if o.destination == "" {
		o.destination = o.source + "_mfa"
	}
	return o, o.check()
}

func (o options) check() error {
	if err := credfile.CheckName(o.source); err != nil {
		return usage("`-s` can not be used: %v", err)
	}
	if err := credfile.CheckName(o.destination); err != nil {
		return usage("`-d` can not be used: %v", err)
	}
	if o.source == o.destination {
		return fault.New(fault.Usage, "give -d another name",
			"source and destination are both `%s`, and a session would destroy its keys", o.source)
	}
	return nil
}

func (r option) names() []string {
	if r.short == "" {
		return []string{r.long}
	}
	return []string{r.short, r.long}
}

func usage(format string, args ...any) error {
	return fault.New(fault.Usage, "aws-mfa --help", format, args...)
}

// flagMessage puts what the flag package says into our form.
func flagMessage(err error) string {
	text := err.Error()
	if name, found := strings.CutPrefix(text, "flag provided but not defined: "); found {
		if strings.Trim(name, "-0123456789") == "" {
			return "there is no such flag; the MFA code is read from standard input"
		}
		return fmt.Sprintf("there is no flag `%s`", name)
	}
	if name, found := strings.CutPrefix(text, "flag needs an argument: "); found {
		return fmt.Sprintf("flag `%s` needs a value", name)
	}
	return "the command line can not be read: " + text
}
