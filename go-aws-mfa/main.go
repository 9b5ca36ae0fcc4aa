// The aws-mfa command exchanges a long-term AWS access key and an MFA code for a session, and writes the session into a
// profile.
package main

import (
	"context"
	_ "embed"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"aws-mfa.example/aws-mfa/internal/cli"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
	smithytime "github.com/aws/smithy-go/time"
)

//go:embed VERSION
var version string

// sourceDigest identifies the sources of this binary. The linker sets it: -ldflags '-X main.sourceDigest=...'.
var sourceDigest = "unknown"

func main() {
	os.Exit(run())
}

func run() int {
	// Catching the signal lets a write finish and restores the echo of the terminal.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	app := cli.App{
		Version:  strings.TrimSpace(version),
		Digest:   sourceDigest,
		Language: messages.FromEnvironment(os.Getenv),
		Terminal: sync.OnceValue(findTerminal),
		Stdout:   os.Stdout,
		Stderr:   os.Stderr,
		Now:      time.Now,
		Wait:     smithytime.SleepWithContext,
	}
	if !prompt.IsTerminal(os.Stdin) {
		app.Stdin = os.Stdin
	}
	return app.Run(ctx, os.Args[1:])
}

func findTerminal() *prompt.Terminal {
	return prompt.Find(os.Stdin, os.Stderr)
}
