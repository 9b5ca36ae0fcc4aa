// Package shell runs a command line as the system's shell does.
package shell

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"
)

// A command that ended may leave children behind that hold its output open.
const orphans = time.Second

// Output runs line and returns what it printed. Its errors go to stderr as they
// come: they may ask for a finger on a key. stdin may be nil.
func Output(ctx context.Context, line string, stdin *os.File, stderr io.Writer) ([]byte, error) {
	command := command(ctx, line)
	var stdout bytes.Buffer
	command.Stdout, command.Stderr, command.WaitDelay = &stdout, stderr, orphans
	if stdin != nil {
		command.Stdin = stdin
	}
	err := command.Run()
	return stdout.Bytes(), err
}
