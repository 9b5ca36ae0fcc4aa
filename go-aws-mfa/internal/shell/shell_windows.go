// Package shell has the command that runs a line as the system's shell does.
package shell

import (
	"context"
	"os/exec"
	"syscall"
)

// Command hands the line over as it stands: cmd.exe does not undo the quoting that Go puts around arguments.
func Command(ctx context.Context, line string) *exec.Cmd {
	made := exec.CommandContext(ctx, "cmd.exe")
	made.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return made
}
