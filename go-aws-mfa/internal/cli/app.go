// Package cli is the command: what it is told, what it does, what it prints.
package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"aws-mfa.example/aws-mfa/internal/fault"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// DefaultTimeout bounds each of the two steps with AWS, retries included. They
// do not share it: a slow first step must not waste a code in the second.
const DefaultTimeout = 20 * time.Second

// App is the command with everything that it touches, but for the AWS files and
// variables, which the SDK reads by itself.
type App struct {
	Version, Digest string
	Input           prompt.Input
	Stdout, Stderr  io.Writer
	Timeout         time.Duration
}

// Run does what args say and returns the exit code.
func (a App) Run(ctx context.Context, args []string) (code int) {
	var seen secrets
	defer func() {
		// A last net, so that not even a defect prints a trace with keys in it.
		if trouble := recover(); trouble != nil {
			code = a.fail(fault.New(fault.Failed, "this is a defect; please report what you ran",
				"something unforeseen happened: %v", trouble), seen)
		}
	}()
	chosen, err := parse(args)
	switch {
	case err != nil:
		return a.fail(err, seen)
	case chosen.help:
		fmt.Fprint(a.Stdout, a.helpText())
		return fault.OK
	case chosen.version:
		fmt.Fprintf(a.Stdout, "aws-mfa %s\nsource  %s\ngo      %s\ntarget  %s/%s\n",
			a.Version, a.Digest, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return fault.OK
	}
	err = a.logIn(ctx, chosen, &seen)
	switch {
	case ctx.Err() != nil && err != nil:
		return fault.Interrupted
	case err != nil:
		return a.fail(err, seen)
	}
	return fault.OK
}
