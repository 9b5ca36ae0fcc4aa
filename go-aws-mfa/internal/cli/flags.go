package cli

import (
	"cmp"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

// manual is what --help prints. Its OPTIONS are the one table of flags: the parser, the completion and the
// documentation are made from it.
//
//go:embed manual.txt
var manual string

var row = regexp.MustCompile(`(?m)^    (?:-(\w), )?--([\w-]+)(?: ([A-Z]+))?\n        (.+)$`)

// An option is one row of the table. A switch has no value.
type option struct{ short, long, value, help string }

func table() (options []option) {
	for _, found := range row.FindAllStringSubmatch(manual, -1) {
		options = append(options, option{found[1], found[2], found[3], found[4]})
	}
	return options
}

// What the flags hold where they are not given.
var defaults = map[string]string{"source-profile": "default", "format": profileFormat, "timeout": "20s"}

// options is what the command line says: flags by their long names, and what needed a closer look.
type options struct {
	flags                     *flag.FlagSet
	source, destination, code string
	completion                string        // the shell that a script is wanted for
	duration, limit           time.Duration // of the session, where 0 is AWS's own; of each step with AWS
}

func (o *options) text(long string) string { return o.flags.Lookup(long).Value.String() }
func (o *options) is(long string) bool     { return o.text(long) == "true" }

// parse reads the command line and refuses what can not work with any profile. given is the code of the environment.
func parse(args []string, given string) (*options, error) {
	o := &options{flags: flag.NewFlagSet("aws-mfa", flag.ContinueOnError)}
	o.flags.SetOutput(io.Discard) // its own messages are not in our form
	for _, row := range table() {
		if row.value == "" {
			o.flags.Bool(row.long, false, "")
		} else {
			o.flags.String(row.long, defaults[row.long], "")
		}
		if row.short != "" {
			o.flags.Var(o.flags.Lookup(row.long).Value, row.short, "")
		}
	}
	if len(args) > 0 && args[0] == "completion" {
		if len(args) != 2 || !slices.Contains(shells, args[1]) {
			return nil, words.New("completion-shell", strings.Join(shells, ", "))
		}
		o.completion = args[1]
		return o, nil
	}
	if err := o.flags.Parse(args); err != nil {
		return nil, words.New("flag-unknown", flagMessage(err))
	}
	if o.is("help") || o.is("version") {
		return o, nil
	}
	if o.flags.NArg() > 0 { // not repeated: people put the code there
		return nil, words.New("arguments")
	}
	o.source, o.code = o.text("source-profile"), cmp.Or(o.text("code"), strings.TrimSpace(given))
	o.destination = cmp.Or(o.text("destination-profile"), o.source+"_mfa")
	return o, o.check()
}

func (o *options) check() (err error) {
	badSource, badDestination := credfile.CheckName(o.source), credfile.CheckName(o.destination)
	length, region, endpoint := o.text("duration"), o.text("region"), o.text("endpoint-url")
	address, badURL := url.Parse(endpoint)
	limit, badLimit := span(o.text("timeout"))
	duration, badDuration := span(length)
	o.limit, o.duration = limit, duration
	switch {
	case badSource != nil:
		return words.New("source-name", badSource)
	case badDestination != nil:
		return words.New("destination-name", badDestination)
	case o.source == o.destination:
		return words.New("same-profiles", o.source)
	case badLimit != nil || limit <= 0:
		return words.New("timeout")
	case length != "" && (badDuration != nil || duration < 15*time.Minute || duration > 36*time.Hour):
		return words.New("duration")
	case !slices.Contains(formats, o.text("format")):
		return words.New("format", strings.Join(formats, ", "))
	case region != "" && (!credfile.Writable(region) || strings.ContainsAny(region, "/.:@?")):
		return words.New("region")
	case endpoint != "" && (badURL != nil || address.Host == "" || !strings.HasPrefix(address.Scheme, "http")):
		return words.New("endpoint")
	case o.code != "":
		o.code, err = prompt.Code(o.code)
	}
	return err
}

// span understands 1h30m, and a plain number as seconds.
func span(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(text)
}

// flagMessage puts what the flag package says into our form.
func flagMessage(err error) words.Text {
	what, name, _ := strings.Cut(err.Error(), ": ")
	if len(name) > len("-x") { // the flag package knows one dash only
		name = "-" + name
	}
	switch {
	case what == "flag provided but not defined" && strings.Trim(name, "-0123456789") == "":
		return words.New("flag-is-code")
	case what == "flag provided but not defined":
		return words.New("flag-missing", name)
	case what == "flag needs an argument":
		return words.New("flag-without-value", name)
	}
	return words.New("flag-odd", err)
}

// The completions are texts with places for what the table of flags has.
var (
	//go:embed completion.bash
	bashCompletion string
	//go:embed completion.fish
	fishCompletion string
	// zsh runs a file of fpath when it first needs it, and takes what that offers.
	zshFirst = "[ \"$funcstack[1]\" != _aws-mfa ] || _bash_complete -F _aws_mfa\n"

	shells = []string{"bash", "zsh", "fish"}
)

// completion is what the shell called name has to read. zsh reads that of bash.
func completion(name string) string {
	var flags, valued []string
	var fish strings.Builder
	profiles := "(__aws_mfa_profiles)"
	values := map[string]string{"SRC": profiles, "DST": profiles, "FORMAT": strings.Join(formats, " ")}
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
		"zsh": "#compdef aws-mfa\nautoload -U +X bashcompinit && bashcompinit\n" + bashCompletion + zshFirst}[name]
	return strings.NewReplacer("@FLAGS@", strings.Join(flags, " "), "@VALUED@", strings.Join(valued, "|"),
		"@FORMATS@", strings.Join(formats, " "), "@SHELLS@", strings.Join(shells, " ")).Replace(script)
}
