// The aws-mfa command swaps a long-term AWS access key and an MFA code for a
// session, and writes the session into another profile.
package main

import (
	"context"
	_ "embed"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"aws-mfa.example/aws-mfa/internal/cli"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

//go:embed VERSION
var version string

// sourceDigest names the sources of this binary. The linker sets it:
// -ldflags '-X main.sourceDigest=...'.
var sourceDigest = "unknown"

func main() {
	os.Exit(run())
}

func run() int {
	// A caught signal lets a write finish and gives the terminal its echo back.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	app := cli.App{
		Version: strings.TrimSpace(version),
		Digest:  sourceDigest,
		Input:   prompt.Stdin(os.Stdin),
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Timeout: cli.DefaultTimeout,
	}
	return app.Run(ctx, os.Args[1:])
}
