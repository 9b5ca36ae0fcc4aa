package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/prompt"
)

const (
	period         = 30 * time.Second // how long a device shows a code
	countdownWidth = 50               // wide enough for the countdown in both languages
)

// exchangeCode exchanges a code for a session. If AWS rejects the code, it tries the next one.
func (r *run) exchangeCode(ctx context.Context, device login.Device) (credfile.Session, error) {
	for try := 1; ; try++ {
		var session credfile.Session
		code, again, err := r.nextCode(ctx)
		if err == nil {
			r.seen.add(code)
			session, err = r.client.Session(ctx, device, code, r.duration)
			again = again && isCall(err, login.CodeRefused)
			err = r.explain(device, err)
		}
		if err == nil || !again || try == tries {
			return session, err
		}
		if err := r.beforeNext(ctx, err); err != nil {
			return session, err
		}
	}
}

// explain replaces some errors with failures that say more.
func (r *run) explain(device login.Device, err error) error {
	skew := r.client.Skew().Abs()
	isUnknown := isCall(err, login.DeviceUnknown)
	switch {
	case isCall(err, login.CodeRefused) && skew > harmlessSkew:
		return messages.Fail(messages.CodeRefusedClock, seconds(skew))
	case isUnknown && r.guessed != nil:
		return messages.Fail(messages.DeviceGuessUnknown, device, r.guessed)
	case isUnknown && r.serial != "":
		return messages.Fail(messages.DeviceFlagUnknown)
	}
	return err
}

// nextCode returns the code from the first source that has one. again reports whether the source may have another code
// later.
func (r *run) nextCode(ctx context.Context) (code string, again bool, err error) {
	if r.code != "" {
		return r.code, false, nil
	}
	if r.codeCommand != "" {
		code, err = r.runCodeCommand(ctx)
		return code, err == nil, err
	}
	terminal := r.terminal()
	// A credential_process shares standard input with the program that runs it, so the input is probably not a code.
	if terminal == nil || r.format != processFormat {
		if code, err = r.readPipe(ctx); code != "" || err != nil {
			return code, false, err
		}
	}
	if terminal == nil {
		return "", false, messages.Fail(messages.CodeMissing)
	}
	line, err := terminal.Ask(ctx, messages.New(messages.AskCode).In(r.Language), true)
	if err != nil {
		return "", false, err
	}
	code, err = prompt.Code(line)
	return code, true, err
}

// terminal returns the terminal for questions to the user, or nil if questions are not possible or not allowed.
func (r *run) terminal() *prompt.Terminal {
	if r.noPrompt {
		return nil
	}
	return r.Terminal()
}

// codeTerminal returns the terminal where the user will type the code, or nil if the code may come from elsewhere.
func (r *run) codeTerminal() *prompt.Terminal {
	isPipe := r.Stdin != nil && r.format != processFormat
	isEmpty := r.piped != nil && *r.piped == ""
	if r.code != "" || r.codeCommand != "" || isPipe && !isEmpty {
		return nil
	}
	return r.terminal()
}

// readPipe reads the first line of standard input once, if it is not a terminal. It has a time limit because many
// programs leave the pipe open without writing anything.
func (r *run) readPipe(ctx context.Context) (string, error) {
	if r.Stdin == nil {
		return "", nil
	}
	if r.piped == nil {
		limited, cancel := context.WithTimeout(ctx, inputLimit)
		defer cancel()
		end := r.ifLong(messages.New(messages.NoteInput, seconds(inputLimit)))
		line, err := prompt.Piped(limited, r.Stdin)
		end()
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			line, err = "", nil // treat it as empty
		}
		if err == nil && line != "" {
			line, err = prompt.Code(line)
		}
		if err != nil {
			return "", err
		}
		r.piped = &line
	}
	return *r.piped, nil
}

// runCodeCommand returns the code that the command prints, and never shows that output. It shows the command's stderr,
// which may ask the user to touch a key.
func (r *run) runCodeCommand(ctx context.Context) (string, error) {
	var printed bytes.Buffer
	limited, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	command := shell(limited, r.codeCommand)
	command.Stdout = &printed
	command.Stderr = r.Stderr
	command.WaitDelay = time.Second
	if r.Stdin == nil {
		command.Stdin = os.Stdin // the command may ask for a password
	}
	end := r.ifLong(messages.New(messages.NoteCommand, seconds(commandLimit)))
	err := command.Run()
	end()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if limited.Err() != nil {
		return "", messages.Fail(messages.CodeCommandEndless, seconds(commandLimit))
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) { // ErrWaitDelay: the command left a child process behind
		return "", messages.Fail(messages.CodeCommandFailed, err)
	}
	code, err := prompt.Code(printed.String())
	if err != nil {
		return "", messages.Fail(messages.CodeCommandOutput)
	}
	return code, nil
}

// beforeNext reports what was wrong with a code, and waits until the device shows the next one.
func (r *run) beforeNext(ctx context.Context, why error) error {
	screen, counter := r.Stderr, io.Discard
	if terminal := r.terminal(); terminal != nil {
		screen = terminal.Out
		counter = terminal.Out
	}
	r.print(screen, "", failure(why))
	if errors.Is(why, prompt.ErrMalformed) { // a mistyped code was never sent, so the current one still works
		return nil
	}
	now := r.Now().Add(r.client.Skew())
	wait := now.Truncate(period).Add(period).Sub(now)
	if counter == io.Discard {
		r.note(messages.NoteNextCode, seconds(wait+time.Second-1))
	}
	defer fmt.Fprintf(counter, "\r%*s\r", countdownWidth, "") // erase the countdown
	for left := wait; left > 0; left -= time.Second {
		countdown := messages.New(messages.NextCode, seconds(left+time.Second-1))
		fmt.Fprintf(counter, "\r%s ", countdown.In(r.Language))
		if err := r.Wait(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
	return nil
}

func seconds(d time.Duration) int {
	return int(d / time.Second)
}
