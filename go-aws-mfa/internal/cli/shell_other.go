//go:build !windows

package cli

import (
	"context"
	"os/exec"
)

// shell is the command that runs a line as the system's shell does.
func shell(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", "-c", line)
}
