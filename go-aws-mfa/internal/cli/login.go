package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/fault"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/profile"
	"aws-mfa.example/aws-mfa/internal/prompt"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// logIn is the whole login. All that can be refused without AWS or the code is
// refused first; the code is asked for last, because each works only once.
func (a App) logIn(ctx context.Context, chosen options, seen *secrets) error {
	files, err := profile.Locate()
	if err != nil {
		return err
	}
	hasRegion, err := profile.CheckDestination(ctx, chosen.destination, files)
	if err != nil {
		return err
	}
	source, err := profile.LoadSource(ctx, chosen.source, files)
	if err != nil {
		return err
	}
	seen.add(source.Keys.AccessKeyID, source.Keys.SecretAccessKey)
	session, err := a.session(ctx, source, seen)
	if err != nil {
		return err
	}
	if !hasRegion {
		session.Region = source.Region
	}
	if err := save(files.Credentials, chosen.destination, session); err != nil {
		return err
	}
	a.succeed(chosen.destination, session.Expires)
	return nil
}

// session finds the device, asks for the code and gets the session.
func (a App) session(ctx context.Context, source profile.Source, seen *secrets) (credfile.Session, error) {
	client := login.New(source)
	device, err := within(ctx, a.Timeout, client.Device)
	if err != nil {
		return credfile.Session{}, err
	}
	if device.Others > 0 {
		a.note("taking `%s`, the first of %d usable MFA devices; `mfa_serial` in profile `%s` names another",
			device.Serial, device.Others+1, source.Name)
	}
	code, err := prompt.Code(ctx, a.Input, a.Stderr)
	if err != nil {
		return credfile.Session{}, err
	}
	seen.add(code)
	keys, err := within(ctx, a.Timeout, func(ctx context.Context) (aws.Credentials, error) {
		return client.Session(ctx, device.Serial, code)
	})
	seen.add(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken)
	return credfile.Session{
		AccessKeyID:     keys.AccessKeyID,
		SecretAccessKey: keys.SecretAccessKey,
		SessionToken:    keys.SessionToken,
		Expires:         keys.Expires,
	}, err
}

func within[T any](ctx context.Context, limit time.Duration, step func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return step(ctx)
}

func save(path, name string, session credfile.Session) error {
	err := credfile.Save(path, name, session)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, credfile.ErrLongTermKeys): // they came while the code was typed
		return profile.HoldsKeys(name)
	}
	return fault.New(fault.Failed, "make room or give access, then log in with the next code",
		"the session could not be written to `%s`: %v", path, fault.Reason(err))
}

func (a App) note(format string, args ...any) {
	fmt.Fprintf(a.Stderr, "aws-mfa: note: %s\n", clean(fmt.Sprintf(format, args...)))
}
