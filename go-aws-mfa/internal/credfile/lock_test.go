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

// Only one process at a time holds a lock, although each one removes the file at the end. A wait is announced once.
func TestOneAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var holders atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			announced := 0
			release, held, err := acquire(t.Context(), path, time.Minute, func(time.Duration) { announced++ })
			if err != nil || !held || announced > 1 {
				t.Errorf("%v %v, announced %d times", held, err, announced)
				return
			}
			if holders.Add(1) != 1 {
				t.Error("two goroutines hold the lock")
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

// A wait is announced once, and Ctrl-C ends it.
func TestInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, _, err := acquire(t.Context(), path, time.Minute, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	announced := 0
	busy := func(time.Duration) {
		announced++
		time.AfterFunc(3*pause, cancel)
	}
	if _, _, err := acquire(ctx, path, time.Minute, busy); !errors.Is(err, context.Canceled) || announced != 1 {
		t.Errorf("announced %d times, %v", announced, err)
	}
}

// A lock is invalid if the previous holder has removed its file.
func TestRemovedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	handle := flock.New(path)
	if got, err := handle.TryLock(); !got || err != nil {
		t.Skip("no locks here: ", err)
	}
	defer handle.Close()
	if !current(handle) {
		t.Error("a new lock is not current")
	}
	if os.Remove(path) != nil {
		t.Skip("open files cannot be removed here")
	}
	for range 2 { // without a file, then with another file of the same name
		if current(handle) {
			t.Error("the lock of a removed file is current")
		}
		_ = os.WriteFile(path, nil, 0o600)
	}
}

// If the lock file cannot be created, there is an error, and acquire does not continue without a lock.
func TestMissingDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "lock")
	if _, _, err := acquire(t.Context(), path, time.Minute, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}
