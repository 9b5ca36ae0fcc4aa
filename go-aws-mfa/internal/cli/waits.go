package cli

import (
	"net/http"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	commandLimit = 5 * time.Minute // for a --code-command, which may ask a person for something
	inputLimit   = 5 * time.Minute // for a code on standard input
	// patience is how long the program waits without a word. A command may be asking for a password in that time.
	patience = 3 * time.Second
)

// sayWaiting says why nothing happens: another process is getting a session for the same profile.
func (r *run) sayWaiting(limit time.Duration) {
	r.announce(messages.New(messages.NoteWaiting, r.destination, seconds(limit)))
}

// sayLocked returns a function that says why nothing happens: another process holds the lock of the file at path.
func (r *run) sayLocked(path string) credfile.Busy {
	return func(limit time.Duration) { r.announce(messages.New(messages.NoteLocked, path, seconds(limit))) }
}

// announce says that a wait begins, at the terminal if there is one: a program may keep standard error to itself.
func (r *run) announce(wait messages.Text) {
	if r.quiet {
		return
	}
	out := r.Stderr
	if t := r.Terminal(); t != nil {
		out = t.Out
	}
	r.say(out, "note: ", wait)
}

// ifLong announces a wait that lasts longer than patience; it lasts until end is called.
func (r *run) ifLong(wait messages.Text) (end func()) {
	announced := make(chan struct{})
	timer := time.AfterFunc(patience, func() {
		defer close(announced)
		r.announce(wait)
	})
	return func() {
		if !timer.Stop() {
			<-announced
		}
	}
}

// A waitingClient calls begin before each call, and what that returns after it.
type waitingClient struct {
	aws.HTTPClient
	begin func() (end func())
}

func (c waitingClient) Do(request *http.Request) (*http.Response, error) {
	defer c.begin()()
	return c.HTTPClient.Do(request)
}
