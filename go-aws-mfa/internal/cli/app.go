// Package cli is the command: what it is told, what it does, what it prints.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

// codeVariable may hold a code. It is taken out of the environment at once: no program that this one starts needs it.
const codeVariable = "AWS_MFA_CODE"

// App is the command with everything that it touches, but for the AWS files and variables, which the SDK reads.
type App struct {
	Version, Digest string
	Language        words.Language
	Stdin           io.Reader               // nil if it is a terminal
	Terminal        func() *prompt.Terminal // where a person can be asked; nil if nowhere
	Stdout, Stderr  io.Writer
	Now             func() time.Time
	Wait            func(context.Context, time.Duration) error
}

// Run does what args say and returns the exit code.
func (a App) Run(ctx context.Context, args []string) (code int) {
	var seen secrets
	defer func() {
		// A last net, so that not even a defect prints a trace with keys in it.
		if trouble := recover(); trouble != nil {
			code = a.fail(words.New("defect", trouble), seen)
		}
	}()
	given := os.Getenv(codeVariable)
	_ = os.Unsetenv(codeVariable)
	chosen, err := parse(args, given)
	switch {
	case err != nil:
	case chosen.completion != "":
		fmt.Fprint(a.Stdout, completion(chosen.completion))
	case chosen.is("help"):
		fmt.Fprint(a.Stdout, manual)
	case chosen.is("version"):
		fmt.Fprintf(a.Stdout, "aws-mfa %s\nsource  %s\ngo      %s\ntarget  %s/%s\n",
			a.Version, a.Digest, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	default:
		seen.add(chosen.code)
		err = (&run{App: a, options: chosen, seen: &seen}).logIn(ctx)
	}
	switch {
	case err == nil:
		return words.OK
	case ctx.Err() != nil:
		return words.Interrupted
	}
	return a.fail(err, seen)
}
