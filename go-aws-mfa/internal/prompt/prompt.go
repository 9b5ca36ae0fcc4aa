// Package prompt reads the MFA code from a person or from a pipe.
package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/fault"
	"golang.org/x/term"
)

// Input is where the code comes from.
type Input struct {
	Reader  io.Reader
	Ask     bool                   // a person is there: show the prompt
	Hidden  func() ([]byte, error) // reads a line without echo; nil where that is not possible
	Restore func()                 // gives the terminal its echo back; nil if Hidden is
}

// A line longer than this is no code; reading on could go on for ever.
const longestLine = 1024

// How long the signal of a Ctrl-C may come after the read that it ended (Windows).
const signalLag = 100 * time.Millisecond

// Stdin describes f. Where the terminal library knows no terminals (wasm) or
// cannot hide what is typed (Plan 9), the code is read with echo.
func Stdin(f *os.File) Input {
	in := Input{Reader: f}
	if info, err := f.Stat(); err == nil {
		in.Ask = info.Mode()&os.ModeCharDevice != 0
	}
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return in
	}
	if state, err := term.GetState(fd); err == nil {
		in.Hidden = func() ([]byte, error) { return term.ReadPassword(fd) }
		in.Restore = func() { _ = term.Restore(fd, state) }
	}
	return in
}

// Code asks for the MFA code and returns it once it has the shape of one.
func Code(ctx context.Context, in Input, stderr io.Writer) (string, error) {
	if in.Ask {
		fmt.Fprint(stderr, "MFA code: ")
	}
	line, err := readLine(ctx, in)
	if in.Ask && (in.Hidden != nil || err != nil) {
		fmt.Fprintln(stderr) // the typed newline was not echoed, or there was none
	}
	if err != nil {
		return "", err
	}
	return parse(line)
}

// readLine reads in a goroutine of its own: a blocked read cannot be cancelled,
// but it can be left behind when Ctrl-C ends the program.
func readLine(ctx context.Context, in Input) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := read(in)
		done <- result{line, err}
	}()
	select {
	case got := <-done:
		if got.err != nil && in.Ask {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(signalLag):
			}
		}
		return got.line, got.err
	case <-ctx.Done():
		if in.Restore != nil {
			in.Restore()
		}
		return "", ctx.Err()
	}
}

func read(in Input) (line string, err error) {
	if in.Hidden != nil {
		var typed []byte
		typed, err = in.Hidden()
		line = string(typed)
	} else {
		line, err = bufio.NewReader(io.LimitReader(in.Reader, longestLine)).ReadString('\n')
	}
	switch {
	case err == nil, errors.Is(err, io.EOF) && line != "":
		return line, nil
	case errors.Is(err, io.EOF):
		return "", fault.New(fault.Usage, "type it at the prompt, or: echo 123456 | aws-mfa",
			"there is no MFA code on standard input")
	default:
		return "", fault.New(fault.Failed, "or pass the code: echo 123456 | aws-mfa",
			"standard input cannot be read: %v", err)
	}
}

// parse never repeats what was typed: it may be a password.
func parse(line string) (string, error) {
	code := strings.TrimSpace(line)
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", fault.New(fault.Usage, "type the six digits that the device shows now",
			"an MFA code is six digits")
	}
	return code, nil
}
