//go:build !windows

// Package shell has the command that runs a line as the system's shell does.
package shell

import (
	"context"
	"os/exec"
)

// Command makes the command; it starts nothing.
func Command(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", "-c", line)
}
