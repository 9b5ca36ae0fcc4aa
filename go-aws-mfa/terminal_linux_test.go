package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"aws-mfa.example/aws-mfa/internal/messages"
)

// pair opens a new pseudo-terminal: one end for the person, the other for programs.
func pair(t *testing.T) (person, programs *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	var number, unlock int32
	control(t, person, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(t, person, syscall.TIOCGPTN, unsafe.Pointer(&number))
	programs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close(); programs.Close() })
	return person, programs
}

func control(t *testing.T, f *os.File, request uintptr, value unsafe.Pointer) {
	t.Helper()
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(value)); errno != 0 {
		t.Fatal(errno)
	}
}

func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	var state syscall.Termios
	control(t, f, syscall.TCGETS, unsafe.Pointer(&state))
	return state.Lflag&syscall.ECHO != 0
}

// sees reads the screen until it shows text.
func sees(t *testing.T, person *os.File, text string) {
	t.Helper()
	var screen []byte
	for part := make([]byte, 256); !bytes.Contains(screen, []byte(text)); {
		n, err := person.Read(part)
		if err != nil {
			t.Fatalf("the screen shows %q, not %q: %v", screen, text, err)
		}
		screen = append(screen, part[:n]...)
	}
}

// onTerminal starts the program like a credential_process: it has a terminal, but stdout and stderr are pipes.
func onTerminal(t *testing.T, programs, stdin *os.File, args string) (
	stdout *bytes.Buffer, wait func() error, signal func(os.Signal) error,
) {
	t.Helper()
	_, environment, _ := home(t)
	command := program(t, args, environment...)
	stdout = new(bytes.Buffer)
	command.Stdout, command.Stderr = stdout, stdout
	if stdin != nil {
		command.Stdin = stdin
	}
	command.ExtraFiles = []*os.File{programs}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return stdout, command.Wait, command.Process.Signal
}

// The program prompts at the terminal even if stderr is a pipe, and the typed code is not echoed.
func TestQuestionUnderCredentialProcess(t *testing.T) {
	for _, isStdin := range []bool{false, true} {
		person, programs := pair(t)
		var stdin *os.File
		if isStdin {
			stdin = programs
		}
		stdout, wait, _ := onTerminal(t, programs, stdin, "-s a --format credential-process")
		sees(t, person, messages.New(messages.AskCode).In(messages.English))
		for echoes(t, programs) {
			time.Sleep(time.Millisecond)
		}
		_, _ = person.WriteString("123456\n")
		sees(t, person, "\r\n")
		if err := wait(); err != nil || !strings.Contains(stdout.String(), "  \"Version\": 1\n}") || !echoes(t, programs) {
			t.Errorf("%v: %s", err, stdout)
		}
	}
}

// A --code-command can read from the terminal.
func TestCommandAtTheTerminal(t *testing.T) {
	person, programs := pair(t)
	_, _ = person.WriteString("123456\n")
	stdout, wait, _ := onTerminal(t, programs, programs, "-s a --code-command head${IFS}-n1")
	if err := wait(); err != nil {
		t.Errorf("%v: %s", err, stdout)
	}
}

// Ctrl-C at the prompt restores the echo of the terminal.
func TestCtrlCAtTheQuestion(t *testing.T) {
	person, programs := pair(t)
	stdout, wait, signal := onTerminal(t, programs, nil, "-s a --format credential-process")
	sees(t, person, messages.New(messages.AskCode).In(messages.English))
	for echoes(t, programs) {
		time.Sleep(time.Millisecond)
	}
	_ = signal(os.Interrupt)
	if err := wait(); err == nil || err.Error() != "exit status 130" || !echoes(t, programs) {
		t.Errorf("%v: %s", err, stdout)
	}
	if got := stdout.String(); !strings.HasPrefix(got, `{"error":{"kind":"interrupted",`) {
		t.Errorf("the output is %q", got)
	}
}
