package cli

import (
	"cmp"
	"flag"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/fault"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

// What AWS gives, and how long it may take to do so. Finding the device and
// getting the session do not share the limit: a slow first step must not waste
// a code in the second.
const (
	shortest       = 15 * time.Minute
	longest        = 36 * time.Hour
	defaultTimeout = "20s"
)

// options is what the command line says.
type options struct {
	source, destination        string
	serial, code, codeCommand  string
	duration, timeout          string
	format, region, endpoint   string
	force, noPrompt, quiet     bool
	version, help              bool
	completion                 string        // the shell that a script is wanted for
	sessionLength, networkTime time.Duration // duration and timeout, understood; 0 leaves it to AWS
}

// An option is one row of the table that the parser, --help, the completion and
// the documentation are made of.
type option struct {
	short, long, value, help string
	text                     *string // where it goes: text or
	yes                      *bool   // a switch
	choices                  []string
}

func (o *options) table() []option {
	return []option{
		{short: "s", long: "source-profile", value: "SRC", text: &o.source,
			help: "the profile with the long-term keys (default: default)"},
		{short: "d", long: "destination-profile", value: "DST", text: &o.destination,
			help: "the profile that gets the session (default: SRC_mfa)"},
		{long: "serial", value: "DEVICE", text: &o.serial,
			help: "the MFA device: its ARN, its serial number, or part of its name"},
		{long: "code", value: "CODE", text: &o.code,
			help: "the MFA code; others may see it in the list of processes"},
		{long: "code-command", value: "COMMAND", text: &o.codeCommand,
			help: "a command line that prints the code (op, ykman, pass, bw)"},
		{long: "no-prompt", yes: &o.noPrompt,
			help: "never ask anybody: fail if a question would be needed"},
		{long: "duration", value: "TIME", text: &o.duration,
			help: "how long the session lasts, 15m to 36h (default: 12h)"},
		{short: "f", long: "force", yes: &o.force,
			help: "get a new session even if DST has a good one"},
		{long: "format", value: "FORMAT", text: &o.format, choices: formats,
			help: "what to print: " + strings.Join(formats, ", ")},
		{long: "region", value: "REGION", text: &o.region,
			help: "the region to call; DST gets it if it and SRC have none"},
		{long: "endpoint-url", value: "URL", text: &o.endpoint,
			help: "another address to call"},
		{long: "timeout", value: "TIME", text: &o.timeout,
			help: "how long AWS may take for each step (default: " + defaultTimeout + ")"},
		{short: "q", long: "quiet", yes: &o.quiet,
			help: "print nothing but errors, questions and what --format asks for"},
		{long: "version", yes: &o.version, help: "print the version, the source digest, the Go version and the target"},
		{short: "h", long: "help", yes: &o.help, help: "print this page"},
	}
}

// parse reads the command line and refuses what can not work with any profile.
// The code is that of the environment, if the command line has none.
func parse(args []string, code string) (options, error) {
	o := options{source: "default", format: profileFormat, timeout: defaultTimeout}
	if len(args) > 0 && args[0] == "completion" {
		if len(args) != 2 || !slices.Contains(shells, args[1]) {
			return o, usage("`completion` needs the name of a shell: %s", strings.Join(shells, ", "))
		}
		o.completion = args[1]
		return o, nil
	}
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
		return o, fault.New(fault.Usage, "aws-mfa --help", "%v", flagMessage(err))
	}
	if o.help || o.version {
		return o, nil
	}
	if set.NArg() > 0 {
		// Not repeated: people put the code there.
		return o, usage("only flags are taken; the MFA code is read from standard input")
	}
	o.destination = cmp.Or(o.destination, o.source+"_mfa")
	o.code = cmp.Or(o.code, strings.TrimSpace(code))
	return o, o.check()
}

func (o *options) check() error {
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
	if !slices.Contains(formats, o.format) {
		return usage("`--format` is one of: %s", strings.Join(formats, ", "))
	}
	if o.region != "" && (!credfile.Writable(o.region) || strings.ContainsAny(o.region, "/.:@?")) {
		return usage("`--region` has characters that no region has")
	}
	if to, err := url.Parse(o.endpoint); o.endpoint != "" && (err != nil || to.Host == "" || !strings.HasPrefix(to.Scheme, "http")) {
		return usage("`--endpoint-url` is no address such as https://host")
	}
	if o.code != "" {
		if _, err := prompt.Code(o.code); err != nil {
			return err
		}
	}
	return o.checkTimes()
}

func (o *options) checkTimes() (err error) {
	if o.networkTime, err = span(o.timeout); err != nil || o.networkTime <= 0 {
		return usage("`--timeout` is a time such as 20s or 1m")
	}
	if o.duration == "" {
		return nil
	}
	if o.sessionLength, err = span(o.duration); err != nil || o.sessionLength < shortest || o.sessionLength > longest {
		return usage("`--duration` is a time from 15m to 36h, such as 8h or 28800 (the root user gets 1h at most)")
	}
	return nil
}

// span understands 1h30m, and a plain number as seconds.
func span(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(text)
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
func flagMessage(err error) words.Text {
	text := err.Error()
	if name, found := strings.CutPrefix(text, "flag provided but not defined: "); found {
		if strings.Trim(name, "-0123456789") == "" {
			return words.New("there is no such flag; the MFA code is read from standard input")
		}
		return words.New("there is no flag `%s`", name)
	}
	if name, found := strings.CutPrefix(text, "flag needs an argument: "); found {
		return words.New("flag `%s` needs a value", name)
	}
	return words.New("the command line can not be read: %s", text)
}
