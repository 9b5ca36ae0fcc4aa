package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/fault"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"aws-mfa.example/aws-mfa/internal/shell"
	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// period is how long a device shows a code.
const period = 30 * time.Second

const countdownWidth = 50 // in Japanese too

// swapCode gets a session for a code; if AWS does not take it, for the next one.
func (r *run) swapCode(ctx context.Context, device chosen) (aws.Credentials, error) {
	for try := 1; ; try++ {
		keys, again, err := r.tryCode(ctx, device)
		if err == nil || !again || try == tries {
			return keys, err
		}
		if err := r.beforeNext(ctx, err); err != nil {
			return keys, err
		}
	}
}

// tryCode tries one code. If it is refused, again says that another may be had.
func (r *run) tryCode(ctx context.Context, device chosen) (keys aws.Credentials, again bool, err error) {
	code, again, err := r.nextCode(ctx)
	if err != nil {
		return keys, again, err
	}
	r.seen.add(code)
	keys, err = within(ctx, r.networkTime, func(ctx context.Context) (aws.Credentials, error) {
		return r.client.Session(ctx, string(device.Device), code, r.sessionLength)
	})
	return keys, again && login.BadCode(err), r.explain(device, err)
}

// explain adds to a refusal what only the caller knows.
func (r *run) explain(device chosen, err error) error {
	told := new(fault.Error)
	if !errors.As(err, &told) {
		return err
	}
	switch {
	case login.BadCode(err) && r.client.Skew().Abs() > harmlessSkew:
		return told.WithHint("the clock of this computer is off by %d s: set it if the code was computed here, then take the next code",
			seconds(r.client.Skew().Abs()))
	case login.BadDevice(err) && device.guessed != nil:
		return fault.New(fault.Refused, "set `mfa_serial` in the profile, or give --serial",
			"AWS does not know the MFA device `%s`, which was a guess because it could not be found: %v",
			device.Device, all(device.guessed))
	case login.BadDevice(err) && r.serial != "":
		return told.WithHint("correct `--serial`, or leave it out to have the device found")
	}
	return err
}

// nextCode takes the code from the first place that there is. again says that
// the place may have another one later.
func (r *run) nextCode(ctx context.Context) (code string, again bool, err error) {
	switch {
	case r.code != "":
		return r.code, false, nil
	case r.codeCommand != "":
		code, err = r.runCodeCommand(ctx)
		return code, err == nil, err
	}
	terminal := r.terminal()
	// A credential_process shares standard input with the program that runs it,
	// so what is there is more likely somebody's data than a code.
	if terminal == nil || r.format != processFormat {
		if code, err = r.readPipe(ctx); code != "" || err != nil {
			return code, false, err
		}
	}
	if terminal == nil && r.noPrompt {
		return "", false, unasked()
	}
	if terminal == nil {
		return "", false, prompt.Nobody()
	}
	line, err := terminal.Secret(ctx, r.Language.Say(words.New("MFA code: ")))
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

// person is the terminal at which the code will be asked for, or nil if it may
// come from elsewhere.
func (r *run) person() *prompt.Terminal {
	pipe := r.Stdin != nil && r.format != processFormat && (r.piped == nil || *r.piped != "")
	if r.code != "" || r.codeCommand != "" || pipe {
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

// runCodeCommand never shows what the command printed: that is the code.
func (r *run) runCodeCommand(ctx context.Context) (string, error) {
	var printed bytes.Buffer
	command := shell.Command(ctx, r.codeCommand)
	command.Stdout, command.Stderr, command.WaitDelay = &printed, r.Stderr, time.Second
	if r.Stdin == nil {
		command.Stdin = os.Stdin // it may ask for a password
	}
	err := command.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	hint := "run it by hand: it must print the six digits and nothing else"
	if err != nil {
		return "", fault.New(fault.Usage, hint, "the `--code-command` failed: %v", err)
	}
	code, err := prompt.Code(printed.String())
	if err != nil {
		return "", fault.New(fault.Usage, hint, "the `--code-command` printed something else than an MFA code")
	}
	return code, nil
}

// beforeNext says what was wrong with a code, and lets the time pass until the
// device shows another one.
func (r *run) beforeNext(ctx context.Context, why error) error {
	told, screen := new(fault.Error), r.Stderr
	terminal := r.terminal()
	if terminal != nil {
		screen = terminal.Out
	}
	if errors.As(why, &told) {
		r.tell(screen, "", told.Message)
	}
	if told.Code == fault.Usage { // it was mistyped, and not used up
		return nil
	}
	now := r.Now().Add(r.client.Skew())
	for left := now.Truncate(period).Add(period).Sub(now); left > 0; left -= time.Second {
		if terminal != nil {
			fmt.Fprint(screen, "\r"+r.Language.Say(words.New("the next code comes in %2d s", seconds(left+time.Second-1)))+" ")
		}
		if err := r.Wait(ctx, min(left, time.Second)); err != nil {
			return err
		}
	}
	if terminal != nil {
		fmt.Fprint(screen, "\r"+strings.Repeat(" ", countdownWidth)+"\r")
	}
	return nil
}

func seconds(d time.Duration) int { return int(d / time.Second) }
