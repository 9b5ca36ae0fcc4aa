package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/awsfiles"
	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/messages"
	"aws-mfa.example/aws-mfa/internal/profile"
)

// margin is the remaining time that a session needs to be reused. A shorter one may end before the user's work does.
const margin = 10 * time.Minute

// harmlessSkew is how far a clock may be off without a note: AWS still accepts the codes.
const harmlessSkew = 15 * time.Second

// A run is one execution of a command: its options and its state.
type run struct {
	App
	options
	seen      *secrets
	files     profile.Files
	from      profile.Source // SRC
	to        profile.Destination
	named     login.Device       // the device that is named explicitly; "" if there is none
	guessed   messages.Localized // why the device was guessed; nil if it was not
	client    login.Client
	piped     *string // the code on standard input, "" if there is none; nil before it is read
	skewNoted bool
}

// logIn performs the whole login. It first checks everything that can fail without AWS or the code. It gets the code
// last, because each code works only once.
func (r *run) logIn(ctx context.Context) (err error) {
	if r.files, err = profile.Locate(); err != nil {
		return err
	}
	if err := r.repair(ctx, awsfiles.CredentialsFile); err != nil {
		return err
	}
	if r.to, err = profile.LoadDestination(r.destination, r.files); err != nil {
		return err
	}
	end := r.ifLong(messages.New(messages.NoteProcessSlow, r.source, seconds(profile.ProcessLimit)))
	r.from, err = profile.LoadSource(ctx, r.source, r.to)
	end()
	if err != nil {
		return err
	}
	r.seen.add(r.from.AccessKeyID, r.from.SecretAccessKey)
	if err := r.nameDevice(); err != nil {
		return err
	}
	// A code on standard input always means a new session, so read it even if the kept session is good.
	fits := r.keptFits()
	hasSource := r.code != "" || r.codeCommand != ""
	mayReuse := fits && r.format != processFormat
	mustKnow := !fits && r.noPrompt
	piped := ""
	if !hasSource && (mayReuse || mustKnow) {
		if piped, err = r.readPipe(ctx); err != nil {
			return err
		}
	}
	if fits && piped == "" {
		return r.deliver(r.to.Kept, true)
	}
	if r.noPrompt && !hasSource && piped == "" {
		return messages.Fail(messages.CodePromptForbidden)
	}
	return r.renew(ctx)
}

// keptFits reports whether DST has a session from the same key and device that lasts long enough.
func (r *run) keptFits() bool {
	kept := r.to.Kept
	if r.force || kept.AccessKeyID == "" || kept.Source != r.from.AccessKeyID {
		return false
	}
	device := login.Device(kept.Serial)
	isWanted := strings.Contains(device.Name(), r.serial)
	if r.named != "" {
		isWanted = device == r.named
	}
	left := kept.Expires.Sub(r.Now())
	return isWanted && left > margin && left < longestDuration+margin // no AWS session lasts longer
}

// renew gets a new session. Only one process at a time does this for a profile. A process that had to wait uses the
// session that the other one got.
func (r *run) renew(ctx context.Context) error {
	path := r.files.Credentials
	release, err := credfile.LockProfile(ctx, path, r.destination, r.announceLogin)
	if err != nil {
		return r.writeFailure(err, awsfiles.CredentialsFile)
	}
	defer release()
	place, err := credfile.Prepare(ctx, path, r.announceLock(path))
	r.noteKept(path, place.Kept)
	if err != nil {
		return r.writeFailure(err, awsfiles.CredentialsFile)
	}
	before := r.to.Kept.AccessKeyID
	if r.to, err = profile.LoadDestination(r.destination, r.files); err != nil {
		return err
	}
	if r.keptFits() && r.to.Kept.AccessKeyID != before {
		return r.deliver(r.to.Kept, true)
	}
	if r.to.Process {
		r.note(messages.NoteProcess, r.destination)
	}
	r.noteSource()
	r.notePlace(path, place)
	session, err := r.newSession(ctx)
	if err != nil {
		return err
	}
	place, err = credfile.Save(ctx, path, r.destination, session, r.announceLock(path))
	r.noteKept(path, place.Kept)
	if err != nil {
		return r.unsaved(session, err)
	}
	return r.deliver(session, false)
}

// unsaved prints a session that could not be written, because its code cannot be used again. With credential-process it
// returns no error, because the caller ignores the output of a program that fails. It never prints values that cannot
// be written to the file, because a shell could run text that a server put into them.
func (r *run) unsaved(session credfile.Session, err error) error {
	failed := r.saveFailure(err)
	if _, isUnusable := errors.AsType[*credfile.ValueError](err); isUnusable || r.format == profileFormat {
		return failed
	}
	if err := r.deliver(session, false); err != nil {
		return err
	}
	if r.format == processFormat {
		r.print(r.Stderr, "note: ", failure(failed))
		return nil
	}
	return failed
}

// repair undoes an interrupted write to one of the files, before the file is read.
func (r *run) repair(ctx context.Context, file awsfiles.File) error {
	path := r.files.Path(file)
	kept, err := credfile.Repair(ctx, path, r.announceLock(path))
	r.noteKept(path, kept)
	if err != nil {
		return r.writeFailure(err, file)
	}
	return nil
}

// notePlace prints notes about the side effects of writing the file at path.
func (r *run) notePlace(path string, place credfile.Place) {
	if place.How == credfile.HardLinked {
		r.note(messages.NoteHardLink, path)
	}
	if place.Opened {
		r.note(messages.NoteOpened, path)
	}
}

// noteKept prints where an interrupted write saved the old text. The note appears only once, so --quiet does not hide
// it.
func (r *run) noteKept(path, kept string) {
	if kept != "" {
		r.print(r.Stderr, "note: ", messages.New(messages.NoteKept, path, kept))
	}
}

func (r *run) newSession(ctx context.Context) (session credfile.Session, err error) {
	flags := awsfiles.Flags{Region: r.region, EndpointURL: r.endpoint, AllowHTTP: r.allowHTTP}
	config, calls, err := r.from.Config(flags, r.named.Partition())
	if err != nil {
		return session, err
	}
	config.HTTPClient = waitingClient{HTTPClient: config.HTTPClient, begin: func() (end func()) {
		return r.ifLong(messages.New(messages.NoteCall, seconds(r.timeout)))
	}}
	r.client = login.New(config, calls, r.timeout)
	device, err := r.device(ctx)
	r.noteSkew()
	if err != nil {
		return session, err
	}
	session, err = r.exchangeCode(ctx, device)
	r.seen.add(session.AccessKeyID, session.SecretAccessKey, session.SessionToken)
	if err != nil {
		return session, err
	}
	r.noteSkew()
	if session.Expires.Sub(r.Now().Add(r.client.Skew())) < r.duration-time.Minute {
		r.note(messages.NoteShorter)
	}
	session.Source = r.from.AccessKeyID
	if r.to.Region == "" {
		session.Region = cmp.Or(r.from.Region, r.region)
	}
	return session, nil
}

// noteSkew prints one note if the clock of this computer is wrong. The SDK silently corrects its signatures, so nothing
// else reports it.
func (r *run) noteSkew() {
	skew := r.client.Skew().Abs()
	if skew > harmlessSkew && !r.skewNoted {
		r.skewNoted = true
		r.note(messages.NoteClock, seconds(skew))
	}
}
