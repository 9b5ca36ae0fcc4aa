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

// How long another process may hold a lock: that of the file, which is held for the moment of a write, and that of a
// profile, which is held while a person looks for a code.
const (
	fileWait    = 20 * time.Second
	profileWait = 5 * time.Minute
	patience    = time.Second // before a wait is announced
)

// Busy is called with the limit when a wait for another process gets long.
type Busy func(limit time.Duration)

// LockProfile waits until no other login for the section called name is under way, and returns what lets the next
// one in. It makes the file's folder.
func LockProfile(ctx context.Context, path, name string, busy Busy) (release func(), err error) {
	target, err := locate(path)
	if err != nil {
		return nil, err
	}
	number := fnv.New64a() // because a name can hold what no file name can
	_, _ = number.Write([]byte(filepath.Base(target) + "\x00" + name))
	release, _, err = take(ctx, beside(target, fmt.Sprintf(".%x.lock", number.Sum64())), profileWait, busy)
	return release, err
}

// lockFile follows path, makes the folder and waits for the lock under which files in it are written.
func lockFile(ctx context.Context, path string, busy Busy) (target string, release func(), err error) {
	if target, err = locate(path); err != nil {
		return "", nil, err
	}
	release, held, err := take(ctx, beside(target, ".lock"), fileWait, busy)
	if held { // nobody else is writing: temporary files are those of writers that were killed
		folder := filepath.Dir(target)
		killed, _ := fs.Glob(os.DirFS(folder), temporaries)
		for _, name := range killed {
			_ = os.Remove(filepath.Join(folder, name))
		}
	}
	return target, release, err
}

// take waits for the lock at path and returns what gives it back. After limit it returns a *LockError. The system takes
// a lock back when its holder ends, however that comes about, so none is ever stale. Where there are no locks (wasm,
// Plan 9, some network drives) it goes on without: then held is false.
func take(
	ctx context.Context, path string, limit time.Duration, busy Busy,
) (release func(), held bool, err error) {
	end := time.Now().Add(limit)
	announce := sync.OnceFunc(func() { busy(limit) })
	for {
		// A lock is made through no link, and nothing else is opened in its place: a pipe would block.
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
			// Removed while it is held, so that nobody locks a file that is gone. Windows keeps an empty one.
			release = func() {
				_ = os.Remove(path)
				_ = handle.Close()
			}
			return release, true, nil
		}
		_ = handle.Close()
	}
}

// waitFor waits for a lock until end. It announces a wait that is longer than patience.
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

// unopened says whether it is the lock that cannot be opened, or the folder that takes no new file.
func unopened(path string, err *fs.PathError) error {
	if _, gone := os.Lstat(path); errors.Is(gone, fs.ErrNotExist) && errors.Is(err, fs.ErrPermission) {
		return &DirectoryError{Path: filepath.Dir(path), Err: err.Err}
	}
	if errors.Is(err, fs.ErrPermission) {
		return &LockError{Path: path, Err: err.Err}
	}
	return err
}

// current finds out whether the holder before removed the file between our opening and locking it.
func current(handle *flock.Flock) bool {
	ours, err := handle.Stat()
	there, gone := os.Lstat(handle.Path())
	return err == nil && gone == nil && os.SameFile(ours, there)
}
