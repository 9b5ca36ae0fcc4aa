package credfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// One at a time holds a lock, although each removes the file when it is done;
// who waits is told once.
func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var holders atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			told := 0
			release, held, err := acquire(t.Context(), path, time.Minute, func(time.Duration) { told++ })
			if err != nil || !held || told > 1 {
				t.Errorf("%v %v, told %d times", held, err, told)
				return
			}
			if holders.Add(1) != 1 {
				t.Error("two hold it")
			}
			runtime.Gosched()
			holders.Add(-1)
			release()
		})
	}
	all.Wait()
	if _, err := os.Stat(path); err == nil && runtime.GOOS != "windows" {
		t.Error("the file is still there")
	}
}

// Who waits is told once, and Ctrl-C ends the wait.
func TestInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, _, err := acquire(t.Context(), path, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	if _, _, err := acquire(ctx, path, time.Minute, func(time.Duration) { told++; time.AfterFunc(3*pause, cancel) }); !errors.Is(err, context.Canceled) || told != 1 {
		t.Errorf("told %d times, %v", told, err)
	}
}

// A lock on a file that its holder before has removed is none.
func TestRemovedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	handle := flock.New(path)
	if got, err := handle.TryLock(); !got || err != nil {
		t.Skip("no locks here: ", err)
	}
	defer handle.Close()
	if !current(handle) {
		t.Error("a fresh lock is not current")
	}
	if os.Remove(path) != nil {
		t.Skip("open files cannot be removed here")
	}
	for range 2 { // gone, then another one of the name
		if current(handle) {
			t.Error("the lock of a removed file is current")
		}
		_ = os.WriteFile(path, nil, 0o600)
	}
}

// Where the file cannot be made there is an error, not a missing lock.
func TestNoPlace(t *testing.T) {
	if _, _, err := acquire(t.Context(), filepath.Join(t.TempDir(), "none", "lock"), time.Minute, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}
