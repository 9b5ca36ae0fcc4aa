// Package lock lets one process at a time do something. The system takes a lock back when its holder ends,
// however that comes about, so none is ever stale.
package lock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
)

const interval = 50 * time.Millisecond // between two tries

// Take waits for the lock at path and returns what gives it back; busy is called once if somebody else holds it.
// Where there are no locks (wasm, Plan 9, some network drives) it goes on without: then held is false.
func Take(ctx context.Context, path string, busy func()) (release func(), held bool, err error) {
	for {
		handle := flock.New(path)
		got, err := handle.TryLock()
		var place *fs.PathError
		switch {
		case errors.As(err, &place) && place.Op == "open":
			return nil, false, err
		case err != nil:
			return func() {}, false, nil
		case got && current(handle):
			// Removed while it is held, so that nobody locks a file that is gone. Windows keeps an empty one.
			return func() { _ = os.Remove(path); _ = handle.Close() }, true, nil
		case got:
			_ = handle.Close()
			continue
		}
		busy()
		busy = func() {}
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-time.After(interval):
		}
	}
}

// current finds out whether the holder before removed the file between our opening and locking it.
func current(handle *flock.Flock) bool {
	ours, err := handle.Stat()
	there, gone := os.Stat(handle.Path())
	return err == nil && gone == nil && os.SameFile(ours, there)
}
