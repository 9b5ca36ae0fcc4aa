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
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/words"
)

const (
	period         = 30 * time.Second // how long a device shows a code
	countdownWidth = 50               // of the line that counts down, in Japanese too
)

// swapCode gets a session for a code; if AWS does not take it, for the next one.
func (r *run) swapCode(ctx context.Context, device login.Device) (credfile.Session, error) {
	for try := 1; ; try++ {
		var session credfile.Session
		code, again, err := r.nextCode(ctx)
		if err == nil {
			r.seen.add(code)
			session, err = r.client.Session(ctx, device, code, r.duration)
			again = again && words.Is(err, "code-refused")
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
	switch {
	case words.Is(err, "code-refused") && skew > harmlessSkew:
		return words.New("code-refused-clock", seconds(skew))
	case words.Is(err, "device-unknown") && r.guessed != nil:
		return words.New("device-guess-unknown", device, r.guessed)
	case words.Is(err, "device-unknown") && r.text("serial") != "":
		return words.New("device-flag-unknown")
	}
	return err
}

// nextCode takes the code from the first place that there is. again says that the place may have another one later.
func (r *run) nextCode(ctx context.Context) (code string, again bool, err error) {
	if r.code != "" {
		return r.code, false, nil
	}
	if r.text("code-command") != "" {
		code, err = r.runCodeCommand(ctx)
		return code, err == nil, err
	}
	terminal := r.terminal()
	// A credential_process shares standard input with the program that runs it: what is there is its data, hardly a code.
	if terminal == nil || r.text("format") != processFormat {
		if code, err = r.readPipe(ctx); code != "" || err != nil {
			return code, false, err
		}
	}
	if terminal == nil {
		return "", false, words.New("code-missing")
	}
	line, err := terminal.Ask(ctx, words.New("ask-code").In(r.Language), true)
	if err != nil {
		return "", false, err
	}
	code, err = prompt.Code(line)
	return code, true, err
}

// terminal is where a person can be asked, if that is allowed.
func (r *run) terminal() *prompt.Terminal {
	if r.is("no-prompt") {
		return nil
	}
	return r.Terminal()
}

// person is the terminal at which the code will be asked for, or nil if it may come from elsewhere.
func (r *run) person() *prompt.Terminal {
	pipe := r.Stdin != nil && r.text("format") != processFormat && (r.piped == nil || *r.piped != "")
	if r.code != "" || r.text("code-command") != "" || pipe {
		return nil
	}
	return r.terminal()
}

// readPipe reads standard input once, if it is no terminal.
func (r *run) readPipe(ctx context.Context) (string, error) {
	if r.Stdin == nil {
		return "", nil
	}
	if r.piped == nil {
		line, err := prompt.Piped(ctx, r.Stdin)
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

// runCodeCommand never shows what was printed: that is the code. Its stderr goes through: it may ask for a touch.
func (r *run) runCodeCommand(ctx context.Context) (string, error) {
	var printed bytes.Buffer
	command := shell(ctx, r.text("code-command"))
	command.Stdout, command.Stderr, command.WaitDelay = &printed, r.Stderr, time.Second
	if r.Stdin == nil {
		command.Stdin = os.Stdin // it may ask for a password
	}
	err := command.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) { // a child that it left behind does not matter
		return "", words.New("code-command-failed", err)
	}
	if code, err := prompt.Code(printed.String()); err == nil {
		return code, nil
	}
	return "", words.New("code-command-useless")
}

// beforeNext says what was wrong with a code, and lets the time pass until the device shows another one.
func (r *run) beforeNext(ctx context.Context, why error) error {
	screen, counter := r.Stderr, io.Discard
	if terminal := r.terminal(); terminal != nil {
		screen, counter = terminal.Out, terminal.Out
	}
	r.tell(screen, "", words.New("refused", why))
	if words.Is(why, "code-shape") { // it was mistyped, and not used up
		return nil
	}
	now := r.Now().Add(r.client.Skew())
	defer fmt.Fprintf(counter, "\r%*s\r", countdownWidth, "") // what is said next has a line of its own
	for left := now.Truncate(period).Add(period).Sub(now); left > 0; left -= time.Second {
		fmt.Fprintf(counter, "\r%s ", words.New("next-code", seconds(left+time.Second-1)).In(r.Language))
		if err := r.Wait(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
	return nil
}

func seconds(d time.Duration) int { return int(d / time.Second) }
