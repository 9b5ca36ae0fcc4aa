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
	countdownWidth = 50               // of the line that counts down, in Japanese too
)

// swapCode gets a session for a code; if AWS rejects it, for the next one.
func (r *run) swapCode(ctx context.Context, device login.Device) (credfile.Session, error) {
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

// explain adds to a refusal what only the caller knows.
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

// nextCode returns the code from the first place that has one. again says that the place may have another one later.
func (r *run) nextCode(ctx context.Context) (code string, again bool, err error) {
	if r.code != "" {
		return r.code, false, nil
	}
	if r.codeCommand != "" {
		code, err = r.runCodeCommand(ctx)
		return code, err == nil, err
	}
	terminal := r.terminal()
	// A credential_process shares standard input with the program that runs it: that is its data, hardly a code.
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

// terminal is where a person can be asked, if that is allowed.
func (r *run) terminal() *prompt.Terminal {
	if r.noPrompt {
		return nil
	}
	return r.Terminal()
}

// person is the terminal at which the code will be asked for, or nil if it may come from elsewhere.
func (r *run) person() *prompt.Terminal {
	isPipe := r.Stdin != nil && r.format != processFormat
	isEmpty := r.piped != nil && *r.piped == ""
	if r.code != "" || r.codeCommand != "" || isPipe && !isEmpty {
		return nil
	}
	return r.terminal()
}

// readPipe reads standard input once, if it is not a terminal. Many programs leave one open in which nothing comes.
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
			line, err = "", nil // as if it had ended
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

// runCodeCommand never shows what the command prints: that is the code. Its stderr is shown: it may ask for a touch.
func (r *run) runCodeCommand(ctx context.Context) (string, error) {
	var printed bytes.Buffer
	limited, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	command := shell(limited, r.codeCommand)
	command.Stdout = &printed
	command.Stderr = r.Stderr
	command.WaitDelay = time.Second
	if r.Stdin == nil {
		command.Stdin = os.Stdin // it may ask for a password
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
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) { // a child that it left behind does not matter
		return "", messages.Fail(messages.CodeCommandFailed, err)
	}
	code, err := prompt.Code(printed.String())
	if err != nil {
		return "", messages.Fail(messages.CodeCommandOutput)
	}
	return code, nil
}

// beforeNext says what was wrong with a code, and lets the time pass until the device shows another one.
func (r *run) beforeNext(ctx context.Context, why error) error {
	screen, counter := r.Stderr, io.Discard
	if terminal := r.terminal(); terminal != nil {
		screen = terminal.Out
		counter = terminal.Out
	}
	r.say(screen, "", failure(why))
	if errors.Is(why, prompt.ErrMalformed) { // it was mistyped, and not used up
		return nil
	}
	now := r.Now().Add(r.client.Skew())
	wait := now.Truncate(period).Add(period).Sub(now)
	if counter == io.Discard {
		r.note(messages.NoteNextCode, seconds(wait+time.Second-1))
	}
	defer fmt.Fprintf(counter, "\r%*s\r", countdownWidth, "") // what is said next has a line of its own
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
