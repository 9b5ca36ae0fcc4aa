package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/login"
	"aws-mfa.example/aws-mfa/internal/profile"
	"aws-mfa.example/aws-mfa/internal/words"
	"github.com/aws/aws-sdk-go-v2/config"
)

// A session that ends sooner than this is as good as none: what is begun with it could not be finished.
const margin = 10 * time.Minute

// A clock that is off by less gives the same codes, or AWS takes them still.
const harmlessSkew = 15 * time.Second

// A run is one login: what it was told, and what it has found out so far.
type run struct {
	App
	*options
	seen     *secrets
	files    profile.Files
	from     config.SharedConfig // SRC, with its keys wherever they came from
	to       profile.Destination
	named    login.Device // the device that needs no search; "" if there is none
	guessed  error        // if nobody told that the user has the device: why not
	client   login.Client
	piped    *string // the code on standard input, "" if there is none; nil before it is read
	skewTold bool
}

// logIn is the whole login. All that can be refused without AWS or the code is refused first; the code is asked for
// last, because each works only once.
func (r *run) logIn(ctx context.Context) (err error) {
	if r.files, err = profile.Locate(); err != nil {
		return err
	}
	if r.to, err = profile.LoadDestination(ctx, r.destination, r.files); err != nil {
		return err
	}
	if r.from, err = profile.LoadSource(ctx, r.source, r.files); err != nil {
		return err
	}
	r.seen.add(r.from.Credentials.AccessKeyID, r.from.Credentials.SecretAccessKey)
	if err := r.nameDevice(); err != nil {
		return err
	}
	// A code on standard input has always meant a new session, so that has a look there.
	fits, none, piped := r.keptFits(), r.code == "" && r.text("code-command") == "", ""
	if none && (fits && r.text("format") != processFormat || !fits && r.is("no-prompt")) {
		if piped, err = r.readPipe(ctx); err != nil {
			return err
		}
	}
	switch {
	case fits && piped == "":
		return r.deliver(r.to.Kept, true)
	case none && piped == "" && r.is("no-prompt"):
		return words.New("code-forbidden-to-ask")
	}
	return r.renew(ctx)
}

// keptFits reports whether DST has a session from this very key and device that lasts for a while.
func (r *run) keptFits() bool {
	kept := r.to.Kept
	device := login.Device(kept.Serial)
	wanted := strings.Contains(device.Name(), r.text("serial"))
	if r.named != "" {
		wanted = device == r.named
	}
	return !r.is("force") && kept.AccessKeyID != "" && kept.Source == r.from.Credentials.AccessKeyID && wanted &&
		kept.Expires.Sub(r.Now()) > margin
}

// renew gets a session while no other process does so for the same profile. Who had to wait takes what that one got.
func (r *run) renew(ctx context.Context) error {
	release, err := credfile.LockProfile(ctx, r.files.Credentials, r.destination, r.tellWaiting)
	if err != nil {
		return r.unwritten(err)
	}
	defer release()
	before := r.to.Kept.AccessKeyID
	if r.to, err = profile.LoadDestination(ctx, r.destination, r.files); err != nil {
		return err
	}
	if r.keptFits() && r.to.Kept.AccessKeyID != before {
		return r.deliver(r.to.Kept, true)
	}
	if r.to.Process {
		r.note("note-process", r.destination)
	}
	session, err := r.newSession(ctx)
	if err != nil {
		return err
	}
	if err := credfile.Save(ctx, r.files.Credentials, r.destination, session); err != nil {
		return r.unwritten(err)
	}
	return r.deliver(session, false)
}

func (r *run) newSession(ctx context.Context) (session credfile.Session, err error) {
	cfg, err := profile.Config(ctx, r.from, r.files, r.text("region"), r.named.Partition())
	if err != nil {
		return session, err
	}
	r.client = login.New(cfg, r.text("endpoint-url"), r.limit)
	device, err := r.device(ctx)
	r.tellSkew()
	if err != nil {
		return session, err
	}
	session, err = r.swapCode(ctx, device)
	r.seen.add(session.AccessKeyID, session.SecretAccessKey, session.SessionToken)
	if err != nil {
		return session, err
	}
	r.tellSkew()
	if session.Expires.Sub(r.Now().Add(r.client.Skew())) < r.duration-time.Minute {
		r.note("note-shorter")
	}
	session.Source = r.from.Credentials.AccessKeyID
	if r.to.Region == "" {
		session.Region = cmp.Or(r.from.Region, r.text("region"))
	}
	return session, nil
}

// tellSkew says it when this computer's clock is wrong, once that is known. The SDK corrects its signatures by
// itself, so nothing else would.
func (r *run) tellSkew() {
	if skew := r.client.Skew().Abs(); skew > harmlessSkew && !r.skewTold {
		r.skewTold = true
		r.note("note-clock", seconds(skew))
	}
}

func (r *run) unwritten(err error) error {
	if errors.Is(err, credfile.ErrLongTermKeys) { // they came while the code was typed
		return words.New("destination-holds-keys", r.destination)
	}
	return words.New("session-unwritten", r.files.Credentials, words.Reason(err))
}
