//go:build !windows

package cli

import (
	"context"
	"os/exec"
)

// shell returns a command that runs a line in the shell of the system.
func shell(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", "-c", line)
}
