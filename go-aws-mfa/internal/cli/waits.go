package cli

import (
	"net/http"
	"time"

	"aws-mfa.example/aws-mfa/internal/credfile"
	"aws-mfa.example/aws-mfa/internal/messages"
	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	commandLimit = 5 * time.Minute // for a --code-command, which may ask the user something
	inputLimit   = 5 * time.Minute // for a code on standard input
	// patience is how long the program waits before it prints a note. A command may ask for a password in that time.
	patience = 3 * time.Second
)

// announceLogin announces the wait for a process that is getting a session for the same profile.
func (r *run) announceLogin(limit time.Duration) {
	r.announce(messages.New(messages.NoteWaiting, r.destination, seconds(limit)))
}

// announceLock returns a function that announces the wait for a process that holds the lock of the file at path.
func (r *run) announceLock(path string) credfile.Busy {
	return func(limit time.Duration) { r.announce(messages.New(messages.NoteLocked, path, seconds(limit))) }
}

// announce prints a note about a wait, at the terminal if there is one: a program that runs this one may not show its
// standard error.
func (r *run) announce(wait messages.Text) {
	if r.quiet {
		return
	}
	out := r.Stderr
	if t := r.Terminal(); t != nil {
		out = t.Out
	}
	r.print(out, "note: ", wait)
}

// ifLong announces a wait if the caller does not call end within patience.
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

// A waitingClient runs begin before each call, and the function that begin returns after it.
type waitingClient struct {
	aws.HTTPClient
	begin func() (end func())
}

func (c waitingClient) Do(request *http.Request) (*http.Response, error) {
	defer c.begin()()
	return c.HTTPClient.Do(request)
}
