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

// margin is how long a session has to last to be used again: a shorter one may end before the work does.
const margin = 10 * time.Minute

// harmlessSkew is how far a clock may be off: it gives the same codes, or AWS still accepts them.
const harmlessSkew = 15 * time.Second

// A run is one login: its options, and what it has found out so far.
type run struct {
	App
	options
	seen      *secrets
	files     profile.Files
	from      profile.Source // SRC, with its keys wherever they came from
	to        profile.Destination
	named     login.Device       // the device that needs no search; "" if there is none
	guessed   messages.Localized // why the device is a guess; nil if it is not one
	client    login.Client
	piped     *string // the code on standard input, "" if there is none; nil before it is read
	skewNoted bool
}

// logIn is the whole login. Everything that can fail without AWS or the code is checked first; the code is asked for
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
	// A code on standard input always means a new session, so a good one does not keep it from being read.
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

// keptFits reports whether DST has a session from the same key and device that lasts for a while.
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
	return isWanted && left > margin && left < longestDuration+margin // no session of AWS lasts longer
}

// renew gets a session while no other process does so for the same profile. A process that had to wait uses the session
// that the other one got.
func (r *run) renew(ctx context.Context) error {
	path := r.files.Credentials
	release, err := credfile.LockProfile(ctx, path, r.destination, r.sayWaiting)
	if err != nil {
		return writeFailure(err, path, writeMessages[awsfiles.CredentialsFile])
	}
	defer release()
	place, err := credfile.Prepare(ctx, path, r.sayLocked(path))
	r.noteKept(path, place.Kept)
	if err != nil {
		return writeFailure(err, path, writeMessages[awsfiles.CredentialsFile])
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
	place, err = credfile.Save(ctx, path, r.destination, session, r.sayLocked(path))
	r.noteKept(path, place.Kept)
	if err != nil {
		return r.unsaved(session, err)
	}
	return r.deliver(session, false)
}

// unsaved hands a session out that could not be written: its code is spent. The caller of a credential_process drops
// what it prints if it fails, so that one ends well. Values that the file cannot hold are never printed: a shell would
// run what a server wrote into them.
func (r *run) unsaved(session credfile.Session, err error) error {
	failed := r.saveFailure(err)
	if _, unusable := errors.AsType[*credfile.ValueError](err); unusable || r.format == profileFormat {
		return failed
	}
	if err := r.deliver(session, false); err != nil {
		return err
	}
	if r.format == processFormat {
		r.say(r.Stderr, "note: ", failure(failed))
		return nil
	}
	return failed
}

// repair undoes half of an interrupted write to one of the files, before the file is read.
func (r *run) repair(ctx context.Context, file awsfiles.File) error {
	path := r.files.Path(file)
	kept, err := credfile.Repair(ctx, path, r.sayLocked(path))
	r.noteKept(path, kept)
	if err != nil {
		return writeFailure(err, path, writeMessages[file])
	}
	return nil
}

// notePlace says what a write to the file at path will change beside the profile.
func (r *run) notePlace(path string, place credfile.Place) {
	if place.How == credfile.HardLinked {
		r.note(messages.NoteHardLink, path)
	}
	if place.Opened {
		r.note(messages.NoteOpened, path)
	}
}

// noteKept says where the text is that an interrupted write had saved. It is said once, so --quiet does not hide it.
func (r *run) noteKept(path, kept string) {
	if kept != "" {
		r.say(r.Stderr, "note: ", messages.New(messages.NoteKept, path, kept))
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
	session, err = r.swapCode(ctx, device)
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

// noteSkew says once that the clock of this computer is wrong. The SDK corrects its signatures without a word, so
// nothing else would.
func (r *run) noteSkew() {
	skew := r.client.Skew().Abs()
	if skew > harmlessSkew && !r.skewNoted {
		r.skewNoted = true
		r.note(messages.NoteClock, seconds(skew))
	}
}
