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
)

// pair opens a new terminal: the screen and keyboard, and the end for programs.
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

// sees reads the screen until text is on it.
func sees(t *testing.T, person *os.File, text string) {
	t.Helper()
	var screen []byte
	for part := make([]byte, 256); !bytes.Contains(screen, []byte(text)); {
		n, err := person.Read(part)
		if err != nil {
			t.Fatalf("%q came, and %v, before %q", screen, err, text)
		}
		screen = append(screen, part[:n]...)
	}
}

// onTerminal starts the program as a credential_process is: it has a terminal,
// but stdout and stderr lead elsewhere.
func onTerminal(t *testing.T, programs, stdin *os.File, args string) (stdout *bytes.Buffer, wait func() error, signal func(os.Signal) error) {
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

// The question comes to the person's terminal though stderr does not lead there,
// and what is typed is not shown.
func TestQuestionUnderCredentialProcess(t *testing.T) {
	for _, isStdin := range []bool{false, true} {
		person, programs := pair(t)
		var stdin *os.File
		if isStdin {
			stdin = programs
		}
		stdout, wait, _ := onTerminal(t, programs, stdin, "-s a --format credential-process")
		sees(t, person, "MFA code: ")
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

// A command that prints the code may ask at the terminal.
func TestCommandAtTheTerminal(t *testing.T) {
	person, programs := pair(t)
	_, _ = person.WriteString("123456\n")
	stdout, wait, _ := onTerminal(t, programs, programs, "-s a --code-command head${IFS}-n1")
	if err := wait(); err != nil {
		t.Errorf("%v: %s", err, stdout)
	}
}

// Ctrl-C at the question gives the terminal its echo back.
func TestCtrlCAtTheQuestion(t *testing.T) {
	person, programs := pair(t)
	stdout, wait, signal := onTerminal(t, programs, nil, "-s a --format credential-process")
	sees(t, person, "MFA code: ")
	for echoes(t, programs) {
		time.Sleep(time.Millisecond)
	}
	_ = signal(os.Interrupt)
	if err := wait(); err == nil || err.Error() != "exit status 130" || !echoes(t, programs) {
		t.Errorf("%v: %s", err, stdout)
	}
	if said := stdout.String(); !strings.HasPrefix(said, `{"error":{"kind":"interrupted",`) {
		t.Errorf("it said %q", said)
	}
}
