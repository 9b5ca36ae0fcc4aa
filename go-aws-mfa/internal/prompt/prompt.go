// Package prompt reads lines from the user or from a pipe.
package prompt

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	smithytime "github.com/aws/smithy-go/time"
	"golang.org/x/term"
)

var (
	// ErrNoLine reports that the input ended before anything was typed.
	ErrNoLine = errors.New("no line was typed")
	// ErrMalformed reports a text that is not a code. It does not contain the text, which may be a password.
	ErrMalformed = errors.New("not six digits")
)

// A ReadError reports an input that cannot be read.
type ReadError struct {
	Err error
}

func (e *ReadError) Error() string {
	return "cannot read the input: " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *ReadError) Unwrap() error {
	return e.Err
}

const (
	longestLine = 1024                   // no answer is longer, and the input might be endless
	signalLag   = 100 * time.Millisecond // on Windows, Ctrl-C ends the read before the signal arrives
)

// Terminal is a terminal for questions to the user.
type Terminal struct {
	In      io.Reader
	Out     io.Writer
	Hidden  func() ([]byte, error) // reads a line without echo; nil if that is not possible (Plan 9)
	Restore func()                 // turns the echo back on; nil if Hidden is nil
}

// Find returns the terminal of the user who started the program, or nil. It does not rely on the streams, because a
// program that runs this one as its credential_process captures stderr.
func Find(stdin, stderr *os.File) *Terminal {
	in, out := stdin, stderr
	typed := IsTerminal(stdin)
	if !typed || !term.IsTerminal(int(stderr.Fd())) {
		if keyboard, screen, err := open(); err == nil {
			in, out = keyboard, screen
		} else if !typed {
			return nil
		}
	}
	t := &Terminal{In: in, Out: out}
	fd := int(in.Fd())
	if state, err := term.GetState(fd); err == nil {
		t.Hidden = func() ([]byte, error) { return term.ReadPassword(fd) }
		t.Restore = func() { _ = term.Restore(fd, state) }
	}
	return t
}

// open opens the terminal by its name.
func open() (in, out *os.File, err error) {
	switch runtime.GOOS {
	case "plan9", "js", "wasip1":
		return nil, nil, errors.ErrUnsupported
	case "windows":
		if out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0); err == nil {
			in, err = os.OpenFile("CONIN$", os.O_RDWR, 0)
		}
		return in, out, err
	}
	in, err = os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return in, in, err
}

// IsTerminal reports whether f is a terminal. The terminal library does not recognize terminals on wasm, so there every
// character device counts as one.
func IsTerminal(f *os.File) bool {
	if runtime.GOARCH != "wasm" {
		return term.IsTerminal(int(f.Fd()))
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Ask asks for a line. The terminal does not echo a secret line.
func (t *Terminal) Ask(ctx context.Context, question string, secret bool) (string, error) {
	fmt.Fprint(t.Out, question)
	read := func() (string, error) { return firstLine(t.In) }
	if secret && t.Hidden != nil {
		defer fmt.Fprintln(t.Out) // the typed newline is not echoed
		read = func() (string, error) {
			typed, err := t.Hidden()
			return string(typed), err
		}
	}
	line, err := cancellable(ctx, read)
	if err != nil && smithytime.SleepWithContext(ctx, signalLag) == nil {
		if errors.Is(err, io.EOF) {
			return "", ErrNoLine
		}
		return "", &ReadError{Err: err}
	}
	if ctx.Err() != nil && t.Restore != nil {
		t.Restore()
	}
	return line, ctx.Err()
}

// Piped reads the first line of an input that is not a terminal. It returns "" for an empty line and for no line.
func Piped(ctx context.Context, in io.Reader) (string, error) {
	line, err := cancellable(ctx, func() (string, error) { return firstLine(in) })
	if err != nil && ctx.Err() == nil && !errors.Is(err, io.EOF) {
		return "", &ReadError{Err: err}
	}
	return strings.TrimSpace(line), ctx.Err()
}

// cancellable reads in a goroutine and leaves it behind when ctx ends, because a blocked read cannot be canceled.
func cancellable(ctx context.Context, read func() (string, error)) (line string, err error) {
	done := make(chan struct{})
	var result string
	var failure error
	go func() {
		defer close(done)
		result, failure = read()
	}()
	select {
	case <-done:
		return result, failure
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func firstLine(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, longestLine)).ReadString('\n')
	if errors.Is(err, io.EOF) && line != "" {
		err = nil
	}
	return line, err
}

// Code returns the code in a line, or ErrMalformed. It accepts blanks between the digits, as authenticator apps show
// them, invisible marks from copied text, and full-width digits from Japanese keyboards.
func Code(line string) (string, error) {
	code := strings.Map(plainDigit, strings.TrimSpace(fromUTF16(line)))
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", ErrMalformed
	}
	return code, nil
}

// plainDigit drops blanks and format marks, and turns full-width digits into ASCII digits.
func plainDigit(r rune) rune {
	switch {
	case r == '\t', unicode.Is(unicode.Zs, r), unicode.Is(unicode.Cf, r):
		return -1
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	}
	return r
}

// fromUTF16 decodes a line that Windows PowerShell may have written in UTF-16, with or without a byte order mark. It
// returns other text unchanged. The line may end after the first byte of its line feed.
func fromUTF16(line string) string {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(line) < 2:
		return line
	case line[0] == 0, strings.HasPrefix(line, "\xfe\xff"):
		order = binary.BigEndian
	case line[1] != 0 && !strings.HasPrefix(line, "\xff\xfe"):
		return line
	}
	units := make([]uint16, len(line)/2)
	for i := range units {
		units[i] = order.Uint16([]byte(line[2*i:]))
	}
	return string(utf16.Decode(units))
}
