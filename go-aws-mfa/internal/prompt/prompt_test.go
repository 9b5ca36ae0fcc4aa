package prompt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"aws-mfa.example/aws-mfa/internal/fault"
)

// A person is asked on stderr; the line break that was not echoed follows. A
// pipe is not asked.
func TestQuestion(t *testing.T) {
	for want, in := range map[string]Input{
		"MFA code: \n": {Ask: true, Hidden: func() ([]byte, error) { return []byte("123456"), nil }},
		"MFA code: ":   {Ask: true, Reader: strings.NewReader("123456\n")},
		"":             {Reader: strings.NewReader("123456\n")},
	} {
		var stderr bytes.Buffer
		code, err := Code(context.Background(), in, &stderr)
		if err != nil || code != "123456" || stderr.String() != want {
			t.Errorf("%q %v, stderr %q instead of %q", code, err, stderr.String(), want)
		}
	}
}

// Only six digits of the ASCII kind are a code, and errors never repeat the text.
func TestParse(t *testing.T) {
	for _, line := range []string{"", "12345", "1234567", "12345a", "12 345", "-12345", "１２３４５６", "secret"} {
		code, err := parse(line)
		if err == nil || (line != "" && strings.Contains(err.Error(), line)) {
			t.Errorf("%q: %q %v", line, code, err)
		}
	}
	if code, err := parse(" \t012345\r\n"); code != "012345" || err != nil {
		t.Errorf("%q %v", code, err)
	}
}

// Ctrl-C ends a read that hangs, and gives the terminal its echo back.
func TestInterruption(t *testing.T) {
	hanging, _ := io.Pipe()
	restored := false
	in := Input{Ask: true, Hidden: func() ([]byte, error) { return io.ReadAll(hanging) }, Restore: func() { restored = true }}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	var stderr bytes.Buffer
	if _, err := Code(ctx, in, &stderr); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if !restored || stderr.String() != "MFA code: \n" {
		t.Errorf("restored %v, stderr %q", restored, stderr.String())
	}
}

// Where Ctrl-C ends the read before its signal comes, it still counts as Ctrl-C.
func TestSignalAfterRead(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in := Input{Ask: true, Hidden: func() ([]byte, error) {
		time.AfterFunc(10*time.Millisecond, cancel)
		return nil, io.EOF
	}}
	if _, err := Code(ctx, in, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// An input that ends or breaks is a fault with a code of its own; one without
// an end is not read for ever.
func TestBadInput(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(strings.Repeat("1", longestLine)), iotest.ErrReader(errors.New("read too far")))
	for text, reader := range map[string]io.Reader{
		"there is no MFA code":      strings.NewReader(""),
		"standard input cannot":     iotest.ErrReader(errors.New("broken")),
		"an MFA code is six digits": endless,
	} {
		_, err := Code(context.Background(), Input{Reader: reader}, io.Discard)
		if fail := new(fault.Error); !errors.As(err, &fail) || !strings.Contains(fail.Message, text) || fail.Hint == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A pipe and a file are not asked; nothing about them is hidden or restored.
func TestStdinIsNoTerminal(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Skip("no pipes here: ", err)
	}
	defer reader.Close()
	defer writer.Close()
	if in := Stdin(reader); in.Ask || in.Hidden != nil || in.Restore != nil || in.Reader != reader {
		t.Errorf("a pipe is %+v", in)
	}
}
