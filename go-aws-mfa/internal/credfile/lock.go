package credfile

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// How long to wait for a lock. A process holds the lock of a file only during a write, but the lock of a profile while
// its user looks for a code.
const (
	fileWait    = 20 * time.Second
	profileWait = 5 * time.Minute
	patience    = time.Second // before a wait is announced
)

// Busy announces a long wait for another process, which lasts at most limit.
type Busy func(limit time.Duration)

// LockProfile waits until no other process is logging in for the section called name. The next login can begin after
// release. LockProfile creates the directory of the file.
func LockProfile(ctx context.Context, path, name string, busy Busy) (release func(), err error) {
	target, err := locate(path)
	if err != nil {
		return nil, err
	}
	hash := fnv.New64a() // because a profile name may contain characters that are invalid in file names
	_, _ = hash.Write([]byte(filepath.Base(target) + "\x00" + name))
	release, _, err = acquire(ctx, beside(target, fmt.Sprintf(".%x.lock", hash.Sum64())), profileWait, busy)
	return release, err
}

// lockFile follows the symbolic links of path, creates its directory, and acquires the lock for writing files there.
func lockFile(ctx context.Context, path string, busy Busy) (target string, release func(), err error) {
	if target, err = locate(path); err != nil {
		return "", nil, err
	}
	release, held, err := acquire(ctx, beside(target, ".lock"), fileWait, busy)
	if held { // no other process is writing, so temporary files are left over from killed ones
		directory := filepath.Dir(target)
		abandoned, _ := fs.Glob(os.DirFS(directory), temporaries)
		for _, name := range abandoned {
			_ = os.Remove(filepath.Join(directory, name))
		}
	}
	return target, release, err
}

// acquire waits for the lock at path and returns a function that releases it. After limit it returns a *LockError. The
// system releases the lock when its holder ends for any reason, so a lock is never stale. If the system has no locks
// (wasm, Plan 9, some network drives), acquire continues without one and held is false.
func acquire(
	ctx context.Context, path string, limit time.Duration, busy Busy,
) (release func(), held bool, err error) {
	end := time.Now().Add(limit)
	announce := sync.OnceFunc(func() { busy(limit) })
	for {
		// Open only regular files, not links or pipes: a pipe would block.
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			return nil, false, &LockError{Path: path, Err: ErrNotRegular}
		}
		handle := flock.New(path, noFollow)
		got, err := handle.TryLock()
		if !got && err == nil {
			got, err = waitFor(ctx, handle, end, announce)
			switch {
			case got:
			case ctx.Err() != nil:
				return nil, false, ctx.Err()
			case errors.Is(err, context.DeadlineExceeded):
				return nil, false, &LockError{Path: path, Limit: limit}
			}
		}
		place, isPlace := errors.AsType[*fs.PathError](err)
		switch {
		case isPlace && place.Op == "open":
			return nil, false, unopened(path, place)
		case err != nil:
			return func() {}, false, nil
		case current(handle):
			// Remove the file while the lock is held, so that nobody locks a removed file. On Windows it stays.
			release = func() {
				_ = os.Remove(path)
				_ = handle.Close()
			}
			return release, true, nil
		}
		_ = handle.Close()
	}
}

// waitFor waits for a lock until end. It announces the wait after patience.
func waitFor(ctx context.Context, handle *flock.Flock, end time.Time, announce func()) (got bool, err error) {
	soon := time.Now().Add(patience)
	for _, until := range []time.Time{soon, end} {
		waiting, cancel := context.WithDeadline(ctx, until)
		got, err = handle.TryLockContext(waiting, pause)
		cancel()
		if until == end || got || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			break
		}
		announce()
	}
	return got, err
}

// unopened returns a *DirectoryError if no file can be created in the directory, or a *LockError if the lock cannot be
// opened.
func unopened(path string, err *fs.PathError) error {
	if _, gone := os.Lstat(path); errors.Is(gone, fs.ErrNotExist) && errors.Is(err, fs.ErrPermission) {
		return &DirectoryError{Path: filepath.Dir(path), Err: err.Err}
	}
	if errors.Is(err, fs.ErrPermission) {
		return &LockError{Path: path, Err: err.Err}
	}
	return err
}

// current reports whether the locked file still exists. The previous holder may have removed it after this process
// opened it.
func current(handle *flock.Flock) bool {
	locked, err := handle.Stat()
	existing, gone := os.Lstat(handle.Path())
	return err == nil && gone == nil && os.SameFile(locked, existing)
}
