// Package cli implements the aws-mfa command: its options, its steps and its output. failures.go turns the errors of
// the other packages into messages.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

// codeVariable may contain a code. The program removes it from the environment at once, so that no child process sees
// it.
const codeVariable = "AWS_MFA_CODE"

// App is the command with its inputs and outputs, except the AWS files and variables, which package profile reads.
type App struct {
	Version  string
	Digest   string
	Language messages.Language
	Stdin    io.Reader               // nil if it is a terminal
	Terminal func() *prompt.Terminal // for questions to the user; returns nil if there is no terminal
	Stdout   io.Writer
	Stderr   io.Writer
	Now      func() time.Time
	Wait     func(context.Context, time.Duration) error
}

// Run executes the command line and returns the exit code.
func (a App) Run(ctx context.Context, args []string) (exitCode int) {
	var seen secrets
	var chosen options
	defer func() {
		// The last resort: a stack trace could contain keys.
		if defect := recover(); defect != nil {
			exitCode = a.fail(messages.Fail(messages.Defect, defect), chosen.format, seen)
		}
	}()
	var err error
	chosen, err = parse(args, takeCode())
	switch {
	case err != nil:
	case chosen.shell != "":
		fmt.Fprint(a.Stdout, completion(chosen.shell))
	case chosen.help:
		fmt.Fprint(a.Stdout, manual)
	case chosen.version:
		fmt.Fprintf(a.Stdout, "aws-mfa %s\nsource  %s\ngo      %s\ntarget  %s/%s\n",
			a.Version, a.Digest, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	case chosen.isSetSerial:
		err = (&run{App: a, options: chosen, seen: &seen}).setSerial(ctx)
	default:
		seen.add(chosen.code)
		err = (&run{App: a, options: chosen, seen: &seen}).logIn(ctx)
	}
	switch {
	case err == nil:
		return messages.ExitOK
	case ctx.Err() != nil:
		return a.interrupted(chosen.format)
	}
	return a.fail(failure(err), chosen.format, seen)
}

// takeCode returns the code of the environment and removes it there.
func takeCode() string {
	code := os.Getenv(codeVariable)
	_ = os.Unsetenv(codeVariable)
	return code
}
