package cli

import (
	"context"
	"os/exec"
	"syscall"
)

// shell returns a command that runs a line in cmd.exe. It does not let Go quote the line, because cmd.exe would not
// undo that.
func shell(ctx context.Context, line string) *exec.Cmd {
	command := exec.CommandContext(ctx, "cmd.exe")
	command.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return command
}
