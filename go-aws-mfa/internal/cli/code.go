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

const (
	period         = 30 * time.Second // how long a device shows a code
	countdownWidth = 50               // of the line that counts down, in Japanese too
)

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
	keys, err = within(ctx, r.limit, func(ctx context.Context) (aws.Credentials, error) {
		return r.client.Session(ctx, string(device.Device), code, r.duration)
	})
	return keys, again && login.BadCode(err), r.explain(device, err)
}

// explain adds to a refusal what only the caller knows.
func (r *run) explain(device chosen, err error) error {
	told, skew := new(fault.Error), r.client.Skew().Abs()
	switch {
	case !errors.As(err, &told):
	case login.BadCode(err) && skew > harmlessSkew:
		return told.WithHint("the clock of this computer is off by %d s: set it if the code was computed here, then take the next code",
			seconds(skew))
	case login.BadDevice(err) && device.guessed != nil:
		return fault.New(fault.Refused, "set `mfa_serial` in the profile, or give --serial",
			"AWS does not know the MFA device `%s`, which was a guess because it could not be found: %v",
			device.Device, all(device.guessed))
	case login.BadDevice(err) && r.text("serial") != "":
		return told.WithHint("correct `--serial`, or leave it out to have the device found")
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
	// A credential_process shares standard input with the program that runs it: what is there is more likely
	// somebody's data than a code.
	if terminal == nil || r.text("format") != processFormat {
		if code, err = r.readPipe(ctx); code != "" || err != nil {
			return code, false, err
		}
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

func unasked() error {
	return fault.New(fault.Usage, "give --code, --code-command or AWS_MFA_CODE, or log in once without --no-prompt",
		"an MFA code is needed, and `--no-prompt` forbids to ask for one")
}

// runCodeCommand never shows what the command printed: that is the code. Its stderr comes as it is: it may ask for a
// finger on a key.
func (r *run) runCodeCommand(ctx context.Context) (string, error) {
	var printed bytes.Buffer
	command := shell.Command(ctx, r.text("code-command"))
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

// beforeNext says what was wrong with a code, and lets the time pass until the device shows another one.
func (r *run) beforeNext(ctx context.Context, why error) error {
	told, screen, terminal := new(fault.Error), r.Stderr, r.terminal()
	if terminal != nil {
		screen = terminal.Out
	}
	if errors.As(why, &told) {
		r.tell(screen, "", told.Message)
	}
	if told.Code == fault.Usage { // it was mistyped, and not used up
		return nil
	}
	now, line := r.Now().Add(r.client.Skew()), ""
	for left := now.Truncate(period).Add(period).Sub(now); left > 0; left -= time.Second {
		line = "\r" + r.Language.Say(words.New("the next code comes in %2d s", seconds(left+time.Second-1))) + " "
		if terminal != nil {
			fmt.Fprint(screen, line)
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
