package cli

import (
	"context"
	"errors"
	"fmt"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/profile"
)

// setSerial writes the device into SRC. With --dry-run it only checks that it could.
func (r *run) setSerial(ctx context.Context) (err error) {
	if err := checkDevice(login.Device(r.serial), messages.New(messages.FromArgument)); err != nil {
		return err
	}
	if r.files, err = profile.Locate(); err != nil {
		return err
	}
	for _, file := range []awsfiles.File{awsfiles.CredentialsFile, awsfiles.ConfigFile} {
		if err := r.repair(ctx, file); err != nil {
			return err
		}
	}
	plan, err := profile.PlanSerial(r.source, r.serial, r.files)
	if err != nil {
		return err
	}
	if plan.Needed {
		err = r.edit(ctx, plan)
	}
	if err != nil || r.quiet {
		return err
	}
	report := messages.SerialSet
	if r.dryRun && plan.Needed {
		report = messages.SerialSettable
	}
	fmt.Fprintln(r.Stderr, messages.New(report, r.source, plan.Path()).In(r.Language))
	return nil
}

// edit checks that the file can be written, and writes it unless this is a dry run.
func (r *run) edit(ctx context.Context, plan profile.SerialEdit) error {
	path := plan.Path()
	place, err := credfile.Prepare(ctx, path, r.announceLock(path))
	r.noteKept(path, place.Kept)
	if err != nil {
		return r.writeFailure(err, plan.File)
	}
	if r.dryRun {
		return nil
	}
	place.Opened = place.Opened && plan.Content() == credfile.Secret
	r.notePlace(path, place)
	place, err = credfile.Update(ctx, path, plan.Content(), plan.Apply, r.announceLock(path))
	r.noteKept(path, place.Kept)
	if _, isRefused := errors.AsType[*profile.Error](err); err == nil || isRefused {
		return err
	}
	return r.writeFailure(err, plan.File)
}
