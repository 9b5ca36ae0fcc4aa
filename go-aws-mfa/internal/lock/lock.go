// Package lock lets one process at a time do something. The system takes a lock
// back when its holder ends, however that comes about, so none is ever stale.
package lock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// How often a lock that another process holds is tried again.
const interval = 50 * time.Millisecond

// Take waits for the lock that the file at path stands for, and returns what
// gives it back; busy is called once if somebody else holds it. Where there are
// no locks (wasm, Plan 9, some network drives) it goes on without one: then
// held is false. It fails where the file can not be made.
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
			// Removed while it is held, so that nobody is left with a file that is
			// gone. Windows removes no open file, and keeps an empty one.
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

// current reports whether the locked file is still the one at its path. The
// holder before may have removed it between our opening and locking it.
func current(handle *flock.Flock) bool {
	ours, err := handle.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(handle.Path())
	return err == nil && os.SameFile(ours, there)
}
