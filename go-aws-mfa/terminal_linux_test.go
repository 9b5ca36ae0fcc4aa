package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"aws-mfa.example/aws-mfa/internal/messages"
)

// pair opens a new terminal. It returns the user's end, with the screen and the keyboard, and the end for programs.
func pair(t *testing.T) (user, programs *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	var number, unlock int32
	control(t, user, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock))
	control(t, user, syscall.TIOCGPTN, unsafe.Pointer(&number))
	programs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() {
		_ = user.Close()
		_ = programs.Close()
	})
	return user, programs
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

// codePrompt is the prompt for a code.
var codePrompt = messages.New(messages.AskCode).In(messages.English)

// sees reads the screen until text appears.
func sees(t *testing.T, user *os.File, text string) {
	t.Helper()
	var screen []byte
	for part := make([]byte, 256); !bytes.Contains(screen, []byte(text)); {
		n, err := user.Read(part)
		if err != nil {
			t.Fatalf("the screen shows %q without %q: %v", screen, text, err)
		}
		screen = append(screen, part[:n]...)
	}
}

// onTerminal starts the program like a credential_process: it has a terminal, but its stdout and stderr go to output.
func onTerminal(t *testing.T, programs, stdin *os.File, args string) (output *bytes.Buffer, command *exec.Cmd) {
	t.Helper()
	_, environment, _ := home(t)
	command = program(t, args, environment...)
	output = new(bytes.Buffer)
	command.Stdout, command.Stderr = output, output
	if stdin != nil {
		command.Stdin = stdin
	}
	command.ExtraFiles = []*os.File{programs}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return output, command
}

// The prompt appears on the user's terminal even if stderr goes elsewhere, and the terminal does not echo the code.
func TestQuestionUnderCredentialProcess(t *testing.T) {
	for _, isStdin := range []bool{false, true} {
		user, programs := pair(t)
		var stdin *os.File
		if isStdin {
			stdin = programs
		}
		output, command := onTerminal(t, programs, stdin, "-s a --format credential-process")
		sees(t, user, codePrompt)
		for echoes(t, programs) {
			time.Sleep(time.Millisecond)
		}
		_, _ = user.WriteString("123456\n")
		sees(t, user, "\r\n")
		err := command.Wait()
		if err != nil || !strings.Contains(output.String(), "  \"Version\": 1\n}") || !echoes(t, programs) {
			t.Errorf("%v: %s", err, output)
		}
	}
}

// The --code-command may ask the user at the terminal.
func TestCommandAtTheTerminal(t *testing.T) {
	user, programs := pair(t)
	_, _ = user.WriteString("123456\n")
	output, command := onTerminal(t, programs, programs, "-s a --code-command head${IFS}-n1")
	if err := command.Wait(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

// Ctrl-C at the prompt restores the echo of the terminal.
func TestCtrlCAtTheQuestion(t *testing.T) {
	user, programs := pair(t)
	output, command := onTerminal(t, programs, nil, "-s a --format credential-process")
	sees(t, user, codePrompt)
	for echoes(t, programs) {
		time.Sleep(time.Millisecond)
	}
	_ = command.Process.Signal(os.Interrupt)
	if err := command.Wait(); command.ProcessState.ExitCode() != messages.ExitInterrupted || !echoes(t, programs) {
		t.Errorf("%v: %s", err, output)
	}
	if !strings.HasPrefix(output.String(), `{"error":{"kind":"interrupted",`) {
		t.Errorf("the output is %q", output)
	}
}
