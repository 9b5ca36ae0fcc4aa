package prompt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"
)

// Ask does not show a secret, and prints the line break that the terminal did not echo. If the terminal cannot hide the
// input, it echoes the line break.
func TestSecret(t *testing.T) {
	for want, terminal := range map[string]*Terminal{
		"MFA code: \n": {Hidden: func() ([]byte, error) { return []byte("123456"), nil }},
		"MFA code: ":   {In: strings.NewReader("123456\n")},
	} {
		var out bytes.Buffer
		terminal.Out = &out
		line, err := terminal.Ask(context.Background(), "MFA code: ", true)
		if err != nil || strings.TrimSpace(line) != "123456" || out.String() != want {
			t.Errorf("%q %v, the screen shows %q, not %q", line, err, out.String(), want)
		}
	}
}

// A code has exactly six digits. Errors never contain the text.
func TestCode(t *testing.T) {
	for _, line := range []string{
		"", "12345", "1234567", "12345a", "12 345", "-12345", "123-456", "secret", "123\n456", "１２３４５", "١٢٣٤٥٦",
		"12345\xff", "\xff\xfe", "\x00", "1\x002\x003\x00", "\xef\xbb\xbf",
	} {
		code, err := Code(line)
		if err == nil || (line != "" && strings.Contains(err.Error(), line)) {
			t.Errorf("%q: %q %v", line, code, err)
		}
	}
}

// A code may contain blanks, invisible marks and full-width digits.
func TestCodeAsPasted(t *testing.T) {
	for _, line := range []string{
		" \t012345\r\n", "012 345", "012\u00a0345", "012\u2009345\n", "012\t345", "0 1 2 3 4 5", "\u200e012345\u200e",
		"\ufeff012345\r\n", "012\u200b345", "０１２３４５", "０１２　３４５", "\u2068012345\u2069",
	} {
		if code, err := Code(line); code != "012345" || err != nil {
			t.Errorf("%q: %q %v", line, code, err)
		}
	}
}

// A code may be UTF-16 text from Windows PowerShell, which ends after the first of the two bytes of its line feed.
func TestCodeInUTF16(t *testing.T) {
	for _, text := range []string{"012345\r\n", "012345\n", "012345", "012 345\r\n", "０１２３４５\r\n"} {
		for _, mark := range []string{"\ufeff", ""} {
			if mark == "" && !strings.HasPrefix(text, "0") {
				continue // the encoding of this text cannot be recognized
			}
			units := utf16.Encode([]rune(mark + text))
			for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
				var encoded []byte
				for _, unit := range units {
					encoded = order.AppendUint16(encoded, unit)
				}
				line, err := Piped(t.Context(), bytes.NewReader(encoded))
				if err != nil {
					t.Fatal(err)
				}
				if code, err := Code(line); code != "012345" || err != nil {
					t.Errorf("%q: %q %v", encoded, code, err)
				}
			}
		}
	}
}

// Ctrl-C ends a blocked read and restores the echo of the terminal.
func TestInterruption(t *testing.T) {
	hanging, _ := io.Pipe()
	restored := false
	var out bytes.Buffer
	terminal := &Terminal{
		Out:     &out,
		Hidden:  func() ([]byte, error) { return io.ReadAll(hanging) },
		Restore: func() { restored = true },
	}
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := terminal.Ask(ctx, "? ", true); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if !restored || out.String() != "? \n" {
		t.Errorf("restored %v, the screen shows %q", restored, out.String())
	}
}

// If Ctrl-C ends the read before its signal arrives, the result is the same.
func TestSignalAfterRead(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	terminal := &Terminal{Out: io.Discard, Hidden: func() ([]byte, error) {
		time.AfterFunc(10*time.Millisecond, cancel)
		return nil, io.EOF
	}}
	if _, err := terminal.Ask(ctx, "", true); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// A closed terminal and a broken pipe are errors. An empty pipe is not an error. An endless pipe is read only up to a
// limit.
func TestBadInput(t *testing.T) {
	closed := &Terminal{Out: io.Discard, In: strings.NewReader("")}
	if _, err := closed.Ask(context.Background(), "", false); !errors.Is(err, ErrNoLine) {
		t.Errorf("closed terminal: %v", err)
	}
	reason := errors.New("broken")
	_, err := Piped(context.Background(), iotest.ErrReader(reason))
	if _, ok := errors.AsType[*ReadError](err); !ok || !errors.Is(err, reason) {
		t.Errorf("broken pipe: %v", err)
	}
	if line, err := Piped(context.Background(), strings.NewReader("")); line != "" || err != nil {
		t.Errorf("empty pipe: %q %v", line, err)
	}
	limit := strings.NewReader(strings.Repeat("1", longestLine))
	endless := io.MultiReader(limit, iotest.ErrReader(errors.New("read too far")))
	if line, err := Piped(context.Background(), endless); len(line) != longestLine || err != nil {
		t.Errorf("endless pipe: %d bytes, %v", len(line), err)
	}
}

// A pipe is not a terminal.
func TestPipeIsNotATerminal(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Skip("no pipes here: ", err)
	}
	defer reader.Close()
	defer writer.Close()
	if IsTerminal(reader) {
		t.Error("a pipe counts as a terminal")
	}
}
