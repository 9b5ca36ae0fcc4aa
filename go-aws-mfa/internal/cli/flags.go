package cli

import (
	"cmp"
	_ "embed"
	"flag"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/profile"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

const (
	shortestDuration = 15 * time.Minute
	longestDuration  = 36 * time.Hour
)

// options are the options of the command line.
type options struct {
	source      string
	destination string
	serial      string // the device, or part of its name
	code        string // from the flag or from the environment
	codeCommand string
	noPrompt    bool
	duration    time.Duration // of the session; 0 is the default of AWS
	force       bool
	format      string
	region      string
	endpoint    string
	allowHTTP   bool
	timeout     time.Duration // for each step with AWS
	quiet       bool
	version     bool
	help        bool
	shell       string // the shell to print a completion script for
	isSetSerial bool   // write serial into source, and get no session
	dryRun      bool   // check, but write nothing
}

// given are the options whose texts check parses later.
type given struct {
	duration string
	timeout  string
}

// flagSet defines the flags. A test compares them with the manual.
func (o *options) flagSet(raw *given) *flag.FlagSet {
	flags := flag.NewFlagSet("aws-mfa", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // flagFailure replaces its messages
	text := func(target *string, name, short, value string) {
		flags.StringVar(target, name, value, "")
		if short != "" {
			flags.StringVar(target, short, value, "")
		}
	}
	enable := func(target *bool, name, short string) {
		flags.BoolVar(target, name, false, "")
		if short != "" {
			flags.BoolVar(target, short, false, "")
		}
	}
	text(&o.source, "source-profile", "s", "default")
	text(&o.destination, "destination-profile", "d", "")
	text(&o.serial, "serial", "", "")
	text(&o.code, "code", "", "")
	text(&o.codeCommand, "code-command", "", "")
	enable(&o.noPrompt, "no-prompt", "")
	text(&raw.duration, "duration", "", "")
	enable(&o.force, "force", "f")
	text(&o.format, "format", "", profileFormat)
	text(&o.region, "region", "", "")
	text(&o.endpoint, "endpoint-url", "", "")
	enable(&o.allowHTTP, "allow-http", "")
	text(&raw.timeout, "timeout", "", "20s")
	enable(&o.dryRun, "dry-run", "")
	enable(&o.quiet, "quiet", "q")
	enable(&o.version, "version", "")
	enable(&o.help, "help", "h")
	return flags
}

// parse reads the command line. It returns a failure for options that cannot work with any profile. codeInEnvironment
// may be "".
func parse(args []string, codeInEnvironment string) (options, error) {
	var o options
	var raw given
	flags := o.flagSet(&raw)
	switch {
	case len(args) == 0:
	case args[0] == "set-serial":
		err := o.parseSetSerial(flags, args[1:])
		return o, err
	case args[0] == "completion":
		if len(args) != 2 || !slices.Contains(shells, args[1]) {
			return o, messages.Fail(messages.CompletionShell, strings.Join(shells, ", "))
		}
		o.shell = args[1]
		return o, nil
	}
	if err := flags.Parse(args); err != nil {
		o.format = formatIn(args) // so that a program can read the error
		return o, flagFailure(err)
	}
	if o.help || o.version {
		return o, nil
	}
	if flags.NArg() > 0 { // the message does not repeat the argument, because it may be a code
		return o, messages.Fail(messages.Arguments)
	}
	if o.dryRun {
		return o, messages.Fail(messages.FlagMisplaced, "--dry-run")
	}
	o.code = cmp.Or(o.code, strings.TrimSpace(codeInEnvironment))
	o.destination = cmp.Or(o.destination, o.source+"_mfa")
	return o, o.check(raw)
}

// serialFlags are the flags that set-serial accepts.
var serialFlags = []string{"source-profile", "s", "dry-run", "format", "quiet", "q", "version", "help", "h"}

// serialFormats are the formats that set-serial accepts. They only affect its errors.
var serialFormats = []string{profileFormat, jsonFormat}

// parseSetSerial reads the command line of set-serial. Flags may also follow the device.
func (o *options) parseSetSerial(flags *flag.FlagSet, args []string) error {
	o.isSetSerial = true
	var devices []string
	for rest := args; ; rest = flags.Args()[1:] {
		if err := flags.Parse(rest); err != nil {
			o.format = formatIn(args)
			return flagFailure(err)
		}
		if flags.NArg() == 0 {
			break
		}
		devices = append(devices, flags.Arg(0))
	}
	misplaced := ""
	flags.Visit(func(f *flag.Flag) {
		if !slices.Contains(serialFlags, f.Name) {
			misplaced = dashed(f.Name)
		}
	})
	nameProblem := credfile.CheckName(o.source)
	switch {
	case o.help || o.version:
		return nil
	case misplaced != "":
		return messages.Fail(messages.FlagMisplaced, misplaced)
	case len(devices) != 1:
		return messages.Fail(messages.SetSerialArguments)
	case nameProblem != nil:
		return messages.Fail(messages.SourceName, localized(nameProblem))
	case !slices.Contains(serialFormats, o.format):
		return messages.Fail(messages.FormatInvalid, strings.Join(serialFormats, ", "))
	}
	o.serial = devices[0]
	return nil
}

// dashed returns a flag with its dashes.
func dashed(name string) string {
	if len(name) > 1 {
		return "--" + name
	}
	return "-" + name
}

// check returns a failure for invalid values, and parses the texts in raw.
func (o *options) check(raw given) error {
	if err := credfile.CheckName(o.source); err != nil {
		return messages.Fail(messages.SourceName, localized(err))
	}
	if err := credfile.CheckName(o.destination); err != nil {
		return messages.Fail(messages.DestinationName, localized(err))
	}
	if o.source == o.destination {
		return messages.Fail(messages.SameProfiles, o.source)
	}
	timeout, err := span(raw.timeout)
	if err != nil || timeout <= 0 {
		return messages.Fail(messages.TimeoutInvalid)
	}
	o.timeout = timeout
	if raw.duration != "" {
		duration, err := span(raw.duration)
		if err != nil || duration < shortestDuration || duration > longestDuration {
			return messages.Fail(messages.DurationInvalid)
		}
		o.duration = duration
	}
	if !slices.Contains(formats, o.format) {
		return messages.Fail(messages.FormatInvalid, strings.Join(formats, ", "))
	}
	if o.region != "" && !isRegion(o.region) {
		return messages.Fail(messages.RegionInvalid)
	}
	if _, err := profile.ParseEndpoint(o.endpoint); o.endpoint != "" && err != nil {
		return messages.Fail(messages.EndpointInvalid)
	}
	if o.code != "" {
		o.code, err = prompt.Code(o.code)
		return err
	}
	return nil
}

// isRegion reports whether text could be a region, which becomes part of a host name.
func isRegion(text string) bool {
	return credfile.Writable(text) && !strings.ContainsAny(text, "/.:@?")
}

// span parses a duration such as 1h30m, or a number of seconds.
func span(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(text)
}

// formatIn finds the value of --format in a command line that cannot be parsed.
func formatIn(args []string) string {
	for i, arg := range args {
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || name != "format" {
			continue
		}
		if hasValue {
			return value
		}
		if i+1 < len(args) {
			return args[i+1]
		}
	}
	return profileFormat
}

// manual is the output of --help. The completion scripts and the documentation are generated from its OPTIONS.
//
//go:embed manual.txt
var manual string

var rows = regexp.MustCompile(`(?m)^    (?:-(\w), )?--([\w-]+)(?: ([A-Z]+))?\n        (.+)$`)

// A row is one option in the manual.
type row struct {
	short string
	long  string
	value string // "" for a switch
	help  string
}

// table returns the options of the manual.
func table() []row {
	var found []row
	for _, match := range rows.FindAllStringSubmatch(manual, -1) {
		found = append(found, row{short: match[1], long: match[2], value: match[3], help: match[4]})
	}
	return found
}
