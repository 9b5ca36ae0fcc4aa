package cli

import (
	"context"
	"os/exec"
	"syscall"
)

// shell hands the line over as it stands: cmd.exe does not undo the quoting that Go puts around arguments.
func shell(ctx context.Context, line string) *exec.Cmd {
	made := exec.CommandContext(ctx, "cmd.exe")
	made.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return made
}
